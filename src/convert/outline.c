/* outline.c - which tensors go where, in which order, as which type, and the
 * report of it. Nothing here reads a weight. */
#include "convert.h"
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ order */

/* As llama.cpp's converter meets them: files by name, in each the tensors by name. */
static int as_converter(const void *pa, const void *pb) {
    const pr_item *a = pa, *b = pb;
    if (!a->w || !b->w) return (a->w != NULL) - (b->w != NULL);
    if (a->w->src->file != b->w->src->file) return a->w->src->file < b->w->src->file ? -1 : 1;
    return strcmp(a->w->src->name, b->w->src->name);
}

static int as_stored(const void *pa, const void *pb) {
    const pr_item *a = pa, *b = pb;
    if (!a->w || !b->w) return (a->w != NULL) - (b->w != NULL);
    const pr_tensor *x = a->w->src,
                    *y = b->w->src; /* of one array, in the order of the header */
    return x < y ? -1 : x > y;
}

/* As the model lists them: parts of one packed tensor have one name. */
static int as_listed(const void *pa, const void *pb) {
    const pr_item *a = pa, *b = pb;
    return a->w < b->w ? -1 : a->w > b->w;
}

/* As llama-quantize counts: those of the whole model, then layer by layer, by name. */
static int as_counted(const void *pa, const void *pb) {
    const pr_item *a = *(const pr_item *const *)pa, *b = *(const pr_item *const *)pb;
    int x = a->w ? a->w->id.layer : -1, y = b->w ? b->w->id.layer : -1;
    if (x != y) return x < y ? -1 : 1;
    return strcmp(a->name, b->name);
}

static pare_status add_table(pr_outline *o, const float *table, pare_err *err) {
    char name[128];
    pr_xf xf;
    int d_head;
    if (!table ||
        !pr_model_spell(o->m, o->to, (pr_tid){PR_ROLE_ROPE_FREQS, -1}, name, &xf, &d_head))
        return PARE_OK;
    pr_item *it = &o->items[o->n++];
    *it = (pr_item){.made = table,
                    .n_dims = 1,
                    .dim = {(uint64_t)o->m->hp.ropes[0].dim / 2, 1},
                    .name = pr_arena_str(o->arena, name, strlen(name))};
    return it->name ? PARE_OK : pr_fail_nomem(err, sizeof name);
}

static pare_status add_weight(pr_outline *o, const pr_weight *w, pare_err *err) {
    char name[128];
    pr_spelling as = {0};
    if (!pr_model_spell(o->m, o->to, w->id, name, &as.xf, &as.d_head)) {
        /* The architecture's own words on it are in `why` already, if it has any. */
        if (o->why.n == 0)
            pr_buf_printf(&o->why, "tensor '%s': %s has no place for it\n", w->src->name,
                          pr_dialect_name(o->to));
        return PARE_OK;
    }
    pr_item *it = &o->items[o->n++];
    bool matrix = w->src->n_dims >= 2;
    *it = (pr_item){.w = w,
                    .as = as,
                    .n_dims = matrix ? 2 : 1,
                    .name = pr_arena_str(o->arena, name, strlen(name))};
    it->dim[0] = (uint64_t)(matrix ? w->rows : w->cols);
    it->dim[1] = (uint64_t)(matrix ? w->cols : 1);
    return it->name ? PARE_OK : pr_fail_nomem(err, sizeof name);
}

pare_status pr_outline_init(pr_outline *o, const pr_model *m, pr_dialect to, pr_arena *a,
                           const float *table, pare_err *err) {
    *o = (pr_outline){.m = m, .to = to, .arena = a};
    pr_buf_init(&o->why, 1 << 16);
    PR_NEW(o->items, a, m->n_weights + 1, err);
    if (m->dialect != to) pr_model_inexact_in(m, to, &o->why);
    PR_TRY(add_table(o, table, err));
    for (int i = 0; i < m->n_weights; i++)
        if (to == PR_DIALECT_GGUF || m->weights[i].id.role != PR_ROLE_ROPE_FREQS)
            PR_TRY(add_weight(o, &m->weights[i], err));
    qsort(o->items, (size_t)o->n, sizeof *o->items,
          m->dialect == PR_DIALECT_HF     ? as_converter
          : m->dialect == PR_DIALECT_GGUF ? as_stored
                                          : as_listed);
    return PARE_OK;
}

void pr_outline_done(pr_outline *o) {
    pr_buf_done(&o->why);
}

/* ------------------------------------------------------------------ types */

/* What a type becomes where it is to be kept: itself if GGUF has it, else the smallest that
 * holds it. */
static pr_type kept(pr_type t, pr_dialect to) {
    const pr_type_info *i = pr_type_get(t);
    if (to == PR_DIALECT_GGUF ? i->gguf_id >= 0 && t != PR_F64 : i->st_name != NULL) return t;
    return t == PR_F8_E4M3 || t == PR_F8_E5M2 ? PR_BF16 : PR_F32;
}

