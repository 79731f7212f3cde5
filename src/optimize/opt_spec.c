/* opt_spec.c - what a candidate's words mean:
 * [FORMAT:]QUANT[-gN][-sym][-headQUANT][-DIALECT][-calib|-gptq][-pruneS][-kvT][-tN][-gpu|-npu]
 * [@RUNNER].
 *
 *   Q4_K_M                    a GGUF, run by our own engine
 *   Q4_K_M-calib-prune0.1     with importances; without a tenth of the layers' bytes
 *   Q4_K_M-kvq8_0-t1          that file run another way
 *   Q4_K_M@llama.cpp          the same file in llama.cpp
 *   mlx:int4-g64              groups of 64, run by what the format is made for
 *   onnx:int4@onnxruntime-genai
 *
 * Always true: one name is one way to write and one way to run, in one spelling: what goes
 * without saying is not in it where the format is GGUF and the runner our own. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include "opt.h"

typedef struct {
    const char *name, *runner;    /* what runs it if nobody says */
    const char *usual[12];        /* candidates if nobody names any */
    const char *runners[4];       /* what can run it */
    const char *dialects[3];
    bool        groups;           /* takes int2 … int8 and what belongs to them */
} format_row;

static const format_row formats[] = {
    {"gguf", "native",
     {"F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "IQ4_XS", "Q3_K_M", "Q2_K"},
     {"native", "llama.cpp"}, {NULL}, false},
    {"hf", "native", {"BF16", "F16"}, {"native", "mlx"}, {NULL}, false},
    {"mlx", "mlx", {"int8", "int4"}, {"mlx", "native"}, {NULL}, true},
    {"onnx", "onnxruntime", {"int8", "int4"},
     {"onnxruntime", "onnxruntime-genai", "native"}, {"genai", "standard"}, true},
    {"openvino", "openvino", {"int8", "int4"}, {"openvino", "native"}, {NULL}, true},
};

bool opt_is_float(const opt_variant *v) {
    return v->as.quant && (strcmp(v->as.quant, "F32") == 0 || strcmp(v->as.quant, "F16") == 0 ||
                           strcmp(v->as.quant, "BF16") == 0);
}

/* ------------------------------------------------------------------ words */

static bool listed(const char *const *list, size_t most, const char *word) {
    for (size_t i = 0; i < most && list[i]; i++)
        if (strcmp(list[i], word) == 0) return true;
    return false;
}

static const format_row *format_of(const char *name, pare_err *err) {
    char   known[80] = "";
    size_t n = 0;
    for (size_t i = 0; i < PR_COUNT(formats); i++) {
        if (strcasecmp(formats[i].name, name) == 0) return &formats[i];
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", formats[i].name);
    }
    pr_fail(err, PARE_EUSAGE, -1, "format '%.40s' is not known; known are %s", name, known);
    return NULL;
}

static bool runs(const format_row *f, const char *runner) {
    return listed(f->runners, PR_COUNT(f->runners), runner);
}

/* One word after the type: a group size, "sym", the head's type, a dialect. */
static pare_status read_word(opt_job *j, const format_row *f, opt_variant *v, const char *word,
                             const char *spec, pare_err *err) {
    char *end = NULL;
    if (f->groups && word[0] == 'g' && word[1] >= '1' && word[1] <= '9') {
        v->as.group_size = strtoll(word + 1, &end, 10);
        if (!*end) return PARE_OK;
    } else if (f->groups && strcmp(word, "sym") == 0) {
        v->as.symmetric = 1;
        return PARE_OK;
    } else if (f->groups && strncmp(word, "head", 4) == 0 && word[4]) {
        v->as.head_quant = pr_arena_str(j->a, word + 4, strlen(word + 4));
        return v->as.head_quant ? PARE_OK : pr_fail_nomem(err, 16);
    } else if (listed(f->dialects, PR_COUNT(f->dialects), word)) {
        v->as.dialect = pr_arena_str(j->a, word, strlen(word));
        return v->as.dialect ? PARE_OK : pr_fail_nomem(err, 16);
    } else if (strcmp(f->name, "gguf") == 0 &&
               (strcmp(word, "calib") == 0 || strcmp(word, "gptq") == 0)) {
        v->as.method = word[0] == 'c' ? "importance" : "gptq";
        return PARE_OK;
    } else if (strncmp(word, "prune", 5) == 0 && word[5]) {
        v->as.prune = strtod(word + 5, &end);
        if (!*end && v->as.prune > 0 && v->as.prune <= 0.9) return PARE_OK;
    }
    return pr_fail(err, PARE_EUSAGE, -1,
                   "variant '%.80s': found '-%.40s', expected -gN (values per scale), -sym, "
                   "-headQUANT, a dialect that %s has, -pruneS, -kvT, -tN, -gpu or -npu; for gguf "
                   "-calib or -gptq",
                   spec, word, f->name);
}

/* A word that says how a file is run, not what is in it: true if it is one. */
static pare_status read_how(opt_job *j, opt_variant *v, const char *word, bool *is_how,
                            pare_err *err) {
    char *end = NULL;
    *is_how = true;
    if (strncmp(word, "kv", 2) == 0 && word[2]) {
        PR_TRY(pr_state_type(word + 2, &v->state, err));
    } else if (word[0] == 't' && word[1] >= '1' && word[1] <= '9') {
        long n = strtol(word + 1, &end, 10);
        *is_how = !*end && n <= 1024;
        if (*is_how) v->threads = (int)n;
    } else if (strcmp(word, "gpu") == 0 || strcmp(word, "npu") == 0) {
        v->accel = word[0] == 'g' ? "gpu" : "npu";
    } else {
        *is_how = false;
    }
    if (!*is_how) return PARE_OK;
    v->how = pr_arena_printf(j->a, "%s-%s", v->how, word);
    return v->how ? PARE_OK : pr_fail_nomem(err, 64);
}

/* What is learned from a text needs one. */
static pare_status need_text(const opt_job *j, opt_variant *v, const char *spec, pare_err *err) {
    if (!v->as.method && v->as.prune == 0) return PARE_OK;
    if (!j->calib_path)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "variant '%.80s' learns from a text: give one with --calib (the source has "
                       "no text/train.txt)",
                       spec);
    v->as.calib = j->calib_path;
    if (!v->as.method) v->as.method = "plain";
    return PARE_OK;
}

