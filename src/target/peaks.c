/* peaks.c - the machine's peaks: measured, and kept between runs. Always true: what is given out
 * was measured on the machine with this id, in this state, with as many threads; a cache that is
 * missing, old or damaged is no error, only nothing. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "target/target.h"

#define AGAIN " (pare hw --measure)"

enum { CACHE_BYTES_MAX = 1 << 16, PATH_ROOM = 2048 };

/* What can change between two runs without the machine's id changing, and decides speed. */
static void state_of(const pr_hw *hw, char *dst, size_t cap) {
    char clock[32] = "none";
    if (!isnan(hw->mhz_cap)) snprintf(clock, sizeof clock, "%.0f MHz", hw->mhz_cap);
    snprintf(dst, cap, "level %s, governor %.40s, turbo %s, cap %s, profile %.40s, mains %s",
             pr_cpu_level(pr_cpu_flags()), hw->governor ? hw->governor : "not told",
             hw->has_turbo < 0 ? "not told" : hw->has_turbo ? "on" : "off", clock,
             hw->power_profile ? hw->power_profile : "not told",
             hw->on_mains < 0 ? "not told" : hw->on_mains ? "yes" : "no");
}

/* ---- measuring ---- */

static pr_peak peak_of(double median, double least, double best, const char *how) {
    return (pr_peak){median, least, best, PR_BASIS_MEASURED, how};
}

/* Far more than the last caches hold, and not more than a quarter of what is free. */
static pare_status buffer_of(const pr_hw *hw, uint64_t *bytes, pare_err *err) {
    int64_t caches = 0;
    int     last = 0;
    for (int i = 0; i < hw->n_caches; i++) last = PR_MAX(last, hw->caches[i].level);
    for (int i = 0; i < hw->n_caches; i++)
        if (hw->caches[i].level == last)
            caches += PR_MIN(hw->caches[i].bytes, (int64_t)1 << 32) *
                      PR_MIN(hw->caches[i].n, 4096);
    *bytes = (uint64_t)PR_MIN(PR_MAX(4 * caches, (int64_t)256 << 20), (int64_t)4 << 30);
    if (hw->usable_bytes >= 0) *bytes = PR_MIN(*bytes, (uint64_t)hw->usable_bytes / 4);
    if ((int64_t)*bytes >= 2 * caches && *bytes >= (uint64_t)16 << 20) return PARE_OK;
    return pr_fail(err, PARE_EENV, -1, "too little memory is free to measure how fast it is read");
}

static pare_status measure_bandwidth(const pr_hw *hw, int n_threads, double seconds, pr_peak *out,
                                     int *n_runs, pare_err *err) {
    pr_pool *pool = NULL;
    pr_hw_bw bw;
    uint64_t bytes = 0;
    PR_TRY(buffer_of(hw, &bytes, err));
    PR_TRY(pr_pool_new(&pool, n_threads, err));
    pare_status st = pr_hw_bandwidth(pool, bytes, seconds, &bw, err);
    pr_pool_free(pool);
    if (st != PARE_OK) return st;
    *out = peak_of(bw.median_gb_s * 1e9, bw.least_gb_s * 1e9, bw.best_gb_s * 1e9,
                   n_threads == 1 ? "a buffer larger than the caches, read by one thread"
                                  : "a buffer larger than the caches, read by all threads");
    *n_runs = bw.n_runs;
    return PARE_OK;
}

static pare_status measure_compute(int n_threads, bool int8, double seconds, pr_peak *out,
                                   int *n_runs, pare_err *err) {
    pr_pool   *pool = NULL;
    pr_hw_rate r;
    PR_TRY(pr_pool_new(&pool, n_threads, err));
    pare_status st = pr_hw_compute(pool, pr_cpu_flags(), int8, seconds, &r, err);
    pr_pool_free(pool);
    if (st != PARE_OK) return st;
    *out = peak_of(r.median, r.least, r.best,
                   int8 ? "sums of products of bytes on registers"
                        : "multiply-adds on registers");
    *n_runs = r.n_runs;
    return PARE_OK;
}

