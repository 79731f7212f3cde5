/* rope_tables.c - which rule gives a foreign graph's tables of rotation?
 *
 * A graph has no base of rotation, only cos and sin of every position, or the frequencies. The
 * frequencies follow of the tables to the precision of their numbers; then a rule with few digits
 * is looked for that gives them. Always true: what is taken was compared with the tables, rows up
 * to the last. */
#include "kernel.h"

enum { HALF_MAX = 2048, ROWS_MAX = 1 << 24, CLOSE_ROWS = 2048, FAR_STEP = 61 };

typedef struct {
    const pr_fg_const *cos, *sin;
    int64_t rows; /* 0: the frequencies themselves are known */
    int half;
    double ulp; /* of a number near 1 in the tables' type */
    double magnitude;
    double f[HALF_MAX]; /* angle of one position */
} tables;

/* ------------------------------------------------------------------ tables */

/* Frequencies that are all of binary16 were rounded to it by whoever wrote the file (optimum-intel
 * with fp16): the rule that was meant gives others, which round to these. */
static bool of_halves(const pr_fg_const *c) {
    for (uint64_t i = 0; i < c->count; i++) {
        double v = 0;
        pr_fg_const_f64(c, i, &v);
        if ((double)pr_f16_to_f32(pr_f32_to_f16((float)v)) != v) return false;
    }
    return true;
}

static pare_status frequencies_of(const pr_rope_tables *t, tables *b, pare_err *err) {
    if (t->cos->count > HALF_MAX || 2 * t->cos->count > (uint64_t)t->d_head)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "%llu frequencies for heads of %d",
                       (unsigned long long)t->cos->count, t->d_head);
    b->half = (int)t->cos->count;
    b->ulp = of_halves(t->cos) ? 0x1p-10 : 0x1p-23;
    for (int i = 0; i < b->half; i++) pr_fg_const_f64(t->cos, (uint64_t)i, &b->f[i]);
    return PARE_OK;
}

static pare_status tables_of(const pr_rope_tables *t, tables *b, pare_err *err) {
    *b = (tables){.cos = t->cos, .sin = t->sin};
    const pr_fg_const *c = t->cos;
    if (c->n_dims == 1) return frequencies_of(t, b, err);
    if (c->n_dims != 2 || t->sin->n_dims != 2 || c->dim[0] != t->sin->dim[0] ||
        c->dim[1] != t->sin->dim[1] || c->type != t->sin->type ||
        (c->type != PR_FG_F32 && c->type != PR_FG_F16 && c->type != PR_FG_BF16))
        return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)c->offset,
                       "tables of rotation that are no two equal matrices of floats");
    if (c->dim[0] < 2 || c->dim[0] > ROWS_MAX || c->dim[1] < 1 || c->dim[1] > HALF_MAX ||
        2 * c->dim[1] != (uint64_t)t->d_head)
        return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)c->offset,
                       "tables of rotation of %llu by %llu for heads of %d",
                       (unsigned long long)c->dim[0], (unsigned long long)c->dim[1],
                       t->d_head);
    b->rows = (int64_t)c->dim[0];
    b->half = (int)c->dim[1];
    b->ulp = c->type == PR_FG_F32 ? 0x1p-23 : c->type == PR_FG_F16 ? 0x1p-10 : 0x1p-7;
    return PARE_OK;
}

static double entry(const tables *b, const pr_fg_const *c, int64_t row, int i) {
    double v = 0;
    pr_fg_const_f64(c, (uint64_t)(row * b->half + i), &v);
    return v;
}

/* Is `v` what a table has that somebody computed as cos or sin of `angle`? Two units of its type,
 * and what rounding the frequency and the angle to float32 makes of the angle: 2^-24 each, and a
 * unit that libraries' powers differ by. */
static bool near(const tables *b, double v, double want, double angle) {
    double d = v - want, room = 2 * b->ulp * (want < 0 ? -want : want) + angle * 0x1p-22 + 0x1p-24;
    return (d < 0 ? -d : d) <= room * (b->magnitude > 1 ? b->magnitude : 1);
}

static bool row_fits(const tables *b, const pr_rope *r, const float *f, int64_t p) {
    for (int i = 0; i < b->half; i++) {
        double s, c, angle = (double)((float)p * f[i]);
        pr_sincos(angle, &s, &c);
        if (!near(b, entry(b, b->cos, p, i), c * r->magnitude, angle) ||
            !near(b, entry(b, b->sin, p, i), s * r->magnitude, angle))
            return false;
    }
    return true;
}

