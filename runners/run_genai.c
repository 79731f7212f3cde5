/* run_genai.c - ONNX Runtime GenAI, through its C API: no struct of its own crosses it.
 *
 * It looks for ONNX Runtime by name among what is loaded, so that one is loaded first. A fresh
 * generator is a fresh sequence: rewinding is refused by some of its models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "onnx.h"
#include "pare/doc.h"

enum { TYPE_F32 = 1, TYPE_F16 = 10, TYPE_BF16 = 16, RANK = 3 };

static const library where = {.variable = "PARE_GENAI_PATH",
                              .in_package = "onnxruntime_genai/libonnxruntime-genai.so*",
                              .pattern = "libonnxruntime-genai.so*",
                              .sonames = {"libonnxruntime-genai.so"}};

static const char *const names[] = {"OgaResultGetError",
                                    "OgaDestroyResult",
                                    "OgaCreateConfig",
                                    "OgaConfigOverlay",
                                    "OgaDestroyConfig",
                                    "OgaCreateModelFromConfig",
                                    "OgaDestroyModel",
                                    "OgaCreateGeneratorParams",
                                    "OgaGeneratorParamsSetSearchNumber",
                                    "OgaDestroyGeneratorParams",
                                    "OgaCreateGenerator",
                                    "OgaDestroyGenerator",
                                    "OgaGenerator_AppendTokens",
                                    "OgaGenerator_GetOutput",
                                    "OgaTensorGetType",
                                    "OgaTensorGetShapeRank",
                                    "OgaTensorGetShape",
                                    "OgaTensorGetData",
                                    "OgaDestroyTensor",
                                    "OgaShutdown",
                                    NULL};
typedef void *result; /* NULL: done */
static struct {
    const char *(*error)(const void *);
    void (*destroy_result)(void *);
    result (*create_config)(const char *, void **);
    result (*overlay)(void *, const char *);
    void (*destroy_config)(void *);
    result (*create_model)(const void *, void **);
    void (*destroy_model)(void *);
    result (*create_params)(const void *, void **);
    result (*set_number)(void *, const char *, double);
    void (*destroy_params)(void *);
    result (*create_generator)(const void *, const void *, void **);
    void (*destroy_generator)(void *);
    result (*append)(void *, const int32_t *, size_t);
    result (*get_output)(const void *, const char *, void **);
    result (*tensor_type)(void *, int *);
    result (*tensor_rank)(void *, size_t *);
    result (*tensor_shape)(void *, int64_t *, size_t);
    result (*tensor_data)(void *, void **);
    void (*destroy_tensor)(void *);
    void (*shutdown)(void);
} f;

static void   *config, *model, *params, *generator;
static int64_t n_vocab, n_ctx, past;

static bool ok(result r, const char *doing) {
    if (!r) return true;
    fail("unsupported", "%.80s: %.500s", doing, f.error(r));
    f.destroy_result(r);
    return false;
}

static const char *describe(void) {
    return "float32; MatMulNBits nodes as their accuracy_level says (4: 8-bit activations)";
}

static bool load(about *a) {
    about own = {0};
    char  ort[64], version[32] = "unknown";
    /* Where it lies says which ONNX Runtime belongs to it; and that one must be there first: it
     * ends the process where it finds none while it is being loaded. */
    bool seen = library_find(&where, own.path);
    if (!ort_load(a, seen ? own.path : NULL)) return seen ? false : library_find(&where, own.path);
    setenv("ORT_LIB_PATH", a->path, 1);
    void *lib = library_open(&where, false, own.path);
    if (!lib || !library_functions(lib, names, (void **)&f)) return false;
    snprintf(ort, sizeof ort, "%.31s", a->version);
    package_version(own.path, "onnxruntime_genai", version, sizeof version);
    snprintf(a->version, sizeof a->version, "%.20s on onnxruntime %.20s", version, ort);
    snprintf(a->path, sizeof a->path, "%s", own.path);
    snprintf(a->arithmetic, sizeof a->arithmetic, "%s", describe());
    snprintf(a->state, sizeof a->state, "as the file's inputs say");
    return true;
}

