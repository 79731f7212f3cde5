/* public_parity.c - include/pare/parity.h: opens every artefact in its runtime, feeds them the same
 * tokens, compares logits and words, and says what a difference looks like. */
#include "measure.h"
#include "pare/parity.h"
#include "parity_model.h"
#include "parity_words.h"
#include <stdio.h>

enum { MOST = 16, TOKENS = 128, GREEDY = 32, ARENA_MAX = 256 << 20 };

/* docs/parity.md derives them. `far`: a share of the largest logit; `kld`: nats, mean. */
static const struct {
    const char *name;
    double far, kld;
} bounds[] = {{"exact", 1e-4, 0},
              {"f16", 0, 2e-5},
              {"bf16", 0, 1.1e-3},
              {"int8", 0, 5e-3},
              {"w8a8", 0, 0.03},
              {"int4", 0, 0.5}};

typedef struct {
    const char *label, *runner, *path;
    pr_runner *r;
    pr_words words;
} side;

typedef struct {
    side s[MOST];
    int n, bound;
    const pare_parity_opts *o;
    const pare_ctl *ctl;
    pr_arena *a;
    pr_id *ids;
    pr_parity p;
    pr_buf reasons, limits; /* one a line; what a format cannot express */
    int n_limits;
    int n_reasons, n_words; /* all, and those about tokens, ends and templates */
} job;

/* ------------------------------------------------------------------ opening */

static bool has_file(const char *dir, const char *name, pr_arena *a) {
    char *path = pr_path_join(a, dir, name);
    return path && pr_path_exists(path);
}

/* Who runs what lies there, where nobody said it. */
static const char *runner_of(const char *path, pr_arena *a) {
    static const char *const marks[][2] = {{"genai_config.json", "onnxruntime-genai"},
                                           {"model.onnx", "onnxruntime"},
                                           {"openvino_model.xml", "openvino"}};
    for (size_t i = 0; i < PR_COUNT(marks); i++)
        if (has_file(path, marks[i][0], a)) return marks[i][1];
    char *config = pr_path_join(a, path, "config.json");
    pare_doc *d = NULL;
    bool mlx = config && pr_path_exists(config) &&
               pr_json_read(&d, config, NULL, NULL) == PARE_OK &&
               pare_doc_kind(pare_doc_get(d, "quantization")) == PARE_DOC_OBJECT;
    pare_doc_free(d);
    return mlx ? "mlx" : "native";
}

static pare_status name_side(job *j, int i, const char *spec, pare_err *err) {
    side *s = &j->s[i];
    const char *colon = strchr(spec, ':');
    s->label = s->path = spec;
    for (size_t k = 0; colon && pr_runner_kind_at(k); k++) {
        const char *name = pr_runner_kind_at(k)->name;
        if (strlen(name) != (size_t)(colon - spec) || strncmp(name, spec, strlen(name)) != 0)
            continue;
        s->runner = name;
        s->path = colon + 1;
    }
    if (!s->runner) s->runner = runner_of(spec, j->a);
    PR_TRY(pr_words_open(&s->words, s->path, j->a, err));
    return PARE_OK;
}

static pare_status open_side(job *j, int i, pare_err *err) {
    pr_runner_opts o = {.n_threads = j->ctl ? j->ctl->n_threads : 0,
                        .n_ctx = j->o->context,
                        .exact = !j->o->as_it_comes || strcmp(j->s[i].runner, "native") == 0,
                        .ctl = j->ctl};
    return pr_runner_open(&j->s[i].r, j->s[i].runner, j->s[i].path, &o, err);
}

/* ------------------------------------------------------------------ the probe */

