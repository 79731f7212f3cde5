/* stream.c - map → order of rows → decode → encode → sink, slab by slab.
 *
 * Always true: a row's bytes depend on that row alone, so threads, slabs and their
 * sizes leave no trace; rows reach the sink in order; the first bad row in that
 * order is the one that is reported. Two permutations that undo each other are never
 * carried out: where the types agree as well, bytes are handed on as they lie.
 *
 * Two slabs: while the team fills one, one member hands the other to the sinks and one hashes it.
 * These are tasks like the rows are, so with one thread they follow each other, and no thread
 * beyond the team is there. */
#include "convert.h"

enum { TASKS_PER_THREAD = 16, STACK_BYTES = 1 << 20, TURNED_ROWS = 32, APART = 64 };

/* ------------------------------------------------------------------ open */

/* As many threads as the memory pays for: a stack and some rows each. */
static int threads_for(const pare_ctl *ctl, int64_t widest, int64_t rows) {
    int n = ctl && ctl->n_threads > 0 ? ctl->n_threads : pr_threads_default();
    uint64_t most =
        ctl && ctl->work_memory_bytes ? ctl->work_memory_bytes : (uint64_t)512 << 20;
    uint64_t each = STACK_BYTES + (uint64_t)rows * (uint64_t)widest * sizeof(float);
    uint64_t room = most / 4 / each;
    return room < 1 ? 1 : n < (int64_t)room ? n : (int)room;
}

pare_status pr_stream_open(pr_stream *s, const pr_model *m, const char *task,
                           const pare_ctl *ctl, pare_err *err) {
    *s = (pr_stream){.file = m->file,
                     .ctl = ctl,
                     .task = task,
                     .k = pr_kernels_get(pr_cpu_flags()),
                     .widest = 1};
    int64_t rows = 2; /* each thread's scratch */
    for (int i = 0; i < m->n_weights; i++) {
        s->widest = PR_MAX(s->widest, m->weights[i].cols);
        if (m->weights[i].stride) rows = 2 + TURNED_ROWS;
        s->total += (double)m->weights[i].src->bytes;
    }
    s->slab_bytes =
        PR_MAX((size_t)PR_SLAB_BYTES, (size_t)s->widest * sizeof(double) + 3 * APART);
    PR_TRY(pr_pool_new(&s->pool, threads_for(ctl, s->widest, rows), err));
    for (int i = 0; i < 2; i++)
        s->slab[i].mem = pr_alloc_aligned(s->slab_bytes, PR_CACHE_LINE);
    s->rows = rows;
    s->row =
        pr_calloc((size_t)(s->widest * rows), (size_t)pr_pool_size(s->pool) * sizeof *s->row);
    if (s->slab[0].mem && s->slab[1].mem && s->row) return PARE_OK;
    pr_fail_nomem(err, s->slab_bytes);
    return pr_stream_close(s, PARE_ENOMEM, NULL);
}

pare_status pr_stream_close(pr_stream *s, pare_status so_far, pare_err *err) {
    if (so_far == PARE_OK) so_far = pr_stream_drain(s, err);
    pr_pool_free(s->pool);
    for (int i = 0; i < 2; i++) pr_free(s->slab[i].mem);
    pr_free(s->row);
    *s = (pr_stream){0};
    return so_far;
}

/* ------------------------------------------------------------------ the way out */

/* The slab that is not being filled: to the sinks, or into the hash. */
static void put_slab(pr_stream *s) {
    pr_slab *w = &s->slab[!s->filling];
    pare_status st = PARE_OK;
    for (int i = 0; i < w->n && st == PARE_OK; i++)
        st = w->piece[i].sink(w->piece[i].to, w->piece[i].p, w->piece[i].n, &s->put_err);
    s->put_err.status = st;
}

static void hash_slab(pr_stream *s) {
    pr_slab *w = &s->slab[!s->filling];
    for (int i = 0; s->hash && i < w->n; i++)
        pr_sha256_add(s->hash, w->piece[i].p, w->piece[i].n);
}

static void put_or_hash(void *ctx, int64_t task, int me) {
    (void)me;
    if (task == 0) put_slab(ctx);
    else hash_slab(ctx);
}

/* Tasks that the waiting slab is. */
static int64_t waiting(const pr_stream *s) {
    return s->slab[!s->filling].n ? 2 : 0;
}

