/* run_llama.c - llama.cpp, through libllama.
 *
 * Its parameters are structs handed over by value, and they change between versions. So the version
 * decides first (LAYOUTS below: what was compared with that version's header), and then the default
 * values are looked at in their places: both must be as known. The structs are passed inside
 * unions that are larger than any of them, so that a longer one cannot write past ours before
 * that is seen; a struct of that size goes through memory on x86-64 and AArch64 alike, where the
 * callee looks at its own part only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "helper.h"

/* llama_model_params and llama_context_params of 0.5 */
typedef struct {
    void       *devices;
    const void *tensor_buft_overrides;
    int32_t     n_gpu_layers, split_mode, load_mode, lazy_mode, main_gpu;
    const float *tensor_split;
    void        *progress_callback, *progress_callback_user_data;
    const void  *kv_overrides;
    bool         vocab_only, check_tensors, use_extra_bufts, no_host, no_alloc, load_mtp;
} model_params;

typedef struct {
    uint32_t n_ctx, n_batch, n_ubatch, n_seq_max, n_rs_seq, n_outputs_max, n_outputs_max_per_seq;
    int32_t  n_threads, n_threads_batch;
    int32_t  ctx_type, rope_scaling_type, pooling_type, attention_type, flash_attn_type;
    float    rope_freq_base, rope_freq_scale;
    float    yarn_ext_factor, yarn_attn_factor, yarn_beta_fast, yarn_beta_slow;
    uint32_t yarn_orig_ctx;
    float    defrag_thold;
    void    *cb_eval, *cb_eval_user_data;
    int32_t  type_k, type_v;
    void    *abort_callback, *abort_callback_data;
    bool     embeddings, offload_kqv, no_perf, op_offload, swa_full, kv_unified;
    void    *samplers;
    size_t   n_samplers;
    void    *ctx_other;
} context_params;

typedef union {
    model_params p;
    char         room[1024];
} model_room;
typedef union {
    context_params p;
    char           room[1024];
} context_room;

typedef struct {
    int32_t   n_tokens;
    int32_t  *token;
    float    *embd;
    int32_t  *pos, *n_seq_id, **seq_id;
    int8_t   *logits;
} batch;

static const char *const LAYOUTS[] = {"0.5."};

static const library where = {.variable = "PARE_LLAMA_PATH",
                              .in_package = "llama_cpp/lib/libllama.so*",
                              .pattern = "libllama.so*",
                              .sonames = {"libllama.so", "libllama.so.0"}};

static const char *const names[] = {"llama_backend_init",
                                    "llama_log_set",
                                    "llama_model_default_params",
                                    "llama_context_default_params",
                                    "llama_model_load_from_file",
                                    "llama_model_free",
                                    "llama_init_from_model",
                                    "llama_free",
                                    "llama_model_get_vocab",
                                    "llama_vocab_n_tokens",
                                    "llama_model_n_ctx_train",
                                    "llama_n_ctx",
                                    "llama_get_memory",
                                    "llama_memory_clear",
                                    "llama_decode",
                                    "llama_get_logits_ith",
                                    "ggml_backend_dev_count",
                                    "ggml_backend_dev_get",
                                    "ggml_backend_dev_name",
                                    NULL};
static struct {
    void (*backend_init)(void);
    void (*log_set)(void (*)(int, const char *, void *), void *);
    model_room (*model_default_params)(void);
    context_room (*context_default_params)(void);
    void *(*model_load_from_file)(const char *, model_room);
    void (*model_free)(void *);
    void *(*init_from_model)(void *, context_room);
    void (*free)(void *);
    const void *(*model_get_vocab)(const void *);
    int32_t (*vocab_n_tokens)(const void *);
    int32_t (*model_n_ctx_train)(const void *);
    uint32_t (*n_ctx)(const void *);
    void *(*get_memory)(const void *);
    void (*memory_clear)(void *, bool);
    int32_t (*decode)(void *, batch);
    float *(*get_logits_ith)(void *, int32_t);
    size_t (*dev_count)(void);
    void *(*dev_get)(size_t);
    const char *(*dev_name)(void *);
} f;

enum { TYPE_F32 = 0, TYPE_F16 = 1, BATCH = 512, LOG_ERROR = 4 };

