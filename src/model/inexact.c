/* inexact.c - what GGUF's runtime cannot compute, found before anything is written.
 * Facts: libllama of October 2026 (llama-model.cpp, llama-context.cpp); the exporters' silent
 * losses that this guards against are listed in docs/parity.md. */
#include "arch.h"

/* A window only matters if a sequence can grow past it. */
static int limits_windows(const pr_model *m, pr_buf *why) {
    for (int i = 0; i < m->hp.n_layer; i++) {
        int64_t left = m->hp.layers[i].left;
        if (left < 0 || left + 1 >= m->hp.n_ctx) continue;
        pr_buf_printf(
            why, "sliding window of %lld from layer %d on: GGUF's '%s' attends to everything\n",
            (long long)left + 1, i, m->arch->as[PR_DIALECT_GGUF]);
        return 1;
    }
    return 0;
}

int gguf_limits_common(const pr_model *m, pr_buf *why) {
    int n = limits_windows(m, why);
    if (m->hp.ropes[0].kind == PR_ROPE_DYNAMIC) {
        pr_buf_puts(
            why, "rope_type 'dynamic': GGUF has no word for a base that grows with the text\n");
        n++;
    }
    return n;
}

/* How libllama reads back what these keys can say: yarn's ramp between whole dimensions for 32
 * and 1
 * rotations. Equal frequencies mean an exact file. */
static bool frequencies_fit(const pr_rope *r) {
    enum { HALF = 2048 }; /* of the largest head there can be */
    pr_rope g = *r;
    float   want[HALF], got[HALF];
    if (r->dim > 2 * HALF) return false;
    g.divide_by = NULL;
    if (r->kind == PR_ROPE_LLAMA3) g.kind = PR_ROPE_DEFAULT;
    g.beta_fast = 32, g.beta_slow = 1, g.truncate = true;
    pr_rope_frequencies(r, 0, want);
    pr_rope_frequencies(&g, 0, got);
    return memcmp(want, got, (size_t)(r->dim / 2) * sizeof *want) == 0;
}

int gguf_limits_no_table(const pr_model *m, pr_buf *why) {
    const pr_rope *r = &m->hp.ropes[0];
    int            n = gguf_limits_common(m, why);
    if (r->kind == PR_ROPE_DYNAMIC || frequencies_fit(r)) return n;
    pr_buf_printf(why, "%s: GGUF's '%s' takes no table of frequencies and would rotate otherwise\n",
                  r->divide_by              ? "a table of frequencies"
                  : r->kind == PR_ROPE_LLAMA3 ? "rope_type 'llama3'"
                  : r->truncate             ? "yarn with its own beta_fast or beta_slow"
                                            : "yarn with truncate false",
                  m->arch->as[PR_DIALECT_GGUF]);
    return n + 1;
}

int pr_model_inexact_in(const pr_model *m, pr_dialect d, pr_buf *why) {
    if (d > PR_DIALECT_GGUF) return 0; /* asked of the runtime, in `convert` */
    if (!m->arch->as[d]) {
        pr_buf_printf(why, "architecture '%s' has no name in this format\n", m->arch->name);
        return 1;
    }
    return d == PR_DIALECT_GGUF && m->arch->gguf_limits ? m->arch->gguf_limits(m, why) : 0;
}
