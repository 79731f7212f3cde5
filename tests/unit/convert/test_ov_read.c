/* test_ov_read.c - directories with openvino_model.xml: those that optimum-intel made
 * (tests/vectors/openvino) give OpenVINO's logits, what pare writes reads as the function it came
 * from, and a graph that says something else is refused by node.
 *
 * Bound against OpenVINO (INFERENCE_PRECISION_HINT f32): 1e-4 of the largest |logit|, as the
 * project
 * promises for transformers. Against the source of what pare wrote itself: to the bit where its
 * matrices are floats, since then the same rows meet the same sums. */
#include "check.h"
#include <math.h>
#include <sys/stat.h>
#include "convert/convert.h"
#include "engine/engine.h"
#include "pare/convert.h"

enum { TOKENS = 40, VOCAB = 64 };

static const char *vector_path(const char *name, const char *tail) {
    char rel[200];
    snprintf(rel, sizeof rel, "tests/vectors/openvino/%s%s", name, tail);
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
    static char path[8][800];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, 800, "%s/%s", dir, name);
    return p;
}

/* ------------------------------------------------------------------ optimum-intel's */

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
    /* fp16: optimum rounds the frequencies of the rotation too, 2^-12 of each; at position 40 that
     * is an angle of 40 * 0.316 * 2^-12 = 3e-3, and scores move by as much. */
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

static void logits_are_those_of_openvino(void **state) {
    const char *more = getenv("PARE_OPENVINO_VECTORS"); /* a folder of others, "NAME,NAME,…" */
    (void)state;
    compare(vector_path("llama_int4", ""), vector_path("llama_int4", ".ids"),
            vector_path("llama_int4", ".logits"));
    char list[1000], dir[700], ids[700], logits[700];
    if (!more || !getenv("PARE_OPENVINO_CASES")) return;
    snprintf(list, sizeof list, "%s", getenv("PARE_OPENVINO_CASES"));
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        snprintf(dir, sizeof dir, "%s/%s", more, name);
        snprintf(ids, sizeof ids, "%s/%s.ids", more, name);
        snprintf(logits, sizeof logits, "%s/%s.logits", more, name);
        compare(dir, ids, logits);
    }
}

static void hyper_parameters_are_found(void **state) {
    (void)state;
    pr_model *m = opened(vector_path("llama_int4", ""));
    assert_string_equal(pr_model_arch_name(m), "llama");
    assert_string_equal(pr_container_format(m->file), "openvino");
    assert_int_equal(m->hp.ropes[0].kind, PR_ROPE_LLAMA3);
    assert_true(m->hp.ropes[0].theta == 500000 && m->hp.ropes[0].factor == 8);
    assert_int_equal(m->hp.n_ctx, 128);
    assert_int_equal(m->hp.bos, 59);
    assert_false(m->hp.tied);
    assert_non_null(m->tok);
    int four = 0, eight = 0;
    for (int i = 0; i < m->n_weights; i++) {
        const pr_group_spec *g = m->weights[i].group;
        four += g && g->bits == 4 && g->group == 16 && g->rule == PR_GROUP_ASYM;
        eight += g && g->bits == 8 && g->group == 0 && g->rule == PR_GROUP_ASYM;
    }
    assert_int_equal(four, 14);
    assert_int_equal(eight, 2);
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

/* Every architecture, scaling and window: the same to the bit. */
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
            .to = "openvino", .out = in(dir, "m"), .quant = "F32", .no_check = 1};
        pare_status st = pare_convert(check_source(rel), &o, NULL, NULL, &e);
        if (st == PARE_OK) same_function(check_source(rel), in(dir, "m"), name);
        else assert_int_equal(st, PARE_EREFUSED);
        done += st == PARE_OK;
        check_scratch_remove(dir);
    }
    fclose(f);
    if (getenv("PARE_SHOW")) print_message("%d read\n", done);
    if (done < 50) fail_msg("%d cases, expected 50 and more", done);
}

/* Groups that pare wrote come back as they were: the same codes, scales and zero points in another
 * round. */
