/* fgraph.c - what was read of somebody else's graph becomes something that can be trusted: origins,
 * order, sizes; and the questions that readers ask. */
#include "container.h"
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    int bits;
} TYPES[PR_FG_TYPES] = {
    [PR_FG_F32] = {"f32", 32},   [PR_FG_F16] = {"f16", 16},  [PR_FG_BF16] = {"bf16", 16},
    [PR_FG_F64] = {"f64", 64},   [PR_FG_I64] = {"i64", 64},  [PR_FG_I32] = {"i32", 32},
    [PR_FG_I16] = {"i16", 16},   [PR_FG_I8] = {"i8", 8},     [PR_FG_I4] = {"i4", 4},
    [PR_FG_U64] = {"u64", 64},   [PR_FG_U32] = {"u32", 32},  [PR_FG_U16] = {"u16", 16},
    [PR_FG_U8] = {"u8", 8},      [PR_FG_U4] = {"u4", 4},     [PR_FG_BOOL] = {"bool", 8},
    [PR_FG_NF4] = {"nf4", 4},    [PR_FG_STR] = {"string", 0}, [PR_FG_OTHER] = {"another type", 0}};

const char *pr_fg_type_name(pr_fg_type t) {
    return TYPES[t].name;
}

int pr_fg_type_bits(pr_fg_type t) {
    return TYPES[t].bits;
}

const pr_fgraph *pr_container_graph(const pr_container *c) {
    return c->graph;
}

/* ------------------------------------------------------------------ linking */

pare_status pr_fg_const_check(pr_fg_const *c, const char *name, pare_err *err) {
    uint64_t bits;
    if (c->n_dims < 0 || c->n_dims > PR_FG_RANK)
        return pr_fail(err, PARE_EINPUT, -1,
                       "constant '%.100s' has %d dimensions, expected up to %d", name,
                       c->n_dims, PR_FG_RANK);
    if (!pr_dims_product(c->dim, c->n_dims, &c->count) ||
        !pr_mul_u64(c->count, (uint64_t)TYPES[c->type].bits, &bits) || bits > UINT64_MAX - 7)
        return pr_fail(err, PARE_EINPUT, -1, "constant '%.100s' has over 2^64 bits", name);
    if (TYPES[c->type].bits == 0)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "constant '%.100s' is of %s", name,
                       TYPES[c->type].name);
    if (c->bytes != (bits + 7) / 8)
        return pr_fail(err, PARE_EINPUT, (int64_t)c->offset,
                       "constant '%.100s' has %llu bytes, its type and shape (%s, %llu values) "
                       "take %llu",
                       name, (unsigned long long)c->bytes, TYPES[c->type].name,
                       (unsigned long long)c->count, (unsigned long long)((bits + 7) / 8));
    return PARE_OK;
}

static const char *node_name(const pr_fg_node *n) {
    return n->name && *n->name ? n->name : "(no name)";
}

/* One more origin of value `v`; a second one fails. */
static pare_status origin(pr_fg_val *v, int *n, pare_err *err) {
    if (++*n == 1) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "value '%.100s' is made twice", v->name);
}

static pare_status outside(const pr_fg_node *n, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, -1, "node '%.100s' (%.40s) names a value that is not there",
                   node_name(n), n->op);
}

static pare_status link_nodes(pr_fgraph *g, int *origins, pare_err *err) {
    for (int i = 0; i < g->n_nodes; i++) {
        const pr_fg_node *n = &g->nodes[i];
        for (int k = 0; k < n->n_in; k++) {
            if (n->in[k] >= g->n_vals || n->in[k] < -1) return outside(n, err);
            if (n->in[k] >= 0) g->vals[n->in[k]].n_uses++;
        }
        for (int k = 0; k < n->n_out; k++) {
            int v = n->out[k];
            if (v >= g->n_vals || v < -1) return outside(n, err);
            if (v < 0) continue;
            g->vals[v].node = i;
            g->vals[v].port = k;
            PR_TRY(origin(&g->vals[v], &origins[v], err));
        }
    }
    return PARE_OK;
}

static pare_status link_ends(pr_fgraph *g, int *origins, pare_err *err) {
    for (int i = 0; i < g->n_inputs; i++) {
        if (g->inputs[i] < 0 || g->inputs[i] >= g->n_vals)
            return pr_fail(err, PARE_EINPUT, -1, "input %d of the graph is no value", i);
        PR_TRY(origin(&g->vals[g->inputs[i]], &origins[g->inputs[i]], err));
    }
    for (int i = 0; i < g->n_outputs; i++) {
        if (g->outputs[i] < 0 || g->outputs[i] >= g->n_vals)
            return pr_fail(err, PARE_EINPUT, -1, "output %d of the graph is no value", i);
        g->vals[g->outputs[i]].n_uses++;
    }
    for (int v = 0; v < g->n_vals; v++) {
        pr_fg_val *x = &g->vals[v];
        if (x->constant >= g->n_consts)
            return pr_fail(err, PARE_EINPUT, -1, "value '%.100s' is no constant", x->name);
        if (x->constant < 0) continue;
        PR_TRY(origin(x, &origins[v], err));
        PR_TRY(pr_fg_const_check(&g->consts[x->constant], x->name, err));
    }
    for (int v = 0; v < g->n_vals; v++)
        if (origins[v] == 0 && g->vals[v].n_uses > 0)
            return pr_fail(err, PARE_EINPUT, -1,
                           "value '%.100s' is read, but nothing makes it", g->vals[v].name);
    return PARE_OK;
}

