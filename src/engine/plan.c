/* plan.c - from the graph to fused steps.
 *
 * Fused by table: products of one input become one step; a product and the sum
 * that alone uses it become one; both rotations and the state's append become
 * one. Then each value gets a slot by liveness: a slot is free again after the
 * last step that reads its value. Always true: a step reads only what earlier
 * steps wrote, and writes no slot that it reads, except where in place is meant
 * (STEP_QK). */
#include "plan.h"

typedef struct {
    pr_plan               *p;
    const pr_model        *m;
    const pr_graph        *g;
    const pr_session_opts *o;
    const pr_kernels      *k;
    pr_arena              *a;
    int                   *uses;   /* of each value, by nodes */
    int                   *maker;  /* node that makes a value */
    bool                  *done;   /* node is part of an earlier step */
} planner;

bool pr_plan_int8(const pr_weight *w, const pr_session_opts *o) {
    if (o->exact || w->cols % 32 != 0) return false;
    return (w->group ? pr_group_qtype(w->group, w->cols) : pr_qtype_get(w->src->type)) != NULL;
}

static pr_step *add_step(planner *pl, pr_step_kind kind, int layer) {
    pr_step *s = &pl->p->steps[pl->p->n_steps++];
    *s = (pr_step){.kind = kind, .layer = layer, .in = {-1, -1, -1}, .out = -1};
    return s;
}

/* A vector of the model (norm, bias), as floats. */
static pare_status vector(planner *pl, int weight, const float **out, pare_err *err) {
    const pr_weight *w = &pl->m->weights[weight];
    if (!pr_weight_readable(w))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': type %s cannot be decoded",
                       w->src->name, pr_type_get(w->src->type)->name);
    float *v;
    PR_NEW(v, pl->a, w->cols, err);
    pr_weight_decode(w, pl->k, 0, 1, v);
    *out = v;
    return PARE_OK;
}

static bool single_use(const planner *pl, pr_val v) {
    return pl->uses[v] == 1 && v != pl->g->logits;
}

/* The ADD that alone uses `v`, or -1. */
static int sum_of(const planner *pl, int from, pr_val v) {
    if (!single_use(pl, v)) return -1;
    for (int i = from; i < pl->g->n_nodes; i++) {
        const pr_node *n = &pl->g->nodes[i];
        if (n->in[0] == v || n->in[1] == v || n->in[2] == v) return n->op == PR_OPC_ADD ? i : -1;
    }
    return -1;
}

static pare_status add_product(planner *pl, pr_step *s, int node, pare_err *err) {
    const pr_node *n = &pl->g->nodes[node];
    pr_product    *p = &s->p[s->n_products++];
    *p = (pr_product){.w = &pl->m->weights[n->w], .out = n->out, .add = -1};
    if (!pr_weight_readable(p->w))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "tensor '%s': products with type %s are not supported", p->w->src->name,
                       pr_type_get(p->w->src->type)->name);
    if (n->bias >= 0) PR_TRY(vector(pl, n->bias, &p->bias, err));
    pl->done[node] = true;
    pl->p->max_cols = PR_MAX(pl->p->max_cols, (int)p->w->cols);
    int sum = sum_of(pl, node + 1, n->out);
    if (sum >= 0 && !pl->done[sum]) {
        const pr_node *a = &pl->g->nodes[sum];
        pr_val         other = a->in[0] == n->out ? a->in[1] : a->in[0];
        if (pl->maker[other] < node) { /* the residual is there already */
            p->add = other;
            p->out = a->out;
            pl->done[sum] = true;
        }
    }
    return PARE_OK;
}

static pare_status linear(planner *pl, int node, pare_err *err) {
    const pr_node *n = &pl->g->nodes[node];
    pr_step       *s = add_step(pl, STEP_LINEAR, n->layer);
    s->in[0] = n->in[0];
    PR_TRY(add_product(pl, s, node, err));
    for (int i = node + 1; i < pl->g->n_nodes && s->n_products < PR_PRODUCTS; i++) {
        const pr_node *o = &pl->g->nodes[i];
        if (o->op == PR_OPC_LINEAR && !pl->done[i] && o->in[0] == n->in[0] && o->layer == n->layer)
            PR_TRY(add_product(pl, s, i, err));
    }
    return PARE_OK;
}

static bool stored_in_pairs(const planner *pl, pr_val v) {
    const pr_node *n = &pl->g->nodes[pl->maker[v]];
    return n->op == PR_OPC_LINEAR && pl->m->weights[n->w].xf == PR_XF_PAIRS;
}

