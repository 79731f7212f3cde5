/* choices.c - multiple choice: which of four endings a model finds likeliest.
 *
 * A task is six lines: context, label (0…3), four endings. Context and ending are joined by a
 * space and encoded whole, as the tokenizer's file puts it (BOS and the like). What all four
 * have in
 * common at their start is the condition; an ending's score is the mean log probability of its
 * tokens
 * after that: llama.cpp's `--hellaswag` (lm-eval's acc_norm divides by bytes instead). Ties go to
 * the first ending. Tasks are taken in the file's order, where llama.cpp draws.
 *
 * Always true: a task's condition stands in a session once; each ending is appended to it and
 * forgotten. A runner reads the condition before each ending. */
#include <math.h>
#include "eval.h"

enum { ENDINGS = 4, LINES = 6, BATCH = 32, MOST_CONTEXT = 4096 };

typedef struct {
    pr_str  context, ending[ENDINGS];
    int     label;
    int64_t line; /* of the context, from 1 */
} task;

typedef struct {
    const pr_eval_side *side;
    const pr_tokenizer *words;
    const pr_kernels   *k;
    pr_session         *s;    /* NULL: the side's runner */
    float              *rows; /* of the runner: BATCH rows */
    int64_t             vocab;
    int64_t           n_ctx;
    pr_buf            text;
    pr_ids            ids[ENDINGS];
} examiner;

/* ------------------------------------------------------------------ reading */

typedef struct {
    pr_str  text;
    size_t  at;
    int64_t line;
} reader;

static bool next_line(reader *r, pr_str *out) {
    if (r->at >= r->text.n) return false;
    const char *p = r->text.p + r->at, *nl = memchr(p, '\n', r->text.n - r->at);
    size_t      n = nl ? (size_t)(nl - p) : r->text.n - r->at;
    r->at += n + (nl != NULL);
    r->line++;
    if (n && p[n - 1] == '\r') n--;
    *out = (pr_str){p, n};
    return true;
}

static pare_status want_line(reader *r, pr_str *out, const char *what, pare_err *err) {
    size_t at = r->at;
    if (!next_line(r, out))
        return pr_fail(err, PARE_EINPUT, (int64_t)at,
                       "the tasks end after line %lld: expected %s (six lines a task)",
                       (long long)r->line, what);
    if (out->n == 0)
        return pr_fail(err, PARE_EINPUT, (int64_t)at, "line %lld is empty: expected %s",
                       (long long)r->line, what);
    return PARE_OK;
}

/* `*more` false: the text ended, empty lines aside. */
static pare_status read_task(reader *r, task *t, bool *more, pare_err *err) {
    static const char *const names[ENDINGS] = {"the first ending", "the second ending",
                                               "the third ending", "the fourth ending"};
    size_t rest = r->at;
    while (rest < r->text.n && (r->text.p[rest] == '\n' || r->text.p[rest] == '\r')) rest++;
    *more = rest < r->text.n;
    if (!*more) return PARE_OK;
    pr_str label;
    PR_TRY(want_line(r, &t->context, "a context", err));
    t->line = r->line;
    size_t at = r->at;
    PR_TRY(want_line(r, &label, "a label, 0 to 3", err));
    if (label.n != 1 || label.p[0] < '0' || label.p[0] >= '0' + ENDINGS)
        return pr_fail(err, PARE_EINPUT, (int64_t)at,
                       "line %lld: found '%.*s', expected a label, 0 to 3", (long long)r->line,
                       (int)PR_MIN(label.n, (size_t)40), label.p);
    t->label = label.p[0] - '0';
    for (int i = 0; i < ENDINGS; i++) PR_TRY(want_line(r, &t->ending[i], names[i], err));
    return PARE_OK;
}

static pare_status count_tasks(pr_str text, int64_t *n, pare_err *err) {
    reader r = {.text = text};
    task   t;
    bool   more = true;
    *n = 0;
    for (;;) {
        PR_TRY(read_task(&r, &t, &more, err));
        if (!more) break;
        ++*n;
    }
    if (*n == 0) return pr_fail(err, PARE_EINPUT, 0, "no tasks: expected six lines a task");
    return PARE_OK;
}

/* ------------------------------------------------------------------ scoring */

