/* ov_ir_read.c - OpenVINO's IR (openvino_model.xml, versions 10 and 11) as a graph (fgraph.h). The
 * bytes of constants stay where they lie in the .bin beside it.
 *
 * Always true: the file is untrusted. It is walked once to count and once to fill, so that nothing
 * grows by a number that stands in it; layers with bodies of their own are not read. */
#include "container.h"
#include <stdio.h>

enum { PORTS_MAX = 4 << 20, IR_LEAST = 10, IR_MOST = 11 };

static const struct {
    const char *element, *precision;
} NAMES[PR_FG_TYPES] = {
    [PR_FG_F32] = {"f32", "FP32"},   [PR_FG_F16] = {"f16", "FP16"},
    [PR_FG_BF16] = {"bf16", "BF16"}, [PR_FG_F64] = {"f64", "FP64"},
    [PR_FG_I64] = {"i64", "I64"},    [PR_FG_I32] = {"i32", "I32"},
    [PR_FG_I16] = {"i16", "I16"},    [PR_FG_I8] = {"i8", "I8"},
    [PR_FG_I4] = {"i4", "I4"},       [PR_FG_U64] = {"u64", "U64"},
    [PR_FG_U32] = {"u32", "U32"},    [PR_FG_U16] = {"u16", "U16"},
    [PR_FG_U8] = {"u8", "U8"},       [PR_FG_U4] = {"u4", "U4"},
    [PR_FG_BOOL] = {"boolean", "BOOL"}, [PR_FG_NF4] = {"nf4", "NF4"},
    [PR_FG_STR] = {"string", "STRING"}};

typedef struct {
    int64_t id;
    const char *name, *type;
    int node;              /* or -1: a constant, an input or an output of the graph */
    int in, n_in;          /* its ports in the reader's list */
    int out, n_out;        /* its values */
    int64_t at;            /* in the XML */
} layer;

typedef struct {
    pr_container *c;
    pr_fgraph *g;
    pare_err *err;
    pr_xml_in x;
    layer *layers;
    pr_range *by_id;       /* of layers, sorted */
    int n_layers, n_ports; /* in ports taken */
    int64_t *in_id, *out_id; /* of each in port, of each value */
    int *from;             /* value that goes into each in port, -1: none yet */
    uint64_t cap_layers, cap_in, cap_out, cap_edges;
} reader;

static pare_status fail(reader *r, pare_status st, int64_t at, const char *what) {
    return pr_fail(r->err, st, at, "%s", what);
}

static pare_status next(reader *r) {
    return pr_xml_next(&r->x, r->err);
}

static int64_t here(const reader *r) {
    return r->x.p - r->x.start;
}

static bool opens(const reader *r, const char *name) {
    return r->x.kind == PR_XML_OPEN && pr_str_eq(r->x.name, pr_str_of(name));
}

/* Everything up to the end of the element that has just opened. */
static pare_status skip(reader *r) {
    int depth = r->x.depth - 1;
    while (r->x.depth > depth) PR_TRY(next(r));
    return PARE_OK;
}

static pr_fg_type type_of(pr_str s, bool element) {
    for (int i = 0; i < PR_FG_TYPES; i++) {
        const char *name = element ? NAMES[i].element : NAMES[i].precision;
        if (name && pr_str_eq(s, pr_str_of(name))) return (pr_fg_type)i;
    }
    return PR_FG_OTHER;
}

static bool number(pr_str s, int64_t *out) {
    char t[24];
    if (!s.p || s.n == 0 || s.n >= sizeof t) return false;
    snprintf(t, sizeof t, "%.*s", (int)s.n, s.p);
    return pr_parse_i64(t, INT64_MIN, INT64_MAX, out);
}

static pare_status attr_number(reader *r, const char *key, int64_t *out) {
    if (number(pr_xml_value(&r->x, key), out) && *out >= 0) return PARE_OK;
    return pr_fail(r->err, PARE_EINPUT, here(r), "<%.*s> has no %s that is a number from 0 on",
                   (int)PR_MIN(r->x.name.n, (size_t)40), r->x.name.p, key);
}

