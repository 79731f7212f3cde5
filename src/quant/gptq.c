/* gptq.c - rows into blocks with error feedback (factor.h says why).
 *
 * Columns are coded from the first to the last. What a column should become is its weight and what
 * makes good the errors of all columns before it. Scales of a block are searched when its first
 * column's turn comes, weighed by D; then each column takes the level that is nearest to what
 * it should become.
 *
 * Always true: a row's bytes depend on that row and the factors alone. A column that no feedback
 * reached keeps the level that the encoder gave it. */
#include "gptq.h"

enum { MOST_BLOCK = 256, MOST_LEVELS = 64 };

bool pr_gptq_init(pr_gptq *g, const pr_kernels *k, pr_type type, const pr_factor *f) {
    *g = (pr_gptq){.k = k,
                   .type = type,
                   .encode = pr_encode_get(k, type),
                   .decode = pr_decode_get(k, type),
                   .f = f,
                   .again = 1};
    return pr_levels_of(type, &g->levels) && g->encode && g->decode;
}

/* ------------------------------------------------------------------ levels */

/* The values that the levels of one block have, sub-block by sub-block. */
typedef struct {
    float value[MOST_BLOCK / 16 * MOST_LEVELS];
    int   n, sub;
} table;

/* A decoder shows them: neighbours that share a scale are given all levels in turn. */
static void table_of(table *t, const pr_gptq *g, const uint8_t *block) {
    uint8_t copy[MOST_BLOCK], lev[MOST_BLOCK];
    float   v[MOST_BLOCK];
    int     size = pr_type_get(g->type)->block;
    t->n = g->levels.n, t->sub = g->levels.sub;
    memcpy(copy, block, (size_t)pr_type_get(g->type)->bytes);
    for (int from = 0; from < t->n; from += t->sub) {
        int some = PR_MIN(t->sub, t->n - from);
        for (int j = 0; j < size; j++) lev[j] = (uint8_t)(from + j % t->sub % some);
        pr_levels_put(g->type, copy, lev);
        g->decode(v, copy, size);
        for (int s = 0; s < size / t->sub; s++)
            memcpy(t->value + s * t->n + from, v + s * t->sub, (size_t)some * sizeof *v);
    }
}

static float away(float a, float b) {
    return a > b ? a - b : b - a;
}

/* The level whose value is nearest to `x`; values rise or fall, evenly or nearly so. */
static int nearest(const float *v, int n, float x) {
    float span = v[n - 1] - v[0];
    if (span == 0) return 0;
    float q = (x - v[0]) / span * (float)(n - 1) + 0.5f;
    int   i = q > 0 ? q < (float)n ? (int)q : n - 1 : 0;
    while (i + 1 < n && away(v[i + 1], x) < away(v[i], x)) i++;
    while (i > 0 && away(v[i - 1], x) < away(v[i], x)) i--;
    return i;
}

/* ------------------------------------------------------------------ one block */

/* A row while one chunk of it is coded; all start at the chunk's first column. */
typedef struct {
    float       *t; /* what each column should become */
    const float *w; /* its weight */
    float       *e; /* weight less what it became, of the columns that are done */
    const float *local, *d;
    int64_t      cols; /* of the chunk */
} lane;

/* Codes block columns b … b + size - 1 with the scales in `block`, into it. `asked`: what each
 * column should have become when its turn came. Returns the cost. */
static double code_block(const pr_gptq *g, lane *l, int64_t b, uint8_t *block, const float *seen,
                         float *asked) {
    uint8_t lev[MOST_BLOCK];
    table   tab;
    int     size = pr_type_get(g->type)->block;
    double  cost = 0;
    pr_levels_take(g->type, block, lev);
    table_of(&tab, g, block);
    for (int j = 0; j < size; j++) {
        const float *v = tab.value + j / tab.sub * tab.n;
        float        x = l->t[b + j];
        if (x != seen[j]) lev[j] = (uint8_t)nearest(v, tab.n, x);
        float got = v[lev[j]], e = l->w[b + j] - got;
        asked[j] = x;
        l->e[b + j] = e;
        cost += (double)l->d[b + j] * ((double)x - got) * ((double)x - got);
        const float *u = l->local + (b + j) * PR_CHUNK;
        float       *t = l->t;
        for (int64_t k = b + j + 1; k < l->cols; k++) t[k] += e * u[k];
    }
    pr_levels_put(g->type, block, lev);
    return cost;
}

