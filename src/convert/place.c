/* place.c - a file of many tensors, each at its own place. */
#include "convert.h"

uint64_t pr_blob_place(pr_blob *b, uint64_t bytes) {
    uint64_t mask = b->align - 1, at = (b->bytes + mask) & ~mask;
    b->bytes = at + bytes;
    return at;
}

pare_status pr_blob_open(pr_blob *b, const char *path, pare_err *err) {
    return pr_out_open(&b->out, path, err);
}

pare_status pr_blob_commit(pr_blob *b, pare_err *err) {
    pr_out *out = b->out;
    b->out = NULL;
    return pr_out_commit(out, err);
}

void pr_blob_discard(pr_blob *b) {
    if (b->out) pr_out_discard(b->out);
    b->out = NULL;
}

pare_status pr_place_put(void *place, const void *p, size_t n, pare_err *err) {
    pr_place *x = place;
    PR_TRY(pr_out_pwrite(x->blob->out, x->at, p, n, err));
    x->at += n;
    return PARE_OK;
}
