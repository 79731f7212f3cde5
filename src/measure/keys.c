/* keys.c - what a measurement depends on, as the key of its record. */
#include "keys.h"
#include "pare_code.h"
#include "store/store.h"

/* NULL has a value of its own, unlike any hash. */
static void key_sha(pr_key *k, const char *name, const pr_sha256 *h) {
    if (h) pr_key_sha(k, name, h);
    else pr_key_str(k, name, NULL);
}

pare_status pr_eval_key(const pr_sha256 *model, const pr_sha256 *ref, const pr_sha256 *text,
                        const pr_eval_opts *o, char key[65], pare_err *err) {
    pr_key k;
    if (o->window <= 0)
        return pr_fail(err, PARE_EUSAGE, -1, "the key of an evaluation needs its window");
    pr_key_begin(&k, "eval", PARE_CODE);
    key_sha(&k, "model", model);
    key_sha(&k, "reference", ref);
    key_sha(&k, "text", text);
    pr_key_i64(&k, "window", o->window);
    pr_key_i64(&k, "windows", o->n_windows);
    pr_key_i64(&k, "state", o->state);
    pr_key_bool(&k, "exact", o->exact);
    pr_key_str(&k, "separator", o->separator);
    pr_key_bool(&k, "whole", o->whole_documents);
    return pr_key_end(&k, key, err);
}
