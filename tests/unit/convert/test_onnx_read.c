/* test_onnx_read.c - directories with model.onnx: those that ONNX Runtime GenAI's builder made
 * (tests/vectors/onnx_genai) give ONNX Runtime's logits, what pare writes in both dialects reads as
 * the function it came from, and a graph that says something else is refused by node.
 *
 * Bound against ONNX Runtime: 1e-4 of the largest |logit|, as the project promises for
 * transformers; the vectors were made with float activations. Against the source of what pare wrote
 * itself: to the bit where its matrices are floats, since then the same rows meet the same sums. */
#include "check.h"
#include <math.h>
#include "convert/convert.h"
#include "engine/engine.h"
#include "pare/convert.h"

enum { TOKENS = 40, VOCAB = 64 };

static const char *const cases[] = {"llama_llama3", "qwen2_asym", "qwen3_int4"};

static const char *const traced[] = {"llama_fp16", "qwen3_int4"};

static const char *vector_path(const char *name, const char *tail) {
    char rel[200];
    snprintf(rel, sizeof rel, "tests/vectors/onnx_genai/%s%s", name, tail);
    return check_source(rel);
}

static pr_model *opened(const char *path) {
    pr_model *m;
    pare_err e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static void run(const pr_model *m, const pr_id *ids, int n, pr_session_opts o, float *out) {
    pr_session *s;
    pare_err e = {0};
    size_t row = (size_t)m->hp.n_vocab;
    o.all_logits = true;
    o.n_ctx = n;
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    int batch = o.n_batch ? o.n_batch : n;
    for (int at = 0; at < n; at += batch) {
        int k = PR_MIN(batch, n - at);
        CHECK_OK(pr_session_eval(s, ids + at, k, &e), e);
        for (int i = 0; i < k; i++)
            memcpy(out + (size_t)(at + i) * row, pr_session_logits(s, i), row * sizeof *out);
    }
    pr_session_free(s);
}

static const char *in(const char *dir, const char *name) {
    static char path[8][600];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, 600, "%s/%s", dir, name);
    return p;
}

/* ------------------------------------------------------------------ the builder's */

static void read_ids(const char *path, pr_id ids[TOKENS]) {
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (int i = 0; i < TOKENS; i++) assert_int_equal(fscanf(f, "%d", &ids[i]), 1);
    fclose(f);
}

static void compare(const char *dir, const char *ids_path, const char *logits) {
    static float want[TOKENS * VOCAB], got[TOKENS * VOCAB], again[TOKENS * VOCAB];
    pr_id ids[TOKENS];
    pr_model *m = opened(dir);
    FILE *f = fopen(logits, "rb");
    float most = 0, off = 0;
    assert_non_null(f);
    assert_int_equal(fread(want, sizeof want, 1, f), 1);
    fclose(f);
    read_ids(ids_path, ids);
    assert_int_equal(m->hp.n_vocab, VOCAB);
    run(m, ids, TOKENS, (pr_session_opts){.n_threads = 2, .exact = true}, got);
    for (int i = 0; i < TOKENS * VOCAB; i++) {
        most = fmaxf(most, fabsf(want[i]));
        off = fmaxf(off, fabsf(want[i] - got[i]));
    }
    if (getenv("PARE_SHOW"))
        print_message("%s (%s) %.2g\n", dir, pr_model_arch_name(m), (double)(off / most));
    /* Where ONNX Runtime computes in F16, each of some twenty steps rounds to 2^-11. */
    float bound = strstr(dir, "fp16") ? 1e-2f : 1e-4f;
    if (!(off <= bound * most))
        fail_msg("%s: %.3g of the largest logit", dir, (double)(off / most));
    const pr_session_opts same[] = {{.n_threads = 1, .n_batch = 1, .exact = true},
                                    {.n_threads = 3, .n_batch = 5, .exact = true},
                                    {.n_threads = 2, .reference = true, .exact = true}};
    for (size_t i = 0; i < PR_COUNT(same); i++) {
        run(m, ids, TOKENS, same[i], again);
        assert_memory_equal(got, again, sizeof got);
    }
    pr_model_close(m);
}

