/* gguf_write.c - GGUF version 3, little-endian: header first, then the data in order.
 *
 * The layout is gguf_read.c's. Always true: while `out` is NULL only
 * declarations came; afterwards only data, and tensors before `now` are whole.
 * Tensor data end in padding up to the alignment, the last one too, as ggml expects. */
#include "container.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie");

enum {
    HEADER_MAX = 1 << 30,
    NAME_MOST = 63, /* ggml's GGML_MAX_NAME without the terminator */
    KEY_MOST = 65535,
    ALIGN_DEFAULT = 32
};

typedef struct {
    const char *name;
    uint64_t    bytes, offset;
} out_tensor;

typedef struct {
    const char *name;
} out_key;

struct pr_gguf_writer {
    pr_out     *out;
    char       *path;
    pr_arena   *arena;
    pr_buf      keys, infos;
    out_key    *key;
    size_t      n_keys, cap_keys;
    out_tensor *tensor;
    size_t      n_tensors, cap_tensors;
    uint64_t    data_bytes; /* with padding */
    uint32_t    alignment;
    size_t      now;  /* the tensor being written */
    uint64_t    done; /* its bytes so far */
    pare_err    first; /* the first failure; sticky */
    pr_sha256_ctx *hash; /* sees every byte of the file, or NULL */
};

static pare_status writer_status(const pr_gguf_writer *w, pare_err *err) {
    if (w->first.status != PARE_OK && err) *err = w->first;
    return w->first.status;
}

/* Keep what `e` says if nothing was kept yet, and give the first failure. */
static pare_status keep(pr_gguf_writer *w, const pare_err *e, pare_err *err) {
    if (w->first.status == PARE_OK) {
        w->first = *e;
        pr_fail_in(&w->first, w->first.status, w->path);
    }
    return writer_status(w, err);
}

pare_status pr_gguf_writer_new(pr_gguf_writer **out, const char *path, uint32_t alignment,
                               pare_err *err) {
    *out = NULL;
    if (alignment && (alignment < 8 || (alignment & (alignment - 1))))
        return pr_fail(err, PARE_EINTERNAL, -1,
                       "alignment %u, expected a power of two from 8 on", alignment);
    pr_gguf_writer *w = pr_calloc(1, sizeof *w);
    if (!w) return pr_fail_nomem(err, sizeof *w);
    w->alignment = alignment ? alignment : ALIGN_DEFAULT;
    pr_buf_init(&w->keys, HEADER_MAX);
    pr_buf_init(&w->infos, HEADER_MAX);
    w->arena = pr_arena_new(HEADER_MAX);
    w->path = w->arena ? pr_arena_str(w->arena, path, strlen(path)) : NULL;
    if (!w->path) {
        pr_gguf_writer_discard(w);
        return pr_fail_nomem(err, strlen(path));
    }
    if (alignment) pr_gguf_add_u32(w, "general.alignment", alignment);
    *out = w;
    return PARE_OK;
}

void pr_gguf_writer_discard(pr_gguf_writer *w) {
    if (!w) return;
    pr_out_discard(w->out);
    pr_buf_done(&w->keys);
    pr_buf_done(&w->infos);
    pr_free(w->key);
    pr_free(w->tensor);
    pr_arena_free(w->arena);
    pr_free(w);
}

/* Room for one more element in *list. */
static bool room(void **list, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return true;
    size_t want = *cap ? *cap * 2 : 64;
    void  *more = pr_realloc(*list, want, size);
    if (!more) return false;
    *list = more;
    *cap = want;
    return true;
}

/* --------------------------------------------------------------------- keys */

static void put_u32(pr_buf *b, uint32_t v) { pr_buf_add(b, &v, sizeof v); }
static void put_u64(pr_buf *b, uint64_t v) { pr_buf_add(b, &v, sizeof v); }
static void put_str(pr_buf *b, pr_str s) {
    put_u64(b, s.n);
    pr_buf_add(b, s.p, s.n);
}

