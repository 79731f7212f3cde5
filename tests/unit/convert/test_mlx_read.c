/* test_mlx_read.c - directories that mlx_lm.convert made (tests/vectors/mlx): the logits are
 * mlx's, what they become says the same, and what contradicts itself is refused by name.
 *
 * Bound against mlx: 1e-4 of the largest |logit|, as the project promises for transformers. */
#include "check.h"
#include <math.h>
#include "convert/convert.h"
#include "engine/engine.h"
#include "pare/convert.h"

enum { TOKENS = 24, VOCAB = 64 };

static const char *const cases[] = {"int4_g32", "mix_g64", "yarn_int5", "mxfp4"};

static const char *vector_path(const char *name, const char *tail) {
    char rel[200];
    snprintf(rel, sizeof rel, "tests/vectors/mlx/%s%s", name, tail);
    return check_source(rel);
}

static pr_model *opened(const char *path) {
    pr_model *m;
    pare_err e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static void read_ids(const char *name, pr_id ids[TOKENS]) {
    FILE *f = fopen(vector_path(name, ".ids"), "r");
    assert_non_null(f);
    for (int i = 0; i < TOKENS; i++) assert_int_equal(fscanf(f, "%d", &ids[i]), 1);
    fclose(f);
}

static void run(const pr_model *m, const char *name, pr_session_opts o, float *out) {
    pr_session *s;
    pare_err e = {0};
    pr_id ids[TOKENS];
    read_ids(name, ids);
    o.all_logits = true;
    o.n_ctx = TOKENS;
    assert_int_equal(m->hp.n_vocab, VOCAB);
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    int batch = o.n_batch ? o.n_batch : TOKENS;
    for (int at = 0; at < TOKENS; at += batch) {
        int n = PR_MIN(batch, TOKENS - at);
        CHECK_OK(pr_session_eval(s, ids + at, n, &e), e);
        for (int i = 0; i < n; i++)
            memcpy(out + (at + i) * VOCAB, pr_session_logits(s, i), VOCAB * sizeof *out);
    }
    pr_session_free(s);
}

static void run_path(const char *path, const char *name, float *out) {
    pr_model *m = opened(path);
    run(m, name, (pr_session_opts){.n_threads = 1, .exact = true}, out);
    pr_model_close(m);
}

/* ------------------------------------------------------------------ values */

static void logits_are_those_of_mlx(void **state) {
    static float want[TOKENS * VOCAB], got[TOKENS * VOCAB], again[TOKENS * VOCAB];
    (void)state;
    for (size_t c = 0; c < PR_COUNT(cases); c++) {
        pr_model *m = opened(vector_path(cases[c], ""));
        FILE *f = fopen(vector_path(cases[c], ".logits"), "rb");
        float most = 0, off = 0;
        assert_true(m->mlx);
        assert_non_null(f);
        assert_int_equal(fread(want, sizeof want, 1, f), 1);
        fclose(f);
        run(m, cases[c], (pr_session_opts){.n_threads = 2, .exact = true}, got);
        for (int i = 0; i < TOKENS * VOCAB; i++) {
            most = fmaxf(most, fabsf(want[i]));
            off = fmaxf(off, fabsf(want[i] - got[i]));
        }
        if (getenv("PARE_SHOW")) print_message("%s %.2g\n", cases[c], (double)(off / most));
        if (!(off <= 1e-4f * most))
            fail_msg("%s: %.3g of the largest logit", cases[c], (double)(off / most));
        const pr_session_opts same[] = {
            {.n_threads = 1, .n_batch = 1, .exact = true},
            {.n_threads = 3, .n_batch = 5, .exact = true},
            {.n_threads = 2, .reference = true, .exact = true},
            {.n_threads = 2}, /* from here on with activations of 8 bits */
            {.n_threads = 1, .n_batch = 1},
            {.n_threads = 3, .n_batch = 5},
            {.n_threads = 2, .reference = true}};
        for (size_t i = 0; i < PR_COUNT(same); i++) {
            run(m, cases[c], same[i], again);
            if (i == 3) { /* another function, 3 to 4 % of it on these tiny models; Q4_1 blocks of
                             the same numbers give the same bits, see below */
                double far = 0, all = 0;
                for (int k = 0; k < TOKENS * VOCAB; k++) {
                    far += ((double)again[k] - got[k]) * ((double)again[k] - got[k]);
                    all += (double)got[k] * got[k];
                }
                if (getenv("PARE_SHOW")) print_message("8 bits: %.2g\n", sqrt(far / all));
                assert_true(far > 0 && far < 0.01 * all);
                memcpy(got, again, sizeof got);
            }
            assert_memory_equal(got, again, sizeof got);
        }
        pr_model_close(m);
    }
}

/* ------------------------------------------------------------------ conversions */

static void convert(const char *src, const pare_convert_opts *o, pare_doc **report) {
    pare_err e = {0};
    CHECK_OK(pare_convert(src, o, NULL, report, &e), e);
}

static const char *in(const char *dir, const char *name) {
    static char path[8][600];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, 600, "%s/%s", dir, name);
    return p;
}

