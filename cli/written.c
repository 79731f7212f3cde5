/* written.c - what convert and quantize made, for people. */
#include <math.h>
#include <string.h>
#include "cli.h"

enum { MAX_FELL = 20 };

static void print_types(cli *c, const pare_doc *types) {
    table *t = table_new("type|tensors>|weights>|bytes>");
    human  h, b;
    for (size_t i = 0; i < pare_doc_count(types); i++) {
        const pare_doc *o = pare_doc_at(types, i);
        table_row(t, INK_PLAIN, "%s|%lld|%s|%s", show_str(o, "type"),
                  (long long)pare_doc_int(pare_doc_get(o, "n")),
                  show_grouped(h, pare_doc_int(pare_doc_get(o, "weights"))),
                  show_grouped(b, pare_doc_int(pare_doc_get(o, "bytes"))));
    }
    table_print(c, t);
}

static bool fell(const pare_doc *tensor) {
    return strcmp(show_str(tensor, "asked"), show_str(tensor, "got")) != 0;
}

/* Tensors that did not get their type, each with its reason. */
static void print_fallen(cli *c, const pare_doc *list) {
    size_t n = 0;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        if (!fell(o) || n++ >= MAX_FELL) continue;
        out_printf("%sfell back:%s %s: %s\n", ink_on(c, INK_YELLOW), ink_off(c),
                   show_str(o, "name"), show_str(o, "why"));
    }
    if (n > MAX_FELL) out_printf("… and %zu more; --json names all\n", n - MAX_FELL);
}

void show_check(const pare_doc *check) {
    if (!pare_doc_bool(pare_doc_get(check, "done"))) {
        out_printf("not checked: %s\n", show_str(check, "reason"));
        return;
    }
    const pare_doc *bound = pare_doc_get(check, "bound");
    const char *other = pare_doc_str(pare_doc_get(check, "instead_of"));
    out_printf("checked by %s%s%s: %lld tokens, %.2g nats from the source, ",
               show_str(check, "runner"), other ? " in place of " : "", other ? other : "",
               (long long)pare_doc_int(pare_doc_get(check, "tokens")),
               pare_doc_num(pare_doc_get(check, "kld_mean")));
    if (pare_doc_kind(bound) != PARE_DOC_STR)
        out_puts("not judged: no bound holds here\n");
    else
        out_printf("%s the bound %s\n",
                   pare_doc_bool(pare_doc_get(check, "within")) ? "within" : "beyond",
                   pare_doc_str(bound));
}

/* How the levels were found; where several ways were tried, how far each is from the source. */
static void print_calibration(const pare_doc *k) {
    const pare_doc *tried = pare_doc_get(k, "tried");
    int64_t         tokens = pare_doc_int(pare_doc_get(k, "tokens"));
    human           n;
    out_printf("method: %s", show_str(k, "method"));
    if (tokens) out_printf(", after %s tokens", show_grouped(n, tokens));
    for (size_t i = 0; i < pare_doc_count(tried); i++) {
        const pare_doc *t = pare_doc_at(tried, i);
        out_printf("%s%s %.3g … %.3g", i ? ", " : "; nats on text kept back: ",
                   show_str(t, "method"), pare_doc_num(pare_doc_get(t, "lo")),
                   pare_doc_num(pare_doc_get(t, "hi")));
    }
    out_puts("\n");
}

/* What --prune took out, beside the other ways that were measured. */
static void print_pruning(cli *c, const pare_doc *p) {
    const pare_doc *ways = pare_doc_get(p, "ways");
    if (pare_doc_kind(p) != PARE_DOC_OBJECT) return;
    table *t = table_new("without|saved>|KL divergence>|");
    for (size_t i = 0; i < pare_doc_count(ways); i++) {
        const pare_doc *w = pare_doc_at(ways, i), *k = pare_doc_get(w, "kld_mean");
        table_row(t, INK_PLAIN, "%s|%.1f %%|%.3g [%.3g, %.3g]|%s", show_str(w, "without"),
                  100 * pare_doc_num(pare_doc_get(w, "share")),
                  pare_doc_num(pare_doc_get(k, "value")), pare_doc_num(pare_doc_get(k, "lo")),
                  pare_doc_num(pare_doc_get(k, "hi")),
                  pare_doc_bool(pare_doc_get(w, "chosen")) ? "taken" : "");
    }
    table_print(c, t);
    out_printf("pruned: without %s; %.1f %% of the layers' bytes, measured on %lld tokens of %s\n",
               show_str(p, "without"), 100 * pare_doc_num(pare_doc_get(p, "share")),
               (long long)pare_doc_int(pare_doc_get(p, "tokens")), show_str(p, "text"));
}

void show_written(cli *c, const pare_doc *d) {
    human  before, after, exact;
    double from = pare_doc_num(pare_doc_path(d, "source/weight_bytes")),
           to = pare_doc_num(pare_doc_get(d, "bytes"));
    print_pruning(c, pare_doc_get(d, "pruning"));
    print_types(c, pare_doc_path(d, "tensors/types"));
    print_fallen(c, pare_doc_path(d, "tensors/list"));
    /* What is inexact, and warnings, stand on standard error since before the work began. */
    out_printf("%s%s%s: %s (%s B), %.2f bits a weight; weights before: %s; %.1f s\n",
               ink_on(c, INK_BOLD), show_str(d, "path"), ink_off(c), human_bytes(after, to),
               show_grouped(exact, (int64_t)to), pare_doc_num(pare_doc_get(d, "bpw")),
               human_bytes(before, from), pare_doc_num(pare_doc_get(d, "seconds")));
    out_printf("sha256 %s\n", show_str(d, "sha256"));
    if (pare_doc_get(d, "calibration")) print_calibration(pare_doc_get(d, "calibration"));
}