static void logits_are_those_of_onnx_runtime(void **state) {
    const char *more = getenv("PARE_ONNX_VECTORS"); /* a folder of others, "NAME,NAME,…" */
    (void)state;
    for (size_t c = 0; c < PR_COUNT(cases); c++)
        compare(vector_path(cases[c], ""), vector_path(cases[c], ".ids"),
                vector_path(cases[c], ".logits"));
    char list[1000], dir[700], ids[700], logits[700];
    if (!more || !getenv("PARE_ONNX_CASES")) return;
    snprintf(list, sizeof list, "%s", getenv("PARE_ONNX_CASES"));
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        snprintf(dir, sizeof dir, "%s/%s", more, name);
        snprintf(ids, sizeof ids, "%s/%s.ids", more, name);
        snprintf(logits, sizeof logits, "%s/%s.logits", more, name);
        compare(dir, ids, logits);
    }
}

/* What the builder does not say is found again. */
static void hyper_parameters_are_found(void **state) {
    (void)state;
    pr_model *m = opened(vector_path("llama_llama3", ""));
    assert_string_equal(pr_model_arch_name(m), "llama");
    assert_string_equal(pr_container_format(m->file), "onnx");
    assert_int_equal(m->hp.ropes[0].kind, PR_ROPE_LLAMA3);
    assert_true(m->hp.ropes[0].theta == 500000 && m->hp.ropes[0].factor == 8);
    assert_int_equal(m->hp.ropes[0].original_ctx, 64);
    assert_null(m->hp.ropes[0].divide_by);
    assert_int_equal(m->hp.n_ctx, 128);
    assert_int_equal(m->hp.bos, 59);
    assert_false(m->hp.tied);
    assert_non_null(m->tok);
    pr_model_close(m);
    m = opened(vector_path("qwen3_int4", ""));
    assert_string_equal(pr_model_arch_name(m), "qwen3");
    assert_true(m->hp.tied);
    assert_true(m->hp.layers[1].has == PR_HAS_QK_NORM);
    assert_int_equal(m->hp.layers[0].d_head, 16);
    pr_model_close(m);
}

/* ------------------------------------------------------------------ pare's own */

static void convert(const char *src, const pare_convert_opts *o) {
    pare_err e = {0};
    pare_convert_opts quick = *o;
    quick.no_check = 1; /* the cases here look closer */
    CHECK_OK(pare_convert(src, &quick, NULL, NULL, &e), e);
}

static float *logits_of(const char *path, int n) {
    pr_model *m = opened(path);
    pr_id ids[TOKENS];
    float *out = pr_calloc((size_t)m->hp.n_vocab * (size_t)n, sizeof *out);
    assert_non_null(out);
    for (int i = 0; i < n; i++) ids[i] = (i * 7 + 3) % PR_MIN(m->hp.n_vocab, 60);
    run(m, ids, n, (pr_session_opts){.n_threads = 1, .exact = true}, out);
    pr_model_close(m);
    return out;
}

static void same_function(const char *a, const char *b, const char *what) {
    enum { N = 24 };
    float *x = logits_of(a, N), *y = logits_of(b, N);
    pr_model *m = opened(a);
    size_t bytes = (size_t)m->hp.n_vocab * N * sizeof *x;
    pr_model_close(m);
    if (memcmp(x, y, bytes) != 0) fail_msg("%s: other logits", what);
    pr_free(x);
    pr_free(y);
}

/* Every architecture and scaling, both dialects, with and without config.json: the same to the
 * bit. Without it the rule of rotation is found from the tables; where it is kept as a table its
 * numbers are only near (yarn). */
static void what_is_written_reads_the_same(void **state) {
    static const char *const dialects[] = {"genai", "standard"};
    FILE *f = fopen(check_source("tests/vectors/arch/cases.tsv"), "r");
    char line[512], name[64], rel[128], what[160];
    int done = 0;
    (void)state;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f)); /* header */
    while (fgets(line, sizeof line, f))
        for (int d = 0; d < 2; d++) {
            const char *dir = check_scratch();
            pare_err e = {0};
            assert_int_equal(sscanf(line, "%63s", name), 1);
            snprintf(rel, sizeof rel, "tests/vectors/arch/%s", name);
            snprintf(what, sizeof what, "%s, %s", name, dialects[d]);
            const pare_convert_opts o = {
                .to = "onnx", .out = in(dir, "m"), .quant = "F32", .dialect = dialects[d]};
            pare_status st = pare_convert(check_source(rel), &o, NULL, NULL, &e);
            if (st == PARE_OK) {
                same_function(check_source(rel), in(dir, "m"), what);
                assert_int_equal(remove(in(dir, "m/config.json")), 0);
                pr_model *m = opened(in(dir, "m"));
                bool exact = !m->hp.ropes[0].divide_by;
                pr_model_close(m);
                if (exact) same_function(check_source(rel), in(dir, "m"), what);
                done += exact;
            } else {
                assert_int_equal(st, PARE_EREFUSED);
            }
            check_scratch_remove(dir);
        }
    fclose(f);
    if (getenv("PARE_SHOW")) print_message("%d read without config.json\n", done);
    if (done < 60) fail_msg("%d cases, expected 60 and more", done);
}