/* All matrices of a report got `type` and lost nothing; how many. */
static int all_got(const pare_doc *report, const char *type) {
    const pare_doc *list = pare_doc_path(report, "tensors/list");
    int n = 0;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *t = pare_doc_at(list, i);
        assert_true(pare_doc_bool(pare_doc_get(t, "lossless")));
        if (pare_doc_count(pare_doc_get(t, "shape")) < 2) continue;
        assert_string_equal(pare_doc_str(pare_doc_get(t, "got")), type);
        n++;
    }
    return n;
}

/* MLX → GGUF, HF and back to MLX: the very same function each time. */
static void nothing_is_lost_on_the_way(void **state) {
    static float want[TOKENS * VOCAB], got[TOKENS * VOCAB];
    const char *dir = check_scratch(), *src = vector_path("int4_g32", ""), *name = "int4_g32";
    pare_doc *r;
    (void)state;
    run_path(src, name, want);
    convert(src, &(pare_convert_opts){.no_check = 1, .to = "gguf", .out = in(dir, "m.gguf")}, &r);
    assert_int_equal(all_got(r, "Q4_1"), 16);
    pare_doc_free(r);
    run_path(in(dir, "m.gguf"), name, got);
    assert_memory_equal(want, got, sizeof want);

    const char *blocks = in(dir, "m.gguf"); /* with activations of 8 bits as well */
    for (int i = 0; i < 2; i++) {
        pr_model *each = opened(i ? blocks : vector_path(name, ""));
        run(each, name, (pr_session_opts){.n_threads = 1}, i ? got : want);
        pr_model_close(each);
    }
    assert_memory_equal(want, got, sizeof want);
    src = vector_path(name, "");
    run_path(src, name, want);

    convert(
        src,
        &(pare_convert_opts){.no_check = 1, .to = "hf", .out = in(dir, "hf32"), .quant = "F32"},
        &r);
    assert_int_equal(all_got(r, "F32"), 16);
    pare_doc_free(r);
    pr_model *m = opened(in(dir, "hf32"));
    assert_false(m->mlx);
    assert_null(pare_doc_get(m->config, "quantization"));
    assert_null(pare_doc_get(m->config, "quantization_config"));
    pr_model_close(m);
    run_path(in(dir, "hf32"), name, got);
    assert_memory_equal(want, got, sizeof want);

    convert(in(dir, "m.gguf"),
            &(pare_convert_opts){
                .to = "mlx", .out = in(dir, "back"), .quant = "int4", .group_size = 32},
            &r);
    assert_int_equal(all_got(r, "mlx4 g32"), 16);
    pare_doc_free(r);
    run_path(in(dir, "back"), name, got);
    assert_memory_equal(want, got, sizeof want);
    check_scratch_remove(dir);
}

/* A float model that is grouped here: read natively and as Q4_1 it is one function. */
static void grouped_here_and_read_again(void **state) {
    static float want[TOKENS * VOCAB], got[TOKENS * VOCAB];
    const char *dir = check_scratch(), *name = "int4_g32";
    pare_doc *r;
    (void)state;
    convert(
        vector_path(name, ""),
        &(pare_convert_opts){.no_check = 1, .to = "hf", .out = in(dir, "hf"), .quant = "F16"},
        NULL);
    convert(in(dir, "hf"),
            &(pare_convert_opts){
                .to = "mlx", .out = in(dir, "mlx"), .quant = "int4", .group_size = 64},
            NULL);
    convert(in(dir, "mlx"),
            &(pare_convert_opts){.no_check = 1, .to = "gguf", .out = in(dir, "m.gguf")}, &r);
    assert_int_equal(all_got(r, "Q4_1"), 16);
    pare_doc_free(r);
    run_path(in(dir, "mlx"), name, want);
    run_path(in(dir, "m.gguf"), name, got);
    assert_memory_equal(want, got, sizeof want);
    check_scratch_remove(dir);
}

