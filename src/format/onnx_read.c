/* onnx_read.c - model.onnx as a graph (fgraph.h). The bytes of weights stay where they lie: in
 * raw_data inside the file, or in files beside it that it names.
 *
 * Always true: the file is untrusted. Messages are walked once to count and once to fill, so that
 * nothing grows by a number that stands in the file; no message is nested deeper than the code
 * calls. Fields: onnx.proto of ONNX 1.23. */
#include "container.h"
#include <stdio.h>

enum { /* field numbers */
    MODEL_PRODUCER = 2, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_FUNCTIONS = 25,
    GRAPH_NODE = 1, GRAPH_INIT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_SPARSE = 15,
    NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTR = 5, NODE_DOMAIN = 7,
    ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_FLOATS = 7,
    ATTR_INTS = 8, ATTR_REF = 21,
    TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_SEGMENT = 3, TENSOR_FLOATS = 4, TENSOR_INT32S = 5,
    TENSOR_STRINGS = 6, TENSOR_INT64S = 7, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_DOUBLES = 10,
    TENSOR_UINT64S = 11, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14,
    INFO_NAME = 1, INFO_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEM = 1, TENSOR_SHAPE = 2,
    SHAPE_DIM = 1, DIM_VALUE = 1, OPSET_DOMAIN = 1, OPSET_VERSION = 2, PAIR_KEY = 1, PAIR_VALUE = 2
};
enum { LIST_MAX = 1 << 20, NAME_MAX_BYTES = 4096, EXTERNAL_MAX = 64 };

static const pr_fg_type ONNX_TYPES[] = {
    [1] = PR_FG_F32,  [2] = PR_FG_U8,   [3] = PR_FG_I8,   [4] = PR_FG_U16,  [5] = PR_FG_I16,
    [6] = PR_FG_I32,  [7] = PR_FG_I64,  [8] = PR_FG_STR,  [9] = PR_FG_BOOL, [10] = PR_FG_F16,
    [11] = PR_FG_F64, [12] = PR_FG_U32, [13] = PR_FG_U64, [14] = PR_FG_OTHER,
    [15] = PR_FG_OTHER, [16] = PR_FG_BF16, [17] = PR_FG_OTHER, [18] = PR_FG_OTHER,
    [19] = PR_FG_OTHER, [20] = PR_FG_OTHER, [21] = PR_FG_U4, [22] = PR_FG_I4};

typedef struct {
    pr_container *c;
    pr_fgraph    *g;
    pare_err     *err;
    uint32_t     *slot; /* names to values: index + 1, 0 free */
    uint64_t      mask;
    int           cap_vals, cap_nodes, cap_consts;
} reader;

static pr_fg_type type_of(uint64_t t) {
    return t < PR_COUNT(ONNX_TYPES) && t > 0 ? ONNX_TYPES[t] : PR_FG_OTHER;
}

static int64_t place_of(const reader *r, const void *p) {
    return (const uint8_t *)p - r->c->files[0].p;
}

/* The next field; a fault's place is counted from the start of the file. */
static pare_status next(const reader *r, pr_pb *b, pr_pb_field *f) {
    int64_t base = place_of(r, b->start);
    pare_status st = pr_pb_next(b, f, r->err);
    if (st != PARE_OK && r->err && r->err->pos >= 0) r->err->pos += base;
    return st;
}

static pr_pb message(const pr_pb_field *f) {
    return pr_pb_of(f->bytes.p, f->bytes.n);
}

static bool is_bytes(const pr_pb_field *f, uint32_t no) {
    return f->no == no && f->wire == PR_PB_BYTES;
}

/* A name for the arena: no NUL inside, not endless. */
static pare_status name_of(const reader *r, pr_str s, const char **out) {
    if (s.n > NAME_MAX_BYTES || (s.n && memchr(s.p, 0, s.n)))
        return pr_fail(r->err, PARE_EINPUT, place_of(r, s.p),
                       "a name of %zu bytes, expected at most %d and no NUL", s.n, NAME_MAX_BYTES);
    *out = pr_arena_str(r->c->arena, s.p ? s.p : "", s.n);
    return *out ? PARE_OK : pr_fail_nomem(r->err, s.n);
}