static void refuse(pr_gguf_writer *w, pare_status st, const char *key, const char *why) {
    pare_err e = {0};
    pr_fail(&e, st, -1, "key '%.80s': %s", key ? key : "", why);
    keep(w, &e, NULL);
}

/* The key and its type; false if the writer takes no more. */
static bool begin_key(pr_gguf_writer *w, const char *key, pr_meta_type type) {
    size_t n = key ? strlen(key) : 0;
    if (w->first.status != PARE_OK) return false;
    if (w->out) return refuse(w, PARE_EINTERNAL, key, "declared after data were written"), false;
    if (n == 0 || n > KEY_MOST || !pr_utf8_valid(key, n, NULL))
        return refuse(w, PARE_EINPUT, key, "is empty, over 65535 bytes or no UTF-8"), false;
    void *list = w->key;
    char *copy = pr_arena_str(w->arena, key, n);
    if (!copy || !room(&list, w->n_keys, &w->cap_keys, sizeof *w->key))
        return refuse(w, PARE_ENOMEM, key, "no memory"), false;
    w->key = list;
    w->key[w->n_keys++].name = copy;
    put_str(&w->keys, (pr_str){key, n});
    put_u32(&w->keys, type);
    return true;
}

static void add_number(pr_gguf_writer *w, const char *key, pr_meta_type type, const void *v,
                       size_t n) {
    if (begin_key(w, key, type)) pr_buf_add(&w->keys, v, n);
}

void pr_gguf_add_u8(pr_gguf_writer *w, const char *key, uint8_t v) {
    add_number(w, key, PR_META_U8, &v, sizeof v);
}
void pr_gguf_add_i8(pr_gguf_writer *w, const char *key, int8_t v) {
    add_number(w, key, PR_META_I8, &v, sizeof v);
}
void pr_gguf_add_u16(pr_gguf_writer *w, const char *key, uint16_t v) {
    add_number(w, key, PR_META_U16, &v, sizeof v);
}
void pr_gguf_add_i16(pr_gguf_writer *w, const char *key, int16_t v) {
    add_number(w, key, PR_META_I16, &v, sizeof v);
}
void pr_gguf_add_u32(pr_gguf_writer *w, const char *key, uint32_t v) {
    add_number(w, key, PR_META_U32, &v, sizeof v);
}
void pr_gguf_add_i32(pr_gguf_writer *w, const char *key, int32_t v) {
    add_number(w, key, PR_META_I32, &v, sizeof v);
}
void pr_gguf_add_u64(pr_gguf_writer *w, const char *key, uint64_t v) {
    add_number(w, key, PR_META_U64, &v, sizeof v);
}
void pr_gguf_add_i64(pr_gguf_writer *w, const char *key, int64_t v) {
    add_number(w, key, PR_META_I64, &v, sizeof v);
}
void pr_gguf_add_f32(pr_gguf_writer *w, const char *key, float v) {
    add_number(w, key, PR_META_F32, &v, sizeof v);
}
void pr_gguf_add_f64(pr_gguf_writer *w, const char *key, double v) {
    add_number(w, key, PR_META_F64, &v, sizeof v);
}
void pr_gguf_add_bool(pr_gguf_writer *w, const char *key, bool v) {
    uint8_t b = v;
    add_number(w, key, PR_META_BOOL, &b, 1);
}
void pr_gguf_add_str(pr_gguf_writer *w, const char *key, pr_str v) {
    if (begin_key(w, key, PR_META_STR)) put_str(&w->keys, v);
}

