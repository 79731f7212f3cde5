/* st_write.c - safetensors, one file or shards with an index.
 *
 * The layout is st_read.c's. Declarations come first; the first data (or
 * commit) deals the tensors out to shards, lays each shard out (widest
 * elements first, so that every tensor is aligned to its element) and writes
 * the headers. Nothing gets its name before commit: shards first, then the index. */
#include "container.h"
#include <stdio.h>
#include <stdlib.h>

enum { HEADER_MAX = 100000000, SHARDS_MAX = 900 }; /* each shard is an open file */

typedef struct {
    const char *name;
    pr_type     type;
    int         n_dims;
    uint64_t    dim[PR_MAX_DIMS];
    uint64_t    bytes, offset; /* offset: in the shard's data */
    uint64_t    done;
    int         shard;
} st_tensor;

typedef struct {
    pr_out  *out;
    uint64_t head;  /* bytes before the data */
    uint64_t bytes; /* of data */
    char     name[64];
} st_shard;

struct pr_st_writer {
    pr_arena     *arena;
    const char   *dir, *path; /* one of them is NULL */
    uint64_t      max_shard;
    pr_doc_build  build;
    pare_doc     *meta; /* NULL: only format */
    st_tensor    *tensor;
    size_t        n, cap;
    st_shard     *shard;
    int           n_shards;
    bool          begun;
    pare_err      first;
};

static pare_status keep(pr_st_writer *w, const pare_err *e, pare_err *err) {
    if (w->first.status == PARE_OK) {
        w->first = *e;
        pr_fail_in(&w->first, e->status, w->path ? w->path : w->dir);
    }
    if (err) *err = w->first;
    return w->first.status;
}

static pare_status writer_new(pr_st_writer **out, const char *path, const char *dir,
                              uint64_t max_shard, pare_err *err) {
    *out = NULL;
    pr_st_writer *w = pr_calloc(1, sizeof *w);
    if (!w) return pr_fail_nomem(err, sizeof *w);
    w->arena = pr_arena_new(1 << 30);
    const char *from = path ? path : dir;
    char       *copy = w->arena ? pr_arena_str(w->arena, from, strlen(from)) : NULL;
    w->meta = pr_doc_object(&w->build);
    pr_doc_set_str(&w->build, w->meta, "format", "pt");
    if (!copy || w->build.status != PARE_OK) {
        pr_st_writer_discard(w);
        return pr_fail_nomem(err, strlen(from));
    }
    *(path ? &w->path : &w->dir) = copy;
    w->max_shard = max_shard;
    *out = w;
    return PARE_OK;
}

pare_status pr_st_writer_new(pr_st_writer **out, const char *path, pare_err *err) {
    return writer_new(out, path, NULL, 0, err);
}

pare_status pr_st_writer_new_dir(pr_st_writer **out, const char *dir, uint64_t max_shard_bytes,
                                 pare_err *err) {
    *out = NULL;
    PR_TRY(pr_dir_make(dir, err));
    return writer_new(out, NULL, dir, max_shard_bytes, err);
}

void pr_st_writer_discard(pr_st_writer *w) {
    if (!w) return;
    for (int i = 0; i < w->n_shards; i++) pr_out_discard(w->shard[i].out);
    pare_doc_free(w->meta);
    pr_free(w->tensor);
    pr_free(w->shard);
    pr_arena_free(w->arena);
    pr_free(w);
}

pare_status pr_st_add_meta(pr_st_writer *w, const char *key, const char *value, pare_err *err) {
    pare_err e = {0};
    if (w->first.status != PARE_OK) return keep(w, &w->first, err);
    if (w->begun) pr_fail(&e, PARE_EINTERNAL, -1, "metadata '%s' after data were written", key);
    else pr_doc_set_str(&w->build, w->meta, key, value);
    if (w->build.status != PARE_OK) pr_fail(&e, w->build.status, -1, "metadata: %s", w->build.msg);
    return e.status == PARE_OK ? PARE_OK : keep(w, &e, err);
}