static void groups_come_back(void **state) {
    static const struct {
        const char *quant;
        int symmetric, group;
    } kinds[] = {{"int4", 0, 0}, {"int4", 1, 0}, {"int4", 0, 16}, {"int8", 0, 0}, {"int8", 1, 0}};
    (void)state;
    for (size_t q = 0; q < PR_COUNT(kinds); q++) {
        const char *dir = check_scratch(), *src = check_source("tests/vectors/arch/llama_plain");
        pare_convert_opts o = {.to = "openvino",
                               .out = in(dir, "a"),
                               .quant = kinds[q].quant,
                               .symmetric = kinds[q].symmetric,
                               .group_size = kinds[q].group};
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
            if (x->scales) assert_memory_equal(x->scales->data, y->scales->data, x->scales->bytes);
            if (x->offsets)
                assert_memory_equal(x->offsets->data, y->offsets->data, x->offsets->bytes);
        }
        assert_true(grouped > 0);
        pr_model_close(a);
        pr_model_close(b);
        same_function(in(dir, "a"), in(dir, "b"), kinds[q].quant);
        check_scratch_remove(dir);
    }
}

/* ------------------------------------------------------------------ onward */

static void any_to_any(void **state) {
    static const char *const to[] = {"gguf", "hf", "mlx", "openvino", "onnx"};
    (void)state;
    for (size_t i = 0; i < PR_COUNT(to); i++) {
        const char *dir = check_scratch();
        convert(vector_path("llama_int4", ""),
                &(pare_convert_opts){
                    .to = to[i], .out = in(dir, i ? "m" : "m.gguf"), .quant = "F32"});
        same_function(vector_path("llama_int4", ""), in(dir, i ? "m" : "m.gguf"), to[i]);
        check_scratch_remove(dir);
    }
}

static void same_values(const pr_model *a, const pr_model *b, pr_tid id) {
    static float x[128], y[128];
    const pr_weight *p = &a->weights[pr_model_weight(a, id.role, id.layer)],
                    *q = &b->weights[pr_model_weight(b, id.role, id.layer)];
    assert_true(p->rows == q->rows && p->cols == q->cols && p->cols <= 128);
    for (int64_t r = 0; r < p->rows; r++) {
        pr_weight_decode(p, pr_kernels_get(0), r, 1, x);
        pr_weight_decode(q, pr_kernels_get(0), r, 1, y);
        assert_memory_equal(x, y, (size_t)p->cols * sizeof *x);
    }
}

/* One scale a row is the same scale in each block of that row. */
static void symmetric_rows_become_blocks(void **state) {
    static const struct {
        const char *quant;
        int group;
        pr_type block;
    } kinds[] = {{"int8", 0, PR_Q8_0}, {"int4", 32, PR_Q4_0}};
    (void)state;
    for (size_t q = 0; q < PR_COUNT(kinds); q++) {
        const char *dir = check_scratch();
        int blocks = 0;
        convert(check_source("tests/vectors/arch/llama_plain"),
                &(pare_convert_opts){.to = "openvino",
                                     .out = in(dir, "a"),
                                     .quant = kinds[q].quant,
                                     .group_size = kinds[q].group,
                                     .symmetric = 1});
        convert(in(dir, "a"), &(pare_convert_opts){.to = "gguf", .out = in(dir, "m.gguf")});
        pr_model *a = opened(in(dir, "a")), *m = opened(in(dir, "m.gguf"));
        for (int i = 0; i < m->n_weights; i++)
            if (m->weights[i].src->type == kinds[q].block) {
                pr_role role = m->weights[i].id.role;
                bool turned = role == PR_ROLE_ATTN_Q || role == PR_ROLE_ATTN_K; /* other rows */
                if (!turned) same_values(a, m, m->weights[i].id);
                blocks++;
            }
        pr_model_close(a);
        pr_model_close(m);
        if (blocks < 10) fail_msg("%d tensors of %s", blocks, pr_type_get(kinds[q].block)->name);
        check_scratch_remove(dir);
    }
}

