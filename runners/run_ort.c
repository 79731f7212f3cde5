/* run_ort.c - ONNX Runtime itself, on a decoder with its state as inputs and outputs: input_ids,
 * attention_mask, position_ids (where it has them), past_key_values.* or past.* → present.*.
 *
 * The outputs of a step are the inputs of the next; they are never copied. Names and types are
 * asked from the session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <dirent.h>
#include "onnx.h"

typedef struct {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} api_base;

typedef void *status; /* NULL: done */
/* The function at place `name` of the table, as what it is. */
#define CALL(name, type) ((type)(uintptr_t)api[ORT_##name])

enum { TYPE_F32 = 1, TYPE_I32 = 6, TYPE_I64 = 7, TYPE_F16 = 10, PORTS = 1024, RANK = 8 };

typedef enum { IDS, MASK, POSITIONS, PAST, LOGITS, PRESENT } role;
typedef struct {
    char   *name;
    role    is;
    int     type;
    int     twin;       /* PAST: the output that becomes it */
    size_t  rank;
    int64_t dims[RANK]; /* -1: open */
} port;

static const library where = {.variable = "PARE_ONNXRUNTIME_PATH",
                              .in_package = "onnxruntime/capi/libonnxruntime.so*",
                              .pattern = "libonnxruntime.so*",
                              .sonames = {"libonnxruntime.so.1", "libonnxruntime.so"}};

static const void *const *api;
static void   *env, *session, *cpu, *allocator;
static port    in[PORTS], out_port[PORTS];
static size_t  n_in, n_out;
static void   *state[PORTS]; /* of each PAST input: the value it gets next */
static int64_t n_vocab, n_ctx, past;
static int     logits_at;

/* ------------------------------------------------------------------- the table */

static bool ok(status s, const char *doing) {
    if (!s) return true;
    fail("unsupported", "%.80s: %.500s", doing,
         CALL(GetErrorMessage, const char *(*)(const void *))(s));
    CALL(ReleaseStatus, void (*)(void *))(s);
    return false;
}

static void release(int at, void *p) {
    if (p) ((void (*)(void *))(uintptr_t)api[at])(p);
}

static bool list_providers(about *a) {
    char **names;
    int    n = 0;
    if (!ok(CALL(GetAvailableProviders, status(*)(char ***, int *))(&names, &n), "providers"))
        return false;
    for (int i = 0; i < n && a->n_devices < 8; i++) {
        const char *tail = strstr(names[i], "ExecutionProvider");
        if (strncmp(names[i], "Azure", 5) == 0) continue; /* asks a server: no device of ours */
        snprintf(a->devices[a->n_devices++], sizeof a->devices[0], "%.*s",
                 tail ? (int)(tail - names[i]) : 31, names[i]);
    }
    return ok(CALL(ReleaseAvailableProviders, status(*)(char **, int))(names, n), "providers");
}

bool ort_load(about *a, const char *near) {
    library l = where;
    int     major = 0, minor = 0;
    l.near = near;
    void *lib = library_open(&l, true, a->path), *sym;
    const api_base *(*get_base)(void);
    if (!lib) return false;
    if (!(sym = library_optional(lib, "OrtGetApiBase")))
        return fail("unsupported", "the library has no function OrtGetApiBase");
    memcpy(&get_base, &sym, sizeof sym);
    const api_base *base = get_base();
    snprintf(a->version, sizeof a->version, "%s", base->get_version());
    if (sscanf(a->version, "%d.%d", &major, &minor) != 2 || major != 1 || minor < ORT_API_VERSION)
        return fail("unsupported", "ONNX Runtime %.40s: 1.%d or newer of 1.x is needed", a->version,
                    ORT_API_VERSION);
    if (!(api = base->get_api(ORT_API_VERSION)))
        return fail("unsupported", "ONNX Runtime %.40s has no API of version %d", a->version,
                    ORT_API_VERSION);
    enum { LOG_ERROR = 3 };
    if (!ok(CALL(CreateEnv, status(*)(int, const char *, void **))(LOG_ERROR, "pare", &env), "env"))
        return false;
    /* Only a half of it: what is sent at the start is stopped by the variable that pare sets. */
    ok(CALL(DisableTelemetryEvents, status(*)(const void *))(env), "telemetry");
    if (!ok(CALL(GetAllocatorWithDefaultOptions, status(*)(void **))(&allocator), "allocator") ||
        !ok(CALL(CreateCpuMemoryInfo, status(*)(int, int, void **))(0, 0, &cpu), "memory"))
        return false;
    return list_providers(a);
}

