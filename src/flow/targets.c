/* targets.c - include/pare/hw.h: targets, as documents and as files. */
#include "flow.h"
#include "pare/hw.h"
#include "target/target.h"

enum { ARENA = 16 << 20 };

static pare_status target_doc(const pr_target *t, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b);
    pr_doc_set_i64(&b, d, "schema", 1);
    pr_target_doc(t, &b, d);
    return pr_doc_done(&b, d, out, err);
}

pare_status pare_target(const char *name_or_path, pare_doc **out, pare_err *err) {
    pr_target t;
    pr_arena *a = pr_arena_new(ARENA);
    *out = NULL;
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_target_read(name_or_path, a, &t, err);
    if (st == PARE_OK) st = target_doc(&t, out, err);
    pr_arena_free(a);
    return st;
}

static pare_status list_shipped(pr_arena *a, pr_doc_build *b, pare_doc *list, pare_err *err) {
    const char *name;
    pr_str      text;
    for (size_t i = 0; pr_target_shipped(i, &name, &text); i++) {
        pr_target t;
        PR_TRY(pr_target_parse(text, name, a, &t, err));
        pare_doc *o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "name", t.name);
        pr_doc_set_str(b, o, "about", t.about);
        pr_doc_set_str(b, o, "platform", pr_platform_name(t.platform));
        pr_doc_set_str(b, o, "kind", t.kind);
    }
    return PARE_OK;
}

pare_status pare_targets(pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pr_arena    *a = pr_arena_new(ARENA);
    *out = NULL;
    if (!a) return pr_fail_nomem(err, 4096);
    pare_doc   *list = pr_doc_array(&b);
    pare_status st = list_shipped(a, &b, list, err);
    if (st == PARE_OK) st = pr_doc_done(&b, list, out, err);
    else pare_doc_free(list);
    pr_arena_free(a);
    return st;
}

/* "out/my box.yaml" → "my-box". */
static const char *name_of(const char *path, pr_arena *a) {
    const char *base = pr_path_base(path), *dot = strrchr(base, '.');
    char       *name = pr_arena_str(a, base, PR_MIN(dot && dot > base ? (size_t)(dot - base)
                                                                : strlen(base), (size_t)64));
    for (char *p = name; p && *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", *p))
            *p = '-';
    return name && *name ? name : "this-machine";
}

static pare_status save(const char *root, const char *path, pr_arena *a, pare_err *err) {
    pr_hw     hw;
    pr_target t;
    pr_buf    b;
    if (root) {
        PR_TRY(pr_hw_read(root, &hw, a, err));
        PR_TRY(pr_target_of_hw(&hw, a, &t, err));
    } else
        PR_TRY(pr_target_here(a, &t, err));
    t.name = name_of(path, a);
    pr_buf_init(&b, PR_TARGET_BYTES_MAX);
    pr_buf_puts(
        &b, "# Written by pare hw --save-target; docs/hardware.md says what can stand here.\n");
    pr_target_put(&t, &b);
    pare_status st = b.failed ? pr_fail_nomem(err, b.n) : pr_file_write(path, b.p, b.n, err);
    pr_buf_done(&b);
    return st;
}

pare_status pare_target_save(const char *root, const char *path, pare_err *err) {
    pr_arena *a = pr_arena_new(ARENA);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = save(root, path, a, err);
    pr_arena_free(a);
    return st;
}