static pare_status text_ids(job *j, int64_t most, pare_err *err) {
    pr_ids t = {0};
    pare_status st;
    if (!j->s[0].words.tok)
        return pr_fail(err, PARE_EINPUT, -1, "%s has no tokenizer that pare reads: %s",
                       j->s[0].label, j->s[0].words.no_tok);
    PR_GO(pr_encode(j->s[0].words.tok, j->o->text, j->o->n_text, PR_ENCODE_ADD, &t, err));
    j->p.n_ids = PR_MIN((int64_t)t.n, most);
    if (j->p.n_ids < 2) st = pr_fail(err, PARE_EINPUT, -1, "a text of two tokens at least");
    for (int64_t i = 0; st == PARE_OK && i < j->p.n_ids; i++) j->ids[i] = t.p[i];
done:
    pr_ids_done(&t);
    return st;
}

/* From all over the vocabulary, rare tokens too; the ends of text among them are left out, for a
 * runtime may stop there. */
static void random_ids(job *j, int64_t n) {
    int64_t vocab = pr_runner_vocab(j->s[0].r);
    pr_rng r;
    pr_rng_seed(&r, 20261122);
    for (int64_t i = 0; i < n;) {
        pr_id id = (pr_id)pr_rng_below(&r, (uint64_t)vocab);
        bool end = false;
        for (int k = 0; k < j->s[0].words.n_eos; k++) end |= j->s[0].words.eos[k] == id;
        if (!end || vocab < 8) j->ids[i++] = id;
    }
    j->p.n_ids = n;
}

static pare_status probe(job *j, pr_runner **runners, pare_err *err) {
    int64_t most = j->o->tokens > 0 ? j->o->tokens : TOKENS;
    j->p.n_greedy = j->o->greedy < 0 ? 0 : j->o->greedy ? j->o->greedy : GREEDY;
    for (int i = 0; i < j->n; i++) {
        int64_t ctx = pr_runner_context(j->s[i].r);
        runners[i] = j->s[i].r;
        most = PR_MIN(most, ctx);
        j->p.n_greedy = PR_MIN(j->p.n_greedy, PR_MAX(ctx - 16, (int64_t)0));
    }
    PR_NEW(j->ids, j->a, most, err);
    if (j->o->text)
        PR_TRY(text_ids(j, most, err));
    else
        random_ids(j, most);
    j->p.runners = runners;
    j->p.n = j->n;
    j->p.ids = j->ids;
    j->p.tolerance = bounds[j->bound].far > 0 ? bounds[j->bound].far : 0.05;
    return pr_parity_run(&j->p, j->ctl, j->a, err);
}

/* ------------------------------------------------------------------ the verdict */

/* What the first position that differs tells: at position 0 nothing is rotated and attention has
 * one key, so neither queries nor keys speak there. */
static const char *likely(int64_t first, int64_t n) {
    if (first < 0)
        return "by a little everywhere: the arithmetic, or the precision of the weights";
    if (first == 0)
        return "from the first token on, where neither rotation nor queries and keys matter: a "
               "norm, the embedding, the head, or a matrix of values, output or feed-forward";
    if (first <= 2)
        return "equal at the first token, then apart: the rotation (base, scaling), a matrix of "
               "queries or keys, or the scale of attention";
    if (first < n) return "equal up to there: a window, or a scaling that begins there";
    return "unknown";
}

static bool within(const job *j, const pr_parity_cell *c) {
    return bounds[j->bound].far > 0 ? c->far <= bounds[j->bound].far
                                    : c->kld <= bounds[j->bound].kld;
}

/* Lines of `more`, each about side `i`. */
static void add_lines(job *j, pr_buf *to, int i, const char *more) {
    for (const char *p = more; p && *p;) {
        size_t k = strcspn(p, "\n");
        pr_buf_printf(to, "%s: %.*s\n", j->s[i].label, (int)k, p);
        p += k + (p[k] != 0);
    }
}

/* Which number or weight it is, where pare reads both models whole. Asked within the bound too:
 * that
 * of 4-bit weights is wider than a swapped norm. */
