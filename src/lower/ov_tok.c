/* ov_tok.c - a tokenizer as two OpenVINO models, in the operations of its tokenizers extension.
 *
 * Text to ids: cut at added tokens, put marks for spaces or cut by patterns, merge, frame, pad to a
 * rectangle. Ids to text: bytes of each, joined. What the operations cannot say is refused by
 * pr_token_plain_of() or here, and no model is written then. Ragged strings travel as begins,
 * ends and
 * bytes, and one level more of begins and ends around them. Facts: openvino_tokenizers 2026.4. */
#include "ov_lower.h"
#include "lower.h"
#include <stdlib.h>

enum { TOK_XML_MAX = 8 << 20, PLACES = 1 }; /* a chat template may have a MiB */

#define VALS(...) sizeof((pr_ov_val[]){__VA_ARGS__}) / sizeof(pr_ov_val), (pr_ov_val[]){__VA_ARGS__}
#define MANY      PR_OV_S(-1)

typedef struct {
    const pr_model *m;
    const pr_tokenizer *t;
    const pr_token_plain *p;
    pr_arena *a;
    const bool *made; /* by id: a merge makes it */
    pr_token_piece *starts; /* what bytes become before any merge, marks included */
    uint32_t n_starts;
    pr_ov g;
} tok;

/* A list of strings: begins, ends, bytes. */
typedef struct {
    pr_ov_val begins, ends, bytes;
} strings;

/* ------------------------------------------------------------------ constants */

static pr_ov_val text(tok *k, const char *p, size_t n) {
    return n ? pr_ov_bytes(&k->g, PR_OV_U8, PR_OV_S((int64_t)n), p, n)
             : pr_ov_bytes(&k->g, PR_OV_U8, PR_OV_S(0), "", 1);
}

static pr_ov_val words(tok *k, const char *s) {
    return text(k, s, strlen(s));
}

static pr_ov_val i32s(tok *k, const int32_t *v, uint32_t n) {
    return pr_ov_bytes(&k->g, PR_OV_I32, PR_OV_S((int64_t)n), v, (uint64_t)PR_MAX(n, 1u) * 4);
}

static pr_ov_val i32_one(tok *k, int32_t v) {
    return pr_ov_bytes(&k->g, PR_OV_I32, PR_OV_SCALAR, &v, 4);
}

/* No text is spelt so: UTF-8 has no byte FF. */
#define NEVER  "\xFF\xFF\xFF\xFF\xFF"
#define DOUBLE "\xFF\xFF\xFF\xFF\xFE"
enum { MARK_BYTES = 4 }; /* FF, and a number */

/* How a token is spelt where texts are merged. */
static pr_str spelt(const tok *k, uint32_t id) {
    return k->p->byte_level ? pr_token_bytes(k->t, (pr_id)id) : pr_token_text(k->t, (pr_id)id);
}

typedef pr_str (*string_of)(const tok *k, uint32_t i);

/* What a token adds to a text. */
static pr_str nth_piece(const tok *k, uint32_t i) {
    return i < pr_tokenizer_size(k->t) ? pr_token_bytes(k->t, (pr_id)i) : PR_STR("");
}

/* What is no merge's result is left out: it would be cut off the text before any merge. */
static pr_str nth_made(const tok *k, uint32_t i) {
    return k->made[i] ? spelt(k, i) : PR_STR(NEVER);
}

/* The first merge may be the one that makes a run of unknown letters one. */
static pr_str nth_left(const tok *k, uint32_t i) {
    uint32_t more = k->p->fused >= 0;
    return i < more ? PR_STR(DOUBLE) : spelt(k, k->p->merges[i - more][0]);
}

static pr_str nth_right(const tok *k, uint32_t i) {
    uint32_t more = k->p->fused >= 0;
    return i < more ? PR_STR(DOUBLE) : spelt(k, k->p->merges[i - more][1]);
}

static pr_str nth_added(const tok *k, uint32_t i) {
    return k->p->added[i].text;
}

static pr_str nth_word(const tok *k, uint32_t i) {
    return k->p->words[i].text;
}

static pr_str nth_start(const tok *k, uint32_t i) {
    return k->starts[i].text;
}