static pare_status attr_text(reader *r, const char *key, const char **out) {
    pr_str s = pr_xml_value(&r->x, key);
    if (!s.p)
        return pr_fail(r->err, PARE_EINPUT, here(r), "<%.*s> has no %s",
                       (int)PR_MIN(r->x.name.n, (size_t)40), r->x.name.p, key);
    return pr_xml_plain(&r->x, s, r->c->arena, out, r->err);
}

/* ------------------------------------------------------------------ layers */

/* "64, 2,16" or "": numbers; "?" is -1. */
static bool shape_of(pr_str s, uint64_t dim[PR_FG_RANK], int *n) {
    int64_t v;
    *n = 0;
    for (int i = 0; i < PR_FG_RANK; i++) dim[i] = 1;
    while (s.n) {
        const char *comma = memchr(s.p, ',', s.n);
        pr_str one = {s.p, comma ? (size_t)(comma - s.p) : s.n};
        s.n -= one.n + (comma != NULL);
        s.p += one.n + (comma != NULL);
        while (one.n && *one.p == ' ') one.p++, one.n--;
        if (*n == PR_FG_RANK || !number(one, &v) || v < 0) return false;
        dim[(*n)++] = (uint64_t)v;
    }
    return true;
}

static pare_status constant(reader *r, const layer *l, pr_fg_const *c) {
    pr_str shape = pr_xml_value(&r->x, "shape");
    int64_t offset, size;
    *c = (pr_fg_const){.type = type_of(pr_xml_value(&r->x, "element_type"), true), .file = 1};
    PR_TRY(attr_number(r, "offset", &offset));
    PR_TRY(attr_number(r, "size", &size));
    if (!shape.p || !shape_of(shape, c->dim, &c->n_dims))
        return pr_fail(r->err, PARE_EINPUT, here(r), "constant '%.100s' has no shape of numbers",
                       l->name);
    const pr_map *m = r->c->n_files > 1 ? &r->c->files[1] : NULL;
    uint64_t n = m ? m->n : 0;
    if (!m) return fail(r, PARE_EINPUT, here(r), "constants, but there is no .bin beside the XML");
    if ((uint64_t)offset > n || (uint64_t)size > n - (uint64_t)offset)
        return pr_container_fail(r->c, 1, r->err, PARE_EINPUT, offset,
                                 "constant '%.100s' takes %lld bytes from %lld on, the file has "
                                 "%llu: cut off?",
                                 l->name, (long long)size, (long long)offset,
                                 (unsigned long long)n);
    c->offset = (uint64_t)offset;
    c->bytes = (uint64_t)size;
    c->data = n ? m->p + offset : (const uint8_t *)""; /* an empty file is not mapped */
    return PARE_OK;
}

static pare_status attributes(reader *r, pr_fg_node *n) {
    const char *value;
    PR_NEW(n->attr, r->c->arena, r->x.n_attrs + 1, r->err);
    for (int i = 0; i < r->x.n_attrs; i++) {
        pr_fg_attr *a = &n->attr[n->n_attr++];
        PR_TRY(pr_xml_plain(&r->x, r->x.key[i], r->c->arena, &a->key, r->err));
        PR_TRY(pr_xml_plain(&r->x, r->x.value[i], r->c->arena, &value, r->err));
        a->kind = PR_FG_TEXT;
        a->text = pr_str_of(value);
    }
    return PARE_OK;
}

/* The first of the names that a tensor has; else its layer's. */
static pare_status tensor_name(reader *r, const layer *l, const char **out) {
    pr_str s = pr_xml_value(&r->x, "names");
    const char *comma = s.n ? memchr(s.p, ',', s.n) : NULL;
    *out = l->name;
    if (comma) s.n = (size_t)(comma - s.p);
    return s.n ? pr_xml_plain(&r->x, s, r->c->arena, out, r->err) : PARE_OK;
}

static pare_status out_port(reader *r, layer *l) {
    pr_fg_val *v = &r->g->vals[r->g->n_vals];
    int64_t d;
    *v = (pr_fg_val){.node = -1, .constant = -1, .input = -1, .typed = true};
    v->type = type_of(pr_xml_value(&r->x, "precision"), false);
    PR_TRY(attr_number(r, "id", &r->out_id[r->g->n_vals]));
    PR_TRY(tensor_name(r, l, &v->name));
    r->g->n_vals++;
    l->n_out++;
    for (int depth = r->x.depth; r->x.depth >= depth;) {
        PR_TRY(next(r));
        if (r->x.kind != PR_XML_TEXT || r->x.depth != depth + 1) continue;
        if (v->n_dims == PR_FG_RANK || !number(r->x.text, &d))
            return fail(r, PARE_EINPUT, here(r),
                        "a dimension that is no number, or over 8 of them");
        v->dim[v->n_dims++] = d;
    }
    return PARE_OK;
}