static void find_cause(job *j, int i) {
    pr_model *a = NULL, *b = NULL;
    pr_buf why;
    pr_buf_init(&why, 1 << 14);
    if (pr_model_open(&a, j->s[0].path, NULL) == PARE_OK &&
        pr_model_open(&b, j->s[i].path, NULL) == PARE_OK)
        j->n_reasons += pr_model_differences(a, b, &why);
    add_lines(j, &j->reasons, i, why.p);
    pr_buf_done(&why);
    pr_model_close(b);
    pr_model_close(a);
}

static void put_distance(job *j, int i) {
    const pr_parity_cell *c = &j->p.cells[i];
    pr_buf_printf(&j->reasons, "%s (%s): ", j->s[i].label, j->s[i].runner);
    if (bounds[j->bound].far > 0)
        pr_buf_printf(&j->reasons, "logits are %.2g of the largest apart (at most %.2g)", c->far,
                      bounds[j->bound].far);
    else
        pr_buf_printf(&j->reasons, "distributions are %.3g nats apart (at most %.2g)", c->kld,
                      bounds[j->bound].kld);
    if (c->first >= 0)
        pr_buf_printf(&j->reasons, ", first at position %lld", (long long)c->first);
    pr_buf_printf(&j->reasons, "; %s\n", likely(c->first, j->p.n_ids));
}

static void compare_words(job *j, int i) {
    pr_buf why, lines;
    pr_limits limits = {.lines = &lines};
    pr_buf_init(&why, 1 << 14);
    pr_buf_init(&lines, 1 << 14);
    int words = pr_words_compare(&j->s[0].words, &j->s[i].words, j->a, &why, &limits);
    j->n_reasons += words;
    j->n_words += words;
    j->n_limits += limits.n;
    add_lines(j, &j->reasons, i, why.p);
    add_lines(j, &j->limits, i, lines.p);
    pr_buf_done(&lines);
    pr_buf_done(&why);
}

static void judge(job *j) {
    for (int i = 1; i < j->n; i++) {
        if (!within(j, &j->p.cells[i])) {
            j->n_reasons++;
            put_distance(j, i);
        }
        find_cause(j, i);
        compare_words(j, i);
    }
}

static bool is_same(const job *j) {
    return j->n_reasons == 0 && (j->n_limits == 0 || !j->o->strict);
}

static void put_model(const job *j, int i, pr_doc_build *b, pare_doc *list) {
    const side *s = &j->s[i];
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_path(b, o, "path", s->path);
    pr_doc_set_str(b, o, "runner", s->runner);
    pr_doc_set_str(b, o, "arithmetic", pr_runner_arithmetic(s->r));
    pr_doc_set_str(b, o, "state", pr_runner_state(s->r));
    pr_doc_set_i64(b, o, "memory_bytes", (int64_t)pr_runner_memory(s->r));
    pr_doc_set_bool(b, o, "tokenizer", s->words.tok != NULL);
    pr_doc_set_bool(b, o, "chat_template", s->words.chat != NULL);
}

static void put_place(pr_doc_build *b, pare_doc *o, const char *key, int64_t v) {
    if (v < 0)
        pr_doc_set_null(b, o, key);
    else
        pr_doc_set_i64(b, o, key, v);
}

static void put_cell(const job *j, int i, int k, pr_doc_build *b, pare_doc *list) {
    const pr_parity_cell *c = &j->p.cells[i * j->n + k];
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_i64(b, o, "reference", i);
    pr_doc_set_i64(b, o, "model", k);
    pr_doc_set_f64(b, o, "logit_distance_max", c->far);
    pr_doc_set_f64(b, o, "logit_distance_mean", c->far_mean);
    pr_doc_set_f64(b, o, "kld_mean", c->kld);
    pr_doc_set_f64(b, o, "kld_max", c->kld_worst);
    pr_doc_set_f64(b, o, "top1_agreement", c->agree);
    put_place(b, o, "first_apart", c->first);
    put_place(b, o, "greedy_parted", c->parted);
    pr_doc_set_bool(b, o, "within", within(j, c));
}