/* The value of that name, made at its first mention; "" is -1. */
static pare_status value_of(reader *r, pr_str s, int *out) {
    *out = -1;
    if (s.n == 0) return PARE_OK;
    uint64_t i = pr_hash64(s.p, s.n) & r->mask;
    for (; r->slot[i]; i = (i + 1) & r->mask)
        if (pr_str_eq(s, pr_str_of(r->g->vals[r->slot[i] - 1].name))) {
            *out = (int)r->slot[i] - 1;
            return PARE_OK;
        }
    if (r->g->n_vals == r->cap_vals)
        return pr_fail(r->err, PARE_EINTERNAL, -1, "more names than were counted");
    pr_fg_val *v = &r->g->vals[r->g->n_vals];
    *v = (pr_fg_val){.node = -1, .constant = -1, .input = -1};
    PR_TRY(name_of(r, s, &v->name));
    *out = r->g->n_vals++;
    r->slot[i] = (uint32_t)*out + 1;
    return PARE_OK;
}

/* ------------------------------------------------------------------ tensors */

typedef struct {
    pr_fg_const c;
    pr_str name, raw, location, packed;
    uint32_t packed_as;  /* the field that held `packed` */
    uint64_t type, offset, length;
    bool has_raw, external, has_length;
} tensor;

static pare_status bad_tensor(const reader *r, const tensor *t, const char *what) {
    return pr_fail(r->err, PARE_EUNSUPPORTED, t->name.p ? place_of(r, t->name.p) : -1,
                   "tensor '%.*s': %s", (int)PR_MIN(t->name.n, 100), t->name.p ? t->name.p : "",
                   what);
}

static pare_status add_dim(const reader *r, tensor *t, uint64_t v) {
    if (t->c.n_dims == PR_FG_RANK) return bad_tensor(r, t, "over 8 dimensions");
    if (v > INT64_MAX) return bad_tensor(r, t, "a negative dimension");
    t->c.dim[t->c.n_dims++] = v;
    return PARE_OK;
}

static pare_status add_dims(const reader *r, tensor *t, const pr_pb_field *f) {
    uint64_t v;
    if (f->wire == PR_PB_VARINT) return add_dim(r, t, f->u);
    if (f->wire != PR_PB_BYTES) return PARE_OK;
    for (pr_pb b = message(f); pr_pb_varint(&b, &v);) PR_TRY(add_dim(r, t, v));
    return PARE_OK;
}

static pare_status whole(const reader *r, const tensor *t, pr_str s, uint64_t *out) {
    char text[24];
    int64_t v;
    if (s.n < sizeof text) {
        snprintf(text, sizeof text, "%.*s", (int)s.n, s.n ? s.p : "");
        if (pr_parse_i64(text, 0, INT64_MAX, &v)) return *out = (uint64_t)v, PARE_OK;
    }
    return bad_tensor(r, t, "offset or length of its external data is no whole number");
}

static pare_status external(const reader *r, tensor *t, const pr_pb_field *f) {
    pr_str key = {0}, value = {0};
    pr_pb_field e;
    pr_pb b = message(f);
    for (;;) {
        PR_TRY(next(r, &b, &e));
        if (!e.no) break;
        if (is_bytes(&e, PAIR_KEY)) key = e.bytes;
        if (is_bytes(&e, PAIR_VALUE)) value = e.bytes;
    }
    if (pr_str_eq(key, PR_STR("location"))) t->location = value;
    if (pr_str_eq(key, PR_STR("offset"))) return whole(r, t, value, &t->offset);
    if (pr_str_eq(key, PR_STR("length"))) {
        t->has_length = true;
        return whole(r, t, value, &t->length);
    }
    return PARE_OK;
}

