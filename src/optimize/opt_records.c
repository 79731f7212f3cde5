/* opt_records.c - what was made or measured, kept under keys that name all it depends on.
 *
 * Always true: a record is taken only if it is what was written: the hash of its text stands
 * beside it. One that is not is named, counts as missing, and the next one under its key
 * (records are only added) takes its place. */
#include "opt.h"
#include "pare_code.h"

static pare_status hash_of(const pare_doc *d, char hex[65], pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, 64 << 20);
    pare_status st = pr_doc_put(d, 0, &b, err);
    pr_sha256   h = pr_sha256_of(b.p, b.n);
    pr_sha256_hex(&h, hex);
    pr_buf_done(&b);
    return st;
}

void opt_spoilt(opt_job *j, const char key[65], const char *kind, const char *why) {
    opt_warn(j, "pare.db: the record %.12s… (%s) is damaged (%s): it is dropped and measured again",
             key, kind, why);
}

pare_status opt_find(opt_job *j, const char key[65], const char *kind, pare_doc **out,
                     pare_err *err) {
    pr_str    text, found;
    pare_doc *all = NULL;
    pare_err  e = {0};
    char      hex[65];
    *out = NULL;
    PR_TRY(pr_store_find(j->store, key, j->a, &text, &found, err));
    if (!text.p) return PARE_OK;
    pare_status     st = pare_doc_parse(&all, text.p, text.n, &e);
    const pare_doc *body = pare_doc_get(all, "record");
    const char     *want = pare_doc_str(pare_doc_get(all, "sha256"));
    if (st == PARE_OK && body) st = hash_of(body, hex, &e);
    if (st != PARE_OK) opt_spoilt(j, key, kind, e.msg);
    else if (!pr_str_eq(found, pr_str_of(kind))) opt_spoilt(j, key, kind, "its kind is another");
    else if (!body || !want) opt_spoilt(j, key, kind, "it has no hash");
    else if (strcmp(hex, want) != 0) opt_spoilt(j, key, kind, "its hash is another");
    else *out = pr_doc_copy(body);
    pare_doc_free(all);
    return PARE_OK;
}

pare_status opt_put(opt_job *j, const char key[65], const char *kind, const pare_doc *doc,
                    pare_err *err) {
    pr_buf       text;
    pr_doc_build b = {0};
    pare_doc    *all;
    char         hex[65];
    PR_TRY(hash_of(doc, hex, err));
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "sha256", hex);
    pr_doc_set(&b, d, "record", pr_doc_copy(doc));
    PR_TRY(pr_doc_done(&b, d, &all, err));
    pr_buf_init(&text, 64 << 20);
    pare_status st = pr_doc_put(all, 0, &text, err);
    if (st == PARE_OK) st = pr_store_put_again(j->store, key, kind, text.p, text.n, err);
    pr_buf_done(&text);
    pare_doc_free(all);
    return st;
}

/* ------------------------------------------------------------------ keys */

pare_status opt_key_source(const opt_job *j, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "source", PARE_CODE);
    pr_key_sha(&k, "source", &j->model_hash);
    return pr_key_end(&k, key, err);
}

pare_status opt_key_file(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "variant", PARE_CODE);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_str(&k, "format", v->format);
    pr_key_str(&k, "quant", v->quant);
    pr_key_bool(&k, "allow_inexact", j->o->allow_inexact);
    if (v->as.calib) pr_key_sha(&k, "calibration", &j->calib_hash);
    return pr_key_end(&k, key, err);
}

pare_status opt_key_same(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "same", PARE_CODE);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_str(&k, "variant", v->sha256);
    pr_key_str(&k, "state", pr_type_get(v->state)->name);
    return pr_key_end(&k, key, err);
}

static void timed_here(pr_key *k, const opt_job *j, const opt_variant *v) {
    pr_key_sha(k, "source", &j->model_hash);
    pr_key_str(k, "variant", v->sha256); /* "": the source itself */
    pr_key_str(k, "machine", j->hw.id);
    pr_key_str(k, "runner", v->by ? v->by->name : NULL);
    pr_key_str(k, "runner_version", v->by ? v->version : NULL);
}