/* Groups of rows in any way: floats that hold them, where GGUF has no such block. */
static void other_groups_become_floats(void **state) {
    static const struct {
        const char *quant;
        int symmetric, group;
    } kinds[] = {{"int8", 0, 0}, {"int4", 0, 16}, {"int4", 0, 0}};
    (void)state;
    for (size_t q = 0; q < PR_COUNT(kinds); q++) {
        const char *dir = check_scratch();
        convert(check_source("tests/vectors/arch/llama_plain"),
                &(pare_convert_opts){.to = "openvino",
                                     .out = in(dir, "a"),
                                     .quant = kinds[q].quant,
                                     .symmetric = kinds[q].symmetric,
                                     .group_size = kinds[q].group});
        convert(in(dir, "a"), &(pare_convert_opts){.to = "gguf", .out = in(dir, "m.gguf")});
        pr_model *m = opened(in(dir, "m.gguf"));
        for (int i = 0; i < m->n_weights; i++)
            assert_true(m->weights[i].src->type == PR_F16 || m->weights[i].src->type == PR_F32);
        pr_model_close(m);
        check_scratch_remove(dir);
    }
}

/* A source without a tokenizer: the model is written, that it has no words is said. */
static void no_tokenizer_is_needed(void **state) {
    const char *dir = check_scratch();
    char src[700];
    pr_model *m;
    (void)state;
    snprintf(src, sizeof src, "%s/src", dir);
    assert_int_equal(mkdir(src, 0700), 0);
    static const char *const files[] = {"config.json", "model.safetensors"};
    pr_arena *a = pr_arena_new(1 << 24);
    for (size_t i = 0; i < PR_COUNT(files); i++) {
        pr_str s;
        pare_err e = {0};
        char rel[100];
        snprintf(rel, sizeof rel, "tests/vectors/arch/llama_plain/%s", files[i]);
        CHECK_OK(pr_file_read(check_source(rel), 1 << 22, a, &s, &e), e);
        CHECK_OK(pr_file_write(in(src, files[i]), s.p, s.n, &e), e);
    }
    pr_arena_free(a);
    convert(src, &(pare_convert_opts){.to = "openvino", .out = in(dir, "m")});
    m = opened(in(dir, "m"));
    assert_null(m->tok);
    pr_model_close(m);
    same_function(src, in(dir, "m"), "without a tokenizer");
    check_scratch_remove(dir);
}

/* config.json beside the graph must say what the graph computes. */
static void another_configuration_is_refused(void **state) {
    static const struct {
        const char *from, *to, *says;
    } edits[] = {{"500000.0", "400000.0", "rotation"},
                 {"\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-05", "rms_norm_eps"},
                 {"\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true ", "tie_word"},
                 {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "num_hidden_layers"},
                 {"\"attention_bias\": false", "\"attention_bias\":  true", "biases"},
                 {"\"factor\": 8.0", "\"factor\": 4.0", "rotation"}};
    pr_arena *a = pr_arena_new(1 << 24);
    (void)state;
    for (size_t i = 0; i < PR_COUNT(edits); i++) {
        const char *dir = check_scratch();
        static const char *const files[] = {"openvino_model.xml", "openvino_model.bin",
                                            "config.json"};
        pare_err e = {0};
        pr_model *m;
        pr_str s;
        for (size_t k = 0; k < PR_COUNT(files); k++) {
            char name[64];
            snprintf(name, sizeof name, "/%s", files[k]);
            CHECK_OK(pr_file_read(vector_path("llama_int4", name), 1 << 20, a, &s, &e), e);
            char *p = pr_arena_str(a, s.p, s.n), *at = NULL;
            if (k == 2 && !(at = strstr(p, edits[i].from))) fail_msg("lacks %s", edits[i].from);
            if (at) memcpy(at, edits[i].to, strlen(edits[i].to));
            CHECK_OK(pr_file_write(in(dir, files[k]), p, s.n, &e), e);
        }
        assert_int_equal(pr_model_open(&m, dir, &e), PARE_EINPUT);
        if (!strstr(e.msg, edits[i].says)) fail_msg("%s: %s", edits[i].says, e.msg);
        check_scratch_remove(dir);
    }
    pr_arena_free(a);
}

