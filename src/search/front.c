/* front.c - the Pareto front on bounds, the scores, the choice. Always true: dominance of
 * intervals is transitive, so whoever is dominated is dominated by a member of the front. */
#include "search/search.h"
#include <math.h>
#include <stdio.h>

static const pr_est *est_of(const pr_candidate *c, const pr_objective *o) {
    const pr_metric *m = pr_metric_find(c->metrics, c->n_metrics, o->metric->name, o->against);
    return m && pr_est_ok(&m->est) ? &m->est : NULL;
}

bool pr_dominates(const pr_candidate *a, const pr_candidate *b, const pr_objective *o,
                  size_t n) {
    bool better = false;
    if (a->error || b->error) return false;
    for (size_t i = 0; i < n; i++) {
        const pr_est *x = est_of(a, &o[i]), *y = est_of(b, &o[i]);
        if (!x || !y) return false;
        bool more = o[i].metric->higher; /* a at its worst is held against b at its best */
        pr_judgement j = pr_judge(x, more ? y->hi : y->lo, more ? PR_AT_LEAST : PR_AT_MOST);
        if (j.verdict != PR_PASS) return false;
        better |= j.margin > 0;
    }
    return better;
}

/* Why `c` cannot be compared, or NULL. */
static const char *exclusion(const pr_candidate *c, const pr_objective *o, size_t n_o,
                             pr_arena *a) {
    if (c->error) return c->error;
    for (size_t i = 0; i < n_o; i++) {
        if (est_of(c, &o[i])) continue;
        const pr_metric *m =
            pr_metric_find(c->metrics, c->n_metrics, o[i].metric->name, o[i].against);
        const char *why = m && m->est.why ? m->est.why : "it was not measured";
        const char *text = pr_arena_printf(a, "%s is missing: %s", o[i].metric->name, why);
        return text ? text : "an objective is missing";
    }
    return NULL;
}

static pare_status names_check(const pr_candidate *c, size_t n, pare_err *err) {
    if (n > PR_CANDIDATES_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu candidates; at most %d", n,
                       PR_CANDIDATES_MAX);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(c[i].name, c[k].name) != 0) continue;
            return pr_fail(err, PARE_EUSAGE, -1, "two candidates are called '%s'", c[i].name);
        }
    }
    return PARE_OK;
}

static pare_status members_find(const pr_candidate *c, pr_front *f, pr_arena *a,
                                pare_err *err) {
    for (size_t i = 0; i < f->n; i++) {
        pr_standing *s = &f->standing[i];
        s->on_front = !s->excluded;
        for (size_t k = 0; s->on_front && k < f->n; k++) {
            s->on_front = !pr_dominates(&c[k], &c[i], f->objectives, f->n_objectives);
        }
        f->n_front += s->on_front;
    }
    for (size_t i = 0; i < f->n; i++) {
        pr_standing *s = &f->standing[i];
        if (s->on_front || s->excluded) continue;
        PR_NEW(s->by, a, f->n_front, err);
        for (size_t k = 0; k < f->n; k++) {
            if (!f->standing[k].on_front) continue;
            if (pr_dominates(&c[k], &c[i], f->objectives, f->n_objectives))
                s->by[s->n_by++] = (int)k;
        }
    }
    return PARE_OK;
}

static void ranges_find(const pr_candidate *c, pr_front *f) {
    for (size_t k = 0; k < f->n_objectives; k++) {
        const pr_objective *o = &f->objectives[k];
        double lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < f->n; i++) {
            if (!f->standing[i].on_front) continue;
            double v = est_of(&c[i], o)->value;
            lo = PR_MIN(lo, v);
            hi = PR_MAX(hi, v);
        }
        f->best[k] = f->n_front ? o->metric->higher ? hi : lo : NAN;
        f->worst[k] = f->n_front ? o->metric->higher ? lo : hi : NAN;
    }
}

static void scores_find(const pr_candidate *c, pr_front *f) {
    for (size_t i = 0; i < f->n; i++) {
        pr_standing *s = &f->standing[i];
        s->score = s->excluded ? NAN : 0;
        for (size_t k = 0; k < f->n_objectives; k++) {
            const pr_est *e = est_of(&c[i], &f->objectives[k]);
            double range = f->best[k] - f->worst[k];
            s->normalised[k] = !e || s->excluded ? NAN : 1;
            /* + 0.0: no minus zero where the range is negative */
            if (e && range != 0) s->normalised[k] *= (e->value - f->worst[k]) / range + 0.0;
            s->score += s->normalised[k] * f->objectives[k].weight;
        }
    }
}