static pare_status packed(const reader *r, tensor *t, const pr_pb_field *f) {
    if (f->wire != PR_PB_BYTES || t->packed_as)
        return bad_tensor(r, t, "its numbers are not packed into one field");
    t->packed = f->bytes;
    t->packed_as = f->no;
    return PARE_OK;
}

static pare_status tensor_field(const reader *r, tensor *t, const pr_pb_field *f) {
    switch (f->no) {
    case TENSOR_DIMS: return add_dims(r, t, f);
    case TENSOR_TYPE: t->type = f->u; return PARE_OK;
    case TENSOR_SEGMENT: return bad_tensor(r, t, "stored in segments");
    case TENSOR_NAME: t->name = f->bytes; return PARE_OK;
    case TENSOR_RAW:
        t->raw = f->bytes;
        t->has_raw = f->wire == PR_PB_BYTES;
        return PARE_OK;
    case TENSOR_FLOATS: case TENSOR_INT32S: case TENSOR_INT64S: case TENSOR_DOUBLES:
    case TENSOR_UINT64S: return packed(r, t, f);
    case TENSOR_EXTERNAL: return f->wire == PR_PB_BYTES ? external(r, t, f) : PARE_OK;
    case TENSOR_LOCATION: t->external = f->u == 1; return PARE_OK;
    default: return PARE_OK;
    }
}

/* A name that stays in the model's folder: no root, no way up, no NUL. */
static bool stays_inside(pr_str s) {
    if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '/' || memchr(s.p, 0, s.n) ||
        memchr(s.p, '\\', s.n))
        return false;
    for (size_t from = 0; from <= s.n;) {
        size_t to = from;
        while (to < s.n && s.p[to] != '/') to++;
        if (to - from == 2 && memcmp(s.p + from, "..", 2) == 0) return false;
        from = to + 1;
    }
    return true;
}

/* The file beside the model with that name, mapped once. */
static pare_status beside(const reader *r, const tensor *t, int *file) {
    pr_container *c = r->c;
    const char *model = c->files[0].path;
    if (!stays_inside(t->location))
        return pr_fail(r->err, PARE_EINPUT, -1,
                       "tensor '%.*s': external data in '%.*s', expected a file in the model's "
                       "folder",
                       (int)PR_MIN(t->name.n, 100), t->name.p ? t->name.p : "",
                       (int)PR_MIN(t->location.n, 100), t->location.p ? t->location.p : "");
    if (c->borrowed) return bad_tensor(r, t, "external data, but the model is in memory only");
    char *path = pr_arena_printf(c->arena, "%.*s%.*s", (int)(pr_path_base(model) - model), model,
                                 (int)t->location.n, t->location.p);
    if (!path) return pr_fail_nomem(r->err, NAME_MAX_BYTES);
    for (*file = 1; *file < c->n_files; ++*file)
        if (strcmp(c->files[*file].path, path) == 0) return PARE_OK;
    if (c->n_files > EXTERNAL_MAX)
        return bad_tensor(r, t, "over 64 files of external data");
    PR_TRY(pr_container_map(c, path, r->err));
    *file = c->n_files - 1;
    return PARE_OK;
}

static pare_status find_external(const reader *r, tensor *t) {
    PR_TRY(beside(r, t, &t->c.file));
    const pr_map *m = &r->c->files[t->c.file];
    uint64_t room = t->offset <= m->n ? m->n - t->offset : 0;
    if (!t->has_length) t->length = room;
    if (t->offset > m->n || t->length > room)
        return pr_container_fail(r->c, t->c.file, r->err, PARE_EINPUT, (int64_t)t->offset,
                                 "tensor '%.*s' takes %llu bytes from %llu on, the file has "
                                 "%llu: cut off?",
                                 (int)PR_MIN(t->name.n, 100), t->name.p ? t->name.p : "",
                                 (unsigned long long)t->length, (unsigned long long)t->offset,
                                 (unsigned long long)m->n);
    t->c.data = m->p + t->offset;
    t->c.offset = t->offset;
    t->c.bytes = t->length;
    return PARE_OK;
}

