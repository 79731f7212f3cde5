/* factor.h - second moments of a site's inputs, and their factors. Private to `quant`.
 *
 * H = Σ x xᵀ = (U + I) D (U + I)ᵀ with U above the diagonal. What an error e of a row's weights
 * costs at the product's output is e H eᵀ = Σ_k D_k (e_k + Σ_{j<k} e_j U_jk)²: so a column that is
 * rounded to e_k = -Σ e_j U_jk as near as its levels allow makes good what the columns before it
 * did wrong (Frantar et al., GPTQ, 2022; in this form Chee et al., QuIP, 2023). */
#ifndef PR_FACTOR_H
#define PR_FACTOR_H
#include "quant/quant.h"

enum { PR_CHUNK = 256 }; /* columns between two sums over all earlier ones */

/* Row i of the upper triangle of an n × n matrix begins here and has n - i values. */
static inline int64_t pr_upper_at(int64_t n, int64_t i) {
    return i * n - i * (i - 1) / 2;
}

typedef struct {
    int64_t n;
    float  *ut;    /* [n][n]: ut[k * n + j] = U_jk, j < k */
    float  *local; /* [n][PR_CHUNK]: U_jk of row j for the k of its own chunk */
    float  *d;     /* [n]: D, their mean 1 */
} pr_factor;

/* Bytes that a factor of `n` columns takes, with the moments that it is made from. */
uint64_t pr_factor_bytes(int64_t n);
/* From the packed upper triangle `h`, which is used up. `damp`: so much of the mean of the diagonal
 * is added to it (columns that were never multiplied by anything get the mean). The same bits for
 * any number of threads. */
pare_status pr_factor_make(pr_factor *f, double *h, int64_t n, double damp, pr_pool *pool,
                           pare_err *err);
void pr_factor_free(pr_factor *f);

/* Second moments gathered while the model reads: one packed triangle per wanted site. */
typedef struct {
    int64_t cols;
    double *h;    /* NULL: not wanted */
    double  count;
} pr_moment;
/* Add `n` rows of `cols` values, the share of `part` of `parts`. `work`: pr_moment_work floats. */
void   pr_moment_add(pr_moment *m, const pr_kernels *k, const float *x, int n, int part, int parts,
                     float *work);
size_t pr_moment_work(int64_t cols, int n);
#endif