static pare_status in_port(reader *r, layer *l) {
    PR_TRY(attr_number(r, "id", &r->in_id[r->n_ports]));
    r->from[r->n_ports++] = -1;
    l->n_in++;
    return skip(r);
}

static pare_status ports(reader *r, layer *l, bool out) {
    for (int depth = r->x.depth; r->x.depth >= depth;) {
        PR_TRY(next(r));
        if (r->x.kind != PR_XML_OPEN) continue;
        if (!opens(r, "port")) PR_TRY(skip(r));
        else PR_TRY(out ? out_port(r, l) : in_port(r, l));
    }
    return PARE_OK;
}

static bool is(const layer *l, const char *type) {
    return strcmp(l->type, type) == 0;
}

/* What is neither computed nor stored stands at an end of the graph. */
static pare_status place(reader *r, layer *l, pr_fg_node *n) {
    pr_fgraph *g = r->g;
    bool result = is(l, "Result"), one = is(l, "Const") || is(l, "Parameter");
    if (one && (l->n_in != 0 || l->n_out != 1))
        return fail(r, PARE_EINPUT, l->at, "a constant or input with other than one result");
    if (result && l->n_in != 1)
        return fail(r, PARE_EINPUT, l->at, "a result of other than one value");
    if (is(l, "Parameter")) {
        g->vals[l->out].input = g->n_inputs;
        g->inputs[g->n_inputs++] = l->out;
    } else if (is(l, "Const")) {
        g->vals[l->out].constant = g->n_consts - 1;
        g->vals[l->out].name = l->name;
    } else if (!result) {
        l->node = g->n_nodes;
        g->nodes[g->n_nodes++] = *n;
    }
    return PARE_OK;
}

static pare_status read_layer(reader *r) {
    layer *l = &r->layers[r->n_layers];
    pr_fg_node n = {0};
    bool data = false;
    int depth = r->x.depth;
    *l = (layer){.node = -1, .in = r->n_ports, .out = r->g->n_vals, .at = here(r)};
    PR_TRY(attr_number(r, "id", &l->id));
    PR_TRY(attr_text(r, "name", &l->name));
    PR_TRY(attr_text(r, "type", &l->type));
    PR_TRY(attr_text(r, "version", &n.domain));
    n.name = l->name;
    n.op = l->type;
    while (r->x.depth >= depth) {
        PR_TRY(next(r));
        if (r->x.kind != PR_XML_OPEN) continue;
        if (opens(r, "data")) {
            if (data) return fail(r, PARE_EINPUT, here(r), "a second <data> of a layer");
            data = true;
            if (is(l, "Const")) PR_TRY(constant(r, l, &r->g->consts[r->g->n_consts++]));
            else PR_TRY(attributes(r, &n));
            PR_TRY(skip(r));
        } else if (opens(r, "input") || opens(r, "output")) {
            PR_TRY(ports(r, l, opens(r, "output")));
        } else if (opens(r, "rt_info")) {
            PR_TRY(skip(r));
        } else {
            return pr_fail(r->err, PARE_EUNSUPPORTED, here(r),
                           "layer '%.100s' (%.40s) has a <%.*s>: not read", l->name, l->type,
                           (int)PR_MIN(r->x.name.n, (size_t)40), r->x.name.p);
        }
    }
    if (is(l, "Const") && !data) return fail(r, PARE_EINPUT, l->at, "a constant without <data>");
    r->by_id[r->n_layers] = (pr_range){(uint64_t)l->id, 0, (size_t)r->n_layers};
    r->n_layers++;
    return place(r, l, &n);
}

/* ------------------------------------------------------------------ edges */

static layer *layer_of(reader *r, int64_t id) {
    int lo = 0, hi = r->n_layers;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (r->by_id[mid].from < (uint64_t)id) lo = mid + 1;
        else hi = mid;
    }
    return lo < r->n_layers && r->by_id[lo].from == (uint64_t)id ? &r->layers[r->by_id[lo].who]
                                                                : NULL;
}