/* Groups as the blocks of GGUF that say the same; else as floats, with the reason. */
static void keep_groups(pr_item *it) {
    static const pr_type blocks[] = {PR_Q4_0, PR_Q4_1, PR_Q5_0, PR_Q5_1, PR_Q8_0};
    const pr_weight *w = it->w;
    pr_group_spec g = *w->group;
    if (g.group == 0) g.group = w->cols; /* one group a row */
    int64_t n = w->rows * ((w->cols + g.group - 1) / g.group);
    char name[32];
    bool fp4 = g.rule == PR_GROUP_FP4; /* BF16 holds each of its values */
    bool whole = !fp4 && w->cols % 32 == 0 && w->cols % g.group == 0;
    it->choice.type = fp4 ? PR_BF16 : PR_F16;
    for (size_t i = PR_COUNT(blocks); whole && i-- > 0;) /* the smallest that fits */
        if (pr_group_fits(&g, w->scales->data, w->offsets ? w->offsets->data : NULL, n,
                          blocks[i]))
            it->choice.type = blocks[i];
    if (!fp4 && it->choice.type != PR_F16) return;
    it->asked = w->group;
    pr_group_name(w->group, name);
    snprintf(it->choice.why, sizeof it->choice.why, "no block of GGUF says this %s exactly",
             name);
}

static pare_status check_choice(const pr_item *it, pare_err *err) {
    const pr_type_info *to = pr_type_get(it->choice.type),
                       *from = it->w ? pr_type_get(it->w->src->type) : to;
    const pr_kernels *k = pr_kernels_get(0);
    uint64_t bytes;
    if (!pr_type_row_bytes(it->choice.type, it->dim[it->n_dims - 1], &bytes))
        return pr_fail(err, PARE_EREFUSED, -1,
                       "tensor '%s': rows of %llu are no whole blocks of %d for %s", it->name,
                       (unsigned long long)it->dim[it->n_dims - 1], to->block, to->name);
    if (from == to) return PARE_OK;
    if (!pr_encode_get(k, it->choice.type))
        return pr_fail(err, PARE_EREFUSED, -1, "tensor '%s': pare writes no %s", it->name,
                       to->name);
    if (!pr_weight_readable(it->w))
        return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)it->w->src->offset,
                       "tensor '%s': pare cannot decode %s", it->w->src->name, from->name);
    return PARE_OK;
}

static pare_status choose_one(pr_outline *o, pr_item *it, pr_choose_fn choose, void *user,
                              pr_type vector, pare_err *err) {
    pr_type own = it->w ? it->w->src->type : PR_F32;
    it->choice.type = it->n_dims < 2 && vector != PR_TYPE_N ? vector : kept(own, o->to);
    if (it->w && it->w->group && !choose) keep_groups(it);
    it->choice.asked = it->choice.type;
    if (it->n_dims >= 2 && choose)
        PR_TRY(choose(user, o->m, it->w, it->name, &it->choice, err));
    it->as.type = it->choice.type;
    it->as.weight = it->choice.weight;
    pare_status st = check_choice(it, err);
    if (st != PARE_EUNSUPPORTED) return st;
    return pr_fail_in(err, st, pr_container_path(o->m->file, it->w->src->file));
}

pare_status pr_outline_choose(pr_outline *o, pr_choose_fn choose, void *user, pr_type vector,
                              pare_err *err) {
    pr_item **list = pr_calloc((size_t)o->n + 1, sizeof *list);
    pare_status st = list ? PARE_OK : pr_fail_nomem(err, (uint64_t)o->n * sizeof *list);
    for (int i = 0; list && i < o->n; i++) list[i] = &o->items[i];
    if (list) qsort(list, (size_t)o->n, sizeof *list, as_counted);
    for (int i = 0; st == PARE_OK && i < o->n; i++)
        st = choose_one(o, list[i], choose, user, vector, err);
    pr_free(list);
    return st;
}

pare_status pr_choose_one(void *user, const pr_model *m, const pr_weight *w, const char *name,
                          pr_choice *out, pare_err *err) {
    const pr_type *t = user;
    uint64_t bytes;
    (void)m, (void)name, (void)err;
    *out = (pr_choice){.type = *t, .asked = *t};
    if (pr_type_row_bytes(*t, (uint64_t)w->cols, &bytes)) return PARE_OK;
    out->type = PR_F16;
    snprintf(out->why, sizeof out->why, "rows of %lld are no whole blocks of %d",
             (long long)w->cols, pr_type_get(*t)->block);
    return PARE_OK;
}

/* ------------------------------------------------------------------ inexact */