/* MLX → MLX with nothing asked: every tensor byte for byte, in the same groups. */
static void kept_as_it_is(void **state) {
    (void)state;
    for (size_t c = 0; c < PR_COUNT(cases); c++) {
        const char *dir = check_scratch();
        pare_doc *r;
        convert(vector_path(cases[c], ""),
                &(pare_convert_opts){.no_check = 1, .to = "mlx", .out = in(dir, "m")}, &r);
        pare_doc_free(r);
        pr_model *a = opened(vector_path(cases[c], "")), *b = opened(in(dir, "m"));
        assert_int_equal(pr_container_count(a->file), pr_container_count(b->file));
        for (size_t i = 0; i < pr_container_count(a->file); i++) {
            const pr_tensor *x = pr_container_at(a->file, i),
                            *y = pr_container_find(b->file, x->name);
            if (!y || x->type != y->type || x->bytes != y->bytes ||
                memcmp(x->data, y->data, (size_t)x->bytes) != 0)
                fail_msg("%s: %s differs", cases[c], x->name);
        }
        assert_true(b->hp.ropes[0].magnitude - a->hp.ropes[0].magnitude < 1e-12);
        pr_model_close(a);
        pr_model_close(b);
        check_scratch_remove(dir);
    }
}

/* 24 tokens that any vocabulary has; the logits of the last. */
static float *last_logits(const pr_model *m) {
    pr_session *s;
    pare_err e = {0};
    pr_id ids[TOKENS];
    float *out = pr_calloc((size_t)m->hp.n_vocab, sizeof *out);
    const pr_session_opts o = {.n_threads = 1, .n_ctx = TOKENS};
    for (int i = 0; i < TOKENS; i++) ids[i] = (i * 7 + 3) % PR_MIN(m->hp.n_vocab, 60);
    assert_non_null(out);
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    CHECK_OK(pr_session_eval(s, ids, TOKENS, &e), e);
    memcpy(out, pr_session_logits(s, 0), (size_t)m->hp.n_vocab * sizeof *out);
    pr_session_free(s);
    return out;
}

/* Every architecture and scaling that an MLX directory can say: written, and read with mlx-lm's
 * meaning of the words, it is the same function to the bit. */
static void what_is_written_reads_the_same(void **state) {
    FILE *f = fopen(check_source("tests/vectors/arch/cases.tsv"), "r");
    char line[512], name[64], rel[128];
    int done = 0;
    (void)state;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f)); /* header */
    while (fgets(line, sizeof line, f)) {
        const char *dir = check_scratch();
        pare_err e = {0};
        assert_int_equal(sscanf(line, "%63s", name), 1);
        snprintf(rel, sizeof rel, "tests/vectors/arch/%s", name);
        const pare_convert_opts o = {
            .no_check = 1, .to = "mlx", .out = in(dir, "m"), .quant = "F32"};
        pare_status st = pare_convert(check_source(rel), &o, NULL, NULL, &e);
        if (st != PARE_OK) {
            assert_int_equal(st, PARE_EREFUSED);
            check_scratch_remove(dir);
            continue;
        }
        pr_model *a = opened(check_source(rel)), *b = opened(in(dir, "m"));
        float *x = last_logits(a), *y = last_logits(b);
        assert_true(b->mlx);
        if (memcmp(x, y, (size_t)a->hp.n_vocab * sizeof *x) != 0) fail_msg("%s differs", name);
        pr_free(x);
        pr_free(y);
        pr_model_close(a);
        pr_model_close(b);
        check_scratch_remove(dir);
        done++;
    }
    fclose(f);
    if (done < 45) fail_msg("%d cases, expected 45 and more", done);
}