static int port_of(const int64_t *ids, int first, int n, int64_t id) {
    for (int i = first; i < first + n; i++)
        if (ids[i] == id) return i;
    return -1;
}

static pare_status read_edge(reader *r) {
    int64_t from, from_port, to, to_port;
    PR_TRY(attr_number(r, "from-layer", &from));
    PR_TRY(attr_number(r, "from-port", &from_port));
    PR_TRY(attr_number(r, "to-layer", &to));
    PR_TRY(attr_number(r, "to-port", &to_port));
    const layer *a = layer_of(r, from), *b = layer_of(r, to);
    int value = a ? port_of(r->out_id, a->out, a->n_out, from_port) : -1;
    int port = b ? port_of(r->in_id, b->in, b->n_in, to_port) : -1;
    if (value < 0 || port < 0)
        return pr_fail(r->err, PARE_EINPUT, here(r),
                       "an edge from layer %lld, port %lld to layer %lld, port %lld: no such port",
                       (long long)from, (long long)from_port, (long long)to, (long long)to_port);
    if (r->from[port] >= 0)
        return pr_fail(r->err, PARE_EINPUT, here(r), "two edges into layer %lld, port %lld",
                       (long long)to, (long long)to_port);
    r->from[port] = value;
    return skip(r);
}

/* Edges have been read: give each node its inputs and outputs. */
static pare_status connect(reader *r) {
    pr_fgraph *g = r->g;
    for (int i = 0; i < r->n_layers; i++) {
        const layer *l = &r->layers[i];
        int *out;
        for (int k = l->in; k < l->in + l->n_in; k++)
            if (r->from[k] < 0)
                return pr_fail(r->err, PARE_EINPUT, l->at,
                               "layer '%.100s' (%.40s): no edge goes into its port %lld", l->name,
                               l->type, (long long)r->in_id[k]);
        if (is(l, "Result")) g->outputs[g->n_outputs++] = r->from[l->in];
        if (l->node < 0) continue;
        pr_fg_node *n = &g->nodes[l->node];
        PR_NEW(out, r->c->arena, l->n_out + 1, r->err);
        for (int k = 0; k < l->n_out; k++) out[k] = l->out + k;
        n->in = &r->from[l->in];
        n->n_in = l->n_in;
        n->out = out;
        n->n_out = is(l, "Assign") ? 0 : l->n_out; /* what it hands on is what it was given */
    }
    return PARE_OK;
}

static pare_status sort_ids(reader *r) {
    pr_ranges_sort(r->by_id, (size_t)r->n_layers);
    for (int i = 1; i < r->n_layers; i++)
        if (r->by_id[i].from == r->by_id[i - 1].from)
            return pr_fail(r->err, PARE_EINPUT, r->layers[r->by_id[i].who].at,
                           "two layers have the id %llu", (unsigned long long)r->by_id[i].from);
    return PARE_OK;
}

/* ------------------------------------------------------------------ the whole */

static pare_status count(reader *r) {
    bool out = false;
    pr_xml_read(&r->x, r->c->files[0].p, (size_t)r->c->files[0].n);
    do {
        PR_TRY(next(r));
        if (r->x.kind != PR_XML_OPEN) continue;
        r->cap_layers += r->x.depth == 3 && opens(r, "layer");
        r->cap_edges += r->x.depth == 3 && opens(r, "edge");
        if (r->x.depth == 4 && (opens(r, "output") || opens(r, "input"))) out = opens(r, "output");
        if (r->x.depth != 5 || !opens(r, "port")) continue;
        r->cap_out += out;
        r->cap_in += !out;
    } while (r->x.kind != PR_XML_END);
    if (r->cap_layers > PR_FG_NODES_MAX || r->cap_in > PORTS_MAX || r->cap_out > PORTS_MAX)
        return pr_fail(r->err, PARE_EINPUT, -1, "%llu layers with %llu ports, expected at most %d",
                       (unsigned long long)r->cap_layers,
                       (unsigned long long)(r->cap_in + r->cap_out), PR_FG_NODES_MAX);
    return PARE_OK;
}

