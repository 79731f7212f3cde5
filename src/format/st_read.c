/* st_read.c - safetensors: one file, or several that an index ties together.
 *
 *   OFFSET   SIZE  WHAT
 *        0      8  N, bytes of the header; little-endian; at most 100,000,000
 *        8      N  JSON: {"name": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}, …
 *                  "__metadata__": {"text": "text"}}, padded by spaces
 *    8 + N   rest  the data; each byte belongs to exactly one tensor
 *
 * Source: huggingface/safetensors, README "Format". */
#include "container.h"
#include <stdio.h>

enum { HEADER_MAX = 100000000, HEADER_VALUES_MAX = 8 << 20 };

static bool st_probe(const pr_map *m) {
    size_t n = strlen(m->path), k = sizeof ".safetensors" - 1;
    if (n >= k && strcmp(m->path + n - k, ".safetensors") == 0) return true;
    return m->n >= 10 && pr_le64(m->p) <= HEADER_MAX && m->p[8] == '{';
}

/* One file's header while it is read. */
typedef struct {
    pr_container *c;
    int           file;
    const char   *text; /* the header, not terminated */
    uint64_t      n_text;
    uint64_t      data_at, n_data;
    pare_err     *err;
} st_file;

/* Where the key stands in the file, for errors: -1 if it is written with escapes. */
static int64_t key_pos(const st_file *f, const char *key) {
    size_t n = strlen(key);
    for (const char *p = f->text, *end = f->text + f->n_text;
         (p = memmem(p, (size_t)(end - p), key, n)) != NULL; p++)
        if (p > f->text && p[-1] == '"' && p + n < end && p[n] == '"') return 8 + (p - 1 - f->text);
    return -1;
}

#define ST_FAIL(f, status, key, ...)                                                               \
    pr_container_fail((f)->c, (f)->file, (f)->err, (status), key_pos((f), (key)), __VA_ARGS__)

static pare_status read_type(const st_file *f, const char *name, const pare_doc *v, pr_type *out) {
    static const char *const known[] = {"F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ",
                                        "F8_E5M2FNUZ", "C64"};
    pr_str s = pr_doc_text_of(pare_doc_get(v, "dtype"));
    if (!s.p)
        return ST_FAIL(f, PARE_EINPUT, name, "tensor '%s' has no dtype, expected a text", name);
    if (pr_type_from_safetensors(s, out)) return PARE_OK;
    for (size_t i = 0; i < PR_COUNT(known); i++)
        if (pr_str_eq(s, pr_str_of(known[i])))
            return ST_FAIL(f, PARE_EUNSUPPORTED, name,
                           "tensor '%s' has dtype %s, which pare does not read", name,
                           known[i]);
    return ST_FAIL(
        f, PARE_EINPUT, name,
        "tensor '%s' has dtype '%.20s', expected F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64 … "
        "U8 or BOOL",
        name, s.p);
}

/* The whole array as sizes ≥ 0. */
static bool read_sizes(const pare_doc *arr, uint64_t *dst, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const pare_doc *v = pare_doc_at(arr, i);
        if (pare_doc_kind(v) != PARE_DOC_INT || pare_doc_int(v) < 0) return false;
        dst[i] = (uint64_t)pare_doc_int(v);
    }
    return true;
}

static pare_status read_shape(const st_file *f, const char *name, const pare_doc *v, pr_tensor *t) {
    const pare_doc *shape = pare_doc_get(v, "shape");
    size_t          n = pare_doc_count(shape);
    if (pare_doc_kind(shape) != PARE_DOC_ARRAY)
        return ST_FAIL(f, PARE_EINPUT, name, "tensor '%s' has no shape, expected an array", name);
    if (n > PR_MAX_DIMS)
        return ST_FAIL(f, PARE_EUNSUPPORTED, name,
                       "tensor '%s' has %zu dimensions, pare reads up to %d", name, n,
                       PR_MAX_DIMS);
    for (size_t i = n; i < PR_MAX_DIMS; i++) t->dim[i] = 1;
    if (!read_sizes(shape, t->dim, n))
        return ST_FAIL(f, PARE_EINPUT, name,
                       "tensor '%s': a dimension is no integer of 0 or more", name);
    t->n_dims = (int)n;
    return PARE_OK;
}

