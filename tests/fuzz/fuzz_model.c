/* fuzz_model.c - a model opened and assessed. An input that begins with "GGUF" is such a file.
 * Any other is texts, apart by lines "%%": config.json, the weights ("name type size size", one
 * a line: their header is made of that, their values are 0), tokenizer.json,
 * tokenizer_config.json, generation_config.json; an empty one is no file. So the fuzzer need not
 * find sizes and offsets that agree. What opens must be assessed and spelt in every dialect. */
#include "model/model.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WEIGHTS_MAX = 4 << 20 };

static const char *const parts[] = {"hf/config.json", "", "hf/tokenizer.json",
                                    "hf/tokenizer_config.json", "hf/generation_config.json"};

/* One line: its entry in the header; false: not such a line. */
static bool put_weight(pr_buf *header, pr_str line, uint64_t *at) {
    char     name[128], type[16];
    unsigned dim[2];
    char     text[256];
    pr_type  t;
    snprintf(text, sizeof text, "%.*s", (int)PR_MIN(line.n, (size_t)255), line.p);
    int n = sscanf(text, "%127s %15s %u %u", name, type, &dim[0], &dim[1]) - 2;
    if (n < 1 || !pr_type_from_safetensors(pr_str_of(type), &t)) return false;
    uint64_t bytes = (uint64_t)pr_type_get(t)->bytes * dim[0];
    if (n == 2 && !pr_mul_u64(bytes, dim[1], &bytes)) return false;
    if (bytes > WEIGHTS_MAX || *at + bytes > WEIGHTS_MAX) return false;
    pr_buf_printf(header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%u", header->n > 8 + 1 ? "," : "",
                  name, type, dim[0]);
    if (n == 2) pr_buf_printf(header, ",%u", dim[1]);
    pr_buf_printf(header, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*at,
                  (unsigned long long)(*at + bytes));
    *at += bytes;
    return true;
}

static void put_weights(pr_str lines) {
    pr_buf   h;
    uint64_t at = 0, n = 0;
    pr_buf_init(&h, 1 << 20);
    pr_buf_add(&h, &n, sizeof n);
    pr_buf_add(&h, "{", 1);
    while (lines.n) {
        const char *end = memchr(lines.p, '\n', lines.n);
        size_t      len = end ? (size_t)(end - lines.p) : lines.n;
        put_weight(&h, (pr_str){lines.p, len}, &at);
        len += end != NULL;
        lines = (pr_str){lines.p + len, lines.n - len};
    }
    pr_buf_add(&h, "}", 1);
    n = h.n - sizeof n;
    memcpy(h.p, &n, sizeof n);
    scratch_put("hf/model.safetensors", h.p, h.n, (size_t)at);
    pr_buf_done(&h);
}

static void lay_out(const uint8_t *data, size_t size) {
    pr_str rest = {(const char *)data, size};
    char   path[256];
    mkdir(scratch("hf", path), 0700);
    for (size_t i = 0; i < PR_COUNT(parts); i++) {
        const char *end = rest.n ? memmem(rest.p, rest.n, "\n%%\n", 4) : NULL;
        size_t      len = end ? (size_t)(end - rest.p) : rest.n;
        if (!*parts[i]) put_weights((pr_str){rest.p, len});
        else if (len) scratch_put(parts[i], rest.p, len, 0);
        else scratch_remove(parts[i]);
        len += end ? 4 : 0;
        rest = (pr_str){rest.p + len, rest.n - len};
    }
}

static void spell(const pr_model *m) {
    for (int i = 0; i < m->n_weights; i++) {
        for (int d = 0; d < PR_DIALECT_N; d++) {
            char  name[128];
            pr_xf xf;
            int   d_head;
            (void)pr_model_spell(m, (pr_dialect)d, m->weights[i].id, name, &xf, &d_head);
        }
        for (int64_t r = 0; r < PR_MIN(m->weights[i].rows, (int64_t)64); r++) {
            int64_t at = pr_weight_stored_row(&m->weights[i], r);
            if (at < 0 || at >= m->weights[i].rows) __builtin_trap();
        }
    }
}

static void use(const pr_model *m) {
    pare_doc *doc;
    pare_err  e = {0};
    if (pare_assess(m, 1, NULL, &doc, &e) == PARE_OK) {
        char  *text;
        size_t n;
        if (pare_doc_text(doc, 2, &text, &n, &e) == PARE_OK) pare_doc_text_free(text);
        pare_doc_free(doc);
    } else if (!e.msg[0]) {
        __builtin_trap();
    }
    spell(m);
    if (!m->tok) return;
    static const char text[] = "a ab  b<s>\n\xE2\x96\x81 12 \xC3\xA9 don't";
    pr_ids            ids = {0};
    pr_buf            b;
    pr_buf_init(&b, 1 << 20);
    if (pr_encode(m->tok, text, sizeof text - 1, PR_ENCODE_ADD, &ids, NULL) == PARE_OK)
        (void)pr_decode(m->tok, ids.p, ids.n, false, &b, NULL);
    pr_buf_done(&b);
    pr_ids_done(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pr_model *m;
    pare_err  e = {0};
    char      path[256];
    bool      gguf = size >= 4 && memcmp(data, "GGUF", 4) == 0;
    if (gguf) scratch_put("x.gguf", data, size, 0);
    else lay_out(data, size);
    if (pr_model_open(&m, scratch(gguf ? "x.gguf" : "hf", path), &e) == PARE_OK) use(m);
    else if (!e.msg[0]) __builtin_trap();
    pr_model_close(m);
    return 0;
}
