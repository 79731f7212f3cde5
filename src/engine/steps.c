/* steps.c - what one member of the team does for one task of a step.
 *
 * A task writes only its own rows or tokens, so that who does it, and when, changes
 * nothing. Always true: no task allocates. */
#include "session.h"

enum {
    PANEL_ROWS = 16,   /* rows unpacked side by side (kernel.h) */
    TOKENS_A_TASK = 8 /* of attention in a batch */
};

static int tokens(const pr_session *s, const pr_step *st) {
    return st->tail && !s->o.all_logits ? 1 : s->n;
}
/* First token of the call that the step works on. */
static int first(const pr_session *s, const pr_step *st) {
    return st->tail && !s->o.all_logits ? s->n - 1 : 0;
}

static float *value(const pr_session *s, pr_val v, int t) {
    if (v == s->m->graph.logits) return s->logits + (size_t)t * (size_t)s->m->hp.n_vocab;
    return s->slot[s->plan.slot[v]] + (size_t)t * (size_t)s->m->graph.width[v];
}

static uint8_t *scratch(const pr_session *s, int me) {
    return s->scratch + (size_t)me * s->scratch_bytes;
}

/* The 8-bit form of `v`, with this value's width. */
static pr_acts acts_of(const pr_session *s, pr_val v) {
    pr_acts a;
    pr_acts_init(&a, s->acts[s->plan.acts[v]], s->m->graph.width[v], s->o.n_batch);
    return a;
}

static void quantize(const pr_session *s, pr_val v, int t) {
    pr_acts a = acts_of(s, v);
    s->k->act_quantize(&a, t, value(s, v, t));
}

/* ------------------------------------------------------------------ products */

static int64_t rows_a_task(const pr_session *s, const pr_step *st) {
    int64_t rows = 0;
    if (tokens(s, st) > 1) return PANEL_ROWS;
    for (int i = 0; i < st->n_products; i++) rows += st->p[i].w->rows;
    int64_t each = rows / (pr_pool_size(s->pool) * 4);
    return each < PANEL_ROWS ? PANEL_ROWS : each / PANEL_ROWS * PANEL_ROWS;
}

static int64_t product_tasks(const pr_session *s, const pr_step *st) {
    int64_t each = rows_a_task(s, st), n = 0;
    for (int i = 0; i < st->n_products; i++) n += (st->p[i].w->rows + each - 1) / each;
    return n;
}

static pr_group_rows rows_of(const pr_weight *w, int64_t r) {
    pr_weight_parts p = pr_weight_parts_at(w, r);
    pr_group_rows g = {
        .spec = w->group, .codes = p.codes, .scales = p.scales, .offsets = p.offsets};
    pr_group_row_of(w->group, w->cols, &g.row);
    return g;
}

/* One token: rows are read where they lie. */
static void product_one(pr_session *s, const pr_step *st, const pr_product *p, int64_t r,
                        int64_t n, int me) {
    const pr_weight *w = p->w;
    uint64_t         step = pr_weight_row_bytes(w);
    const uint8_t   *row = w->src->data + (uint64_t)r * step;
    int              t = first(s, st);
    float           *y = value(s, p->out, p->out == s->m->graph.logits ? 0 : t) + r;
    const float     *x = value(s, st->in[0], t);
    if (w->stride) {
        float *f = (float *)(void *)scratch(s, me);
        for (int64_t i = 0; i < n; i += PANEL_ROWS) { /* neighbours lie side by side */
            int64_t some = PR_MIN((int64_t)PANEL_ROWS, n - i);
            pr_weight_decode(w, s->k, r + i, some, f);
            s->k->gemv_f32(y + i, f, (size_t)w->cols * sizeof *f, some, x, w->cols);
        }
    } else if (pr_plan_int8(w, &s->o)) {
        pr_acts a = acts_of(s, st->in[0]);
        pr_group_rows groups = w->group ? rows_of(w, r) : (pr_group_rows){0};
        if (w->group)
            s->k->gemv_group(y, &groups, n, &a, t);
        else
            pr_gemv_get(s->k, w->src->type)(y, row, step, n, &a, t);
    } else if (w->src->type == PR_BF16) {
        s->k->gemv_bf16(y, row, step, n, x, w->cols);
    } else if (w->src->type == PR_F16) {
        s->k->gemv_f16(y, row, step, n, x, w->cols);
    } else if (w->src->type == PR_F32) {
        s->k->gemv_f32(y, row, step, n, x, w->cols);
    } else {
        float *f = (float *)(void *)scratch(s, me);
        for (int64_t i = 0; i < n; i++) {
            pr_weight_decode(w, s->k, r + i, 1, f);
            s->k->gemv_f32(y + i, f, (size_t)w->cols * sizeof *f, 1, x, w->cols);
        }
    }
}

