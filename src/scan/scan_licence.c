/* scan_licence.c - which licence somebody names, in SPDX's words. Always true: an identifier is
 * given only for a spelling or a text in the tables; all else stays as it was said. */
#include <stdio.h>
#include "scan_in.h"

typedef struct {
    const char *spdx, *said; /* `said`: more spellings, each between bars */
} row;

/* SPDX identifiers as they are; licences of models that SPDX does not list have its LicenseRef
 * form. */
static const row rows[] = {
    {"MIT", "|mit license|the mit license|expat|"},
    {"Apache-2.0",
     "|apache 2.0|apache license 2.0|apache2|apache-2|apache license, version 2.0|"},
    {"BSD-3-Clause", "|bsd-3|bsd 3-clause|new bsd|"},
    {"BSD-2-Clause", "|bsd-2|bsd 2-clause|"},
    {"ISC", "|"},
    {"Zlib", "|"},
    {"BSL-1.0", "|boost|"},
    {"MPL-2.0", "|mozilla public license 2.0|"},
    {"GPL-2.0-only", "|gpl-2.0|gplv2|"},
    {"GPL-3.0-only", "|gpl-3.0|gplv3|"},
    {"LGPL-2.1-only", "|lgpl-2.1|"},
    {"LGPL-3.0-only", "|lgpl-3.0|"},
    {"AGPL-3.0-only", "|agpl-3.0|agplv3|"},
    {"EPL-2.0", "|"},
    {"Unlicense", "|the unlicense|"},
    {"WTFPL", "|"},
    {"CC0-1.0", "|cc0|creative commons zero|"},
    {"CC-BY-2.0", "|"},
    {"CC-BY-3.0", "|"},
    {"CC-BY-4.0", "|"},
    {"CC-BY-SA-3.0", "|"},
    {"CC-BY-SA-4.0", "|"},
    {"CC-BY-ND-4.0", "|"},
    {"CC-BY-NC-2.0", "|"},
    {"CC-BY-NC-4.0", "|"},
    {"CC-BY-NC-SA-4.0", "|"},
    {"CC-BY-NC-ND-4.0", "|"},
    {"PDDL-1.0", "|pddl|"},
    {"ODC-By-1.0", "|odc-by|"},
    {"ODbL-1.0", "|odbl|"},
    {"CDLA-Permissive-2.0", "|"},
    {"CDLA-Sharing-1.0", "|"},
    {"LicenseRef-public-domain", "|public domain|public-domain|"},
    {"LicenseRef-openrail", "|openrail|openrail++|bigscience-openrail-m|creativeml-openrail-m|"
                            "bigcode-openrail-m|bigscience-bloom-rail-1.0|"},
    {"LicenseRef-llama2", "|llama2|"},
    {"LicenseRef-llama3", "|llama3|"},
    {"LicenseRef-llama3.1", "|llama3.1|"},
    {"LicenseRef-llama3.2", "|llama3.2|"},
    {"LicenseRef-llama3.3", "|llama3.3|"},
    {"LicenseRef-llama4", "|llama4|"},
    {"LicenseRef-gemma", "|gemma|"},
    {"LicenseRef-qwen", "|qwen|tongyi-qianwen|qwen-research|"},
    {"LicenseRef-apple-amlr", "|apple-amlr|apple-ascl|"},
    {"LicenseRef-nvidia-open-model", "|nvidia-open-model-license|"},
};

const char *pr_licence_spdx(pr_str said) {
    while (said.n && (scan_among(said.p[0], " \"'`*") || said.p[0] == '\n')) said.p++, said.n--;
    while (said.n && (scan_among(said.p[said.n - 1], " \"'`*.") || said.p[said.n - 1] == '\n'))
        said.n--;
    if (said.n == 0 || said.n > 64) return NULL;
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        if (scan_is(said.p, said.n, rows[i].spdx)) return rows[i].spdx;
        for (const char *p = rows[i].said + 1; *p;) {
            size_t k = strcspn(p, "|");
            if (k == said.n && scan_begins(p, k, "") && scan_begins(said.p, said.n, "")) {
                size_t m = 0;
                while (m < k && scan_fold(p[m]) == scan_fold(said.p[m])) m++;
                if (m == k) return rows[i].spdx;
            }
            p += k + 1;
        }
    }
    return NULL;
}