static void   *model, *context;
static int64_t n_vocab;
static int     n_batch;
static char    first_error[300];

static void on_log(int level, const char *text, void *user) {
    if (level < LOG_ERROR || !text || !*text) return;
    fputs(text, stderr);
    if (first_error[0]) return; /* the first one is the cause */
    snprintf(first_error, sizeof first_error, "%.*s", (int)strcspn(text, "\n"), text);
}

/* ------------------------------------------------------------------- loading */

static bool known_version(const char *v) {
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++)
        if (strncmp(v, LAYOUTS[i], strlen(LAYOUTS[i])) == 0) return true;
    return fail("unsupported",
                "libllama %.40s: pare knows the parameter structs of %s0 to %s* only", v,
                LAYOUTS[0], LAYOUTS[sizeof LAYOUTS / sizeof *LAYOUTS - 1]);
}

/* Do the defaults stand where the layout puts them? */
static bool known_defaults(void) {
    model_room        m;
    context_room      c;
    memset(&m, 0, sizeof m);
    memset(&c, 0, sizeof c);
    m = f.model_default_params();
    c = f.context_default_params();
    bool ok = c.p.n_ctx == 512 && c.p.n_batch == 2048 && c.p.n_ubatch == 512 && c.p.n_seq_max == 1;
    ok = ok && c.p.n_threads == 4 && c.p.n_threads_batch == 4 && c.p.rope_scaling_type == -1;
    ok = ok && c.p.pooling_type == -1 && c.p.attention_type == -1 && c.p.flash_attn_type == -1;
    ok = ok && c.p.yarn_ext_factor == -1 && c.p.yarn_beta_slow == -1 && c.p.defrag_thold == -1;
    ok = ok && c.p.type_k == TYPE_F16 && c.p.type_v == TYPE_F16 && !c.p.embeddings;
    ok = ok && !c.p.samplers && !c.p.n_samplers && !c.p.ctx_other;
    ok = ok && m.p.n_gpu_layers == -1 && m.p.split_mode == 1 && m.p.load_mode == -1;
    ok = ok && m.p.lazy_mode == 1 && m.p.main_gpu == 0 && !m.p.kv_overrides && !m.p.tensor_split;
    ok = ok && !m.p.vocab_only && m.p.use_extra_bufts && !m.p.no_alloc && !m.p.load_mtp;
    return ok || fail("unsupported", "this libllama's default parameters are not where its "
                                     "version's layout puts them");
}

/* A build whose backends are files of their own needs to be told to load them. */
static void load_backends(void *lib, const char *path) {
    void *sym = library_optional(lib, "ggml_backend_load_all_from_path");
    char  dir[4096], *slash;
    snprintf(dir, sizeof dir, "%s", path);
    if (f.dev_count() || !sym || !(slash = strrchr(dir, '/'))) return;
    *slash = 0;
    void (*load_all)(const char *);
    memcpy(&load_all, &sym, sizeof sym);
    load_all(dir);
}

static const char *default_arithmetic(void) {
    return "activations rounded to the weights' type: F16 weights take F16, quantized ones 8-bit "
           "blocks; sums in float32";
}

static bool load(about *a) {
    void *lib = library_open(&where, false, a->path), *sym;
    const char *(*version)(void);
    if (!lib) return false;
    if (!(sym = library_optional(lib, "llama_version")))
        return fail("unsupported", "this libllama is older than its first version number");
    memcpy(&version, &sym, sizeof sym);
    snprintf(a->version, sizeof a->version, "%s", version());
    if (!known_version(a->version)) return false;
    if (!library_functions(lib, names, (void **)&f)) return false;
    f.log_set(on_log, NULL);
    f.backend_init();
    if (!known_defaults()) return false;
    load_backends(lib, a->path);
    for (size_t i = 0; i < f.dev_count() && a->n_devices < 8; i++)
        snprintf(a->devices[a->n_devices++], sizeof a->devices[0], "%s", f.dev_name(f.dev_get(i)));
    snprintf(a->arithmetic, sizeof a->arithmetic, "%s", default_arithmetic());
    snprintf(a->state, sizeof a->state, "f16");
    return true;
}

