/* card_put.c - README.md, licences and generation_config.json of a Hugging Face directory:
 * copied where there was one, else made of a GGUF's keys. Always true: the card that is
 * written reads as the keys that it was made of. */
#include "convert.h"
#include <stdio.h>

enum { README_MAX = 1 << 20 };

/* ------------------------------------------------------------------ YAML */

/* Double quotes say any text; what libyaml does not take as it is goes by its number. */
static void put_text(pr_buf *b, pr_str s) {
    pr_buf_puts(b, "\"");
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\') pr_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f) pr_buf_printf(b, "\\x%02x", c);
        else if (c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)
            pr_buf_printf(b, "\\x%02x", (unsigned char)s.p[++i]);
        else if (c == 0xef && i + 2 < s.n && memcmp(s.p + i, "\xef\xbb\xbf", 3) == 0) {
            pr_buf_puts(b, "\\ufeff");
            i += 2;
        } else if (c == 0xef && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0xbf &&
                   ((unsigned char)s.p[i + 2] & 0xfe) == 0xbe) {
            pr_buf_printf(b, "\\uff%02x", (unsigned)(unsigned char)s.p[i + 2] + 0x40u);
            i += 2;
        } else if (c == 0xe2 && i + 2 < s.n && memcmp(s.p + i, "\xe2\x80", 2) == 0 &&
                   ((unsigned char)s.p[i + 2] & 0xfe) == 0xa8) {
            pr_buf_printf(b, "\\u20%02x", (unsigned)(unsigned char)s.p[i + 2] - 0x80u);
            i += 2;
        } else
            pr_buf_add(b, s.p + i, 1);
    }
    pr_buf_puts(b, "\"\n");
}

static void put_texts(pr_buf *b, const char *key, const pr_texts *t) {
    if (t->n) pr_buf_printf(b, "%s:\n", key);
    for (uint64_t i = 0; i < t->n; i++) {
        pr_buf_puts(b, "- ");
        put_text(b, t->at[i]);
    }
}

static bool same_origin(const pr_origin *a, const pr_origin *b) {
    for (int k = 0; k < PR_ORIGIN_WORDS; k++)
        if (!pr_str_eq(a->word[k], b->word[k])) return false;
    return true;
}

static void put_words(pr_buf *b, const pr_origin *o) {
    const char *lead = "- ";
    for (int k = 0; k < PR_ORIGIN_WORDS; k++) {
        if (!o->word[k].p) continue;
        pr_buf_printf(b, "%s%s: ", lead, pr_origin_words[k]);
        put_text(b, o->word[k]);
        lead = "  ";
    }
    if (*lead == '-') pr_buf_puts(b, "- {}\n");
}

/* Does `id` alone say all of `o`, whatever the size of the model beside it? */
static pare_status says(const pr_origin *o, pr_str id, pr_arena *a, bool *out, pare_err *err) {
    pr_origin x, y;
    *out = false;
    if (!id.n) return PARE_OK;
    PR_TRY(pr_origin_read(&x, id, 0, a, err));
    PR_TRY(pr_origin_read(&y, id, 1, a, err));
    *out = same_origin(&x, o) && same_origin(&y, o);
    return PARE_OK;
}

/* As "org/name" or an address where that says all of it, else word by word. */
static pare_status put_origins(pr_buf *b, const char *key, const pr_origins *o, pr_arena *a,
                               pare_err *err) {
    const pr_str root = PR_STR("https://huggingface.co/");
    if (!o->stated) return PARE_OK;
    pr_buf_printf(b, "%s:%s\n", key, o->n ? "" : " []");
    for (uint64_t i = 0; i < o->n; i++) {
        pr_str url = o->at[i].word[PR_ORIGIN_REPO_URL], id = url;
        bool is_short, is_long;
        if (url.n > root.n && memcmp(url.p, root.p, root.n) == 0)
            id = (pr_str){url.p + root.n, url.n - root.n};
        PR_TRY(says(&o->at[i], id, a, &is_short, err));
        PR_TRY(says(&o->at[i], url, a, &is_long, err));
        if (is_short || is_long) {
            pr_buf_puts(b, "- ");
            put_text(b, is_short ? id : url);
        } else
            put_words(b, &o->at[i]);
    }
    return PARE_OK;
}

pare_status pr_card_put_readme(const pr_card *c, pr_buf *dst, pr_arena *a, pare_err *err) {
    pr_str name = c->said[PR_SAID_NAME];
    pr_buf_puts(dst, "---\n");
    for (int i = 0; i < PR_SAID_COUNT; i++) {
        const char *const *words = pr_said_spellings[i].card;
        if (!c->said[i].p) continue;
        pr_buf_printf(dst, "%s: ", words[1] ? words[1] : words[0]);
        put_text(dst, c->said[i]);
    }
    PR_TRY(put_origins(dst, "base_model", &c->base_models, a, err));
    PR_TRY(put_origins(dst, "datasets", &c->datasets, a, err));
    put_texts(dst, "tags", &c->tags);
    put_texts(dst, "language", &c->languages);
    pr_buf_puts(dst, "---\n\n# ");
    for (size_t i = 0; i < name.n; i++)
        pr_buf_add(dst, (unsigned char)name.p[i] < 0x20 ? " " : name.p + i, 1);
    pr_buf_puts(dst, "\n\nConverted from a GGUF file; what is said above stood in its keys.\n");
    return dst->failed ? pr_fail(err, PARE_EINPUT, -1, "general.* keys of over %d bytes",
                                 README_MAX)
                       : PARE_OK;
}

/* ------------------------------------------------------------------ files */

static pare_status write_readme(const pr_model *m, const char *dir, pr_arena *a,
                                pare_err *err) {
    char *path = pr_path_join(a, dir, "README.md");
    pr_card c;
    pr_buf text;
    if (!path) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_card_of_gguf(&c, m->file, a, err));
    pr_buf_init(&text, README_MAX);
    pare_status st = pr_card_put_readme(&c, &text, a, err);
    if (st == PARE_OK) st = pr_file_write(path, text.p, text.n, err);
    pr_buf_done(&text);
    return st;
}

/* A licence has to go where the weights go. */
static bool travels(const char *name) {
    static const char *const begin[] = {"LICENSE", "LICENCE", "NOTICE", "USE_POLICY"};
    for (size_t i = 0; i < PR_COUNT(begin); i++)
        if (strncmp(name, begin[i], strlen(begin[i])) == 0) return true;
    return strcmp(name, "README.md") == 0 || strcmp(name, "generation_config.json") == 0;
}

static pare_status copy_files(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    const char **names;
    size_t n;
    PR_TRY(pr_dir_list(m->path, a, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        char *from = pr_path_join(a, m->path, names[i]), *to = pr_path_join(a, dir, names[i]);
        if (!from || !to) return pr_fail_nomem(err, 4096);
        if (travels(names[i]) && !pr_path_is_dir(from)) PR_TRY(pr_copy_file(from, to, err));
    }
    return PARE_OK;
}

pare_status pr_card_put_files(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    return m->dialect != PR_DIALECT_GGUF ? copy_files(m, dir, a, err)
                                       : write_readme(m, dir, a, err);
}
