/* grouping.c - which matrix gets which groups in a packed directory, and why. */
#include "convert.h"
#include <stdio.h>

/* The largest group that fills rows of `cols`, at most `s->group`, at least `least`. */
static bool smaller_group(const pr_group_spec *s, int64_t cols, int64_t least,
                          pr_group_spec *out) {
    pr_group_row r;
    *out = *s;
    for (; out->group >= least && out->group > 0; out->group /= 2)
        if (pr_group_row_of(out, cols, &r)) return true;
    return false;
}

static pare_status group_one(pr_outline *o, pr_item *it, const pr_group_spec *want,
                             int64_t least, bool strict, pare_err *err) {
    int64_t cols = (int64_t)it->dim[1];
    pr_group_spec fits, *got;
    it->asked = want;
    if (pr_group_row_of(want, cols, &(pr_group_row){0})) {
        it->as.group = want;
        return PARE_OK;
    }
    bool any = smaller_group(want, cols, least, &fits);
    if (strict)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "tensor '%s': rows of %lld are no whole groups of %lld", it->name,
                       (long long)cols, (long long)want->group);
    snprintf(it->choice.why, sizeof it->choice.why, "rows of %lld are no whole groups of %lld",
             (long long)cols, (long long)want->group);
    if (!any) return PARE_OK;
    PR_NEW(got, o->arena, 1, err);
    *got = fits;
    it->as.group = got;
    return PARE_OK;
}

pare_status pr_outline_group(pr_outline *o, const pr_group_spec *spec,
                             const pr_group_spec *head, int64_t least, pr_type type,
                             bool strict, pare_err *err) {
    for (int i = 0; i < o->n; i++) {
        pr_item *it = &o->items[i];
        it->as.type = type;
        it->choice = (pr_choice){.type = type, .asked = type};
        if (it->w && it->w->src->type != type && !pr_weight_readable(it->w))
            return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': pare cannot decode %s",
                           it->w->src->name, pr_type_get(it->w->src->type)->name);
        if (it->n_dims < 2) continue;
        bool ends = it->w->id.role == PR_ROLE_TOKEN_EMBD || it->w->id.role == PR_ROLE_OUTPUT;
        const pr_group_spec *want = ends ? head : spec;
        if (want) PR_TRY(group_one(o, it, want, least, strict, err));
    }
    return PARE_OK;
}