static void put_numbers(pr_gguf_writer *w, const char *key, pr_meta_type elem, const void *p,
                        uint64_t n) {
    static const uint8_t size[PR_META_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    put_u32(&w->keys, elem);
    put_u64(&w->keys, n);
    uint64_t bytes;
    if ((unsigned)elem >= PR_META_TYPES || !size[elem])
        refuse(w, PARE_EINTERNAL, key, "no type of number");
    else if (!pr_mul_u64(n, size[elem], &bytes) || bytes > HEADER_MAX)
        refuse(w, PARE_EINPUT, key, "an array of over 1 GiB");
    else pr_buf_add(&w->keys, p, (size_t)bytes);
}

static void put_strs(pr_gguf_writer *w, const pr_str *values, uint64_t n) {
    put_u32(&w->keys, PR_META_STR);
    put_u64(&w->keys, n);
    for (uint64_t i = 0; i < n && !w->keys.failed; i++) put_str(&w->keys, values[i]);
}

void pr_gguf_add_arr(pr_gguf_writer *w, const char *key, pr_meta_type elem, const void *values,
                     uint64_t n) {
    if (begin_key(w, key, PR_META_ARR)) put_numbers(w, key, elem, values, n);
}

void pr_gguf_add_strs(pr_gguf_writer *w, const char *key, const pr_str *values, uint64_t n) {
    if (begin_key(w, key, PR_META_ARR)) put_strs(w, values, n);
}

/* The reader bounded the nesting, so this recursion is bounded too. */
static void put_array(pr_gguf_writer *w, const char *key, const pr_meta *m) {
    if (m->elem == PR_META_STR) {
        put_strs(w, m->v.str, m->n);
    } else if (m->elem == PR_META_ARR) {
        put_u32(&w->keys, PR_META_ARR);
        put_u64(&w->keys, m->n);
        for (uint64_t i = 0; i < m->n && !w->keys.failed; i++) put_array(w, key, &m->v.arr[i]);
    } else {
        put_numbers(w, key, m->elem, m->v.raw, m->n);
    }
}

void pr_gguf_add_meta(pr_gguf_writer *w, const char *key, const pr_meta *m) {
    if (!key) key = m->key;
    switch (m->type) {
    case PR_META_U8: pr_gguf_add_u8(w, key, (uint8_t)m->v.u); break;
    case PR_META_I8: pr_gguf_add_i8(w, key, (int8_t)m->v.i); break;
    case PR_META_U16: pr_gguf_add_u16(w, key, (uint16_t)m->v.u); break;
    case PR_META_I16: pr_gguf_add_i16(w, key, (int16_t)m->v.i); break;
    case PR_META_U32: pr_gguf_add_u32(w, key, (uint32_t)m->v.u); break;
    case PR_META_I32: pr_gguf_add_i32(w, key, (int32_t)m->v.i); break;
    case PR_META_U64: pr_gguf_add_u64(w, key, m->v.u); break;
    case PR_META_I64: pr_gguf_add_i64(w, key, m->v.i); break;
    case PR_META_F32: pr_gguf_add_f32(w, key, (float)m->v.f); break;
    case PR_META_F64: pr_gguf_add_f64(w, key, m->v.f); break;
    case PR_META_BOOL: pr_gguf_add_bool(w, key, m->v.u != 0); break;
    case PR_META_STR: pr_gguf_add_str(w, key, (pr_str){m->v.s, (size_t)m->n}); break;
    case PR_META_ARR:
        if (begin_key(w, key, PR_META_ARR)) put_array(w, key, m);
        break;
    default: refuse(w, PARE_EINTERNAL, key, "unknown type of value");
    }
}

void pr_gguf_writer_hash(pr_gguf_writer *w, pr_sha256_ctx *h) {
    w->hash = h;
}

/* ------------------------------------------------------------------ tensors */

static pare_status check_tensor(const pr_gguf_writer *w, const char *name, pr_type type, int n_dims,
                                const uint64_t *dim, uint64_t *bytes, pare_err *err) {
    size_t   n = strlen(name);
    uint64_t row = n_dims > 0 ? dim[n_dims - 1] : 1, values, row_bytes;
    if (w->out)
        return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' declared after data were written",
                       name);
    if (n == 0 || n > NAME_MOST || !pr_utf8_valid(name, n, NULL))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "tensor name '%.80s' of %zu bytes, GGUF takes 1 to %d", name, n,
                       NAME_MOST);
    if (n_dims < 0 || n_dims > 4)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "tensor '%s' has %d dimensions, GGUF takes up to 4", name, n_dims);
    if (pr_type_get(type)->gguf_id < 0)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': GGUF has no type %s", name,
                       pr_type_get(type)->name);
    if (!pr_dims_product(dim, n_dims, &values) || values > INT64_MAX ||
        !pr_type_row_bytes(type, row, &row_bytes) ||
        !pr_mul_u64(row ? values / row : 0, row_bytes, bytes) || *bytes > INT64_MAX)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tensor '%s': rows of %llu, expected whole blocks of %d for %s, "
                       "and a size within 63 bits",
                       name, (unsigned long long)row, pr_type_get(type)->block,
                       pr_type_get(type)->name);
    return PARE_OK;
}

