/* token.h - the door of `token`: text to ids and back.
 *
 *   pr_tokenizer *t;
 *   PR_TRY(pr_tokenizer_open(&t, "models/austen-3.7m", err));
 *   pr_ids ids = {0};
 *   PR_GO(pr_encode(t, "It is a truth", 13, PR_ENCODE_ADD | PR_ENCODE_SPECIAL, &ids, err));
 *   …ids.p[0 … ids.n-1]…
 *   pr_ids_done(&ids);
 *   pr_tokenizer_close(t);
 *
 * One description (pr_vocab) is filled from tokenizer.json, from a SentencePiece
 * tokenizer.model or from the tokenizer.ggml.* keys of a GGUF file, and all
 * three are encoded by the same code. A construct that pare does not know is
 * PARE_EUNSUPPORTED with its name; nothing falls back to a default silently.
 *
 * Lifetime: whatever is reached from a tokenizer is borrowed and lives until
 * pr_tokenizer_close. Threads: a tokenizer never changes once open, any number
 * of threads may use it; a pr_ids, pr_buf or pr_decoder belongs to one thread.
 *
 * Unicode: patterns use PCRE2's tables, normal forms utf8proc's. The `tokenizers`
 * library brings its own; code points assigned between those versions of
 * Unicode may be classified differently. */
#ifndef PR_TOKEN_H
#define PR_TOKEN_H
#include "base/base.h"
#include "pare/doc.h"

typedef int32_t             pr_id; /* a token; never negative where valid, -1: none */
typedef struct pr_tokenizer pr_tokenizer;

/* As GGUF numbers them. */
typedef enum {
    PR_TOKEN_UNDEFINED,
    PR_TOKEN_NORMAL,
    PR_TOKEN_UNKNOWN,
    PR_TOKEN_CONTROL,
    PR_TOKEN_USER_DEFINED,
    PR_TOKEN_UNUSED,
    PR_TOKEN_BYTE
} pr_token_type;

/* The ids that have a role; PR_SPECIAL_COUNT is not one. */
typedef enum {
    PR_SPECIAL_BOS,
    PR_SPECIAL_EOS,
    PR_SPECIAL_UNK,
    PR_SPECIAL_SEP,
    PR_SPECIAL_PAD,
    PR_SPECIAL_MASK,
    PR_SPECIAL_EOT,
    PR_SPECIAL_EOM,
    PR_SPECIAL_COUNT
} pr_special;

/* What the tokenizer.ggml.* keys of a GGUF file say. Arrays are borrowed. An
 * absent string has p = NULL, an absent array is NULL, an absent id or flag -1. */
typedef struct {
    pr_str         model; /* "gpt2" or "llama" */
    pr_str         pre;   /* name of the pre-tokenizer; needed for "gpt2" */
    const pr_str  *tokens;
    uint64_t       n_tokens;
    const float   *scores; /* n_tokens of them; needed for "llama" */
    const int32_t *types;  /* n_tokens of them */
    const pr_str  *merges; /* "left right" */
    uint64_t       n_merges;
    int64_t        role[PR_SPECIAL_COUNT]; /* bos_token_id, eos_token_id, unknown_token_id … */
    int            add_bos, add_eos, add_sep, add_space_prefix;
    const char    *loses; /* pr_tokenizer_to_gguf: what GGUF cannot say, or NULL */
} pr_gguf_vocab;

/* Everything absent: the state to start from. */
pr_gguf_vocab pr_gguf_vocab_none(void);

/* Open the tokenizer of the checkpoint in folder `dir`: tokenizer.json, or else
 * tokenizer.model (SentencePiece, BPE); tokenizer_config.json, where it is, gives
 * roles and flags. PARE_EINPUT: neither is there, or one is damaged. */
pare_status pr_tokenizer_open(pr_tokenizer **out, const char *dir, pare_err *err);
/* The same from the keys of a GGUF file; copies what it needs of `g`. For "llama"
 * an absent bos, eos or unk is 1, 2, 0, as that format's readers take it. An
 * absent or unknown `pre` of a "gpt2" vocabulary is an error. */