/* Groups that pare wrote come back as they were: the same codes and scales in another round. */
static void groups_come_back(void **state) {
    static const char *const dialects[] = {"genai", "standard"};
    static const char *const quants[] = {"int4", "int8"};
    (void)state;
    for (int d = 0; d < 2; d++)
        for (int q = 0; q < 2; q++) {
            const char *dir = check_scratch(),
                       *src = check_source("tests/vectors/arch/llama_plain");
            pare_convert_opts o = {
                .to = "onnx", .out = in(dir, "a"), .quant = quants[q], .dialect = dialects[d]};
            convert(src, &o);
            o.out = in(dir, "b");
            convert(in(dir, "a"), &o);
            pr_model *a = opened(in(dir, "a")), *b = opened(in(dir, "b"));
            int grouped = 0;
            assert_int_equal(a->n_weights, b->n_weights);
            for (int i = 0; i < a->n_weights; i++) {
                const pr_weight *x = &a->weights[i], *y = &b->weights[i];
                grouped += x->group != NULL;
                assert_int_equal(pr_weight_bytes(x), pr_weight_bytes(y));
                assert_memory_equal(x->src->data, y->src->data, x->src->bytes);
                if (x->scales)
                    assert_memory_equal(x->scales->data, y->scales->data, x->scales->bytes);
            }
            assert_true(grouped > 0);
            pr_model_close(a);
            pr_model_close(b);
            same_function(in(dir, "a"), in(dir, "b"), quants[q]);
            check_scratch_remove(dir);
        }
}

/* ------------------------------------------------------------------ optimum's */

static const char *optimum(const char *name, const char *tail) {
    char rel[200];
    snprintf(rel, sizeof rel, "tests/vectors/onnx_optimum/%s%s", name, tail);
    return check_source(rel);
}

/* Graphs that torch traced: attention, masks and rotation in single operators. */
static void traced_graphs_are_read(void **state) {
    (void)state;
    for (size_t c = 0; c < PR_COUNT(traced); c++) {
        const char *dir = check_scratch();
        pr_model *m = opened(optimum(traced[c], ""));
        assert_true(m->hp.tied == (c == 0)); /* a folded, turned copy of the embedding */
        assert_non_null(m->tok);
        pr_model_close(m);
        compare(optimum(traced[c], ""), optimum(traced[c], ".ids"),
                optimum(traced[c], ".logits"));
        const pare_convert_opts o = {.to = "gguf", .out = in(dir, "m.gguf"), .quant = "F32"};
        convert(optimum(traced[c], ""), &o);
        same_function(optimum(traced[c], ""), in(dir, "m.gguf"), traced[c]);
        check_scratch_remove(dir);
    }
}

/* ------------------------------------------------------------------ onward */

/* Symmetric groups of 32 with scales that F16 holds are Q4_0's own numbers. */
static void symmetric_groups_become_blocks(void **state) {
    const char *dir = check_scratch();
    pare_doc *r;
    pare_err e = {0};
    int blocks = 0;
    (void)state;
    convert(check_source("tests/vectors/arch/llama_f16"),
            &(pare_convert_opts){.to = "gguf", .out = in(dir, "s.gguf"), .quant = "Q4_0"});
    convert(in(dir, "s.gguf"), &(pare_convert_opts){.to = "onnx",
                                                    .out = in(dir, "m"),
                                                    .quant = "int4",
                                                    .group_size = 32,
                                                    .symmetric = true});
    CHECK_OK(pare_convert(in(dir, "m"),
                          &(pare_convert_opts){.to = "gguf", .out = in(dir, "b.gguf")}, NULL,
                          &r, &e),
             e);
    const pare_doc *list = pare_doc_path(r, "tensors/list");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *t = pare_doc_at(list, i);
        blocks += strcmp(pare_doc_str(pare_doc_get(t, "got")), "Q4_0") == 0 &&
                  pare_doc_bool(pare_doc_get(t, "lossless"));
    }
    if (blocks < 4) fail_msg("%d tensors are Q4_0", blocks);
    pare_doc_free(r);
    check_scratch_remove(dir);
}

