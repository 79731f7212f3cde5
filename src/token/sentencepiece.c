/* sentencepiece.c - reads tokenizer.model, a ModelProto of SentencePiece, into the
 * description. The fields that are read (sentencepiece_model.proto of that project):
 *
 *   ModelProto      1 pieces, 2 trainer_spec, 3 normalizer_spec, 5 denormalizer_spec
 *   SentencePiece   1 piece, 2 score (float), 3 type (1 normal, 2 unknown, 3 control,
 *                   4 user-defined, 5 unused, 6 byte)
 *   TrainerSpec     3 model_type (2 BPE), 24 treat_whitespace_as_suffix,
 *                   35 byte_fallback, 40 to 43 unk, bos, eos, pad id, 44 unk_surface
 *   NormalizerSpec  2 precompiled_charsmap, 3 add_dummy_prefix,
 *                   4 remove_extra_whitespaces, 5 escape_whitespaces
 *
 * Every length is checked against the message it is in; unknown fields are skipped. */
#include "doc/doc.h"
#include "vocab.h"

#define SRC "tokenizer.model"

/* The message in a field, its positions counted from the beginning of the file. */
static pr_pb inside(pr_pb w, const pr_pb_field *f) {
    const uint8_t *p = (const uint8_t *)f->bytes.p;
    return (pr_pb){w.start, p, p + f->bytes.n};
}

static pare_status next(pr_pb *w, pr_pb_field *f, pare_err *err) {
    int64_t at = w->p - w->start;
    if (pr_pb_next(w, f, NULL) == PARE_OK) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, at, SRC ": damaged: a field of no known shape, or cut off");
}

typedef struct {
    bool    bpe, suffix, byte_fallback, charsmap, denormal;
    bool    prefix, squeeze, escape;
    int32_t role[4]; /* unk, bos, eos, pad */
    pr_str  unk_text;
    uint64_t n_pieces, model_type;
} spec;

static pare_status read_trainer(pr_pb w, spec *s, pare_err *err) {
    pr_pb_field f;
    do {
        PR_TRY(next(&w, &f, err));
        if (f.no == 3) s->model_type = f.u;
        if (f.no == 24) s->suffix = f.u != 0;
        if (f.no == 35) s->byte_fallback = f.u != 0;
        if (f.no >= 40 && f.no <= 43) s->role[f.no - 40] = (int32_t)f.u;
        if (f.no == 44 && f.wire == PR_PB_BYTES)
            s->unk_text = f.bytes;
    } while (f.no);
    return PARE_OK;
}

static pare_status read_normalizer(pr_pb w, spec *s, pare_err *err) {
    pr_pb_field f;
    do {
        PR_TRY(next(&w, &f, err));
        if (f.no == 2 && f.bytes.n) s->charsmap = true;
        if (f.no == 3) s->prefix = f.u != 0;
        if (f.no == 4) s->squeeze = f.u != 0;
        if (f.no == 5) s->escape = f.u != 0;
    } while (f.no);
    return PARE_OK;
}

static pare_status read_spec(pr_pb w, spec *s, pare_err *err) {
    pr_pb_field f;
    *s = (spec){.prefix = true, .squeeze = true, .escape = true, .role = {0, 1, 2, -1},
                .unk_text = PR_STR(" \xE2\x81\x87 "), .model_type = 1};
    do {
        PR_TRY(next(&w, &f, err));
        if (f.no == 1 && f.wire == PR_PB_BYTES) s->n_pieces++;
        if (f.no == 2 && f.wire == PR_PB_BYTES) PR_TRY(read_trainer(inside(w, &f), s, err));
        if (f.no == 3 && f.wire == PR_PB_BYTES) PR_TRY(read_normalizer(inside(w, &f), s, err));
        if (f.no == 5 && f.wire == PR_PB_BYTES && f.bytes.n) {
            spec d = {0};
            PR_TRY(read_normalizer(inside(w, &f), &d, err));
            s->denormal = d.charsmap;
        }
    } while (f.no);
    return PARE_OK;
}

static pare_status check_spec(const spec *s, pare_err *err) {
    static const char *const types[] = {"?", "unigram", "BPE", "word", "char"};
    if (s->model_type != 2)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       SRC ": model type '%s' is not known; known is BPE",
                       types[s->model_type < 5 ? s->model_type : 0]);
    if (s->suffix)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": treat_whitespace_as_suffix is not known");
    if (s->charsmap || s->denormal)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       SRC ": a precompiled_charsmap is not known; known is the identity");
    return PARE_OK;
}