/* ------------------------------------------------------------------- one model */

static void close_model(void) {
    if (context) f.free(context);
    if (model) f.model_free(model);
    context = model = NULL;
}

static bool open_model(opening *o) {
    model_room   m = f.model_default_params();
    context_room c = f.context_default_params();
    first_error[0] = 0;
    m.p.n_gpu_layers = 0;
    if (o->exact) m.p.use_extra_bufts = false;
    if (!(model = f.model_load_from_file(o->path, m)))
        return fail("input", "does not load %s: %s", o->path, first_error);
    int64_t n = f.model_n_ctx_train(model);
    o->n_ctx = o->context ? o->context : n < CONTEXT_MOST ? n : CONTEXT_MOST;
    n_batch = o->n_ctx < BATCH ? (int)o->n_ctx : BATCH;
    c.p.n_ctx = (uint32_t)o->n_ctx;
    c.p.n_batch = c.p.n_ubatch = (uint32_t)n_batch;
    c.p.n_outputs_max = c.p.n_outputs_max_per_seq = (uint32_t)n_batch;
    c.p.n_threads = c.p.n_threads_batch = o->threads;
    c.p.offload_kqv = c.p.op_offload = false;
    if (o->exact) {
        c.p.type_k = c.p.type_v = TYPE_F32;
        c.p.flash_attn_type = 0;
    }
    if (!(context = f.init_from_model(model, c))) {
        close_model();
        return fail("unsupported", "makes no context of %lld: %s", (long long)o->n_ctx,
                    first_error);
    }
    o->n_vocab = n_vocab = f.vocab_n_tokens(f.model_get_vocab(model));
    snprintf(o->arithmetic, sizeof o->arithmetic, "%s%s", default_arithmetic(),
             o->exact ? "; no repacked weights, no flash attention" : "");
    snprintf(o->state, sizeof o->state, "%s", o->exact ? "f32" : "f16");
    return true;
}

/* Those of the last `rows` tokens are wanted; `left` follow after this piece. */
static bool decode(const int32_t *ids, int n, int left, int rows, float **out) {
    static int32_t token[BATCH];
    static int8_t  wanted[BATCH];
    memcpy(token, ids, (size_t)n * sizeof *token);
    for (int i = 0; i < n; i++) wanted[i] = left + n - i <= rows;
    int32_t st = f.decode(context, (batch){.n_tokens = n, .token = token, .logits = wanted});
    if (st != 0) return fail(st == 1 ? "input" : "internal", "llama_decode: status %d", (int)st);
    for (int i = 0; i < n; i++) {
        if (!wanted[i]) continue;
        const float *l = f.get_logits_ith(context, i);
        if (!l) return fail("internal", "no logits of token %d", i);
        memcpy(*out, l, (size_t)n_vocab * sizeof *l);
        *out += n_vocab;
    }
    return true;
}

static bool eval(const int32_t *ids, int n, int rows, float *out) {
    for (int at = 0, k; at < n; at += k) {
        k = n - at < n_batch ? n - at : n_batch;
        if (!decode(ids + at, k, n - at - k, rows, &out)) return false;
    }
    return true;
}

static bool reset(void) {
    f.memory_clear(f.get_memory(context), true);
    return true;
}

/* ------------------------------------------------------------------- the tiny question */

/* A llama of one block whose weights are zero: what comes out depends only on the embedding row of
 * the last token (32 values, a one at its id) and the head (a one at row id + 1). So the logit of
 * id + 1 is sqrt(32), all others are 0. */
enum { TINY_VOCAB = 8, TINY_WIDTH = 32, TINY_BYTES = 65536 };

typedef struct {
    uint8_t  b[TINY_BYTES];
    size_t   n;
    uint64_t offset; /* of the next tensor's data */
} gguf;

