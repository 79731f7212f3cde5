/* run_openvino.c - OpenVINO, through its C API.
 *
 * That API has no calls for a model's state. A compiled model's requests hold separate states, so a
 * fresh request is a fresh sequence. "exact" asks for float32 inference, a float32 KV
 * cache and no dynamic quantization; by itself the CPU plug-in takes bfloat16 where the CPU has
 * it, groups of 32 for 8-bit activations, and an 8-bit KV cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "helper.h"

typedef struct {
    int64_t  rank;
    int64_t *dims;
} shape;
typedef struct {
    const char *build, *description;
} version_text;
typedef struct {
    char **names;
    size_t n;
} device_list;

enum { TYPE_F32 = 4, TYPE_I32 = 9, TYPE_I64 = 10 };

static const library where = {.variable = "PARE_OPENVINO_PATH",
                              .in_package = "openvino/libs/libopenvino_c.so*",
                              .pattern = "libopenvino_c.so*",
                              .sonames = {"libopenvino_c.so"}};

static const char *const names[] = {"ov_get_openvino_version",
                                    "ov_version_free",
                                    "ov_core_create",
                                    "ov_core_free",
                                    "ov_core_get_available_devices",
                                    "ov_available_devices_free",
                                    "ov_core_compile_model_from_file",
                                    "ov_core_read_model_from_memory_buffer",
                                    "ov_core_compile_model",
                                    "ov_model_free",
                                    "ov_compiled_model_free",
                                    "ov_compiled_model_create_infer_request",
                                    "ov_compiled_model_inputs_size",
                                    "ov_compiled_model_input_by_index",
                                    "ov_compiled_model_get_property",
                                    "ov_port_get_any_name",
                                    "ov_port_get_element_type",
                                    "ov_output_const_port_free",
                                    "ov_infer_request_free",
                                    "ov_infer_request_set_tensor",
                                    "ov_infer_request_get_tensor",
                                    "ov_infer_request_infer",
                                    "ov_tensor_create_from_host_ptr",
                                    "ov_tensor_get_shape",
                                    "ov_tensor_get_element_type",
                                    "ov_tensor_data",
                                    "ov_tensor_free",
                                    "ov_shape_create",
                                    "ov_shape_free",
                                    "ov_free",
                                    "ov_get_last_err_msg",
                                    NULL};
static struct {
    int (*get_version)(version_text *);
    void (*version_free)(version_text *);
    int (*core_create)(void **);
    void (*core_free)(void *);
    int (*get_devices)(const void *, device_list *);
    void (*devices_free)(device_list *);
    int (*compile_file)(const void *, const char *, const char *, size_t, void **, ...);
    int (*read_memory)(const void *, const char *, size_t, const void *, void **);
    int (*compile)(const void *, const void *, const char *, size_t, void **, ...);
    void (*model_free)(void *);
    void (*compiled_free)(void *);
    int (*create_request)(const void *, void **);
    int (*inputs_size)(const void *, size_t *);
    int (*input_at)(const void *, size_t, void **);
    int (*get_property)(const void *, const char *, char **);
    int (*port_name)(const void *, char **);
    int (*port_type)(const void *, int *);
    void (*port_free)(void *);
    void (*request_free)(void *);
    int (*set_tensor)(void *, const char *, const void *);
    int (*get_tensor)(const void *, const char *, void **);
    int (*infer)(void *);
    int (*tensor_of)(int, shape, void *, void **);
    int (*tensor_shape)(const void *, shape *);
    int (*tensor_type)(const void *, int *);
    int (*tensor_data)(const void *, void **);
    void (*tensor_free)(void *);
    int (*shape_create)(int64_t, const int64_t *, shape *);
    int (*shape_free)(shape *);
    void (*free_text)(const char *);
    const char *(*last_error)(void);
} f;

static void   *core, *compiled, *request;
static int64_t n_vocab, n_ctx, past;
static bool    has_mask, has_positions, has_beam;

static bool ok(int status, const char *doing) {
    const char *why = status ? f.last_error() : NULL;
    if (status == 0) return true;
    return fail("unsupported", "%s: %.500s", doing, why && *why ? why : "no reason was given");
}

static void describe_default(char *dst, size_t cap) {
    const char *type = cpu_has("avx512_bf16") || cpu_has("amx_bf16") ? "bfloat16" : "float32";
    snprintf(dst, cap, "%s on this CPU, 8-bit activations in groups of 32 for quantized weights",
             type);
}

static bool load(about *a) {
    version_text v = {0};
    device_list  d = {0};
    int          year = 0;
    void        *lib = library_open(&where, false, a->path);
    if (!lib || !library_functions(lib, names, (void **)&f)) return false;
    if (!ok(f.get_version(&v), "version")) return false;
    snprintf(a->version, sizeof a->version, "%.*s", (int)strcspn(v.build, " -"), v.build);
    f.version_free(&v);
    /* The C API keeps its promises since 2022.1; the newest that was tried is 2026.4. */
    if (sscanf(a->version, "%d.", &year) != 1 || year < 2023)
        return fail("unsupported", "OpenVINO %s: 2023.0 or newer is needed", a->version);
    if (!ok(f.core_create(&core), "core") || !ok(f.get_devices(core, &d), "devices")) return false;
    for (size_t i = 0; i < d.n && a->n_devices < 8; i++)
        snprintf(a->devices[a->n_devices++], sizeof a->devices[0], "%s", d.names[i]);
    f.devices_free(&d);
    describe_default(a->arithmetic, sizeof a->arithmetic);
    snprintf(a->state, sizeof a->state, "u8, or as the file says (rt_info)");
    return true;
}

