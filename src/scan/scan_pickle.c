/* scan_pickle.c - Python objects by their bytes: the pickle virtual machine's instructions read
 * one by one (their forms: CPython, Lib/pickletools.py), and containers that hold such a stream.
 * Always true: nothing is executed or built; only lengths are followed, all inside the input. */
#include <stdio.h>
#include "scan_in.h"

typedef enum { A_NONE, A_1, A_2, A_4, A_8, A_LINE, A_LINES, A_LEN1, A_LEN4, A_LEN8, A_BAD } arg;

/* What follows each instruction. */
static arg arg_of(uint8_t op) {
    switch (op) {
    case '(': case '.': case '0': case '1': case '2': case 'N': case 'Q': case 'R': case 'a':
    case 'b': case 'd': case '}': case 'e': case 'l': case ']': case 'o': case 's': case 't':
    case ')': case 'u': case 0x81: case 0x85: case 0x86: case 0x87: case 0x88: case 0x89:
    case 0x8f: case 0x90: case 0x91: case 0x92: case 0x93: case 0x94: case 0x97: case 0x98:
        return A_NONE;
    case 'K': case 'h': case 'q': case 0x80: case 0x82: return A_1;
    case 'M': case 0x83: return A_2;
    case 'J': case 'j': case 'r': case 0x84: return A_4;
    case 'G': case 0x95: return A_8;
    case 'F': case 'I': case 'L': case 'P': case 'S': case 'V': case 'g': case 'p': return A_LINE;
    case 'c': case 'i': return A_LINES;
    case 'C': case 'U': case 0x8a: case 0x8c: return A_LEN1;
    case 'B': case 'T': case 'X': case 0x8b: return A_LEN4;
    case 0x8d: case 0x8e: case 0x96: return A_LEN8;
    default: return A_BAD;
    }
}

typedef struct {
    const uint8_t *p;
    size_t n, at;
    char *imports;
    size_t cap, used;
    char last[2][80]; /* the two latest texts: what STACK_GLOBAL imports */
    bool runs;        /* imports or calls something */
} walk_state;

static void import(walk_state *w, const char *module, const char *name) {
    w->runs = true;
    if (w->used + 4 >= w->cap) return;
    int k = snprintf(w->imports + w->used, w->cap - w->used, "%s%.60s.%.60s",
                     w->used ? ", " : "", module, name);
    w->used = PR_MIN(w->used + (size_t)PR_MAX(k, 0), w->cap - 1);
}

/* A printable copy of at most 79 bytes. */
static void keep(char dst[80], const uint8_t *p, size_t n) {
    size_t k = PR_MIN(n, (size_t)79);
    for (size_t i = 0; i < k; i++) dst[i] = p[i] > 32 && p[i] < 127 ? (char)p[i] : '?';
    dst[k] = 0;
}

/* The length of the line at `at`, without its end; false: it does not end. */
static bool line_at(const walk_state *w, size_t at, size_t *n) {
    const uint8_t *end = at < w->n ? memchr(w->p + at, '\n', w->n - at) : NULL;
    if (!end) return false;
    *n = (size_t)(end - (w->p + at));
    return true;
}

/* Two lines, a module and a name. */
static bool take_lines(walk_state *w) {
    size_t a, b;
    char   module[80], name[80];
    if (!line_at(w, w->at, &a) || a == 0 || !line_at(w, w->at + a + 1, &b) || b == 0) return false;
    for (size_t i = 0; i < a; i++)
        if (!scan_alnum((char)w->p[w->at + i]) && !scan_among((char)w->p[w->at + i], "._"))
            return false;
    keep(module, w->p + w->at, a);
    keep(name, w->p + w->at + a + 1, b);
    import(w, module, name);
    w->at += a + b + 2;
    return true;
}

static bool take_sized(walk_state *w, size_t width) {
    uint64_t n = 0;
    if (w->n - w->at < width) return false;
    for (size_t i = 0; i < width; i++) n |= (uint64_t)w->p[w->at + i] << 8 * i;
    w->at += width;
    if (n > w->n - w->at) {
        w->at = w->n; /* its rest lies past what was given */
        return true;
    }
    memcpy(w->last[0], w->last[1], sizeof w->last[0]);
    keep(w->last[1], w->p + w->at, (size_t)n);
    w->at += (size_t)n;
    return true;
}

static bool take_arg(walk_state *w, arg a) {
    static const size_t fixed[] = {0, 1, 2, 4, 8};
    size_t              n;
    switch (a) {
    case A_NONE: case A_1: case A_2: case A_4: case A_8:
        if (w->n - w->at < fixed[a]) return w->at = w->n, true;
        return w->at += fixed[a], true;
    case A_LINE:
        if (!line_at(w, w->at, &n)) return false;
        return w->at += n + 1, true;
    case A_LINES: return take_lines(w);
    case A_LEN1: return take_sized(w, 1);
    case A_LEN4: return take_sized(w, 4);
    case A_LEN8: return take_sized(w, 8);
    default: return false;
    }
}

/* Of protocol 2 and later the first two bytes say so: some instructions that hold are enough.
 * Older ones are plain text, so they must go right to a STOP, and import something. */
size_t scan_pickle(const uint8_t *p, size_t n, bool cut, char *imports, size_t cap) {
    walk_state w = {.p = p, .n = n, .imports = imports, .cap = cap};
    bool       marked = n >= 4 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5;
    size_t     ops = 0;
    if (cap) imports[0] = 0;
    if (n < 2 || (!marked && !scan_among((char)p[0], "(c}])"))) return 0;
    while (w.at < n) {
        uint8_t op = p[w.at++];
        if (op == '.') {
            return marked ? (ops >= 2 ? w.at : 0) : (w.runs && ops >= 2 ? w.at : 0);
        }
        if (!take_arg(&w, arg_of(op))) return marked && ops >= 8 ? w.at : 0;
        if (op == 0x93) import(&w, w.last[0], w.last[1]);
        if (op == 'R' || op == 'o' || op == 'i' || op == 0x81) w.runs = true;
        ops++;
    }
    return marked && (cut || ops >= 8) ? n : 0;
}

/* Both kinds of records that name a member: local headers and the central directory. */
int scan_zip(const uint8_t *p, size_t n, char *member, size_t cap) {
    if (n < 30 || p[0] != 'P' || p[1] != 'K' || p[2] > 7 || (p[2] & 1) == 0 || p[3] != p[2] + 1)
        return -1;
    for (size_t i = 0; i + 46 < n; i++) {
        if (p[i] != 'P' || p[i + 1] != 'K') continue;
        bool   local = p[i + 2] == 3 && p[i + 3] == 4, central = p[i + 2] == 1 && p[i + 3] == 2;
        size_t head = local ? 30 : 46, k;
        if (!local && !central) continue;
        k = pr_le16(p + i + (local ? 26 : 28));
        if (k > n - i - head) k = n - i - head;
        const char *name = (const char *)p + i + head;
        if (k && (scan_ends(name, k, ".pkl") || scan_ends(name, k, ".pickle"))) {
            snprintf(member, cap, "%.*s", (int)k, name);
            return 1;
        }
    }
    return 0;
}

bool scan_npy_objects(const uint8_t *p, size_t n) {
    static const char key[] = "'descr':";
    size_t            most = PR_MIN(n, (size_t)4096);
    const uint8_t    *d = memmem(p, most, key, sizeof key - 1);
    if (!d) return false;
    const uint8_t *end = p + most, *comma = memchr(d, ',', (size_t)(end - d));
    return memchr(d, 'O', (size_t)((comma ? comma : end) - d)) != NULL;
}