/* Kahn's algorithm, first come first served: `order` becomes the nodes' numbers, each after all
 * that it reads. `waits`: inputs of a node that are not made yet. */
static pare_status sort(pr_fgraph *g, int *order, int *waits, int *head, int *next,
                        pare_err *err) {
    int n = 0, edges = 0;
    for (int v = 0; v < g->n_vals; v++) head[v] = -1;
    for (int i = g->n_nodes; i-- > 0;)
        for (int k = g->nodes[i].n_in; k-- > 0;) {
            int v = g->nodes[i].in[k];
            if (v < 0 || g->vals[v].node < 0) continue;
            waits[i]++;
            next[2 * edges] = i; /* list of the readers of v */
            next[2 * edges + 1] = head[v];
            head[v] = edges++;
        }
    for (int i = 0; i < g->n_nodes; i++)
        if (waits[i] == 0) order[n++] = i;
    for (int at = 0; at < n; at++) {
        const pr_fg_node *x = &g->nodes[order[at]];
        for (int k = 0; k < x->n_out; k++)
            for (int e = x->out[k] < 0 ? -1 : head[x->out[k]]; e >= 0; e = next[2 * e + 1])
                if (--waits[next[2 * e]] == 0) order[n++] = next[2 * e];
    }
    for (int i = 0; n < g->n_nodes && i < g->n_nodes; i++)
        if (waits[i] > 0)
            return pr_fail(err, PARE_EINPUT, -1, "node '%.100s' (%.40s) waits for itself: a circle",
                           node_name(&g->nodes[i]), g->nodes[i].op);
    return PARE_OK;
}

static pare_status put_in_order(pr_fgraph *g, const int *order, pare_err *err) {
    pr_fg_node *nodes;
    PR_NEW(nodes, g->arena, g->n_nodes + 1, err);
    for (int i = 0; i < g->n_nodes; i++) {
        nodes[i] = g->nodes[order[i]];
        for (int k = 0; k < nodes[i].n_out; k++)
            if (nodes[i].out[k] >= 0) g->vals[nodes[i].out[k]].node = i;
    }
    g->nodes = nodes;
    return PARE_OK;
}

pare_status pr_fg_link(pr_fgraph *g, pare_err *err) {
    uint64_t edges = 0;
    int     *origins, *order, *waits, *head, *next;
    for (int v = 0; v < g->n_vals; v++) {
        g->vals[v].node = -1;
        g->vals[v].port = g->vals[v].n_uses = 0;
    }
    for (int i = 0; i < g->n_nodes; i++) edges += (uint64_t)g->nodes[i].n_in;
    if (g->n_nodes > PR_FG_NODES_MAX || edges > 8 * (uint64_t)PR_FG_NODES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "a graph of %d nodes, expected at most %d", g->n_nodes,
                       PR_FG_NODES_MAX);
    PR_NEW(origins, g->arena, g->n_vals + 1, err);
    PR_NEW(order, g->arena, g->n_nodes + 1, err);
    PR_NEW(waits, g->arena, g->n_nodes + 1, err);
    PR_NEW(head, g->arena, g->n_vals + 1, err);
    PR_NEW(next, g->arena, 2 * edges + 1, err);
    PR_TRY(link_nodes(g, origins, err));
    PR_TRY(link_ends(g, origins, err));
    PR_TRY(sort(g, order, waits, head, next, err));
    return put_in_order(g, order, err);
}

/* ------------------------------------------------------------------ questions */

bool pr_fg_is(const pr_fg_node *n, const char *op, const char *domain) {
    return n && strcmp(n->op, op) == 0 && (!domain || strcmp(n->domain, domain) == 0);
}

const pr_fg_attr *pr_fg_attr_find(const pr_fg_node *n, const char *key) {
    for (int i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i].key, key) == 0) return &n->attr[i];
    return NULL;
}

static pare_status not_a_number(const pr_fg_node *n, const char *key, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, -1, "node '%.100s' (%.40s): attribute '%s' is no such number",
                   node_name(n), n->op, key);
}

/* A text of digits as a terminated one. */
static bool short_text(const pr_fg_attr *a, char dst[64]) {
    if (a->kind != PR_FG_TEXT || a->text.n >= 64) return false;
    snprintf(dst, 64, "%.*s", (int)a->text.n, a->text.p);
    return true;
}

pare_status pr_fg_attr_i64(const pr_fg_node *n, const char *key, int64_t dflt, int64_t *out,
                           pare_err *err) {
    const pr_fg_attr *a = pr_fg_attr_find(n, key);
    char text[64];
    *out = dflt;
    if (!a) return PARE_OK;
    if (a->kind == PR_FG_INT) return *out = a->i, PARE_OK;
    if (short_text(a, text) && pr_parse_i64(text, INT64_MIN, INT64_MAX, out)) return PARE_OK;
    return not_a_number(n, key, err);
}