static pare_status read_piece(pr_tokenizer *t, pr_pb w, uint32_t id, pare_err *err) {
    pr_pb_field f;
    uint64_t   type = PR_TOKEN_NORMAL;
    pr_vocab  *v = &t->v;
    do {
        PR_TRY(next(&w, &f, err));
        if (f.no == 1 && f.wire == PR_PB_BYTES) {
            size_t n = f.bytes.n;
            v->text[id] = (pr_str){pr_arena_str(t->arena, f.bytes.p, n), n};
            if (!v->text[id].p) return pr_fail_nomem(err, n);
        }
        if (f.no == 2 && f.wire == PR_PB_FIXED32) {
            uint32_t bits = (uint32_t)f.u;
            memcpy(&v->score[id], &bits, 4);
        }
        if (f.no == 3) type = f.u;
    } while (f.no);
    if (type < PR_TOKEN_NORMAL || type > PR_TOKEN_BYTE)
        return pr_fail(err, PARE_EINPUT, -1, SRC ": piece %u has the type %llu", id,
                       (unsigned long long)type);
    if (!v->text[id].p) return pr_fail(err, PARE_EINPUT, -1, SRC ": piece %u has no text", id);
    if (type == PR_TOKEN_UNUSED)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       SRC ": piece %u ('%.64s') of type UNUSED is not known", id,
                       v->text[id].p);
    if (type == PR_TOKEN_UNKNOWN) v->unk = id;
    v->type[id] = (uint8_t)type;
    v->in_model[id] = type == PR_TOKEN_NORMAL || type == PR_TOKEN_USER_DEFINED;
    return PARE_OK;
}

static void steps(pr_tokenizer *t, const spec *s) {
    static const pr_str mark = {"\xE2\x96\x81", 3};
    pr_vocab *v = &t->v;
    v->norm[v->n_norm++] = (pr_norm_step){.op = PR_NORM_SPM, .prefix = s->prefix,
                                          .squeeze = s->squeeze, .escape = s->escape};
    v->add_space_prefix = s->prefix;
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_REPLACE, .from = mark, .to = PR_STR(" ")};
    if (s->byte_fallback) v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_BYTE_FALLBACK};
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_FUSE};
    if (s->prefix || s->squeeze)
        v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_STRIP, .from = PR_STR(" "), .start = 1,
                                            .each = s->squeeze};
}

static void roles(pr_vocab *v, const spec *s) {
    static const pr_special role[] = {PR_SPECIAL_UNK, PR_SPECIAL_BOS, PR_SPECIAL_EOS,
                                      PR_SPECIAL_PAD};
    for (int i = 0; i < 4; i++)
        if (s->role[i] >= 0 && (uint32_t)s->role[i] < v->n) v->role[role[i]] = s->role[i];
    /* transformers puts the begin, not the end, unless its own config says otherwise. */
    v->add_bos = v->role[PR_SPECIAL_BOS] >= 0;
    if (v->add_bos) v->before[v->n_before++] = (uint32_t)v->role[PR_SPECIAL_BOS];
}

pare_status pr_spm_fill(pr_tokenizer *t, pr_str model, pare_err *err) {
    const uint8_t *p = (const uint8_t *)model.p;
    pr_pb          w = pr_pb_of(p, model.n);
    pr_pb_field    f;
    spec           s;
    pr_vocab      *v = &t->v;
    PR_TRY(read_spec(w, &s, err));
    PR_TRY(check_spec(&s, err));
    PR_TRY(pr_vocab_room(t, s.n_pieces, err));
    v->by_score = v->plain_controls = v->fuse_unk = true;
    v->byte_fallback = s.byte_fallback;
    uint32_t id = 0;
    do {
        PR_TRY(next(&w, &f, err));
        if (f.no == 1 && f.wire == PR_PB_BYTES) PR_TRY(read_piece(t, inside(w, &f), id++, err));
    } while (f.no);
    v->unk_text = pr_arena_str(t->arena, s.unk_text.p, s.unk_text.n);
    if (!v->unk_text) return pr_fail_nomem(err, s.unk_text.n);
    steps(t, &s);
    roles(v, &s);
    return PARE_OK;
}
