/* fake_llama.c - libraries called libllama.so that are not what they say. -DFAKE=
 *   1 another version   2 the known version, its defaults elsewhere   3 functions missing
 *   4 dies while it is loaded   5 no version at all   6 as it should be, but refuses every model
 *   7 the same, and its struct is far longer than the known one */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if FAKE == 4
__attribute__((constructor)) static void die(void) { raise(SIGKILL); }
#endif
#if FAKE != 5
const char *llama_version(void);
const char *llama_version(void) { return FAKE == 1 ? "9.9.9" : "0.5.7"; }
#endif

#if FAKE != 3
enum { LENGTH = FAKE == 7 ? 900 : 192 };
typedef struct {
    char b[LENGTH];
} params;

static void put(params *p, size_t at, int32_t v) { memcpy(p->b + at, &v, sizeof v); }
static void put_f(params *p, size_t at, float v) { memcpy(p->b + at, &v, sizeof v); }

/* The defaults at the offsets of version 0.5; FAKE 2: all of them four bytes later. */
params llama_model_default_params(void);
params llama_model_default_params(void) {
    params p = {{0}};
    size_t o = FAKE == 2 ? 4 : 0;
    put(&p, o + 16, -1);
    put(&p, o + 20, 1);
    put(&p, o + 24, -1);
    put(&p, o + 28, 1);
    p.b[o + 74] = 1;
    memset(p.b + 80, FAKE == 7 ? 0x55 : 0, LENGTH - 80);
    return p;
}
params llama_context_default_params(void);
params llama_context_default_params(void) {
    params p = {{0}};
    size_t o = FAKE == 2 ? 4 : 0;
    put(&p, o + 0, 512);
    put(&p, o + 4, 2048);
    put(&p, o + 8, 512);
    put(&p, o + 12, 1);
    put(&p, o + 24, 1);
    put(&p, o + 28, 4);
    put(&p, o + 32, 4);
    for (size_t i = 40; i <= 52; i += 4) put(&p, o + i, -1);
    for (size_t i = 64; i <= 76; i += 4) put_f(&p, o + i, -1);
    put_f(&p, o + 84, -1);
    put(&p, o + 104, 1);
    put(&p, o + 108, 1);
    memset(p.b + 160, FAKE == 7 ? 0x55 : 0, LENGTH - 160);
    return p;
}
#define NOTHING(name)                                                          \
    void *name(void);                                                          \
    void *name(void) { return NULL; }
NOTHING(llama_backend_init)
NOTHING(llama_log_set)
NOTHING(llama_model_load_from_file)
NOTHING(llama_model_free)
NOTHING(llama_init_from_model)
NOTHING(llama_free)
NOTHING(llama_model_get_vocab)
NOTHING(llama_vocab_n_tokens)
NOTHING(llama_model_n_ctx_train)
NOTHING(llama_n_ctx)
NOTHING(llama_get_memory)
NOTHING(llama_memory_clear)
NOTHING(llama_decode)
NOTHING(llama_get_logits_ith)
NOTHING(ggml_backend_dev_count)
NOTHING(ggml_backend_dev_get)
NOTHING(ggml_backend_dev_name)
#endif
