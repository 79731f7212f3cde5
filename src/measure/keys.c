/* keys.c - what a measurement depends on, as the key of its record. */
#include "keys.h"
#include "pare_version.h"
#include "store/store.h"

/* NULL has a value of its own, unlike any hash. */
static void key_sha(pr_key *k, const char *name, const pr_sha256 *h) {
    if (h) pr_key_sha(k, name, h);
    else pr_key_str(k, name, NULL);
}

pare_status pr_eval_key(const pr_sha256 *model, const pr_sha256 *ref, const pr_sha256 *text,
                        const pr_eval_opts *o, char key[65], pare_err *err) {
    pr_key k;
    if (o->window <= 0)
        return pr_fail(err, PARE_EUSAGE, -1, "the key of an evaluation needs its window");
    pr_key_begin(&k, "eval", PARE_VERSION);
    key_sha(&k, "model", model);
    key_sha(&k, "reference", ref);
    key_sha(&k, "text", text);
    pr_key_i64(&k, "window", o->window);
    pr_key_i64(&k, "windows", o->n_windows);
    pr_key_i64(&k, "state", o->state);
    pr_key_bool(&k, "exact", o->exact);
    pr_key_str(&k, "separator", o->separator);
    pr_key_bool(&k, "whole", o->whole_documents);
    return pr_key_end(&k, key, err);
}

pare_status pr_choices_key(const pr_sha256 *model, const pr_sha256 *text, int64_t n_tasks,
                           const pr_eval_opts *o, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "choices", PARE_VERSION);
    key_sha(&k, "model", model);
    key_sha(&k, "text", text);
    pr_key_i64(&k, "tasks", n_tasks);
    pr_key_i64(&k, "state", o->state);
    pr_key_bool(&k, "exact", o->exact);
    return pr_key_end(&k, key, err);
}

static void key_session(pr_key *k, const pr_session_opts *so) {
    uint32_t flags = so->cpu_flags ? so->cpu_flags : pr_cpu_flags();
    pr_key_i64(k, "threads", so->n_threads > 0 ? so->n_threads : pr_threads_default());
    pr_key_i64(k, "context", so->n_ctx);
    pr_key_i64(k, "batch", so->n_batch);
    pr_key_i64(k, "state", so->state);
    pr_key_bool(k, "exact", so->exact);
    pr_key_str(k, "level", so->reference ? "reference" : pr_cpu_level(flags));
}

pare_status pr_bench_key(const pr_sha256 *model, const pr_sha256 *base, const pr_sha256 *f32,
                         const char *machine, const pr_session_opts *so, const pr_bench_opts *o,
                         char key[65], pare_err *err) {
    pr_key    k;
    pr_sha256 text;
    bool      has_text = o->ids && o->n_ids > 0;
    if (has_text) text = pr_sha256_of(o->ids, (size_t)o->n_ids * sizeof *o->ids);
    pr_key_begin(&k, "bench", PARE_VERSION);
    key_sha(&k, "model", model);
    key_sha(&k, "base", base);
    key_sha(&k, "f32", f32);
    pr_key_str(&k, "machine", machine);
    key_session(&k, so);
    pr_key_i64(&k, "prompt", o->prompt_tokens);
    pr_key_i64(&k, "decode", o->decode_tokens);
    pr_key_i64(&k, "rounds", o->rounds);
    pr_key_f64(&k, "seconds", o->seconds);
    key_sha(&k, "text", has_text ? &text : NULL);
    return pr_key_end(&k, key, err);
}
