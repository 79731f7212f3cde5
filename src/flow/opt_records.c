/* opt_records.c - what was made or measured, kept under keys that name all it depends on. */
#include "opt.h"

pare_status opt_find(opt_job *j, const char key[65], pr_str *text, pare_err *err) {
    return pr_store_find(j->store, key, j->a, text, err);
}

pare_status opt_put(opt_job *j, const char key[65], const char *kind, const pare_doc *doc,
                    pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, 64 << 20);
    pare_status st = pr_doc_put(doc, 0, &b, err);
    if (st == PARE_OK) st = pr_store_put_again(j->store, key, kind, b.p, b.n, err);
    pr_buf_done(&b);
    return st;
}