/* All words after the type. */
static pare_status read_words(opt_job *j, const format_row *f, opt_variant *v, char **save,
                              const char *spec, pare_err *err) {
    bool how;
    for (char *word; (word = strtok_r(NULL, "-", save));) {
        PR_TRY(read_how(j, v, word, &how, err));
        if (how) continue;
        PR_TRY(read_word(j, f, v, word, spec, err));
        if (!(v->quant = pr_arena_printf(j->a, "%s-%s", v->quant, word)))
            return pr_fail_nomem(err, 64);
    }
    return need_text(j, v, spec, err);
}

/* The type in its own spelling. What the words mean together is asked where a folder is written. */
static pare_status read_quant(opt_job *j, const format_row *f, opt_variant *v, char *text,
                              const char *spec, pare_err *err) {
    pr_pack_job job;
    pr_type     type;
    char       *save = NULL, *word = strtok_r(text, "-", &save);
    if (!word)
        return pr_fail(err, PARE_EUSAGE, -1, "variant '%.80s' names no type", spec);
    if (strcmp(f->name, "gguf") == 0) {
        pr_type_plan p;
        PR_TRY(pr_type_plan_init(&p, j->m, word, false, err)); /* says what there is */
        v->as.quant = v->quant = pr_mix_name(p.mix);
        return read_words(j, f, v, &save, spec, err);
    }
    bool is_float = pr_type_from_name(word, &type);
    if (!is_float)
        for (char *c = word; *c; c++) *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    v->as.quant = is_float ? pr_type_get(type)->name : pr_arena_str(j->a, word, strlen(word));
    v->quant = v->as.quant;
    if (!v->quant) return pr_fail_nomem(err, 16);
    PR_TRY(read_words(j, f, v, &save, spec, err));
    v->as.to = f->name;
    v->as.out = "";
    if (!f->groups && !(is_float && (type == PR_F32 || type == PR_F16 || type == PR_BF16)))
        return pr_fail(err, PARE_EUSAGE, -1, "%s takes F32, F16 or BF16, not '%.40s'", f->name,
                       v->quant);
    return f->groups ? pr_pack_job_of(&v->as, PR_F16, &job, err) : PARE_OK;
}

