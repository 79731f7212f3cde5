/* outlet.h - where what is written goes: a directory that appears when it is whole, and places
 * inside a file of many tensors. For those who write formats: part of convert's door. */
#ifndef PR_CONVERT_OUTLET_H
#define PR_CONVERT_OUTLET_H
#include "outline.h"

/* Fill a directory that has not its name yet. */
typedef pare_status (*pr_dir_fill)(void *user, const char *dir, pare_err *err);
/* Make `dir`: `fill` works in its part (pr_out_dir), which is renamed when whole and removed
 * after a
 * failure. An empty directory of that name is replaced; one that holds anything is left
 * alone (PARE_EENV). */
pare_status pr_dir_target(const char *dir, pr_dir_fill fill, void *user, pare_err *err);

/* Bytes of the files in `dir` whose names end so. */
pare_status pr_dir_bytes(const char *dir, const char *tail, pr_arena *a, uint64_t *out,
                         pare_err *err);

/* A file whose tensors lie at places known before any is written: ONNX's external data,
 * OpenVINO's .bin. Declare all, open, write in any order, commit. */
typedef struct {
    pr_out *out;
    uint64_t bytes; /* declared so far */
    unsigned align; /* of each place; a power of two */
} pr_blob;
/* The offset of a new place of `bytes`. */
uint64_t pr_blob_place(pr_blob *b, uint64_t bytes);
pare_status pr_blob_open(pr_blob *b, const char *path, pare_err *err);
/* Every place must have been written; gaps between them are zeros. */
pare_status pr_blob_commit(pr_blob *b, pare_err *err);
void pr_blob_discard(pr_blob *b);

/* A pr_sink that appends at a place. */
typedef struct {
    pr_blob *blob;
    uint64_t at; /* moves on */
} pr_place;
pare_status pr_place_put(void *place, const void *p, size_t n, pare_err *err);
#endif