/* ------------------------------------------------------------------ hostile */

/* Copies of what was exported, some texts of one file changed. `to` may be longer. */
static void edit(const char *src, const char *dir, const char *file, const char *from,
                 const char *to, long keep) {
    pr_arena *a = pr_arena_new(1 << 24);
    pr_str s;
    pare_err e = {0};
    pr_buf b;
    CHECK_OK(pr_file_read(in(src, file), 1 << 22, a, &s, &e), e);
    pr_buf_init(&b, 1 << 22);
    const char *p = s.p, *end = s.p + s.n;
    for (const char *q; from && (q = memmem(p, (size_t)(end - p), from, strlen(from)));) {
        pr_buf_add(&b, p, (size_t)(q - p));
        pr_buf_puts(&b, to);
        p = q + strlen(from);
    }
    pr_buf_add(&b, p, (size_t)(end - p));
    CHECK_OK(pr_file_write(in(dir, file), b.p, keep >= 0 ? (size_t)keep : b.n, &e), e);
    pr_buf_done(&b);
    pr_arena_free(a);
}

#define XML "openvino_model.xml"
#define BIN "openvino_model.bin"
static const struct {
    const char *what, *file, *from, *to;
    long keep;
    pare_status want;
    const char *says;
} hostile[] = {
    {"as it is", NULL, NULL, NULL, -1, PARE_OK, ""},
    {"XML that is cut off", XML, NULL, NULL, 90000, PARE_EINPUT, "no XML"},
    {"weights that are cut off", BIN, NULL, NULL, 9000, PARE_EINPUT, "cut off"},
    {"no weights", BIN, NULL, NULL, 0, PARE_EINPUT, "cut off"},
    {"an offset outside", XML, "offset=\"156\"", "offset=\"4294967296\"", -1, PARE_EINPUT,
     "cut off"},
    {"an offset below 0", XML, "offset=\"156\"", "offset=\"-1\"", -1, PARE_EINPUT, "offset"},
    {"an offset beyond 64 bits", XML, "offset=\"156\"", "offset=\"99999999999999999999\"", -1,
     PARE_EINPUT, "offset"},
    {"an absurd shape", XML, "shape=\"32, 2, 16\"", "shape=\"4294967296, 4294967296, 16\"", -1,
     PARE_EINPUT, "2^64"},
    {"another shape", XML, "shape=\"32, 2, 16\"", "shape=\"32, 2, 17\"", -1, PARE_EINPUT,
     "bytes"},
    {"another activation", XML, "type=\"Swish\"", "type=\"Gelu\"", -1, PARE_EUNSUPPORTED,
     "Gelu"},
    {"a mean of other than squares", XML, "type=\"ReduceMean\"", "type=\"ReduceMax\"", -1,
     PARE_EUNSUPPORTED, "ReduceMax"},
    {"a mask from behind", XML, "type=\"LessEqual\"", "type=\"GreaterEqual\"", -1,
     PARE_EUNSUPPORTED, "mask"},
    {"a mask without the token itself", XML, "type=\"LessEqual\"", "type=\"Less\"", -1,
     PARE_EUNSUPPORTED, "mask"},
    {"a mask of its own", XML, "causal=\"false\"", "causal=\"true\"", -1, PARE_EUNSUPPORTED,
     "mask"},
    {"cosine for sine", XML, "type=\"Sin\"", "type=\"Cos\"", -1, PARE_EUNSUPPORTED, "sine"},
    {"what is kept elsewhere", XML,
     "type=\"Assign\" version=\"opset6\">\n\t\t\t<data variable_id=\"past_key_values.0.key",
     "type=\"Assign\" version=\"opset6\">\n\t\t\t<data variable_id=\"past_key_values.1.key", -1,
     PARE_EUNSUPPORTED, "state"},
    {"groups in another order", XML, "element_type=\"u4\" shape=\"32, 2, 1\"",
     "element_type=\"u4\" shape=\"2, 32, 1\"", -1, PARE_EUNSUPPORTED, "zero points"},
    {"codes of another type", XML, "element_type=\"u4\" shape=\"32, 2, 16\"",
     "element_type=\"nf4\" shape=\"32, 2, 16\"", -1, PARE_EUNSUPPORTED, "takes from codes"},
    {"a type that is not known", XML, "element_type=\"u4\" shape=\"32, 2, 16\"",
     "element_type=\"f4e2m1\" shape=\"32, 2, 16\"", -1, PARE_EUNSUPPORTED, "another type"},
    {"an input of its own", XML, "names=\"position_ids\"", "names=\"token_types\"", -1,
     PARE_EUNSUPPORTED, "token_types"},
    {"a circle", XML, "from-layer=\"28\" from-port=\"3\" to-layer=\"32\"",
     "from-layer=\"40\" from-port=\"2\" to-layer=\"32\"", -1, PARE_EINPUT, "circle"},
    {"an edge to nowhere", XML, "to-layer=\"32\" to-port=\"0\"",
     "to-layer=\"32\" to-port=\"9\"", -1, PARE_EINPUT, "no such port"},
    {"two edges into one port", XML, "to-layer=\"32\" to-port=\"0\"",
     "to-layer=\"32\" to-port=\"1\"", -1, PARE_EINPUT, "two edges"},
    {"an id twice", XML, "<layer id=\"33\"", "<layer id=\"32\"", -1, PARE_EINPUT, "id 32"},
    {"a document type", XML, "<net ", "<!DOCTYPE net [<!ENTITY a \"b\">]><net ", -1,
     PARE_EUNSUPPORTED, "document type"},
    {"an entity", XML, "name=\"input_ids\"", "name=\"&input;\"", -1, PARE_EINPUT, "entity"},
    {"a body", XML, "<data causal=\"false\" />", "<data causal=\"false\" /><body />", -1,
     PARE_EUNSUPPORTED, "<body>"},
    {"an IR of the past", XML, "version=\"11\"", "version=\"7\"", -1, PARE_EUNSUPPORTED,
     "IR version"},
};

