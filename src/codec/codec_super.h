/* codec_super.h - the search for a super-block: integer block scales under shared d and dmin.
 *
 * Starts from the free scales of each sub-block (codec_search.h), then in turn: d and dmin
 * by least squares over the group, the integers of each lane by its quadratic, levels by a real
 * pass. What the groups end with is never worse than where they started. */
#ifndef PR_CODEC_SUPER_H
#define PR_CODEC_SUPER_H
#include "codec/codec_usual.h"

typedef struct {
    int lanes;    /* sub-blocks per super-block */
    float lo, hi; /* integer scales */
    float m_hi;   /* integer minima: 0…m_hi */
    int n_span;   /* how many other d are tried before the first pass */
    int rounds;
    bool probe; /* try each neighbouring scale by a real pass */
    bool spiky; /* search further in groups with an outlier */
} shared_grid;

typedef struct { /* f.s = d·sc, f.b = -(dm·mn) */
    wide d, dm, sc, mn;
    fit f;
} coded;

/* For a value that outweighs all others of its lane: scales, and d, tried on either side. */
enum { REACH = 8, SWEEP = 12 };

/* The grid steps of d tried: levels of the largest scale beyond the grid's end. */
static const float span[8] = {-0.5f, 0.5f, -1, 1, 1.5f, -1.5f, 2, 3};

static STAGE wide near_half(const tile *t, wide d) {
    return wide_half(d * t->up) * t->down;
}

static STAGE void coded_pass(coded *c, const tile *t, grid g) {
    c->f.s = c->d * c->sc;
    c->f.b = -(c->dm * c->mn);
    fit_pass(&c->f, t, g);
}

static STAGE void coded_keep(coded *best, const coded *c, wide_int m, grid g) {
    best->d = PICK(m, c->d, best->d);
    best->sc = PICK(m, c->sc, best->sc);
    if (g.offset) {
        best->dm = PICK(m, c->dm, best->dm);
        best->mn = PICK(m, c->mn, best->mn);
    }
    fit_keep(&best->f, &c->f, m, g);
}

/* The best integers for the levels of `f` under c->d, c->dm; the predicted error. */
static STAGE wide coded_integers(coded *c, const fit *f, const tile *t, grid g,
                                 shared_grid sg) {
    wide s, b;
    fit_minimum(f, t, g, &s, &b);
    wide mid = wide_ratio(s, c->d);
    if (!g.offset) {
        c->sc = wide_clamp(ROUND(wide_clamp(mid, sg.lo, sg.hi)), sg.lo, sg.hi);
        return fit_predict(f, t, g, c->d * c->sc, b);
    }
    mid = ROUND(wide_clamp(mid, sg.lo, sg.hi));
    wide least = wide_splat(WORST), inv_dm = wide_ratio(wide_splat(1), c->dm);
    for (int k = -1; k <= 1; k++) {
        wide sc = wide_clamp(mid + (float)k, sg.lo, sg.hi), s1 = c->d * sc;
        wide b1 = f->b + (f->c0 - (s1 - f->s) * f->q1) * t->inv_sw;
        wide mn = ROUND(wide_clamp(-b1 * inv_dm, 0, sg.m_hi));
        wide e = fit_predict(f, t, g, s1, -(c->dm * mn));
        wide_int m = wide_less(e, least);
        least = PICK(m, e, least);
        c->sc = PICK(m, sc, c->sc);
        c->mn = PICK(m, mn, c->mn);
    }
    return least;
}

/* Keep the (d, dm) of `c` if its groups are predicted to be better than `least`. */
static STAGE void span_try(coded *best, wide *least, coded *c, const fit *free, const tile *t,
                           grid g, shared_grid sg) {
    wide e = group_sum(coded_integers(c, free, t, g, sg), sg.lanes);
    wide_int m = wide_less(e, *least);
    *least = PICK(m, e, *least);
    best->d = PICK(m, c->d, best->d);
    best->dm = PICK(m, c->dm, best->dm);
    best->sc = PICK(m, c->sc, best->sc);
    best->mn = PICK(m, c->mn, best->mn);
}