/* Several tokens: a panel of rows is unpacked once and meets every token. */
static void product_many(pr_session *s, const pr_step *st, const pr_product *p, int64_t r,
                         int64_t n, int me) {
    const pr_weight *w = p->w;
    uint64_t         step = pr_weight_row_bytes(w);
    const uint8_t   *row = w->src->data + (uint64_t)r * step;
    int              count = tokens(s, st), t0 = first(s, st);
    int64_t          ldy = w->rows;
    float           *y = value(s, p->out, p->out == s->m->graph.logits ? 0 : t0) + r;
    const float     *x = value(s, st->in[0], t0);
    if (pr_plan_int8(w, &s->o)) {
        pr_acts  a = acts_of(s, st->in[0]);
        pr_panel panel;
        if (w->group) {
            pr_group_rows g = rows_of(w, r);
            pr_panel_group_init(&panel, scratch(s, me), w->group, w->cols);
            pr_panel_group_load(s->k, &panel, &g, 0, (int)n);
        } else {
            pr_panel_init(&panel, scratch(s, me), w->src->type, w->cols);
            pr_panel_load(s->k, &panel, row, step, (int)n);
        }
        s->k->gemm_i8(y, ldy, &panel, &a, t0, count);
        return;
    }
    float *f = (float *)(void *)scratch(s, me);
    pr_weight_decode(w, s->k, r, n, f);
    s->k->gemm_f32(y, ldy, f, w->cols, n, x, w->cols, count, w->cols);
}

static void finish_product(const pr_session *s, const pr_step *st, const pr_product *p,
                           int64_t r, int64_t n) {
    for (int i = 0; i < tokens(s, st); i++) {
        int    t = first(s, st) + i;
        float *y = value(s, p->out, p->out == s->m->graph.logits ? i : t) + r;
        if (p->bias) s->k->add(y, y, p->bias + r, n);
        if (p->add >= 0) s->k->add(y, value(s, p->add, t) + r, y, n);
    }
}

/* The step's input stays as it is until the step is done, whoever looks at it. */
static void watch_task(const pr_session *s, const pr_step *st, int part) {
    const pr_weight *w[PR_PRODUCTS];
    for (int i = 0; i < st->n_products; i++) w[i] = st->p[i].w;
    s->watch->see(s->watch->user, w, st->n_products, value(s, st->in[0], first(s, st)),
                  st->p[0].w->cols, tokens(s, st), part);
}

static void product_task(pr_session *s, const pr_step *st, int64_t i, int me) {
    int64_t           each = rows_a_task(s, st);
    const pr_product *p = st->p;
    if (s->watch && i < s->watch->parts) {
        watch_task(s, st, (int)i);
        return;
    }
    i -= s->watch ? s->watch->parts : 0;
    for (int64_t n; i >= (n = (p->w->rows + each - 1) / each); p++) i -= n;
    int64_t r = i * each, n = PR_MIN(each, p->w->rows - r);
    if (tokens(s, st) == 1)
        product_one(s, st, p, r, n, me);
    else
        product_many(s, st, p, r, n, me);
    finish_product(s, st, p, r, n);
}