pare_status pr_tokenizer_from_gguf(pr_tokenizer **out, const pr_gguf_vocab *g, pare_err *err);
/* From the text of a tokenizer.json, and of a tokenizer_config.json (may be empty). */
pare_status pr_tokenizer_from_json(pr_tokenizer **out, pr_str json, pr_str config, pare_err *err);
/* From the bytes of a SentencePiece model, and a tokenizer_config.json (may be empty). */
pare_status pr_tokenizer_from_spm(pr_tokenizer **out, pr_str model, pr_str config, pare_err *err);
void        pr_tokenizer_close(pr_tokenizer *t); /* NULL is fine */

/* The arrays a GGUF file needs, `vocab_size` ids long (the rows of the embedding;
 * 0: as many as there are), with "[PAD<id>]" for ids that have no token. Memory
 * is from `a`. PARE_EREFUSED if GGUF has no name for what the tokenizer does (it
 * says what); `out->loses` names what is left out but matters only to some texts
 * (a normal form, white space beside a special token), so that the caller can
 * decide. Where a SentencePiece vocabulary states merges, scores are made that put
 * the pieces in the merges' order. PARE_EINPUT: more tokens than `vocab_size`. */
pare_status pr_tokenizer_to_gguf(const pr_tokenizer *t, uint64_t vocab_size, pr_arena *a,
                                 pr_gguf_vocab *out, pare_err *err);

/* The files of a Hugging Face directory that say the same as a GGUF's vocabulary: `main`, to be
 * stored
 * as *name ("tokenizer.json" for byte-level BPE, "tokenizer.model" for SentencePiece), and
 * `config`,
 * tokenizer_config.json, with chat_template as given (NULL: none). Whoever writes them
 * should read them back and compare. PARE_EREFUSED: not such a vocabulary. */
pare_status pr_tokenizer_to_hf(const pr_tokenizer *t, const pare_doc *chat_template,
                               const char **name, pr_buf *main, pr_buf *config, pare_err *err);

/* Number of ids (largest id + 1; ids without a token count). */
uint32_t pr_tokenizer_size(const pr_tokenizer *t);
/* The id with a role, or -1. */
pr_id pr_tokenizer_role(const pr_tokenizer *t, pr_special r);
/* The token's text as its file spells it ("Ġthe", "▁the", "<0x0A>"); p = NULL: none. */
pr_str        pr_token_text(const pr_tokenizer *t, pr_id id);
pr_token_type pr_token_kind(const pr_tokenizer *t, pr_id id);
/* What the id adds to a text: raw bytes, perhaps a part of a code point. A space
 * that a decoder drops at the start of a text is here. Empty for an id without token. */
pr_str pr_token_bytes(const pr_tokenizer *t, pr_id id);
/* The token's id by its exact spelling, or -1. */
pr_id pr_token_find(const pr_tokenizer *t, pr_str text);
/* Marked special by its file (control, unknown). */
bool pr_token_is_special(const pr_tokenizer *t, pr_id id);
/* Ends a generation: eos, eot, eom, or a special token with a name that the
 * field uses for the end of a turn ("<|eot_id|>", "<|im_end|>", …). */
bool pr_token_is_end(const pr_tokenizer *t, pr_id id);

/* A tokenizer in words that other runtimes have too: patterns that cut, one mark for a space,
 * merges by rank. A word is one of `words`; or it becomes the longest of `pieces` from left to
 * right (bytes that begin none are dropped), and these are merged. There is one merge for each
 * token that merging can end in, and a token's parts are made before it: then it makes no
 * difference in which order equal pairs are merged, nor what else is in the vocabulary. All is
 * borrowed from the tokenizer, or lies in the arena. */