static strings list(tok *k, uint32_t n, string_of of) {
    int32_t *begins = pr_arena_get(k->a, n + 1, 4), *ends = pr_arena_get(k->a, n + 1, 4);
    pr_buf all;
    strings s = {0};
    pr_buf_init(&all, INT32_MAX);
    for (uint32_t i = 0; begins && ends && i < n; i++) {
        pr_str w = of(k, i);
        begins[i] = (int32_t)all.n;
        if (w.n) pr_buf_add(&all, w.p, w.n);
        ends[i] = (int32_t)all.n;
    }
    if (!begins || !ends || all.failed) k->g.failed = true;
    else s = (strings){i32s(k, begins, n), i32s(k, ends, n), text(k, all.p, all.n)};
    pr_buf_done(&all);
    return s;
}

/* ------------------------------------------------------------------ operations */

static pr_ov_val step(tok *k, const char *type, pr_ov_type as, pr_ov_shape shape, size_t n,
                      const pr_ov_val *in) {
    return pr_ov_op(&k->g, type, "extension", as, shape, (int)n, in);
}

/* Ragged strings, and which of them are added tokens already. */
typedef struct {
    pr_ov_val rows_begin, rows_end, begins, ends, bytes, skips;
} ragged;

/* Outputs begins, ends, bytes and perhaps more behind `v`, the first of them. */
static void three(tok *k, pr_ov_val v, ragged *r) {
    r->begins = v;
    r->ends = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    r->bytes = pr_ov_more(&k->g, v, PR_OV_U8, MANY);
}

/* The outputs of an operation that cuts strings. */
static void six(tok *k, pr_ov_val v, ragged *r) {
    r->rows_begin = v;
    r->rows_end = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    r->begins = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    r->ends = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    r->bytes = pr_ov_more(&k->g, v, PR_OV_U8, MANY);
    r->skips = pr_ov_more(&k->g, v, PR_OV_BOOL, MANY);
}

static pr_ov_val range(tok *k, pr_ov_val from, pr_ov_val to) {
    pr_ov_val v = pr_ov_op(&k->g, "Range", "opset4", PR_OV_I32, MANY,
                           VALS(from, to, pr_ov_i64_one(&k->g, 1)));
    pr_ov_attr(&k->g, v, "output_type", "i32");
    return v;
}

/* Each text is a row of one string. */
static ragged rows_of(tok *k, pr_ov_val texts) {
    pr_ov *g = &k->g;
    ragged r = {0};
    pr_ov_val zero = pr_ov_i64_one(g, 0), one = pr_ov_i64_one(g, 1);
    pr_ov_val v = pr_ov_op(g, "StringTensorUnpack", "opset15", PR_OV_I32, MANY, 1, &texts);
    three(k, v, &r);
    pr_ov_val n = pr_ov_op(g, "ShapeOf", "opset3", PR_OV_I64, PR_OV_S(1), 1, &v);
    pr_ov_attr(g, n, "output_type", "i64");
    n = pr_ov_op(g, "Gather", "opset8", PR_OV_I64, PR_OV_SCALAR, VALS(n, zero, zero));
    pr_ov_attr(g, n, "batch_dims", "0");
    pr_ov_val behind = pr_ov_op(g, "Add", "opset1", PR_OV_I64, PR_OV_SCALAR, VALS(n, one));
    pr_ov_attr(g, behind, "auto_broadcast", "numpy");
    r.rows_begin = range(k, zero, n);
    r.rows_end = range(k, one, behind);
    return r;
}

/* The longest of several that begin at one place: alternatives in order of length. */
static int by_length(const void *x, const void *y) {
    const pr_token_added *a = x, *b = y;
    if (a->text.n != b->text.n) return a->text.n < b->text.n ? 1 : -1;
    return memcmp(a->text.p, b->text.p, a->text.n);
}

static void put_quoted(pr_buf *b, pr_str s) {
    for (size_t c = 0; c < s.n; c++) {
        char ch = s.p[c];
        if (ch > 0 && strchr("\\^$.|?*+()[]{}<>/#-&~'\"!%,:;=@` ", ch)) pr_buf_puts(b, "\\");
        pr_buf_add(b, &ch, 1);
    }
}

