/* gptq.h - rows into blocks with error feedback. Private to `quant`. */
#ifndef PR_GPTQ_H
#define PR_GPTQ_H
#include "factor.h"

enum { PR_GPTQ_ROWS = 16 };

typedef struct {
    const pr_kernels *k;
    pr_type           type;
    pr_levels         levels;
    pr_row_encode     encode;
    pr_row_decode     decode;
    const pr_factor  *f;
    int               again; /* how often scales are searched anew for what feedback asked for */
} pr_gptq;

/* PARE_OK, or false: blocks of `type` have no levels to choose (F16, Q8_0 …). */
bool pr_gptq_init(pr_gptq *g, const pr_kernels *k, pr_type type, const pr_factor *f);
/* Floats that pr_gptq_rows needs. */
size_t pr_gptq_work(int64_t cols);
/* Encode `rows` ≤ PR_GPTQ_ROWS rows of f->n finite values, one after the other, into `dst`, rows
 * `row_bytes` apart. Returns what the error costs at the product's output: Σ D r² over all rows
 * (in units of the mean of D). */
double pr_gptq_rows(const pr_gptq *g, uint8_t *dst, uint64_t row_bytes, const float *w, int rows,
                    float *work);
#endif