/* What no block says exactly becomes floats, with the reason, and is not called lossless. */
static void what_does_not_fit_says_so(void **state) {
    const char *dir = check_scratch();
    int fell = 0;
    pare_doc *r;
    (void)state;
    convert(vector_path("mix_g64", ""),
            &(pare_convert_opts){.no_check = 1, .to = "gguf", .out = in(dir, "m.gguf")}, &r);
    const pare_doc *list = pare_doc_path(r, "tensors/list");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *t = pare_doc_at(list, i);
        const char *asked = pare_doc_str(pare_doc_get(t, "asked"));
        if (strncmp(asked, "mlx", 3) != 0) continue;
        fell++;
        assert_string_equal(pare_doc_str(pare_doc_get(t, "got")), "F16");
        assert_non_null(pare_doc_str(pare_doc_get(t, "why")));
        assert_false(pare_doc_bool(pare_doc_get(t, "lossless")));
    }
    assert_int_equal(fell, 3); /* two of 8 bits, one of 6 */
    pare_doc_free(r);
    check_scratch_remove(dir);
}

/* mxfp4 → floats → mxfp4: the same function, and the same numbers (scales may differ: a group whose
 * largest level is 3 becomes one of levels twice as high). */
static void fp4_there_and_back(void **state) {
    static float want[TOKENS * VOCAB], got[TOKENS * VOCAB], x[128 * 64], y[128 * 64];
    const char *dir = check_scratch(), *name = "mxfp4";
    pare_doc *r;
    char type[32];
    (void)state;
    run_path(vector_path(name, ""), name, want);
    convert(vector_path(name, ""),
            &(pare_convert_opts){.to = "hf", .out = in(dir, "hf"), .quant = "F32"}, &r);
    assert_int_equal(all_got(r, "F32"), 16);
    pare_doc_free(r);
    run_path(in(dir, "hf"), name, got);
    assert_memory_equal(want, got, sizeof want);
    convert(in(dir, "hf"),
            &(pare_convert_opts){.to = "mlx", .out = in(dir, "mlx"), .quant = "mxfp4"}, NULL);
    pr_model *a = opened(vector_path(name, "")), *b = opened(in(dir, "mlx"));
    for (int layer = 0; layer < 2; layer++) {
        const pr_weight *v = &a->weights[pr_model_weight(a, PR_ROLE_FFN_UP, layer)],
                        *w = &b->weights[pr_model_weight(b, PR_ROLE_FFN_UP, layer)];
        pr_weight_type_name(w, type);
        assert_string_equal(type, "mxfp4 g32");
        assert_true(v->rows * v->cols == 128 * 64);
        pr_weight_decode(v, pr_kernels_get(0), 0, v->rows, x);
        pr_weight_decode(w, pr_kernels_get(0), 0, w->rows, y);
        assert_memory_equal(x, y, sizeof x);
    }
    pr_model_close(a);
    pr_model_close(b);
    check_scratch_remove(dir);
}

/* Blocks of GGUF go through MLX and come back as they were. */
static void blocks_come_back(void **state) {
    static const char *const quant[] = {"Q4_0", "Q5_0", "Q5_1", "Q8_0"};
    static const char *const to[] = {"int4", "int5", "int5", "int8"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(quant); i++) {
        const char *dir = check_scratch();
        convert(vector_path("int4_g32", ""),
                &(pare_convert_opts){
                    .no_check = 1, .to = "gguf", .out = in(dir, "a.gguf"), .quant = quant[i]},
                NULL);
        convert(in(dir, "a.gguf"),
                &(pare_convert_opts){
                    .to = "mlx", .out = in(dir, "m"), .quant = to[i], .group_size = 32},
                NULL);
        convert(in(dir, "m"),
                &(pare_convert_opts){.no_check = 1, .to = "gguf", .out = in(dir, "b.gguf")},
                NULL);
        pr_model *a = opened(in(dir, "a.gguf")), *b = opened(in(dir, "b.gguf"));
        int same = 0;
        for (size_t t = 0; t < pr_container_count(a->file); t++) {
            const pr_tensor *x = pr_container_at(a->file, t),
                            *y = pr_container_find(b->file, x->name);
            assert_non_null(y);
            if (strcmp(pr_type_get(x->type)->name, quant[i]) != 0) continue;
            if (x->type != y->type || memcmp(x->data, y->data, (size_t)x->bytes) != 0)
                fail_msg("%s %s: differs", quant[i], x->name);
            same++;
        }
        assert_true(same >= 14);
        pr_model_close(a);
        pr_model_close(b);
        check_scratch_remove(dir);
    }
}