/* Sentences that stand in one licence and no other; the first row that holds counts. */
static const row texts[] = {
    {"AGPL-3.0-only", "GNU AFFERO GENERAL PUBLIC LICENSE"},
    {"LGPL-3.0-only", "GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 3"},
    {"LGPL-2.1-only", "GNU LESSER GENERAL PUBLIC LICENSE"},
    {"GPL-3.0-only", "GNU GENERAL PUBLIC LICENSE\n                       Version 3"},
    {"GPL-2.0-only", "GNU GENERAL PUBLIC LICENSE\n                       Version 2"},
    {"Apache-2.0", "Apache License\n                           Version 2.0"},
    {"Apache-2.0", "Licensed under the Apache License, Version 2.0"},
    {"MPL-2.0", "Mozilla Public License Version 2.0"},
    {"EPL-2.0", "Eclipse Public License - v 2.0"},
    {"CC0-1.0", "CC0 1.0 Universal"},
    {"CC-BY-NC-SA-4.0", "Attribution-NonCommercial-ShareAlike 4.0"},
    {"CC-BY-NC-ND-4.0", "Attribution-NonCommercial-NoDerivatives 4.0"},
    {"CC-BY-NC-4.0", "Attribution-NonCommercial 4.0"},
    {"CC-BY-SA-4.0", "Attribution-ShareAlike 4.0"},
    {"CC-BY-ND-4.0", "Attribution-NoDerivatives 4.0"},
    {"CC-BY-4.0", "Attribution 4.0 International"},
    {"Unlicense", "This is free and unencumbered software released into the public domain"},
    {"BSD-3-Clause", "Neither the name of"},
    {"BSD-2-Clause", "Redistributions in binary form must reproduce the above copyright"},
    {"ISC", "Permission to use, copy, modify, and/or distribute this software"},
    {"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
    {"BSL-1.0", "Boost Software License - Version 1.0"},
    {"LicenseRef-llama3.3", "LLAMA 3.3 COMMUNITY LICENSE"},
    {"LicenseRef-llama3.2", "LLAMA 3.2 COMMUNITY LICENSE"},
    {"LicenseRef-llama3.1", "LLAMA 3.1 COMMUNITY LICENSE"},
    {"LicenseRef-llama3", "META LLAMA 3 COMMUNITY LICENSE"},
    {"LicenseRef-llama2", "LLAMA 2 COMMUNITY LICENSE"},
    {"LicenseRef-gemma", "Gemma Terms of Use"},
};

/* Does `words` stand in `t`, white space of any length being one blank? */
static bool stands(pr_str t, const char *words) {
    for (size_t i = 0; i < t.n; i++) {
        if (scan_fold(t.p[i]) != scan_fold(words[0])) continue;
        size_t k = i;
        const char *w = words;
        while (*w && k < t.n) {
            bool a = *w == ' ' || *w == '\n',
                 b = t.p[k] == ' ' || t.p[k] == '\n' || t.p[k] == '\r' || t.p[k] == '\t';
            if (a != b || (!a && scan_fold(*w) != scan_fold(t.p[k]))) break;
            if (!a) {
                w++, k++;
                continue;
            }
            while (*w == ' ' || *w == '\n') w++;
            while (k < t.n &&
                   (t.p[k] == ' ' || t.p[k] == '\n' || t.p[k] == '\r' || t.p[k] == '\t'))
                k++;
        }
        if (!*w) return true;
    }
    return false;
}

const char *pr_licence_of_text(pr_str text) {
    pr_str head = {text.p, PR_MIN(text.n, (size_t)64 << 10)};
    for (size_t i = 0; i < PR_COUNT(texts); i++)
        if (stands(head, texts[i].said)) return texts[i].spdx;
    return NULL;
}

void scan_licence(scan_job *j, const char *said, size_t n, const char *file, int64_t line,
                  bool of_data, bool is_text) {
    pr_scan *s = j->s;
    while (n && said[n - 1] <= ' ') n--;
    char *copy = n && s->n_licences < PR_LICENCES_MAX
                     ? pr_arena_str(j->a, said, PR_MIN(n, (size_t)80))
                     : NULL;
    if (!copy) return;
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 32 || (unsigned char)*c == 127) *c = '?';
    s->licences[s->n_licences++] = (pr_licence){.said = copy,
                                                .spdx = pr_licence_spdx((pr_str){said, n}),
                                                .file = file,
                                                .line = line,
                                                .of_data = of_data,
                                                .text = is_text};
}