static const char *describe(bool exact) {
    return exact ? "float32; MatMulNBits nodes as their accuracy_level says (4: 8-bit "
                   "activations), "
                   "blocked DequantizeLinear with float32 activations"
                 : "float32; MatMulNBits nodes as their accuracy_level says (4: 8-bit "
                   "activations)";
}

static bool load(about *a) {
    if (!ort_load(a, NULL)) return false;
    snprintf(a->arithmetic, sizeof a->arithmetic, "%s", describe(false));
    snprintf(a->state, sizeof a->state, "as the file's inputs say");
    return true;
}

/* ------------------------------------------------------------------- values */

static bool value_of(int type, const int64_t *dims, size_t rank, void *data, size_t bytes,
                     void **v) {
    if (data)
        return ok(CALL(CreateTensorWithDataAsOrtValue,
                       status(*)(const void *, void *, size_t, const int64_t *, size_t, int,
                                 void **))(cpu, data, bytes, dims, rank, type, v),
                  "a tensor");
    return ok(CALL(CreateTensorAsOrtValue,
                   status(*)(void *, const int64_t *, size_t, int, void **))(allocator, dims, rank,
                                                                            type, v),
              "a tensor");
}

static void *data_of(void *v) {
    void *p = NULL;
    return ok(CALL(GetTensorMutableData, status(*)(void *, void **))(v, &p), "data") ? p : NULL;
}

/* Type and shape of a tensor's info. */
static bool look(const void *info, int *type, size_t *rank, int64_t *dims) {
    if (!ok(CALL(GetTensorElementType, status(*)(const void *, int *))(info, type), "type") ||
        !ok(CALL(GetDimensionsCount, status(*)(const void *, size_t *))(info, rank), "shape"))
        return false;
    if (*rank > RANK) return fail("unsupported", "a tensor of %zu dimensions", *rank);
    return ok(CALL(GetDimensions, status(*)(const void *, int64_t *, size_t))(info, dims, *rank),
              "shape");
}

static bool shape_of(const void *value, int *type, size_t *rank, int64_t *dims) {
    void *info = NULL;
    if (!ok(CALL(GetTensorTypeAndShape, status(*)(const void *, void **))(value, &info), "shape"))
        return false;
    bool done = look(info, type, rank, dims);
    release(ORT_ReleaseTensorTypeAndShapeInfo, info);
    return done;
}

/* ------------------------------------------------------------------- the session's ports */

static bool read_port(size_t i, bool input, port *p) {
    typedef status (*get_name)(const void *, size_t, void *, char **);
    typedef status (*get_type)(const void *, size_t, void **);
    get_name name =
        input ? CALL(SessionGetInputName, get_name) : CALL(SessionGetOutputName, get_name);
    get_type    type = input ? CALL(SessionGetInputTypeInfo, get_type)
                             : CALL(SessionGetOutputTypeInfo, get_type);
    void       *info = NULL;
    const void *tensor = NULL;
    if (!ok(name(session, i, allocator, &p->name), "a name") ||
        !ok(type(session, i, &info), "a type"))
        return false;
    bool done = ok(
        CALL(CastTypeInfoToTensorInfo, status(*)(const void *, const void **))(info, &tensor),
        p->name);
    if (done && !tensor) done = fail("unsupported", "'%.100s' is no tensor", p->name);
    if (done) done = look(tensor, &p->type, &p->rank, p->dims);
    release(ORT_ReleaseTypeInfo, info);
    return done;
}

/* "past_key_values.0.key" and "past.0.key" → "present.0.key"; the same behind "past_" prefixes
 * of other states ("past_conv.0" → "present_conv.0"). */