/* One group of one number for all alternatives: what is between its ends becomes a string, what
 * else was found is gone. */
static void cut_added(tok *k, ragged *r) {
    uint32_t n = k->p->n_added;
    pr_token_added *sorted = pr_arena_get(k->a, n + 1, sizeof *sorted);
    pr_buf b;
    if (!sorted) {
        k->g.failed = true;
        return;
    }
    if (n) memcpy(sorted, k->p->added, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_length);
    pr_buf_init(&b, TOK_XML_MAX);
    pr_buf_puts(&b, n ? "(?|" : "(?!)"); /* none: it says of each string that it is no token */
    for (uint32_t i = 0; i < n; i++) {
        if (i) pr_buf_puts(&b, "|");
        if (sorted[i].lstrip) pr_buf_puts(&b, "\\p{White_Space}*");
        pr_buf_puts(&b, "(");
        put_quoted(&b, sorted[i].text);
        pr_buf_puts(&b, ")");
        if (sorted[i].rstrip) pr_buf_puts(&b, "\\p{White_Space}*");
    }
    if (n) pr_buf_puts(&b, ")");
    k->g.failed |= b.failed;
    pr_ov_val v = step(k, "SpecialTokensSplit", PR_OV_I32, MANY,
                       VALS(r->rows_begin, r->rows_end, r->begins, r->ends, r->bytes,
                            text(k, b.p, b.n)));
    pr_buf_done(&b);
    six(k, v, r);
}

static void replace(tok *k, ragged *r, const char *from, pr_str to, bool skips) {
    pr_ov_val in[] = {r->begins, r->ends, r->bytes, r->skips, 0, 0};
    int n = skips ? 4 : 3;
    in[n] = words(k, from);
    in[n + 1] = text(k, to.p, to.n);
    pr_ov_val v = step(k, "RegexNormalization", PR_OV_I32, MANY, (size_t)n + 2, in);
    pr_ov_attr(&k->g, v, "global_replace", "true");
    three(k, v, r);
    if (skips) r->skips = pr_ov_more(&k->g, v, PR_OV_BOOL, MANY);
}

static void normalize(tok *k, ragged *r) {
    static const char *const keys[] = {"add_dummy_prefix", "remove_extra_whitespaces",
                                       "escape_whitespaces", "case_fold", "nmt"};
    pr_ov_val v = step(k, "CharsMapNormalization", PR_OV_I32, MANY,
                       VALS(r->begins, r->ends, r->bytes, r->skips));
    pr_ov_attr(&k->g, v, "normalization_form", k->p->form);
    for (size_t i = 0; i < PR_COUNT(keys); i++) pr_ov_attr(&k->g, v, keys[i], "false");
    three(k, v, r);
    r->skips = pr_ov_more(&k->g, v, PR_OV_BOOL, MANY);
}

static void cut_words(tok *k, ragged *r) {
    for (uint32_t i = 0; i < k->p->n_splits; i++) {
        const pr_token_split *s = &k->p->splits[i];
        pr_ov_val v = step(k, "RegexSplit", PR_OV_I32, MANY,
                           VALS(r->rows_begin, r->rows_end, r->begins, r->ends, r->bytes, r->skips,
                                text(k, s->pattern.p, s->pattern.n)));
        pr_ov_attr(&k->g, v, "behaviour", s->behaviour);
        pr_ov_attr(&k->g, v, "invert", s->invert ? "true" : "false");
        pr_ov_attr(&k->g, v, "max_splits", "-1");
        six(k, v, r);
    }
}

static pr_ov_val numpy(tok *k, const char *type, pr_ov_type as, pr_ov_shape shape, size_t n,
                       const pr_ov_val *in) {
    pr_ov_val v = pr_ov_op(&k->g, type, "opset1", as, shape, (int)n, in);
    pr_ov_attr(&k->g, v, "auto_broadcast", "numpy");
    return v;
}