/* The builder's files in every other format. */
static void any_to_any(void **state) {
    static const char *const to[] = {"gguf", "hf", "mlx", "openvino", "onnx"};
    (void)state;
    for (size_t c = 0; c < PR_COUNT(cases); c++)
        for (size_t i = 0; i < PR_COUNT(to); i++) {
            const char *dir = check_scratch();
            pare_err e = {0};
            const pare_convert_opts o = {
                .to = to[i], .out = in(dir, i ? "m" : "m.gguf"), .quant = "F32"};
            pare_status st = pare_convert(vector_path(cases[c], ""), &o, NULL, NULL, &e);
            if (st != PARE_OK) fail_msg("%s to %s: %s", cases[c], to[i], e.msg);
            if (strcmp(to[i], "openvino") != 0)
                same_function(vector_path(cases[c], ""), o.out, to[i]);
            check_scratch_remove(dir);
        }
}

/* Nothing asked: groups of ONNX are no groups of MLX; as floats of their scales' type (F32 here)
 * they are the same values. */
static void groups_become_floats_for_mlx(void **state) {
    const char *dir = check_scratch();
    (void)state;
    convert(vector_path("qwen2_asym", ""),
            &(pare_convert_opts){.to = "mlx", .out = in(dir, "m")});
    same_function(vector_path("qwen2_asym", ""), in(dir, "m"), "mlx");
    check_scratch_remove(dir);
}

/* Windows that only the graph states go into config.json. */
static void windows_are_said_again(void **state) {
    static const char *const from[] = {"mistral_window", "qwen2_window_types", "qwen3_window"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(from); i++) {
        const char *dir = check_scratch();
        char src[128];
        snprintf(src, sizeof src, "tests/vectors/arch/%s", from[i]);
        convert(check_source(src), &(pare_convert_opts){.to = "onnx",
                                                        .out = in(dir, "m"),
                                                        .quant = "F32",
                                                        .dialect = "standard"});
        assert_int_equal(remove(in(dir, "m/config.json")), 0);
        convert(in(dir, "m"), &(pare_convert_opts){.to = "hf", .out = in(dir, "hf")});
        same_function(check_source(src), in(dir, "hf"), from[i]);
        check_scratch_remove(dir);
    }
}

/* config.json beside the graph must say what the graph computes. */
static void another_configuration_is_refused(void **state) {
    static const struct {
        const char *from, *to, *says;
    } edits[] = {{"10000.0", "20000.0", "rotation"},
                 {"\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-05", "rms_norm_eps"},
                 {"\"tie_word_embeddings\": true", "\"tie_word_embeddings\":false", "tie_word"},
                 {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "num_hidden_layers"},
                 {"\"attention_bias\": false", "\"attention_bias\":  true", "biases"}};
    pr_arena *a = pr_arena_new(1 << 24);
    (void)state;
    for (size_t i = 0; i < PR_COUNT(edits); i++) {
        const char *dir = check_scratch();
        pare_err e = {0};
        pr_model *m;
        pr_str s;
        convert(check_source("tests/vectors/arch/llama_gqa_tied"),
                &(pare_convert_opts){.to = "onnx", .out = in(dir, "m"), .quant = "F32"});
        CHECK_OK(pr_file_read(in(dir, "m/config.json"), 1 << 20, a, &s, &e), e);
        size_t n = strlen(edits[i].from);
        assert_int_equal(n, strlen(edits[i].to));
        char *p = pr_arena_str(a, s.p, s.n), *at = p;
        for (int k = 0; (at = strstr(at, edits[i].from)) || k == 0; k++) {
            if (!at) fail_msg("config.json lacks %s", edits[i].from);
            memcpy(at, edits[i].to, n);
        }
        CHECK_OK(pr_file_write(in(dir, "m/config.json"), p, s.n, &e), e);
        assert_int_equal(pr_model_open(&m, in(dir, "m"), &e), PARE_EINPUT);
        if (!strstr(e.msg, edits[i].says)) fail_msg("%s: %s", edits[i].says, e.msg);
        check_scratch_remove(dir);
    }
    pr_arena_free(a);
}

/* ------------------------------------------------------------------ hostile */