pare_status pr_fg_attr_f64(const pr_fg_node *n, const char *key, double dflt, double *out,
                           pare_err *err) {
    const pr_fg_attr *a = pr_fg_attr_find(n, key);
    char text[64];
    *out = dflt;
    if (!a) return PARE_OK;
    if (a->kind == PR_FG_FLOAT) return *out = a->f, PARE_OK;
    if (a->kind == PR_FG_INT) return *out = (double)a->i, PARE_OK;
    if (short_text(a, text) && pr_parse_f64(text, -1e300, 1e300, out)) return PARE_OK;
    return not_a_number(n, key, err);
}

bool pr_fg_attr_says(const pr_fg_node *n, const char *key, const char *text) {
    const pr_fg_attr *a = pr_fg_attr_find(n, key);
    return a && a->kind == PR_FG_TEXT && pr_str_eq(a->text, pr_str_of(text));
}

int pr_fg_in(const pr_fg_node *n, int i) {
    return n && i < n->n_in ? n->in[i] : -1;
}

const pr_fg_const *pr_fg_const_of(const pr_fgraph *g, int v) {
    return v >= 0 && g->vals[v].constant >= 0 ? &g->consts[g->vals[v].constant] : NULL;
}

const pr_fg_node *pr_fg_maker(const pr_fgraph *g, int v) {
    return v >= 0 && g->vals[v].node >= 0 ? &g->nodes[g->vals[v].node] : NULL;
}

bool pr_fg_const_i64(const pr_fg_const *c, uint64_t i, int64_t *out) {
    const uint8_t *p = c->data;
    if (i >= c->count) return false;
    switch (c->type) {
    case PR_FG_I64: case PR_FG_U64: *out = (int64_t)pr_le64(p + 8 * i); return true;
    case PR_FG_I32: *out = (int32_t)pr_le32(p + 4 * i); return true;
    case PR_FG_U32: *out = pr_le32(p + 4 * i); return true;
    case PR_FG_I16: *out = (int16_t)pr_le16(p + 2 * i); return true;
    case PR_FG_U16: *out = pr_le16(p + 2 * i); return true;
    case PR_FG_I8: *out = (int8_t)p[i]; return true;
    case PR_FG_U8: case PR_FG_BOOL: *out = p[i]; return true;
    case PR_FG_U4: *out = p[i / 2] >> (i % 2 * 4) & 15; return true;
    case PR_FG_I4: *out = ((p[i / 2] >> (i % 2 * 4) & 15) ^ 8) - 8; return true;
    default: return false;
    }
}

bool pr_fg_const_f64(const pr_fg_const *c, uint64_t i, double *out) {
    const uint8_t *p = c->data;
    int64_t whole;
    uint64_t bits;
    if (i >= c->count) return false;
    switch (c->type) {
    case PR_FG_F32: *out = (double)pr_f32_bits(pr_le32(p + 4 * i)); return true;
    case PR_FG_F16: *out = (double)pr_f16_to_f32(pr_le16(p + 2 * i)); return true;
    case PR_FG_BF16: *out = (double)pr_bf16_to_f32(pr_le16(p + 2 * i)); return true;
    case PR_FG_F64:
        bits = pr_le64(p + 8 * i);
        memcpy(out, &bits, sizeof bits);
        return true;
    default:
        if (!pr_fg_const_i64(c, i, &whole)) return false;
        *out = (double)whole;
        return true;
    }
}

enum { TILE = 64 };

/* Part of the comparison below, small enough for a cache to hold both sides. */
static bool same_tile(const pr_fg_const *a, const pr_fg_const *b, uint64_t row, uint64_t col) {
    size_t size = (size_t)TYPES[a->type].bits / 8;
    uint64_t rows = PR_MIN(a->dim[0], row + TILE), cols = PR_MIN(a->dim[1], col + TILE);
    for (uint64_t r = row; r < rows; r++)
        for (uint64_t c = col; c < cols; c++)
            if (memcmp(a->data + (r * a->dim[1] + c) * size, b->data + (c * a->dim[0] + r) * size,
                       size) != 0)
                return false;
    return true;
}

bool pr_fg_const_same_turned(const pr_fg_const *a, const pr_fg_const *b) {
    if (a->type != b->type || a->n_dims != 2 || b->n_dims != 2 || a->dim[0] != b->dim[1] ||
        a->dim[1] != b->dim[0] || TYPES[a->type].bits < 8)
        return false;
    for (uint64_t r = 0; r < a->dim[0]; r += TILE)
        for (uint64_t c = 0; c < a->dim[1]; c += TILE)
            if (!same_tile(a, b, r, c)) return false;
    return true;
}

pare_status pr_fg_fail(const pr_fg_node *n, pare_err *err, const char *fmt, ...) {
    char    msg[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    return pr_fail(err, PARE_EUNSUPPORTED, -1, "node '%.100s' (%.40s): %s", node_name(n), n->op,
                   msg);
}