static pare_status check_tensor(const pr_st_writer *w, const st_tensor *t, pare_err *err) {
    size_t   n = strlen(t->name);
    uint64_t bytes;
    if (w->begun)
        return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' declared after data were written",
                       t->name);
    if (n == 0 || strcmp(t->name, "__metadata__") == 0 || !pr_utf8_valid(t->name, n, NULL))
        return pr_fail(err, PARE_EINPUT, -1, "tensor name '%.80s' is empty, taken or no UTF-8",
                       t->name);
    if (!pr_type_get(t->type)->st_name)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': safetensors has no type %s",
                       t->name, pr_type_get(t->type)->name);
    if (t->n_dims < 0 || t->n_dims > PR_MAX_DIMS)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "tensor '%s' has %d dimensions, expected at most %d", t->name, t->n_dims,
                       PR_MAX_DIMS);
    if (!pr_dims_product(t->dim, t->n_dims, &bytes) ||
        !pr_mul_u64(bytes, (uint64_t)pr_type_get(t->type)->bytes, &bytes) || bytes > INT64_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "tensor '%s': its size is over 63 bits", t->name);
    return PARE_OK;
}

pare_status pr_st_add_tensor(pr_st_writer *w, const char *name, pr_type type, int n_dims,
                             const uint64_t *dim, pare_err *err) {
    pare_err  e = {0};
    st_tensor t = {.name = name, .type = type, .n_dims = n_dims};
    if (w->first.status != PARE_OK) return keep(w, &w->first, err);
    for (int i = 0; i < PR_MIN(n_dims, PR_MAX_DIMS); i++) t.dim[i] = dim[i];
    if (check_tensor(w, &t, &e) != PARE_OK) return keep(w, &e, err);
    pr_dims_product(t.dim, n_dims, &t.bytes);
    t.bytes *= (uint64_t)pr_type_get(type)->bytes;
    t.name = pr_arena_str(w->arena, name, strlen(name));
    if (w->n == w->cap) {
        size_t     cap = w->cap ? w->cap * 2 : 64;
        st_tensor *more = pr_realloc(w->tensor, cap, sizeof *more);
        if (more) w->tensor = more, w->cap = cap;
    }
    if (!t.name || w->n == w->cap) {
        pr_fail_nomem(&e, sizeof t);
        return keep(w, &e, err);
    }
    w->tensor[w->n++] = t;
    return PARE_OK;
}

/* ------------------------------------------------------------------- layout */

static pare_status check_names(const pr_st_writer *w, pare_err *err) {
    pr_names    t;
    size_t      i = 0;
    pare_status st = pr_names_build(&t, w->tensor, sizeof *w->tensor, w->n, &i, err);
    pr_names_done(&t);
    if (st != PARE_EINPUT) return st;
    return pr_fail(err, PARE_EINPUT, -1, "tensor '%s' was added twice", w->tensor[i].name);
}

/* In the order of declaration, a new shard where the present one would get too large. */
static pare_status deal_out(pr_st_writer *w, pare_err *err) {
    uint64_t in_shard = 0, sum;
    int      shard = 0;
    for (size_t i = 0; i < w->n; i++) {
        st_tensor *t = &w->tensor[i];
        if (!pr_add_u64(in_shard, t->bytes, &sum) || sum > INT64_MAX)
            return pr_fail(err, PARE_EINPUT, -1, "the tensors take over 2^63 bytes");
        if (w->max_shard && in_shard && sum > w->max_shard) shard++, sum = t->bytes;
        in_shard = sum;
        t->shard = shard;
    }
    if (shard >= SHARDS_MAX)
        return pr_fail(err, PARE_EINPUT, -1,
                       "%d shards, expected at most %d: raise the shard's size", shard + 1,
                       SHARDS_MAX);
    w->shard = pr_calloc((size_t)shard + 1, sizeof *w->shard);
    if (!w->shard) return pr_fail_nomem(err, sizeof *w->shard);
    w->n_shards = shard + 1;
    for (int i = 0; i <= shard; i++)
        if (shard == 0) snprintf(w->shard[i].name, sizeof w->shard[i].name, "model.safetensors");
        else
            snprintf(w->shard[i].name, sizeof w->shard[i].name,
                     "model-%05d-of-%05d.safetensors", i + 1, shard + 1);
    return PARE_OK;
}

