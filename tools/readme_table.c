/* readme_table.c - renew the table of variants in a page from a report:
 *
 *   readme_table out/demo/report.json README.md
 *
 * What stands between the lines "<!-- table:variants -->" and "<!-- /table:variants -->" is
 * written anew, all else is kept. "make readme-table" runs it. Uses libpare as a stranger would. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pare/doc.h"

static const char BEGIN[] = "<!-- table:variants -->\n", END[] = "<!-- /table:variants -->";

static const pare_doc *metric(const pare_doc *v, const char *name, const char *against) {
    const pare_doc *a = pare_doc_get(v, "metrics");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *m = pare_doc_at(a, i);
        const char *n = pare_doc_str(pare_doc_get(m, "name")),
                   *vs = pare_doc_str(pare_doc_get(m, "against"));
        if (n && strcmp(n, name) == 0 && (against ? vs && strcmp(vs, against) == 0 : !vs)) return m;
    }
    return NULL;
}

/* "30.33 ± 0.80" with `digits` decimals, both times `by`. */
static void put(FILE *f, const pare_doc *m, double by, int digits, const char *unit) {
    double v = pare_doc_num(pare_doc_get(m, "value")) * by;
    double lo = pare_doc_num(pare_doc_get(m, "lo")) * by,
           hi = pare_doc_num(pare_doc_get(m, "hi")) * by;
    if (isnan(v))
        fputs(" – |", f);
    else if (lo == hi || isnan(lo) || isnan(hi))
        fprintf(f, " %.*f%s |", digits, v, unit);
    else
        fprintf(f, " %.*f ± %.*f%s |", digits, v, digits, fmax(hi - v, v - lo), unit);
}

static void grouped(FILE *f, int64_t n) {
    if (n >= 1000) grouped(f, n / 1000);
    fprintf(f, n >= 1000 ? ",%03d" : "%d", (int)(n % 1000));
}

static bool on_front(const pare_doc *r, const char *name) {
    const pare_doc *a = pare_doc_path(r, "front/members");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const char *s = pare_doc_str(pare_doc_at(a, i));
        if (s && strcmp(s, name) == 0) return true;
    }
    return false;
}

static void put_table(FILE *f, const pare_doc *r) {
    const pare_doc *a = pare_doc_get(r, "variants");
    const char     *choice = pare_doc_str(pare_doc_path(r, "choice/name"));
    fputs("| variant | bytes | bits a weight | perplexity | KL divergence, 10⁻³ nats | "
          "accuracy kept | tokens/s | "
          "speed-up | memory |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
          f);
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *v = pare_doc_at(a, i);
        const char     *name = pare_doc_str(pare_doc_get(v, "name"));
        if (!name) continue;
        bool chosen = choice && strcmp(choice, name) == 0;
        fprintf(f, "| %s%s%s%s | ", chosen ? "**" : "", name, chosen ? "**" : "",
                on_front(r, name) ? " •" : "");
        grouped(f, pare_doc_int(pare_doc_get(v, "bytes")));
        fprintf(f, " | %.2f |", pare_doc_num(pare_doc_get(v, "bpw")));
        put(f, metric(v, "perplexity", NULL), 1, 2, "");
        put(f, metric(v, "kld_mean", "source"), 1e3, 3, "");
        put(f, metric(v, "accuracy_kept", "source"), 100, 2, " %");
        put(f, metric(v, "decode_tps", NULL), 1, 0, "");
        put(f, metric(v, "speedup", "source"), 1, 2, " ×");
        put(f, metric(v, "memory_bytes", NULL), 1e-6, 2, " MB");
        fputs("\n", f);
    }
    fprintf(f,
            "\n**bold**: chosen; •: on the front. ±: 95 %% bounds. %s, %lld threads, %s; %s.\n",
            pare_doc_str(pare_doc_path(r, "machine/cpu")),
            (long long)pare_doc_int(pare_doc_path(r, "settings/threads")),
            pare_doc_str(pare_doc_path(r, "machine/level")),
            pare_doc_str(pare_doc_get(r, "created")));
}

static char *read_page(const char *path) {
    FILE *f = fopen(path, "rb");
    char *text = f ? calloc(1, 1 << 20) : NULL;
    if (text && fread(text, 1, (1 << 20) - 1, f) == (1 << 20) - 1) {
        free(text);
        text = NULL;
    }
    if (f) fclose(f);
    return text;
}

int main(int argc, char **argv) {
    pare_err  err = {0};
    pare_doc *r;
    if (argc != 3) return fputs("usage: readme_table REPORT.json PAGE.md\n", stderr), 2;
    if (pare_doc_read(&r, argv[1], &err) != PARE_OK) {
        char line[1200];
        pare_err_format(&err, line, sizeof line);
        return fprintf(stderr, "readme_table: %s\n", line), pare_status_exit(err.status);
    }
    char *text = read_page(argv[2]);
    char *begin = text ? strstr(text, BEGIN) : NULL, *end = begin ? strstr(begin, END) : NULL;
    FILE *f = end ? fopen(argv[2], "wb") : NULL;
    if (!f)
        return fprintf(stderr, "readme_table: %s: no such page, or no markers in it\n",
                       argv[2]),
               3;
    fwrite(text, 1, (size_t)(begin - text) + strlen(BEGIN), f);
    put_table(f, r);
    fputs(end, f);
    free(text);
    pare_doc_free(r);
    return fclose(f) == 0 ? 0 : 4;
}
