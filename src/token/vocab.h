/* vocab.h - the one description of a tokenizer, and what is compiled from it.
 * Private to `token`. Filled by tokenizer_json.c, sentencepiece.c, gguf_vocab.c;
 * made ready by vocab.c; read by encode.c and decode.c. */
#ifndef PR_TOKEN_VOCAB_H
#define PR_TOKEN_VOCAB_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "token/token.h"

enum {
    PR_VOCAB_MAX = 1 << 24,   /* ids */
    PR_TOKEN_TEXT_MAX = 1 << 16, /* bytes of one token */
    PR_STEPS_MAX = 16,        /* of a normalizer, pre-tokenizer or decoder */
    PR_FRAME_MAX = 16,        /* ids put before or after */
    PR_PATTERN_MAX = 1 << 16  /* bytes of one pattern */
};
#define PR_TOKENIZER_BYTES_MAX ((size_t)2 << 30) /* all that one tokenizer holds */
#define PR_NONE                UINT32_MAX
/* What `n` bytes of text may become by normalizing and cutting: Unicode's widest forms are 11
 * times as long, marks for spaces 3. Steps that double a text, one behind the other, end here. */
#define PR_GROWN_MAX(n) ((size_t)(n) * 16 + ((size_t)1 << 16))
/* The same for what a decoder makes of one token. */
#define PR_PIECE_MAX(n) ((size_t)(n) * 16 + 4096)

/* A token that is looked for in the text before anything else. */
typedef struct {
    pr_str   text;
    uint32_t id;
    bool     special, single_word, lstrip, rstrip, normalized;
} pr_added;

/* How the pieces that a pattern matches are cut out (the `tokenizers` names). */
typedef enum {
    PR_CUT_ISOLATED,
    PR_CUT_REMOVED,
    PR_CUT_WITH_PREVIOUS,
    PR_CUT_WITH_NEXT,
    PR_CUT_CONTIGUOUS
} pr_cut;

/* One step of cutting a text into words. */
typedef struct {
    enum { PR_PRE_SPLIT, PR_PRE_PREFIX_SPACE, PR_PRE_METASPACE } op;
    pr_str  pattern; /* SPLIT: PCRE2 as compiled; METASPACE: what a space becomes */
    pr_cut  cut;
    bool    invert;
    enum { PR_PREPEND_NEVER, PR_PREPEND_FIRST, PR_PREPEND_ALWAYS } prepend; /* METASPACE */
    pcre2_code *code; /* SPLIT */
} pr_pre_step;

/* One step of making a text normal. */
typedef struct {
    enum {
        PR_NORM_FORM,     /* utf8proc's `form` */
        PR_NORM_PREPEND,  /* `to`, unless the text is empty */
        PR_NORM_REPLACE,  /* `from` by `to` */
        PR_NORM_REGEX,    /* what `code` matches by `to` */
        PR_NORM_STRIP,    /* white space, left and/or right */
        PR_NORM_LOWER,
        PR_NORM_NO_MARKS, /* drop Mn */
        PR_NORM_SPM       /* SentencePiece: dummy prefix, extra spaces, escaping */
    } op;
    int         form;
    pr_str      from, to;
    bool        left, right;
    bool        prefix, squeeze, escape; /* SPM */
    pcre2_code *code;
} pr_norm_step;

typedef struct {
    enum {
        PR_DEC_BYTE_LEVEL,
        PR_DEC_REPLACE,
        PR_DEC_BYTE_FALLBACK,
        PR_DEC_FUSE,
        PR_DEC_STRIP,
        PR_DEC_METASPACE,
        PR_DEC_SPACES /* no decoder: tokens joined by one space */
    } op;
    pr_str   from, to; /* REPLACE; STRIP: `from` is the character */
    uint32_t start, stop;
    bool     prepend;
    bool     each; /* STRIP behind Fuse: of each token until something is left */
} pr_dec_step;