/* ROPE of q and k, and the state's append, right before the attention. */
static void attention(planner *pl, int node) {
    const pr_node  *n = &pl->g->nodes[node];
    const pr_layer *l = &pl->m->hp.layers[n->layer];
    pr_val          q = n->in[0], k = n->in[1];
    pr_step        *s = add_step(pl, STEP_QK, n->layer);
    if (l->rope >= 0) { /* the rotation happens in place */
        pr_val rq = q, rk = k;
        q = pl->g->nodes[pl->maker[rq]].in[0];
        k = pl->g->nodes[pl->maker[rk]].in[0];
    }
    s->pairs_q = stored_in_pairs(pl, q);
    s->pairs_k = stored_in_pairs(pl, k);
    s->in[0] = q;
    s->in[1] = k;
    s->in[2] = n->in[2];
    s = add_step(pl, STEP_ATTN, n->layer);
    s->in[0] = q;
    s->out = n->out;
    pl->p->max_group = PR_MAX(pl->p->max_group, l->n_head / l->n_kv);
    pl->p->max_head = PR_MAX(pl->p->max_head, l->d_head);
}

static pare_status plan_node(planner *pl, int i, pare_err *err) {
    const pr_node *n = &pl->g->nodes[i];
    pr_step       *s;
    if (pl->done[i]) return PARE_OK;
    switch (n->op) {
    case PR_OPC_LINEAR: return linear(pl, i, err);
    case PR_OPC_ATTN: attention(pl, i); return PARE_OK;
    case PR_OPC_ROPE: return PARE_OK; /* part of STEP_QK */
    case PR_OPC_EMBED:
        s = add_step(pl, STEP_EMBED, n->layer);
        s->p[0].w = &pl->m->weights[n->w];
        if (!pr_weight_readable(s->p[0].w))
            return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': type %s cannot be decoded",
                           s->p[0].w->src->name, pr_type_get(s->p[0].w->src->type)->name);
        break;
    case PR_OPC_RMS:
        s = add_step(pl, STEP_NORM, n->layer);
        s->group = n->group;
        PR_TRY(vector(pl, n->w, &s->norm, err));
        break;
    case PR_OPC_GLU: s = add_step(pl, STEP_GLU, n->layer); break;
    default: s = add_step(pl, STEP_ADD, n->layer); break;
    }
    s->in[0] = n->in[0];
    s->in[1] = n->in[1];
    s->out = n->out;
    return PARE_OK;
}

/* Does a product with 8-bit activations read `v`? */
static bool wants_acts(const planner *pl, pr_val v) {
    for (int i = 0; i < pl->p->n_steps; i++) {
        const pr_step *s = &pl->p->steps[i];
        if (s->kind != STEP_LINEAR || s->in[0] != v) continue;
        for (int j = 0; j < s->n_products; j++)
            if (pr_plan_int8(s->p[j].w, pl->o)) return true;
    }
    return false;
}

/* Who writes a value also writes its 8-bit form, where it has the whole row at hand;
 * after the others a step of its own does. */
static pare_status place_acts(planner *pl, pare_err *err) {
    pr_plan *p = pl->p;
    pr_step *old = p->steps;
    int      n_old = p->n_steps;
    PR_NEW(p->acts, pl->a, pl->g->n_vals, err);
    PR_NEW(p->acts_width, pl->a, pl->g->n_vals, err);
    for (int v = 0; v < pl->g->n_vals; v++) p->acts[v] = wants_acts(pl, (pr_val)v) ? 0 : -1;
    PR_NEW(p->steps, pl->a, n_old * 2 + 2, err);
    p->n_steps = 0;
    for (int i = 0; i < n_old; i++) {
        pr_step *s = &p->steps[p->n_steps++];
        *s = old[i];
        pr_val out = s->kind == STEP_LINEAR ? -1 : s->out;
        if (out >= 0 && p->acts[out] >= 0) {
            s->acts = s->kind != STEP_ATTN;
            if (!s->acts) {
                pr_step *q = add_step(pl, STEP_ACTS, s->layer);
                q->in[0] = out;
            }
        }
        for (int j = 0; s->kind == STEP_LINEAR && j < s->n_products; j++)
            if (p->acts[s->p[j].out] >= 0) {
                pr_step *q = add_step(pl, STEP_ACTS, s->layer);
                q->in[0] = s->p[j].out;
            }
    }
    return PARE_OK;
}

