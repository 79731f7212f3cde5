/* prune_job.c - what --prune asks for: a smaller model before anything is written. */
#include "flow.h"
#include <stdio.h>

typedef struct {
    const pare_convert_opts *o;
} wish;

/* What of a model will be written. Groups go with the values; so do what GGUF cannot name. */
static uint64_t bytes_written(void *user, const pr_model *m) {
    const wish      *w = user;
    pr_type_forecast f;
    if (strcmp(w->o->to, "gguf") == 0 && w->o->quant &&
        pr_type_plan_forecast(m, w->o->quant, &f, NULL) == PARE_OK)
        return f.tensor_bytes;
    return (uint64_t)pr_model_n_params(m);
}

/* The folder of `path`: where the result will have room, its copied weights have. */
static const char *folder_of(pr_arena *a, const char *path) {
    const char *base = pr_path_base(path);
    return base == path ? "." : pr_arena_str(a, path, (size_t)(base - path));
}

static pare_status text_of(const char *src, const pare_convert_opts *o, pr_arena *a, pr_map *map,
                           const char **path, pare_err *err) {
    *path = o->calib ? o->calib : pr_path_join(a, src, "text/train.txt");
    if (!*path) return pr_fail_nomem(err, 4096);
    if (!o->calib && !pr_path_exists(*path))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "what can be taken out is measured on a text: expected --calib TEXT (the "
                       "source has no text/train.txt)");
    return pr_map_open(map, *path, err);
}

static pare_status put(const pr_model *m, const pare_convert_opts *o, const char *text,
                       const pr_prune_plan *p, pare_doc **out, pare_err *err) {
    pr_doc_build        b = {0};
    const pr_prune_way *w = &p->way[p->choice];
    char                said[512];
    pare_doc           *d = pr_doc_object(&b);
    pr_prune_say(m, w, said, sizeof said);
    pr_doc_set_f64(&b, d, "asked", o->prune);
    pr_doc_set_f64(&b, d, "share", w->share);
    pr_doc_set_str(&b, d, "without", said);
    pr_doc_set_path(&b, d, "text", text);
    pr_prune_put(&b, d, m, p);
    return pr_doc_done(&b, d, out, err);
}

pare_status pr_prune_job(const pr_model *m, const char *src, const pare_convert_opts *o,
                         const pare_ctl *ctl, pr_arena *a, pr_pruned **out, pare_doc **found,
                         pare_err *err) {
    pr_map        map = {0};
    const char   *path;
    wish          w = {o};
    pr_prune_plan plan;
    pare_status   st;
    *out = NULL;
    *found = NULL;
    if (o->prune == 0) return PARE_OK;
    const char *dir = folder_of(a, o->out);
    if (!dir) return pr_fail_nomem(err, strlen(o->out));
    PR_TRY(text_of(src, o, a, &map, &path, err));
    pr_prune_opts po = {.share = o->prune,
                        .text = {(const char *)map.p, (size_t)map.n},
                        .dir = dir,
                        .bytes = bytes_written,
                        .user = &w};
    PR_GO(pr_prune_find(&plan, m, &po, ctl, a, err));
    PR_GO(pr_pruned_new(out, m, &plan.way[plan.choice].cut, dir, ctl, err));
    PR_GO(put(m, o, path, &plan, found, err));
done:
    if (st == PARE_EINPUT) pr_fail_in(err, st, path);
    if (st != PARE_OK) {
        pr_pruned_free(*out);
        *out = NULL;
    }
    pr_map_close(&map);
    return st;
}

pare_status pr_prune_check(const pr_model *m, const pare_convert_opts *o, pr_doc_build *b,
                           pare_doc *c, pare_err *err) {
    pr_model   *back;
    pr_buf      why;
    pare_err    e = {0};
    pare_status st = PARE_OK;
    pr_doc_set_bool(b, c, "done", false);
    pr_doc_set_null(b, c, "within");
    if (o->no_check || pr_model_open(&back, o->out, &e) != PARE_OK) {
        pr_doc_set_str(b, c, "reason", o->no_check ? "--no-check" : e.msg);
        return PARE_OK;
    }
    pr_buf_init(&why, 1 << 14);
    int n = pr_model_differences(m, back, &why);
    pr_doc_set_str(
        b, c, "reason",
        n ? "what was written is not what was left"
          : "no file says what a pruned model computes; its weights were read back and are "
            "those that were left");
    if (n) {
        st = pr_fail(err, PARE_EREFUSED, -1,
                     "it was written and is kept, but is not what was left: %.*s",
                     (int)strcspn(why.p, "\n"), why.p);
        pr_fail_in(err, st, o->out);
    }
    pr_buf_done(&why);
    pr_model_close(back);
    return st;
}