static void put_lines(pr_doc_build *b, pare_doc *list, const char *q) {
    while (q && *q) {
        size_t n = strcspn(q, "\n");
        pr_doc_add_strn(b, list, (pr_str){q, n});
        q += n + (q[n] != 0);
    }
}

static pare_status tell(const job *j, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_i64(&b, d, "schema", 1);
    pare_doc *list = pr_doc_set_array(&b, d, "models");
    for (int i = 0; i < j->n; i++) put_model(j, i, &b, list);
    pare_doc *p = pr_doc_set_object(&b, d, "probe");
    pr_doc_set_str(&b, p, "tokens_from", j->o->text ? "text" : "vocabulary");
    pr_doc_set_i64(&b, p, "tokens", j->p.n_ids);
    pr_doc_set_i64(&b, p, "greedy", j->p.n_greedy);
    pr_doc_set_str(&b, d, "bound", bounds[j->bound].name);
    list = pr_doc_set_array(&b, d, "matrix");
    for (int i = 0; i < j->n; i++)
        for (int k = i + 1; k < j->n; k++) put_cell(j, i, k, &b, list);
    put_lines(&b, pr_doc_set_array(&b, d, "reasons"), j->reasons.p);
    put_lines(&b, pr_doc_set_array(&b, d, "cannot_be_expressed"), j->limits.p);
    pr_doc_set_i64(&b, d, "differences_of_words", j->n_words);
    pr_doc_set_i64(&b, d, "differences_of_numbers", j->n_reasons - j->n_words);
    pr_doc_set_str(&b, d, "verdict", is_same(j) ? "pass" : "fail");
    return pr_doc_done(&b, d, out, err);
}

/* ------------------------------------------------------------------ the job */

static pare_status run_job(job *j, const char *const *models, pare_doc **out, pare_err *err) {
    pr_runner *runners[MOST];
    for (int i = 0; i < j->n; i++) PR_TRY(name_side(j, i, models[i], err));
    for (int i = 0; i < j->n; i++) PR_TRY(open_side(j, i, err));
    PR_TRY(probe(j, runners, err));
    judge(j);
    if (j->reasons.failed || j->limits.failed) return pr_fail_nomem(err, j->reasons.max);
    return tell(j, out, err);
}

/* NULL is the first. Compared apart: with `name ? name : "exact"` inside strcmp(), GCC 12.2 -O3
 * left out every comparison but the first (seen in the machine code; why is not known, and a small
 * copy of the loop compiles rightly). */
static int bound_of(const char *name) {
    if (!name) return 0;
    for (size_t i = 0; i < PR_COUNT(bounds); i++)
        if (strcmp(name, bounds[i].name) == 0) return (int)i;
    return -1;
}

pare_status pare_parity(const char *const *models, int n, const pare_parity_opts *opts,
                        const pare_ctl *ctl, pare_doc **out, int *same, pare_err *err) {
    static const pare_parity_opts none = {0};
    job j = {.n = n, .o = opts ? opts : &none, .ctl = ctl, .bound = -1};
    *out = NULL;
    if (n < 2 || n > MOST)
        return pr_fail(err, PARE_EUSAGE, -1, "parity takes 2 to %d models, not %d", MOST, n);
    j.bound = bound_of(j.o->bound);
    if (j.bound < 0)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "bound '%s': expected exact, f16, bf16, int8, w8a8 or int4", j.o->bound);
    j.a = pr_arena_new(ARENA_MAX);
    if (!j.a) return pr_fail_nomem(err, 4096);
    pr_buf_init(&j.reasons, 1 << 16);
    pr_buf_init(&j.limits, 1 << 16);
    pare_status st = run_job(&j, models, out, err);
    if (same) *same = st == PARE_OK && is_same(&j);
    for (int i = 0; i < n; i++) {
        pr_runner_close(j.s[i].r);
        pr_words_close(&j.s[i].words);
    }
    pr_buf_done(&j.limits);
    pr_buf_done(&j.reasons);
    pr_arena_free(j.a);
    return st;
}