static pare_status encode_task(examiner *x, const task *t, pare_err *err) {
    for (int i = 0; i < ENDINGS; i++) {
        pr_buf_clear(&x->text);
        pr_buf_add(&x->text, t->context.p, t->context.n);
        pr_buf_puts(&x->text, " ");
        pr_buf_add(&x->text, t->ending[i].p, t->ending[i].n);
        if (x->text.failed)
            return pr_fail(err, PARE_EINPUT, -1, "line %lld: too long a text",
                           (long long)t->line);
        x->ids[i].n = 0;
        PR_TRY(pr_encode(x->words, x->text.p, x->text.n, PR_ENCODE_ADD, &x->ids[i], err));
    }
    return PARE_OK;
}

/* Tokens that all endings share at the start; at least one token remains to each, and there is
 * always one before them that foretells. */
static int64_t shared_prefix(const examiner *x) {
    size_t least = x->ids[0].n, n = 0;
    for (int i = 1; i < ENDINGS; i++) least = PR_MIN(least, x->ids[i].n);
    for (; n + 1 < least; n++)
        for (int i = 1; i < ENDINGS; i++)
            if (x->ids[i].p[n] != x->ids[0].p[n]) return (int64_t)PR_MAX(n, (size_t)1);
    return (int64_t)PR_MAX(n, (size_t)1);
}

static pare_status not_finite(const examiner *x, pare_err *err) {
    pr_fail(err, PARE_EINPUT, -1, "logits that are not finite: expected numbers");
    return pr_fail_in(err, PARE_EINPUT, x->side->path ? x->side->path : x->side->m->path);
}

/* Add log p(next) of `n` fed tokens' rows, next[i] being what follows the i-th. */
static pare_status add_rows(examiner *x, const pr_id *next, int n, double *sum, pare_err *err) {
    int64_t v = x->vocab, arg;
    for (int i = 0; i < n; i++) {
        const float *row = x->s ? pr_session_logits(x->s, i) : x->rows + (int64_t)i * v;
        double       max = (double)x->k->row_max(row, v, &arg);
        double       lse = max + pr_log(x->k->row_sum_exp(row, v, max));
        double       lp = (double)row[next[i]] - lse;
        if (x->k->row_nonfinite(row, v) || !(lp - lp == 0))
            return not_finite(x, err);
        *sum += lp;
    }
    return PARE_OK;
}

static pare_status feed(examiner *x, const pr_id *p, int n, pare_err *err) {
    return x->s ? pr_session_eval(x->s, p, n, err)
                : pr_runner_eval(x->side->r, p, n, true, x->rows, err);
}

/* The task's condition: `n` tokens. */
static pare_status read_condition(examiner *x, const pr_id *p, int64_t n, pare_err *err) {
    if (x->s) pr_session_rewind(x->s, 0);
    else PR_TRY(pr_runner_reset(x->side->r, err));
    for (int64_t at = 0; at < n; at += BATCH)
        PR_TRY(feed(x, p + at, (int)PR_MIN((int64_t)BATCH, n - at), err));
    return PARE_OK;
}

/* The mean log probability of p[from … n-1], of which p[0 … from-2] stand in the session. */
static pare_status score(examiner *x, const pr_id *p, int64_t from, int64_t n, double *mean,
                         pare_err *err) {
    double sum = 0;
    if (x->s) pr_session_rewind(x->s, from - 1);
    else PR_TRY(read_condition(x, p, from - 1, err)); /* a runner can only forget all */
    for (int64_t at = from - 1; at < n - 1; at += BATCH) {
        int m = (int)PR_MIN((int64_t)BATCH, n - 1 - at);
        PR_TRY(feed(x, p + at, m, err));
        PR_TRY(add_rows(x, p + at + 1, m, &sum, err));
    }
    *mean = sum / (double)(n - from);
    return PARE_OK;
}

/* Where the text is longer than the context, the middle goes: the tokens after the first (BOS), as
 * many as are too many; what the endings need stays. */
static pare_status shorten(examiner *x, const task *t, int64_t *from, pare_err *err) {
    int64_t longest = 0;
    for (int i = 0; i < ENDINGS; i++) longest = PR_MAX(longest, (int64_t)x->ids[i].n);
    int64_t cut = longest - 1 - x->n_ctx; /* the last token is only foretold */
    if (cut <= 0) return PARE_OK;
    if (cut > *from - 2)
        return pr_fail(
            err, PARE_EINPUT, -1,
            "task at line %lld: its endings alone need more than the context of %lld",
            (long long)t->line, (long long)x->n_ctx);
    for (int i = 0; i < ENDINGS; i++) {
        pr_ids *d = &x->ids[i];
        memmove(d->p + 1, d->p + 1 + cut, (d->n - 1 - (size_t)cut) * sizeof *d->p);
        d->n -= (size_t)cut;
    }
    *from -= cut;
    return PARE_OK;
}

