/* scan_text.c - which rules a file's content meets, by its kind. Always true: what was searched
 * is marked as searched, and counted. */
#include <stdio.h>
#include "scan_in.h"

typedef struct {
    scan_job   *j;
    pr_found    kind;
    const char *file;
    pr_str      text;
    int64_t     offset; /* of the text in the file */
    bool        lines;
    size_t      at; /* lines were counted up to here */
    int64_t     line;
} sink;

static int64_t line_of(sink *s, size_t at) {
    if (!s->lines) return 0;
    if (at < s->at) s->at = 0, s->line = 1;
    for (; s->at < at && s->at < s->text.n; s->at++) s->line += s->text.p[s->at] == '\n';
    return s->line;
}

static void matched(void *ctx, const char *rule, size_t at, size_t n, const char *what) {
    sink *s = ctx;
    (void)n;
    scan_found(s->j, s->kind, rule, s->file, line_of(s, at), s->offset + (int64_t)at, what);
}

static void note_host(scan_job *j, const char *host, size_t n, const char *file, int64_t line,
                      bool document) {
    pr_scan *s = j->s;
    for (size_t i = 0; i < s->n_hosts; i++) {
        if (!scan_is(host, n, s->hosts[i].host)) continue;
        s->hosts[i].n++;
        s->hosts[i].document = s->hosts[i].document && document;
        return;
    }
    char *copy = s->n_hosts < PR_HOSTS_MAX ? pr_arena_str(j->a, host, n) : NULL;
    if (copy)
        s->hosts[s->n_hosts++] =
            (pr_host){.host = copy, .file = file, .line = line, .n = 1, .document = document};
}

typedef struct {
    sink *s;
    bool  document;
} address_sink;

/* The host of an address: after "://" and a name with '@', up to a port or a path. */
static pr_str host_in(pr_str url) {
    const char *p = memmem(url.p, url.n, "://", 3), *end = url.p + url.n;
    if (!p) return (pr_str){url.p, 0};
    p += 3;
    const char *stop = p;
    while (stop < end && !scan_among(*stop, "/?#")) stop++;
    for (const char *at = p; at < stop; at++)
        if (*at == '@') p = at + 1;
    const char *e = p;
    while (e < stop && *e != ':') e++;
    return (pr_str){p, (size_t)(e - p)};
}

static void address(void *ctx, const char *rule, size_t at, size_t n, const char *what) {
    address_sink *a = ctx;
    pr_str        url = {a->s->text.p + at, n}, host = host_in(url);
    int64_t       line = line_of(a->s, at);
    if (host.n == 0) return;
    note_host(a->s->j, host.p, host.n, a->s->file, line, a->document);
    if (!a->document) matched(a->s, rule, at, n, what);
}

void scan_text(scan_job *j, pr_file_kind kind, const char *file, pr_str text, int64_t offset,
               bool lines) {
    sink s = {.j = j, .kind = PR_FOUND_SECRET, .file = file, .text = text, .offset = offset,
              .lines = lines, .line = 1};
    pr_secrets_find(text, matched, &s);
    if (kind == PR_FILE_WORDS || kind == PR_FILE_BINARY || kind == PR_FILE_DATABASE) return;
    s.kind = PR_FOUND_PERSON;
    pr_people_find(text, matched, &s);
    if (scan_names(j->o->own, file)) return;
    s.kind = PR_FOUND_ADDRESS;
    address_sink a = {&s, kind == PR_FILE_TEXT || kind == PR_FILE_PAGE};
    pr_addresses_find(text, address, &a);
}

void scan_template(scan_job *j, const char *file, pr_str text) {
    sink s = {.j = j, .kind = PR_FOUND_TEMPLATE, .file = file, .text = text, .lines = true,
              .line = 1};
    if (j->s->n_templates++ == 0) {
        pr_sha256 h = pr_sha256_of(text.p, text.n);
        pr_sha256_hex(&h, j->s->template_sha256);
    }
    pr_template_find(text, matched, &s);
}

/* ------------------------------------------------------------------ configuration */

static void template_value(scan_job *j, const char *file, const pare_doc *v) {
    if (pare_doc_str(v)) scan_template(j, file, pr_doc_text_of(v));
    for (size_t i = 0; pare_doc_kind(v) == PARE_DOC_ARRAY && i < pare_doc_count(v); i++)
        template_value(j, file, pare_doc_get(pare_doc_at(v, i), "template"));
    pare_doc_iter it = {0};
    while (pare_doc_kind(v) == PARE_DOC_OBJECT && pare_doc_next(v, &it))
        template_value(j, file, it.value);
}

/* Keys by which transformers, diffusers and sentence-transformers load code of a model's maker. */
static bool asks_for_code(const char *key, const pare_doc *v) {
    static const char *const keys[] = {"auto_map", "custom_pipelines", "custom_generate",
                                       "custom_code"};
    if (strcmp(key, "trust_remote_code") == 0) return pare_doc_bool(v);
    for (size_t i = 0; i < PR_COUNT(keys); i++)
        if (strcmp(key, keys[i]) == 0)
            return pare_doc_count(v) > 0 || pare_doc_str(v) || pare_doc_bool(v);
    return false;
}

static void look_at_keys(scan_job *j, const char *file, const pare_doc *v, int depth) {
    pare_doc_iter it = {0};
    char          what[120];
    if (depth > 6) return;
    while (pare_doc_next(v, &it)) {
        if (it.key && asks_for_code(it.key, it.value)) {
            snprintf(what, sizeof what, "'%s' asks for code from the model's maker", it.key);
            scan_found(j, PR_FOUND_REMOTE, "remote-code", file, 0, -1, what);
        }
        if (pare_doc_kind(it.value) >= PARE_DOC_ARRAY) look_at_keys(j, file, it.value, depth + 1);
    }
}