/* ------------------------------------------------------------------ hostile */

/* `text` with its first `from` replaced; of one length unless it is config.json. */
static void edit(pr_arena *a, const char *src, const char *dst, const char *from,
                 const char *to) {
    pr_str s;
    pare_err e = {0};
    CHECK_OK(pr_file_read(src, 1 << 22, a, &s, &e), e);
    const char *at = from ? memmem(s.p, s.n, from, strlen(from)) : NULL;
    if (from && !at) fail_msg("%s lacks %s", src, from);
    size_t cut = from ? strlen(from) : 0, in_n = to ? strlen(to) : 0,
           before = at ? (size_t)(at - s.p) : s.n;
    char *p = pr_arena_get(a, s.n - cut + in_n, 1);
    assert_non_null(p);
    memcpy(p, s.p, before);
    memcpy(p + before, to ? to : "", in_n);
    if (at) memcpy(p + before + in_n, at + cut, s.n - before - cut);
    CHECK_OK(pr_file_write(dst, p, s.n - cut + in_n, &e), e);
}

static const struct {
    const char *what;
    const char *from, *to;   /* in config.json */
    const char *tfrom, *tto; /* in the header of the weights, equally long */
    pare_status want;
    const char *says;
} hostile[] = {
    {"as it is", NULL, NULL, NULL, NULL, PARE_OK, ""},
    {"other bits", "\"bits\": 4", "\"bits\": 5", NULL, NULL, PARE_EINPUT,
     ".weight'|U32 [64, 10]|mlx5 g32"},
    {"another group", "\"group_size\": 32", "\"group_size\": 64", NULL, NULL, PARE_EINPUT,
     ".scales'|[64, 1]|mlx4 g64"},
    {"seven bits", "\"bits\": 4", "\"bits\": 7", NULL, NULL, PARE_EINPUT,
     "config.json|7 bits|2, 3, 4"},
    {"no bits", "\"bits\": 4", "\"bats\": 4", NULL, NULL, PARE_EINPUT, "quantization|'bits'"},
    {"bits beyond all", "\"bits\": 4", "\"bits\": 9223372036854775807", NULL, NULL, PARE_EINPUT,
     "bits"},
    {"a group of nothing", "\"group_size\": 32", "\"group_size\": 0", NULL, NULL, PARE_EINPUT,
     "groups of 0|multiple of 32"},
    {"a negative group", "\"group_size\": 32", "\"group_size\": -32", NULL, NULL, PARE_EINPUT,
     "groups of -32"},
    {"a group wider than the row", "\"group_size\": 32", "\"group_size\": 128", NULL, NULL,
     PARE_EINPUT, "rows of 64|groups of 128"},
    {"another mode", "\"affine\"", "\"nvfp4\"", NULL, NULL, PARE_EUNSUPPORTED, "nvfp4|affine"},
    {"mxfp4 over scales of mode affine", "\"affine\"", "\"mxfp4\"", NULL, NULL, PARE_EINPUT,
     "scales|implies U8"},
    {"a mode that is a number", "\"affine\"", "4", NULL, NULL, PARE_EINPUT, "mode"},
    {"a path that is not there", "\"bits\": 4",
     "\"bits\": 4, \"model.layers.7.mlp.up_proj\": {\"bits\": 4}", NULL, NULL, PARE_EINPUT,
     "model.layers.7.mlp.up_proj|.scales"},
    {"a layer said to be floats", "\"bits\": 4", "\"bits\": 4, \"lm_head\": false", NULL, NULL,
     PARE_EINPUT, "lm_head.scales|false"},
    {"a layer of other bits", "\"bits\": 4",
     "\"bits\": 4, \"lm_head\": {\"bits\": 8, \"group_size\": 32}", NULL, NULL, PARE_EINPUT,
     "lm_head.weight|mlx8 g32|U32 [64, 16]"},
    {"nothing said", "\"quantization\": {", "\"quantitation\": {", NULL, NULL,
     PARE_EUNSUPPORTED, "quantization_config"},
    {"said to be true", "\"quantization\": {", "\"quantization\": true, \"x\": {", NULL, NULL,
     PARE_EUNSUPPORTED, "quantization_config"},
    {"neighbours rotate", "\"hidden_act\"", "\"rope_traditional\": true, \"hidden_act\"", NULL,
     NULL, PARE_EUNSUPPORTED, "rope_traditional"},
    {"no scales", NULL, NULL, "lm_head.scales", "lm_head.skales", PARE_EINPUT,
     "lm_head.scales|missing|lm_head.weight"},
    {"no biases", NULL, NULL, "lm_head.biases", "lm_head.biazes", PARE_EINPUT,
     "lm_head.biases|missing|lm_head.weight"},
    {"no codes", NULL, NULL, "lm_head.weight", "lm_head.weighs", PARE_EINPUT,
     "missing: 'lm_head.weight'"},
    {"scales the other way round", NULL, NULL, "\"shape\":[128,2]", "\"shape\":[2,128]",
     PARE_EINPUT, "[2, 128]|[128, 2]"},
    {"codes that are scales", NULL, NULL, "\"dtype\":\"U32\"", "\"dtype\":\"I32\"", PARE_EINPUT,
     "I32|U32"},
};

