/* runners.c - include/pare/runner.h: what probing every runner found, as a document. */
#include "flow.h"
#include "pare/runner.h"
#include "runner/runner.h"

static void set_text(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (*v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void set_devices(pr_doc_build *b, pare_doc *o, const char *names) {
    pare_doc *a = pr_doc_set_array(b, o, "devices");
    while (*names) {
        size_t n = strcspn(names, ",");
        pr_doc_add_strn(b, a, (pr_str){names, n});
        names += n + strspn(names + n, ", ");
    }
}

static pare_status add_runner(pr_doc_build *b, pare_doc *list, const pr_runner_kind *k, bool check,
                              const pare_ctl *ctl, pare_err *err) {
    pr_runner_info i;
    PR_TRY(pr_runner_probe(k, &(pr_runner_opts){.no_check = !check, .ctl = ctl}, &i, err));
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "name", k->name);
    pr_doc_set_bool(b, o, "found", i.found);
    if (i.found && !check) pr_doc_set_null(b, o, "verified");
    else pr_doc_set_bool(b, o, "verified", i.verified);
    set_text(b, o, "path", i.path);
    set_text(b, o, "version", i.version);
    set_devices(b, o, i.devices);
    set_text(b, o, "arithmetic", i.arithmetic);
    set_text(b, o, "state", i.state);
    pr_doc_set_str(b, o, "takes", k->takes);
    set_text(b, o, "reason", i.reason);
    pr_doc_set_str(b, o, "install", k->how_to_install);
    return PARE_OK;
}

pare_status pare_runners(const char *only, int check, const pare_ctl *ctl, pare_doc **out,
                         pare_err *err) {
    const pr_runner_kind *k, *one = NULL;
    pr_doc_build          b = {0};
    size_t                n = 0;
    pare_status           st = PARE_OK;
    *out = NULL;
    if (only) PR_TRY(pr_runner_find(only, &one, err));
    while (pr_runner_kind_at(n)) n++;
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_i64(&b, d, "schema", 1);
    pare_doc *list = pr_doc_set_array(&b, d, "runners");
    for (size_t i = 0; (k = pr_runner_kind_at(i)); i++) {
        pr_ctl_progress(ctl, k->name, "run", (double)i, (double)n);
        if (!one || one == k) PR_GO(add_runner(&b, list, k, check, ctl, err));
    }
done:
    if (st == PARE_OK) return pr_doc_done(&b, d, out, err);
    pare_doc_free(d);
    return st;
}