static bool is_twin(const char *input, const char *output) {
    static const char *const pairs[][2] = {{"past_key_values.", "present."},
                                           {"past_key_values.", "present_key_values."},
                                           {"past.", "present."},
                                           {"past_", "present_"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t a = strlen(pairs[i][0]), b = strlen(pairs[i][1]);
        if (strncmp(input, pairs[i][0], a) == 0 && strncmp(output, pairs[i][1], b) == 0 &&
            strcmp(input + a, output + b) == 0)
            return true;
    }
    return false;
}

static bool role_of_input(port *p) {
    p->twin = -1;
    if (strcmp(p->name, "input_ids") == 0) p->is = IDS;
    else if (strcmp(p->name, "attention_mask") == 0) p->is = MASK;
    else if (strcmp(p->name, "position_ids") == 0) p->is = POSITIONS;
    else {
        p->is = PAST;
        for (size_t j = 0; j < n_out && p->twin < 0; j++)
            if (is_twin(p->name, out_port[j].name)) p->twin = (int)j;
        if (p->twin < 0)
            return fail("unsupported", "input '%.100s': expected input_ids, attention_mask, "
                                       "position_ids, or a past that an output continues", p->name);
    }
    if (p->is != PAST && p->type != TYPE_I64 && p->type != TYPE_I32)
        return fail("unsupported", "input '%.100s' is not of int64 or int32", p->name);
    return true;
}

static bool read_ports(void) {
    typedef status (*get_count)(const void *, size_t *);
    size_t counts[2] = {0, 0};
    bool   ids = false;
    if (!ok(CALL(SessionGetInputCount, get_count)(session, &counts[0]), "inputs") ||
        !ok(CALL(SessionGetOutputCount, get_count)(session, &counts[1]), "outputs"))
        return false;
    if (counts[0] > PORTS || counts[1] > PORTS)
        return fail("unsupported", "%zu inputs and %zu outputs", counts[0], counts[1]);
    logits_at = -1;
    for (n_out = 0; n_out < counts[1]; n_out++) {
        if (!read_port(n_out, false, &out_port[n_out])) return false;
        if (strcmp(out_port[n_out].name, "logits") == 0) logits_at = (int)n_out;
    }
    for (n_in = 0; n_in < counts[0]; n_in++) {
        if (!read_port(n_in, true, &in[n_in]) || !role_of_input(&in[n_in])) return false;
        ids = ids || in[n_in].is == IDS;
    }
    if (!ids || logits_at < 0) return fail("unsupported", "no input_ids, or no output 'logits'");
    return true;
}

static void close_model(void) {
    typedef status (*free_name)(void *, void *);
    for (size_t i = 0; i < n_in; i++) {
        release(ORT_ReleaseValue, state[i]);
        state[i] = NULL;
        if (in[i].name) CALL(AllocatorFree, free_name)(allocator, in[i].name);
    }
    for (size_t i = 0; i < n_out; i++)
        if (out_port[i].name) CALL(AllocatorFree, free_name)(allocator, out_port[i].name);
    n_in = n_out = 0;
    release(ORT_ReleaseSession, session);
    session = NULL;
}

/* An empty past: the batch is 1; of the other open dimensions, the one that grows is 0. A state
 * without an open dimension but the batch (a convolution's) begins as zeros. */
static bool fresh_state(size_t i) {
    int64_t dims[RANK];
    size_t  count = 1;
    for (size_t j = 0; j < in[i].rank; j++) {
        dims[j] = in[i].dims[j] >= 0 ? in[i].dims[j] : j == 0 ? 1 : 0;
        count *= (size_t)dims[j];
    }
    release(ORT_ReleaseValue, state[i]);
    state[i] = NULL;
    if (!value_of(in[i].type, dims, in[i].rank, NULL, 0, &state[i])) return false;
    void *p = count ? data_of(state[i]) : NULL;
    if (p) memset(p, 0, count * (in[i].type == TYPE_F32 ? 4 : in[i].type == TYPE_F16 ? 2 : 1));
    return true;
}

static bool reset(void) {
    past = 0;
    for (size_t i = 0; i < n_in; i++)
        if (in[i].is == PAST && !fresh_state(i)) return false;
    return true;
}

/* ------------------------------------------------------------------- running */

/* ids, positions or a mask as int64 or int32, into `buf`. */
static bool numbers(const port *p, const int32_t *ids, int n, void *buf, void **v) {
    int64_t len = p->is == MASK ? past + n : n, dims[2] = {1, len};
    for (int64_t i = 0; i < len; i++) {
        int64_t x = p->is == IDS ? ids[i] : p->is == MASK ? 1 : past + i;
        if (p->type == TYPE_I64) ((int64_t *)buf)[i] = x;
        else ((int32_t *)buf)[i] = (int32_t)x;
    }
    return value_of(p->type, dims, 2, buf, (size_t)len * (p->type == TYPE_I64 ? 8 : 4), v);
}

typedef status (*run_fn)(void *, const void *, const char *const *, void *const *, size_t,
                         const char *const *, size_t, void **);

/* One run; outputs into `got`, to be released by the caller. */
static bool run(const int32_t *ids, int n, void **got) {
    static const char *in_names[PORTS], *out_names[PORTS];
    static void       *given[PORTS];
    int64_t           *room = calloc((size_t)(3 * (past + n)), sizeof *room), *at = room;
    bool               done = room || fail("environment", "no memory");
    for (size_t i = 0; i < n_in; i++) {
        in_names[i] = in[i].name;
        given[i] = in[i].is == PAST ? state[i] : NULL;
        if (in[i].is == PAST || !done) continue;
        done = numbers(&in[i], ids, n, at, &given[i]);
        at += past + n;
    }
    for (size_t j = 0; j < n_out; j++) {
        out_names[j] = out_port[j].name;
        got[j] = NULL;
    }
    if (done)
        done = ok(CALL(Run, run_fn)(session, NULL, in_names, given, n_in, out_names, n_out, got),
                  "run");
    for (size_t i = 0; i < n_in; i++)
        if (in[i].is != PAST) release(ORT_ReleaseValue, given[i]);
    free(room);
    return done;
}

/* The last `rows` of logits [1, t, vocab], t = n (or 1 where only the last is given). */
static bool take_logits(void *value, int n, int rows, float *out) {
    int     type;
    size_t  rank;
    int64_t d[RANK];
    if (!shape_of(value, &type, &rank, d)) return false;
    if (rank != 3 || d[0] != 1 || (d[1] != n && !(d[1] == 1 && rows <= 1)) ||
        (type != TYPE_F32 && type != TYPE_F16))
        return fail("unsupported", "logits: float of shape [1, %d, vocabulary] was expected", n);
    if (!out) return n_vocab = d[2], true;
    if (d[2] != n_vocab) return fail("internal", "the vocabulary changed its size");
    const char *p = data_of(value);
    if (!p) return false;
    size_t skip = (size_t)((d[1] - rows) * n_vocab), count = (size_t)(rows * n_vocab);
    if (type == TYPE_F32) memcpy(out, (const float *)(const void *)p + skip, count * sizeof *out);
    else
        for (size_t i = 0; i < count; i++)
            out[i] = from_f16(((const uint16_t *)(const void *)p)[skip + i]);
    return true;
}

static bool step(const int32_t *ids, int n, int rows, float *out) {
    static void *got[PORTS];
    bool         done = run(ids, n, got) && take_logits(got[logits_at], n, rows, out);
    for (size_t i = 0; done && i < n_in; i++) {
        if (in[i].is != PAST) continue;
        release(ORT_ReleaseValue, state[i]);
        state[i] = got[in[i].twin];
        got[in[i].twin] = NULL;
    }
    for (size_t j = 0; j < n_out; j++) release(ORT_ReleaseValue, got[j]);
    if (done) past += n;
    return done;
}

static bool eval(const int32_t *ids, int n, int rows, float *out) {
    if (past + n > n_ctx) return fail("usage", "past the context");
    return step(ids, n, rows, out);
}

/* ------------------------------------------------------------------- opening */

static bool make_options(int threads, bool exact, void **options) {
    typedef status (*set)(void *, const char *, const char *);
    if (!ok(CALL(CreateSessionOptions, status(*)(void **))(options), "options")) return false;
    if (!ok(CALL(SetIntraOpNumThreads, status(*)(void *, int))(*options, threads), "threads"))
        return false;
    if (!exact) return true;
    return ok(CALL(AddSessionConfigEntry, set)(*options, "session.qdq_matmulnbits_accuracy_level",
                                               "1"),
              "options");
}

static bool ends_in(const char *s, const char *tail) {
    size_t n = strlen(s), k = strlen(tail);
    return n >= k && strcmp(s + n - k, tail) == 0;
}

/* The file itself, or the only .onnx (or model.onnx) of a folder. */
static bool model_file(const char *given, char *path) {
    struct stat    st;
    DIR           *d;
    struct dirent *e;
    int            found = 0;
    snprintf(path, 4096, "%s", given);
    if (stat(given, &st) != 0 || !S_ISDIR(st.st_mode)) return true;
    snprintf(path, 4096, "%s/model.onnx", given);
    if (stat(path, &st) == 0) return true;
    if (!(d = opendir(given))) return fail("input", "%.300s cannot be read", given);
    while ((e = readdir(d)))
        if (ends_in(e->d_name, ".onnx") && ++found == 1)
            snprintf(path, 4096, "%.3000s/%.255s", given, e->d_name);
    closedir(d);
    return found == 1 || fail("input", "%.300s has %d .onnx files: name one", given, found);
}

static bool open_model(opening *o) {
    typedef status (*create)(const void *, const char *, const void *, void **);
    char          path[4096];
    void         *options = NULL;
    const int32_t first = 0;
    n_ctx = o->context ? o->context : CONTEXT_MOST;
    bool done = model_file(o->path, path) && make_options(o->threads, o->exact, &options) &&
                ok(CALL(CreateSession, create)(env, path, options, &session), "the model");
    release(ORT_ReleaseSessionOptions, options);
    /* One token tells the size of the vocabulary. */
    if (!done || !read_ports() || !reset() || !step(&first, 1, 1, NULL) || !reset()) {
        close_model();
        return false;
    }
    o->n_vocab = n_vocab;
    o->n_ctx = n_ctx;
    snprintf(o->arithmetic, sizeof o->arithmetic, "%s", describe(o->exact));
    const char *kind = "none";
    for (size_t i = 0; i < n_in; i++)
        if (in[i].is == PAST)
            kind = in[i].type == TYPE_F32 ? "f32" : in[i].type == TYPE_F16 ? "f16" : "8-bit";
    snprintf(o->state, sizeof o->state, "%s", kind);
    return true;
}

/* ------------------------------------------------------------------- the tiny question */

/* ONNX, IR 8, opset 13: y = Add(x, x), float[2]. */
static const unsigned char tiny[] =
    "\x08\x08\x12\x00\x3a\x35\x0a\x0e\x0a\x01x\x0a\x01x\x12\x01y\"\x03"
    "Add\x12\x01tZ\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a"
    "\x02\x08\x02\x62\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a"
    "\x02\x08\x02\x42\x04\x0a\x00\x10\x0d";

static bool ask_tiny(void) {
    static const char *const x_name[] = {"x"}, *const y_name[] = {"y"};
    float                    x[2] = {1.5f, -40};
    const int64_t            dims[1] = {2};
    void                    *vx = NULL, *vy = NULL;
    float                   *y = NULL;
    bool                     done = value_of(TYPE_F32, dims, 1, x, sizeof x, &vx) &&
                ok(CALL(Run, run_fn)(session, NULL, x_name, &vx, 1, y_name, 1, &vy), "run") &&
                (y = data_of(vy)) != NULL;
    if (done && !(y[0] == 3 && y[1] == -80))
        done = fail("internal", "x + x of 1.5 and -40 gave %g and %g", (double)y[0], (double)y[1]);
    release(ORT_ReleaseValue, vx);
    release(ORT_ReleaseValue, vy);
    return done;
}

bool ort_check(void) {
    typedef status (*create)(const void *, const void *, size_t, const void *, void **);
    void *options = NULL;
    bool  done = make_options(1, true, &options) &&
                ok(CALL(CreateSessionFromArray, create)(env, tiny, sizeof tiny - 1, options,
                                                        &session),
                   "a tiny model") &&
                ask_tiny();
    release(ORT_ReleaseSessionOptions, options);
    release(ORT_ReleaseSession, session);
    session = NULL;
    return done;
}

const runtime run_ort = {"onnxruntime", load, ort_check, open_model, eval, reset, close_model};
