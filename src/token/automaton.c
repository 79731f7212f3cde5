/* automaton.c - finds any of a set of texts in another, leftmost then longest.
 *
 * A trie whose nodes keep their children in a sorted list, and the failure links
 * of Aho and Corasick ("Efficient string matching", 1975), so a search is linear
 * in the text. Always true: node 0 is the root; a link leads to a shallower node. */
#include "vocab.h"

enum { NODES_MAX = 1 << 26 };

typedef struct {
    uint32_t child, sibling; /* indices, 0: none */
    uint32_t link, depth;
    uint32_t value;          /* PR_NONE: no text ends here */
    uint32_t hit;            /* nearest node on the links (or itself) where one ends */
    uint8_t  byte;
} node;

struct pr_automaton {
    node    *node;
    uint32_t n, cap;
    uint32_t first[256]; /* the root's children, at once */
    bool     can_start[256];
};

pare_status pr_automaton_make(pr_automaton **out, pr_arena *a, pare_err *err) {
    pr_automaton *m;
    PR_NEW(m, a, 1, err);
    PR_NEW(m->node, a, 64, err);
    m->cap = 64;
    m->n = 1;
    m->node[0] = (node){.value = PR_NONE, .hit = PR_NONE};
    *out = m;
    return PARE_OK;
}

static uint32_t child_of(const pr_automaton *m, uint32_t at, uint8_t byte) {
    if (at == 0) return m->first[byte];
    uint32_t c = m->node[at].child;
    while (c && m->node[c].byte != byte) c = m->node[c].sibling;
    return c;
}

static pare_status add_node(pr_automaton *m, pr_arena *a, uint32_t at, uint8_t byte, uint32_t *out,
                            pare_err *err) {
    if (m->n == m->cap) {
        if (m->cap >= NODES_MAX)
            return pr_fail(err, PARE_EINPUT, -1, "added tokens: too much text");
        node *bigger;
        PR_NEW(bigger, a, (size_t)m->cap * 2, err);
        memcpy(bigger, m->node, m->n * sizeof *bigger);
        m->node = bigger;
        m->cap *= 2;
    }
    uint32_t c = m->n++;
    m->node[c] = (node){.sibling = m->node[at].child, .depth = m->node[at].depth + 1,
                        .value = PR_NONE, .hit = PR_NONE, .byte = byte};
    m->node[at].child = c;
    if (at == 0) m->first[byte] = c, m->can_start[byte] = true;
    *out = c;
    return PARE_OK;
}

pare_status pr_automaton_add(pr_automaton *m, pr_arena *a, pr_str text, uint32_t value,
                             pare_err *err) {
    uint32_t at = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t c = child_of(m, at, (uint8_t)text.p[i]);
        if (!c) PR_TRY(add_node(m, a, at, (uint8_t)text.p[i], &c, err));
        at = c;
    }
    if (m->node[at].value == PR_NONE) m->node[at].value = value;
    return PARE_OK;
}

static void link_child(pr_automaton *m, uint32_t at, uint32_t c) {
    uint32_t f = m->node[at].link, to = 0;
    if (at) {
        while (!(to = child_of(m, f, m->node[c].byte)) && f) f = m->node[f].link;
    }
    m->node[c].link = to;
    m->node[c].hit = m->node[c].value != PR_NONE ? c : m->node[to].hit;
}

/* Links, breadth first. */
pare_status pr_automaton_ready(pr_automaton *m, pr_arena *a, pare_err *err) {
    uint32_t *queue;
    PR_NEW(queue, a, m->n, err);
    uint32_t head = 0, tail = 0;
    queue[tail++] = 0;
    while (head < tail) {
        uint32_t at = queue[head++];
        for (uint32_t c = m->node[at].child; c; c = m->node[c].sibling) {
            link_child(m, at, c);
            queue[tail++] = c;
        }
    }
    return PARE_OK;
}

bool pr_automaton_next(const pr_automaton *m, const char *p, size_t n, size_t from, size_t *start,
                       size_t *end, uint32_t *value) {
    uint32_t at = 0;
    bool     found = false;
    for (size_t i = from; i < n; i++) {
        uint8_t byte = (uint8_t)p[i];
        if (at == 0) {
            if (found) break;
            while (i < n && !m->can_start[(uint8_t)p[i]]) i++;
            if (i == n) break;
            byte = (uint8_t)p[i];
        }
        uint32_t c;
        while (!(c = child_of(m, at, byte)) && at) at = m->node[at].link;
        at = c;
        /* What is being read starts behind the match in hand: nothing better can come. */
        if (found && i + 1 - m->node[at].depth > *start) break;
        uint32_t hit = m->node[at].hit;
        if (hit == PR_NONE) continue;
        size_t s = i + 1 - m->node[hit].depth;
        if (found && s > *start) continue;
        *start = s;
        *end = i + 1;
        *value = m->node[hit].value;
        found = true;
    }
    return found;
}

size_t pr_automaton_prefix(const pr_automaton *m, const char *p, size_t n, uint32_t *value) {
    size_t   best = 0;
    uint32_t at = 0;
    for (size_t i = 0; i < n && (at = child_of(m, at, (uint8_t)p[i])); i++) {
        if (m->node[at].value == PR_NONE) continue;
        best = i + 1;
        *value = m->node[at].value;
    }
    return best;
}