/* Whether candidate i goes before k in the ranking. */
static bool goes_before(const pr_candidate *c, const pr_front *f, int i, int k) {
    double a = f->standing[i].score, b = f->standing[k].score;
    if (a != b) return a > b;
    if (c[i].bytes != c[k].bytes) return c[i].bytes < c[k].bytes;
    return strcmp(c[i].name, c[k].name) < 0;
}

static void order_make(const pr_candidate *c, pr_front *f) {
    for (size_t i = 0; i < f->n; i++) {
        if (isnan(f->standing[i].score)) continue;
        size_t at = f->n_order++;
        while (at > 0 && goes_before(c, f, (int)i, f->order[at - 1])) {
            f->order[at] = f->order[at - 1];
            at--;
        }
        f->order[at] = (int)i;
    }
}

/* The first of the order that is accepted (and on the front), or -1. */
static int accepted_first(const pr_front *f, bool on_front_only) {
    for (size_t i = 0; i < f->n_order; i++) {
        const pr_standing *s = &f->standing[f->order[i]];
        if (s->accepted && (s->on_front || !on_front_only)) return f->order[i];
    }
    return -1;
}

/* x / (1 + x) of each shortfall x, in shares of its threshold (of 0: in its own unit): a limit that
 * is missed by far, as steadiness is on a busy machine, counts one limit and not all others. */
static double short_by(const pr_candidate *c) {
    double sum = 0;
    for (size_t i = 0; i < c->n_results; i++) {
        const pr_gate_result *r = &c->results[i];
        if (r->verdict == PR_PASS) continue;
        double scale = fabs(r->gate->threshold);
        if (!isfinite(r->margin)) return INFINITY;
        double x = fmax(-r->margin, 0) / (scale > 0 ? scale : 1);
        sum += x / (1 + x);
    }
    return sum;
}

static bool nearer(const pr_standing *a, const pr_standing *b) {
    return a->short_by != b->short_by ? a->short_by < b->short_by : a->failed < b->failed;
}

static void choice_make(pr_front *f) {
    f->choice = accepted_first(f, true);
    if (f->choice < 0) f->choice = accepted_first(f, false);
    f->accepted = f->choice >= 0;
    for (size_t i = 0; !f->accepted && i < f->n_order; i++) {
        int k = f->order[i];
        if (!f->standing[k].on_front) continue;
        if (f->choice < 0 || nearer(&f->standing[k], &f->standing[f->choice])) f->choice = k;
    }
}

static void say_score(const pr_front *f, pr_buf *b) {
    const pr_standing *s = &f->standing[f->choice];
    double most = 0;
    for (size_t k = 0; k < f->n_objectives; k++) most += f->objectives[k].weight;
    pr_buf_printf(b, "preference score %.3f of %.4g (", s->score, most);
    for (size_t k = 0, said = 0; k < f->n_objectives; k++) {
        const pr_objective *o = &f->objectives[k];
        if (o->weight == 0) continue;
        pr_buf_printf(b, "%s%s %.4g × %.3f", said++ ? ", " : "", o->preference, o->weight,
                      s->normalised[k]);
    }
    pr_buf_puts(b, ")");
}

/* The accepted one that comes after the choice, if any. */
static int runner_up(const pr_front *f) {
    for (size_t i = 0; i < f->n_order; i++) {
        const pr_standing *s = &f->standing[f->order[i]];
        if (f->order[i] != f->choice && s->accepted &&
            s->on_front == f->standing[f->choice].on_front)
            return f->order[i];
    }
    return -1;
}

static void say_accepted(const pr_candidate *c, const pr_front *f, pr_buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) n += f->standing[i].accepted && f->standing[i].on_front;
    int next = runner_up(f);
    if (f->standing[f->choice].on_front) {
        pr_buf_printf(b, "%s: of %zu on the front that %s everything asked, ",
                      c[f->choice].name, n, n == 1 ? "satisfies" : "satisfy");
        pr_buf_puts(b, n == 1 ? "the only one; " : "it has the best score; ");
    } else {
        pr_buf_printf(b,
                      "%s: nothing on the front satisfies everything asked; of those off it "
                      "that do, the best score; ",
                      c[f->choice].name);
    }
    say_score(f, b);
    if (next >= 0)
        pr_buf_printf(b, "; next is %s with %.3f", c[next].name, f->standing[next].score);
}

