/* card_read.c - what a Hugging Face directory says of its model. Keys and their order of
 * preference are llama.cpp's converter's; always true: nothing that stands in README.md
 * stops a conversion. */
#include "model_id.h"
#include "convert.h"
#include <stdio.h>

typedef struct {
    const pare_doc *doc;
    int64_t n_values;
    pr_arena *arena;
    pr_buf *odd;
    pare_err *err;
} reader;

static void note(reader *r, const char *key, const pare_doc *v, const char *expected) {
    char found[96];
    if (r->odd)
        pr_buf_printf(r->odd, "'%s' is %s, expected %s: left out\n", key,
                      pr_doc_describe(v, found, sizeof found), expected);
}

/* A copy in the arena, {NULL, 0} for what is no text. */
static pare_status copy(reader *r, const pare_doc *v, pr_str *out) {
    pr_str s = pr_doc_text_of(v);
    *out = (pr_str){0};
    if (!s.p) return PARE_OK;
    out->p = pr_arena_str(r->arena, s.p, s.n);
    out->n = s.n;
    return out->p ? PARE_OK : pr_fail_nomem(r->err, s.n);
}

/* "a,b" of a list of licences. */
static pare_status join(reader *r, const pare_doc *list, pr_str *out) {
    pr_buf b;
    pare_doc_iter it = {0};
    pr_buf_init(&b, 1 << 20);
    while (pare_doc_next(list, &it)) {
        pr_str s = pr_doc_text_of(it.value);
        if (it.i) pr_buf_puts(&b, ",");
        pr_buf_add(&b, s.p, s.n);
    }
    *out = (pr_str){pr_arena_str(r->arena, b.p, b.n), b.n};
    pr_buf_done(&b);
    return out->p ? PARE_OK : pr_fail_nomem(r->err, 1 << 20);
}

