/* factor.c - second moments and their factors (factor.h).
 *
 * Always true: each number is made by one task, from terms in a fixed order. */
#include "factor.h"

enum { TILE = 16, BLOCK = 32 };

/* ------------------------------------------------------------------ gathering */

size_t pr_moment_work(int64_t cols, int n) {
    return (size_t)cols * (size_t)(n + TILE);
}

void pr_moment_add(pr_moment *m, const pr_kernels *k, const float *x, int n, int part, int parts,
                   float *work) {
    int64_t cols = m->cols;
    float  *xt = work, *y = work + cols * n;
    for (int64_t c = 0; c < cols; c++)
        for (int t = 0; t < n; t++) xt[c * n + t] = x[t * cols + c];
    for (int64_t i = (int64_t)part * TILE; i < cols; i += (int64_t)parts * TILE) {
        int64_t rows = PR_MIN((int64_t)TILE, cols - i);
        k->gemm_f32(y, cols - i, xt + i * n, n, cols - i, xt + i * n, n, rows, n);
        for (int64_t r = 0; r < rows; r++) {
            double      *h = m->h + pr_upper_at(cols, i + r);
            const float *v = y + r * (cols - i) + r;
            for (int64_t j = 0; j < cols - i - r; j++) h[j] += (double)v[j];
        }
    }
    if (part == 0) m->count += n;
}

/* ------------------------------------------------------------------ the factors */

static double dot(const double *a, const double *b, int64_t n) {
    double  s[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) s[k] += a[i + k] * b[i + k];
    for (int k = 0; i + k < n; k++) s[k] += a[i + k] * b[i + k];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

typedef struct {
    double *h; /* row i: D_i, then U_im for m > i, as far as they are known */
    double *g; /* [BLOCK][n]: U_km D_m of the block's rows */
    int64_t n, k0, k1;
    double  least; /* no D is below it */
} work;

static double *at(const work *w, int64_t i, int64_t m) {
    return w->h + pr_upper_at(w->n, i) + (m - i);
}

/* What the columns behind the block take from row i. */
static void later(const work *w, int64_t i) {
    for (int64_t k = PR_MAX(w->k0, i); k < w->k1; k++)
        *at(w, i, k) -= dot(at(w, i, w->k1), w->g + (k - w->k0) * w->n + w->k1, w->n - w->k1);
}

/* The block's own columns, from the last to the first; a row of the block keeps its products with
 * D, which rows above need. */
static void own(const work *w, int64_t i) {
    double *g = i >= w->k0 ? w->g + (i - w->k0) * w->n : NULL;
    for (int64_t k = w->k1 - 1; k >= PR_MAX(w->k0, i); k--) {
        double v = *at(w, i, k);
        if (k + 1 < w->k1)
            v -= dot(at(w, i, k + 1), w->g + (k - w->k0) * w->n + k + 1, w->k1 - k - 1);
        if (i == k) {
            *at(w, k, k) = PR_MAX(v, w->least);
        } else {
            if (g) g[k] = v;
            *at(w, i, k) = v / *at(w, k, k);
        }
    }
}

static void rows_task(void *ctx, int64_t task, int me) {
    const work *w = ctx;
    (void)me;
    for (int64_t i = task * TILE; i < PR_MIN((task + 1) * TILE, w->k0); i++) {
        later(w, i);
        own(w, i);
    }
}

/* From the last: each needs those below it. */
static void block_rows(work *w) {
    for (int64_t i = w->k1 - 1; i >= w->k0; i--) {
        double *g = w->g + (i - w->k0) * w->n;
        for (int64_t m = w->k1; m < w->n; m++) g[m] = *at(w, i, m) * *at(w, m, m);
    }
    for (int64_t i = w->k1 - 1; i >= w->k0; i--) {
        later(w, i);
        own(w, i);
    }
}

static double damped(double *h, int64_t n, double damp) {
    double mean = 0;
    for (int64_t i = 0; i < n; i++) mean += h[pr_upper_at(n, i)];
    mean = mean > 0 ? mean / (double)n : 1;
    for (int64_t i = 0; i < n; i++) {
        double *d = &h[pr_upper_at(n, i)];
        *d = *d > 0 ? *d + damp * mean : mean;
    }
    return mean;
}

static void give_out(pr_factor *f, const double *h) {
    int64_t n = f->n;
    double  sum = 0;
    for (int64_t i = 0; i < n; i++) sum += h[pr_upper_at(n, i)];
    for (int64_t i = 0; i < n; i++) {
        const double *row = h + pr_upper_at(n, i);
        int64_t       chunk = i / PR_CHUNK * PR_CHUNK;
        f->d[i] = (float)(row[0] * (double)n / sum);
        for (int64_t k = i + 1; k < n; k++) {
            f->ut[k * n + i] = (float)row[k - i];
            if (k < chunk + PR_CHUNK) f->local[i * PR_CHUNK + k - chunk] = (float)row[k - i];
        }
    }
}

uint64_t pr_factor_bytes(int64_t n) {
    uint64_t c = (uint64_t)n;
    return (c * (c + 1) / 2 + BLOCK * c) * sizeof(double) +
           (c * c + c * PR_CHUNK + c) * sizeof(float);
}

pare_status pr_factor_make(pr_factor *f, double *h, int64_t n, double damp, pr_pool *pool,
                           pare_err *err) {
    work w = {.h = h, .n = n};
    *f = (pr_factor){.n = n};
    f->ut = pr_calloc((size_t)n * (size_t)n, sizeof *f->ut);
    f->local = pr_calloc((size_t)n, PR_CHUNK * sizeof *f->local);
    f->d = pr_calloc((size_t)n, sizeof *f->d);
    w.g = pr_calloc((size_t)n, BLOCK * sizeof *w.g);
    if (!f->ut || !f->local || !f->d || !w.g) {
        pr_factor_free(f);
        pr_free(w.g);
        return pr_fail_nomem(err, pr_factor_bytes(n));
    }
    w.least = 1e-9 * damped(h, n, damp);
    for (w.k1 = n; w.k1 > 0; w.k1 = w.k0) {
        w.k0 = PR_MAX(w.k1 - BLOCK, (int64_t)0);
        block_rows(&w);
        pr_pool_for(pool, (w.k0 + TILE - 1) / TILE, rows_task, &w);
    }
    give_out(f, h);
    pr_free(w.g);
    return PARE_OK;
}

void pr_factor_free(pr_factor *f) {
    pr_free(f->ut);
    pr_free(f->local);
    pr_free(f->d);
    *f = (pr_factor){0};
}