/* ------------------------------------------------------------------ README.md */

static void said_value(scan_job *j, const pare_doc *v, const char *file, bool of_data) {
    const char *s = pare_doc_str(v);
    if (s && !scan_is(s, strlen(s), "other"))
        scan_licence(j, s, strlen(s), file, 1, of_data, false);
    for (size_t i = 0; !s && i < pare_doc_count(v); i++) {
        const char *one = pare_doc_str(pare_doc_at(v, i));
        if (one) scan_licence(j, one, strlen(one), file, 1, of_data, false);
    }
}

static void front_matter(scan_job *j, const char *file, pr_str yaml) {
    static const char *const of_data[] = {"dataset_license", "datasets_license", "data_license"};
    pare_doc *d = NULL;
    pare_err  e = {0};
    if (pr_yaml_parse(&d, yaml.p, yaml.n, &e) != PARE_OK) {
        char what[200];
        snprintf(what, sizeof what, "its front matter cannot be read: %.150s", e.msg);
        scan_found(j, PR_FOUND_UNREAD, "card", file, 1, e.pos, what);
        return;
    }
    const pare_doc *l = pare_doc_get(d, "license"), *name = pare_doc_get(d, "license_name");
    said_value(j, l, file, false);
    if (pare_doc_str(name)) said_value(j, name, file, false);
    for (size_t i = 0; i < PR_COUNT(of_data); i++)
        said_value(j, pare_doc_get(d, of_data[i]), file, true);
    pare_doc_free(d);
}

/* A line that speaks of the licence and holds an identifier, letter by letter: "licence |
 * weights: CC0-1.0". */
static void plain_lines(scan_job *j, const char *file, pr_str t, int64_t line) {
    for (size_t at = 0; at < t.n; line++) {
        const char *end = memchr(t.p + at, '\n', t.n - at);
        size_t      n = end ? (size_t)(end - (t.p + at)) : t.n - at;
        size_t      k = 0;
        while (k < n && !scan_begins(t.p + at + k, n - k, "licence") &&
               !scan_begins(t.p + at + k, n - k, "license")) k++;
        for (size_t i = k; i < n;) {
            size_t w = 0;
            while (i + w < n &&
                   (scan_alnum(t.p[at + i + w]) || scan_among(t.p[at + i + w], ".-+")))
                w++;
            size_t m = w;
            while (m && scan_among(t.p[at + i + m - 1], ".-")) m--;
            const char *spdx = m > 2 ? pr_licence_spdx((pr_str){t.p + at + i, m}) : NULL;
            if (spdx && strlen(spdx) == m && memcmp(spdx, t.p + at + i, m) == 0)
                scan_licence(j, spdx, m, file, line, false, false);
            i += w ? w : 1;
        }
        at += n + 1;
    }
}

void scan_card(scan_job *j, const char *file, pr_str t) {
    size_t  before = j->s->n_licences, body = 0;
    int64_t line = 1;
    if (scan_begins(t.p, t.n, "---\n")) {
        const char *end = memmem(t.p + 4, t.n - 4, "\n---", 4);
        size_t      n = end ? (size_t)(end - t.p) - 4 : t.n - 4;
        front_matter(j, file, (pr_str){t.p + 4, n});
        body = end ? (size_t)(end - t.p) + 1 : t.n;
        for (size_t i = 0; i < body; i++) line += t.p[i] == '\n';
    }
    bool stated = false;
    for (size_t i = before; i < j->s->n_licences; i++) stated |= !j->s->licences[i].of_data;
    if (!stated) plain_lines(j, file, (pr_str){t.p + body, t.n - body}, line);
}