/* `from` to `to` in the graph that optimum wrote, everywhere or `once`. */
static void edit_traced(const char *dir, const char *file, const char *from, const char *to,
                        bool once) {
    pr_arena *a = pr_arena_new(1 << 24);
    pr_str s;
    pare_err e = {0};
    char name[100];
    int n = 0;
    snprintf(name, sizeof name, "/%s", file);
    CHECK_OK(pr_file_read(optimum("qwen3_int4", name), 1 << 22, a, &s, &e), e);
    char *p = pr_arena_str(a, s.p, s.n), *end = p + s.n;
    for (char *q = p; from && !(once && n); q += strlen(from), n++) {
        q = memmem(q, (size_t)(end - q), from, strlen(from));
        if (!q) break;
        assert_int_equal(strlen(from), strlen(to));
        memcpy(q, to, strlen(to));
    }
    if (from && !n) fail_msg("no %s in %s", from, file);
    CHECK_OK(pr_file_write(in(dir, file), p, s.n, &e), e);
    pr_arena_free(a);
}

/* Each makes another function of the graph, or one that is not known: never read, always named.
 * "\"\x05" is the field of a node's operator with five letters. */
static void what_traced_graphs_mean_is_computed(void **state) {
    static const struct {
        const char *what, *from, *to, *says;
    } edits[] = {
        {"as it is", NULL, NULL, ""},
        {"a cosine that is none", "\"\x03" "Cos", "\"\x03" "Sin", "cosine"},
        {"no sine", "\"\x03" "Sin", "\"\x03" "Tan", "Tan"},
        {"halves that are not turned", "\"\x03" "Neg", "\"\x03" "Abs", "Abs"},
        {"a mask that looks ahead", "\"\x0bLessOrEqual", "\"\x0bMoreOrEqual", "MoreOrEqual"},
        {"hidden by nothing", "\x22\x03" "And", "\x22\x03" "Add", "mask"},
        {"a mean that is none", "ReduceMean", "ReduceSums", "ReduceSums"},
        {"another softmax", "\"\x07Softmax", "\"\x07Softmin", "0 attentions"},
        {"a root that is none", "\"\x04Sqrt", "\"\x04Relu", "Relu"},
        {"another activation", "\"\x07Sigmoid", "\"\x07Swigmod", "act_fn"},
        {"an output of its own", "present.0.key", "present.7.key", "present.7.key"},
        {"an input of its own", "attention_mask", "attention_tusk", "attention_tusk"},
    };
    static const char *const files[] = {"model.onnx", "config.json"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(edits); i++) {
        const char *dir = check_scratch();
        pr_model *m = NULL;
        pare_err e = {0};
        for (size_t k = 0; k < PR_COUNT(files); k++)
            edit_traced(dir, files[k], k == 0 ? edits[i].from : NULL, edits[i].to, false);
        pare_status st = pr_model_open(&m, dir, &e);
        if (getenv("PARE_SHOW"))
            print_message("%-28s %s: %s\n", edits[i].what, pare_status_name(st), e.msg);
        pr_model_close(m);
        if (st != (edits[i].from ? PARE_EUNSUPPORTED : PARE_OK) || !strstr(e.msg, edits[i].says))
            fail_msg("%s: %s (%s)", edits[i].what, pare_status_name(st), e.msg);
        check_scratch_remove(dir);
    }
}

/* A copy of llama_llama3 with bytes of one file changed, equally long (or cut to `keep` bytes). */
static void edit(const char *dir, const char *file, const char *from, const char *to, long keep) {
    pr_arena *a = pr_arena_new(1 << 24);
    pr_str s;
    pare_err e = {0};
    char name[100];
    snprintf(name, sizeof name, "/%s", file);
    CHECK_OK(pr_file_read(vector_path("llama_llama3", name), 1 << 22, a, &s, &e), e);
    char *p = pr_arena_get(a, s.n + 1, 1);
    assert_non_null(p);
    memcpy(p, s.p, s.n);
    for (char *q = p; from; q += strlen(from)) {
        q = memmem(q, s.n - (size_t)(q - p), from, strlen(from));
        if (!q) break;
        assert_int_equal(strlen(from), strlen(to));
        memcpy(q, to, strlen(to));
    }
    CHECK_OK(pr_file_write(in(dir, file), p, keep >= 0 ? (size_t)keep : s.n, &e), e);
    pr_arena_free(a);
}