/* The first frequency that the rule does not give, or -1: beyond the rounding of its type (and the
 * steps of binary16 below 2^-14), and a unit or two that libraries' powers differ by. */
static int64_t first_other(const tables *b, const pr_rope *r, const float *f) {
    double m = r->magnitude / b->magnitude - 1, floor = b->ulp > 0x1p-20 ? 0x1p-24 : 0;
    if (r->dim != 2 * b->half || m > 0x1p-20 || m < -0x1p-20) return 0;
    for (int i = 0; i < b->half; i++) {
        double d = (double)f[i] - b->f[i], room = b->f[i] * (b->ulp + 0x1p-22) + floor;
        if (!(d <= room && d >= -room)) return i;
    }
    return -1;
}

/* The first row that the rule does not give, or -1. All of the near ones, of the far ones each
 * 61st and the last. */
static int64_t first_misfit(const tables *b, const pr_rope *r) {
    float f[HALF_MAX];
    pr_rope_frequencies(r, 0, f);
    for (int i = 0; i < b->half; i++)
        if (!(f[i] >= 0 && f[i] <= 16)) return 0;
    if (b->rows == 0) return first_other(b, r, f);
    for (int64_t p = 0; p < b->rows; p += p < CLOSE_ROWS ? 1 : FAR_STEP)
        if (!row_fits(b, r, f, p)) return p;
    return row_fits(b, r, f, b->rows - 1) ? -1 : b->rows - 1;
}

/* Could it be a cosine or sine, roundings and all? No for what is no number. */
static bool in_circle(double c, double s) {
    return c >= -1.5 && c <= 1.5 && s >= -1.5 && s <= 1.5;
}

/* The angle of one position in column i: from row 1, then finer from rows 2, 4, 8 … */
static bool estimate(tables *b, int i) {
    double c = entry(b, b->cos, 1, i) / b->magnitude, s = entry(b, b->sin, 1, i) / b->magnitude;
    double a = 0, sa, ca;
    if (!in_circle(c, s)) return false;
    for (int k = 0; k < 60; k++) { /* the error's third power each time */
        pr_sincos(a, &sa, &ca);
        a += s * ca - c * sa;
    }
    if (!(a >= 0 && a <= 3)) return false;
    for (int64_t p = 2; p < b->rows; p *= 2) {
        pr_sincos((double)p * a, &sa, &ca);
        c = entry(b, b->cos, p, i) / b->magnitude;
        s = entry(b, b->sin, p, i) / b->magnitude;
        if (!in_circle(c, s) || !(c * ca + s * sa > 0.9)) return false;
        a += (s * ca - c * sa) / (double)p;
    }
    b->f[i] = a;
    return a >= 0 && a - a == 0;
}

/* ------------------------------------------------------------------ rules */

/* `v` > 0 with so many digits. */
static double rounded(double v, int digits) {
    double unit = 1;
    while (v / unit >= 10) unit *= 10;
    while (v / unit < 1) unit /= 10;
    for (int i = 1; i < digits; i++) unit /= 10;
    double n = (double)(int64_t)(v / unit + 0.5);
    return unit >= 1 ? n * unit : n / (1 / unit);
}

static bool gives(const tables *b, const pr_rope *r) {
    float f[HALF_MAX];
    pr_rope_frequencies(r, 0, f);
    for (int i = 0; b->rows && i < b->half; i++) {
        double d = (double)f[i] - b->f[i];
        if ((d < 0 ? -d : d) > b->f[i] * (b->ulp > 0x1p-20 ? 1e-2 : 1e-5)) return false;
    }
    return first_misfit(b, r) < 0;
}

/* The base of which column i has this angle; 0 if it cannot be one. */
static double base_of(const tables *b, int i, double f) {
    if (i < 1 || !(f > 0 && f < 1)) return 0;
    double theta = pr_exp(-pr_log(f) * (double)b->half / (double)i);
    return theta >= 1e-3 && theta <= 1e15 ? theta : 0;
}

static bool try_bases(const tables *b, pr_rope *r, int i, double factor) {
    double theta = base_of(b, i, b->f[i] * factor);
    for (int digits = 1; theta > 0 && digits <= 9; digits++) {
        r->theta = rounded(theta, digits);
        if (gives(b, r)) return true;
    }
    return false;
}

static bool find_plain(const tables *b, pr_rope *r) {
    int last = b->half - 1;
    r->kind = PR_ROPE_DEFAULT;
    r->factor = 1;
    r->theta = 10000;
    if (last == 0 && gives(b, r)) return true;
    if (try_bases(b, r, last, 1)) return true;
    for (int digits = 1; digits <= 4 && b->f[0] > 0; digits++) {
        r->kind = PR_ROPE_LINEAR;
        r->factor = rounded(1 / b->f[0], digits);
        if (last == 0 ? gives(b, r) : try_bases(b, r, last, r->factor)) return true;
    }
    return false;
}

