/* fuzz_store.c - any bytes as a file of records: refused, or every record of it can be listed and
 * looked for, and one more put in; what was put in is found again. */
#include "scratch.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static pare_status look(void *ctx, const pr_record *r, pare_err *err) {
    uint64_t *sum = ctx;
    (void)err;
    if (r->key && r->kind && r->when) *sum += strlen(r->key) + strlen(r->kind) + strlen(r->when);
    for (size_t i = 0; i < r->text.n; i++) *sum += (uint8_t)r->text.p[i];
    return PARE_OK;
}

static void read_all(pr_store *s) {
    volatile uint64_t keep;
    uint64_t          sum = 0;
    int64_t           n;
    pare_err          e = {0};
    pr_str            text;
    pr_arena         *a = pr_arena_new(64 << 20);
    if (pr_store_list(s, NULL, look, &sum, &e) != PARE_OK && !e.msg[0]) __builtin_trap();
    (void)pr_store_count(s, "eval", &n, &e);
    if (a) (void)pr_store_find(s, key, a, &text, NULL, &e);
    pr_arena_free(a);
    keep = sum;
    (void)keep;
}

static void write_one(pr_store *s) {
    pare_err  e = {0};
    pr_str    text;
    pr_arena *a = pr_arena_new(64 << 20);
    if (a && pr_store_put_again(s, key, "eval", "{\"a\":1}", 7, &e) == PARE_OK &&
        pr_store_find(s, key, a, &text, NULL, &e) == PARE_OK && text.n != 7)
        __builtin_trap();
    pr_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pr_store *s;
    pare_err  e = {0};
    char      path[256];
    scratch("x.db", path);
    scratch_remove("x.db-journal");
    scratch_put("x.db", data, size, 0);
    if (pr_store_open(&s, path, PR_STORE_READ, &e) == PARE_OK) read_all(s);
    else if (!e.msg[0]) __builtin_trap();
    pr_store_close(s);
    e = (pare_err){0};
    if (pr_store_open(&s, path, PR_STORE_WRITE, &e) == PARE_OK) write_one(s);
    else if (!e.msg[0]) __builtin_trap();
    pr_store_close(s);
    return 0;
}