static void drop(const pr_stream *s, const pr_weight *w) {
    pr_container_drop(s->file, w->src);
    if (w->scales) pr_container_drop(s->file, w->scales);
    if (w->offsets) pr_container_drop(s->file, w->offsets);
}

/* It has been put. */
static pare_status put_done(pr_stream *s, pare_err *err) {
    pr_slab *w = &s->slab[!s->filling];
    if (w->n == 0) return PARE_OK;
    for (int i = 0; i < w->n; i++)
        if (w->piece[i].drop) drop(s, w->piece[i].drop);
    w->n = 0;
    w->used = 0;
    if (s->put_err.status != PARE_OK && err) *err = s->put_err;
    return s->put_err.status;
}

static pare_status turn_slabs(pr_stream *s, pare_err *err) {
    pr_pool_for(s->pool, waiting(s), put_or_hash, s);
    PR_TRY(put_done(s, err));
    s->filling = !s->filling;
    return PARE_OK;
}

pare_status pr_stream_drain(pr_stream *s, pare_err *err) {
    PR_TRY(turn_slabs(s, err));
    return turn_slabs(s, err);
}

/* Room for `rows` rows of `each` bytes in `pieces` parts, or for as many as make a slab worth its
 * trip, and never less than one; *room: bytes that there are for them. */
static pare_status make_room(pr_stream *s, int64_t rows, uint64_t each, int pieces,
                             size_t *room, pare_err *err) {
    pr_slab *f = &s->slab[s->filling];
    size_t edges = (size_t)pieces * APART;
    *room = s->slab_bytes - PR_MIN(f->used + edges, s->slab_bytes);
    if (f->n + pieces <= PR_SLAB_PIECES &&
        ((uint64_t)rows * each <= *room || (*room >= s->slab_bytes / 2 && each <= *room)))
        return PARE_OK;
    *room = s->slab_bytes - edges;
    return turn_slabs(s, err);
}

/* The source of what was handed on is not read again, once that is out. */
static void drop_later(pr_stream *s, const pr_weight *w) {
    pr_slab *f = &s->slab[s->filling];
    if (f->n) f->piece[f->n - 1].drop = w;
}

static uint8_t *next_room(pr_stream *s) {
    return s->slab[s->filling].mem + s->slab[s->filling].used;
}

/* `n` bytes from the place given by next_room, or (in their stead) from `p`, go their way. */
static void hand_on(pr_stream *s, pr_sink sink, void *to, const uint8_t *p, uint64_t n) {
    pr_slab *f = &s->slab[s->filling];
    if (!n) return;
    f->piece[f->n].drop = NULL;
    f->piece[f->n].sink = sink;
    f->piece[f->n].to = to;
    f->piece[f->n].p = p;
    f->piece[f->n++].n = (size_t)n;
    f->used += (size_t)((n + APART - 1) / APART * APART);
}

/* ------------------------------------------------------------------ one tensor */

typedef enum { FINE, NOT_FINITE, TOO_LARGE } verdict;

/* One slab of work; `first` and `n` are rows as written. */
typedef struct {
    pr_stream *s;
    const pr_weight *w;
    pr_spelling as;
    int64_t first, n, per_task;
    uint64_t in_bytes, out_bytes; /* of a row */
    bool decode;                  /* the source's values can be looked into */
    bool give;                    /* groups into blocks: taken over where they say the same */
    pr_row_decode back;           /* NULL: what is written cannot be looked into */
    pr_row_encode encode;         /* NULL: rows are copied */
    bool round;                   /* in groups: values are rounded to the scale's type first */
    bool compare, in_place;       /* see whether values change; nothing goes to the slab */
    uint8_t *dst;                 /* the first row's place */
    pr_group_row parts;           /* in groups: bytes of a row in each of the three */
    uint8_t *part[3];             /* where they start in the slab */
    int64_t waiting;              /* tasks before those of rows */
    struct {
        verdict bad;
        int64_t row, col;
        float value;
        bool changed;
    } found[256];
} slab;

/* The stored row of the source that becomes row `r` of what is written. */
static int64_t source_row(const slab *b, int64_t r) {
    if (b->w->xf == b->as.xf && b->w->d_head == b->as.d_head) return r;
    if (b->as.xf == PR_XF_PAIRS) {
        int64_t d = b->as.d_head, i = r % d;
        r = r - i + (i % 2 ? d / 2 + i / 2 : i / 2);
    }
    return pr_weight_stored_row(b->w, r);
}