/* ------------------------------------------------------------------ the list */

static pare_status name_variant(opt_job *j, const format_row *f, const char *runner,
                                opt_variant *v, pare_err *err) {
    bool gguf = strcmp(f->name, "gguf") == 0;
    if (gguf && !v->by) v->name = pr_arena_printf(j->a, "%s%s", v->quant, v->how);
    else
        v->name = pr_arena_printf(j->a, "%s%s%s%s@%s", gguf ? "" : f->name, gguf ? "" : ":",
                                  v->quant, v->how, runner);
    return v->name ? PARE_OK : pr_fail_nomem(err, 64);
}

static pare_status set_runner(const format_row *f, opt_variant *v, const char *runner,
                              const char *spec, pare_err *err) {
    const pr_runner_kind *k;
    PR_TRY(pr_runner_find(runner, &k, err));
    if (!runs(f, k->name))
        return pr_fail(err, PARE_EUSAGE, -1, "variant '%.80s': %s takes %s, not a model as %s",
                       spec, k->name, k->takes, f->name);
    v->by = k == pr_runner_kind_at(0) ? NULL : k;
    if (v->by && strstr(v->how, "-kv"))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "variant '%.80s': how %s keeps keys and values is its own affair", spec,
                       k->name);
    return PARE_OK;
}

static pare_status add_one(opt_job *j, opt_list *to, const format_row *f, const opt_variant *as,
                           const char *runner, const char *spec, pare_err *err) {
    opt_variant v = *as;
    PR_TRY(set_runner(f, &v, runner, spec, err));
    PR_TRY(name_variant(j, f, runner, &v, err));
    for (int i = 0; i < to->n; i++)
        if (strcmp(to->v[i].name, v.name) == 0) return PARE_OK;
    if (to->n == to->most)
        return pr_fail(err, PARE_EUSAGE, -1, "more than %d variants", to->most);
    PR_TRY(opt_place(j, &v, err));
    to->v[to->n++] = v;
    return PARE_OK;
}

/* By the runner that it names; else by each of --runners that can, or by the format's own. */
static pare_status add_by_runners(opt_job *j, opt_list *to, const format_row *f,
                                  const opt_variant *v, const char *named, const char *spec,
                                  pare_err *err) {
    bool any = false;
    if (named) return add_one(j, to, f, v, named, spec, err);
    for (size_t i = 0; i < j->o->n_runners; i++) {
        if (!runs(f, j->o->runners[i])) continue;
        PR_TRY(add_one(j, to, f, v, j->o->runners[i], spec, err));
        any = true;
    }
    return any ? PARE_OK : add_one(j, to, f, v, f->runner, spec, err);
}

pare_status opt_spec_add(opt_job *j, opt_list *to, const char *spec, pare_err *err) {
    char  text[128];
    if (strlen(spec) >= sizeof text)
        return pr_fail(err, PARE_EUSAGE, -1, "variant '%.80s…': too long a name", spec);
    memcpy(text, spec, strlen(spec) + 1);
    char *at = strchr(text, '@'), *colon = strchr(text, ':'), *quant = text;
    if (at) *at++ = 0;
    if (colon) *colon = 0, quant = colon + 1;
    const format_row *f = format_of(colon ? text : "gguf", err);
    if (!f) return PARE_EUSAGE;
    opt_variant v = {.format = f->name, .how = "", .state = j->state};
    PR_TRY(read_quant(j, f, &v, quant, spec, err));
    return add_by_runners(j, to, f, &v, at, spec, err);
}

static pare_status add_variant(opt_job *j, const char *spec, pare_err *err) {
    opt_list    to = {j->v, j->n, OPT_VARIANTS};
    pare_status st = opt_spec_add(j, &to, spec, err);
    j->n = to.n;
    return st;
}

