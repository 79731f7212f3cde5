/* write_json.c - one JSON object, built in memory and printed when it is whole, so
 * that an error half-way leaves standard output empty. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "cli.h"

enum { MAX_DEPTH = 32 };

struct json {
    char  *text;
    size_t n;
    FILE  *f; /* a memory stream onto text, n */
    int    depth;
    char   closers[MAX_DEPTH];
    bool   filled[MAX_DEPTH]; /* something stands before the next value */
};

json *js_new(void) {
    json *j = calloc(1, sizeof *j);
    if (!j) return NULL;
    j->f = open_memstream(&j->text, &j->n);
    if (j->f) return j;
    free(j);
    return NULL;
}

static void put_string(FILE *f, const char *s, size_t n) {
    putc('"', f);
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t  point;
        utf8proc_ssize_t k =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &point);
        if (k <= 0) {
            fputs("\xEF\xBF\xBD", f);
            k = 1;
        } else if (point == '"' || point == '\\') {
            fprintf(f, "\\%c", (char)point);
        } else if (point == '\n') {
            fputs("\\n", f);
        } else if (point < 0x20 || point == 0x7F) {
            fprintf(f, "\\u%04x", (unsigned)point);
        } else {
            fwrite(s + i, 1, (size_t)k, f);
        }
        i += (size_t)k;
    }
    putc('"', f);
}

/* What stands before a value: a comma, a new line, its key. */
static bool begin(json *j, const char *key) {
    if (!j) return false;
    if (j->depth == 0) return true;
    if (j->filled[j->depth - 1]) putc(',', j->f);
    j->filled[j->depth - 1] = true;
    fprintf(j->f, "\n%*s", 2 * j->depth, "");
    if (!key) return true;
    put_string(j->f, key, strlen(key));
    fputs(": ", j->f);
    return true;
}

void js_open(json *j, const char *key, char bracket) {
    if (!begin(j, key) || j->depth == MAX_DEPTH) return;
    j->closers[j->depth] = bracket == '{' ? '}' : ']';
    j->filled[j->depth++] = false;
    putc(bracket, j->f);
}

void js_close(json *j) {
    if (!j || j->depth == 0) return;
    j->depth--;
    if (j->filled[j->depth]) fprintf(j->f, "\n%*s", 2 * j->depth, "");
    putc(j->closers[j->depth], j->f);
}

void js_text(json *j, const char *key, const char *s, size_t n) {
    if (begin(j, key)) put_string(j->f, s, n);
}

void js_str(json *j, const char *key, const char *s) {
    if (s)
        js_text(j, key, s, strlen(s));
    else
        js_null(j, key);
}

void js_num(json *j, const char *key, double v) {
    char text[40];
    if (!isfinite(v)) {
        js_null(j, key);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    js_raw(j, key, text);
}

void js_int(json *j, const char *key, int64_t v) {
    if (begin(j, key)) fprintf(j->f, "%lld", (long long)v);
}

void js_bool(json *j, const char *key, bool v) { js_raw(j, key, v ? "true" : "false"); }
void js_null(json *j, const char *key) { js_raw(j, key, "null"); }
void js_raw(json *j, const char *key, const char *s) {
    if (begin(j, key)) fputs(s, j->f);
}

int js_print(json *j) {
    if (!j) return pare_status_exit(PARE_ENOMEM);
    while (j->depth > 0) js_close(j);
    putc('\n', j->f);
    bool whole = !ferror(j->f) && fclose(j->f) == 0;
    if (whole) out_text(j->text, j->n);
    free(j->text);
    free(j);
    return whole ? 0 : pare_status_exit(PARE_ENOMEM);
}