/* Of finite numbers. */
static float largest(const slab *b, const float *x) {
    return pr_f32_bits(b->s->k->row_top(x, b->w->cols));
}

/* Where F16, as value or as scale of a block, may not reach. */
static bool may_overflow(pr_type t, float most) {
    return t == PR_F16    ? most >= 65520.0f
           : t == PR_BF16 ? most > 3.38e38f
                          : pr_type_get(t)->kind == PR_KIND_QUANT && most >= 32768.0f;
}

static void note(slab *b, int64_t task, verdict v, int64_t row, int64_t col, float value) {
    if (b->found[task].bad != FINE) return;
    b->found[task].bad = v;
    b->found[task].row = row;
    b->found[task].col = col;
    b->found[task].value = value;
}

/* The first value that the written row lost to the limits of its type, or -1. Scales of blocks
 * that F16 cannot hold are cut to its largest number: what comes back then is far too small;
 * rounding alone never halves the largest value of a row. */
static int64_t lost_value(const slab *b, const float *x, const float *y, float most) {
    bool blocks = b->as.group || pr_type_get(b->as.type)->kind == PR_KIND_QUANT;
    if (!blocks && !b->s->k->row_nonfinite(y, b->w->cols)) return -1;
    for (int64_t i = 0; i < b->w->cols; i++) {
        float v = x[i] < 0 ? -x[i] : x[i], u = y[i] < 0 ? -y[i] : y[i];
        if (u - u != 0 || (blocks && v == most && u < v / 2)) return i;
    }
    return -1;
}

static void look_back(slab *b, int64_t task, int64_t row, const void *out, const float *x,
                      float *y, float most) {
    b->back(y, out, b->w->cols);
    if (memcmp(x, y, (size_t)b->w->cols * sizeof *x) != 0) b->found[task].changed = true;
    int64_t col = lost_value(b, x, y, most);
    if (col >= 0) note(b, task, TOO_LARGE, row, col, x[col]);
}

/* Are the source's groups those that are wanted, as they are or told in another way? Whether a
 * short last group would be filled says nothing where all are whole. */
static bool lie_alike(const slab *b) {
    if (!b->w->group) return false;
    pr_group_spec have = *b->w->group, want = *b->as.group;
    if (want.group == 0 || b->w->cols % want.group == 0) have.pad = want.pad;
    if (have.group == 0) have.group = b->w->cols; /* one group a row */
    if (want.group == 0) want.group = b->w->cols;
    have.wide_zeros = want.wide_zeros;
    if (have.bits == 4 || have.bits == 8) have.twos = want.twos;
    return pr_group_same(&have, &want);
}

/* The same codes counted from 0 or from the middle; the same zero points in bytes or in halves. */
static void take_over(const slab *b, int64_t from, uint8_t *codes, uint8_t *scales,
                      uint8_t *offsets) {
    const pr_group_spec *have = b->w->group, *want = b->as.group;
    pr_weight_parts p = pr_weight_parts_at(b->w, from);
    memcpy(codes, p.codes, b->parts.codes);
    memcpy(scales, p.scales, b->parts.scales);
    bool turned = have->rule == PR_GROUP_SYM && have->twos != want->twos;
    uint8_t flip = !turned ? 0 : have->bits == 8 ? 0x80 : 0x88;
    for (uint64_t i = 0; flip && i < b->parts.codes; i++) codes[i] ^= flip;
    if (!b->parts.offsets) return;
    if (have->bits != 4 || have->wide_zeros == want->wide_zeros) {
        memcpy(offsets, p.offsets, b->parts.offsets);
        return;
    }
    memset(offsets, 0, b->parts.offsets);
    for (int64_t i = 0; i < b->parts.groups; i++) {
        const uint8_t *z = p.offsets;
        if (want->wide_zeros) offsets[i] = z[i / 2] >> (i % 2 * 4) & 15;
        else offsets[i / 2] = (uint8_t)(offsets[i / 2] | (z[i] & 15) << (i % 2 * 4));
    }
}