/* ------------------------------------------------------------------ positions and state */

/* Stored with rotating pairs adjacent → halves, head by head. */
static void to_halves(float *x, int n_head, int d, float *tmp) {
    for (int h = 0; h < n_head; h++, x += d) {
        memcpy(tmp, x, (size_t)d * sizeof *tmp);
        for (int i = 0; i < d / 2; i++) {
            x[i] = tmp[2 * i];
            x[i + d / 2] = tmp[2 * i + 1];
        }
    }
}

static void store(const pr_session *s, uint8_t *dst, const float *x, int d) {
    if (s->o.state == PR_F16)
        s->k->store_f16(dst, x, d);
    else if (s->o.state == PR_Q8_0)
        s->k->store_q8_0(dst, x, d);
    else
        memcpy(dst, x, (size_t)d * sizeof *x);
}

static void qk_task(pr_session *s, const pr_step *st, int t, int me) {
    const pr_layer *l = &s->m->hp.layers[st->layer];
    float *q = value(s, st->in[0], t), *k = value(s, st->in[1], t), *v = value(s, st->in[2], t);
    float          *tmp = (float *)(void *)scratch(s, me);
    int             d = l->d_head, i = st->layer;
    if (st->pairs_q) to_halves(q, l->n_head, d, tmp);
    if (st->pairs_k) to_halves(k, l->n_kv, d, tmp);
    if (l->rope >= 0) {
        size_t at = (size_t)(s->rot_at + t) * (size_t)(d / 2);
        s->k->rope_half(q, d, l->n_head, s->cos + at, s->sin + at, d / 2);
        s->k->rope_half(k, d, l->n_kv, s->cos + at, s->sin + at, d / 2);
    }
    for (int h = 0; h < l->n_kv; h++) {
        size_t row = ((size_t)h * (size_t)s->o.n_ctx + (size_t)(s->pos + t)) * s->kv_row[i];
        store(s, s->state + s->k_off[i] + row, k + (size_t)h * (size_t)d, d);
        store(s, s->state + s->v_off[i] + row, v + (size_t)h * (size_t)d, d);
    }
}

/* ------------------------------------------------------------------ attention */

static int64_t attn_tasks(const pr_session *s, const pr_step *st) {
    int per = s->n > 1 ? TOKENS_A_TASK : 1;
    return (int64_t)s->m->hp.layers[st->layer].n_kv * ((s->n + per - 1) / per);
}

/* One token of one kv head: all query heads that share it. */
static void attend(pr_session *s, const pr_step *st, int h, int t, int me) {
    const pr_layer *l = &s->m->hp.layers[st->layer];
    int             group = l->n_head / l->n_kv, d = l->d_head, i = st->layer;
    int64_t         last = s->pos + t, from = l->left >= 0 && last > l->left ? last - l->left : 0;
    int64_t         n = last - from + 1;
    size_t          row = s->kv_row[i], at = ((size_t)h * (size_t)s->o.n_ctx + (size_t)from) * row;
    const uint8_t  *k = s->state + s->k_off[i] + at, *v = s->state + s->v_off[i] + at;
    const float    *q = value(s, st->in[0], t) + (size_t)h * (size_t)(group * d);
    float          *o = value(s, st->out, t) + (size_t)h * (size_t)(group * d);
    float          *p = (float *)(void *)scratch(s, me);
    const pr_kernels *kn = s->k;
    if (s->o.state == PR_F16)
        kn->attn_scores_f16(p, n, q, d, group, k, row, n, d, l->scale);
    else if (s->o.state == PR_Q8_0)
        kn->attn_scores_q8_0(p, n, q, d, group, k, row, n, d, l->scale);
    else
        kn->attn_scores_f32(p, n, q, d, group, k, row, n, d, l->scale);
    for (int g = 0; g < group; g++) kn->softmax(p + (int64_t)g * n, n);
    if (s->o.state == PR_F16)
        kn->attn_mix_f16(o, d, p, n, group, v, row, n, d);
    else if (s->o.state == PR_Q8_0)
        kn->attn_mix_q8_0(o, d, p, n, group, v, row, n, d);
    else
        kn->attn_mix_f32(o, d, p, n, group, v, row, n, d);
}