static pare_status answer(examiner *x, const task *t, int *out, pare_err *err) {
    double best = -INFINITY;
    PR_TRY(encode_task(x, t, err));
    int64_t from = shared_prefix(x);
    for (int i = 0; i < ENDINGS; i++)
        if (x->ids[i].n < 2)
            return pr_fail(err, PARE_EINPUT, -1, "task at line %lld: fewer than 2 tokens",
                           (long long)t->line);
    PR_TRY(shorten(x, t, &from, err));
    if (x->s) PR_TRY(read_condition(x, x->ids[0].p, from - 1, err));
    *out = 0;
    for (int i = 0; i < ENDINGS; i++) {
        double mean;
        PR_TRY(score(x, x->ids[i].p, from, (int64_t)x->ids[i].n, &mean, err));
        if (mean > best) best = mean, *out = i;
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ the whole */

static pare_status run_tasks(examiner *x, pr_str text, int64_t n, pr_win *w,
                             const pare_ctl *ctl, pare_err *err) {
    reader r = {.text = text};
    for (int64_t i = 0; i < n; i++) {
        task t;
        bool more;
        int  got = 0;
        PR_TRY(pr_ctl_check(ctl, err));
        PR_TRY(read_task(&r, &t, &more, err));
        PR_TRY(answer(x, &t, &got, err));
        w[i] = (pr_win){got == t.label, 1};
        pr_ctl_progress(ctl, "choose", "task", (double)(i + 1), (double)n);
    }
    return PARE_OK;
}

static pare_status check_text(pr_str text, int64_t *n, pare_err *err) {
    size_t bad;
    if (text.n == 0)
        return pr_fail(err, PARE_EINPUT, 0, "the tasks are empty: expected six lines a task");
    if (!pr_utf8_valid(text.p, text.n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "the tasks are not UTF-8");
    return count_tasks(text, n, err);
}

/* A session, or room for a runner's rows. */
static pare_status open_examiner(examiner *x, const pr_eval_opts *o, pare_err *err) {
    const pr_eval_side *side = x->side;
    int64_t             most = side->r ? pr_runner_context(side->r) : side->m->hp.n_ctx;
    x->n_ctx = PR_MIN(most, (int64_t)MOST_CONTEXT);
    x->vocab = side->r ? pr_runner_vocab(side->r) : side->m->hp.n_vocab;
    x->words = o ? o->words : NULL;
    if (!x->words) {
        if (!side->m) return pr_fail(err, PARE_EUSAGE, -1, "no tokenizer for '%s'", side->path);
        PR_TRY(pr_model_tokenizer(side->m, err));
        x->words = side->m->tok;
    }
    if (side->r) {
        x->rows = pr_calloc(BATCH * (size_t)x->vocab, sizeof *x->rows);
        return x->rows ? PARE_OK : pr_fail_nomem(err, (uint64_t)x->vocab * BATCH * 4);
    }
    pr_session_opts so = {.n_ctx = x->n_ctx, .n_batch = BATCH, .all_logits = true};
    if (o) so.n_threads = o->n_threads, so.exact = o->exact, so.state = o->state;
    return pr_session_new(&x->s, side->m, &so, err);
}

pare_status pr_choices(const pr_eval_side *side, pr_str text, int64_t n_tasks,
                       const pr_eval_opts *o, const pare_ctl *ctl, pr_est *share, pare_err *err) {
    examiner    x = {.side = side, .k = pr_kernels_get(pr_cpu_flags())};
    int64_t     n = 0;
    pr_win     *w = NULL;
    pare_status st;
    *share = pr_est_none("not measured");
    PR_TRY(check_text(text, &n, err));
    if (n_tasks > 0) n = PR_MIN(n, n_tasks);
    pr_buf_init(&x.text, (size_t)1 << 24);
    PR_GO(open_examiner(&x, o, err));
    if (!(w = pr_calloc((size_t)n, sizeof *w))) {
        st = pr_fail_nomem(err, (uint64_t)n * sizeof *w);
        goto done;
    }
    PR_GO(run_tasks(&x, text, n, w, ctl, err));
    *share = pr_est_share(w, n, 0.95);
done:
    pr_free(w);
    pr_free(x.rows);
    for (int i = 0; i < ENDINGS; i++) pr_ids_done(&x.ids[i]);
    pr_buf_done(&x.text);
    pr_session_free(x.s);
    return st;
}