/* One pass per width keeps the order of declaration among equals. */
static void lay_out(pr_st_writer *w) {
    for (int width = 8; width >= 1; width /= 2)
        for (size_t i = 0; i < w->n; i++) {
            st_tensor *t = &w->tensor[i];
            if (pr_type_get(t->type)->bytes != width) continue;
            t->offset = w->shard[t->shard].bytes;
            w->shard[t->shard].bytes += t->bytes;
        }
}

static int by_place(const void *pa, const void *pb) {
    const st_tensor *a = *(const st_tensor *const *)pa, *b = *(const st_tensor *const *)pb;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    return (a > b) - (a < b);
}

static void describe(pr_doc_build *b, pare_doc *root, const st_tensor *t) {
    pare_doc *o = pr_doc_set_object(b, root, t->name);
    pr_doc_set_str(b, o, "dtype", pr_type_get(t->type)->st_name);
    pare_doc *shape = pr_doc_set_array(b, o, "shape");
    for (int i = 0; i < t->n_dims; i++) pr_doc_add_i64(b, shape, (int64_t)t->dim[i]);
    pare_doc *range = pr_doc_set_array(b, o, "data_offsets");
    pr_doc_add_i64(b, range, (int64_t)t->offset);
    pr_doc_add_i64(b, range, (int64_t)(t->offset + t->bytes));
}

/* The header's JSON, in the order of the data, padded by spaces to a multiple of 8. */
static pare_status header_text(pr_st_writer *w, int shard, const st_tensor **list, pr_buf *text,
                               pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *root = pr_doc_object(&b);
    size_t       n = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->tensor[i].shard == shard) list[n++] = &w->tensor[i];
    if (n) qsort(list, n, sizeof *list, by_place);
    pr_doc_set(&b, root, "__metadata__", pr_doc_copy(w->meta));
    for (size_t i = 0; i < n; i++) describe(&b, root, list[i]);
    pare_doc *done;
    PR_TRY(pr_doc_done(&b, root, &done, err));
    pare_status st = pr_doc_put(done, 0, text, err);
    pare_doc_free(done);
    if (st != PARE_OK) return st;
    while (text->n % 8 && !text->failed) pr_buf_puts(text, " ");
    if (text->failed)
        return pr_fail(err, PARE_EINPUT, -1, "the header takes over %d bytes", HEADER_MAX);
    return PARE_OK;
}

static pare_status open_shard(pr_st_writer *w, int i, const st_tensor **list, pare_err *err) {
    st_shard *s = &w->shard[i];
    char     *path = (char *)(uintptr_t)w->path;
    pr_buf    text;
    if (!path && !(path = pr_path_join(w->arena, w->dir, s->name))) return pr_fail_nomem(err, 256);
    pr_buf_init(&text, HEADER_MAX);
    pare_status st;
    PR_GO(header_text(w, i, list, &text, err));
    PR_GO(pr_out_open(&s->out, path, err));
    uint64_t n = text.n;
    s->head = 8 + n;
    PR_GO(pr_out_write(s->out, &n, 8, err));
    PR_GO(pr_out_write(s->out, text.p, text.n, err));
done:
    pr_buf_done(&text);
    return st;
}

/* A model.safetensors left from before would be read instead of the shards. */
static pare_status check_stale(const pr_st_writer *w, pare_err *err) {
    if (!w->dir || w->n_shards == 1) return PARE_OK;
    char *stale = pr_path_join(w->arena, w->dir, "model.safetensors");
    if (!stale) return pr_fail_nomem(err, 256);
    if (!pr_path_exists(stale)) return PARE_OK;
    pr_fail(err, PARE_EENV, -1, "stands where shards shall go, and would be read instead of them");
    return pr_fail_in(err, PARE_EENV, stale);
}