/* The description. Ids without a token have text.p = NULL. */
typedef struct {
    bool     byte_level;  /* tokens are spelt in GPT-2's byte alphabet */
    bool     by_score;    /* merges by the scores of the pieces, else by rank */
    bool     byte_fallback, fuse_unk, ignore_merges;
    bool     plain_controls; /* SentencePiece: a control's text is text, always */
    bool     from_gguf;
    const char *source;
    pr_str  *text;
    float   *score; /* NULL: none */
    float   *spm_score; /* scores for GGUF where the file that encodes has none, or NULL */
    uint8_t *type;      /* pr_token_type */
    bool    *in_model; /* the model makes it; else it is only an added token */
    uint32_t n;
    struct {
        uint32_t left, right, into;
    } *merge;
    uint32_t  n_merges;
    pr_added *added;
    uint32_t  n_added;
    int64_t   role[PR_SPECIAL_COUNT];
    int64_t   unk; /* what encoding puts for an unknown letter; -1: nothing */
    bool      add_bos, add_eos;  /* as a GGUF file would say it */
    int       add_space_prefix;  /* 1, 0; -1 where the file does not say */
    int       says_bos, says_eos, says_sep, says_prefix; /* as a converter reads it; -1 */
    uint32_t  before[PR_FRAME_MAX], after[PR_FRAME_MAX];
    uint32_t  n_before, n_after;
    pr_norm_step norm[PR_STEPS_MAX];
    uint32_t     n_norm;
    pr_pre_step  pre[PR_STEPS_MAX];
    uint32_t     n_pre;
    const char  *pre_name; /* GGUF's, or NULL */
    pr_dec_step  dec[PR_STEPS_MAX];
    uint32_t     n_dec;
    const char  *unk_text; /* SentencePiece's surface of an unknown, or NULL */
} pr_vocab;

/* Text → id: open addressing over the tokens' own bytes. */
typedef struct {
    uint32_t *slot; /* id, PR_NONE: free */
    uint32_t  mask;
} pr_text_map;

/* (left, right) → (rank, into). */
typedef struct {
    uint64_t key; /* left << 32 | right; UINT64_MAX: free */
    uint32_t rank, into;
} pr_pair_slot;
typedef struct {
    pr_pair_slot *slot;
    uint32_t      mask;
} pr_pair_map;

/* Finds the added tokens: leftmost, then longest (automaton.c). */
typedef struct pr_automaton pr_automaton;

struct pr_tokenizer {
    pr_arena     *arena;
    pr_vocab      v;
    pr_text_map   by_text;   /* in_model tokens by spelling */
    pr_text_map   by_any;    /* every token */
    pr_text_map   by_bytes;  /* byte-level: in_model tokens by raw bytes */
    pr_str       *bytes;     /* id → raw bytes; the same as text where not byte_level */
    pr_str       *piece;     /* id → what it adds to a text */
    pr_pair_map   pairs;
    uint32_t      byte_id[256]; /* byte-level letters, or byte tokens; PR_NONE */
    uint32_t     *order;        /* by_score: id → priority, smaller first */
    uint64_t     *beside;       /* hash set of code point pairs inside tokens */
    uint32_t      beside_mask;  /* 0 and beside NULL: not used */
    uint32_t      longest;      /* bytes of the longest token */
    uint32_t      unk;
    uint8_t      *special;      /* id → 1 special, 2 ends a generation */
    pr_automaton *raw, *normal; /* added tokens: before and after normalizing */
    pr_automaton *frozen;       /* SentencePiece's user-defined pieces */
};

/* The description is complete: check it and compile. On failure close `t`. */
pare_status pr_vocab_ready(pr_tokenizer *t, pare_err *err);
/* text → id for the texts so far; done once. */
pare_status pr_vocab_index_texts(pr_tokenizer *t, pare_err *err);
pare_status pr_vocab_begin(pr_tokenizer **out, const char *source, pare_err *err);
/* Room for `n` ids. */
pare_status pr_vocab_room(pr_tokenizer *t, uint64_t n, pare_err *err);
uint32_t    pr_text_find(const pr_text_map *m, const pr_str *texts, const char *p, size_t n);
/* "<0x0A>" → 10, else -1. */
int pr_byte_token(pr_str text);
/* Letter of GPT-2's byte alphabet ↔ byte. The code point of a byte; the byte of
 * a code point or -1. */
uint32_t pr_byte_letter(uint8_t byte);
int      pr_letter_byte(uint32_t cp);
/* The code point at `p` (valid UTF-8, not at the end); *len its bytes. */
uint32_t pr_utf8_at(const char *p, uint32_t *len);
int      pr_utf8_put(char dst[4], uint32_t cp);

/* patterns.c: a pattern of tokenizer.json's dialect in PCRE2's, in memory of `a`, meaning
 * without PCRE2's options what pr_pattern_compile() gives it. */
pare_status pr_pattern_pcre2(pr_str *out, pr_str pattern, pr_arena *a, pare_err *err);
/* patterns.c: a pattern in the dialect of tokenizer.json, ready to match. */
pare_status pr_pattern_compile(pcre2_code **out, pr_str pattern, pr_arena *a, const char *where,
                               pare_err *err);
