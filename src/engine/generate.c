/* generate.c - include/pare/generate.h: prompt in, text out as it is made. */
#include "engine.h"
#include "pare/generate.h"

typedef struct {
    const pr_model           *m;
    const pare_generate_opts *o;
    const pr_scorer          *by; /* NULL: `s` */
    pr_session               *s;
    const float              *scores; /* of the next token */
    int64_t                   pos;
    pr_sampler               *sampler;
    pr_ids                    prompt;
    pr_decoder                dec;
    pr_buf                    piece;
    int64_t                   made;
    bool                      ended; /* by an end-of-text token */
    bool                      interrupted;
    uint64_t                  t_start, t_prompt, t_end, open_ns;
} run;

pare_status pr_state_type(const char *name, pr_type *out, pare_err *err) {
    *out = PR_F16;
    if (!name) return PARE_OK;
    if (pr_type_from_name(name, out) && (*out == PR_F32 || *out == PR_F16 || *out == PR_Q8_0))
        return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1, "state '%s': expected f32, f16 or q8_0", name);
}

static pr_sampling sampling(const pare_generate_opts *o) {
    return (pr_sampling){.temp = o->temp,
                         .top_k = o->top_k,
                         .top_p = o->top_p > 0 ? o->top_p : 1,
                         .min_p = o->min_p,
                         .repeat_penalty = o->repeat_penalty > 0 ? o->repeat_penalty : 1,
                         .frequency_penalty = o->frequency_penalty,
                         .presence_penalty = o->presence_penalty,
                         .last_n = o->penalty_last > 0 ? o->penalty_last : 64,
                         .seed = o->seed};
}

static int64_t context_of(const run *r) {
    if (r->by) return r->by->n_ctx;
    return r->o->n_ctx > 0 ? r->o->n_ctx : PR_MIN(r->m->hp.n_ctx, (int64_t)4096);
}

/* Append tokens, wherever the scores come from. */
static pare_status append(run *r, const pr_id *ids, int64_t n, const pare_ctl *ctl, pare_err *err) {
    if (r->by) PR_TRY(r->by->append(r->by->ctx, ids, n, &r->scores, err));
    else if (n == 1) PR_TRY(pr_session_eval(r->s, ids, 1, err));
    else PR_TRY(pr_session_prompt(r->s, ids, n, ctl, err));
    if (!r->by) r->scores = pr_session_logits(r->s, 0);
    r->pos += n;
    return PARE_OK;
}

/* The whole context is reserved only as far as this text can reach. */
static pare_status open_run(run *r, const char *prompt, size_t n_prompt, const pare_ctl *ctl,
                            pare_err *err) {
    const pare_generate_opts *o = r->o;
    pr_session_opts           so = {.n_threads = ctl ? ctl->n_threads : 0, .exact = o->exact};
    pr_sampling               sp = sampling(o);
    unsigned                  flags = o->plain ? 0 : PR_ENCODE_ADD | PR_ENCODE_SPECIAL;
    uint64_t                  t = pr_now_ns();
    PR_TRY(pr_state_type(o->state, &so.state, err));
    PR_TRY(pr_model_tokenizer(r->m, err));
    PR_TRY(pr_encode_long(r->m->tok, prompt, n_prompt, flags, ctl, &r->prompt, err));
    if (r->prompt.n == 0 && r->m->hp.bos < 0)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "an empty prompt, and the model names no BOS to begin with");
    int64_t ctx = context_of(r);
    int64_t need = (int64_t)r->prompt.n + 1 + (o->n > 0 ? o->n : ctx);
    so.n_ctx = PR_MIN(ctx, need);
    if ((int64_t)r->prompt.n >= ctx)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "the prompt has %zu tokens: the context holds %lld", r->prompt.n,
                       (long long)ctx);
    if (!r->by) PR_TRY(pr_session_new(&r->s, r->m, &so, err));
    int n_vocab = r->by ? PR_MIN(r->by->n_vocab, r->m->hp.n_vocab) : r->m->hp.n_vocab;
    PR_TRY(pr_sampler_new(&r->sampler, &sp, n_vocab, err));
    pr_decoder_init(&r->dec, r->m->tok, !o->plain);
    pr_buf_init(&r->piece, 1 << 20);
    r->open_ns = pr_now_ns() - t;
    return PARE_OK;
}

static bool is_end(const run *r, pr_id id) {
    for (int i = 0; i < r->m->hp.n_eos; i++)
        if (r->m->hp.eos[i] == id) return true;
    return pr_token_is_end(r->m->tok, id);
}

static pare_status read_prompt(run *r, const pare_ctl *ctl, pare_err *err) {
    pr_id bos = (pr_id)r->m->hp.bos;
    r->t_start = pr_now_ns();
    for (size_t i = 0; i < r->prompt.n; i++) pr_sampler_accept(r->sampler, r->prompt.p[i]);
    PR_TRY(r->prompt.n ? append(r, r->prompt.p, (int64_t)r->prompt.n, ctl, err)
                       : append(r, &bos, 1, ctl, err));
    r->t_prompt = pr_now_ns();
    return PARE_OK;
}