static void add(gguf *g, const void *p, size_t n) {
    memcpy(g->b + g->n, p, n);
    g->n += n;
}
static void add_u32(gguf *g, uint32_t v) { add(g, &v, 4); }
static void add_u64(gguf *g, uint64_t v) { add(g, &v, 8); }
static void add_str(gguf *g, const char *s) {
    add_u64(g, strlen(s));
    add(g, s, strlen(s));
}
static void key_u32(gguf *g, const char *key, uint32_t v) {
    add_str(g, key);
    add_u32(g, 4);
    add_u32(g, v);
}
static void key_f32(gguf *g, const char *key, float v) {
    add_str(g, key);
    add_u32(g, 6);
    add(g, &v, 4);
}
static void key_str(gguf *g, const char *key, const char *v) {
    add_str(g, key);
    add_u32(g, 8);
    add_str(g, v);
}
static void tensor(gguf *g, const char *name, uint64_t cols, uint64_t rows) {
    add_str(g, name);
    add_u32(g, rows ? 2 : 1);
    add_u64(g, cols);
    if (rows) add_u64(g, rows);
    add_u32(g, TYPE_F32);
    add_u64(g, g->offset);
    g->offset += 4 * cols * (rows ? rows : 1); /* all are multiples of 32 bytes */
}
static void data(gguf *g, int cols, int rows, int shift, float diagonal, float rest) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) {
            float v = j == (i + shift) % TINY_VOCAB ? diagonal : rest;
            add(g, &v, 4);
        }
}

static void build_tiny(gguf *g) {
    static const char *const square[] = {"attn_q", "attn_k", "attn_v", "attn_output",
                                         "ffn_gate", "ffn_up", "ffn_down"};
    char name[64];
    memset(g, 0, sizeof *g);
    add(g, "GGUF", 4);
    add_u32(g, 3);
    add_u64(g, 12);
    add_u64(g, 10);
    key_str(g, "general.architecture", "llama");
    key_u32(g, "llama.block_count", 1);
    key_u32(g, "llama.context_length", 64);
    key_u32(g, "llama.embedding_length", TINY_WIDTH);
    key_u32(g, "llama.feed_forward_length", TINY_WIDTH);
    key_u32(g, "llama.attention.head_count", 1);
    key_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
    key_u32(g, "llama.vocab_size", TINY_VOCAB);
    key_str(g, "tokenizer.ggml.model", "none");
    key_u32(g, "general.alignment", 32);
    tensor(g, "token_embd.weight", TINY_WIDTH, TINY_VOCAB);
    tensor(g, "output.weight", TINY_WIDTH, TINY_VOCAB);
    tensor(g, "output_norm.weight", TINY_WIDTH, 0);
    tensor(g, "blk.0.attn_norm.weight", TINY_WIDTH, 0);
    tensor(g, "blk.0.ffn_norm.weight", TINY_WIDTH, 0);
    for (int i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "blk.0.%s.weight", square[i]);
        tensor(g, name, TINY_WIDTH, TINY_WIDTH);
    }
    g->n = (g->n + 31) / 32 * 32;
    data(g, TINY_WIDTH, TINY_VOCAB, 0, 1, 0);
    data(g, TINY_WIDTH, TINY_VOCAB, TINY_VOCAB - 1, 1, 0);
    data(g, TINY_WIDTH, 3, 0, 1, 1);
    data(g, TINY_WIDTH, 7 * TINY_WIDTH, 0, 0, 0);
}

static bool right_answer(void) {
    static const int32_t ids[] = {3, 5};
    float                l[2 * TINY_VOCAB];
    if (!eval(ids, 2, 2, l)) return false;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < TINY_VOCAB; j++) {
            float want = j == ids[i] + 1 ? 5.656854f : 0, d = l[i * TINY_VOCAB + j] - want;
            if (!(d < 1e-3f && d > -1e-3f)) /* 2e-4 of it: more than any summation order makes */
                return fail("internal", "a tiny model gave logit %g in place of %g",
                            (double)l[i * TINY_VOCAB + j], (double)want);
        }
    return true;
}

static bool check(void) {
    static gguf g;
    char        path[64];
    opening     o = {.path = path, .threads = 1, .exact = true};
    int         fd = memfd_create("tiny", MFD_CLOEXEC);
    build_tiny(&g);
    if (fd < 0 || write(fd, g.b, g.n) != (ssize_t)g.n) return fail("environment", "no memory file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool ok = open_model(&o) && right_answer();
    close_model();
    close(fd);
    return ok;
}

const runtime run_llama = {"llama.cpp", load, check, open_model, eval, reset, close_model};