/* What no candidate meets: who comes nearest to it, and by how much that is too little. */
static void say_out_of_reach(const pr_candidate *c, const pr_front *f, pr_buf *b) {
    size_t n = c[f->choice].n_results;
    for (size_t g = 0; g < n; g++) {
        int best = -1;
        for (size_t i = 0; i < f->n; i++) {
            if (f->standing[i].excluded || c[i].n_results != n) continue;
            const pr_gate_result *r = &c[i].results[g];
            if (r->verdict == PR_PASS) {
                best = -1;
                break;
            }
            if (isfinite(r->margin) && (best < 0 || r->margin > c[best].results[g].margin))
                best = (int)i;
        }
        if (best < 0) continue;
        const pr_gate_result *r = &c[best].results[g];
        pr_buf_printf(b, "; nothing meets %s: nearest is %s, %s", r->gate->name, c[best].name,
                      r->reason);
    }
}

static void say_refused(const pr_candidate *c, const pr_front *f, pr_buf *b) {
    const pr_candidate *x = &c[f->choice];
    pr_buf_printf(
        b, "no variant satisfies everything asked; %s comes nearest, short in %zu of %zu: ",
        x->name, f->standing[f->choice].failed, x->n_results);
    for (size_t i = 0, said = 0; i < x->n_results; i++) {
        if (x->results[i].verdict == PR_PASS) continue;
        pr_buf_printf(b, "%s%s", said++ ? ", " : "", x->results[i].gate->name);
    }
    pr_buf_puts(b, "; ");
    say_score(f, b);
    say_out_of_reach(c, f, b);
}

/* Why each is out; those with the same reason are named together. */
static void say_excluded(const pr_candidate *c, const pr_front *f, pr_buf *b) {
    pr_buf_puts(b, "no variant could be compared");
    for (size_t i = 0; i < f->n; i++) {
        const char *why = f->standing[i].excluded;
        bool        said = false;
        for (size_t k = 0; k < i; k++) said |= strcmp(f->standing[k].excluded, why) == 0;
        if (said) continue;
        pr_buf_puts(b, "; ");
        for (size_t k = i; k < f->n; k++)
            if (strcmp(f->standing[k].excluded, why) == 0)
                pr_buf_printf(b, "%s%s", k == i ? "" : ", ", c[k].name);
        pr_buf_printf(b, ": %s", why);
    }
}

static pare_status reason_make(const pr_candidate *c, pr_front *f, pr_arena *a, pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, 1 << 16);
    if (f->choice < 0)
        say_excluded(c, f, &b);
    else if (f->accepted)
        say_accepted(c, f, &b);
    else
        say_refused(c, f, &b);
    f->reason = b.failed || !b.p ? NULL : pr_arena_str(a, b.p, b.n);
    pr_buf_done(&b);
    return f->reason ? PARE_OK : pr_fail_nomem(err, 1 << 16);
}

pare_status pr_front_make(const pr_candidate *c, size_t n, const pr_objective *o, size_t n_o,
                          pr_arena *a, pr_front *out, pare_err *err) {
    pr_front f = {.objectives = o, .n_objectives = n_o, .n = n, .choice = -1};
    *out = (pr_front){.choice = -1};
    PR_TRY(names_check(c, n, err));
    if (n_o == 0 || n_o > PR_OBJECTIVES_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu objectives; expected 1 to %d", n_o,
                       PR_OBJECTIVES_MAX);
    PR_NEW(f.best, a, n_o, err);
    PR_NEW(f.worst, a, n_o, err);
    PR_NEW(f.standing, a, n, err);
    PR_NEW(f.order, a, n, err);
    for (size_t i = 0; i < n; i++) {
        pr_standing *s = &f.standing[i];
        PR_NEW(s->normalised, a, n_o, err);
        s->excluded = exclusion(&c[i], o, n_o, a);
        s->failed = pr_gates_failed(c[i].results, c[i].n_results);
        s->short_by = short_by(&c[i]);
        s->accepted = s->failed == 0 && !s->excluded;
    }
    PR_TRY(members_find(c, &f, a, err));
    ranges_find(c, &f);
    scores_find(c, &f);
    order_make(c, &f);
    choice_make(&f);
    PR_TRY(reason_make(c, &f, a, err));
    *out = f;
    return PARE_OK;
}