static pare_status read_range(const st_file *f, const char *name, const pare_doc *v, pr_tensor *t) {
    const pare_doc *range = pare_doc_get(v, "data_offsets");
    uint64_t        at[2], n, bytes;
    if (pare_doc_count(range) != 2 || !read_sizes(range, at, 2))
        return ST_FAIL(f, PARE_EINPUT, name,
                       "tensor '%s': data_offsets is not two integers of 0 or more", name);
    if (at[0] > at[1] || at[1] > f->n_data)
        return ST_FAIL(f, PARE_EINPUT, name,
                       "tensor '%s' lies at data bytes %llu to %llu, expected a range within "
                       "the file's %llu",
                       name, (unsigned long long)at[0], (unsigned long long)at[1],
                       (unsigned long long)f->n_data);
    if (!pr_dims_product(t->dim, t->n_dims, &n) ||
        !pr_mul_u64(n, (uint64_t)pr_type_get(t->type)->bytes, &bytes))
        return ST_FAIL(f, PARE_EINPUT, name,
                       "tensor '%s': the product of its shape is over 64 bits", name);
    if (bytes != at[1] - at[0])
        return ST_FAIL(f, PARE_EINPUT, name,
                       "tensor '%s' has %llu bytes of data, expected %llu for its shape and %s",
                       name, (unsigned long long)(at[1] - at[0]), (unsigned long long)bytes,
                       pr_type_get(t->type)->name);
    t->bytes = bytes;
    t->offset = f->data_at + at[0];
    t->data = f->c->files[f->file].p + t->offset;
    t->file = f->file;
    return PARE_OK;
}

static pare_status read_tensor(const st_file *f, const pare_doc_iter *it, pr_tensor *t) {
    *t = (pr_tensor){0};
    if (it->key_len == 0 || memchr(it->key, 0, it->key_len))
        return ST_FAIL(f, PARE_EINPUT, "", "a tensor's name is empty or holds a NUL");
    if (pare_doc_kind(it->value) != PARE_DOC_OBJECT)
        return ST_FAIL(f, PARE_EINPUT, it->key, "tensor '%s' is described by no object", it->key);
    t->name = pr_arena_str(f->c->arena, it->key, it->key_len);
    if (!t->name) return pr_fail_nomem(f->err, it->key_len);
    PR_TRY(read_type(f, t->name, it->value, &t->type));
    PR_TRY(read_shape(f, t->name, it->value, t));
    return read_range(f, t->name, it->value, t);
}

static pare_status read_metadata(const st_file *f, const pare_doc *v) {
    pr_container *c = f->c;
    if (pare_doc_kind(v) != PARE_DOC_OBJECT)
        return ST_FAIL(f, PARE_EINPUT, "__metadata__", "__metadata__ is no object");
    if (f->file > 0) return PARE_OK; /* the first shard speaks for all */
    PR_NEW(c->meta, c->arena, pare_doc_count(v), f->err);
    for (pare_doc_iter it = {0}; pare_doc_next(v, &it);) {
        pr_str s = pr_doc_text_of(it.value);
        if (!s.p || memchr(it.key, 0, it.key_len))
            return ST_FAIL(f, PARE_EINPUT, it.key, "__metadata__ '%s' is no text", it.key);
        pr_meta *m = &c->meta[c->n_meta];
        *m = (pr_meta){.type = PR_META_STR, .n = s.n};
        m->key = pr_arena_str(c->arena, it.key, it.key_len);
        m->v.s = pr_arena_str(c->arena, s.p, s.n);
        if (!m->key || !m->v.s) return pr_fail_nomem(f->err, s.n);
        c->n_meta++;
    }
    return PARE_OK;
}