/* The mark of each of `n` strings, and what it becomes. */
static pr_ov_val make_marks(tok *k, uint32_t n, bool added, int32_t **places) {
    uint8_t *all = pr_arena_get(k->a, (size_t)n + 1, MARK_BYTES);
    *places = pr_arena_get(k->a, (size_t)n + 1, sizeof **places);
    if (!all || !*places) return k->g.failed = true, 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *m = all + (size_t)i * MARK_BYTES;
        uint32_t no = k->n_starts;
        m[0] = 0xFF;
        for (int b = 1; b < MARK_BYTES; b++) m[b] = (uint8_t)(no >> (8 * (MARK_BYTES - 1 - b)));
        (*places)[i] = (int32_t)(i * MARK_BYTES);
        k->starts[k->n_starts++] =
            (pr_token_piece){{(const char *)m, MARK_BYTES},
                             added ? k->p->added[i].id : k->p->words[i].id};
    }
    return text(k, (const char *)all, (size_t)n * MARK_BYTES);
}

/* Strings that are one of a list become the mark of its id, which merging leaves alone: added
 * tokens, or words that the vocabulary has though no merge makes them. They point to the marks
 * behind the text in place of into it. */
static void mark(tok *k, ragged *r, uint32_t n, bool added) {
    pr_ov *g = &k->g;
    int32_t *places;
    if (n == 0) return;
    pr_ov_val marks = make_marks(k, n, added, &places);
    if (g->failed) return;
    strings s = list(k, n, added ? nth_added : nth_word);
    pr_ov_val none = i32_one(k, -1);
    pr_ov_val hit = step(k, "VocabEncoder", PR_OV_I32, MANY,
                         VALS(r->begins, r->ends, r->bytes, s.begins, s.ends, s.bytes,
                              i32s(k, places, n), none));
    pr_ov_val size = pr_ov_op(g, "ShapeOf", "opset3", PR_OV_I32, PR_OV_S(1), 1, &r->bytes);
    pr_ov_attr(g, size, "output_type", "i32");
    /* Booleans meet only where OpenVINO's CPU plug-in takes them: counts are multiplied. */
    pr_ov_val right = pr_ov_op(g, "Convert", "opset1", PR_OV_I32, MANY, 1, &r->skips);
    pr_ov_attr(g, right, "destination_type", "i32");
    if (!added) right = numpy(k, "Subtract", PR_OV_I32, MANY, VALS(i32_one(k, 1), right));
    pr_ov_val is = numpy(k, "Add", PR_OV_I32, MANY, VALS(hit, i32_one(k, 1)));
    is = numpy(k, "Multiply", PR_OV_I32, MANY, VALS(is, right));
    is = numpy(k, "Greater", PR_OV_BOOL, MANY, VALS(is, i32_one(k, 0)));
    pr_ov_val begin = numpy(k, "Add", PR_OV_I32, MANY, VALS(hit, size));
    pr_ov_val end = numpy(k, "Add", PR_OV_I32, MANY, VALS(begin, i32_one(k, MARK_BYTES)));
    r->begins = numpy(k, "Select", PR_OV_I32, MANY, VALS(is, begin, r->begins));
    r->ends = numpy(k, "Select", PR_OV_I32, MANY, VALS(is, end, r->ends));
    r->bytes = pr_ov_op(g, "Concat", "opset1", PR_OV_U8, MANY, VALS(r->bytes, marks));
    pr_ov_attr(g, r->bytes, "axis", "0");
}

static void start(tok *k, pr_str s, pr_id id) {
    k->starts[k->n_starts++] = (pr_token_piece){s, id};
}

/* The operation cuts a string into the longest of these that begin it, and so on. */
static pare_status starts_make(tok *k, pare_err *err) {
    const pr_token_plain *p = k->p;
    bool *made;
    PR_NEW(made, k->a, pr_tokenizer_size(k->t) + (uint32_t)k->m->hp.n_vocab, err);
    PR_NEW(k->starts, k->a, (size_t)p->n_pieces + p->n_added + p->n_words + 2, err);
    k->made = made;
    for (uint32_t i = 0; i < p->n_merges; i++) made[p->merges[i][2]] = true;
    for (uint32_t i = 0; i < p->n_pieces; i++) start(k, p->pieces[i].text, p->pieces[i].id);
    if (p->fused >= 0) {
        start(k, PR_STR(DOUBLE), p->fused);
        start(k, PR_STR(DOUBLE DOUBLE), p->fused);
    }
    return PARE_OK;
}

