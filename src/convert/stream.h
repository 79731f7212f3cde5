/* stream.h - one tensor, from the rows it is stored in to the rows that are
 * written. For those who write formats: part of convert's door. */
#ifndef PR_CONVERT_STREAM_H
#define PR_CONVERT_STREAM_H
#include "kernel/kernel.h"

enum { PR_SLAB_BYTES = 4 << 20, PR_SLAB_PIECES = 64 };

/* Takes the bytes of a tensor in order, in pieces. On any thread, one piece after the other. */
typedef pare_status (*pr_sink)(void *to, const void *p, size_t n, pare_err *err);

/* Pieces of some tensors on their way out. */
typedef struct {
    uint8_t *mem;
    size_t used;
    int n;
    struct {
        pr_sink sink;
        void *to;
        const uint8_t *p; /* in `mem`, or in the source */
        size_t n;
        const pr_weight *drop; /* last piece of its tensor, which then goes from memory; or NULL */
    } piece[PR_SLAB_PIECES];
} pr_slab;

typedef struct {
    const pr_container *file; /* names the file in errors */
    const pare_ctl *ctl;
    const char *task;
    const pr_kernels *k;
    pr_pool *pool;
    pr_sha256_ctx *hash; /* gets all that goes to a sink, in order; NULL: nobody asks. The caller's
                            between open and close: touch it only while nothing is on its way */
    pr_slab slab[2]; /* one is filled while the other is written; each
                        PR_SLAB_BYTES, or one row if that is more */
    int filling;
    pare_err put_err; /* of the slab that was written last */
    float *row;     /* `rows` rows of floats per member: one, one to compare with, and, where
                       weights lie turned, some that are decoded together */
    int64_t rows;
    int64_t widest; /* floats in a row */
    size_t slab_bytes;
    double done, total; /* bytes read, for the progress */
} pr_stream;

/* Room for the weights of `m`; threads and memory as `ctl` allows. */
pare_status pr_stream_open(pr_stream *s, const pr_model *m, const char *task,
                           const pare_ctl *ctl, pare_err *err);
/* Everything that is on its way reaches its sink. */
pare_status pr_stream_drain(pr_stream *s, pare_err *err);
/* The end: drains, unless `so_far` is a failure, which is handed back. */
pare_status pr_stream_close(pr_stream *s, pare_status so_far, pare_err *err);

/* How a weight is to be written. */
typedef struct {
    pr_type type;
    pr_xf xf; /* of the dialect that is written */
    int d_head;
    const pr_group_spec *group; /* in place of `type`: codes, scales and offsets */
    const float *weight; /* importance of each column where `type` is searched, or NULL */
} pr_spelling;

/* Push all of `w` through. *lossless: every value written is the one read. Whatever is no
 * finite number, and whatever `as` cannot hold, is PARE_EINPUT with tensor, row and column.
 * The last pieces reach the sink while the next tensors are computed, so `to` must live until
 * drain or close; a sink's failure comes with a later call. */
pare_status pr_stream_weight(pr_stream *s, const pr_weight *w, pr_spelling as, pr_sink sink,
                             void *to, bool *lossless, pare_err *err);

/* The same for a matrix in groups (`as.group`), whose three parts go to sinks of their own:
 * `to[0]` codes, `to[1]` scales, `to[2]` offsets. Blocks that say the same are taken over as
 * they are (pr_group_take); *lossless: all were. */
pare_status pr_stream_groups(pr_stream *s, const pr_weight *w, pr_spelling as, pr_sink sink,
                             void *to[3], bool *lossless, pare_err *err);
#endif