/* ------------------------------------------------------------------- one model */

static void close_model(void) {
    if (generator) f.destroy_generator(generator);
    if (params) f.destroy_params(params);
    if (model) f.destroy_model(model);
    if (config) f.destroy_config(config);
    generator = params = model = config = NULL;
}

static bool reset(void) {
    if (generator) f.destroy_generator(generator);
    generator = NULL;
    past = 0;
    return ok(f.create_generator(model, params, &generator), "a sequence");
}

/* The last `rows` of the logits [1, t, vocab] of `n` tokens; `out` NULL: only learn the
 * vocabulary. */
static bool copy_logits(void *t, int n, int rows, float *out) {
    int     type = 0;
    size_t  rank = 0;
    int64_t d[RANK] = {0};
    void   *p = NULL;
    if (!ok(f.tensor_type(t, &type), "logits") || !ok(f.tensor_rank(t, &rank), "logits"))
        return false;
    if (rank == RANK && !ok(f.tensor_shape(t, d, rank), "logits")) return false;
    bool narrow = type == TYPE_F16 || type == TYPE_BF16;
    if (rank != RANK || d[0] != 1 || (d[1] != n && !(d[1] == 1 && rows <= 1)) ||
        (type != TYPE_F32 && !narrow))
        return fail("unsupported", "logits: float of shape [1, %d, vocabulary] was expected", n);
    if (!out) return n_vocab = d[2], true;
    if (d[2] != n_vocab) return fail("internal", "the vocabulary changed its size");
    if (!ok(f.tensor_data(t, &p), "logits")) return false;
    size_t skip = (size_t)((d[1] - rows) * n_vocab), count = (size_t)(rows * n_vocab);
    if (!narrow) memcpy(out, (const float *)p + skip, count * sizeof *out);
    for (size_t i = 0; narrow && i < count; i++) {
        uint16_t h = ((uint16_t *)p)[skip + i];
        out[i] = type == TYPE_F16 ? from_f16(h) : from_bf16(h);
    }
    return true;
}

static bool step(const int32_t *ids, int n, int rows, float *out) {
    void *t = NULL;
    if (!ok(f.append(generator, ids, (size_t)n), "the tokens") ||
        !ok(f.get_output(generator, "logits", &t), "logits"))
        return false;
    bool done = copy_logits(t, n, rows, out);
    f.destroy_tensor(t);
    past += n;
    return done;
}

static bool eval(const int32_t *ids, int n, int rows, float *out) {
    if (past + n > n_ctx) return fail("usage", "past the context");
    return step(ids, n, rows, out);
}

/* What of the file's settings we need: how long a sequence may be. */
static bool read_context(const char *dir, int64_t asked) {
    char      path[4200];
    pare_doc *d;
    pare_err  e = {0};
    snprintf(path, sizeof path, "%s/genai_config.json", dir);
    if (pare_doc_read(&d, path, &e) != PARE_OK) return fail("input", "%.300s: %.250s", path, e.msg);
    int64_t n = pare_doc_int(pare_doc_path(d, "model/context_length"));
    pare_doc_free(d);
    n_ctx = asked ? asked : n > 0 && n < CONTEXT_MOST ? n : CONTEXT_MOST;
    return true;
}

static bool make_model(const char *dir, int threads, bool exact) {
    char overlay[256];
    snprintf(overlay, sizeof overlay,
             "{\"model\":{\"decoder\":{\"session_options\":{\"intra_op_num_threads\":%d%s}}}}",
             threads, exact ? ",\"session.qdq_matmulnbits_accuracy_level\":\"1\"" : "");
    return ok(f.create_config(dir, &config), "the folder") &&
           ok(f.overlay(config, overlay), "settings") &&
           ok(f.create_model(config, &model), "the model") &&
           ok(f.create_params(model, &params), "settings") &&
           ok(f.set_number(params, "max_length", (double)n_ctx), "max_length");
}