static ragged merge(tok *k, const ragged *r) {
    const pr_token_plain *p = k->p;
    int32_t *ids = pr_arena_get(k->a, k->n_starts + 1, sizeof *ids);
    uint32_t n = p->n_merges + (p->fused >= 0);
    ragged out = {0};
    if (!ids) {
        k->g.failed = true;
        return out;
    }
    for (uint32_t i = 0; i < k->n_starts; i++) ids[i] = k->starts[i].id;
    strings v = list(k, (uint32_t)k->m->hp.n_vocab, nth_made), l = list(k, n, nth_left),
            q = list(k, n, nth_right), s = list(k, k->n_starts, nth_start);
    pr_ov_val b = step(k, "BPETokenizer", PR_OV_I32, MANY,
                       VALS(r->rows_begin, r->rows_end, r->begins, r->ends, r->bytes, v.begins,
                            v.ends, v.bytes, l.begins, l.ends, l.bytes, q.begins, q.ends, q.bytes,
                            s.begins, s.ends, s.bytes, i32s(k, ids, k->n_starts)));
    pr_ov_attr(&k->g, b, "unk_token", ""); /* no string is empty: what begins nothing goes */
    pr_ov_attr(&k->g, b, "fuse_unk", "false");
    pr_ov_attr(&k->g, b, "suffix_indicator", "");
    pr_ov_attr(&k->g, b, "end_suffix", "");
    pr_ov_attr(&k->g, b, "byte_fallback", "false");
    pr_ov_attr(&k->g, b, "cache_capacity", "20000");
    out.begins = b;
    out.ends = pr_ov_more(&k->g, b, PR_OV_I32, MANY);
    out.bytes = pr_ov_more(&k->g, b, PR_OV_I32, MANY);
    return out;
}

/* ------------------------------------------------------------------ ids in a rectangle */

static void one_id(tok *k, pr_ov_val *in, uint32_t id) {
    int32_t v = (int32_t)id;
    in[0] = i32_one(k, 0);
    in[1] = i32_one(k, 1);
    in[2] = i32s(k, &v, 1);
}

/* Ids before, the text's, ids after. A runtime that wants no more than so many sets the limit. */
static ragged framed(tok *k, const ragged *ids) {
    const pr_token_plain *p = k->p;
    pr_ov_val in[PR_OV_INPUTS], v;
    int32_t kinds[PR_OV_INPUTS] = {0};
    int n = 0;
    ragged r = {0};
    v = step(k, "Truncate", PR_OV_I32, MANY,
             VALS(ids->begins, ids->ends, ids->bytes,
                  i32_one(k, INT32_MAX - (int32_t)(p->n_before + p->n_after) - 64),
                  words(k, "right"), words(k, "longest_first")));
    pr_ov_attr(&k->g, v, "m_num_inputs", "1");
    for (uint32_t i = 0; i < p->n_before; i++, n += 3) one_id(k, in + n, p->before[i]);
    in[n++] = v;
    in[n++] = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    in[n++] = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    for (uint32_t i = 0; i < p->n_after; i++, n += 3) one_id(k, in + n, p->after[i]);
    in[n] = i32s(k, kinds, (uint32_t)n / 3);
    v = step(k, "CombineSegments", PR_OV_I32, MANY, (size_t)n + 1, in);
    r.begins = v;
    r.ends = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    r.bytes = pr_ov_more(&k->g, v, PR_OV_I32, MANY);
    for (int i = 0; i < 3; i++) pr_ov_more(&k->g, v, PR_OV_I32, MANY); /* of the segments' kinds */
    return r;
}

static void result(tok *k, pr_ov_val v, const char *name) {
    pr_ov_name(&k->g, v, name);
    pr_ov_val r = pr_ov_op(&k->g, "Result", "opset1", PR_OV_I64, PR_OV_S(-1, -1), 1, &v);
    pr_ov_name(&k->g, r, name);
}

static pr_ov_val converted(tok *k, pr_ov_val v, pr_ov_type to, const char *name) {
    pr_ov_val c = pr_ov_op(&k->g, "Convert", "opset1", to, PR_OV_S(-1, -1), 1, &v);
    pr_ov_attr(&k->g, c, "destination_type", name);
    return c;
}