/* First d (and dm): the usual one, and others around it. */
static STAGE void coded_start(coded *best, const fit *free, const tile *t, grid g,
                              shared_grid sg) {
    wide s, b, top, deep, least;
    fit_minimum(free, t, g, &s, &b);
    wide high = group_max(s, sg.lanes), low = group_max(-s, sg.lanes);
    float end = g.offset ? sg.hi : sg.lo;
    top = g.offset ? high : PICK(wide_less(low, high), high, -low);
    deep = g.offset ? group_max(-b, sg.lanes) : wide_splat(0);
    *best = (coded){.d = near_half(t, top / end)};
    best->d =
        PICK(wide_same(best->d, wide_splat(0)), 0x1p-24f * t->down, best->d); /* the least */
    if (g.offset) best->dm = near_half(t, deep / sg.m_hi);
    least = group_sum(coded_integers(best, free, t, g, sg), sg.lanes);
    coded c = *best, other = *best;
    coded_pass(best, t, g);
    for (int i = 0; i < sg.n_span; i++) {
        c.d = near_half(t, top / (end < 0 ? end - span[i] : end + span[i]));
        c.dm = other.dm;
        span_try(&other, &least, &c, free, t, g, sg);
    }
    for (int i = 0; i < sg.n_span; i++) {
        if (g.offset) {
            c.d = other.d;
            c.dm = near_half(t, deep / (sg.m_hi + span[i]));
        } else {
            c.d = near_half(t, top / (sg.hi + span[i]));
        }
        span_try(&other, &least, &c, free, t, g, sg);
    }
    coded_pass(&other, t, g);
    wide_int m = wide_less(group_sum(other.f.e, sg.lanes), group_sum(best->f.e, sg.lanes));
    coded_keep(best, &other, m, g);
}

/* d and dm by least squares over the group, integers and levels held. */
static STAGE void shared_minimum(coded *c, const tile *t, grid g, shared_grid sg) {
    wide a11 = group_sum(c->sc * c->sc * c->f.q2, sg.lanes);
    wide r1 = group_sum(c->sc * c->f.c1, sg.lanes);
    if (!g.offset) {
        c->d = near_half(t, c->d + wide_ratio(r1, a11));
        return;
    }
    wide a12 = group_sum(-c->sc * c->mn * c->f.q1, sg.lanes);
    wide a22 = group_sum(c->mn * c->mn * t->sw, sg.lanes);
    wide r2 = group_sum(-c->mn * c->f.c0, sg.lanes);
    wide det = a11 * a22 - a12 * a12;
    wide_int solid = wide_less(1e-6f * (a11 * a22), det);
    wide safe = PICK(solid, det, wide_splat(1));
    wide dd = PICK(solid, (r1 * a22 - r2 * a12) / safe, wide_ratio(r1, a11));
    wide dm = PICK(solid, (r2 * a11 - r1 * a12) / safe, wide_splat(0));
    wide_int wrong = wide_less(c->d + dd, wide_splat(0)) | wide_less(c->dm + dm, wide_splat(0));
    c->d = near_half(t, PICK(wrong, c->d, c->d + dd));
    c->dm = near_half(t, PICK(wrong, c->dm, c->dm + dm));
}

/* How far `x` lies from s times its nearest level, plus b; `inv` = 1 / s. */
static STAGE native level_miss(native x, native s, native inv, native b, grid g) {
    static const float ends[5] = {-127, 113, -104, 89, 1}; /* what outliers, and zero, become */
    if (!g.book) {
        native q = lane_round(lane_clamp((x - b) * inv, g.lo, g.hi));
        return x - (s * q + b);
    }
    native r = x - s * ends[0];
    for (int i = 1; i < 5; i++) {
        native r1 = x - s * ends[i];
        r = lane_less(lane_abs(r1), lane_abs(r), r1, r);
    }
    return r;
}

/* One register of lanes, as hit_top sees them. */
typedef struct {
    native d, dm, top, top_w, rest, rest_w; /* given */
    native sc, mn, miss, least;             /* found */
} hits;

/* Take (sc, mn) where they bring the lone value and the middle of the others nearer. */
static STAGE void hit_try(hits *h, grid g, native sc, native mn) {
    native zero = lane_splat(0), s = h->d * sc, b = zero;
    if (g.offset) b = -(h->dm * mn);
    native inv = 1.0f / lane_less(lane_abs(s), lane_splat(1e-30f), lane_splat(1e-30f), s);
    native r = level_miss(h->top, s, inv, b, g), r0 = level_miss(h->rest, s, inv, b, g);
    native e = h->top_w * (r * r) + h->rest_w * (r0 * r0);
    h->sc = lane_less(e, h->least, sc, h->sc);
    h->miss = lane_less(e, h->least, r, h->miss);
    if (g.offset) h->mn = lane_less(e, h->least, mn, h->mn);
    h->least = lane_less(e, h->least, e, h->least);
}