/* Varints as little-endian numbers of the tensor's type, into the arena; few, as they are small
 * constants that somebody wrote by hand. */
static pare_status unpack(const reader *r, tensor *t) {
    int bits = pr_fg_type_bits(t->c.type);
    size_t n = 0, size = (size_t)bits / 8;
    uint64_t v;
    uint8_t *to;
    for (pr_pb b = pr_pb_of(t->packed.p, t->packed.n); pr_pb_varint(&b, &v);) n++;
    if (bits < 8) return bad_tensor(r, t, "4-bit values outside raw_data");
    if (n > LIST_MAX) return bad_tensor(r, t, "over a million numbers outside raw_data");
    PR_NEW(to, r->c->arena, n * size + 1, r->err);
    t->c.data = to;
    t->c.bytes = n * size;
    for (pr_pb b = pr_pb_of(t->packed.p, t->packed.n); pr_pb_varint(&b, &v); to += size)
        for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(v >> (8 * i));
    return PARE_OK;
}

static bool in_own_bytes(const tensor *t) {
    return (t->packed_as == TENSOR_FLOATS && t->c.type == PR_FG_F32) ||
           (t->packed_as == TENSOR_DOUBLES && t->c.type == PR_FG_F64);
}

static pare_status find_bytes(const reader *r, tensor *t) {
    t->c.type = type_of(t->type);
    if (t->external) return find_external(r, t);
    if (!t->has_raw && t->packed_as && !in_own_bytes(t)) {
        bool ints = t->packed_as == TENSOR_INT64S || t->packed_as == TENSOR_INT32S ||
                    t->packed_as == TENSOR_UINT64S;
        return ints ? unpack(r, t) : bad_tensor(r, t, "its numbers are in another type's field");
    }
    pr_str s = t->has_raw ? t->raw : t->packed;
    if (s.p == NULL) s.p = (const char *)r->c->files[0].p;
    t->c.data = (const uint8_t *)s.p;
    t->c.bytes = s.n;
    t->c.offset = (uint64_t)place_of(r, s.p);
    return PARE_OK;
}

static pare_status read_tensor(const reader *r, const pr_pb_field *msg, tensor *t) {
    pr_pb_field f;
    pr_pb b = message(msg);
    *t = (tensor){0};
    for (int i = 0; i < PR_FG_RANK; i++) t->c.dim[i] = 1;
    t->c.n_dims = 0;
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        PR_TRY(tensor_field(r, t, &f));
    }
    return find_bytes(r, t);
}

/* Constant number n_consts behind value `v`. */
static pare_status put_const(reader *r, int v, const pr_fg_const *c) {
    if (r->g->vals[v].constant >= 0)
        return pr_fail(r->err, PARE_EINPUT, -1, "value '%.100s' is made twice",
                       r->g->vals[v].name);
    if (r->g->n_consts == r->cap_consts)
        return pr_fail(r->err, PARE_EINTERNAL, -1, "more constants than were counted");
    r->g->vals[v].constant = r->g->n_consts;
    r->g->consts[r->g->n_consts++] = *c;
    return PARE_OK;
}

static pare_status initializer(reader *r, const pr_pb_field *f) {
    tensor t;
    int v;
    PR_TRY(read_tensor(r, f, &t));
    PR_TRY(value_of(r, t.name, &v));
    if (v < 0) return pr_fail(r->err, PARE_EINPUT, place_of(r, f->bytes.p), "a tensor has no name");
    return put_const(r, v, &t.c);
}

/* ------------------------------------------------------------------ nodes */