static const struct {
    const char *what, *file, *from, *to;
    long keep;
    pare_status want;
    const char *says;
} hostile[] = {
    {"as it is", NULL, NULL, NULL, -1, PARE_OK, ""},
    {"a graph that is cut off", "model.onnx", NULL, NULL, 9000, PARE_EINPUT, "past the end"},
    {"weights that are cut off", "model.onnx.data", NULL, NULL, 9000, PARE_EINPUT, "cut off"},
    {"a way out of the folder", "model.onnx", "model.onnx.data", "../../etc/pass0", -1, PARE_EINPUT,
     "model's folder"},
    {"a file from the root", "model.onnx", "model.onnx.data", "/etc/passwd0000", -1, PARE_EINPUT,
     "model's folder"},
    {"another activation", "model.onnx", "Sigmoid", "Softmax", -1, PARE_EUNSUPPORTED, "act_fn"},
    {"another attention", "model.onnx", "local_window_size", "local_window_sine", -1,
     PARE_EUNSUPPORTED, "local_window_sine"},
    {"scores that are capped", "model.onnx", "softcap", "softcop", -1, PARE_EUNSUPPORTED,
     "GroupQueryAttention"},
    {"an input of its own", "model.onnx", "attention_mask", "attention_tusk", -1,
     PARE_EUNSUPPORTED, "attention_tusk"},
    {"a norm of another kind", "model.onnx", "SkipSimplifiedLayerNorm", "SkipSimplifiedXayerNorm",
     -1, PARE_EUNSUPPORTED, "SkipLayerNorm"},
    {"a tensor twice", "model.onnx", "model.layers.1.mlp.up_proj.MatMul.weight",
     "model.layers.0.mlp.up_proj.MatMul.weight", -1, PARE_EINPUT, "twice"},
    {"another name for a table", "model.onnx", "sin_cache", "six_cache", -1, PARE_OK, ""},
    {"heads that differ", "genai_config.json", "\"head_size\": 16", "\"head_size\": 32", -1,
     PARE_EINPUT, "head_size"},
    {"layers that differ", "genai_config.json", "\"num_hidden_layers\": 2",
     "\"num_hidden_layers\": 3", -1, PARE_EINPUT, "num_hidden_layers"},
    {"a vocabulary that differs", "genai_config.json", "\"vocab_size\": 64", "\"vocab_size\": 65",
     -1, PARE_EINPUT, "vocab_size"},
};

static void what_is_wrong_is_named(void **state) {
    static const char *const files[] = {"model.onnx", "model.onnx.data", "genai_config.json",
                                        "tokenizer.json", "tokenizer_config.json"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(hostile); i++) {
        const char *dir = check_scratch();
        pr_model *m = NULL;
        pare_err e = {0};
        for (size_t k = 0; k < PR_COUNT(files); k++) {
            bool mine = hostile[i].file && strcmp(files[k], hostile[i].file) == 0;
            edit(dir, files[k], mine ? hostile[i].from : NULL, hostile[i].to,
                 mine ? hostile[i].keep : -1);
        }
        pare_status st = pr_model_open(&m, dir, &e);
        if (getenv("PARE_SHOW"))
            print_message("%-28s %s: %s\n", hostile[i].what, pare_status_name(st), e.msg);
        pr_model_close(m);
        if (st != hostile[i].want || !strstr(e.msg, hostile[i].says))
            fail_msg("%s: %s (%s)", hostile[i].what, pare_status_name(st), e.msg);
        check_scratch_remove(dir);
    }
}

/* Cut anywhere, the file is an error and never more. */
static void every_cut_is_an_error(void **state) {
    pr_arena *a = pr_arena_new(1 << 24);
    pr_str s;
    pare_err e = {0};
    (void)state;
    CHECK_OK(pr_file_read(vector_path("llama_llama3", "/model.onnx"), 1 << 22, a, &s, &e), e);
    for (size_t n = 0; n < s.n; n += n < 600 ? 1 : 97) {
        pr_container *c;
        pare_err why = {0};
        if (pr_container_open_memory(&c, s.p, n, "cut", &why) == PARE_OK) {
            assert_null(pr_container_graph(c));
            pr_container_close(c);
            fail_msg("%zu of %zu bytes are taken", n, s.n);
        }
        assert_true(why.status == PARE_EINPUT || why.status == PARE_EUNSUPPORTED);
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_onnx_runtime),
        cmocka_unit_test(traced_graphs_are_read),
        cmocka_unit_test(what_traced_graphs_mean_is_computed),
        cmocka_unit_test(hyper_parameters_are_found),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(groups_come_back),
        cmocka_unit_test(symmetric_groups_become_blocks),
        cmocka_unit_test(any_to_any),
        cmocka_unit_test(groups_become_floats_for_mlx),
        cmocka_unit_test(windows_are_said_again),
        cmocka_unit_test(another_configuration_is_refused),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(every_cut_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