static bool open_model(opening *o) {
    const int32_t first = 0;
    if (!read_context(o->path, o->context) || !make_model(o->path, o->threads, o->exact) ||
        !reset() || !step(&first, 1, 1, NULL) || !reset()) {
        close_model();
        return false;
    }
    o->n_vocab = n_vocab;
    o->n_ctx = n_ctx;
    snprintf(o->arithmetic, sizeof o->arithmetic, "%s", describe());
    snprintf(o->state, sizeof o->state, "as the file's inputs say");
    return true;
}

/* ------------------------------------------------------------------- the tiny question */

/* A model without layers: logits = OneHot(input_ids, 8, [0, 5]); IR 8, opset 13. */
static const unsigned char tiny[] =
    "\x08\x08\x12\x00:\x9d\x01\x0a*\x0a\x09input_ids\x0a\x05" "depth\x0a\x06values\x12\x06logits\""
    "\x06OneHot\x12\x01t*\x15\x08\x01\x10\x07" "B\x05" "depthJ\x08\x08\x00\x00\x00\x00\x00\x00\x00*"
    "\x16\x08\x02\x10\x01" "B\x06valuesJ\x08\x00\x00\x00\x00\x00\x00\xa0@Z\x1d\x0a\x09input_ids"
    "\x12\x10\x0a\x0e\x08\x07\x12\x0a\x0a\x03\x12\x01" "b\x0a\x03\x12\x01sb\x1e\x0a\x06logits\x12"
    "\x14\x0a\x12\x08\x01\x12\x0e\x0a\x03\x12\x01" "b\x0a\x03\x12\x01s\x0a\x02\x08\x08" "B\x04\x0a"
    "\x00\x10\x0d";
static const char tiny_config[] =
    "{\"model\":{\"type\":\"llama\",\"vocab_size\":8,\"context_length\":64,\"bos_token_id\":0,"
    "\"eos_token_id\":7,\"pad_token_id\":7,\"decoder\":{\"filename\":\"model.onnx\",\"head_"
    "size\":8,"
    "\"hidden_size\":8,\"num_attention_heads\":1,\"num_key_value_heads\":1,\"num_hidden_"
    "layers\":0,"
    "\"inputs\":{\"input_ids\":\"input_ids\"},\"outputs\":{\"logits\":\"logits\"}}},"
    "\"search\":{\"max_length\":64,\"past_present_share_buffer\":false}}";

static bool put_file(const char *dir, const char *name, const void *p, size_t n) {
    char  path[4200];
    FILE *out;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!(out = fopen(path, "w"))) return false;
    bool done = fwrite(p, 1, n, out) == n;
    return fclose(out) == 0 && done;
}

static void remove_tiny(const char *dir) {
    char path[4200];
    snprintf(path, sizeof path, "%s/model.onnx", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/genai_config.json", dir);
    unlink(path);
    rmdir(dir);
}

static bool ask_tiny(const char *dir) {
    static const int32_t ids[] = {3, 5};
    float                l[16];
    opening              o = {.path = dir, .threads = 1, .exact = true};
    if (!open_model(&o) || o.n_vocab != 8 || !eval(ids, 2, 2, l)) return false;
    for (int i = 0; i < 16; i++)
        if (l[i] != (i % 8 == ids[i / 8] ? 5 : 0))
            return fail("internal", "a tiny model gave logit %g at %d", (double)l[i], i);
    return true;
}

static bool check(void) {
    const char *tmp = getenv("TMPDIR");
    char        dir[4096];
    snprintf(dir, sizeof dir, "%s/pare-tiny-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!ort_check()) return false;
    if (!mkdtemp(dir)) return fail("environment", "no folder for a tiny model below %.200s", dir);
    bool done = put_file(dir, "model.onnx", tiny, sizeof tiny - 1) &&
                put_file(dir, "genai_config.json", tiny_config, sizeof tiny_config - 1);
    if (!done) fail("environment", "%.200s cannot be written", dir);
    done = done && ask_tiny(dir);
    close_model();
    remove_tiny(dir);
    return done;
}

static void close_all(void) {
    close_model();
    f.shutdown();
}

const runtime run_genai = {"onnxruntime-genai", load, check, open_model, eval, reset, close_all};