/* A list of numbers, packed or one a field: counted, then filled. */
static pare_status add_number(const reader *r, pr_fg_attr *a, const pr_pb_field *f, bool floats,
                              int64_t *ints, double *reals) {
    uint64_t v;
    if (floats) {
        pr_pb b = f->wire == PR_PB_BYTES ? message(f) : pr_pb_of("", 0);
        if (f->wire == PR_PB_FIXED32) {
            if (reals) reals[a->n] = (double)pr_pb_float(f);
            a->n++;
        }
        for (; b.end - b.p >= 4; b.p += 4, a->n++)
            if (reals) reals[a->n] = (double)pr_f32_bits(pr_le32(b.p));
    } else if (f->wire == PR_PB_VARINT) {
        if (ints) ints[a->n] = (int64_t)f->u;
        a->n++;
    } else if (f->wire == PR_PB_BYTES) {
        for (pr_pb b = message(f); pr_pb_varint(&b, &v); a->n++)
            if (ints) ints[a->n] = (int64_t)v;
    }
    return a->n <= LIST_MAX ? PARE_OK
                            : pr_fail(r->err, PARE_EINPUT, -1, "a list of over a million numbers");
}

static pare_status attr_lists(const reader *r, const pr_pb_field *msg, pr_fg_attr *a, bool floats) {
    int64_t *ints = NULL;
    double *reals = NULL;
    a->kind = floats ? PR_FG_FLOATS : PR_FG_INTS;
    for (int pass = 0; pass < 2; pass++) {
        pr_pb b = message(msg);
        pr_pb_field f;
        if (pass && floats) PR_NEW(reals, r->c->arena, a->n + 1, r->err);
        if (pass && !floats) PR_NEW(ints, r->c->arena, a->n + 1, r->err);
        a->n = 0;
        for (;;) {
            PR_TRY(next(r, &b, &f));
            if (!f.no) break;
            if (f.no == (floats ? ATTR_FLOATS : ATTR_INTS))
                PR_TRY(add_number(r, a, &f, floats, ints, reals));
        }
    }
    a->ints = ints;
    a->floats = reals;
    return PARE_OK;
}

static pare_status attr_tensor(const reader *r, const pr_pb_field *f, pr_fg_attr *a) {
    tensor t;
    a->kind = PR_FG_TENSOR;
    PR_TRY(read_tensor(r, f, &t));
    a->tensor = t.c;
    return pr_fg_const_check(&a->tensor, a->key ? a->key : "value", r->err);
}

static pare_status read_attr(const reader *r, const pr_pb_field *msg, pr_fg_attr *a) {
    pr_pb b = message(msg);
    pr_pb_field f;
    bool ints = false, floats = false;
    *a = (pr_fg_attr){.key = "", .kind = PR_FG_INTS};
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        switch (f.no) {
        case ATTR_NAME: PR_TRY(name_of(r, f.bytes, &a->key)); break;
        case ATTR_F: a->kind = PR_FG_FLOAT, a->f = (double)pr_pb_float(&f); break;
        case ATTR_I: a->kind = PR_FG_INT, a->i = (int64_t)f.u; break;
        case ATTR_S: a->kind = PR_FG_TEXT, a->text = f.bytes; break;
        case ATTR_T:
            if (f.wire == PR_PB_BYTES) PR_TRY(attr_tensor(r, &f, a));
            break;
        case ATTR_G: a->kind = PR_FG_GRAPH; break;
        case ATTR_INTS: ints = true; break;
        case ATTR_FLOATS: floats = true; break;
        case ATTR_REF:
            return pr_fail(r->err, PARE_EUNSUPPORTED, place_of(r, f.bytes.p),
                           "an attribute that refers to a function's: not read");
        default: break;
        }
    }
    if (ints || floats) return attr_lists(r, msg, a, floats);
    return PARE_OK;
}

typedef struct {
    int in, out, attr;
} sizes;

static pare_status count_node(const reader *r, const pr_pb_field *msg, sizes *s) {
    pr_pb b = message(msg);
    pr_pb_field f;
    *s = (sizes){0};
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) return PARE_OK;
        s->in += is_bytes(&f, NODE_INPUT);
        s->out += is_bytes(&f, NODE_OUTPUT);
        s->attr += is_bytes(&f, NODE_ATTR);
    }
}