/* Every data byte belongs to exactly one tensor. */
static pare_status check_cover(const st_file *f, size_t first) {
    pr_container *c = f->c;
    size_t        n = c->n_tensors - first;
    pr_range     *r = pr_calloc(n, sizeof *r);
    uint64_t      end = 0;
    pare_status   st = PARE_OK;
    if (!r) return pr_fail_nomem(f->err, n * sizeof *r);
    for (size_t i = 0; i < n; i++) {
        const pr_tensor *t = &c->tensors[first + i];
        r[i] = (pr_range){t->offset - f->data_at, t->offset - f->data_at + t->bytes, first + i};
    }
    pr_ranges_sort(r, n);
    for (size_t i = 0; i < n && st == PARE_OK; i++) {
        const char *name = c->tensors[r[i].who].name;
        if (r[i].from != end)
            st = pr_container_fail(
                c, f->file, f->err, PARE_EINPUT, (int64_t)(f->data_at + r[i].from),
                r[i].from < end
                    ? "tensor '%s' begins at data byte %llu, over '%s' that ends at %llu"
                    : "tensor '%s' begins at data byte %llu, leaving a hole after '%s' at %llu",
                name, (unsigned long long)r[i].from,
                i ? c->tensors[r[i - 1].who].name : "the header", (unsigned long long)end);
        end = r[i].to;
    }
    if (st == PARE_OK && end != f->n_data)
        st = pr_container_fail(c, f->file, f->err, PARE_EINPUT, (int64_t)(f->data_at + end),
                               "%llu bytes after the last tensor belong to none",
                               (unsigned long long)(f->n_data - end));
    pr_free(r);
    return st;
}

static pare_status read_header(st_file *f, const pare_doc *root) {
    pr_container *c = f->c;
    size_t        first = c->n_tensors;
    if (pare_doc_kind(root) != PARE_DOC_OBJECT)
        return pr_container_fail(c, f->file, f->err, PARE_EINPUT, 8,
                                 "the header is no JSON object");
    PR_TRY(pr_container_reserve(c, pare_doc_count(root), f->err));
    for (pare_doc_iter it = {0}; pare_doc_next(root, &it);) {
        if (strcmp(it.key, "__metadata__") == 0) {
            PR_TRY(read_metadata(f, it.value));
            continue;
        }
        PR_TRY(read_tensor(f, &it, &c->tensors[c->n_tensors]));
        c->n_tensors++;
    }
    return check_cover(f, first);
}

static pare_status read_file(pr_container *c, int file, pare_err *err) {
    const pr_map *m = &c->files[file];
    if (m->n < 8)
        return pr_container_fail(
            c, file, err, PARE_EINPUT, (int64_t)m->n,
            "the file ends in its first 8 bytes, expected the header's length");
    uint64_t n = pr_le64(m->p);
    if (n > HEADER_MAX)
        return pr_container_fail(c, file, err, PARE_EINPUT, 0,
                                 "header of %llu bytes, expected at most %d", (unsigned long long)n,
                                 HEADER_MAX);
    if (n > m->n - 8)
        return pr_container_fail(
            c, file, err, PARE_EINPUT, 0,
            "header of %llu bytes, the file has %llu after its length: cut off?",
            (unsigned long long)n, (unsigned long long)(m->n - 8));
    st_file f = {c, file, (const char *)m->p + 8, n, 8 + n, m->n - 8 - n, err};
    if (n == 0 || f.text[0] != '{')
        return pr_container_fail(c, file, err, PARE_EINPUT, 8,
                                 "the header does not begin with '{'");
    pr_json_limits lim = {HEADER_MAX, 8, HEADER_VALUES_MAX};
    pare_doc      *root;
    pare_status    st = pr_json_parse(&root, f.text, (size_t)n, &lim, err);
    if (st != PARE_OK) {
        if (err && err->pos >= 0) err->pos += 8;
        return pr_fail_in(err, st, m->path);
    }
    st = read_header(&f, root);
    pare_doc_free(root);
    return st;
}

static pare_status st_open(pr_container *c, pare_err *err) {
    for (int i = 0; i < c->n_files; i++) PR_TRY(read_file(c, i, err));
    return PARE_OK;
}

const pr_format pr_format_safetensors = {"safetensors", PR_SAFETENSORS, st_probe, st_open};