pare_status pr_gguf_add_tensor(pr_gguf_writer *w, const char *name, pr_type type, int n_dims,
                               const uint64_t *dim, pare_err *err) {
    pare_err   e = {0};
    out_tensor t = {0};
    PR_TRY(writer_status(w, err));
    if (check_tensor(w, name, type, n_dims, dim, &t.bytes, &e) != PARE_OK) return keep(w, &e, err);
    void *list = w->tensor;
    t.name = pr_arena_str(w->arena, name, strlen(name));
    t.offset = w->data_bytes;
    if (!t.name || !room(&list, w->n_tensors, &w->cap_tensors, sizeof *w->tensor)) {
        pr_fail_nomem(&e, sizeof t);
        return keep(w, &e, err);
    }
    w->tensor = list;
    uint64_t end;
    if (!pr_add_u64(t.offset, t.bytes, &end) ||
        !pr_round_up_u64(end, w->alignment, &w->data_bytes)) {
        pr_fail(&e, PARE_EINPUT, -1, "the tensors take over 2^64 bytes");
        return keep(w, &e, err);
    }
    w->tensor[w->n_tensors++] = t;
    put_str(&w->infos, pr_str_of(name));
    put_u32(&w->infos, n_dims ? (uint32_t)n_dims : 1);
    if (n_dims == 0) put_u64(&w->infos, 1);
    for (int i = n_dims - 1; i >= 0; i--) put_u64(&w->infos, dim[i]);
    put_u32(&w->infos, (uint32_t)pr_type_get(type)->gguf_id);
    put_u64(&w->infos, t.offset);
    return PARE_OK;
}

/* No name twice; the buffers took everything. */
static pare_status check_names(const pr_gguf_writer *w, pare_err *err) {
    pr_names    t;
    size_t      i = 0;
    pare_status st = pr_names_build(&t, w->key, sizeof *w->key, w->n_keys, &i, err);
    pr_names_done(&t);
    if (st == PARE_EINPUT)
        return pr_fail(err, PARE_EINTERNAL, -1, "key '%s' was added twice", w->key[i].name);
    if (st != PARE_OK) return st;
    st = pr_names_build(&t, w->tensor, sizeof *w->tensor, w->n_tensors, &i, err);
    pr_names_done(&t);
    if (st == PARE_EINPUT)
        return pr_fail(err, PARE_EINPUT, -1, "tensor '%s' was added twice", w->tensor[i].name);
    if (w->keys.failed || w->infos.failed) return pr_fail_nomem(err, HEADER_MAX);
    return st;
}

static uint64_t header_bytes(const pr_gguf_writer *w) {
    return 24 + (uint64_t)w->keys.n + w->infos.n;
}

static uint64_t padding(uint64_t n, uint32_t alignment) {
    return (alignment - n % alignment) % alignment;
}

static pare_status put(pr_gguf_writer *w, const void *p, size_t n, pare_err *err) {
    if (w->hash) pr_sha256_add(w->hash, p, n);
    return pr_out_write(w->out, p, n, err);
}

static pare_status write_zeros(pr_gguf_writer *w, uint64_t n, pare_err *err) {
    static const uint8_t zeros[512];
    for (; n > sizeof zeros; n -= sizeof zeros) PR_TRY(put(w, zeros, sizeof zeros, err));
    return put(w, zeros, (size_t)n, err);
}