typedef struct {
    pr_str      pattern;   /* in PCRE2's dialect */
    const char *behaviour; /* "isolate", "remove", "mergedwithprevious", "mergedwithnext" */
    bool        invert;
} pr_token_split;
typedef struct {
    pr_str text;
    pr_id  id;
    bool   lstrip, rstrip; /* swallows white space on that side */
} pr_token_added;
/* Bytes that stand for an id. */
typedef struct {
    pr_str text;
    pr_id  id;
} pr_token_piece;
typedef struct {
    bool   byte_level; /* merges bytes; else letters */
    pr_id  fused; /* a run of it is one; -1: none is */
    const char *form; /* of Unicode, first of all: "nfc", "nfd", "nfkc", "nfkd"; NULL: none */
    pr_str prepend; /* before each stretch of text between added tokens; p NULL: nothing */
    pr_str space;   /* what a space becomes; p NULL: it stays */
    bool   strip_first; /* decoding drops a space at the start of a text */
    uint32_t              n_splits, n_added, n_merges, n_before, n_after,
        n_pieces, n_words;
    pr_token_split        splits[8];
    const pr_token_added *added;
    const uint32_t (*merges)[3]; /* left, right, what they become */
    const pr_token_piece *pieces, *words;
    const uint32_t *before, *after; /* ids put around a text */
} pr_token_plain;
/* PARE_EREFUSED: it does more than that; the message says what. */
pare_status pr_token_plain_of(const pr_tokenizer *t, pr_arena *a, pr_token_plain *out,
                              pare_err *err);

/* Ids that grow; {0} is a fresh one. */
typedef struct {
    pr_id *p;
    size_t n, cap;
} pr_ids;
void pr_ids_done(pr_ids *ids);

enum {
    PR_ENCODE_ADD = 1,     /* put what the file puts before and after (BOS …) */
    PR_ENCODE_SPECIAL = 2, /* special tokens in the text are tokens, else they are text */
    PR_ENCODE_MIDDLE = 4   /* `text` continues another: no prefix space at its start */
};
/* At most this many bytes of text at once. */
#define PR_ENCODE_MAX ((size_t)256 << 20)
/* Append the ids of `n` bytes of UTF-8 to `out`. A NUL is a character like others.
 * PARE_EINPUT with the position of the first byte that is not UTF-8. Takes time
 * O(n log n) and at most about 120 bytes of memory per byte of text. */
pare_status pr_encode(const pr_tokenizer *t, const char *text, size_t n, unsigned flags,
                      pr_ids *out, pare_err *err);
/* The same, giving up with PARE_ECANCELLED soon after `ctl` (may be NULL) says so. */
pare_status pr_encode_long(const pr_tokenizer *t, const char *text, size_t n, unsigned flags,
                           const pare_ctl *ctl, pr_ids *out, pare_err *err);

/* Append the text of `n` ids to `out`; `skip_special`: leave special tokens out.
 * Bytes that are not UTF-8 become U+FFFD as the `tokenizers` library does it.
 * An id outside the vocabulary is PARE_EINPUT with its index as position.
 * clean_up_tokenization_spaces is not applied: it is no part of tokenizer.json. */
pare_status pr_decode(const pr_tokenizer *t, const pr_id *ids, size_t n, bool skip_special,
                      pr_buf *out, pare_err *err);

/* Decoding id by id: bytes are given out as soon as they make whole code points.
 * {0}, and pr_decoder_init, start one. Equal to pr_decode, except that a run of
 * byte tokens which turns out to be damaged has already given its good part. */
typedef struct {
    const pr_tokenizer *t;
    bool                skip_special;
    bool                glued;   /* bytes of a run are held until it ends (pr_decode) */
    bool                begun;   /* something was given out */
    uint32_t            n_done;  /* tokens so far, saturating */
    uint32_t            n_lead;  /* leading characters still to be stripped */
    uint32_t            n_held;  /* bytes of an unfinished code point */
    uint8_t             held[4];
    pr_buf              run; /* the run of byte tokens, where glued */
} pr_decoder;
void pr_decoder_init(pr_decoder *d, const pr_tokenizer *t, bool skip_special);
/* Append what `id` completes to `out` (perhaps nothing). */
pare_status pr_decoder_add(pr_decoder *d, pr_id id, pr_buf *out, pare_err *err);
/* End: an unfinished code point becomes U+FFFD. Frees what `d` holds. */
void pr_decoder_end(pr_decoder *d, pr_buf *out);

/* What `pare assess` says about it. Borrowed strings. */
typedef struct {
    const char *kind;      /* "byte-level BPE", "SentencePiece BPE" */
    const char *source;    /* "tokenizer.json", "tokenizer.model", "GGUF" */
    const char *pre;       /* GGUF name of the pre-tokenizer, or NULL: no name for it */
    uint32_t    n_tokens, n_merges, n_added;
    bool        add_bos, add_eos;
} pr_tokenizer_info;
pr_tokenizer_info pr_tokenizer_describe(const pr_tokenizer *t);
#endif