pare_status opt_key_runtime(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "runtime", PARE_CODE);
    timed_here(&k, j, v);
    pr_key_i64(&k, "threads", j->threads);
    return pr_key_end(&k, key, err);
}

/* What a runtime computes in depends on the machine, and on how it splits the work. */
pare_status opt_key_eval_by(const opt_job *j, const opt_variant *v, const char *native,
                            char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "eval-by", PARE_CODE);
    pr_key_str(&k, "native", native);
    timed_here(&k, j, v);
    pr_key_i64(&k, "threads", j->threads);
    return pr_key_end(&k, key, err);
}

pare_status opt_key_settings(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "settings", PARE_CODE);
    timed_here(&k, j, v);
    pr_key_i64(&k, "threads", j->threads);
    pr_key_str(&k, "how", v->how);
    pr_key_str(&k, "state", pr_type_get(v->state)->name);
    pr_key_str(&k, "level", pr_cpu_level(pr_cpu_flags()));
    return pr_key_end(&k, key, err);
}

pare_status opt_key_bench(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    const opt_setting *s = &v->settings[v->chosen], *b = &j->base.settings[j->base.chosen];
    pr_key             k;
    pr_key_begin(&k, "bench", PARE_CODE);
    timed_here(&k, j, v);
    pr_key_i64(&k, "threads", s->threads);
    pr_key_i64(&k, "baseline_threads", b->threads);
    pr_key_str(&k, "level", pr_cpu_level(s->cpu_flags));
    pr_key_str(&k, "baseline_level", pr_cpu_level(b->cpu_flags));
    pr_key_str(&k, "state", pr_type_get(s->state)->name);
    pr_key_i64(&k, "context", j->window);
    pr_key_f64(&k, "seconds", j->o->seconds);
    return pr_key_end(&k, key, err);
}

/* ------------------------------------------------------------------ files */

pare_status opt_hash_file(const opt_job *j, const char *path, const char *task, char hex[65],
                          uint64_t *bytes, pare_err *err) {
    enum { PIECE = 8 << 20 }; /* some 20 ms: what may pass before a cancel is seen */
    pr_map map;
    PR_TRY(pr_map_open(&map, path, err));
    pr_sha256_ctx *h = pr_sha256_new();
    pare_status    st = h ? PARE_OK : pr_fail_nomem(err, 256);
    for (uint64_t at = 0; st == PARE_OK && at < map.n; at += PIECE) {
        uint64_t n = PR_MIN((uint64_t)PIECE, map.n - at);
        if ((st = pr_ctl_check(j->ctl, err)) != PARE_OK) break;
        pr_sha256_add(h, map.p + at, (size_t)n);
        pr_ctl_progress(j->ctl, task, "B", (double)(at + n), (double)map.n);
    }
    *bytes = map.n;
    if (h) {
        pr_sha256 sum = pr_sha256_end(h);
        pr_sha256_hex(&sum, hex);
    }
    pr_map_close(&map);
    return st;
}

pare_status opt_hash_artefact(opt_job *j, const char *path, const char *task, char hex[65],
                              uint64_t *bytes, pare_err *err) {
    const char **names;
    size_t       n;
    uint64_t     own;
    pr_buf       lines;
    pare_status  st = PARE_OK;
    if (!pr_path_is_dir(path)) return opt_hash_file(j, path, task, hex, bytes, err);
    PR_TRY(pr_dir_list(path, j->a, &names, &n, err));
    pr_buf_init(&lines, 1 << 20);
    *bytes = 0;
    for (size_t i = 0; i < n && st == PARE_OK; i++) {
        char *file = pr_path_join(j->a, path, names[i]);
        st = file ? opt_hash_file(j, file, task, hex, &own, err) : pr_fail_nomem(err, 256);
        if (st != PARE_OK) break;
        *bytes += own;
        pr_buf_printf(&lines, "%s  ./%s\n", hex, names[i]);
    }
    if (st == PARE_OK && lines.failed) st = pr_fail_nomem(err, 1 << 20);
    pr_sha256 h = pr_sha256_of(lines.p, lines.n);
    pr_sha256_hex(&h, hex);
    pr_buf_done(&lines);
    return st;
}