pare_status pr_peaks_measure(const pr_hw *hw, int n_threads, double seconds, const pare_ctl *ctl,
                             pr_peaks *out, pare_err *err) {
    double each = (seconds > 0 ? seconds : 2) / 4;
    memset(out, 0, sizeof *out);
    if (n_threads <= 0) n_threads = pr_threads_default();
    memcpy(out->id, hw->id, sizeof out->id);
    state_of(hw, out->state, sizeof out->state);
    out->n_threads = n_threads;
    out->when = (int64_t)time(NULL);
    PR_TRY(measure_bandwidth(hw, n_threads, each, &out->bandwidth, &out->n_runs[0], err));
    PR_TRY(pr_ctl_check(ctl, err));
    PR_TRY(measure_bandwidth(hw, 1, each, &out->bandwidth_1, &out->n_runs[1], err));
    PR_TRY(pr_ctl_check(ctl, err));
    PR_TRY(measure_compute(n_threads, false, each, &out->f32, &out->n_runs[2], err));
    PR_TRY(pr_ctl_check(ctl, err));
    return measure_compute(n_threads, true, each, &out->int8, &out->n_runs[3], err);
}

/* ---- the document ---- */

typedef struct {
    const char *key, *unit;
    size_t      offset;
} peak_row;
static const peak_row peak_rows[] = {
    {"bandwidth", "B/s", offsetof(pr_peaks, bandwidth)},
    {"bandwidth_1", "B/s", offsetof(pr_peaks, bandwidth_1)},
    {"f32", "op/s", offsetof(pr_peaks, f32)},
    {"int8", "op/s", offsetof(pr_peaks, int8)},
};

void pr_peaks_doc(const pr_peaks *p, pr_doc_build *b, pare_doc *obj) {
    pr_doc_set_i64(b, obj, "schema", 1);
    pr_doc_set_str(b, obj, "id", p->id);
    pr_doc_set_path(b, obj, "state", p->state);
    pr_doc_set_i64(b, obj, "threads", p->n_threads);
    pr_doc_set_i64(b, obj, "when", p->when);
    for (size_t i = 0; i < PR_COUNT(peak_rows); i++) {
        const pr_peak *k = (const pr_peak *)(const void *)((const char *)p + peak_rows[i].offset);
        pare_doc      *o = pr_doc_set_object(b, obj, peak_rows[i].key);
        pr_doc_set_f64(b, o, "value", k->value);
        pr_doc_set_f64(b, o, "lo", k->lo);
        pr_doc_set_f64(b, o, "hi", k->hi);
        pr_doc_set_i64(b, o, "n", p->n_runs[i]);
        pr_doc_set_str(b, o, "unit", peak_rows[i].unit);
        pr_doc_set_str(b, o, "how", k->source ? k->source : "");
    }
}

/* ---- the cache ---- */

/* The file's path; false: there is no place for caches. */
static bool path_of(char *dst, const char *folder, const char *id) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int         n = -1;
    if (folder) n = snprintf(dst, PATH_ROOM, "%s/machine-%.16s.json", folder, id);
    else if (xdg && *xdg == '/')
        n = snprintf(dst, PATH_ROOM, "%s/pare/machine-%.16s.json", xdg, id);
    else if (home && *home == '/')
        n = snprintf(dst, PATH_ROOM, "%s/.cache/pare/machine-%.16s.json", home, id);
    return n > 0 && n < PATH_ROOM;
}

pare_status pr_peaks_save(const pr_peaks *p, const char *folder, pare_err *err) {
    char         path[PATH_ROOM], dir[PATH_ROOM];
    pr_doc_build b = {0};
    pare_doc    *d = NULL;
    if (!path_of(path, folder, p->id))
        return pr_fail(err, PARE_EENV, -1,
                       "no place for caches: neither XDG_CACHE_HOME nor HOME is set");
    memcpy(dir, path, sizeof dir);
    *strrchr(dir, '/') = 0;
    PR_TRY(pr_dir_make(dir, err));
    pare_doc *o = pr_doc_object(&b);
    pr_peaks_doc(p, &b, o);
    PR_TRY(pr_doc_done(&b, o, &d, err));
    pare_status st = pare_doc_write(d, 2, path, err);
    pare_doc_free(d);
    return st;
}