/* Llama 3.1's rule with numbers that its models have: the longest waves are slowed by a factor. */
static bool try_llama3(const tables *b, pr_rope *r) {
    static const int contexts[] = {8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16384, 32768};
    r->low_freq = 1;
    r->high_freq = 4;
    for (size_t i = 0; i < PR_COUNT(contexts); i++) {
        r->original_ctx = contexts[i];
        if (gives(b, r)) return true;
    }
    return false;
}

static bool find_llama3(const tables *b, pr_rope *r) {
    static const double factors[] = {8, 32, 2, 4, 16, 64, 128};
    int last = b->half - 1;
    r->kind = PR_ROPE_LLAMA3;
    for (size_t i = 0; i < PR_COUNT(factors); i++) {
        double theta = base_of(b, last, b->f[last] * factors[i]);
        r->factor = factors[i];
        for (int digits = 1; theta > 0 && digits <= 4; digits++) {
            r->theta = rounded(theta, digits);
            if (try_llama3(b, r)) return true;
        }
    }
    return false;
}

/* No rule: the frequencies as they are, as divisors of a usual base's. */
static pare_status keep_table(pr_arena *a, const tables *b, pr_rope *r, pare_err *err) {
    float f[HALF_MAX], *d;
    PR_NEW(d, a, b->half, err);
    r->kind = PR_ROPE_DEFAULT;
    r->factor = 1;
    r->theta = 10000;
    r->divide_by = NULL;
    pr_rope_frequencies(r, 0, f);
    for (int i = 0; i < b->half; i++) {
        d[i] = (float)((double)f[i] / b->f[i]);
        if (!(d[i] > 0 && d[i] < 1e30f))
            return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)b->cos->offset,
                           "column %d of the tables of rotation does not turn", i);
    }
    r->divide_by = d;
    int64_t row = first_misfit(b, r);
    if (row < 0) return PARE_OK;
    return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)b->cos->offset,
                   "row %lld of the tables of rotation is not %lld times what row 1 turns",
                   (long long)row, (long long)row);
}

static pare_status check_known(const tables *b, const pr_rope *known, pare_err *err) {
    if (known->kind == PR_ROPE_DYNAMIC)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "rope_type 'dynamic', but the graph's tables do not grow with the text");
    int64_t row = first_misfit(b, known);
    if (row < 0) return PARE_OK;
    return pr_fail(
        err, PARE_EINPUT, (int64_t)b->cos->offset,
        "the rotation that config.json says is not that of the graph's %s (%lld)",
        b->rows ? "tables, row" : "frequencies, number",
        (long long)row);
}

/* Both begin here: `*out` from the arena. */
static pare_status begin(const pr_rope_tables *t, pr_arena *a, tables **out, pare_err *err) {
    tables *b;
    PR_NEW(b, a, 1, err);
    *out = b;
    PR_TRY(tables_of(t, b, err));
    b->magnitude = entry(b, b->rows ? b->cos : b->sin, 0, 0);
    if (!(b->magnitude > 1e-3 && b->magnitude < 1e3))
        return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)b->cos->offset,
                       "the table of cosines begins with %g", b->magnitude);
    return PARE_OK;
}

pare_status pr_rope_check_tables(const pr_rope_tables *t, pr_arena *a, const pr_rope *known,
                                 pare_err *err) {
    tables *b;
    PR_TRY(begin(t, a, &b, err));
    return check_known(b, known, err);
}

pare_status pr_rope_of_tables(const pr_rope_tables *t, pr_arena *a, pr_rope *r, pare_err *err) {
    tables *b;
    PR_TRY(begin(t, a, &b, err));
    for (int i = 0; b->rows && i < b->half; i++)
        if (!estimate(b, i))
            return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)b->cos->offset,
                           "column %d of the tables of rotation does not turn evenly", i);
    *r = (pr_rope){.kind = PR_ROPE_DEFAULT, .dim = 2 * b->half, .factor = 1, .beta_fast = 32,
                   .beta_slow = 1, .truncate = true, .magnitude = b->magnitude, .low_freq = 1,
                   .high_freq = 4, .original_ctx = t->n_ctx, .max_ctx = t->n_ctx};
    if (find_plain(b, r)) return PARE_OK;
    if (find_llama3(b, r)) return PARE_OK;
    r->original_ctx = t->n_ctx;
    return keep_table(a, b, r, err);
}
