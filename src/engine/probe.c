/* probe.c - what a probe is told: which step is what, and what it must move and compute.
 *
 * The clock is read in session.c, in the twin of the loop that runs the plan. Always true: bytes
 * and operations are those of the plan, found without running it. */
#include "session.h"
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t thread_cpu_ns(void) {
    struct timespec t = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void pr_probe_enter(pr_member_span *m, pr_span *spans, int n_steps) {
    m->came = pr_now_ns();
    memset(spans, 0, (size_t)n_steps * sizeof *spans);
    m->tid = (int)syscall(SYS_gettid);
    m->cpu_ns = thread_cpu_ns();
    m->begin = pr_now_ns();
}

void pr_probe_leave(pr_member_span *m) {
    m->end = pr_now_ns();
    m->cpu_ns = thread_cpu_ns() - m->cpu_ns;
    m->gone = pr_now_ns();
}

void pr_session_probe(pr_session *s, pr_probe *p) {
    s->probe = p;
}

int pr_session_steps(const pr_session *s) {
    return s->plan.n_steps;
}

/* ------------------------------------------------------------------ names */

static const char *const ops[] = {
    [STEP_EMBED] = "embedding", [STEP_NORM] = "norm",     [STEP_LINEAR] = "product",
    [STEP_QK] = "positions",    [STEP_ATTN] = "attention", [STEP_GLU] = "gate",
    [STEP_ADD] = "sum",         [STEP_ACTS] = "round"};

static const char *role_of(const pr_weight *w) {
    return pr_role_name(w->id.role);
}

/* The norm whose decoded copy the step holds stands before what reads its output. */
static void name_norm(const pr_session *s, int i, char *dst, size_t cap) {
    const pr_step *st = &s->plan.steps[i];
    const char    *to = NULL;
    for (int k = i + 1; k < s->plan.n_steps && !to; k++) {
        const pr_step *next = &s->plan.steps[k];
        for (int j = 0; j < 3; j++)
            if (next->in[j] == st->out)
                to = next->kind == STEP_LINEAR ? role_of(next->p[0].w) : ops[next->kind];
    }
    snprintf(dst, cap, to ? "norm before %s" : "norm", to);
}

void pr_session_step(const pr_session *s, int i, pr_step_info *out) {
    const pr_step *st = &s->plan.steps[i];
    *out = (pr_step_info){.op = ops[st->kind],
                          .layer = st->layer,
                          .product = st->kind == STEP_LINEAR};
    size_t used = 0;
    if (st->kind == STEP_NORM) name_norm(s, i, out->name, sizeof out->name);
    for (int k = 0; k < st->n_products && used < sizeof out->name; k++)
        used += (size_t)snprintf(out->name + used, sizeof out->name - used, "%s%s", k ? " " : "",
                                 role_of(st->p[k].w));
    if (!out->name[0]) snprintf(out->name, sizeof out->name, "%s", out->op);
}

/* ------------------------------------------------------------------ costs */

typedef struct {
    const pr_session *s;
    const pr_step    *st;
    int64_t           n; /* tokens that the step works on */
    int64_t           pos, batch;
    pr_step_cost     *c;
} costing;

static uint64_t width(const costing *g, pr_val v) {
    return v < 0 ? 0 : (uint64_t)g->s->m->graph.width[v];
}

static void cost_product(const costing *g) {
    uint64_t n = (uint64_t)g->n;
    for (int k = 0; k < g->st->n_products; k++) {
        const pr_product *p = &g->st->p[k];
        bool              int8 = pr_plan_int8(p->w, &g->s->o);
        g->c->weight_bytes += pr_weight_bytes(p->w);
        g->c->value_bytes += n * (uint64_t)p->w->rows * 4 * (p->add >= 0 ? 2 : 1);
        if (k == 0) g->c->value_bytes += n * (uint64_t)p->w->cols * (int8 ? 1 : 4);
        g->c->flop += 2 * (double)p->w->rows * (double)p->w->cols * (double)g->n;
    }
}

/* Keys and values of every position that a token of the call sees, once. */
static void cost_attention(const costing *g) {
    const pr_layer *l = &g->s->m->hp.layers[g->st->layer];
    int64_t         end = g->pos + g->batch, from = 0;
    if (l->left >= 0 && g->pos > l->left) from = g->pos - l->left;
    g->c->state_bytes +=
        2 * (uint64_t)(end - from) * (uint64_t)l->n_kv * (uint64_t)g->s->kv_row[g->st->layer];
    g->c->value_bytes += 2 * (uint64_t)g->n * (uint64_t)l->n_head * (uint64_t)l->d_head * 4;
    for (int64_t t = g->pos; t < end; t++) {
        int64_t seen = l->left >= 0 && t > l->left ? l->left + 1 : t + 1;
        g->c->flop += 4 * (double)seen * l->n_head * l->d_head;
    }
}

static void cost_state(const costing *g) {
    const pr_layer *l = &g->s->m->hp.layers[g->st->layer];
    uint64_t        n = (uint64_t)g->n;
    g->c->state_bytes += 2 * n * (uint64_t)l->n_kv * (uint64_t)g->s->kv_row[g->st->layer];
    g->c->value_bytes += n * 4 * (2 * width(g, g->st->in[0]) + 2 * width(g, g->st->in[1]) +
                                  width(g, g->st->in[2]));
    g->c->flop += 3 * (double)g->n * (double)(width(g, g->st->in[0]) + width(g, g->st->in[1]));
}

static void cost_row(const costing *g) {
    uint64_t n = (uint64_t)g->n, all = width(g, g->st->out);
    for (int k = 0; k < 3; k++) all += width(g, g->st->in[k]);
    g->c->value_bytes += n * 4 * all;
    g->c->flop += 4 * (double)n * (double)PR_MAX(width(g, g->st->out), width(g, g->st->in[0]));
    if (g->st->kind == STEP_NORM) g->c->weight_bytes += 4 * width(g, g->st->out);
}

void pr_session_cost(const pr_session *s, int i, int n, int64_t pos, pr_step_cost *out) {
    const pr_step *st = &s->plan.steps[i];
    pr_session     as = *s; /* the sharing depends on the tokens of the call */
    as.n = n;
    *out = (pr_step_cost){.pieces = pr_step_tasks(&as, st)};
    costing g = {.s = s,
                 .st = st,
                 .n = st->tail && !s->o.all_logits ? 1 : n,
                 .pos = pos,
                 .batch = n,
                 .c = out};
    switch (st->kind) {
    case STEP_LINEAR: cost_product(&g); break;
    case STEP_ATTN: cost_attention(&g); break;
    case STEP_QK: cost_state(&g); break;
    case STEP_EMBED:
        out->weight_bytes = (uint64_t)g.n * pr_weight_row_bytes(st->p[0].w);
        out->value_bytes = (uint64_t)g.n * 4 * width(&g, st->out);
        break;
    default: cost_row(&g);
    }
}