static STAGE void hit_all(hits *h, grid g, shared_grid sg, int reach) {
    static const float iq4_ends[6] = {-127, 113, -104, 89, -83, 69};
    native sc0 = h->sc, mn0 = h->mn;
    for (int j = g.offset ? -2 : 0; j <= (g.offset ? 1 : 0); j++) { /* -2: no offset */
        native mn = mn0;
        if (g.offset && j == -2) mn = lane_splat(0);
        if (g.offset && j != -2) mn = lane_clamp(mn0 + (float)j, 0, sg.m_hi);
        for (int k = -reach; k <= reach; k++)
            hit_try(h, g, lane_clamp(sc0 + (float)k, sg.lo, sg.hi), mn);
    }
    for (int k = 0; k < 6 && !g.offset; k++) { /* either sign, and levels next to the end */
        float q = g.book ? iq4_ends[k] : k % 2 ? g.hi - (float)(k / 2) : g.lo + (float)(k / 2);
        native sc = lane_round(lane_clamp(h->top / (h->d * q), sg.lo, sg.hi));
        hit_try(h, g, sc, mn0);
    }
}

/* Where one value outweighs its sub-block, the error is how near a scale times a level comes to
 * it, and to the middle of the others: give `c` the integers that do both. Returns that error;
 * `miss`, if not NULL, gets what remains of the value. */
static STAGE wide hit_top(coded *c, wide *miss, const tile *t, grid g, shared_grid sg,
                          int reach) {
    wide least;
    for (int i = 0; i < LANES / NATIVE; i++) {
        hits h = {.d = lane_load(&c->d, i), .dm = lane_load(&c->dm, i)};
        h.top = lane_load(&t->top, i), h.top_w = lane_load(&t->top_w, i);
        h.rest = lane_load(&t->rest, i), h.rest_w = lane_load(&t->rest_w, i);
        h.sc = lane_load(&c->sc, i), h.mn = lane_load(&c->mn, i);
        h.miss = lane_splat(0), h.least = lane_splat(WORST);
        hit_all(&h, g, sg, reach);
        lane_store(&least, i, h.least);
        lane_store(&c->sc, i, h.sc);
        if (g.offset) lane_store(&c->mn, i, h.mn);
        if (miss) lane_store(miss, i, h.miss);
    }
    return least;
}

static STAGE void lanes_hit_top(coded *best, const tile *t, grid g, shared_grid sg) {
    coded c = *best;
    hit_top(&c, NULL, t, g, sg, REACH);
    coded_pass(&c, t, g);
    coded_keep(best, &c, wide_less(c.f.e, best->f.e) & t->lone, g);
}

/* Move d so that the lone values of each group, at the levels they have, are met best. */
static STAGE void fit_top(coded *c, wide miss, const tile *t, grid g, shared_grid sg) {
    wide a = t->top - miss;
    if (g.offset) a += c->dm * c->mn;
    a = wide_ratio(a, c->d);
    wide w = PICK(t->lone, t->top_w, wide_splat(0));
    wide step = wide_ratio(group_sum(w * a * miss, sg.lanes), group_sum(w * a * a, sg.lanes));
    c->d = near_half(t, c->d + step);
}

/* Keep in `pick` the d, dm of `c` and the integers that hit under them, if all lone values of the
 * group together are nearer. */
static STAGE void sweep_try(coded *pick, wide *least, coded *c, const tile *t, grid g,
                            shared_grid sg) {
    wide sc = c->sc, mn = c->mn;
    wide miss;
    hit_top(c, &miss, t, g, sg, 3);
    fit_top(c, miss, t, g, sg);
    wide e = hit_top(c, NULL, t, g, sg, 1);
    e = group_sum(PICK(t->lone, e, wide_splat(0)), sg.lanes);
    wide_int m = wide_less(e, *least);
    *least = PICK(m, e, *least);
    pick->d = PICK(m, c->d, pick->d);
    pick->dm = PICK(m, c->dm, pick->dm);
    pick->sc = PICK(m, c->sc, pick->sc);
    pick->mn = PICK(m, c->mn, pick->mn);
    c->sc = sc;
    c->mn = mn;
}

