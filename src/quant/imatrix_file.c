/* imatrix_file.c - importance matrices in llama.cpp's file: GGUF with two tensors per matrix, the
 * sums of squares and how many tokens were summed.
 *
 * Always true: what is read came from a stranger; every number is looked at before it is kept. */
#include "importance.h"
#include <stdio.h>

enum { MOST_ENTRIES = 65536, MOST_NAME = 127, MOST_EXPERTS = 4096 };
static const char sums_end[] = ".in_sum2", counts_end[] = ".counts";

/* ------------------------------------------------------------------ reading */

static float float_at(const pr_tensor *t, uint64_t i) {
    return pr_f32_bits(pr_le32(t->data + 4 * i));
}

static bool ends(const char *name, const char *end, size_t *len) {
    size_t n = strlen(name), e = strlen(end);
    *len = n > e ? n - e : 0;
    return n > e && strcmp(name + n - e, end) == 0;
}

static pare_status bad_value(const pr_tensor *t, uint64_t i, const char *what, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, (int64_t)(t->offset + 4 * i),
                   "tensor '%.80s' holds %g: expected %s", t->name, (double)float_at(t, i), what);
}

/* One count for the matrix, or one for each expert of it. */
static pare_status check_counts(const pr_tensor *t, uint64_t n_values, uint64_t *n,
                                pare_err *err) {
    *n = pr_tensor_count(t);
    if (t->type != PR_F32)
        return pr_fail(err, PARE_EINPUT, -1, "tensor '%.80s' is %s: expected F32", t->name,
                       pr_type_get(t->type)->name);
    if (*n < 1 || *n > MOST_EXPERTS || n_values % *n != 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tensor '%.80s' has %llu counts for %llu values: expected one, or one for "
                       "each expert",
                       t->name, (unsigned long long)*n, (unsigned long long)n_values);
    for (uint64_t i = 0; i < *n; i++) {
        float v = float_at(t, i);
        if (!(v >= 0 && v <= 0x1p53f) || v != (float)(int64_t)v)
            return bad_value(t, i, "a number of tokens", err);
    }
    return PARE_OK;
}

static pare_status take_entry(pr_calib_entry *e, const pr_tensor *sums, size_t name_len,
                              const pr_tensor *counts, pr_arena *a, pare_err *err) {
    uint64_t n = pr_tensor_count(sums), n_counts;
    float   *mean;
    if (sums->type != PR_F32)
        return pr_fail(err, PARE_EINPUT, -1, "tensor '%.80s' is %s: expected F32", sums->name,
                       pr_type_get(sums->type)->name);
    if (n < 1 || name_len > MOST_NAME)
        return pr_fail(err, PARE_EINPUT, -1, "tensor '%.80s': expected values and a short name",
                       sums->name);
    PR_TRY(check_counts(counts, n, &n_counts, err));
    PR_NEW(mean, a, n, err);
    double most = 0;
    for (uint64_t i = 0; i < n; i++) {
        float  v = float_at(sums, i);
        double count = (double)float_at(counts, i / (n / n_counts));
        if (!(v >= 0 && v - v == 0)) return bad_value(sums, i, "a sum of squares", err);
        mean[i] = count > 0 ? (float)((double)v / count) : 1.0f; /* an expert that nobody asked */
        most = PR_MAX(most, count);
    }
    *e = (pr_calib_entry){.name = pr_arena_str(a, sums->name, name_len),
                          .cols = (int64_t)n,
                          .count = (int64_t)most,
                          .mean2 = mean};
    return e->name ? PARE_OK : pr_fail_nomem(err, name_len);
}

static pare_status check_kind(const pr_container *f, pare_err *err) {
    pr_str kind = {0};
    if (pr_container_kind_of(f) != PR_GGUF)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "not an importance matrix in GGUF; the older format is made new by "
                       "\"llama-imatrix --in-file OLD -o NEW.gguf\"");
    PR_TRY(pr_gguf_opt_str(f, "general.type", &kind, err));
    if (!kind.p || !pr_str_eq(kind, PR_STR("imatrix")))
        return pr_fail(err, PARE_EINPUT, -1,
                       "this GGUF file is no importance matrix: its general.type is '%.*s'",
                       (int)PR_MIN(kind.n, (size_t)40), kind.p ? kind.p : "");
    if (pr_container_count(f) < 2 || pr_container_count(f) > 2 * MOST_ENTRIES)
        return pr_fail(err, PARE_EINPUT, -1,
                       "%zu tensors: expected two for each matrix, at most %d",
                       pr_container_count(f), 2 * MOST_ENTRIES);
    return PARE_OK;
}

