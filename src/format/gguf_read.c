/* gguf_read.c - GGUF, versions 2 and 3, whole or split.
 *
 *   OFFSET  SIZE  WHAT (all little-endian)
 *        0     4  "GGUF"
 *        4     4  version
 *        8     8  number of tensors
 *       16     8  number of keys
 *       24        keys: text key, u32 type, value
 *                 text: u64 bytes, bytes; array: u32 element type, u64 count, elements
 *                 tensors: text name, u32 n_dims, u64 dims (innermost first), u32 type, u64 offset
 *                 zeros up to a multiple of general.alignment (32 unless said)
 *                 data; offsets count from here and are multiples of the alignment
 *
 * Source: ggml/docs/gguf.md. Version 2 differs from 3 only in never being big-endian.
 * Always true of a cursor: at ≤ n, and every size was compared with n - at first. */
#include "container.h"
#include <stdio.h>

enum {
    KEY_MIN = 13,    /* bytes of the shortest key: no name, u8 */
    TENSOR_MIN = 24, /* bytes of the shortest tensor entry */
    NAME_MAX_BYTES = 65535,
    ARRAY_DEPTH_MAX = 4,
    GGUF_DIMS = 4,
    ALIGN_DEFAULT = 32
};

static const uint8_t VALUE_BYTES[PR_META_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* One file while it is read. */
typedef struct {
    pr_container *c;
    int           file;
    const uint8_t *p;
    uint64_t      n, at;
    uint32_t      alignment;
    uint64_t      n_tensors, n_meta;
    pr_meta      *meta;
    pare_err     *err;
} gguf;

#define GG_FAIL(g, status, pos, ...)                                                               \
    pr_container_fail((g)->c, (g)->file, (g)->err, (status), (int64_t)(pos), __VA_ARGS__)

static bool gguf_probe(const pr_map *m) {
    return m->n >= 4 && memcmp(m->p, "GGUF", 4) == 0;
}

static pare_status need(const gguf *g, uint64_t n, const char *what) {
    if (n <= g->n - g->at) return PARE_OK;
    return GG_FAIL(g, PARE_EINPUT, g->at,
                   "%s needs %llu bytes, the file has %llu left: cut off?", what,
                   (unsigned long long)n, (unsigned long long)(g->n - g->at));
}

static pare_status take_u32(gguf *g, uint32_t *v, const char *what) {
    PR_TRY(need(g, 4, what));
    *v = pr_le32(g->p + g->at);
    g->at += 4;
    return PARE_OK;
}

static pare_status take_u64(gguf *g, uint64_t *v, const char *what) {
    PR_TRY(need(g, 8, what));
    *v = pr_le64(g->p + g->at);
    g->at += 8;
    return PARE_OK;
}

static pare_status take_str(gguf *g, pr_str *s, const char *what) {
    uint64_t n;
    PR_TRY(take_u64(g, &n, what));
    PR_TRY(need(g, n, what));
    *s = (pr_str){(const char *)g->p + g->at, (size_t)n};
    g->at += n;
    return PARE_OK;
}

/* A key or a tensor's name: UTF-8 without NUL, not empty; copied and terminated. */
static pare_status take_name(gguf *g, const char **name, const char *what) {
    pr_str   s;
    uint64_t at = g->at;
    PR_TRY(take_str(g, &s, what));
    if (s.n == 0 || s.n > NAME_MAX_BYTES || memchr(s.p, 0, s.n) || !pr_utf8_valid(s.p, s.n, NULL))
        return GG_FAIL(g, PARE_EINPUT, at,
                       "%s of %zu bytes is empty, too long, or no UTF-8 text", what, s.n);
    *name = pr_arena_str(g->c->arena, s.p, s.n);
    return *name ? PARE_OK : pr_fail_nomem(g->err, s.n);
}

/* --------------------------------------------------------------------- keys */

static void number_of(pr_meta *m, const uint8_t *p) {
    uint32_t w;
    float    f;
    switch (m->type) {
    case PR_META_U8:
    case PR_META_BOOL: m->v.u = *p; break;
    case PR_META_I8: m->v.i = (int8_t)*p; break;
    case PR_META_U16: m->v.u = pr_le16(p); break;
    case PR_META_I16: m->v.i = (int16_t)pr_le16(p); break;
    case PR_META_U32: m->v.u = pr_le32(p); break;
    case PR_META_I32: m->v.i = (int32_t)pr_le32(p); break;
    case PR_META_U64: m->v.u = pr_le64(p); break;
    case PR_META_I64: m->v.i = (int64_t)pr_le64(p); break;
    case PR_META_F32:
        w = pr_le32(p);
        memcpy(&f, &w, sizeof f);
        m->v.f = (double)f;
        break;
    case PR_META_F64: memcpy(&m->v.f, p, sizeof m->v.f); break;
    default: break;
    }
}

pr_meta pr_meta_element(const pr_meta *arr, uint64_t i) {
    pr_meta m = {.type = arr->elem};
    number_of(&m, arr->v.raw + i * VALUE_BYTES[arr->elem]);
    return m;
}

static pare_status take_array(gguf *g, pr_meta *m, int depth);

static pare_status take_value(gguf *g, pr_meta *m, int depth) {
    if (m->type == PR_META_ARR) return take_array(g, m, depth);
    if (m->type == PR_META_STR) {
        pr_str s;
        PR_TRY(take_str(g, &s, "a text value"));
        m->v.s = s.p;
        m->n = s.n;
        return PARE_OK;
    }
    PR_TRY(need(g, VALUE_BYTES[m->type], "a value"));
    number_of(m, g->p + g->at);
    if (m->type == PR_META_BOOL && m->v.u > 1)
        return GG_FAIL(g, PARE_EINPUT, g->at, "a bool of value %u, expected 0 or 1",
                       (unsigned)m->v.u);
    g->at += VALUE_BYTES[m->type];
    return PARE_OK;
}

static pare_status take_type(gguf *g, pr_meta_type *t) {
    uint32_t u;
    uint64_t at = g->at;
    PR_TRY(take_u32(g, &u, "a value's type"));
    if (u >= PR_META_TYPES)
        return GG_FAIL(g, PARE_EINPUT, at, "value type %u, expected 0 to %d", u, PR_META_TYPES - 1);
    *t = (pr_meta_type)u;
    return PARE_OK;
}

static pare_status take_numbers(gguf *g, pr_meta *m) {
    uint64_t bytes;
    if (!pr_mul_u64(m->n, VALUE_BYTES[m->elem], &bytes) || bytes > g->n - g->at)
        return GG_FAIL(g, PARE_EINPUT, g->at,
                       "an array of %llu %s, the file has %llu bytes left: cut off?",
                       (unsigned long long)m->n, pr_meta_type_name(m->elem),
                       (unsigned long long)(g->n - g->at));
    m->v.raw = g->p + g->at;
    for (uint64_t i = 0; m->elem == PR_META_BOOL && i < m->n; i++)
        if (m->v.raw[i] > 1)
            return GG_FAIL(g, PARE_EINPUT, g->at + i, "a bool of value %u, expected 0 or 1",
                           m->v.raw[i]);
    g->at += bytes;
    return PARE_OK;
}

static pare_status take_array(gguf *g, pr_meta *m, int depth) {
    uint64_t at = g->at;
    PR_TRY(take_type(g, &m->elem));
    PR_TRY(take_u64(g, &m->n, "an array's count"));
    if (m->elem != PR_META_STR && m->elem != PR_META_ARR) return take_numbers(g, m);
    if (depth == ARRAY_DEPTH_MAX)
        return GG_FAIL(g, PARE_EUNSUPPORTED, at, "arrays nested over %d deep", ARRAY_DEPTH_MAX);
    uint64_t least = m->elem == PR_META_STR ? 8 : 12;
    if (m->n > (g->n - g->at) / least)
        return GG_FAIL(g, PARE_EINPUT, at,
                       "an array of %llu elements, the file has %llu bytes left: cut off?",
                       (unsigned long long)m->n, (unsigned long long)(g->n - g->at));
    if (m->elem == PR_META_STR) {
        pr_str *list;
        PR_NEW(list, g->c->arena, m->n, g->err);
        m->v.str = list;
        for (uint64_t i = 0; i < m->n; i++) PR_TRY(take_str(g, &list[i], "a text of an array"));
        return PARE_OK;
    }
    pr_meta *list;
    PR_NEW(list, g->c->arena, m->n, g->err);
    m->v.arr = list;
    for (uint64_t i = 0; i < m->n; i++) {
        list[i].type = PR_META_ARR;
        PR_TRY(take_array(g, &list[i], depth + 1));
    }
    return PARE_OK;
}

static pare_status take_keys(gguf *g) {
    PR_NEW(g->meta, g->c->arena, g->n_meta, g->err);
    for (uint64_t i = 0; i < g->n_meta; i++) {
        pr_meta *m = &g->meta[i];
        PR_TRY(take_name(g, &m->key, "a key"));
        PR_TRY(take_type(g, &m->type));
        PR_TRY(take_value(g, m, 0));
    }
    return PARE_OK;
}

/* By walking: before the table of keys exists. */
static const pr_meta *early_find(const gguf *g, const char *key) {
    for (uint64_t i = 0; i < g->n_meta; i++)
        if (strcmp(g->meta[i].key, key) == 0) return &g->meta[i];
    return NULL;
}

static pare_status read_alignment(gguf *g) {
    uint64_t       a = ALIGN_DEFAULT;
    const pr_meta *m = early_find(g, "general.alignment");
    if (m && (!pr_meta_u64(m, &a) || a < 8 || a > 1u << 30 || (a & (a - 1))))
        return GG_FAIL(g, PARE_EINPUT, -1,
                       "general.alignment is %llu, expected a power of two and a multiple of 8",
                       (unsigned long long)a);
    g->alignment = (uint32_t)a;
    return PARE_OK;
}

/* ------------------------------------------------------------------ tensors */

static pare_status take_dims(gguf *g, pr_tensor *t) {
    uint32_t n;
    uint64_t at = g->at;
    PR_TRY(take_u32(g, &n, "a tensor's number of dimensions"));
    if (n > GGUF_DIMS)
        return GG_FAIL(g, PARE_EINPUT, at, "tensor '%s' has %u dimensions, expected at most %d",
                       t->name, n, GGUF_DIMS);
    for (int i = 0; i < PR_MAX_DIMS; i++) t->dim[i] = 1;
    t->n_dims = (int)n;
    for (uint32_t i = 0; i < n; i++)
        PR_TRY(take_u64(g, &t->dim[n - 1 - i], "a tensor's dimension"));
    return PARE_OK;
}

/* Bytes of the whole tensor from dims and type. */
static pare_status size_tensor(gguf *g, pr_tensor *t, uint64_t at) {
    uint64_t row = t->n_dims ? t->dim[t->n_dims - 1] : 1, rows, row_bytes, values;
    if (!pr_dims_product(t->dim, t->n_dims, &values) || values > INT64_MAX)
        return GG_FAIL(g, PARE_EINPUT, at,
                       "tensor '%s': the product of its dimensions is over 63 bits", t->name);
    if (!pr_type_row_bytes(t->type, row, &row_bytes))
        return GG_FAIL(g, PARE_EINPUT, at,
                       "tensor '%s': rows of %llu, expected a multiple of %d for %s", t->name,
                       (unsigned long long)row, pr_type_get(t->type)->block,
                       pr_type_get(t->type)->name);
    rows = row ? values / row : 0;
    if (!pr_mul_u64(rows, row_bytes, &t->bytes))
        return GG_FAIL(g, PARE_EINPUT, at, "tensor '%s': its size is over 64 bits", t->name);
    return PARE_OK;
}

/* One entry; t->offset is still relative to the data. */
static pare_status take_tensor(gguf *g, pr_tensor *t) {
    uint32_t type;
    uint64_t start = g->at;
    *t = (pr_tensor){.file = g->file};
    PR_TRY(take_name(g, &t->name, "a tensor's name"));
    PR_TRY(take_dims(g, t));
    uint64_t at = g->at;
    PR_TRY(take_u32(g, &type, "a tensor's type"));
    if (!pr_type_from_gguf(type, &t->type))
        return GG_FAIL(g, PARE_EUNSUPPORTED, at,
                       "tensor '%s' has ggml type %u, which pare does not know", t->name, type);
    PR_TRY(size_tensor(g, t, start));
    at = g->at;
    PR_TRY(take_u64(g, &t->offset, "a tensor's offset"));
    if (t->offset % g->alignment)
        return GG_FAIL(g, PARE_EINPUT, at,
                       "tensor '%s' at data offset %llu, expected a multiple of %u", t->name,
                       (unsigned long long)t->offset, g->alignment);
    return PARE_OK;
}

/* Offsets become places in the file; all must lie in it. */
static pare_status place_tensors(gguf *g, size_t first) {
    uint64_t data;
    if (g->n_tensors == 0) return PARE_OK;
    if (!pr_round_up_u64(g->at, g->alignment, &data) || data > g->n)
        return GG_FAIL(g, PARE_EINPUT, g->at, "the file ends before its data: cut off?");
    for (uint64_t i = 0; i < g->n_tensors; i++) {
        pr_tensor *t = &g->c->tensors[first + i];
        uint64_t   room = g->n - data;
        if (t->offset > room || t->bytes > room - t->offset)
            return GG_FAIL(g, PARE_EINPUT, data,
                           "tensor '%s' takes %llu bytes at data offset %llu, the file has "
                           "%llu bytes of data: "
                           "cut off?",
                           t->name, (unsigned long long)t->bytes, (unsigned long long)t->offset,
                           (unsigned long long)room);
        t->offset += data;
        t->data = g->p + t->offset;
    }
    return PARE_OK;
}

static pare_status check_overlap(gguf *g, size_t first) {
    pr_tensor  *list = g->c->tensors + first;
    pr_range   *r = pr_calloc((size_t)g->n_tensors, sizeof *r);
    size_t      n = 0;
    pare_status st = PARE_OK;
    if (!r) return pr_fail_nomem(g->err, g->n_tensors * sizeof *r);
    for (size_t i = 0; i < g->n_tensors; i++)
        if (list[i].bytes) r[n++] = (pr_range){list[i].offset, list[i].offset + list[i].bytes, i};
    pr_ranges_sort(r, n);
    for (size_t i = 1; i < n && st == PARE_OK; i++)
        if (r[i].from < r[i - 1].to)
            st = GG_FAIL(g, PARE_EINPUT, r[i].from,
                         "tensor '%s' lies over '%s', which ends at byte %llu",
                         list[r[i].who].name, list[r[i - 1].who].name,
                         (unsigned long long)r[i - 1].to);
    pr_free(r);
    return st;
}

static pare_status take_tensors(gguf *g) {
    size_t first = g->c->n_tensors;
    if (g->n_tensors > (g->n - g->at) / TENSOR_MIN)
        return GG_FAIL(g, PARE_EINPUT, 8,
                       "%llu tensors, the file has %llu bytes left for them: cut off?",
                       (unsigned long long)g->n_tensors, (unsigned long long)(g->n - g->at));
    PR_TRY(pr_container_reserve(g->c, g->n_tensors, g->err));
    for (uint64_t i = 0; i < g->n_tensors; i++) {
        PR_TRY(take_tensor(g, &g->c->tensors[g->c->n_tensors]));
        g->c->n_tensors++;
    }
    PR_TRY(place_tensors(g, first));
    return check_overlap(g, first);
}

/* -------------------------------------------------------------------- files */

static pare_status take_head(gguf *g) {
    uint32_t version = 0;
    g->at = 4;
    if (!gguf_probe(&g->c->files[g->file]))
        return GG_FAIL(g, PARE_EINPUT, 0, "the file does not begin with \"GGUF\"");
    PR_TRY(take_u32(g, &version, "the version"));
    if ((version & 0xffff) == 0 && version)
        return GG_FAIL(g, PARE_EUNSUPPORTED, 4, "a big-endian GGUF; pare reads little-endian ones");
    if (version == 1)
        return GG_FAIL(g, PARE_EUNSUPPORTED, 4, "GGUF version 1; pare reads versions 2 and 3");
    if (version != 2 && version != 3)
        return GG_FAIL(g, PARE_EUNSUPPORTED, 4, "GGUF version %u; pare reads versions 2 and 3",
                       version);
    PR_TRY(take_u64(g, &g->n_tensors, "the number of tensors"));
    PR_TRY(take_u64(g, &g->n_meta, "the number of keys"));
    if (g->n_meta > (g->n - g->at) / KEY_MIN)
        return GG_FAIL(g, PARE_EINPUT, 16,
                       "%llu keys, the file has %llu bytes left for them: cut off?",
                       (unsigned long long)g->n_meta, (unsigned long long)(g->n - g->at));
    if (g->n_tensors > (g->n - g->at) / TENSOR_MIN)
        return GG_FAIL(g, PARE_EINPUT, 8,
                       "%llu tensors, the file has %llu bytes left for them: cut off?",
                       (unsigned long long)g->n_tensors, (unsigned long long)(g->n - g->at));
    g->c->gguf_version = g->file == 0 ? version : g->c->gguf_version;
    return PARE_OK;
}

static pare_status read_part(pr_container *c, int file, gguf *g, pare_err *err) {
    const pr_map *m = &c->files[file];
    *g = (gguf){.c = c, .file = file, .p = m->p, .n = m->n, .err = err};
    PR_TRY(take_head(g));
    PR_TRY(take_keys(g));
    PR_TRY(read_alignment(g));
    return take_tensors(g);
}

static uint64_t split_number(const gguf *g, const char *key) {
    uint64_t       v = 0;
    const pr_meta *m = early_find(g, key);
    return m && pr_meta_u64(m, &v) ? v : 0;
}

enum { TAIL_BYTES = sizeof "-00001-of-00002.gguf" - 1 };

/* The path of part `no` (from 0) beside part 0, or NULL if that one's name does not follow the
 * rule. */
static char *part_path(pr_container *c, unsigned no, unsigned count) {
    const char *path = c->files[0].path;
    size_t      n = strlen(path);
    char        tail[40];
    snprintf(tail, sizeof tail, "-%05u-of-%05u.gguf", 1u, count);
    if (c->borrowed || n < TAIL_BYTES || strcmp(path + n - TAIL_BYTES, tail) != 0) return NULL;
    return pr_arena_printf(c->arena, "%.*s-%05u-of-%05u.gguf", (int)(n - TAIL_BYTES), path,
                           no + 1, count);
}

static pare_status read_other_parts(gguf *g0, unsigned count) {
    pr_container *c = g0->c;
    uint64_t      total = split_number(g0, "split.tensors.count");
    for (unsigned i = 1; i < count; i++) {
        char *path = part_path(c, i, count);
        gguf  g;
        if (!path)
            return GG_FAIL(g0, PARE_EINPUT, -1,
                           "part 1 of %u, expected a name that ends in -00001-of-%05u.gguf",
                           count, count);
        PR_TRY(pr_container_map(c, path, g0->err));
        PR_TRY(read_part(c, (int)i, &g, g0->err));
        if (split_number(&g, "split.no") != i || split_number(&g, "split.count") != count)
            return GG_FAIL(&g, PARE_EINPUT, -1, "split.no is %llu of %llu, expected %u of %u",
                           (unsigned long long)split_number(&g, "split.no"),
                           (unsigned long long)split_number(&g, "split.count"), i, count);
    }
    if (total && total != c->n_tensors)
        return GG_FAIL(g0, PARE_EINPUT, -1,
                       "the parts hold %zu tensors, split.tensors.count says %llu",
                       c->n_tensors, (unsigned long long)total);
    return PARE_OK;
}

static pare_status gguf_open(pr_container *c, pare_err *err) {
    gguf g;
    PR_TRY(read_part(c, 0, &g, err));
    c->meta = g.meta;
    c->n_meta = (size_t)g.n_meta;
    c->gguf_alignment = g.alignment;
    uint64_t no = split_number(&g, "split.no"), count = split_number(&g, "split.count");
    if (no > 0)
        return GG_FAIL(&g, PARE_EINPUT, -1, "this is part %llu of %llu, expected the first one",
                       (unsigned long long)no + 1, (unsigned long long)count);
    if (count > PR_FILES_MAX)
        return GG_FAIL(&g, PARE_EINPUT, -1, "split.count is %llu, expected at most %d",
                       (unsigned long long)count, PR_FILES_MAX);
    return count > 1 ? read_other_parts(&g, (unsigned)count) : PARE_OK;
}

const pr_format pr_format_gguf = {"gguf", PR_GGUF, gguf_probe, gguf_open};
