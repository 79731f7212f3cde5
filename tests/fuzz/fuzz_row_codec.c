/* fuzz_row_codec.c - byte 0 chooses a type, bit 0 of byte 1 importances; the rest are values. Every
 * level of SIMD must write the bytes that the plain C writes and read them as it does. Values whose
 * size stays below 2^14 come back finite: then no block's scale leaves binary16 (65504), since
 * a scale is at most a block's largest value, or twice it where the largest code is 1/2 or less
 * of a scale. The same bytes, taken as blocks, are any bit pattern: they must be read alike. */
#include "hw/hw.h"
#include "kernel/kernel.h"
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUES = 512, ROW_BYTES = VALUES * 8 };

typedef struct {
    float         x[VALUES], weight[VALUES], y[2][VALUES];
    _Alignas(8) uint8_t row[2][ROW_BYTES];
} work;

/* Equal to the bit, but one NaN is as good as another. */
static bool same(const float *a, const float *b, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) return false;
    return true;
}

static void decode_both(work *w, const pr_kernels *const k[2], pr_type t, const void *row,
                        int64_t n) {
    pr_decode_get(k[0], t)(w->y[0], row, n);
    pr_decode_get(k[1], t)(w->y[1], row, n);
    if (!same(w->y[0], w->y[1], n)) __builtin_trap();
}

static void encode_both(work *w, const pr_kernels *const k[2], pr_type t, int64_t n,
                        bool weighted) {
    uint64_t bytes;
    float    most = 0;
    bool     whole = true;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(w->x[i])) whole = false;
        else most = fmaxf(most, fabsf(w->x[i]));
    }
    if (!pr_type_row_bytes(t, (uint64_t)n, &bytes) || bytes > ROW_BYTES) __builtin_trap();
    for (int i = 0; i < 2; i++)
        pr_encode_get(k[i], t)(w->row[i], w->x, n, weighted ? w->weight : NULL);
    if (!whole) return; /* bytes without meaning, but nothing worse */
    if (memcmp(w->row[0], w->row[1], (size_t)bytes) != 0) __builtin_trap();
    decode_both(w, k, t, w->row[0], n);
    for (int64_t i = 0; most < 16384 && i < n; i++)
        if (!isfinite(w->y[0][i])) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static work             w;
    const pr_kernels *const k[2] = {pr_kernels_get(0), pr_kernels_get(pr_cpu_flags())};
    if (size < 2) return 0;
    pr_type              t = (pr_type)(data[0] % PR_TYPE_N);
    const pr_type_info  *info = pr_type_get(t);
    memset(&w, 0, sizeof w);
    memcpy(w.x, data + 2, PR_MIN(size - 2, sizeof w.x));
    int64_t n = VALUES / info->block * info->block;
    if (info->block == 1) n = (int64_t)PR_MIN((size - 2) / 4, (size_t)VALUES);
    for (int i = 0; i < VALUES; i++) w.weight[i] = fabsf(w.x[VALUES - 1 - i]);
    for (int i = 0; i < VALUES; i++)
        if (!(w.weight[i] < 1e30f)) w.weight[i] = 1;
    if (pr_encode_get(k[0], t)) encode_both(&w, k, t, n, data[1] & 1);
    memset(w.row, 0, sizeof w.row);
    memcpy(w.row[0], data + 2, PR_MIN(size - 2, sizeof w.row[0]));
    if (pr_decode_get(k[0], t)) decode_both(&w, k, t, w.row[0], n);
    return 0;
}