/* A row in groups: taken over if it can be, else searched. */
static void row_in_groups(slab *b, int64_t task, int64_t r, float *x, uint32_t top) {
    const pr_group_spec *g = b->as.group;
    int64_t from = source_row(b, r);
    const uint8_t *src = b->w->src->data + (uint64_t)from * b->in_bytes;
    const pr_kernels *k = b->s->k;
    uint64_t i = (uint64_t)(r - b->first);
    uint8_t *codes = b->part[0] + i * b->parts.codes,
            *scales = b->part[1] + i * b->parts.scales,
            *offsets = b->part[2] + i * b->parts.offsets;
    if (lie_alike(b)) {
        take_over(b, from, codes, scales, offsets);
        return;
    }
    if (!b->w->group &&
        pr_group_take(g, codes, scales, offsets, b->w->src->type, src, b->w->cols))
        return;
    b->found[task].changed = true;
    if (b->round) { /* the format computes on values of its own precision */
        uint16_t *h = (uint16_t *)(x + b->s->widest);
        b->encode(h, x, b->w->cols, NULL);
        b->back(x, h, b->w->cols);
    }
    k->group_encode(g, codes, scales, offsets, x, b->w->cols);
    if (top < pr_bits_f32(32768.0f)) return; /* no scale of binary16 was cut */
    float most = largest(b, x), *y = x + b->s->widest;
    k->group_decode(g, y, codes, scales, offsets, b->w->cols);
    int64_t col = lost_value(b, x, y, most);
    if (col >= 0) note(b, task, TOO_LARGE, from, col, x[col]);
}

/* Groups that a block type says as they are. */
static bool row_given(const slab *b, int64_t row, void *dst) {
    pr_weight_parts p = pr_weight_parts_at(b->w, row);
    return pr_group_give(b->w->group, p.codes, p.scales, p.offsets, b->as.type, dst,
                         b->w->cols);
}

/* `turned`: the row's place among those that were decoded together, or -1. */
static void one_row(slab *b, int64_t task, int64_t r, int64_t turned, float *x) {
    const pr_kernels *k = b->s->k;
    int64_t n = b->w->cols, from = source_row(b, r);
    const uint8_t *src = b->w->src->data + (uint64_t)from * b->in_bytes;
    uint32_t top = 0;
    uint8_t *dst = b->dst + (uint64_t)(r - b->first) * b->out_bytes;
    if (b->decode) {
        if (turned >= 0)
            memcpy(x, x + 2 * b->s->widest + turned * n, (size_t)n * sizeof *x);
        else
            pr_weight_decode(b->w, k, from, 1, x);
        if ((top = k->row_top(x, n)) >= 0x7f800000u) {
            int64_t col = 0;
            while (x[col] - x[col] == 0) col++;
            note(b, task, NOT_FINITE, from, col, x[col]);
            return;
        }
    }
    if (b->in_place) return;
    if (b->as.group) {
        row_in_groups(b, task, r, x, top);
        return;
    }
    if (b->give) {
        if (row_given(b, from, dst)) return;
        b->found[task].changed = true;
    }
    if (!b->encode) {
        memcpy(dst, src, b->out_bytes);
        return;
    }
    b->encode(dst, x, n, b->as.weight);
    if (b->back && (b->compare || may_overflow(b->as.type, pr_f32_bits(top))))
        look_back(b, task, from, dst, x, x + b->s->widest, pr_f32_bits(top));
}

static void some_rows(void *ctx, int64_t task, int me) {
    slab *b = ctx;
    if (task < b->waiting) {
        put_or_hash(b->s, task, me);
        return;
    }
    task -= b->waiting;
    float *x = b->s->row + (size_t)me * (size_t)(b->s->rows * b->s->widest);
    int64_t from = b->first + task * b->per_task,
            to = PR_MIN(from + b->per_task, b->first + b->n);
    bool together = b->w->stride && b->w->xf == b->as.xf && b->w->d_head == b->as.d_head;
    for (int64_t r = from; r < to && b->found[task].bad == FINE; r++) {
        if (together && (r - from) % TURNED_ROWS == 0) /* neighbours lie side by side */
            pr_weight_decode(b->w, b->s->k, r, PR_MIN((int64_t)TURNED_ROWS, to - r),
                             x + 2 * b->s->widest);
        one_row(b, task, r, together ? (r - from) % TURNED_ROWS : -1, x);
    }
}