static void refused(const char *what, const char *dir, pare_status want, const char *says) {
    pr_model *m = NULL;
    pare_err e = {0};
    char line[1200], part[200];
    pare_status st = pr_model_open(&m, dir, &e);
    if (st == PARE_OK) st = pr_model_check_finite(m, NULL, &e);
    pare_err_format(&e, line, sizeof line);
    if (getenv("PARE_SHOW")) print_message("%-28s %s: %s\n", what, pare_status_name(st), line);
    pr_model_close(m);
    if (st != want) fail_msg("%s: %s (%s)", what, pare_status_name(st), line);
    while (*says) {
        size_t n = strcspn(says, "|");
        snprintf(part, sizeof part, "%.*s", (int)n, says);
        if (!strstr(line, part)) fail_msg("%s: \"%s\" does not say \"%s\"", what, line, part);
        says += n + (says[n] == '|');
    }
}

static void contradictions(void **state) {
    (void)state;
    for (size_t i = 0; i < PR_COUNT(hostile); i++) {
        const char *dir = check_scratch();
        pr_arena *a = pr_arena_new(16 << 20);
        assert_non_null(a);
        edit(a, vector_path("int4_g32", "/config.json"), in(dir, "config.json"),
             hostile[i].from, hostile[i].to);
        edit(a, vector_path("int4_g32", "/model.safetensors"), in(dir, "model.safetensors"),
             hostile[i].tfrom, hostile[i].tto);
        refused(hostile[i].what, dir, hostile[i].want, hostile[i].says);
        pr_arena_free(a);
        check_scratch_remove(dir);
    }
}

/* A scale that is no number: opening reads no weights, checking finds it. */
static void a_scale_that_is_no_number(void **state) {
    const char *dir = check_scratch();
    pr_arena *a = pr_arena_new(16 << 20);
    pr_str s;
    pare_err e = {0};
    (void)state;
    pr_model *m = opened(vector_path("int4_g32", ""));
    const pr_tensor *t = pr_container_find(m->file, "lm_head.scales");
    size_t at = (size_t)t->offset + 2 * (2 * 3 + 1); /* row 3, its second group */
    pr_model_close(m);
    edit(a, vector_path("int4_g32", "/config.json"), in(dir, "config.json"), NULL, NULL);
    CHECK_OK(pr_file_read(vector_path("int4_g32", "/model.safetensors"), 1 << 22, a, &s, &e), e);
    char *p = pr_arena_get(a, s.n, 1);
    memcpy(p, s.p, s.n);
    p[at] = 0, p[at + 1] = 0x7e;
    CHECK_OK(pr_file_write(in(dir, "model.safetensors"), p, s.n, &e), e);
    refused("a NaN", dir, PARE_EINPUT, "lm_head.weight|NaN|row 3, column 32");
    pr_arena_free(a);
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_mlx),
        cmocka_unit_test(nothing_is_lost_on_the_way),
        cmocka_unit_test(grouped_here_and_read_again),
        cmocka_unit_test(kept_as_it_is),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_does_not_fit_says_so),
        cmocka_unit_test(blocks_come_back), cmocka_unit_test(fp4_there_and_back),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(a_scale_that_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