static pare_status reserve(reader *r) {
    pr_arena *a = r->c->arena;
    pr_fgraph *g = r->g;
    uint64_t n = r->cap_layers + 1;
    PR_NEW(r->layers, a, n, r->err);
    PR_NEW(r->by_id, a, n, r->err);
    PR_NEW(r->in_id, a, r->cap_in + 1, r->err);
    PR_NEW(r->from, a, r->cap_in + 1, r->err);
    PR_NEW(r->out_id, a, r->cap_out + 1, r->err);
    PR_NEW(g->vals, a, r->cap_out + 1, r->err);
    PR_NEW(g->nodes, a, n, r->err);
    PR_NEW(g->consts, a, n, r->err);
    PR_NEW(g->inputs, a, n, r->err);
    PR_NEW(g->outputs, a, n, r->err);
    return PARE_OK;
}

static pare_status read_net(reader *r) {
    int64_t version;
    bool layers = false, edges = false;
    pr_xml_read(&r->x, r->c->files[0].p, (size_t)r->c->files[0].n);
    PR_TRY(next(r));
    if (!opens(r, "net")) return fail(r, PARE_EINPUT, here(r), "expected <net> as the root");
    PR_TRY(attr_number(r, "version", &version));
    if (version < IR_LEAST || version > IR_MOST)
        return pr_fail(r->err, PARE_EUNSUPPORTED, here(r), "IR version %lld, expected %d or %d",
                       (long long)version, IR_LEAST, IR_MOST);
    do {
        PR_TRY(next(r));
        if (r->x.kind != PR_XML_OPEN) continue;
        if (r->x.depth == 2) {
            bool l = opens(r, "layers"), e = opens(r, "edges");
            if ((l && (layers || edges)) || (e && (edges || !layers)))
                return fail(r, PARE_EINPUT, here(r), "expected <layers> and then <edges>, once");
            if (e) PR_TRY(sort_ids(r));
            layers |= l;
            edges |= e;
            if (!l && !e) PR_TRY(skip(r));
        } else if (edges ? opens(r, "edge") : opens(r, "layer")) {
            PR_TRY(edges ? read_edge(r) : read_layer(r));
        } else {
            PR_TRY(skip(r));
        }
    } while (r->x.kind != PR_XML_END);
    if (!edges) return fail(r, PARE_EINPUT, -1, "<net> lacks <layers> or <edges>");
    return connect(r);
}

static bool ir_probe(const pr_map *m) {
    pr_str s = {(const char *)m->p, (size_t)PR_MIN(m->n, (uint64_t)512)};
    if (s.n < 6 || (memcmp(s.p, "<?xml", 5) != 0 && memcmp(s.p, "<net", 4) != 0)) return false;
    return memmem(s.p, s.n, "<net", 4) != NULL;
}

/* "a/openvino_model.xml" → "a/openvino_model.bin". */
static pare_status map_bin(pr_container *c, pare_err *err) {
    const char *xml = c->files[0].path;
    size_t n = strlen(xml);
    if (c->borrowed || n < 4 || strcmp(xml + n - 4, ".xml") != 0) return PARE_OK;
    char *bin = pr_arena_printf(c->arena, "%.*s.bin", (int)(n - 4), xml);
    if (!bin) return pr_fail_nomem(err, n);
    return pr_path_exists(bin) ? pr_container_map(c, bin, err) : PARE_OK;
}

static pare_status ir_open(pr_container *c, pare_err *err) {
    reader r = {.c = c, .err = err};
    size_t bad;
    PR_TRY(map_bin(c, err));
    PR_NEW(r.g, c->arena, 1, err);
    r.g->arena = c->arena;
    r.g->producer = "";
    pare_status st = PARE_OK;
    if (!pr_utf8_valid((const char *)c->files[0].p, (size_t)c->files[0].n, &bad))
        st = pr_fail(err, PARE_EINPUT, (int64_t)bad, "XML that is not UTF-8");
    if (st == PARE_OK) st = count(&r);
    if (st == PARE_OK) st = reserve(&r);
    if (st == PARE_OK) st = read_net(&r);
    if (st == PARE_OK) st = pr_fg_link(r.g, err);
    if (st != PARE_OK) return pr_fail_in(err, st, c->files[0].path);
    c->graph = r.g;
    return PARE_OK;
}

const pr_format pr_format_openvino = {
    .name = "openvino", .kind = PR_OPENVINO_MODEL, .probe = ir_probe, .open = ir_open};