/* The same for the whole group: d (and dm) under which its largest lone value is met by a scale
 * near the grid's end, and others around the d it has; of all these, those that come nearest to all
 * its lone values. Other lanes get the usual integers; the group is taken as a whole or
 * not at all. */
static STAGE void groups_hit_top(coded *best, const tile *t, grid g, shared_grid sg) {
    wide least = wide_splat(WORST), tops = PICK(t->lone, t->top, wide_splat(0));
    wide high = group_max(tops, sg.lanes), low = -group_max(-tops, sg.lanes);
    wide big = PICK(wide_less(high, -low), low, high);
    coded pick = *best, c = *best;
    for (int k = -SWEEP / 2; k <= SWEEP / 2; k++) {
        c.d = near_half(t, best->d * (1 + (float)k * 0.003f));
        sweep_try(&pick, &least, &c, t, g, sg);
    }
    for (int k = 0; k < SWEEP; k++) {
        if (g.offset) {
            wide d = near_half(t, high / (g.hi * (sg.hi - (float)k)));
            c.d = PICK(wide_less(wide_splat(0), d), d, best->d);
            c.dm = best->dm;
            sweep_try(&pick, &least, &c, t, g, sg);
            wide dm = near_half(t, -low / (sg.m_hi - (float)k));
            c.dm = PICK(wide_less(wide_splat(0), dm), dm, best->dm);
            c.d = near_half(t, wide_max(high, -low) / (g.hi * (sg.hi - (float)(k / 2))));
            sweep_try(&pick, &least, &c, t, g, sg);
        } else {
            float sc = k % 2 ? sg.hi - (float)(k / 2) : sg.lo + (float)(k / 2);
            c.d = near_half(t, big / (sc * g.lo));
            sweep_try(&pick, &least, &c, t, g, sg);
            c.d = near_half(t, big / (sc * g.hi));
            sweep_try(&pick, &least, &c, t, g, sg);
        }
    }
    c = pick;
    coded_pass(&pick, t, g);
    coded_integers(&c, &best->f, t, g, sg);
    coded_pass(&c, t, g);
    coded_keep(&pick, &c, wide_less(c.f.e, pick.f.e), g);
    lanes_hit_top(&pick, t, g, sg);
    wide_int m = wide_less(group_sum(pick.f.e, sg.lanes), group_sum(best->f.e, sg.lanes));
    coded_keep(best, &pick, m & group_any(t->lone, sg.lanes), g);
}

/* Each lane alone, d and dm held: integers by the quadratic, and neighbours by passes. */
static STAGE void lanes_improve(coded *best, const tile *t, grid g, shared_grid sg) {
    coded c = *best;
    coded_integers(&c, &best->f, t, g, sg);
    coded_pass(&c, t, g);
    coded_keep(best, &c, wide_less(c.f.e, best->f.e), g);
    if (sg.spiky && wide_any(t->lone)) lanes_hit_top(best, t, g, sg);
    if (!sg.probe) return;
    wide here = best->sc;
    for (int k = -1; k <= 1; k += 2) {
        c = *best;
        c.sc = wide_clamp(here + (float)k, sg.lo, sg.hi);
        if (g.offset) { /* keep the middle of the levels where it was */
            wide b = best->f.b - (c.sc - best->sc) * c.d * wide_ratio(best->f.q1, t->sw);
            c.mn = ROUND(wide_clamp(wide_ratio(-b, c.dm), 0, sg.m_hi));
        }
        coded_pass(&c, t, g);
        coded_keep(best, &c, wide_less(c.f.e, best->f.e), g);
    }
}

