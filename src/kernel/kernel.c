/* kernel.c - the tables of kernels, one per level, and the memory of acts and panels.
 *
 * A table is filled once and never changes. The reference fills every field first;
 * each rung of an architecture's ladder then overrides what it does faster. */
#include "kernel.h"
#include "kernel_arch.h"
#include "kernel_impl.h"
#include <pthread.h>

enum { LEVEL_REFERENCE, LEVEL_AVX2, LEVEL_AVX512, LEVEL_N };

static pr_kernels     tables[LEVEL_N]; /* written under `once` only */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void tables_fill(void) {
    static const pr_kernels reference = {
        .level = "reference",
#define KERNEL(name, ret, params) .name = pr_##name##_ref,
#include "kernels.def"
#undef KERNEL
    };
    static const uint32_t flags[LEVEL_N] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    for (int i = 0; i < LEVEL_N; i++) {
        tables[i] = reference;
        pr_kernels_arch(&tables[i], flags[i]);
    }
}

const pr_kernels *pr_kernels_get(uint32_t flags) {
    pthread_once(&once, tables_fill);
    if (flags & PR_CPU_AVX512) return &tables[LEVEL_AVX512];
    if (flags & PR_CPU_AVX2) return &tables[LEVEL_AVX2];
    return &tables[LEVEL_REFERENCE];
}

void pr_kernels_each(const pr_kernels *k,
                     void (*visit)(void *arg, const char *name, const char *level), void *arg) {
    const pr_kernels *ref = pr_kernels_get(0), *avx2 = pr_kernels_get(PR_CPU_AVX2);
#define KERNEL(name, ret, params)                                                              \
    visit(arg, #name,                                                                          \
          k->name == ref->name    ? "reference"                                                \
          : k->name == avx2->name ? "avx2"                                                     \
                                  : k->level);
#include "kernels.def"
#undef KERNEL
}

static const pr_qtype qtypes[] = {
    {PR_Q4_0, 32, 8, 15, false},  {PR_Q4_1, 32, 0, 15, true},   {PR_Q5_0, 32, 16, 31, false},
    {PR_Q5_1, 32, 0, 31, true},   {PR_Q8_0, 32, 128, 255, false}, {PR_IQ4_NL, 32, 128, 255, false},
    {PR_Q2_K, 16, 0, 3, true},    {PR_Q3_K, 16, 4, 7, false},   {PR_Q4_K, 32, 0, 15, true},
    {PR_Q5_K, 32, 0, 31, true},   {PR_Q6_K, 16, 32, 63, false}, {PR_IQ4_XS, 32, 128, 255, false},
};

const pr_qtype *pr_qtype_get(pr_type type) {
    for (size_t i = 0; i < PR_COUNT(qtypes); i++)
        if (qtypes[i].type == type) return &qtypes[i];
    return NULL;
}

typedef void (*unpack_fn)(uint8_t *u, float *scale, float *min, const void *row, int64_t n);

#define QTYPES(X)                                                                                 \
    X(Q4_0, q4_0) X(Q4_1, q4_1) X(Q5_0, q5_0) X(Q5_1, q5_1) X(Q8_0, q8_0) X(IQ4_NL, iq4_nl)       \
    X(Q2_K, q2_k) X(Q3_K, q3_k) X(Q4_K, q4_k) X(Q5_K, q5_k) X(Q6_K, q6_k) X(IQ4_XS, iq4_xs)

pr_gemv pr_gemv_get(const pr_kernels *k, pr_type type) {
    switch (type) {
#define X(T, t) case PR_##T: return k->gemv_##t;
        QTYPES(X)
#undef X
    default: return NULL;
    }
}

static unpack_fn unpack_get(const pr_kernels *k, pr_type type) {
    switch (type) {
#define X(T, t) case PR_##T: return k->unpack_##t;
        QTYPES(X)
#undef X
    default: return NULL;
    }
}

/* ---- memory: each array starts on a cache line, so that no load splits without need */

static size_t line_up(size_t bytes) {
    return (bytes + PR_CACHE_LINE - 1) / PR_CACHE_LINE * PR_CACHE_LINE;
}

size_t pr_acts_bytes(int64_t n, int64_t cols) {
    size_t all = (size_t)n * (size_t)cols;
    return line_up(all) + 3 * line_up(all / 32 * 4) + 2 * line_up(all / 16 * 4);
}

void pr_acts_init(pr_acts *a, void *mem, int64_t n, int64_t cols) {
    size_t all = (size_t)n * (size_t)cols, per32 = line_up(all / 32 * 4),
           per16 = line_up(all / 16 * 4);
    char  *p = mem;
    *a = (pr_acts){.n = n, .cols = cols, .q = (int8_t *)p};
    a->d = (float *)(p += line_up(all));
    a->sum32 = (float *)(p += per32);
    a->isum32 = (int32_t *)(p += per32);
    a->sum16 = (float *)(p += per32);
    a->isum16 = (int32_t *)(p + per16);
}