/* Steps of the pre-tokenizer that GGUF calls `name`; flags by reference. */
pare_status pr_pre_by_name(pr_vocab *v, pr_str name, pare_err *err);
/* GGUF's name of the steps in `v`, or NULL. */
const char *pr_pre_name(const pr_vocab *v);
pare_status pr_pre_add(pr_vocab *v, pr_pre_step step, pare_err *err);
#define PR_GPT2_PATTERN                                                        \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* automaton.c */
pare_status pr_automaton_make(pr_automaton **out, pr_arena *a, pare_err *err);
/* Add a text (not empty) with the value it means; the first of two equal ones wins. */
pare_status pr_automaton_add(pr_automaton *m, pr_arena *a, pr_str text, uint32_t value,
                             pare_err *err);
pare_status pr_automaton_ready(pr_automaton *m, pr_arena *a, pare_err *err);
/* Next match at or after `from`: its start, end, value; false: none. */
bool pr_automaton_next(const pr_automaton *m, const char *p, size_t n, size_t from, size_t *start,
                       size_t *end, uint32_t *value);
/* Longest text that is a prefix of p[0…n-1]: its length, or 0. */
size_t pr_automaton_prefix(const pr_automaton *m, const char *p, size_t n, uint32_t *value);

/* A text outgrew `b` (PR_GROWN_MAX). */
pare_status pr_fail_grown(const pr_buf *b, const char *where, pare_err *err);
/* normal.c: run all steps on `in`, result in `out` (cleared first). */
pare_status pr_normalize(const pr_tokenizer *t, pr_str in, pr_buf *out, pr_buf *tmp, bool middle,
                         pare_err *err);

/* Unicode's White_Space. */
bool pr_white_space(uint32_t cp);

/* Words, matches, merges between two looks whether to go on: some ms of work. */
enum { PR_CTL_TURNS = 4096 };

/* split.c: a text cut into words. */
typedef struct {
    uint32_t off, len;
} pr_word;
typedef struct {
    pr_word *p;
    size_t   n, cap;
} pr_words;
typedef struct {
    pcre2_match_data    *match;
    pcre2_match_context *context;
    pcre2_jit_stack     *stack;
    pr_words             a, b;
    pr_buf               text, tmp;
    const pare_ctl      *ctl; /* asked now and then whether to go on; NULL: always */
} pr_splitter;
/* `max`: bytes that the text may come to have. */
pare_status pr_splitter_init(pr_splitter *s, size_t max, pare_err *err);
void        pr_splitter_done(pr_splitter *s);
/* Cut `text`; on return s->text.p holds the text that the words in s->a point into. */
/* `at_start`: nothing came before it; `middle`: it continues a text, no prefix. */
pare_status pr_split(const pr_vocab *v, pr_splitter *s, pr_str text, bool at_start, bool middle,
                     pare_err *err);
/* Match `code` in p[0…n-1] from `at`: 1 found, 0 not, or an error. */
pare_status pr_match(pr_splitter *s, const pcre2_code *code, const char *p, size_t n, size_t at,
                     int *found, size_t *start, size_t *end, pare_err *err);

/* merge.c: the ids of one word by merging. */
typedef struct pr_merger pr_merger;
pare_status pr_merger_new(pr_merger **out, const pr_tokenizer *t, const pare_ctl *ctl,
                          pare_err *err);
void        pr_merger_free(pr_merger *m);
pare_status pr_merge_word(pr_merger *m, const char *p, size_t n, pr_ids *out, pare_err *err);
/* What the last merge of a word joined; by score, PR_NONE for a letter that is no token. */
typedef struct {
    uint32_t left, right, into, rank;
} pr_last_merge;
/* Merge a word without looking it up whole. last->into: what it became, or PR_NONE if that is
 * not one token made by a merge. */
pare_status pr_merge_to_one(pr_merger *m, pr_str word, pr_last_merge *last, pare_err *err);
/* canon.c: the pieces, merges and words of `out`. */
pare_status pr_plain_merges(const pr_tokenizer *t, pr_arena *a, pr_token_plain *out,
                            pare_err *err);
pare_status pr_ids_add(pr_ids *ids, const pr_id *p, size_t n, pare_err *err);

/* readers */
pare_status pr_json_fill(pr_tokenizer *t, pr_str json, pr_str config, pare_err *err);
pare_status pr_json_config(pr_tokenizer *t, pr_str config, pare_err *err);
pare_status pr_spm_fill(pr_tokenizer *t, pr_str model, pare_err *err);
#endif