static void attn_task(pr_session *s, const pr_step *st, int64_t i, int me) {
    int n_kv = s->m->hp.layers[st->layer].n_kv, per = s->n > 1 ? TOKENS_A_TASK : 1;
    int h = (int)(i % n_kv), t = (int)(i / n_kv) * per, end = PR_MIN(t + per, s->n);
    for (; t < end; t++) attend(s, st, h, t, me);
}

/* ------------------------------------------------------------------ row by row */

static void embed_task(const pr_session *s, const pr_step *st, int t) {
    pr_weight_decode(st->p[0].w, s->k, s->ids[t], 1, value(s, st->out, t));
}

static void norm_task(const pr_session *s, const pr_step *st, int t) {
    int          width = s->m->graph.width[st->out];
    const float *x = value(s, st->in[0], t);
    float       *y = value(s, st->out, t);
    for (int at = 0; at < width; at += st->group)
        s->k->rms_norm(y + at, x + at, st->norm, st->group, s->m->hp.rms_eps);
}

static void row_task(pr_session *s, const pr_step *st, int64_t i, int me) {
    int t = first(s, st) + (int)i, width = st->out >= 0 ? s->m->graph.width[st->out] : 0;
    switch (st->kind) {
    case STEP_EMBED: embed_task(s, st, t); break;
    case STEP_NORM: norm_task(s, st, t); break;
    case STEP_QK: qk_task(s, st, t, me); return;
    case STEP_GLU:
        s->k->silu_mul(value(s, st->out, t), value(s, st->in[0], t), value(s, st->in[1], t), width);
        break;
    case STEP_ADD:
        s->k->add(value(s, st->out, t), value(s, st->in[0], t), value(s, st->in[1], t), width);
        break;
    case STEP_ACTS: quantize(s, st->in[0], t); return;
    default: break;
    }
    if (st->acts) quantize(s, st->out, t);
}

int64_t pr_step_tasks(const pr_session *s, const pr_step *st) {
    switch (st->kind) {
    case STEP_LINEAR: return product_tasks(s, st) + (s->watch ? s->watch->parts : 0);
    case STEP_ATTN: return attn_tasks(s, st);
    default: return tokens(s, st);
    }
}

void pr_step_task(pr_session *s, const pr_step *st, int64_t i, int me) {
    switch (st->kind) {
    case STEP_LINEAR: product_task(s, st, i, me); break;
    case STEP_ATTN: attn_task(s, st, i, me); break;
    default: row_task(s, st, i, me);
    }
}

size_t pr_step_scratch(const pr_model *m, const pr_plan *p, const pr_session_opts *o,
                       int64_t *scores_cap) {
    *scores_cap = (int64_t)p->max_group * o->n_ctx;
    size_t need = PR_MAX((size_t)*scores_cap, (size_t)p->max_head) * sizeof(float);
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        pr_role_class    c = pr_role_class_of(w->id.role);
        if (c != PR_CLASS_MATRIX && c != PR_CLASS_EMBED) continue;
        size_t panel = !pr_plan_int8(w, o) ? (size_t)w->cols * PANEL_ROWS * sizeof(float)
                       : w->group          ? pr_panel_group_bytes(w->group, w->cols)
                                           : pr_panel_bytes(w->src->type, w->cols);
        need = PR_MAX(need, panel);
    }
    return (need + 4095) / 4096 * 4096;
}