static pare_status complain(const slab *b, int64_t task, pare_err *err) {
    const pr_tensor *t = b->w->src;
    long long row = b->found[task].row, col = b->found[task].col;
    float v = b->found[task].value;
    if (b->found[task].bad == NOT_FINITE)
        pr_fail(err, PARE_EINPUT, (int64_t)(t->offset + (uint64_t)row * b->in_bytes),
                "tensor '%s' holds a %s in row %lld, column %lld: expected finite numbers",
                t->name, v != v ? "NaN" : "infinity", row, col);
    else
        pr_fail(err, PARE_EINPUT, (int64_t)(t->offset + (uint64_t)row * b->in_bytes),
                "tensor '%s' holds %g in row %lld, column %lld, which %s cannot hold: take "
                "BF16 or F32",
                t->name, (double)v, row, col,
                b->as.group ? "a scale of 16 bits" : pr_type_get(b->as.type)->name);
    return pr_fail_in(err, PARE_EINPUT, pr_container_path(b->s->file, t->file));
}

static pare_status run_slab(slab *b, bool *lossless, pare_err *err) {
    int64_t tasks = PR_MIN((int64_t)pr_pool_size(b->s->pool) * TASKS_PER_THREAD,
                           (int64_t)PR_COUNT(b->found));
    b->per_task = (b->n + tasks - 1) / tasks;
    if (b->w->stride) b->per_task = PR_MAX(b->per_task, (int64_t)TURNED_ROWS);
    tasks = (b->n + b->per_task - 1) / b->per_task;
    memset(b->found, 0, sizeof b->found);
    b->waiting = waiting(b->s);
    pr_pool_for(b->s->pool, b->waiting + tasks, some_rows, b);
    PR_TRY(put_done(b->s, err));
    for (int64_t i = 0; i < tasks; i++) {
        if (b->found[i].bad != FINE) return complain(b, i, err);
        if (b->found[i].changed) *lossless = false;
    }
    return PARE_OK;
}

static pare_status step_done(pr_stream *s, uint64_t read, pare_err *err) {
    s->done += (double)read;
    pr_ctl_progress(s->ctl, s->task, "B", s->done, s->total);
    return pr_ctl_check(s->ctl, err);
}

static pare_status run_rows(slab *b, pr_sink sink, void *to, bool *lossless, pare_err *err) {
    size_t room;
    for (b->first = 0; b->first < b->w->rows; b->first += b->n) {
        int64_t left = b->w->rows - b->first;
        PR_TRY(make_room(b->s, left, b->out_bytes, 1, &room, err));
        b->n = PR_MIN((int64_t)(room / PR_MAX(b->out_bytes, (uint64_t)1)), left);
        b->dst = next_room(b->s);
        PR_TRY(run_slab(b, lossless, err));
        const uint8_t *p =
            b->in_place ? b->w->src->data + (uint64_t)b->first * b->in_bytes : b->dst;
        hand_on(b->s, sink, to, p, (uint64_t)b->n * b->out_bytes);
        PR_TRY(step_done(b->s, (uint64_t)b->n * b->in_bytes, err));
    }
    return PARE_OK;
}

/* The same with the slab in three parts, each with its own way out. */
static pare_status run_groups(slab *b, pr_sink sink, void *to[3], bool *lossless,
                              pare_err *err) {
    const uint64_t each[3] = {b->parts.codes, b->parts.scales, b->parts.offsets};
    size_t room;
    for (b->first = 0; b->first < b->w->rows; b->first += b->n) {
        int64_t left = b->w->rows - b->first;
        PR_TRY(make_room(b->s, left, b->out_bytes, 3, &room, err));
        b->n = PR_MIN((int64_t)(room / b->out_bytes), left);
        b->part[0] = next_room(b->s);
        for (int p = 1; p < 3; p++)
            b->part[p] = b->part[p - 1] +
                         ((uint64_t)b->n * each[p - 1] + APART - 1) / APART * APART;
        PR_TRY(run_slab(b, lossless, err));
        for (int p = 0; p < 3; p++)
            hand_on(b->s, sink, to[p], b->part[p], (uint64_t)b->n * each[p]);
        PR_TRY(step_done(b->s, (uint64_t)b->n * b->in_bytes, err));
    }
    return PARE_OK;
}