static pare_status read_node(reader *r, const pr_pb_field *msg, pr_fg_node *n) {
    sizes s;
    int *in, *out;
    pr_pb b = message(msg);
    pr_pb_field f;
    PR_TRY(count_node(r, msg, &s));
    *n = (pr_fg_node){.op = "", .domain = "", .name = ""};
    PR_NEW(in, r->c->arena, s.in + 1, r->err);
    PR_NEW(out, r->c->arena, s.out + 1, r->err);
    PR_NEW(n->attr, r->c->arena, s.attr + 1, r->err);
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        if (f.wire != PR_PB_BYTES) continue;
        switch (f.no) {
        case NODE_INPUT: PR_TRY(value_of(r, f.bytes, &in[n->n_in++])); break;
        case NODE_OUTPUT: PR_TRY(value_of(r, f.bytes, &out[n->n_out++])); break;
        case NODE_NAME: PR_TRY(name_of(r, f.bytes, &n->name)); break;
        case NODE_OP: PR_TRY(name_of(r, f.bytes, &n->op)); break;
        case NODE_DOMAIN: PR_TRY(name_of(r, f.bytes, &n->domain)); break;
        case NODE_ATTR: PR_TRY(read_attr(r, &f, &n->attr[n->n_attr++])); break;
        default: break;
        }
    }
    n->in = in;
    n->out = out;
    if (strcmp(n->domain, "ai.onnx") == 0) n->domain = "";
    if (!*n->name && s.out && out[0] >= 0) n->name = r->g->vals[out[0]].name;
    return PARE_OK;
}

/* A node that only says a number is a constant. */
static pare_status fold_constant(reader *r, const pr_fg_node *n, bool *folded) {
    const pr_fg_attr *a = n->n_attr == 1 ? &n->attr[0] : NULL;
    int64_t *v;
    *folded = false;
    if (!pr_fg_is(n, "Constant", "") || !a || n->n_out != 1 || n->out[0] < 0) return PARE_OK;
    pr_fg_const c = {.type = PR_FG_I64, .dim = {1, 1, 1, 1, 1, 1, 1, 1}};
    if (a->kind == PR_FG_TENSOR) {
        c = a->tensor;
    } else if (a->kind == PR_FG_INT || a->kind == PR_FG_INTS) {
        size_t count = a->kind == PR_FG_INT ? 1 : a->n;
        PR_NEW(v, r->c->arena, count + 1, r->err);
        memcpy(v, a->kind == PR_FG_INT ? &a->i : a->ints, count * sizeof *v);
        c.n_dims = a->kind == PR_FG_INTS;
        c.dim[0] = c.n_dims ? count : 1;
        c.data = (const uint8_t *)v;
        c.bytes = count * sizeof *v;
    } else {
        return PARE_OK;
    }
    *folded = true;
    return put_const(r, n->out[0], &c);
}

/* ------------------------------------------------------------------ the ends */

static pare_status read_shape(const reader *r, const pr_pb_field *msg, pr_fg_val *v) {
    pr_pb b = message(msg);
    pr_pb_field f, d;
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) return PARE_OK;
        if (!is_bytes(&f, SHAPE_DIM)) continue;
        if (v->n_dims == PR_FG_RANK)
            return pr_fail(r->err, PARE_EUNSUPPORTED, place_of(r, f.bytes.p),
                           "'%.100s' has over %d dimensions", v->name, PR_FG_RANK);
        int64_t size = -1;
        for (pr_pb in = message(&f);;) {
            PR_TRY(next(r, &in, &d));
            if (!d.no) break;
            if (d.no == DIM_VALUE && d.wire == PR_PB_VARINT) size = (int64_t)d.u;
        }
        v->dim[v->n_dims++] = size;
    }
}