pare_status pr_imatrix_take(pr_calib **out, const pr_container *f, pr_arena *a, pare_err *err) {
    pr_calib *c;
    uint32_t  chunks = 0, size = 0;
    size_t    n_counts = 0, len;
    *out = NULL;
    PR_TRY(check_kind(f, err));
    PR_TRY(pr_gguf_opt_u32(f, "imatrix.chunk_count", 0, &chunks, err));
    PR_TRY(pr_gguf_opt_u32(f, "imatrix.chunk_size", 0, &size, err));
    PR_NEW(c, a, 1, err);
    PR_NEW(c->entry, a, pr_container_count(f), err);
    c->n_windows = chunks, c->window = size, c->dataset = "";
    for (size_t i = 0; i < pr_container_count(f); i++) {
        const pr_tensor *t = pr_container_at(f, i), *counts;
        char             pair[MOST_NAME + 16];
        if (ends(t->name, counts_end, &len)) n_counts++;
        else if (!ends(t->name, sums_end, &len))
            return pr_fail(err, PARE_EINPUT, -1,
                           "tensor '%.80s': expected NAME.in_sum2 or NAME.counts", t->name);
        else {
            snprintf(pair, sizeof pair, "%.*s%s", (int)PR_MIN(len, (size_t)MOST_NAME), t->name,
                     counts_end);
            if (!(counts = pr_container_find(f, pair)))
                return pr_fail(err, PARE_EINPUT, -1, "tensor '%.80s' has no counts", t->name);
            PR_TRY(take_entry(&c->entry[c->n++], t, len, counts, a, err));
        }
    }
    if (n_counts != (size_t)c->n)
        return pr_fail(err, PARE_EINPUT, -1, "%zu counts for %d sums: expected pairs", n_counts,
                       c->n);
    PR_TRY(pr_calib_sort(c, err));
    *out = c;
    return PARE_OK;
}

/* The older format has no mark of its own; a safetensors file or a directory is no GGUF either. */
pare_status pr_imatrix_read(pr_calib **out, const char *path, pr_arena *a, pare_err *err) {
    pr_container *f;
    pr_map        map;
    *out = NULL;
    PR_TRY(pr_map_open(&map, path, err));
    bool gguf = map.n >= 4 && memcmp(map.p, "GGUF", 4) == 0;
    pr_map_close(&map);
    if (!gguf) {
        pr_fail(err, PARE_EUNSUPPORTED, 0,
                "not an importance matrix in GGUF; \"llama-imatrix --in-file OLD -o NEW.gguf\" "
                "makes one of the older format");
        return pr_fail_in(err, PARE_EUNSUPPORTED, path);
    }
    PR_TRY(pr_container_open(&f, path, err));
    pare_status st = pr_imatrix_take(out, f, a, err);
    pr_container_close(f);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

/* ------------------------------------------------------------------ writing */

static pare_status put_entry(pr_gguf_writer *w, size_t i, const pr_calib_entry *e,
                             pare_err *err) {
    float count = (float)e->count;
    for (int64_t j = 0; j < e->cols; j++) {
        double sum = e->sum2 ? e->sum2[j] : (double)e->mean2[j] * (double)e->count;
        float  v = (float)sum;
        PR_TRY(pr_gguf_data(w, 2 * i, &v, sizeof v, err));
    }
    return pr_gguf_data(w, 2 * i + 1, &count, sizeof count, err);
}

static pare_status put_all(pr_gguf_writer *w, const pr_calib *c, pare_err *err) {
    pr_str set = pr_str_of(c->dataset);
    char   name[MOST_NAME + 16];
    pr_gguf_add_str(w, "general.type", PR_STR("imatrix"));
    pr_gguf_add_strs(w, "imatrix.datasets", &set, 1);
    pr_gguf_add_u32(w, "imatrix.chunk_count", (uint32_t)c->n_windows);
    pr_gguf_add_u32(w, "imatrix.chunk_size", (uint32_t)c->window);
    for (int i = 0; i < c->n; i++) {
        const pr_calib_entry *e = &c->entry[i];
        snprintf(name, sizeof name, "%s%s", e->name, sums_end);
        PR_TRY(pr_gguf_add_tensor(w, name, PR_F32, 1, (uint64_t[]){(uint64_t)e->cols}, err));
        snprintf(name, sizeof name, "%s%s", e->name, counts_end);
        PR_TRY(pr_gguf_add_tensor(w, name, PR_F32, 1, (uint64_t[]){1}, err));
    }
    for (int i = 0; i < c->n; i++) PR_TRY(put_entry(w, (size_t)i, &c->entry[i], err));
    return PARE_OK;
}

pare_status pr_imatrix_write(const pr_calib *c, const char *path, pare_err *err) {
    pr_gguf_writer *w;
    PR_TRY(pr_gguf_writer_new(&w, path, 0, err));
    pare_status st = put_all(w, c, err);
    if (st == PARE_OK) return pr_gguf_writer_commit(w, err);
    pr_gguf_writer_discard(w);
    return st;
}
