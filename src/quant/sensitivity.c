/* sensitivity.c - what each matrix costs in each of its types, and the choice that follows.
 *
 * Always true: what a choice is measured with is what will be written; a refinement is kept only
 * where the whole choice measured better than the one before. */
#include <math.h>
#include "pare_code.h"
#include "quant/quant.h"

typedef struct {
    pr_mixed           *p;
    const pr_mixed_job *job;
    const pare_ctl     *ctl;
    uint64_t            room; /* bytes that may be held encoded */
    pr_overlay         *lay[PR_DIVERGENCE_MODELS];
    /* The next runs of the probe: overlay i has tensor `item` in its type `as`. */
    struct {
        int item, as;
    } run[PR_DIVERGENCE_MODELS];
    int     n_runs;
    double  at;      /* measured KLD of the choice that runs are steps from; 0: of the model */
    double *kld;     /* [n][PR_MIXED_TYPES] of this round; NAN: not measured */
    double  done, total;
} sense;

/* ------------------------------------------------------------------ encoding */

static pare_status code(sense *s, int i, int k, pare_err *err) {
    pr_mixed_tensor *t = &s->p->t[i];
    if (t->coded[k]) return PARE_OK;
    PR_TRY(pr_coded_new(&t->coded[k], s->p->m, t->weight, t->type[k], t->importance, s->ctl, err));
    t->error[k] = t->coded[k]->error;
    s->p->held += t->coded[k]->tensor.bytes;
    return PARE_OK;
}

/* Lets go of what is not wanted now, if there is too much. */
static void tidy(sense *s, int i) {
    pr_mixed_tensor *t = &s->p->t[i];
    for (int k = 0; k < t->n && s->p->held > s->room; k++) {
        if (!t->coded[k] || (s->at > 0 && k == t->chosen)) continue;
        s->p->held -= t->coded[k]->tensor.bytes;
        pr_coded_free(t->coded[k]);
        t->coded[k] = NULL;
    }
}