/* ValueInfoProto: a name, and perhaps TypeProto.tensor_type. */
static pare_status read_info(reader *r, const pr_pb_field *msg, int *value) {
    pr_str name = {0};
    pr_pb_field f, type = {0}, t, e;
    pr_pb b = message(msg);
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        if (is_bytes(&f, INFO_NAME)) name = f.bytes;
        if (is_bytes(&f, INFO_TYPE)) type = f;
    }
    PR_TRY(value_of(r, name, value));
    if (*value < 0)
        return pr_fail(r->err, PARE_EINPUT, place_of(r, msg->bytes.p),
                       "an input or output of the graph has no name");
    pr_fg_val *v = &r->g->vals[*value];
    if (!type.no || v->typed) return PARE_OK;
    for (pr_pb in = message(&type);;) {
        PR_TRY(next(r, &in, &t));
        if (!t.no) return PARE_OK;
        if (!is_bytes(&t, TYPE_TENSOR)) continue;
        v->typed = true;
        for (pr_pb tt = message(&t);;) {
            PR_TRY(next(r, &tt, &e));
            if (!e.no) break;
            if (e.no == TENSOR_ELEM && e.wire == PR_PB_VARINT) v->type = type_of(e.u);
            if (is_bytes(&e, TENSOR_SHAPE)) PR_TRY(read_shape(r, &e, v));
        }
    }
}

/* ------------------------------------------------------------------ the graph */

static pare_status count_graph(reader *r, const pr_pb_field *graph) {
    uint64_t names = 0, nodes = 0, consts = 0, in = 0, out = 0;
    pr_pb b = message(graph);
    pr_pb_field f;
    sizes s;
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        if (f.wire != PR_PB_BYTES) continue;
        if (f.no == GRAPH_SPARSE)
            return pr_fail(r->err, PARE_EUNSUPPORTED, place_of(r, f.bytes.p),
                           "sparse tensors are not read");
        nodes += f.no == GRAPH_NODE;
        consts += f.no == GRAPH_INIT || f.no == GRAPH_NODE;
        in += f.no == GRAPH_INPUT;
        out += f.no == GRAPH_OUTPUT;
        names += f.no == GRAPH_INIT || f.no == GRAPH_INPUT || f.no == GRAPH_OUTPUT;
        if (f.no != GRAPH_NODE) continue;
        PR_TRY(count_node(r, &f, &s));
        names += (uint64_t)s.in + (uint64_t)s.out;
    }
    if (nodes > PR_FG_NODES_MAX || names > 4 * (uint64_t)PR_FG_NODES_MAX)
        return pr_fail(r->err, PARE_EINPUT, -1, "%llu nodes and %llu names, expected at most %d",
                       (unsigned long long)nodes, (unsigned long long)names, PR_FG_NODES_MAX);
    uint64_t cap = 8;
    while (cap < 2 * names) cap *= 2;
    r->mask = cap - 1;
    r->cap_vals = (int)names;
    r->cap_nodes = (int)nodes;
    r->cap_consts = (int)consts;
    PR_NEW(r->slot, r->c->arena, cap, r->err);
    PR_NEW(r->g->vals, r->c->arena, names + 1, r->err);
    PR_NEW(r->g->nodes, r->c->arena, nodes + 1, r->err);
    PR_NEW(r->g->consts, r->c->arena, consts + 1, r->err);
    PR_NEW(r->g->inputs, r->c->arena, in + 1, r->err);
    PR_NEW(r->g->outputs, r->c->arena, out + 1, r->err);
    return PARE_OK;
}

static pare_status graph_field(reader *r, const pr_pb_field *f) {
    pr_fgraph *g = r->g;
    bool folded;
    int v;
    if (f->wire != PR_PB_BYTES) return PARE_OK;
    switch (f->no) {
    case GRAPH_NODE:
        PR_TRY(read_node(r, f, &g->nodes[g->n_nodes]));
        PR_TRY(fold_constant(r, &g->nodes[g->n_nodes], &folded));
        g->n_nodes += !folded;
        return PARE_OK;
    case GRAPH_INIT: return initializer(r, f);
    case GRAPH_INPUT:
        PR_TRY(read_info(r, f, &v));
        g->inputs[g->n_inputs++] = v;
        return PARE_OK;
    case GRAPH_OUTPUT:
        PR_TRY(read_info(r, f, &g->outputs[g->n_outputs]));
        g->n_outputs++;
        return PARE_OK;
    default: return PARE_OK;
    }
}