/* The encoders weigh an error by importance times a function of the value, which is a guess at
 * what matters where nothing better is known; here it is known. */
static void block_weights(float *out, const float *d, int n) {
    for (int j = 0; j < n; j++) out[j] = d[j];
}

static double one_block(const pr_gptq *g, lane *l, int64_t b, uint8_t *block) {
    float   seen[MOST_BLOCK], asked[MOST_BLOCK], weight[MOST_BLOCK], before[PR_CHUNK];
    float   kept[PR_CHUNK], kept_e[MOST_BLOCK];
    uint8_t other[MOST_BLOCK];
    int     size = pr_type_get(g->type)->block;
    size_t bytes = (size_t)pr_type_get(g->type)->bytes,
           rest = (size_t)(l->cols - b) * sizeof *l->t;
    memcpy(before, l->t + b, rest);
    memcpy(seen, l->t + b, (size_t)size * sizeof *seen);
    block_weights(weight, l->d + b, size);
    g->encode(block, seen, size, weight);
    double cost = code_block(g, l, b, block, seen, asked);
    for (int i = 0; i < g->again; i++) {
        memcpy(kept, l->t + b, rest);
        memcpy(kept_e, l->e + b, (size_t)size * sizeof *kept_e);
        memcpy(l->t + b, before, rest);
        memcpy(seen, asked, (size_t)size * sizeof *seen);
        g->encode(other, seen, size, weight);
        double now = code_block(g, l, b, other, seen, asked);
        if (now < cost) {
            cost = now;
            memcpy(block, other, bytes);
            continue;
        }
        memcpy(l->t + b, kept, rest);
        memcpy(l->e + b, kept_e, (size_t)size * sizeof *kept_e);
        break;
    }
    return cost;
}

/* ------------------------------------------------------------------ rows */

size_t pr_gptq_work(int64_t cols) {
    return (size_t)PR_GPTQ_ROWS * (size_t)(cols + 2 * PR_CHUNK);
}

double pr_gptq_rows(const pr_gptq *g, uint8_t *dst, uint64_t row_bytes, const float *w, int rows,
                    float *work) {
    const pr_factor *f = g->f;
    float           *e = work, *y = e + PR_GPTQ_ROWS * f->n;
    int              size = pr_type_get(g->type)->block, bytes = pr_type_get(g->type)->bytes;
    double           cost = 0;
    for (int64_t c = 0; c < f->n; c += PR_CHUNK) {
        int64_t cols = PR_MIN((int64_t)PR_CHUNK, f->n - c);
        memset(y, 0, (size_t)rows * PR_CHUNK * sizeof *y);
        if (c > 0)
            g->k->gemm_f32(y, PR_CHUNK, f->ut + c * f->n, f->n, cols, e, f->n, rows, c);
        for (int r = 0; r < rows; r++) {
            const float *x = w + r * f->n + c;
            lane         l = {.t = y + (int64_t)r * PR_CHUNK,
                              .w = x,
                              .e = e + r * f->n + c,
                              .local = f->local + c * PR_CHUNK,
                              .d = f->d + c,
                              .cols = cols};
            for (int64_t k = 0; k < cols; k++) l.t[k] += x[k];
            uint8_t *block = dst + (uint64_t)r * row_bytes + (uint64_t)(c / size) * (uint64_t)bytes;
            for (int64_t b = 0; b < cols; b += size, block += bytes)
                cost += one_block(g, &l, b, block);
        }
    }
    return cost;
}