/* The usual integers under the usual d, dm: the largest scale on the grid's end. */
static STAGE void code_usual(coded *c, const usual *u, const tile *t, grid g,
                             shared_grid sg) {
    *c = (coded){0};
    wide top = group_top(u->s, sg.lanes), zero = wide_splat(0);
    wide_int none = g.offset ? ~wide_less(zero, top) : wide_same(top, zero);
    wide safe = PICK(none, wide_splat(1), top), inv;
    if (g.offset || g.book) {
        c->d = safe / (g.offset ? sg.hi : sg.lo);
        inv = g.offset ? sg.hi / safe : 1 / c->d;
    } else {
        inv = sg.lo / safe;
        c->d = 1 / inv;
    }
    c->d = near_half(t, PICK(none, zero, c->d));
    c->sc = ROUND(wide_clamp(PICK(none, zero, inv * u->s), sg.lo, sg.hi));
    if (g.offset) {
        top = group_top(-u->b, sg.lanes);
        none = ~wide_less(zero, top);
        safe = PICK(none, wide_splat(1), top);
        c->dm = near_half(t, PICK(none, zero, safe / sg.m_hi));
        c->mn = ROUND(wide_clamp(PICK(none, zero, sg.m_hi / safe * -u->b), 0, sg.m_hi));
    }
    coded_pass(c, t, g);
}

/* The groups of `u` where `best` is not better by more than what passes may err. */
static STAGE void coded_bound(coded *best, const coded *u, const tile *t, grid g,
                              shared_grid sg) {
    wide limit = (1 - MARGIN) * group_sum(u->f.e, sg.lanes);
    coded_keep(best, u, ~wide_less(group_sum(best->f.e, sg.lanes), limit), g);
}

static STAGE void code_super(coded *best, const fit *free, const coded *u, const tile *t,
                             grid g, shared_grid sg) {
    coded_start(best, free, t, g, sg);
    for (int i = 0; i < sg.rounds; i++) {
        lanes_improve(best, t, g, sg);
        coded c = *best;
        shared_minimum(&c, t, g, sg);
        coded_integers(&c, &best->f, t, g, sg);
        coded_pass(&c, t, g);
        wide_int m = wide_less(group_sum(c.f.e, sg.lanes), group_sum(best->f.e, sg.lanes));
        coded_keep(best, &c, m, g);
    }
    wide_int worse = wide_less(group_sum(u->f.e, sg.lanes), group_sum(best->f.e, sg.lanes));
    if (wide_any(worse)) { /* another valley: its floor is near */
        coded c = *u;
        lanes_improve(&c, t, g, sg);
        coded_keep(best, &c, worse, g);
    }
    if (sg.spiky && wide_any(t->lone)) groups_hit_top(best, t, g, sg);
    coded_bound(best, u, t, g, sg);
}

/* Sub-blocks that stand alone, their scale (and offset) stored as binary16. */
static STAGE void alone_try(fit *best, const tile *t, grid g, wide s, wide b) {
    fit f = {.s = near_half(t, s), .b = g.offset ? near_half(t, b) : b};
    fit_pass(&f, t, g);
    fit_keep(best, &f, wide_less(f.e, best->e), g);
}

/* `s0`, `b0`: the usual choice; the result is never worse (codec_usual.h says why). */
static STAGE void code_alone(fit *best, const fit *free, wide s0, wide b0, const tile *t,
                             grid g, int rounds) {
    wide s, b;
    fit u = {.s = near_half(t, s0), .b = g.offset ? near_half(t, b0) : b0};
    fit_pass(&u, t, g);
    *best = u;
    fit_minimum(free, t, g, &s, &b);
    alone_try(best, t, g, s, b);
    if (!g.offset) { /* rounded scales at which the largest value is a level */
        const float near_lo = g.book ? -104 : g.lo + 1, near_hi = g.book ? 89 : g.hi - 1;
        alone_try(best, t, g, t->top / g.hi, b);
        alone_try(best, t, g, t->top / near_lo, b);
        alone_try(best, t, g, t->top / near_hi, b);
    }
    for (int i = 0; i < rounds; i++) {
        fit_minimum(best, t, g, &s, &b);
        alone_try(best, t, g, s, b);
        for (int k = -1; k <= 1; k += 2) { /* the next binary16 on either side */
            wide s1 = best->s * (1 + (float)k * 0x1.6p-11f);
            wide b1 = best->b;
            if (g.offset) b1 += wide_ratio(best->c0 - (s1 - best->s) * best->q1, t->sw);
            alone_try(best, t, g, s1, b1);
        }
    }
    fit_keep(best, &u, ~wide_less(best->e, (1 - MARGIN) * u.e), g);
}
#endif