static void last_reads(const planner *pl, int *last) {
    for (int v = 0; v < pl->g->n_vals; v++) last[v] = -1;
    for (int i = 0; i < pl->p->n_steps; i++) {
        const pr_step *s = &pl->p->steps[i];
        for (int j = 0; j < 3; j++)
            if (s->in[j] >= 0) last[s->in[j]] = i;
        for (int j = 0; j < s->n_products; j++)
            if (s->p[j].add >= 0) last[s->p[j].add] = i;
    }
    last[pl->g->logits] = pl->p->n_steps; /* outlives the run */
}

/* First fit: a slot that is free and at least as wide, else the widest free one grows. */
static int take_slot(int *widths, int *n_slots, bool *busy, int width) {
    int best = -1;
    for (int i = 0; i < *n_slots; i++) {
        if (busy[i]) continue;
        if (widths[i] >= width) return busy[i] = true, i;
        if (best < 0 || widths[i] > widths[best]) best = i;
    }
    if (best < 0) best = (*n_slots)++;
    widths[best] = width;
    busy[best] = true;
    return best;
}

/* Values that this step writes: the f32 ones get a slot; `acts` likewise where it makes them. */
static void take_outputs(planner *pl, const pr_step *s, bool *busy, bool *acts_busy) {
    pr_plan *p = pl->p;
    for (int j = 0; j < PR_PRODUCTS; j++) {
        pr_val v = s->kind == STEP_LINEAR ? (j < s->n_products ? s->p[j].out : -1)
                   : j                    ? -1
                                          : s->out;
        if (v < 0 || v == pl->g->logits) continue;
        p->slot[v] = take_slot(p->slot_width, &p->n_slots, busy, pl->g->width[v]);
    }
    pr_val v = s->kind == STEP_ACTS ? s->in[0] : s->acts ? s->out : -1;
    if (v >= 0) p->acts[v] = take_slot(p->acts_width, &p->n_acts, acts_busy, pl->g->width[v]);
}

static pare_status place_values(planner *pl, pare_err *err) {
    pr_plan *p = pl->p;
    int      n = pl->g->n_vals, *last;
    bool    *busy, *acts_busy;
    PR_NEW(p->slot, pl->a, n, err);
    PR_NEW(p->slot_width, pl->a, n, err);
    PR_NEW(last, pl->a, n, err);
    PR_NEW(busy, pl->a, n, err);
    PR_NEW(acts_busy, pl->a, n, err);
    last_reads(pl, last);
    for (int v = 0; v < n; v++) p->slot[v] = -1;
    for (int i = 0; i < p->n_steps; i++) {
        take_outputs(pl, &p->steps[i], busy, acts_busy);
        for (int v = 0; v < n; v++) {
            if (last[v] != i) continue;
            if (p->slot[v] >= 0) busy[p->slot[v]] = false;
            if (p->acts[v] >= 0) acts_busy[p->acts[v]] = false;
        }
    }
    return PARE_OK;
}

pare_status pr_plan_make(pr_plan *p, const pr_model *m, const pr_session_opts *o,
                         const pr_kernels *k, pr_arena *a, pare_err *err) {
    planner pl = {.p = p, .m = m, .g = &m->graph, .o = o, .k = k, .a = a};
    *p = (pr_plan){0};
    PR_NEW(p->steps, a, 2 * m->graph.n_nodes + 2, err);
    PR_NEW(pl.uses, a, m->graph.n_vals, err);
    PR_NEW(pl.maker, a, m->graph.n_vals, err);
    PR_NEW(pl.done, a, m->graph.n_nodes, err);
    for (int i = 0; i < m->graph.n_nodes; i++) {
        const pr_node *n = &m->graph.nodes[i];
        pl.maker[n->out] = i;
        for (int j = 0; j < 3; j++)
            if (n->in[j] >= 0) pl.uses[n->in[j]]++;
    }
    bool seen_layer = false;
    for (int i = 0; i < m->graph.n_nodes; i++) {
        int before = p->n_steps;
        PR_TRY(plan_node(&pl, i, err));
        if (m->graph.nodes[i].layer >= 0) seen_layer = true;
        for (int s = before; s < p->n_steps; s++)
            p->steps[s].tail = seen_layer && m->graph.nodes[i].layer < 0;
    }
    PR_TRY(place_acts(&pl, err));
    return place_values(&pl, err);
}