static pare_status begin(pr_st_writer *w, pare_err *err) {
    if (w->begun) return PARE_OK;
    PR_TRY(check_names(w, err));
    PR_TRY(deal_out(w, err));
    PR_TRY(check_stale(w, err));
    lay_out(w);
    const st_tensor **list = pr_calloc(w->n, sizeof *list);
    if (!list) return pr_fail_nomem(err, w->n * sizeof *list);
    pare_status st = PARE_OK;
    for (int i = 0; i < w->n_shards && st == PARE_OK; i++) st = open_shard(w, i, list, err);
    pr_free(list);
    w->begun = st == PARE_OK;
    return st;
}

static pare_status write_data(pr_st_writer *w, size_t i, const void *p, size_t n, pare_err *err) {
    PR_TRY(begin(w, err));
    if (i >= w->n) return pr_fail(err, PARE_EINTERNAL, -1, "data for tensor %zu of %zu", i, w->n);
    st_tensor *t = &w->tensor[i];
    st_shard  *s = &w->shard[t->shard];
    if (n > t->bytes - t->done)
        return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' gets %llu bytes, expected %llu",
                       t->name, (unsigned long long)(t->done + n),
                       (unsigned long long)t->bytes);
    uint64_t at = s->head + t->offset + t->done;
    t->done += n;
    if (at == pr_out_pos(s->out)) return pr_out_write(s->out, p, n, err);
    return pr_out_pwrite(s->out, at, p, n, err);
}

pare_status pr_st_data(pr_st_writer *w, size_t i, const void *p, size_t n, pare_err *err) {
    pare_err e = {0};
    if (w->first.status != PARE_OK) return keep(w, &w->first, err);
    return write_data(w, i, p, n, &e) == PARE_OK ? PARE_OK : keep(w, &e, err);
}

/* ------------------------------------------------------------------- commit */

static pare_status write_index(const pr_st_writer *w, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *root = pr_doc_object(&b), *done;
    pare_doc    *meta = pr_doc_set_object(&b, root, "metadata");
    pare_doc    *map = pr_doc_set_object(&b, root, "weight_map");
    uint64_t     total = 0;
    for (int i = 0; i < w->n_shards; i++) total += w->shard[i].bytes;
    pr_doc_set_i64(&b, meta, "total_size", (int64_t)total);
    for (size_t i = 0; i < w->n; i++)
        pr_doc_set_str(&b, map, w->tensor[i].name, w->shard[w->tensor[i].shard].name);
    PR_TRY(pr_doc_done(&b, root, &done, err));
    char       *path = pr_path_join(w->arena, w->dir, "model.safetensors.index.json");
    pare_status st = path ? pare_doc_write(done, 2, path, err) : pr_fail_nomem(err, 256);
    pare_doc_free(done);
    return st;
}

static pare_status commit_all(pr_st_writer *w, pare_err *err) {
    PR_TRY(begin(w, err));
    for (size_t i = 0; i < w->n; i++)
        if (w->tensor[i].done != w->tensor[i].bytes)
            return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' has %llu of %llu bytes",
                           w->tensor[i].name, (unsigned long long)w->tensor[i].done,
                           (unsigned long long)w->tensor[i].bytes);
    for (int i = 0; i < w->n_shards; i++) {
        pr_out *out = w->shard[i].out;
        w->shard[i].out = NULL;
        PR_TRY(pr_out_commit(out, err));
    }
    return w->n_shards > 1 ? write_index(w, err) : PARE_OK;
}

pare_status pr_st_writer_commit(pr_st_writer *w, pare_err *err) {
    pare_err    e = {0};
    pare_status st = w->first.status;
    if (st != PARE_OK) st = keep(w, &w->first, err);
    else if (commit_all(w, &e) != PARE_OK) st = keep(w, &e, err);
    pr_st_writer_discard(w);
    return st;
}
