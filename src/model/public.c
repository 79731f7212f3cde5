/* public.c - include/pare/model.h: the parts that need nothing above this floor. */
#include "model.h"

pare_status pare_model_open(pare_model **out, const char *path, pare_err *err) {
    return pr_model_open(out, path, err);
}
void pare_model_close(pare_model *m) {
    pr_model_close(m);
}
const char *pare_model_arch(const pare_model *m) {
    return pr_model_arch_name(m);
}
const char *pare_model_name(const pare_model *m) {
    return m->name;
}
int64_t pare_model_n_params(const pare_model *m) {
    return pr_model_n_params(m);
}
int64_t pare_model_n_vocab(const pare_model *m) {
    return m->hp.n_vocab;
}
int64_t pare_model_n_ctx(const pare_model *m) {
    return m->hp.n_ctx;
}

pare_status pr_model_tokenizer(const pr_model *m, pare_err *err) {
    if (m->tok) return PARE_OK;
    if (err) *err = m->no_tok;
    return m->no_tok.status != PARE_OK
               ? m->no_tok.status
               : pr_fail(err, PARE_EINPUT, -1, "the model has no tokenizer");
}

pare_status pare_tokenize(const pare_model *m, const char *text, size_t n, int special,
                          const pare_ctl *ctl, int32_t **ids, size_t *n_ids, pare_err *err) {
    *ids = NULL;
    *n_ids = 0;
    PR_TRY(pr_model_tokenizer(m, err));
    pr_ids      got = {0};
    unsigned    flags = special ? PR_ENCODE_ADD | PR_ENCODE_SPECIAL : 0;
    pare_status st = pr_encode_long(m->tok, text, n, flags, ctl, &got, err);
    if (st == PARE_OK && !got.p && !(got.p = pr_calloc(1, sizeof *got.p)))
        st = pr_fail_nomem(err, sizeof *got.p);
    if (st != PARE_OK) {
        pr_ids_done(&got);
        return st;
    }
    *ids = got.p;
    *n_ids = got.n;
    return PARE_OK;
}

void pare_ids_free(int32_t *ids) {
    pr_free(ids);
}

pare_status pare_detokenize(const pare_model *m, const int32_t *ids, size_t n, char **text,
                            size_t *len, pare_err *err) {
    *text = NULL;
    if (len) *len = 0;
    PR_TRY(pr_model_tokenizer(m, err));
    pr_buf b;
    pr_buf_init(&b, (size_t)1 << 30);
    pr_buf_puts(&b, "");
    pare_status st = pr_decode(m->tok, ids, n, false, &b, err);
    if (st == PARE_OK && b.failed) st = pr_fail_nomem(err, b.n);
    if (st != PARE_OK) {
        pr_buf_done(&b);
        return st;
    }
    *text = b.p;
    if (len) *len = b.n;
    return PARE_OK;
}

const char *pare_token_bytes(const pare_model *m, int32_t id, size_t *len) {
    pr_str s = {0};
    if (m->tok && id >= 0 && (uint32_t)id < pr_tokenizer_size(m->tok))
        s = pr_token_bytes(m->tok, id);
    *len = s.p ? s.n : 0;
    return s.p;
}

void pare_text_free(char *text) {
    pr_free(text);
}