static void what_is_wrong_is_named(void **state) {
    static const char *const files[] = {XML, BIN, "config.json", "tokenizer.json",
                                        "tokenizer_config.json"};
    char src[600];
    (void)state;
    snprintf(src, sizeof src, "%s", vector_path("llama_int4", ""));
    for (size_t i = 0; i < PR_COUNT(hostile); i++) {
        const char *dir = check_scratch();
        pr_model *m = NULL;
        pare_err e = {0};
        for (size_t k = 0; k < PR_COUNT(files); k++) {
            bool mine = hostile[i].file && strcmp(files[k], hostile[i].file) == 0;
            edit(src, dir, files[k], mine ? hostile[i].from : NULL, hostile[i].to,
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
    CHECK_OK(pr_file_read(vector_path("llama_int4", "/" XML), 1 << 22, a, &s, &e), e);
    for (size_t n = 0; n + 1 < s.n; n += n < 600 ? 1 : 1973) { /* the last byte is a line's end */
        pr_container *c;
        pare_err why = {0};
        if (pr_container_open_memory(&c, s.p, n, "cut", &why) == PARE_OK) {
            pr_container_close(c);
            fail_msg("%zu of %zu bytes are taken", n, s.n);
        }
        assert_true(why.status == PARE_EINPUT || why.status == PARE_EUNSUPPORTED);
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_openvino),
        cmocka_unit_test(hyper_parameters_are_found),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(groups_come_back),
        cmocka_unit_test(any_to_any),
        cmocka_unit_test(symmetric_rows_become_blocks),
        cmocka_unit_test(other_groups_become_floats),
        cmocka_unit_test(no_tokenizer_is_needed),
        cmocka_unit_test(another_configuration_is_refused),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(every_cut_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