static void look_at_json(scan_job *j, const char *file, const uint8_t *p, size_t n) {
    pare_doc *d;
    pare_err  e = {0};
    if (pr_json_parse(&d, p, n, NULL, &e) != PARE_OK) {
        char what[200];
        snprintf(what, sizeof what, "named .json and is none: %.150s", e.msg);
        scan_found(j, PR_FOUND_UNREAD, "json", file, 0, e.pos, what);
        return;
    }
    look_at_keys(j, file, d, 0);
    template_value(j, file, pare_doc_get(d, "chat_template"));
    const pare_doc *l = pare_doc_get(d, "license");
    const char     *said = pare_doc_str(l);
    if (said) scan_licence(j, said, strlen(said), file, 0, false, false);
    pare_doc_free(d);
}

static void look_at_text(scan_job *j, const pr_scan_file *f, const uint8_t *p, size_t n) {
    const char *base = pr_path_base(f->path);
    size_t      k = strlen(base);
    pr_str      text = {(const char *)p, n};
    if (scan_ends(base, k, ".jinja") || scan_ends(base, k, ".jinja2"))
        scan_template(j, f->path, text);
    if (scan_ends(base, k, ".json") && f->kind == PR_FILE_CONFIG) look_at_json(j, f->path, p, n);
    if (scan_is(f->path, strlen(f->path), "README.md")) {
        j->s->card = f->path;
        scan_card(j, f->path, text);
    }
    bool named = scan_begins(base, k, "license") || scan_begins(base, k, "licence") ||
                 scan_begins(base, k, "copying") || scan_begins(base, k, "unlicense");
    if (!named || f->kind != PR_FILE_TEXT) return;
    const char *spdx = pr_licence_of_text(text);
    if (!j->s->licence_file) j->s->licence_file = f->path;
    bool of_data = k < 40 && memmem(base, k, "DATA", 4) != NULL;
    scan_licence(j, spdx ? spdx : base, strlen(spdx ? spdx : base), f->path, 1, of_data, true);
}

/* ------------------------------------------------------------------ content */

static void name_kind(scan_job *j, pr_scan_file *f, const uint8_t *p, size_t n) {
    const char *rule, *what;
    char        imports[160], words[256];
    scan_kind_of(f->path, p, n, f->bytes, &rule, &what);
    if (!rule || !what) return;
    snprintf(words, sizeof words, "%s", what);
    if (strcmp(rule, "pickle") == 0 && scan_pickle(p, n, n < f->bytes, imports, sizeof imports) &&
        imports[0])
        snprintf(words, sizeof words, "a pickle that imports %s", imports);
    pr_found kind = f->kind == PR_FILE_CODE      ? PR_FOUND_CODE
                    : f->kind == PR_FILE_PICKLE  ? PR_FOUND_PICKLE
                    : f->kind == PR_FILE_ARCHIVE ? PR_FOUND_ARCHIVE
                                                 : PR_FOUND_UNREAD;
    scan_found(j, kind, rule, f->path, f->kind == PR_FILE_CODE && rule[0] == 's' ? 1 : 0,
               f->kind == PR_FILE_CODE ? 0 : -1, words);
}

/* A script in a page that comes from elsewhere. */
static void look_at_page(scan_job *j, const char *file, pr_str text) {
    enum { TAG_MAX = 4096 };
    static const char tag[] = "<script";
    for (size_t at = 0; at + sizeof tag < text.n; at++) {
        if (text.p[at] != '<' || !scan_begins(text.p + at, text.n - at, tag)) continue;
        /* A tag is short: a page of openings without an end costs no more than its length. */
        const char *end = memchr(text.p + at, '>', PR_MIN(text.n - at, (size_t)TAG_MAX));
        size_t      n = end ? (size_t)(end - text.p) - at : 0;
        if (n && memmem(text.p + at, n, "src", 3) && memmem(text.p + at, n, "//", 2))
            scan_found(j, PR_FOUND_CODE, "page", file, 0, (int64_t)at,
                       "a page that loads a script from elsewhere");
    }
}

void scan_content(scan_job *j, pr_scan_file *f, const uint8_t *p, size_t n) {
    pr_str text = {(const char *)p, n};
    name_kind(j, f, p, n);
    switch (f->kind) {
    case PR_FILE_WEIGHTS:
        j->s->bytes_unsearched += f->bytes;
        scan_container(j, f, p, n);
        return;
    case PR_FILE_PICTURE: case PR_FILE_PICKLE: case PR_FILE_ARCHIVE: case PR_FILE_LINK:
    case PR_FILE_SPECIAL:
        j->s->bytes_unsearched += f->bytes;
        return;
    case PR_FILE_TEXT: case PR_FILE_CONFIG: case PR_FILE_CODE: look_at_text(j, f, p, n); break;
    case PR_FILE_PAGE: look_at_page(j, f->path, text); break;
    default: break;
    }
    bool lines = f->kind != PR_FILE_BINARY && f->kind != PR_FILE_DATABASE;
    scan_text(j, f->kind, f->path, text, 0, lines);
    f->searched = n == f->bytes;
    j->s->n_searched += f->searched;
    j->s->bytes_searched += n;
    j->s->bytes_unsearched += f->bytes - n;
}