static void rectangle(tok *k, const ragged *ids) {
    pr_ov *g = &k->g;
    pr_id pad = pr_tokenizer_role(k->t, PR_SPECIAL_PAD);
    pr_ov_val zero = i32_one(k, 0);
    pr_ov_val n = pr_ov_op(g, "Subtract", "opset1", PR_OV_I32, MANY, VALS(ids->ends, ids->begins));
    pr_ov_attr(g, n, "auto_broadcast", "numpy");
    n = pr_ov_op(g, "ReduceMax", "opset1", PR_OV_I32, PR_OV_SCALAR, VALS(n, zero));
    pr_ov_attr(g, n, "keep_dims", "false");
    pr_ov_val v = step(k, "RaggedToDense", PR_OV_I32, PR_OV_S(-1, -1),
                       VALS(ids->begins, ids->ends, ids->bytes, n, i32_one(k, pad < 0 ? 0 : pad)));
    pr_ov_attr(g, v, "pad_right", "true");
    pr_ov_attr(g, v, "m_pad_max_length", "false");
    pr_ov_val mask = pr_ov_more(g, v, PR_OV_BOOL, PR_OV_S(-1, -1));
    mask = converted(k, converted(k, mask, PR_OV_I32, "i32"), PR_OV_I64, "i64");
    v = converted(k, v, PR_OV_I64, "i64");
    result(k, v, "input_ids");
    result(k, mask, "attention_mask");
}

static void to_ids(tok *k) {
    const pr_token_plain *p = k->p;
    ragged r = rows_of(k, pr_ov_parameter(&k->g, "text", PR_OV_STRING, MANY));
    cut_added(k, &r);
    if (p->form) normalize(k, &r);
    if (p->prepend.p) {
        char *to = pr_arena_printf(k->a, "%.*s$1", (int)p->prepend.n, p->prepend.p);
        if (!to) k->g.failed = true;
        else replace(k, &r, "(?:^)([\\s\\S])", pr_str_of(to), true);
    }
    if (p->space.p) replace(k, &r, " ", p->space, true);
    cut_words(k, &r);
    mark(k, &r, p->n_added, true);
    mark(k, &r, p->n_words, false);
    r = merge(k, &r);
    r = framed(k, &r);
    rectangle(k, &r);
}

/* ------------------------------------------------------------------ ids to text */

static pr_ov_val skipped(tok *k) {
    uint32_t n = 0, size = pr_tokenizer_size(k->t);
    int32_t *ids = pr_arena_get(k->a, size + 1, sizeof *ids);
    if (!ids) return k->g.failed = true, 0;
    for (uint32_t i = 0; i < size; i++)
        if (pr_token_is_special(k->t, (pr_id)i)) ids[n++] = (int32_t)i;
    return i32s(k, ids, n);
}

static void to_text(tok *k) {
    const pr_token_plain *p = k->p;
    pr_ov *g = &k->g;
    ragged r = {0};
    pr_ov_val ids = pr_ov_parameter(g, "ids", PR_OV_I64, PR_OV_S(-1, -1));
    strings v = list(k, (uint32_t)k->m->hp.n_vocab, nth_piece);
    pr_ov_val d = step(k, "VocabDecoder", PR_OV_I32, MANY,
                       VALS(converted(k, ids, PR_OV_I32, "i32"), v.begins, v.ends, v.bytes,
                            skipped(k)));
    pr_ov_attr(g, d, "skip_tokens", "");
    six(k, d, &r);
    g->layers[d].n_more = 4; /* it says nothing of added tokens */
    pr_ov_val joined = step(k, "FuzeRagged", PR_OV_I32, MANY,
                            VALS(r.rows_begin, r.rows_end, r.begins, r.ends));
    r.begins = joined;
    r.ends = pr_ov_more(g, joined, PR_OV_I32, MANY);
    if (p->strip_first) replace(k, &r, "^ ", PR_STR(""), false);
    d = step(k, "UTF8Validate", PR_OV_I32, MANY, VALS(r.begins, r.ends, r.bytes));
    pr_ov_attr(g, d, "replace_mode", "true");
    three(k, d, &r);
    d = pr_ov_op(g, "StringTensorPack", "opset15", PR_OV_STRING, MANY,
                 VALS(r.begins, r.ends, r.bytes));
    pr_ov_name(g, d, "string_output");
    d = pr_ov_op(g, "Result", "opset1", PR_OV_STRING, MANY, 1, &d);
    pr_ov_name(g, d, "string_output");
}