pare_status pr_stream_groups(pr_stream *s, const pr_weight *w, pr_spelling as, pr_sink sink,
                             void *to[3], bool *lossless, pare_err *err) {
    slab b = {.s = s, .w = w, .as = as, .decode = pr_weight_readable(w)};
    *lossless = true;
    b.in_bytes = pr_weight_row_bytes(w);
    if (!b.decode)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': pare cannot decode %s",
                       w->src->name, pr_type_get(w->src->type)->name);
    if (!pr_group_row_of(as.group, w->cols, &b.parts))
        return pr_fail(err, PARE_EINTERNAL, -1,
                       "tensor '%s': rows of %lld do not make groups of %lld", w->src->name,
                       (long long)w->cols, (long long)as.group->group);
    b.out_bytes = b.parts.codes + b.parts.scales + b.parts.offsets;
    b.round = (as.group->rule == PR_GROUP_MLX || as.group->rule == PR_GROUP_FP4) &&
              as.group->scale != PR_F32 &&
              as.group->scale != w->src->type;
    b.encode = pr_encode_get(s->k, as.group->scale);
    b.back = pr_decode_get(s->k, as.group->scale);
    pare_status st = run_groups(&b, sink, to, lossless, err);
    drop(s, w);
    return st;
}

/* ------------------------------------------------------------------ vectors */

/* A bias follows its matrix's rows: its single values are permuted. */
static void permute_values(const slab *b, const float *x, float *y) {
    for (int64_t i = 0; i < b->w->cols; i++) y[i] = x[source_row(b, i)];
}

static pare_status run_vector(slab *b, pr_sink sink, void *to, bool *lossless, pare_err *err) {
    float *x = b->s->row, *y = x + b->s->widest;
    int64_t n = b->w->cols;
    size_t room;
    PR_TRY(make_room(b->s, 1, b->out_bytes, 1, &room, err));
    b->dst = next_room(b->s);
    pr_weight_decode(b->w, b->s->k, 0, 1, x);
    for (int64_t i = 0; i < n; i++)
        if (x[i] - x[i] != 0) {
            note(b, 0, NOT_FINITE, 0, i, x[i]);
            return complain(b, 0, err);
        }
    permute_values(b, x, y);
    b->encode(b->dst, y, n, NULL);
    look_back(b, 0, 0, b->dst, y, x, largest(b, y));
    if (b->found[0].bad != FINE) return complain(b, 0, err);
    if (b->found[0].changed) *lossless = false;
    hand_on(b->s, sink, to, b->dst, b->out_bytes);
    return step_done(b->s, b->in_bytes, err);
}

pare_status pr_stream_weight(pr_stream *s, const pr_weight *w, pr_spelling as, pr_sink sink,
                             void *to, bool *lossless, pare_err *err) {
    slab b = {.s = s, .w = w, .as = as, .decode = pr_weight_readable(w)};
    bool same = !w->group && !w->stride && w->src->type == as.type,
         straight = w->xf == as.xf && w->d_head == as.d_head;
    *lossless = true;
    b.in_bytes = pr_weight_row_bytes(w);
    if (!pr_type_row_bytes(as.type, (uint64_t)w->cols, &b.out_bytes))
        return pr_fail(err, PARE_EINTERNAL, -1,
                       "tensor '%s': rows of %lld are no whole blocks of %s", w->src->name,
                       (long long)w->cols, pr_type_get(as.type)->name);
    if (!same || (w->rows == 1 && !straight)) {
        b.encode = pr_encode_get(s->k, as.type);
        b.back = pr_decode_get(s->k, as.type);
        if (!b.decode || !b.encode)
            return pr_fail(err, PARE_EUNSUPPORTED, -1,
                           "tensor '%s': pare cannot turn %s into %s", w->src->name,
                           pr_type_get(w->src->type)->name, pr_type_get(as.type)->name);
        /* Blocks round by nature; among floats one looks whether anything was lost. */
        b.compare = b.back && pr_type_get(as.type)->kind == PR_KIND_FLOAT && as.type != PR_F32;
        b.give = w->group && pr_type_get(as.type)->kind == PR_KIND_QUANT;
        *lossless =
            b.give || (pr_type_get(as.type)->kind == PR_KIND_FLOAT && w->src->type != PR_F64);
    }
    b.in_place = same && straight;
    pare_status st = w->rows == 1 && !straight ? run_vector(&b, sink, to, lossless, err)
                                               : run_rows(&b, sink, to, lossless, err);
    if (b.in_place) drop_later(s, w);
    else drop(s, w);
    return st;
}