/* Old files list their weights among the inputs too. */
static void true_inputs(pr_fgraph *g) {
    int n = 0;
    for (int i = 0; i < g->n_inputs; i++)
        if (g->vals[g->inputs[i]].constant < 0) g->inputs[n++] = g->inputs[i];
    g->n_inputs = n;
    for (int i = 0; i < n; i++) g->vals[g->inputs[i]].input = i;
}

static pare_status read_graph(reader *r, const pr_pb_field *graph) {
    pr_pb b = message(graph);
    pr_pb_field f;
    PR_TRY(count_graph(r, graph));
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        PR_TRY(graph_field(r, &f));
    }
    true_inputs(r->g);
    return pr_fg_link(r->g, r->err);
}

static pare_status read_opset(reader *r, const pr_pb_field *msg) {
    pr_pb b = message(msg);
    pr_pb_field f;
    pr_str domain = {0};
    uint64_t version = 0;
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        if (is_bytes(&f, OPSET_DOMAIN)) domain = f.bytes;
        if (f.no == OPSET_VERSION && f.wire == PR_PB_VARINT) version = f.u;
    }
    if (domain.n == 0 || pr_str_eq(domain, PR_STR("ai.onnx")))
        r->g->opset = version < 10000 ? (int)version : 10000;
    return PARE_OK;
}

static pare_status read_model(reader *r) {
    pr_pb b = pr_pb_of(r->c->files[0].p, (size_t)r->c->files[0].n);
    pr_pb_field f, graph = {0};
    for (;;) {
        PR_TRY(next(r, &b, &f));
        if (!f.no) break;
        if (is_bytes(&f, MODEL_PRODUCER)) PR_TRY(name_of(r, f.bytes, &r->g->producer));
        if (is_bytes(&f, MODEL_OPSET)) PR_TRY(read_opset(r, &f));
        if (is_bytes(&f, MODEL_FUNCTIONS))
            return pr_fail(r->err, PARE_EUNSUPPORTED, place_of(r, f.bytes.p),
                           "functions of the model's own are not read");
        if (!is_bytes(&f, MODEL_GRAPH)) continue;
        if (graph.no)
            return pr_fail(r->err, PARE_EINPUT, place_of(r, f.bytes.p), "a second graph");
        graph = f;
    }
    if (!graph.no) return pr_fail(r->err, PARE_EINPUT, -1, "an ONNX model without a graph");
    return read_graph(r, &graph);
}

/* No magic number: the version of the IR comes first (field 1, up to 99), and then a field of
 * ModelProto. */
static bool onnx_probe(const pr_map *m) {
    if (m->n < 4 || m->p[0] != 0x08 || m->p[1] == 0 || m->p[1] > 99) return false;
    uint8_t tag = m->p[2] >> 3, wire = m->p[2] & 7;
    return (wire == 2 &&
            ((tag >= 2 && tag <= 4) || tag == 6 || tag == 7 || tag == 8 || tag == 14)) ||
           (wire == 0 && tag == 5);
}

static pare_status onnx_open(pr_container *c, pare_err *err) {
    reader r = {.c = c, .err = err};
    PR_NEW(r.g, c->arena, 1, err);
    r.g->arena = c->arena;
    r.g->producer = "";
    pare_status st = read_model(&r);
    if (st != PARE_OK) return pr_fail_in(err, st, c->files[0].path);
    c->graph = r.g;
    return PARE_OK;
}

const pr_format pr_format_onnx = {
    .name = "onnx", .kind = PR_ONNX_MODEL, .probe = onnx_probe, .open = onnx_open};