static pare_status add_usual(opt_job *j, const char *format, pare_err *err) {
    const format_row *f = format_of(format, err);
    if (!f) return PARE_EUSAGE;
    for (size_t i = 0; i < PR_COUNT(f->usual) && f->usual[i]; i++) {
        char spec[64];
        snprintf(spec, sizeof spec, "%s:%s", f->name, f->usual[i]);
        PR_TRY(add_variant(j, spec, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ who is here */

static pare_status probe(opt_job *j, const pr_runner_kind *k, const pr_runner_info **out,
                         pare_err *err) {
    int i = 0;
    while (i < j->n_runners && j->runners[i].kind != k) i++;
    *out = &j->runners[i].info;
    if (i < j->n_runners) return PARE_OK;
    if (i == OPT_RUNNERS) return pr_fail(err, PARE_EINTERNAL, -1, "too many kinds of runners");
    pr_ctl_progress(j->ctl, k->name, "run", 0, 1);
    PR_TRY(pr_runner_probe(k, &(pr_runner_opts){.no_check = true, .ctl = j->ctl},
                           &j->runners[i].info, err));
    j->runners[j->n_runners++].kind = k;
    return PARE_OK;
}

/* What is not there, or not used, is told as that: nothing is run in its place. */
static pare_status no_accelerator(opt_job *j, opt_variant *v, pare_err *err) {
    pare_err    e = {0};
    const char *name = NULL;
    pr_accel_kind kind = v->accel[0] == 'g' ? PR_ACCEL_GPU : PR_ACCEL_NPU;
    for (int i = 0; i < j->hw.n_accels && !name; i++)
        if (j->hw.accels[i].kind == kind) name = j->hw.accels[i].name;
    if (name)
        pr_fail(&e, PARE_EENV, -1, "%s is a %s, and no runner of pare runs models on one", name,
                v->accel);
    else
        pr_fail(&e, PARE_EENV, -1, "this machine has no %s (pare hw)", v->accel);
    if (j->o->strict) {
        if (err) *err = e;
        return PARE_EENV;
    }
    v->skipped = true;
    opt_lost(j, v, &e);
    return PARE_OK;
}

/* A candidate whose runtime is not at hand stays in the list, and says what it lacks. */
static pare_status find_runtime(opt_job *j, opt_variant *v, pare_err *err) {
    const pr_runner_info *info;
    pare_err              e = {0};
    if (v->accel) return no_accelerator(j, v, err);
    if (!v->by) return PARE_OK;
    PR_TRY(probe(j, v->by, &info, err));
    v->version = info->version;
    if (info->found) return PARE_OK;
    pr_fail(&e, PARE_EENV, -1, "%s is not installed here: %s; %s", v->by->name,
            info->reason, v->by->how_to_install);
    if (j->o->strict) {
        if (err) *err = e;
        return PARE_EENV;
    }
    v->skipped = true;
    opt_lost(j, v, &e);
    return PARE_OK;
}

/* What a search looks for beyond the CPU. */
static const char *const on_others[] = {"openvino:int8-gpu", "openvino:int4-npu"};

/* The source's own precision first; then what was asked for. */
pare_status opt_candidates(opt_job *j, pare_err *err) {
    const pare_optimize_opts *o = j->o;
    const char               *own = pr_source_precision(j->m);
    const pr_runner_kind     *k;
    for (size_t i = 0; i < o->n_runners; i++) PR_TRY(pr_runner_find(o->runners[i], &k, err));
    if (pr_mix_get(own)) {
        char spec[64];
        snprintf(spec, sizeof spec, "%s@native", own);
        PR_TRY(add_variant(j, spec, err));
    }
    j->n_own = j->n;
    for (size_t i = 0; i < o->n_variants; i++) PR_TRY(add_variant(j, o->variants[i], err));
    for (size_t i = 0; i < o->n_formats; i++) PR_TRY(add_usual(j, o->formats[i], err));
    if (!o->n_variants && !o->n_formats) PR_TRY(add_usual(j, "gguf", err));
    for (size_t i = 0; o->search && i < PR_COUNT(on_others); i++)
        PR_TRY(add_variant(j, on_others[i], err));
    for (int i = 0; i < j->n; i++) PR_TRY(find_runtime(j, &j->v[i], err));
    return PARE_OK;
}