static void close_model(void) {
    if (request) f.request_free(request);
    if (compiled) f.compiled_free(compiled);
    request = compiled = NULL;
}

static bool reset(void) {
    if (request) f.request_free(request);
    request = NULL;
    past = 0;
    return ok(f.create_request(compiled, &request), "request");
}

/* Which of the usual inputs of a stateful decoder the model has; another one is not understood. */
static bool look_at_inputs(void) {
    size_t n = 0;
    bool   ids = false;
    has_mask = has_positions = has_beam = false;
    if (!ok(f.inputs_size(compiled, &n), "inputs")) return false;
    for (size_t i = 0; i < n; i++) {
        void *port = NULL;
        char *name = NULL;
        bool  known = true;
        if (!ok(f.input_at(compiled, i, &port), "input")) return false;
        if (!ok(f.port_name(port, &name), "input's name")) return false;
        if (strcmp(name, "input_ids") == 0) ids = true;
        else if (strcmp(name, "attention_mask") == 0) has_mask = true;
        else if (strcmp(name, "position_ids") == 0) has_positions = true;
        else if (strcmp(name, "beam_idx") == 0) has_beam = true;
        else known = fail("unsupported", "input '%.80s': expected input_ids, attention_mask, "
                                         "position_ids, beam_idx of a stateful decoder", name);
        f.free_text(name);
        f.port_free(port);
        if (!known) return false;
    }
    return ids || fail("unsupported", "there is no input 'input_ids'");
}

/* One tensor over our memory into the request; `data` must live until infer(). */
static bool give(const char *name, int type, int64_t rank, const int64_t *dims, void *data) {
    shape s = {0};
    void *t = NULL;
    if (!ok(f.shape_create(rank, dims, &s), "shape")) return false;
    bool done =
        ok(f.tensor_of(type, s, data, &t), name) && ok(f.set_tensor(request, name, t), name);
    if (t) f.tensor_free(t);
    f.shape_free(&s);
    return done;
}

/* The logits [1, n, vocab] of the last infer(); the tensor is the caller's to free. */
static bool take_logits(int n, void **tensor, const float **l, int64_t *vocab) {
    shape s = {0};
    int   type = 0;
    void *p = NULL;
    if (!ok(f.get_tensor(request, "logits", tensor), "logits")) return false;
    if (!ok(f.tensor_shape(*tensor, &s), "logits") ||
        !ok(f.tensor_type(*tensor, &type), "logits") ||
        !ok(f.tensor_data(*tensor, &p), "logits"))
        return false;
    bool fits = s.rank == 3 && s.dims[0] == 1 && s.dims[1] == n && type == TYPE_F32;
    *vocab = s.rank == 3 ? s.dims[2] : 0;
    f.shape_free(&s);
    *l = p;
    return fits ||
           fail("unsupported", "logits: float32 of shape [1, %d, vocabulary] was expected", n);
}

static bool infer(const int32_t *ids, int n) {
    int64_t *buf = calloc((size_t)(2 * n + past + n), sizeof *buf);
    int64_t *id = buf, *pos = buf + n, *mask = buf + 2 * n;
    int32_t  beam = 0;
    int64_t  now[2] = {1, n}, all[2] = {1, past + n}, one[1] = {1};
    if (!buf) return fail("environment", "no memory");
    for (int i = 0; i < n; i++) {
        id[i] = ids[i];
        pos[i] = past + i;
    }
    for (int64_t i = 0; i < past + n; i++) mask[i] = 1;
    bool done = give("input_ids", TYPE_I64, 2, now, id) &&
                (!has_mask || give("attention_mask", TYPE_I64, 2, all, mask)) &&
                (!has_positions || give("position_ids", TYPE_I64, 2, now, pos)) &&
                (!has_beam || give("beam_idx", TYPE_I32, 1, one, &beam)) &&
                ok(f.infer(request), "inference");
    free(buf);
    past += done ? n : 0;
    return done;
}

static bool eval(const int32_t *ids, int n, int rows, float *out) {
    const float *l;
    int64_t      vocab;
    void        *t = NULL;
    if (past + n > n_ctx) return fail("usage", "past the context");
    bool done = infer(ids, n) && take_logits(n, &t, &l, &vocab) &&
                (vocab == n_vocab || fail("internal", "the vocabulary changed its size"));
    if (done) memcpy(out, l + (n - rows) * n_vocab, (size_t)(rows * n_vocab) * sizeof *out);
    if (t) f.tensor_free(t);
    return done;
}

