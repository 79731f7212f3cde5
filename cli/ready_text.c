/* ready_text.c - readiness and the production checklist for people: ticks under each other, then
 * what is open and the command that closes it. */
#include <string.h>
#include "cli.h"
#include "ready_text.h"

enum { NAME_COLUMNS = 28, EVIDENCE_SHOWN = 3, COLUMNS_MOST = 110 };

static int columns(void) {
    int n = term_columns(stdout);
    return n < COLUMNS_MOST ? n : COLUMNS_MOST;
}

static ink ink_of(const char *verdict, const char *level) {
    if (strcmp(verdict, "pass") == 0) return INK_GREEN;
    if (strcmp(verdict, "not-applicable") == 0) return INK_DIM;
    return strcmp(verdict, "fail") == 0 && strcmp(level, "warn") != 0 ? INK_RED : INK_YELLOW;
}

static const char *tick_of(const char *verdict) {
    return strcmp(verdict, "pass") == 0             ? "✓"
           : strcmp(verdict, "fail") == 0           ? "✗"
           : strcmp(verdict, "not-applicable") == 0 ? "–"
                                                    : "?";
}

/* A line of evidence: where, then what. */
static void print_evidence(const cli *c, const pare_doc *e) {
    const char *file = pare_doc_str(pare_doc_get(e, "file")), *what = show_str(e, "what");
    long long   line = (long long)pare_doc_int(pare_doc_get(e, "line"));
    out_printf("%*s%s", NAME_COLUMNS + 4, "", ink_on(c, INK_DIM));
    if (file && line > 0) out_printf("%s:%lld: ", file, line);
    else if (file) out_printf("%s: ", file);
    out_printf("%s%s\n", what, ink_off(c));
}

static void print_check(const cli *c, const pare_doc *k) {
    const char     *verdict = show_str(k, "verdict"), *level = show_str(k, "level"),
               *id = show_str(k, "id"), *dot = strchr(id, '.');
    const pare_doc *evidence = pare_doc_get(k, "evidence");
    bool            bad = strcmp(verdict, "fail") == 0 || strcmp(verdict, "undecided") == 0;
    out_printf("  %s%s%s %-*s", ink_on(c, ink_of(verdict, level)), tick_of(verdict), ink_off(c),
               NAME_COLUMNS, dot ? dot + 1 : id);
    out_wrapped(show_str(k, "why"), NAME_COLUMNS + 4, columns());
    size_t n = bad ? pare_doc_count(evidence) : 0;
    for (size_t i = 0; i < n && i < EVIDENCE_SHOWN; i++)
        print_evidence(c, pare_doc_at(evidence, i));
    if (n > EVIDENCE_SHOWN)
        out_printf("%*s%s… and %zu more (--json)%s\n", NAME_COLUMNS + 4, "", ink_on(c, INK_DIM),
                   n - EVIDENCE_SHOWN, ink_off(c));
}

static void print_open(const cli *c, const pare_doc *d) {
    const pare_doc *open = pare_doc_get(d, "open");
    if (pare_doc_count(open) == 0) return;
    out_printf("\n%sOpen%s\n", ink_on(c, INK_BOLD), ink_off(c));
    for (size_t i = 0; i < pare_doc_count(open); i++) {
        const pare_doc *o = pare_doc_at(open, i);
        const char     *verdict = show_str(o, "verdict"), *level = show_str(o, "level");
        out_printf("  %s%s%s %-*s", ink_on(c, ink_of(verdict, level)), tick_of(verdict), ink_off(c),
                   NAME_COLUMNS, show_str(o, "id"));
        out_wrapped(show_str(o, "closes"), NAME_COLUMNS + 4, columns());
    }
}

void ready_print(const cli *c, const pare_doc *d) {
    const pare_doc *parts = pare_doc_get(d, "parts"), *s = pare_doc_get(d, "scanned");
    const char     *all = show_str(d, "verdict"), *record = pare_doc_str(pare_doc_get(d, "record"));
    human           h;
    out_printf("%sReadiness of %s, by policy %s%s\n", ink_on(c, INK_BOLD), show_str(d, "name"),
               show_str(d, "policy/name"), ink_off(c));
    for (size_t i = 0; i < pare_doc_count(parts); i++) {
        const pare_doc *p = pare_doc_at(parts, i), *checks = pare_doc_get(p, "checks");
        const char     *v = show_str(p, "verdict");
        out_printf("\n%s%s%s: %s%s%s\n", ink_on(c, INK_BOLD), show_str(p, "part"), ink_off(c),
                   ink_on(c, ink_of(v, "fail")), v, ink_off(c));
        for (size_t k = 0; k < pare_doc_count(checks); k++) print_check(c, pare_doc_at(checks, k));
    }
    print_open(c, d);
    out_printf("\n%lld files, %s searched for secrets and data of people; weights are not",
               (long long)pare_doc_int(pare_doc_get(s, "files")),
               human_bytes(h, pare_doc_num(pare_doc_get(s, "bytes_searched"))));
    if (record) out_printf("; record %.12s…", record);
    out_printf("\n%s%s%s: %s\n", ink_on(c, ink_of(all, "fail")), all, ink_off(c),
               strcmp(all, "pass") == 0 ? "nothing that the policy refuses for is open"
                                        : "see what is open above");
}

/* ------------------------------------------------------------------ checklist */

static void print_item(const cli *c, const pare_doc *o) {
    bool ticked = pare_doc_bool(pare_doc_get(o, "ticked")),
         here = pare_doc_bool(pare_doc_get(o, "available"));
    out_printf("  %s%s%s %lld %s\n", ink_on(c, ticked ? INK_GREEN : INK_YELLOW),
               ticked ? "[x]" : "[ ]", ink_off(c),
               (long long)pare_doc_int(pare_doc_get(o, "number")), show_str(o, "what"));
    if (ticked) {
        out_printf("        %s%s, by policy %s: record %.12s… of %s%s\n", ink_on(c, INK_DIM),
                   show_str(o, "record/proof"), show_str(o, "record/policy"),
                   show_str(o, "record/key"), show_str(o, "record/when"), ink_off(c));
        return;
    }
    out_printf("        %s%s; closed by: %s%s%s\n", ink_on(c, INK_DIM), show_str(o, "why"),
               show_str(o, "closes"), here ? "" : " (planned, not yet available)", ink_off(c));
}

void checklist_print(const cli *c, const pare_doc *d) {
    const pare_doc *items = pare_doc_get(d, "items");
    const char     *phase = "";
    out_printf("%sProduction checklist for %s%s\n", ink_on(c, INK_BOLD), show_str(d, "name"),
               ink_off(c));
    for (size_t i = 0; i < pare_doc_count(items); i++) {
        const pare_doc *o = pare_doc_at(items, i);
        const char     *now = show_str(o, "phase");
        if (strcmp(now, phase) != 0) out_printf("\n%s%s%s\n", ink_on(c, INK_BOLD), now, ink_off(c));
        phase = now;
        print_item(c, o);
    }
    out_printf("\n%lld of %zu are proven by records\n",
               (long long)pare_doc_int(pare_doc_get(d, "ticked")), pare_doc_count(items));
}
