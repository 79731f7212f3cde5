/* quant_rows.c - float32 values from standard input, joined rows, to blocks on standard output:
 * pare's encoder alone, for quant_adverse.py.
 *
 *   quant_rows Q4_K < values.f32 > blocks */
#include <stdio.h>
#include <stdlib.h>
#include "kernel/kernel.h"

enum { CHUNK = 256 * 64 };

int main(int argc, char **argv) {
    static float x[CHUNK];
    static uint16_t raw[CHUNK * 2]; /* an even address */
    pr_type t;
    size_t n;
    if (argc != 2 || !pr_type_from_name(argv[1], &t)) return 2;
    pr_row_encode encode = pr_encode_get(pr_kernels_get(pr_cpu_flags()), t);
    if (!encode) return 2;
    while ((n = fread(x, sizeof *x, CHUNK, stdin)) > 0) {
        uint64_t bytes;
        if (!pr_type_row_bytes(t, n, &bytes)) return 1;
        encode(raw, x, (int64_t)n, NULL);
        if (fwrite(raw, 1, (size_t)bytes, stdout) != bytes) return 1;
    }
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
