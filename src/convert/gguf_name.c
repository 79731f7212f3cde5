/* gguf_name.c - general.name and general.size_label as llama.cpp's converter makes them
 * (gguf-py/gguf/metadata.py: id_to_title, utility.py). */
#include "model_id.h"

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "v1.2" and "3.7m" keep their letters. */
static bool like_version(const char *w, size_t n) {
    if (n && is_digit(w[0])) return true;
    if (n < 2 || w[0] != 'v') return false;
    for (size_t i = 1; i < n; i++)
        if (!is_digit(w[i]) && !(w[i] == '.' && i > 1 && i + 1 < n && w[i - 1] != '.'))
            return false;
    return true;
}

/* A word all in lower case gets a capital after each thing that is no letter. */
static void title_word(char *w, size_t n) {
    bool lower = false, upper = false;
    for (size_t i = 0; i < n; i++) lower |= is_lower(w[i]), upper |= is_upper(w[i]);
    if (!lower || upper || like_version(w, n)) return;
    for (size_t i = 0; i < n; i++)
        if (is_lower(w[i]) &&
            (i == 0 || !(is_lower(w[i - 1]) || is_upper(w[i - 1]) || (uint8_t)w[i - 1] >= 0x80)))
            w[i] = (char)(w[i] - 'a' + 'A');
}

char *pr_title(pr_arena *a, const char *name) {
    size_t n = strlen(name), k = 0;
    char *t = pr_arena_get(a, n + 1, 1);
    if (!t) return NULL;
    for (size_t i = 0; i < n; i++) {
        bool gap = name[i] == '-' || name[i] == ' ';
        if (gap && (k == 0 || t[k - 1] == ' ')) continue;
        t[k++] = gap ? ' ' : name[i];
    }
    while (k && t[k - 1] == ' ') k--;
    t[k] = 0;
    for (size_t from = 0; from < k;) {
        size_t to = from;
        while (to < k && t[to] != ' ') to++;
        title_word(t + from, to - from);
        from = to + 1;
    }
    return t;
}

/* Two digits at least: "260K", "3.7M", "1.1B". */
char *pr_size_label(pr_arena *a, int64_t n) {
    static const struct {
        double over, scale;
        char unit;
    } units[] = {{1e12, 1e-12, 'T'}, {1e9, 1e-9, 'B'}, {1e6, 1e-6, 'M'}, {-1, 1e-3, 'K'}};
    int u = 0;
    while ((double)n <= units[u].over) u++;
    double v = (double)n * units[u].scale;
    /* Digits of the number rounded to even, a leading zero not counted. */
    int digits = v <= 0.5 ? 0 : v < 9.5 ? 1 : 2;
    return pr_arena_printf(a, "%.*f%c", 2 - digits, v, units[u].unit);
}