static pare_status read_said(reader *r, pr_said which, pr_str *out) {
    for (int i = 0; i < PR_SAID_SPELLINGS && !out->p; i++) {
        const char *key = pr_said_spellings[which].card[i];
        const pare_doc *v = key ? pare_doc_get(r->doc, key) : NULL;
        if (which == PR_SAID_LICENSE && pare_doc_kind(v) == PARE_DOC_ARRAY)
            return join(r, v, out);
        if (pare_doc_kind(v) > PARE_DOC_NULL && !pare_doc_str(v)) note(r, key, v, "text");
        PR_TRY(copy(r, v, out));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ lists of texts */

static pare_status read_texts(reader *r, pr_texts *t, const char *key) {
    const pare_doc *v = pare_doc_get(r->doc, key);
    bool list = pare_doc_kind(v) == PARE_DOC_ARRAY;
    size_t n = list ? pare_doc_count(v) : 1;
    pr_str *more;
    if (!list && !pare_doc_str(v)) {
        if (pare_doc_kind(v) > PARE_DOC_NULL) note(r, key, v, "text or a list of texts");
        return PARE_OK;
    }
    PR_NEW(more, r->arena, t->n + n + 1, r->err);
    if (t->n) memcpy(more, t->at, (size_t)t->n * sizeof *more);
    t->at = more;
    for (size_t i = 0; i < n; i++) {
        const pare_doc *x = list ? pare_doc_at(v, i) : v;
        if (!pare_doc_str(x)) note(r, key, x, "text");
        else PR_TRY(copy(r, x, &t->at[t->n++]));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ base models, data sets */

static bool begins(pr_str s, const char *with) {
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* "org/name" of an address at huggingface.co, else {NULL, 0}. */
static pr_str hub_id(pr_str address) {
    static const char *const roots[] = {"https://huggingface.co/", "http://huggingface.co/"};
    for (size_t i = 0; i < PR_COUNT(roots); i++) {
        size_t n = strlen(roots[i]);
        if (!begins(address, roots[i])) continue;
        pr_str id = {address.p + n, address.n - n};
        const char *slash = memchr(id.p, '/', id.n), *end = id.p + id.n;
        if (slash && slash > id.p && slash + 1 < end &&
            !memchr(slash + 1, '/', (size_t)(end - slash - 1)))
            return id;
    }
    return (pr_str){0};
}

pare_status pr_origin_read(pr_origin *o, pr_str id, int64_t n_values, pr_arena *a,
                           pare_err *err) {
    enum { NAME = 0, VERSION = 2, ORGANIZATION = 3 };
    bool address = begins(id, "http://") || begins(id, "https://") || begins(id, "ssh://");
    pr_str named = address ? hub_id(id) : id;
    pr_model_id x;
    *o = (pr_origin){0};
    if (address) o->word[PR_ORIGIN_REPO_URL] = id;
    if (!named.p) return PARE_OK;
    PR_TRY(pr_model_id_read(&x, named, n_values, a, err));
    const char *name = pr_title(a, x.name), *org = x.org ? pr_title(a, x.org) : NULL,
               *url = "";
    if (!address && x.org)
        url = pr_arena_printf(a, "https://huggingface.co/%s/%s", x.org, x.name);
    if (!name || (x.org && !org) || !url) return pr_fail_nomem(err, id.n);
    o->word[NAME] = pr_str_of(name);
    if (x.version) o->word[VERSION] = pr_str_of(x.version);
    if (org) o->word[ORGANIZATION] = pr_str_of(org);
    if (!address) o->word[PR_ORIGIN_REPO_URL] = pr_str_of(url);
    return PARE_OK;
}

/* An entry that says its words itself. */
static pare_status read_words(reader *r, pr_origin *o, const pare_doc *v) {
    for (int k = 0; k < PR_ORIGIN_WORDS; k++)
        PR_TRY(copy(r, pare_doc_get(v, pr_origin_words[k]), &o->word[k]));
    return PARE_OK;
}

static pare_status read_origin(reader *r, pr_origin *o, const char *key, const pare_doc *v) {
    pr_str id;
    if (pare_doc_kind(v) == PARE_DOC_OBJECT) return read_words(r, o, v);
    if (!pare_doc_str(v)) note(r, key, v, "text or a mapping");
    PR_TRY(copy(r, v, &id));
    return id.p ? pr_origin_read(o, id, r->n_values, r->arena, r->err) : PARE_OK;
}

static pare_status read_origins(reader *r, pr_origins *o, const char *const keys[3]) {
    const pare_doc *v = NULL;
    int k = 0;
    while (k < 3 && !(v = pare_doc_get(r->doc, keys[k]))) k++;
    if (!v) return PARE_OK;
    bool list = pare_doc_kind(v) == PARE_DOC_ARRAY;
    o->stated = true;
    o->n = list ? pare_doc_count(v) : pare_doc_str(v) != NULL;
    if (o->n > PR_ORIGINS_MAX || (!list && !o->n && pare_doc_kind(v) > PARE_DOC_NULL)) {
        note(r, keys[k], v, "text or a list of at most 1000");
        *o = (pr_origins){0};
    }
    PR_NEW(o->at, r->arena, o->n + 1, r->err);
    for (uint64_t i = 0; i < o->n; i++)
        PR_TRY(read_origin(r, &o->at[i], keys[k], list ? pare_doc_at(v, (size_t)i) : v));
    return PARE_OK;
}

/* ------------------------------------------------------------------ README.md */

/* One line, without its end. */
static pr_str line_of(pr_str *rest) {
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    pr_str line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t used = line.n + (end != NULL);
    *rest = (pr_str){rest->p + used, rest->n - used};
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    return line;
}

/* The lines between "---" and "---" (or the end), a tab in them as two blanks: cards have them
 * where YAML takes none. */
static void front_matter(pr_str text, pr_buf *out) {
    const pr_str mark = PR_STR("---");
    if (!pr_str_eq(line_of(&text), mark)) return;
    while (text.n) {
        pr_str line = line_of(&text);
        if (pr_str_eq(line, mark)) return;
        for (size_t i = 0; i < line.n; i++)
            pr_buf_add(out, line.p[i] == '\t' ? "  " : line.p + i, line.p[i] == '\t' ? 2 : 1);
        pr_buf_puts(out, "\n");
    }
}

static pare_status read_card(reader *r, pr_card *c) {
    static const char *const bases[3] = {"base_model", "base_models", "base_model_sources"},
                             *const sets[3] = {"datasets", "dataset", "dataset_sources"};
    for (int i = 0; i < PR_SAID_COUNT; i++) PR_TRY(read_said(r, (pr_said)i, &c->said[i]));
    PR_TRY(read_origins(r, &c->base_models, bases));
    PR_TRY(read_origins(r, &c->datasets, sets));
    PR_TRY(read_texts(r, &c->tags, "tags"));
    PR_TRY(read_texts(r, &c->tags, "pipeline_tag"));
    PR_TRY(read_texts(r, &c->languages, "languages"));
    return read_texts(r, &c->languages, "language");
}

pare_status pr_card_parse(pr_card *c, pr_str readme, int64_t n_values, pr_arena *a, pr_buf *odd,
                          pare_err *err) {
    pr_buf yaml;
    pare_doc *doc = NULL;
    pare_status st;
    char found[96];
    *c = (pr_card){0};
    pr_buf_init(&yaml, (1 << 20) + 1);
    front_matter(readme, &yaml);
    PR_GO(yaml.failed ? pr_fail(err, PARE_EINPUT, -1, "a front matter of over 1 MiB")
                      : pr_yaml_parse(&doc, yaml.p, yaml.n, err));
    if (pare_doc_kind(doc) == PARE_DOC_OBJECT) {
        reader r = {doc, n_values, a, odd, err};
        st = read_card(&r, c);
    } else if (pare_doc_kind(doc) != PARE_DOC_NULL) {
        st = pr_fail(err, PARE_EINPUT, -1, "the front matter is %s, expected a mapping",
                     pr_doc_describe(doc, found, sizeof found));
    }
done:
    pare_doc_free(doc);
    pr_buf_done(&yaml);
    return st;
}

/* ------------------------------------------------------------------ a directory */

static pare_status warn_lines(pr_buf *odd, pr_arena *a, const pare_ctl *ctl, pr_written *w,
                              pare_err *err) {
    char line[256];
    for (const char *p = odd->p; p && *p;) {
        size_t n = strcspn(p, "\n");
        snprintf(line, sizeof line, "README.md: %.*s", (int)PR_MIN(n, (size_t)200), p);
        PR_TRY(pr_report_warn(w, a, ctl, line, err));
        p += n + (p[n] == '\n');
    }
    return PARE_OK;
}

static pare_status read_readme(pr_card *c, const pr_model *m, int64_t n_values, pr_arena *a,
                               const pare_ctl *ctl, pr_written *w, pare_err *err) {
    char *path = pr_path_join(a, m->path, "README.md"), line[256];
    pr_map map;
    pr_buf odd;
    pare_err e = {0};
    if (!path) return pr_fail_nomem(err, 4096);
    if (!pr_path_exists(path)) return PARE_OK;
    pr_buf_init(&odd, 4096);
    pare_status st = pr_map_open(&map, path, &e);
    if (st == PARE_OK) {
        st = pr_card_parse(c, (pr_str){(const char *)map.p, (size_t)map.n}, n_values, a, &odd,
                           &e);
        pr_map_close(&map);
    }
    if (st == PARE_ENOMEM) st = pr_fail_nomem(err, 4096);
    else if (st != PARE_OK) {
        *c = (pr_card){0};
        snprintf(line, sizeof line, "README.md: no key is taken from it: %.180s", e.msg);
        st = pr_report_warn(w, a, ctl, line, err);
    } else
        st = warn_lines(&odd, a, ctl, w, err);
    pr_buf_done(&odd);
    return st;
}

static void fill(pr_str *at, const char *with) {
    if (!at->p && with) *at = pr_str_of(with);
}

/* What a name says, where nothing has been said before. */
static pare_status read_name(pr_card *c, pr_str text, int64_t n_values, pr_arena *a,
                             pare_err *err) {
    pr_model_id x;
    PR_TRY(pr_model_id_read(&x, text, n_values, a, err));
    const char *name = pr_title(a, x.name), *org = x.org ? pr_title(a, x.org) : NULL;
    if (!name || (x.org && !org)) return pr_fail_nomem(err, text.n);
    fill(&c->said[PR_SAID_NAME], name);
    fill(&c->said[PR_SAID_ORGANIZATION], org);
    fill(&c->said[PR_SAID_BASENAME], x.basename);
    fill(&c->said[PR_SAID_FINETUNE], x.finetune);
    fill(&c->said[PR_SAID_VERSION], x.version);
    fill(&c->said[PR_SAID_SIZE_LABEL], x.size_label);
    return PARE_OK;
}

/* "org/name", and no path of somebody's disk. */
static bool is_repository(pr_str s) {
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
    return s.n && !(slash && memchr(slash + 1, '/', s.n - (size_t)(slash + 1 - s.p)));
}

pare_status pr_card_of_dir(pr_card *c, const pr_model *m, int64_t n_values, pr_arena *a,
                           const pare_ctl *ctl, pr_written *w, pare_err *err) {
    pr_str given = pr_doc_text_of(pare_doc_get(m->config, "_name_or_path"));
    *c = (pr_card){0};
    PR_TRY(read_readme(c, m, n_values, a, ctl, w, err));
    if (is_repository(given)) PR_TRY(read_name(c, given, n_values, a, err));
    PR_TRY(read_name(c, pr_str_of(m->name), n_values, a, err));
    const char *size = pr_size_label(a, n_values);
    if (!size) return pr_fail_nomem(err, 32);
    if (n_values > 0) fill(&c->said[PR_SAID_SIZE_LABEL], size);
    return PARE_OK;
}