/* Errors of all types, and of the matrix itself the sum of its squares. */
static pare_status errors(sense *s, pare_err *err) {
    for (int i = 0; i < s->p->n; i++) {
        pr_mixed_tensor *t = &s->p->t[i];
        const pr_weight *w = &s->p->m->weights[t->weight];
        t->importance = pr_calib_of(s->job->calib, t->name, w->cols);
        for (int k = 0; k < t->n; k++) PR_TRY(code(s, i, k, err));
        tidy(s, i);
        PR_TRY(pr_ctl_check(s->ctl, err));
        pr_ctl_progress(s->ctl, "encode", "tensors", i + 1, s->p->n);
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ records */

/* What a run depends on: the model, the text, and the blocks that lie over it: tensor `item` in its
 * type `as`, all others as chosen if the choice is what is stepped from. -1: the choice itself. */
static pare_status key_of(const sense *s, int item, int as, char key[65], pare_err *err) {
    const pr_calib_text *t = s->job->probe;
    pr_key               k;
    pr_key_begin(&k, "divergence", PARE_CODE);
    pr_key_sha(&k, "model", &s->job->model);
    pr_key_i64(&k, "window", t->window);
    pr_key_bytes(&k, "ids", t->ids, (size_t)(t->n_windows * t->window) * sizeof *t->ids);
    for (int i = 0; i < s->p->n; i++) {
        const pr_mixed_tensor *x = &s->p->t[i];
        if (i != item && item >= 0 && !(s->at > 0)) continue;
        const pr_coded *c = x->coded[i == item ? as : x->chosen];
        pr_key_str(&k, "tensor", x->name);
        pr_key_i64(&k, "type", c->type);
        pr_key_sha(&k, "blocks", &c->hash);
    }
    return pr_key_end(&k, key, err);
}

/* *kld stays NAN where there is no record, or a damaged one. */
static pare_status recall(const sense *s, int item, int as, double *kld, pare_err *err) {
    char      key[65];
    pr_str    text;
    pare_doc *d = NULL;
    *kld = NAN;
    if (!s->job->store) return PARE_OK;
    pr_arena *a = pr_arena_new(1 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = key_of(s, item, as, key, err);
    if (st == PARE_OK) st = pr_store_find(s->job->store, key, a, &text, NULL, err);
    if (st == PARE_OK && text.p && pare_doc_parse(&d, text.p, text.n, NULL) == PARE_OK)
        *kld = pare_doc_num(pare_doc_get(d, "kld"));
    if (!(*kld >= 0)) *kld = NAN;
    pare_doc_free(d);
    pr_arena_free(a);
    s->p->recalled += !isnan(*kld);
    return st;
}

static pare_status keep(const sense *s, int item, int as, double kld, pare_err *err) {
    char         key[65];
    pr_buf       text;
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *whole;
    pr_doc_set_f64(&b, d, "kld", kld);
    PR_TRY(pr_doc_done(&b, d, &whole, err));
    pr_buf_init(&text, 4096);
    pare_status st = pr_doc_put(whole, 0, &text, err);
    if (st == PARE_OK) st = key_of(s, item, as, key, err);
    if (st == PARE_OK)
        st = pr_store_put_again(s->job->store, key, "divergence", text.p, text.n, err);
    pr_buf_done(&text);
    pare_doc_free(whole);
    return st;
}

/* ------------------------------------------------------------------ measuring */

static pare_status run_now(sense *s, pare_err *err) {
    const pr_model *models[PR_DIVERGENCE_MODELS];
    double          kld[PR_DIVERGENCE_MODELS];
    if (s->n_runs == 0) return PARE_OK;
    for (int i = 0; i < s->n_runs; i++) {
        const pr_mixed_tensor *t = &s->p->t[s->run[i].item];
        pr_overlay_put(s->lay[i], t->weight, t->coded[s->run[i].as]);
        models[i] = pr_overlay_model(s->lay[i]);
    }
    PR_TRY(pr_divergence(s->p->m, models, s->n_runs, s->job->probe, s->ctl, kld, err));
    for (int i = 0; i < s->n_runs; i++) {
        const pr_mixed_tensor *t = &s->p->t[s->run[i].item];
        s->kld[s->run[i].item * PR_MIXED_TYPES + s->run[i].as] = kld[i];
        if (s->job->store) PR_TRY(keep(s, s->run[i].item, s->run[i].as, kld[i], err));
        pr_overlay_put(s->lay[i], t->weight, s->at > 0 ? t->coded[t->chosen] : NULL);
        tidy(s, s->run[i].item);
    }
    s->p->evaluations += s->n_runs;
    s->done += s->n_runs;
    s->n_runs = 0;
    pr_ctl_progress(s->ctl, "measure", "runs", s->done, s->total);
    return PARE_OK;
}

static pare_status run(sense *s, int item, int as, pare_err *err) {
    double *kld = &s->kld[item * PR_MIXED_TYPES + as];
    PR_TRY(code(s, item, as, err));
    PR_TRY(recall(s, item, as, kld, err));
    if (!isnan(*kld)) {
        s->p->evaluations++;
        s->done++;
        tidy(s, item);
        return PARE_OK;
    }
    s->run[s->n_runs].item = item;
    s->run[s->n_runs++].as = as;
    return s->n_runs == PR_DIVERGENCE_MODELS ? run_now(s, err) : PARE_OK;
}

static double *kld_of(const sense *s, int item) { return s->kld + (size_t)item * PR_MIXED_TYPES; }

static void forget(sense *s) {
    for (int i = 0; i < s->p->n * PR_MIXED_TYPES; i++) s->kld[i] = NAN;
}

static pare_status measure_choice(sense *s, double *kld, pare_err *err) {
    for (int i = 0; i < s->p->n; i++) {
        pr_mixed_tensor *t = &s->p->t[i];
        PR_TRY(code(s, i, t->chosen, err));
        for (int k = 0; k < PR_DIVERGENCE_MODELS; k++)
            pr_overlay_put(s->lay[k], t->weight, t->coded[t->chosen]);
    }
    const pr_model *m = pr_overlay_model(s->lay[0]);
    s->p->evaluations++;
    PR_TRY(recall(s, -1, 0, kld, err));
    if (!isnan(*kld)) return PARE_OK;
    PR_TRY(pr_divergence(s->p->m, &m, 1, s->job->probe, s->ctl, kld, err));
    return s->job->store ? keep(s, -1, 0, *kld, err) : PARE_OK;
}

/* ------------------------------------------------------------------ costs */

/* Two types that stand for all: one with about 3.5 and one with about 5.5 bits, or what there
 * is. */
static void pick_two(const pr_mixed_tensor *t, int *lo, int *hi) {
    *lo = 0;
    while (*lo < t->n - 1 && (double)t->as[*lo].bytes * 8 < 3.4 * (double)t->values) ++*lo;
    *hi = *lo;
    while (*hi < t->n - 1 && (double)t->as[*hi].bytes * 8 < 5.4 * (double)t->values) ++*hi;
}

static bool lossless(const sense *s, int i, int k) {
    const pr_mixed_tensor *t = &s->p->t[i];
    return t->error[k] == 0 && k == t->n - 1;
}

static pare_status measure_each(sense *s, pare_err *err) {
    bool all = s->job->effort == PR_EFFORT_HIGH;
    s->done = s->total = 0;
    for (int i = 0; i < s->p->n; i++) s->total += all ? s->p->t[i].n - 1 : 2;
    for (int i = 0; i < s->p->n; i++) {
        int lo, hi;
        pick_two(&s->p->t[i], &lo, &hi);
        for (int k = 0; k < s->p->t[i].n; k++)
            if (!lossless(s, i, k) && (all || k == lo || k == hi)) PR_TRY(run(s, i, k, err));
    }
    return run_now(s, err);
}

/* KLD = base + slope · error, through what was measured; `base` is the part that does not come
 * from the weights: activations of 8 bits. Never falling with the error. */
static void fit(const sense *s, int i) {
    pr_mixed_tensor *t = &s->p->t[i];
    const double    *kld = kld_of(s, i);
    double           n = 0, se = 0, sk = 0, see = 0, sek = 0;
    for (int k = 0; k < t->n; k++) {
        if (isnan(kld[k])) continue;
        /* Relative weights: a small divergence is known as well as a large one, relatively. */
        double w = 1 / PR_MAX(kld[k] * kld[k], 1e-18), e = t->error[k];
        n += w, se += w * e, sk += w * kld[k], see += w * e * e, sek += w * e * kld[k];
    }
    double det = n * see - se * se;
    double slope = det > 1e-9 * n * see ? (n * sek - se * sk) / det : 0;
    double base = n > 0 ? (sk - slope * se) / n : 0;
    if (!(slope > 0) || base < 0) base = 0, slope = see > 0 ? sek / see : 0;
    for (int k = 0; k < t->n; k++) {
        t->measured[k] = !isnan(kld[k]);
        t->as[k].cost = t->measured[k] ? kld[k] : base + slope * t->error[k];
        if (lossless(s, i, k)) t->as[k].cost = 0;
    }
}

/* Without measurement: how large the error is beside the matrix's own output. */
static pare_status proxy(sense *s, pare_err *err) {
    const pr_kernels *kn = pr_kernels_get(pr_cpu_flags());
    for (int i = 0; i < s->p->n; i++) {
        pr_mixed_tensor *t = &s->p->t[i];
        const pr_weight *w = &s->p->m->weights[t->weight];
        double           own = 0;
        float           *x = pr_calloc((size_t)w->cols, sizeof *x);
        if (!x) return pr_fail_nomem(err, (uint64_t)w->cols * sizeof *x);
        for (int64_t r = 0; r < w->rows; r++) {
            pr_weight_decode(w, kn, r, 1, x);
            for (int64_t j = 0; j < w->cols; j++)
                own += (double)x[j] * (double)x[j] *
                       (t->importance ? (double)t->importance[j] : 1);
        }
        pr_free(x);
        for (int k = 0; k < t->n; k++) t->as[k].cost = own > 0 ? t->error[k] / own : 0;
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ choosing */

static pare_status choose(sense *s, pare_err *err) {
    pr_mixed       *p = s->p;
    pr_alloc_limits limits = {.most = s->job->most, .least = s->job->least};
    pr_alloc_item  *items = pr_calloc((size_t)p->n, sizeof *items);
    int            *choice = pr_calloc((size_t)p->n, sizeof *choice);
    pare_status     st = items && choice ? PARE_OK : pr_fail_nomem(err, (uint64_t)p->n * 24);
    for (int i = 0; i < p->n && st == PARE_OK; i++)
        items[i] = (pr_alloc_item){p->t[i].as, p->t[i].n};
    if (st == PARE_OK) st = pr_alloc(items, p->n, &limits, choice, &p->alloc, err);
    for (int i = 0; i < p->n && st == PARE_OK; i++) p->t[i].chosen = choice[i];
    pr_free(items);
    pr_free(choice);
    return st;
}

/* Steps from type `from` in direction `by`: those that cost less than all smaller ones. */
static int next_type(const pr_mixed_tensor *t, int from, int by) {
    for (int k = from + by; k >= 0 && k < t->n; k += by) {
        bool helps = true;
        for (int l = 0; l < t->n && helps; l++)
            helps = l == k || t->as[l].bytes > t->as[k].bytes || t->as[l].cost > t->as[k].cost;
        if (helps && t->as[k].bytes != t->as[from].bytes) return k;
    }
    return -1;
}

/* Runs of the choice with one matrix in another type. */
static pare_status measure_around(sense *s, pare_err *err) {
    int steps = s->job->effort == PR_EFFORT_HIGH ? 2 : 1;
    s->done = 0;
    s->total = s->p->n * 2.0 * steps;
    forget(s);
    for (int i = 0; i < s->p->n; i++)
        for (int by = -1; by <= 1; by += 2)
            for (int k = s->p->t[i].chosen, n = 0; n < steps; n++) {
                if ((k = next_type(&s->p->t[i], k, by)) < 0) break;
                PR_TRY(run(s, i, k, err));
            }
    return run_now(s, err);
}

/* What was measured in place takes the place of what was predicted; the other types keep their
 * distance from the chosen one, in the measure found in place. */
static void learn(const sense *s) {
    for (int i = 0; i < s->p->n; i++) {
        pr_mixed_tensor *t = &s->p->t[i];
        const double    *kld = kld_of(s, i);
        double           here = t->as[t->chosen].cost, seen = 0, told = 0;
        for (int k = 0; k < t->n; k++)
            if (!isnan(kld[k])) {
                seen += fabs(kld[k] - s->at);
                told += fabs(t->as[k].cost - here);
            }
        double scale = told > 0 && seen > 0 ? seen / told : 1;
        scale = PR_MAX(0.25, PR_MIN(4.0, scale));
        for (int k = 0; k < t->n; k++) {
            bool now = !isnan(kld[k]);
            t->as[k].cost = here + (now ? kld[k] - s->at : scale * (t->as[k].cost - here));
            t->measured[k] |= now;
        }
    }
}

static void keep_choice(const pr_mixed *p, int *out) {
    for (int i = 0; i < p->n; i++) out[i] = p->t[i].chosen;
}

/* Until a round gains nothing. */
static pare_status refine(sense *s, int *best, pare_err *err) {
    pr_mixed *p = s->p;
    int       rounds = s->job->effort == PR_EFFORT_HIGH ? 6 : 3;
    PR_TRY(measure_choice(s, &s->at, err));
    p->first_predicted = p->predicted = p->alloc.cost;
    p->first_measured = p->measured = s->at;
    keep_choice(p, best);
    for (int r = 0; r < rounds && s->at > 0; r++) {
        pr_alloc_result was = p->alloc;
        double          now;
        PR_TRY(measure_around(s, err));
        learn(s);
        double known = 0;
        for (int i = 0; i < p->n; i++) known += p->t[i].as[p->t[i].chosen].cost;
        PR_TRY(choose(s, err));
        double told = s->at + p->alloc.cost - known;
        PR_TRY(measure_choice(s, &now, err));
        if (!(now < s->at)) {
            p->alloc = was;
            for (int i = 0; i < p->n; i++) p->t[i].chosen = best[i];
            break;
        }
        s->at = p->measured = now;
        p->predicted = told;
        p->rounds++;
        keep_choice(p, best);
    }
    return PARE_OK;
}

static pare_status measure_and_choose(sense *s, pare_err *err) {
    pr_mixed *p = s->p;
    uint64_t  smallest, largest;
    forget(s);
    PR_TRY(measure_each(s, err));
    for (int i = 0; i < p->n; i++) fit(s, i);
    PR_TRY(choose(s, err));
    p->predicted = p->first_predicted = p->alloc.cost;
    pr_mixed_range(p, &smallest, &largest);
    p->in_place = PR_MIN(largest, s->job->most) <= s->room;
    if (!p->in_place) return PARE_OK;
    int *best = pr_calloc((size_t)p->n, sizeof *best);
    if (!best) return pr_fail_nomem(err, (uint64_t)p->n * sizeof *best);
    pare_status st = refine(s, best, err);
    pr_free(best);
    return st;
}

static pare_status open_overlays(sense *s, pare_err *err) {
    for (int i = 0; i < PR_DIVERGENCE_MODELS; i++)
        PR_TRY(pr_overlay_new(&s->lay[i], s->p->m, err));
    s->kld = pr_calloc((size_t)s->p->n * PR_MIXED_TYPES, sizeof *s->kld);
    return s->kld ? PARE_OK : pr_fail_nomem(err, (uint64_t)s->p->n * PR_MIXED_TYPES * 8);
}

pare_status pr_mixed_solve(pr_mixed *p, const pr_mixed_job *job, const pare_ctl *ctl,
                           pare_err *err) {
    uint64_t smallest, largest,
        work = ctl && ctl->work_memory_bytes ? ctl->work_memory_bytes : (uint64_t)512 << 20;
    sense    s = {.p = p, .job = job, .ctl = ctl, .room = work / 2};
    p->first_predicted = p->first_measured = p->predicted = p->measured = NAN;
    pr_mixed_range(p, &smallest, &largest);
    if (job->most < smallest)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "a budget of %llu bytes for the matrices: the smallest possible is %llu",
                       (unsigned long long)job->most, (unsigned long long)smallest);
    bool measured = job->effort != PR_EFFORT_LOW;
    p->probe_tokens = measured ? job->probe->n_windows * job->probe->window : 0;
    pare_status st = open_overlays(&s, err);
    if (st == PARE_OK) st = errors(&s, err);
    if (st == PARE_OK && measured) st = measure_and_choose(&s, err);
    if (st == PARE_OK && !measured) st = proxy(&s, err);
    if (st == PARE_OK && !measured) st = choose(&s, err);
    for (int i = 0; i < PR_DIVERGENCE_MODELS; i++) pr_overlay_free(s.lay[i]);
    pr_free(s.kld);
    return st;
}