static pare_status keep_reasons(pr_outline *o, const pare_ctl *ctl, pr_written *out,
                                pare_err *err) {
    int n = 0;
    for (size_t i = 0; i < o->why.n; i++) n += o->why.p[i] == '\n';
    PR_NEW(out->inexact, o->arena, n + 1, err);
    for (const char *p = o->why.p; p && *p;) {
        const char *end = strchr(p, '\n');
        size_t len = end ? (size_t)(end - p) : strlen(p);
        char *line = pr_arena_str(o->arena, p, len);
        if (!line) return pr_fail_nomem(err, len);
        if (len) {
            out->inexact[out->n_inexact++] = line;
            pr_ctl_log(ctl, PARE_LOG_WARN, "not exact: %s", line);
        }
        p += len + (end != NULL);
    }
    return PARE_OK;
}

pare_status pr_outline_judge(pr_outline *o, bool allow, const pare_ctl *ctl, pr_written *out,
                             pare_err *err) {
    if (o->why.failed) return pr_fail_nomem(err, o->why.max);
    if (o->why.n == 0) return PARE_OK;
    if (allow) return keep_reasons(o, ctl, out, err);
    while (o->why.n && o->why.p[o->why.n - 1] == '\n') o->why.p[--o->why.n] = 0;
    for (size_t i = 0; i < o->why.n; i++)
        if (o->why.p[i] == '\n') o->why.p[i] = ';';
    pr_fail(
        err, PARE_EREFUSED, -1,
        "%s cannot say what this model computes: %s (--allow-inexact writes it all the same)",
        o->target ? o->target : pr_dialect_name(o->to), o->why.p);
    return pr_fail_in(err, PARE_EREFUSED, o->m->path);
}

/* ------------------------------------------------------------------ report */

static uint64_t row_bytes(const pr_written_tensor *t) {
    pr_group_row r;
    uint64_t n = 0;
    if (t->got_group && pr_group_row_of(t->got_group, t->cols, &r))
        return r.codes + r.scales + r.offsets;
    pr_type_row_bytes(t->got, (uint64_t)t->cols, &n);
    return n;
}

pare_status pr_report_begin(const pr_outline *o, pr_written *out, pare_err *err) {
    PR_NEW(out->tensors, o->arena, o->n + 1, err);
    out->n_tensors = o->n;
    for (int i = 0; i < o->n; i++) {
        const pr_item *it = &o->items[i];
        pr_written_tensor *t = &out->tensors[i];
        uint64_t row;
        pr_type from = it->w ? it->w->src->type : PR_F32;
        *t = (pr_written_tensor){.name = it->name,
                                 .role = it->w ? it->w->id.role : PR_ROLE_ROPE_FREQS,
                                 .layer = it->w ? it->w->id.layer : -1,
                                 .from = from,
                                 .from_group = it->w ? it->w->group : NULL,
                                 .asked = it->choice.asked,
                                 .got = it->choice.type,
                                 .asked_group = it->asked,
                                 .got_group = it->as.group,
                                 .lossless = true};
        t->rows = it->n_dims < 2 ? 1 : (int64_t)it->dim[0];
        t->cols = (int64_t)it->dim[it->n_dims - 1];
        t->why = pr_arena_str(o->arena, it->choice.why, strlen(it->choice.why));
        if (!t->why) return pr_fail_nomem(err, sizeof it->choice.why);
        row = row_bytes(t);
        t->bytes = row * (uint64_t)t->rows;
        t->twice = pr_type_get(from)->kind == PR_KIND_QUANT && t->got != from &&
                   pr_type_get(t->got)->kind == PR_KIND_QUANT;
        out->tensor_bytes += t->bytes;
        out->n_fallback += t->got != t->asked || t->got_group != t->asked_group;
        out->n_twice += t->twice;
        if (pr_role_class_of(t->role) != PR_CLASS_TABLE) out->n_params += t->rows * t->cols;
    }
    out->bpw = out->n_params ? 8.0 * (double)out->tensor_bytes / (double)out->n_params : 0;
    return PARE_OK;
}

void pr_report_tensor(pr_written *out, int i, bool lossless) {
    pr_written_tensor *t = &out->tensors[i];
    t->lossless = lossless;
    if (!t->got_group && !t->from_group) return;
    bool was = t->from_group || pr_type_get(t->from)->kind == PR_KIND_QUANT,
         is = t->got_group || pr_type_get(t->got)->kind == PR_KIND_QUANT;
    bool twice = !lossless && was && is;
    out->n_twice += twice - t->twice;
    t->twice = twice;
}

pare_status pr_report_warn(pr_written *out, pr_arena *a, const pare_ctl *ctl, const char *line,
                           pare_err *err) {
    const char **more;
    PR_NEW(more, a, out->n_warnings + 1, err);
    for (int i = 0; i < out->n_warnings; i++) more[i] = out->warnings[i];
    more[out->n_warnings] = pr_arena_str(a, line, strlen(line));
    if (!more[out->n_warnings]) return pr_fail_nomem(err, strlen(line));
    out->warnings = more;
    out->n_warnings++;
    pr_ctl_log(ctl, PARE_LOG_WARN, "%s", line);
    return PARE_OK;
}