static pare_status make_text(run *r, int64_t ctx, const pare_ctl *ctl, pare_text_fn on_text,
                             void *user, pare_err *err) {
    bool stop = false;
    while (!stop && (r->o->n <= 0 || r->made < r->o->n)) {
        pr_id id = pr_sampler_next(r->sampler, r->scores);
        if (id < 0)
            return pr_fail(err, PARE_EINPUT, -1,
                           "token %lld: the model's scores are not finite: are its weights? "
                           "(pare assess --check)",
                           (long long)r->made + 1);
        r->made++;
        if ((r->ended = is_end(r, id)) && !r->o->ignore_eos) break;
        pr_sampler_accept(r->sampler, id);
        pr_buf_clear(&r->piece);
        PR_TRY(pr_decoder_add(&r->dec, id, &r->piece, err));
        if (r->piece.n && on_text) stop = on_text(user, r->piece.p, r->piece.n) != 0;
        if (r->pos == ctx) break;
        if ((r->o->n > 0 && r->made == r->o->n) || stop) break;
        if ((r->interrupted = pr_ctl_check(ctl, err) != PARE_OK)) break;
        PR_TRY(append(r, &id, 1, NULL, err));
    }
    r->t_end = pr_now_ns();
    pr_buf_clear(&r->piece);
    pr_decoder_end(&r->dec, &r->piece);
    if (!stop && r->piece.n && on_text) on_text(user, r->piece.p, r->piece.n);
    return r->interrupted ? PARE_ECANCELLED : PARE_OK;
}

static void tell_session(pr_doc_build *b, pare_doc *d, const pr_session *s) {
    pr_memory mem = pr_session_memory(s);
    pr_doc_set_i64(b, d, "threads", pr_session_threads(s));
    pr_doc_set_str(b, d, "level", pr_session_level(s));
    pr_doc_set_i64(b, d, "weights_bytes", (int64_t)mem.weights);
    pr_doc_set_i64(b, d, "state_bytes", (int64_t)mem.state);
    pr_doc_set_i64(b, d, "workspace_bytes", (int64_t)mem.workspace);
    pr_doc_set_i64(b, d, "peak_rss_bytes", (int64_t)pr_rss_peak());
}

static pare_status tell(const run *r, pare_doc **stats, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b);
    double prompt_s = (double)(r->t_prompt - r->t_start) / 1e9,
           decode_s = (double)(r->t_end - r->t_prompt) / 1e9;
    int64_t      n_prompt = PR_MAX((int64_t)r->prompt.n, 1), steps = r->made > 1 ? r->made - 1 : 0;
    pr_doc_set_i64(&b, d, "prompt_tokens", n_prompt);
    pr_doc_set_i64(&b, d, "tokens", r->made);
    pr_doc_set_str(&b, d, "stopped_by",
                   r->interrupted                      ? "interrupt"
                   : r->ended && !r->o->ignore_eos     ? "end"
                   : r->o->n > 0 && r->made >= r->o->n ? "length"
                                                       : "context");
    pr_doc_set_f64(&b, d, "open_ms", (double)r->open_ns / 1e6);
    pr_doc_set_f64(&b, d, "prompt_ms", prompt_s * 1e3);
    pr_doc_set_f64(&b, d, "decode_ms", decode_s * 1e3);
    if (prompt_s > 0) pr_doc_set_f64(&b, d, "prefill_tps", (double)n_prompt / prompt_s);
    if (decode_s > 0 && steps) pr_doc_set_f64(&b, d, "decode_tps", (double)steps / decode_s);
    if (!r->by) tell_session(&b, d, r->s);
    return pr_doc_done(&b, d, stats, err);
}

pare_status pr_generate(const pr_model *m, const pr_scorer *by, const char *prompt, size_t n_prompt,
                        const pare_generate_opts *opts, const pare_ctl *ctl, pare_text_fn on_text,
                        void *user, pare_doc **stats, pare_err *err) {
    static const pare_generate_opts none = {0};
    run                             r = {.m = m, .o = opts ? opts : &none, .by = by};
    if (stats) *stats = NULL;
    pare_status st = open_run(&r, prompt, n_prompt, ctl, err);
    if (st == PARE_OK) st = read_prompt(&r, ctl, err);
    if (st == PARE_OK) st = make_text(&r, context_of(&r), ctl, on_text, user, err);
    if ((st == PARE_OK || r.interrupted) && stats) {
        pare_status told = tell(&r, stats, err);
        if (told != PARE_OK) st = told;
    }
    pr_sampler_free(r.sampler);
    pr_session_free(r.s);
    pr_ids_done(&r.prompt);
    pr_buf_done(&r.piece);
    return st;
}

pare_status pare_generate(const pare_model *m, const char *prompt, size_t n_prompt,
                          const pare_generate_opts *opts, const pare_ctl *ctl,
                          pare_text_fn on_text, void *user, pare_doc **stats, pare_err *err) {
    return pr_generate(m, NULL, prompt, n_prompt, opts, ctl, on_text, user, stats, err);
}