static const char *property(const char *key, char *dst, size_t cap) {
    char *v = NULL;
    snprintf(dst, cap, "unknown");
    if (f.get_property(compiled, key, &v) == 0 && v) {
        snprintf(dst, cap, "%s", v);
        f.free_text(v);
    }
    return dst;
}

/* What it says it does, after the properties were set. */
static void describe(opening *o) {
    char a[64], b[64], c[64];
    snprintf(o->arithmetic, sizeof o->arithmetic,
             "%s, 8-bit activations in groups of %s (0: none) for quantized weights",
             property("INFERENCE_PRECISION_HINT", a, sizeof a),
             property("DYNAMIC_QUANTIZATION_GROUP_SIZE", b, sizeof b));
    snprintf(o->state, sizeof o->state, "%s", property("KV_CACHE_PRECISION", c, sizeof c));
}

static bool compile(const opening *o, const char *path) {
    char threads[16];
    snprintf(threads, sizeof threads, "%d", o->threads);
    if (o->exact)
        return ok(f.compile_file(core, path, "CPU", 10, &compiled, "INFERENCE_NUM_THREADS", threads,
                                 "INFERENCE_PRECISION_HINT", "f32", "KV_CACHE_PRECISION", "f32",
                                 "DYNAMIC_QUANTIZATION_GROUP_SIZE", "0", "PERFORMANCE_HINT",
                                 "LATENCY"),
                  path);
    return ok(f.compile_file(core, path, "CPU", 4, &compiled, "INFERENCE_NUM_THREADS", threads,
                             "PERFORMANCE_HINT", "LATENCY"),
              path);
}

/* The vocabulary's size comes with the first logits. */
static bool probe_vocab(void) {
    const int32_t first = 0;
    const float  *l;
    void         *t = NULL;
    bool          done = reset() && infer(&first, 1) && take_logits(1, &t, &l, &n_vocab);
    if (t) f.tensor_free(t);
    return done && reset();
}

static bool open_model(opening *o) {
    char        path[4096];
    struct stat st;
    bool        dir = stat(o->path, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(path, sizeof path, "%s%s", o->path, dir ? "/openvino_model.xml" : "");
    if (stat(path, &st) != 0) return fail("input", "%.400s is not there", path);
    n_ctx = o->context ? o->context : CONTEXT_MOST;
    if (!compile(o, path) || !look_at_inputs() || !probe_vocab()) {
        close_model();
        return false;
    }
    o->n_vocab = n_vocab;
    o->n_ctx = n_ctx;
    describe(o);
    return true;
}

/* ------------------------------------------------------------------- the tiny question */

static const char tiny[] =
    "<?xml version=\"1.0\"?><net name=\"t\" version=\"11\"><layers>"
    "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\">"
    "<data shape=\"2\" element_type=\"f32\"/><output><port id=\"0\" precision=\"FP32\" names=\"x\">"
    "<dim>2</dim></port></output></layer>"
    "<layer id=\"1\" name=\"y\" type=\"Add\" version=\"opset1\"><data auto_broadcast=\"numpy\"/>"
    "<input><port id=\"0\" precision=\"FP32\"><dim>2</dim></port>"
    "<port id=\"1\" precision=\"FP32\"><dim>2</dim></port></input>"
    "<output><port id=\"2\" precision=\"FP32\" names=\"y\"><dim>2</dim></port></output></layer>"
    "<layer id=\"2\" name=\"r\" type=\"Result\" version=\"opset1\">"
    "<input><port id=\"0\" precision=\"FP32\"><dim>2</dim></port></input></layer></layers>"
    "<edges><edge from-layer=\"0\" from-port=\"0\" to-layer=\"1\" to-port=\"0\"/>"
    "<edge from-layer=\"0\" from-port=\"0\" to-layer=\"1\" to-port=\"1\"/>"
    "<edge from-layer=\"1\" from-port=\"2\" to-layer=\"2\" to-port=\"0\"/></edges></net>";

static bool ask_tiny(void) {
    float         x[2] = {1.5f, -40};
    const int64_t dims[1] = {2};
    void         *t = NULL, *p = NULL;
    bool          done = give("x", TYPE_F32, 1, dims, x) && ok(f.infer(request), "inference") &&
                ok(f.get_tensor(request, "y", &t), "y") && ok(f.tensor_data(t, &p), "y");
    const float *y = p;
    /* Exact in bfloat16, too. */
    if (done && !(y[0] == 3 && y[1] == -80))
        done = fail("internal", "x + x of 1.5 and -40 gave %g and %g", (double)y[0], (double)y[1]);
    if (t) f.tensor_free(t);
    return done;
}

static bool check(void) {
    void *m = NULL;
    bool done = ok(f.read_memory(core, tiny, sizeof tiny - 1, NULL, &m), "a tiny model") &&
                ok(f.compile(core, m, "CPU", 0, &compiled), "a tiny model") && reset() &&
                ask_tiny();
    close_model();
    if (m) f.model_free(m);
    return done;
}

const runtime run_openvino = {"openvino", load, check, open_model, eval, reset, close_model};