/* ------------------------------------------------------------------ files */

static pare_status write_bin(const tok *k, const char *path, pare_err *err) {
    pr_blob b = {.bytes = k->g.bytes, .align = PLACES};
    pare_status st;
    PR_TRY(pr_blob_open(&b, path, err));
    for (int i = 0; i < k->g.n; i++) {
        const pr_ov_layer *l = &k->g.layers[i];
        pr_place p = {&b, l->at};
        if (l->data) PR_GO(pr_place_put(&p, l->data, l->bytes, err));
    }
    return pr_blob_commit(&b, err);
done:
    pr_blob_discard(&b);
    return st;
}

static const char *role(tok *k, pr_special r) {
    pr_id id = pr_tokenizer_role(k->t, r);
    return id < 0 ? NULL : pr_arena_printf(k->a, "%d", id);
}

static pare_status write(tok *k, const char *dir, const char *name, pare_err *err) {
    static const struct {
        const char *key;
        pr_special role;
    } roles[] = {{"bos_token_id", PR_SPECIAL_BOS},
                 {"eos_token_id", PR_SPECIAL_EOS},
                 {"pad_token_id", PR_SPECIAL_PAD}};
    /* OpenVINO GenAI looks for the first key: without it, it takes the models for old ones, and
     * add_special_tokens, skip_special_tokens and the padding asked for do nothing. */
    const char *info[PR_COUNT(roles) + 2][2] = {{"openvino_tokenizers_version", "2026.4.1"}};
    int n = 1;
    pr_buf xml;
    char *bin = pr_arena_printf(k->a, "%s/openvino_%s.bin", dir, name),
         *path = pr_arena_printf(k->a, "%s/openvino_%s.xml", dir, name);
    if (!bin || !path || k->g.failed) return pr_fail_nomem(err, k->g.bytes);
    for (size_t i = 0; i < PR_COUNT(roles); i++) {
        const char *v = role(k, roles[i].role);
        if (!v) continue;
        info[n][0] = roles[i].key;
        info[n++][1] = v;
    }
    if (k->m->chat_template && *k->m->chat_template) { /* GenAI: before the files beside it */
        info[n][0] = "chat_template";
        info[n++][1] = k->m->chat_template;
    }
    PR_TRY(write_bin(k, bin, err));
    pr_buf_init(&xml, TOK_XML_MAX);
    pr_ov_put_named(&k->g, name, info, n, &xml);
    pare_status st = xml.failed ? pr_fail_nomem(err, xml.max)
                                : pr_file_write(path, xml.p, xml.n, err);
    pr_buf_done(&xml);
    return st;
}

static pare_status can_say(const tok *k, pare_err *err) {
    const pr_token_plain *p = k->p;
    uint32_t special = 0, size = pr_tokenizer_size(k->t);
    for (uint32_t i = 0; i < size; i++) special += pr_token_is_special(k->t, (pr_id)i);
    if (special == 0) /* GenAI's state of those to skip does not start empty */
        return pr_fail(err, PARE_EREFUSED, -1, "a vocabulary without special tokens");
    if ((p->n_before + p->n_after + 1) * 3 + 1 > PR_OV_INPUTS)
        return pr_fail(err, PARE_EREFUSED, -1, "so many ids around a text");
    return PARE_OK;
}

pare_status pr_ov_tokenizer(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    pr_token_plain p;
    tok k = {.m = m, .t = m->tok, .p = &p, .a = a};
    PR_TRY(pr_token_plain_of(m->tok, a, &p, err));
    PR_TRY(can_say(&k, err));
    PR_TRY(starts_make(&k, err));
    pr_ov_init(&k.g, a, PLACES);
    to_ids(&k);
    PR_TRY(write(&k, dir, "tokenizer", err));
    pr_ov_init(&k.g, a, PLACES);
    to_text(&k);
    return write(&k, dir, "detokenizer", err);
}