/* Rows are unpacked in pieces, so that they are still in L1 when they are interleaved. */
enum { PIECE = 512, PANEL_ROWS = 16 };

static size_t work_bytes(void) {
    return PANEL_ROWS * PIECE + 2 * PIECE / 16 * sizeof(float);
}

static size_t panel_bytes(const pr_qtype *t, int64_t n) {
    size_t groups = (size_t)(n / t->group) * PANEL_ROWS * sizeof(float);
    return (size_t)n * PANEL_ROWS + groups * (t->has_min ? 2 : 1) + line_up(work_bytes());
}

static void panel_init(pr_panel *p, void *mem, const pr_qtype *t, int64_t n) {
    char *m = mem;
    *p = (pr_panel){.type = t, .n = n, .codes = (uint8_t *)m};
    p->scale = (float *)(m += (size_t)n * PANEL_ROWS);
    m += (size_t)(n / t->group) * PANEL_ROWS * sizeof(float);
    if (t->has_min) {
        p->min = (float *)m;
        m += (size_t)(n / t->group) * PANEL_ROWS * sizeof(float);
    }
    p->work = (uint8_t *)m;
}

/* Where rows come from: one of the two. */
typedef struct {
    const pr_kernels    *k;
    unpack_fn            unpack;
    const char          *w;
    size_t               row_bytes;
    const pr_group_rows *groups;
    int64_t              first;
} row_source;

static void unpack_row(const row_source *f, const pr_qtype *t, int r, int64_t at, int64_t n,
                       uint8_t *u, float *scale, float *min) {
    const pr_type_info *info = pr_type_get(t->type);
    if (f->groups)
        f->k->unpack_group(u, scale, min, f->groups, f->first + r, at, n);
    else
        f->unpack(u, scale, min,
                  f->w + (size_t)r * f->row_bytes + at / info->block * info->bytes, n);
}

static void panel_load(const row_source *f, pr_panel *p, int rows) {
    const pr_qtype *t = p->type;
    float          *scale = (float *)(p->work + PANEL_ROWS * PIECE), *min = scale + PIECE / 16;
    p->rows = rows;
    for (int64_t at = 0; at < p->n; at += PIECE) {
        int64_t n = PR_MIN(p->n - at, PIECE), g0 = at / t->group, groups = n / t->group;
        for (int r = 0; r < PANEL_ROWS; r++) {
            if (r < rows)
                unpack_row(f, t, r, at, n, p->work + r * PIECE, scale, min);
            else
                memset(p->work + r * PIECE, t->zero, (size_t)n);
            for (int64_t g = 0; g < groups; g++)
                p->scale[(g0 + g) * PANEL_ROWS + r] = r < rows ? scale[g] : 0;
            for (int64_t g = 0; p->min && g < groups; g++)
                p->min[(g0 + g) * PANEL_ROWS + r] = r < rows ? min[g] : 0;
        }
        f->k->panel_pack(p->codes + at * PANEL_ROWS, p->work, PIECE, n);
    }
}

size_t pr_panel_bytes(pr_type type, int64_t n) {
    return panel_bytes(pr_qtype_get(type), n);
}
void pr_panel_init(pr_panel *p, void *mem, pr_type type, int64_t n) {
    panel_init(p, mem, pr_qtype_get(type), n);
}
void pr_panel_load(const pr_kernels *k, pr_panel *p, const void *w, size_t row_bytes, int rows) {
    const row_source f = {
        .k = k, .unpack = unpack_get(k, p->type->type), .w = w, .row_bytes = row_bytes};
    panel_load(&f, p, rows);
}

/* ---- groups: the shapes of Q4_1 and Q5_1, and one more */

const pr_qtype *pr_group_qtype(const pr_group_spec *s, int64_t n) {
    static const pr_qtype bytes = {PR_U8, 32, 128, 255, true};
    int64_t               per = s->group ? s->group : n;
    if (n <= 0 || per % 32 != 0 || n % per != 0 || s->rule == PR_GROUP_NF4) return NULL;
    if (s->bits > 5 || s->rule == PR_GROUP_FP4) return &bytes;
    return pr_qtype_get(s->bits == 5 ? PR_Q5_1 : PR_Q4_1);
}
size_t pr_panel_group_bytes(const pr_group_spec *s, int64_t n) {
    return panel_bytes(pr_group_qtype(s, n), n);
}
void pr_panel_group_init(pr_panel *p, void *mem, const pr_group_spec *s, int64_t n) {
    panel_init(p, mem, pr_group_qtype(s, n), n);
}
void pr_panel_group_load(const pr_kernels *k, pr_panel *p, const pr_group_rows *w, int64_t r,
                         int rows) {
    const row_source f = {.k = k, .groups = w, .first = r};
    panel_load(&f, p, rows);
}
