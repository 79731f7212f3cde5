/* machine.c - include/pare/hw.h: what `hw` and `kernel` know, as documents. */
#include <math.h>
#include <stdio.h>
#include "flow.h"
#include "hw/hw.h"
#include "kernel/kernel.h"
#include "machine.h"
#include "pare/hw.h"
#include "target/target.h"

static void set_int(pr_doc_build *b, pare_doc *o, const char *key, int64_t v) {
    if (v >= 0) pr_doc_set_i64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}
static void set_str(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

/* "bandwidth" of the document: of the kept peaks where they hold, else read for a moment. */
static pare_status bandwidth_doc(pr_doc_build *b, pare_doc *d, const pr_peaks *kept,
                                 const pare_ctl *ctl, pare_err *err) {
    pr_pool *pool;
    pr_hw_bw bw = {0};
    int      n = ctl && ctl->n_threads ? ctl->n_threads : pr_threads_default();
    if (kept) {
        bw = (pr_hw_bw){kept->bandwidth.hi / 1e9, kept->bandwidth.value / 1e9, kept->n_runs[0],
                        kept->bandwidth.lo / 1e9};
    } else {
        PR_TRY(pr_pool_new(&pool, n, err));
        pare_status st = pr_hw_bandwidth(pool, 0, 0, &bw, err);
        pr_pool_free(pool);
        if (st != PARE_OK) return st;
    }
    pare_doc *o = pr_doc_set_object(b, d, "bandwidth");
    pr_doc_set_f64(b, o, "best_gb_s", bw.best_gb_s);
    pr_doc_set_f64(b, o, "median_gb_s", bw.median_gb_s);
    pr_doc_set_f64(b, o, "least_gb_s", bw.least_gb_s);
    pr_doc_set_i64(b, o, "runs", bw.n_runs);
    pr_doc_set_i64(b, o, "threads", n);
    return PARE_OK;
}

/* "peaks" of the live machine: measured now, or kept; null with the reason else. What cannot be
 * kept is told as a warning: it was measured all the same. */
static pare_status peaks_doc(pr_doc_build *b, pare_doc *d, const pr_hw *hw, int measure,
                             const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    pr_peaks    p;
    pare_err    lost = {0};
    const char *why = NULL;
    int         n = ctl ? ctl->n_threads : 0;
    bool        held = measure < 2 && pr_peaks_load(hw, n, NULL, a, &p, &why);
    if (measure >= 2) {
        PR_TRY(pr_peaks_measure(hw, n, 0, ctl, &p, err));
        held = true;
        if (pr_peaks_save(&p, NULL, &lost) != PARE_OK)
            pr_ctl_log(ctl, PARE_LOG_WARN, "the peaks are not kept: %s", lost.msg);
    }
    if (held) pr_peaks_doc(&p, b, pr_doc_set_object(b, d, "peaks"));
    else pr_doc_set_null(b, d, "peaks");
    set_str(b, d, "peaks_reason", held ? NULL : why);
    return measure ? bandwidth_doc(b, d, held ? &p : NULL, ctl, err) : PARE_OK;
}

pare_status pare_hw(const char *root, int measure, const pare_ctl *ctl, pare_doc **out,
                    pare_err *err) {
    pr_hw        hw;
    pr_doc_build b = {0};
    *out = NULL;
    pr_arena *a = pr_arena_new(16 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_hw_read(root, &hw, a, err);
    pare_doc   *d = st == PARE_OK ? pr_doc_object(&b) : NULL;
    if (st == PARE_OK) {
        pr_hw_doc(&hw, root ? hw.cpu_flags : pr_cpu_flags(), &b, d);
        if (root) {
            pr_doc_set_null(&b, d, "peaks");
            pr_doc_set_str(&b, d, "peaks_reason", "the machine is a tree of files");
        } else
            st = peaks_doc(&b, d, &hw, measure, ctl, a, err);
    }
    if (st == PARE_OK) st = pr_doc_done(&b, d, out, err);
    else pare_doc_free(d);
    pr_arena_free(a);
    return st;
}

typedef struct {
    pr_doc_build b;
    pare_doc    *list;
} kernel_list;

static void add_kernel(void *arg, const char *name, const char *level) {
    kernel_list *k = arg;
    pare_doc    *o = pr_doc_add_object(&k->b, k->list);
    pr_doc_set_str(&k->b, o, "name", name);
    pr_doc_set_str(&k->b, o, "level", level);
}

pare_status pare_kernels(pare_doc **out, pare_err *err) {
    kernel_list k = {0};
    k.list = pr_doc_array(&k.b);
    pr_kernels_each(pr_kernels_get(pr_cpu_flags()), add_kernel, &k);
    return pr_doc_done(&k.b, k.list, out, err);
}

pare_status pare_cpu_check(pare_err *err) {
    uint32_t flags;
    return pr_cpu_select(NULL, &flags, err);
}

/* The `machine` of a report (docs/report.md). */
void pr_machine_doc(pr_doc_build *b, pare_doc *obj, const pr_hw *hw, int threads,
                    const char *energy, const char *energy_why) {
    char      names[512], *word = names;
    pare_doc *d = pr_doc_set_object(b, obj, "machine"), *a;
    set_str(b, d, "cpu", hw->cpu_model);
    set_str(b, d, "arch", hw->arch);
    pr_doc_set_i64(b, d, "cores", hw->n_cores);
    pr_doc_set_i64(b, d, "threads", threads);
    a = pr_doc_set_array(b, d, "simd");
    pr_cpu_names(pr_cpu_flags_all(), names, sizeof names);
    while (*word) {
        size_t n = strcspn(word, " ");
        pr_doc_add_strn(b, a, (pr_str){word, n});
        word += n + (word[n] != 0);
    }
    pr_doc_set_str(b, d, "level", pr_cpu_level(pr_cpu_flags()));
    set_int(b, d, "memory_bytes", hw->memory_bytes);
    a = pr_doc_set_array(b, d, "caches");
    for (int i = 0; i < hw->n_caches; i++) {
        const pr_hw_cache *c = &hw->caches[i];
        pare_doc          *o = pr_doc_add_object(b, a);
        char               level[16];
        snprintf(level, sizeof level, "L%d%s", c->level,
                 c->type == 'd'   ? "d"
                 : c->type == 'i' ? "i"
                                  : "");
        pr_doc_set_str(b, o, "level", level);
        pr_doc_set_i64(b, o, "bytes", c->bytes);
    }
    set_str(b, d, "system", hw->os);
    set_str(b, d, "energy", energy);
    if (!energy) set_str(b, d, "energy_reason", energy_why);
    pr_doc_set_str(b, d, "sha256", hw->id);
}