/* One peak of the file: in order, finite, above zero. */
static bool peak_in(const pare_doc *d, const peak_row *row, pr_peaks *out, size_t i, pr_arena *a) {
    const pare_doc *o = pare_doc_get(d, row->key);
    const char     *how = pare_doc_str(pare_doc_get(o, "how"));
    pr_peak        *k = (pr_peak *)(void *)((char *)out + row->offset);
    int64_t         n = pare_doc_int(pare_doc_get(o, "n"));
    *k = (pr_peak){pare_doc_num(pare_doc_get(o, "value")), pare_doc_num(pare_doc_get(o, "lo")),
                   pare_doc_num(pare_doc_get(o, "hi")), PR_BASIS_MEASURED,
                   how ? pr_arena_str(a, how, PR_MIN(strlen(how), (size_t)200)) : NULL};
    out->n_runs[i] = (int)PR_MIN(PR_MAX(n, 0), 1 << 20);
    return k->lo > 0 && k->lo <= k->value && k->value <= k->hi && k->hi < 1e24 && n > 0;
}

static bool same(const pare_doc *d, const char *key, const char *text) {
    const char *s = pare_doc_str(pare_doc_get(d, key));
    return s && strcmp(s, text) == 0;
}

/* NULL: it holds; else why not. */
static const char *check(const pare_doc *d, const pr_hw *hw, int n_threads, pr_arena *a,
                         pr_peaks *out) {
    if (pare_doc_int(pare_doc_get(d, "schema")) != 1 || !same(d, "id", hw->id))
        return "the machine has changed since it was measured" AGAIN;
    if (!same(d, "state", out->state))
        return "the clock's settings have changed since it was measured" AGAIN;
    if (pare_doc_int(pare_doc_get(d, "threads")) != n_threads)
        return "it was measured with another number of threads" AGAIN;
    out->when = pare_doc_int(pare_doc_get(d, "when"));
    for (size_t i = 0; i < PR_COUNT(peak_rows); i++)
        if (!peak_in(d, &peak_rows[i], out, i, a)) return "the cache file is damaged" AGAIN;
    return NULL;
}

bool pr_peaks_load(const pr_hw *hw, int n_threads, const char *folder, pr_arena *a, pr_peaks *out,
                   const char **why) {
    static const pr_json_limits limits = {.max_bytes = CACHE_BYTES_MAX, .max_values = 1000};
    char                        path[PATH_ROOM];
    pare_doc                   *d = NULL;
    memset(out, 0, sizeof *out);
    if (n_threads <= 0) n_threads = pr_threads_default();
    memcpy(out->id, hw->id, sizeof out->id);
    state_of(hw, out->state, sizeof out->state);
    out->n_threads = n_threads;
    *why = "it was not measured yet" AGAIN;
    if (!path_of(path, folder, hw->id) || !pr_path_exists(path)) return false;
    *why = "the cache file is damaged" AGAIN;
    if (pr_json_read(&d, path, &limits, NULL) != PARE_OK) return false;
    *why = check(d, hw, n_threads, a, out);
    pare_doc_free(d);
    return *why == NULL;
}

pare_status pr_target_here(pr_arena *a, pr_target *out, pare_err *err) {
    pr_hw       hw;
    pr_peaks    p;
    const char *why;
    memset(out, 0, sizeof *out);
    PR_TRY(pr_hw_read(NULL, &hw, a, err));
    PR_TRY(pr_target_of_hw(&hw, a, out, err));
    if (!pr_peaks_load(&hw, 0, NULL, a, &p, &why)) return PARE_OK;
    out->bandwidth = p.bandwidth;
    out->f32 = p.f32;
    out->int8 = p.int8;
    return PARE_OK;
}