static pare_status write_header(pr_gguf_writer *w, pare_err *err) {
    uint32_t version = 3;
    uint64_t n_tensors = w->n_tensors, n_keys = w->n_keys;
    PR_TRY(check_names(w, err));
    PR_TRY(pr_out_open(&w->out, w->path, err));
    PR_TRY(put(w, "GGUF", 4, err));
    PR_TRY(put(w, &version, 4, err));
    PR_TRY(put(w, &n_tensors, 8, err));
    PR_TRY(put(w, &n_keys, 8, err));
    PR_TRY(put(w, w->keys.p, w->keys.n, err));
    PR_TRY(put(w, w->infos.p, w->infos.n, err));
    return write_zeros(w, padding(header_bytes(w), w->alignment), err);
}

/* Pad and step over what is whole. */
static pare_status finish_whole(pr_gguf_writer *w, pare_err *err) {
    while (w->now < w->n_tensors && w->done == w->tensor[w->now].bytes) {
        PR_TRY(write_zeros(w, padding(w->done, w->alignment), err));
        w->now++;
        w->done = 0;
    }
    return PARE_OK;
}

static pare_status write_data(pr_gguf_writer *w, size_t i, const void *p, size_t n, pare_err *err) {
    if (!w->out) PR_TRY(write_header(w, err));
    if (i >= w->n_tensors)
        return pr_fail(err, PARE_EINTERNAL, -1, "data for tensor %zu of %zu", i, w->n_tensors);
    if (n == 0 && w->tensor[i].bytes == 0) return PARE_OK;
    PR_TRY(finish_whole(w, err));
    if (i != w->now)
        return pr_fail(
            err, PARE_EINTERNAL, -1,
            "data for tensor '%s', expected '%s', which has %llu of %llu bytes",
            w->tensor[i].name, w->now < w->n_tensors ? w->tensor[w->now].name : "the end",
            (unsigned long long)w->done,
            (unsigned long long)(w->now < w->n_tensors ? w->tensor[w->now].bytes : 0));
    if (n > w->tensor[i].bytes - w->done)
        return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' gets %llu bytes, expected %llu",
                       w->tensor[i].name, (unsigned long long)(w->done + n),
                       (unsigned long long)w->tensor[i].bytes);
    PR_TRY(put(w, p, n, err));
    w->done += n;
    return PARE_OK;
}

pare_status pr_gguf_data(pr_gguf_writer *w, size_t i, const void *p, size_t n, pare_err *err) {
    pare_err e = {0};
    PR_TRY(writer_status(w, err));
    return write_data(w, i, p, n, &e) == PARE_OK ? PARE_OK : keep(w, &e, err);
}

pare_status pr_gguf_writer_size(pr_gguf_writer *w, uint64_t *bytes, pare_err *err) {
    uint64_t head = header_bytes(w);
    *bytes = 0;
    PR_TRY(writer_status(w, err));
    *bytes = head + padding(head, w->alignment) + w->data_bytes;
    return PARE_OK;
}

static pare_status check_whole(pr_gguf_writer *w, pare_err *err) {
    if (!w->out) PR_TRY(write_header(w, err));
    PR_TRY(finish_whole(w, err));
    if (w->now == w->n_tensors) return PARE_OK;
    return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' has %llu of %llu bytes",
                   w->tensor[w->now].name, (unsigned long long)w->done,
                   (unsigned long long)w->tensor[w->now].bytes);
}

pare_status pr_gguf_writer_commit(pr_gguf_writer *w, pare_err *err) {
    pare_err    e = {0};
    pare_status st = writer_status(w, err);
    if (st == PARE_OK && check_whole(w, &e) != PARE_OK) st = keep(w, &e, err);
    if (st == PARE_OK) {
        pr_out *out = w->out;
        w->out = NULL;
        st = pr_out_commit(out, err);
    }
    pr_gguf_writer_discard(w);
    return st;
}
