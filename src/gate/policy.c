/* policy.c - the built-in policy, and policies read from YAML (docs/policy.md). Always
 * true: what is not understood is refused with its line; a gate's side agrees with its
 * metric's better direction; a metric that compares names what it is compared with. */
#include "gate/gate.h"
#include <math.h>
#include <stdio.h>
#include <yaml.h>

enum { POLICY_BYTES_MAX = 1 << 16 };

static const pr_gate default_gates[] = {
    {.name = "accuracy",
     .metric = "accuracy_kept",
     .against = PR_AGAINST_SOURCE,
     .op = PR_OP_ABOVE,
     .threshold = 0.95},
    {.name = "speed",
     .metric = "speedup",
     .against = PR_AGAINST_SOURCE,
     .op = PR_OP_AT_LEAST,
     .threshold = 2},
    {.name = "memory",
     .metric = "memory_ratio",
     .against = PR_AGAINST_SOURCE,
     .op = PR_OP_AT_MOST,
     .threshold = 0.5},
    {.name = "consistency", .metric = "token_cv", .op = PR_OP_AT_MOST, .threshold = 0.20},
};
static const pr_policy default_policy = {.name = "default",
                                         .source = "built-in",
                                         .gates = default_gates,
                                         .n_gates = PR_COUNT(default_gates)};

const pr_policy *pr_policy_default(void) {
    return &default_policy;
}

/* ---- YAML, seen as a tree of libyaml's nodes ---- */

typedef struct {
    yaml_document_t doc;
    pr_str text;
    pr_arena *arena;
    pare_err *err;
} reader;

/* Where a line begins, in bytes: libyaml's own index counts characters. */
static int64_t line_pos(pr_str text, size_t line) {
    size_t at = 0;
    while (line > 0 && at < text.n) line -= text.p[at++] == '\n';
    return (int64_t)at;
}

#define FAIL_AT(r, mark, fmt, ...)                                                             \
    pr_fail((r)->err, PARE_EINPUT, line_pos((r)->text, (mark).line), "line %zu: " fmt,         \
            (mark).line + 1, __VA_ARGS__)

static const char *kind_name(const yaml_node_t *n) {
    return n->type == YAML_MAPPING_NODE    ? "a mapping"
           : n->type == YAML_SEQUENCE_NODE ? "a list"
                                           : "a text or number";
}

/* The text of a scalar, terminated, in the arena. */
static pare_status scalar(reader *r, const yaml_node_t *n, const char *key, const char **out) {
    if (n->type != YAML_SCALAR_NODE) {
        return FAIL_AT(r, n->start_mark, "%s is %s; expected a text or number", key,
                       kind_name(n));
    }
    const char *p = (const char *)n->data.scalar.value;
    size_t len = n->data.scalar.length;
    if (len == 0 || len > 200 || memchr(p, 0, len)) {
        return FAIL_AT(r, n->start_mark, "%s has %zu bytes or a zero byte; expected 1 to 200",
                       key, len);
    }
    *out = pr_arena_str(r->arena, p, len);
    return *out ? PARE_OK : pr_fail_nomem(r->err, len);
}

static pare_status number(reader *r, const yaml_node_t *n, const char *key, double lo,
                          double hi, double *out) {
    const char *s;
    PR_TRY(scalar(r, n, key, &s));
    if (pr_parse_f64(s, lo, hi, out) && isfinite(*out)) return PARE_OK;
    return FAIL_AT(r, n->start_mark, "%s is '%s'; expected a number from %g to %g", key, s, lo,
                   hi);
}

/* Which of the words in `known` a mapping's key is; refuses unknown and repeated ones. */
static pare_status key_find(reader *r, const yaml_node_pair_t *pair, const char *const *known,
                            size_t n_known, uint32_t *seen, size_t *which) {
    const yaml_node_t *k = yaml_document_get_node(&r->doc, pair->key);
    const char *key = NULL;
    PR_TRY(scalar(r, k, "a key", &key));
    char list[160] = "";
    size_t used = 0;
    for (*which = 0; *which < n_known; *which += 1) {
        if (strcmp(known[*which], key) == 0) break;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", *which ? ", " : "",
                                 known[*which]);
    }
    if (*which == n_known)
        return FAIL_AT(r, k->start_mark, "unknown key '%s'; expected one of %s", key, list);
    if (*seen & 1u << *which)
        return FAIL_AT(r, k->start_mark, "the key '%s' stands twice", key);
    *seen |= 1u << *which;
    return PARE_OK;
}

enum {
    K_NAME,
    K_METRIC,
    K_AGAINST,
    K_BOUND,
    K_MIN_N,
    K_ABOVE,
    K_AT_LEAST,
    K_BELOW,
    K_AT_MOST,
    N_GATE_KEYS
};
static const char *const gate_keys[N_GATE_KEYS] = {
    "name", "metric", "against", "bound", "min_n", "above", "at_least", "below", "at_most"};
enum { SIDES = 1u << K_ABOVE | 1u << K_AT_LEAST | 1u << K_BELOW | 1u << K_AT_MOST };

static pare_status gate_metric(reader *r, const yaml_node_t *v, pr_gate *g) {
    const char *name = NULL;
    PR_TRY(scalar(r, v, "metric", &name));
    const pr_metric_info *info = pr_metric_info_find(name);
    if (!info)
        return FAIL_AT(r, v->start_mark,
                       "unknown metric '%s'; docs/report.md lists those that are known", name);
    g->metric = info->name;
    return PARE_OK;
}

static pare_status gate_bound(reader *r, const yaml_node_t *v, pr_gate *g) {
    const char *s = NULL;
    PR_TRY(scalar(r, v, "bound", &s));
    if (strcmp(s, "unfavourable") == 0) return g->bound = PR_BOUND_UNFAVOURABLE, PARE_OK;
    if (strcmp(s, "value") == 0) return g->bound = PR_BOUND_VALUE, PARE_OK;
    return FAIL_AT(r, v->start_mark, "bound is '%s'; expected unfavourable or value", s);
}

/* One key of a gate and its value. */
static pare_status gate_value(reader *r, size_t key, const yaml_node_t *v, pr_gate *g) {
    const char *s = NULL;
    double x = 0;
    switch (key) {
    case K_NAME:
        return scalar(r, v, "name", &g->name);
    case K_METRIC:
        return gate_metric(r, v, g);
    case K_BOUND:
        return gate_bound(r, v, g);
    case K_AGAINST:
        PR_TRY(scalar(r, v, "against", &s));
        if (pr_against_parse(s, &g->against)) return PARE_OK;
        return FAIL_AT(r, v->start_mark, "against is '%s'; expected source or f32", s);
    case K_MIN_N:
        PR_TRY(number(r, v, "min_n", 0, 1e9, &x));
        if (x != floor(x))
            return FAIL_AT(r, v->start_mark, "min_n is %g; expected a whole number", x);
        return g->min_n = (int64_t)x, PARE_OK;
    default:
        g->op = (pr_op)(key - K_ABOVE);
        return number(r, v, gate_keys[key], -1e300, 1e300, &g->threshold);
    }
}

/* What only the whole gate can show to be wrong. */
static pare_status gate_check(reader *r, const yaml_node_t *n, uint32_t seen, pr_gate *g) {
    if (!g->metric) return FAIL_AT(r, n->start_mark, "a gate without '%s'", "metric");
    if (!g->name) g->name = g->metric;
    uint32_t sides = seen & SIDES;
    if (sides == 0 || (sides & (sides - 1)) != 0) {
        return FAIL_AT(r, n->start_mark,
                       "gate '%s' has %s of above, at_least, below, at_most; expected one",
                       g->name, sides ? "more than one" : "none");
    }
    const pr_metric_info *info = pr_metric_info_find(g->metric);
    bool more = g->op == PR_OP_ABOVE || g->op == PR_OP_AT_LEAST;
    if (more != info->higher) {
        return FAIL_AT(r, n->start_mark, "gate '%s': a %s %s is the better one; expected %s",
                       g->name, info->higher ? "higher" : "lower", g->metric,
                       info->higher ? "above or at_least" : "below or at_most");
    }
    if (!info->compares && g->against != PR_AGAINST_NONE) {
        return FAIL_AT(r, n->start_mark,
                       "gate '%s': %s compares with nothing; expected no 'against'", g->name,
                       g->metric);
    }
    if (info->compares && g->against == PR_AGAINST_NONE) g->against = PR_AGAINST_SOURCE;
    return PARE_OK;
}

static pare_status gate_read(reader *r, const yaml_node_t *n, pr_gate *g) {
    uint32_t seen = 0;
    if (n->type != YAML_MAPPING_NODE)
        return FAIL_AT(r, n->start_mark, "a gate is %s; expected a mapping", kind_name(n));
    const yaml_node_pair_t *end = n->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < end; p++) {
        size_t which = 0;
        PR_TRY(key_find(r, p, gate_keys, N_GATE_KEYS, &seen, &which));
        PR_TRY(gate_value(r, which, yaml_document_get_node(&r->doc, p->value), g));
    }
    return gate_check(r, n, seen, g);
}

static pare_status gates_read(reader *r, const yaml_node_t *n, pr_policy *out) {
    if (n->type != YAML_SEQUENCE_NODE)
        return FAIL_AT(r, n->start_mark, "gates is %s; expected a list", kind_name(n));
    size_t count = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    if (count == 0 || count > PR_POLICY_GATES_MAX) {
        return FAIL_AT(r, n->start_mark, "%zu gates; expected 1 to %d", count,
                       PR_POLICY_GATES_MAX);
    }
    pr_gate *g;
    PR_NEW(g, r->arena, count, r->err);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item =
            yaml_document_get_node(&r->doc, n->data.sequence.items.start[i]);
        PR_TRY(gate_read(r, item, &g[i]));
        for (size_t k = 0; k < i; k++) {
            if (strcmp(g[k].name, g[i].name) == 0)
                return FAIL_AT(r, item->start_mark, "two gates are called '%s'", g[i].name);
        }
    }
    out->gates = g;
    out->n_gates = count;
    return PARE_OK;
}

enum { K_SCHEMA, K_POLICY_NAME, K_GATES, K_ABOUT, N_POLICY_KEYS };
static const char *const policy_keys[N_POLICY_KEYS] = {"schema", "name", "gates", "about"};

static pare_status policy_value(reader *r, size_t key, const yaml_node_t *v, pr_policy *out) {
    double x = 0;
    const char *s = NULL;
    if (key == K_GATES) return gates_read(r, v, out);
    if (key == K_POLICY_NAME) return scalar(r, v, "name", &out->name);
    if (key == K_ABOUT) return scalar(r, v, "about", &s);
    PR_TRY(number(r, v, "schema", 0, 1e6, &x));
    return x == 1 ? PARE_OK : FAIL_AT(r, v->start_mark, "schema is %g; this pare reads 1", x);
}

static pare_status policy_read(reader *r, pr_policy *out) {
    const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    uint32_t seen = 0;
    if (!root)
        return pr_fail(r->err, PARE_EINPUT, 0,
                       "an empty policy; expected schema, name and gates");
    if (root->type != YAML_MAPPING_NODE) {
        return FAIL_AT(r, root->start_mark, "a policy is %s; expected a mapping",
                       kind_name(root));
    }
    const yaml_node_pair_t *end = root->data.mapping.pairs.top;
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start; p < end; p++) {
        size_t which = 0;
        PR_TRY(key_find(r, p, policy_keys, N_POLICY_KEYS, &seen, &which));
        PR_TRY(policy_value(r, which, yaml_document_get_node(&r->doc, p->value), out));
    }
    for (size_t i = 0; i < K_ABOUT; i++) {
        if (!(seen & 1u << i))
            return FAIL_AT(r, root->start_mark, "a policy without '%s'", policy_keys[i]);
    }
    return PARE_OK;
}

static pare_status fail_yaml(const yaml_parser_t *y, pr_str text, pare_err *err) {
    if (y->error == YAML_MEMORY_ERROR) return pr_fail_nomem(err, text.n);
    if (y->error == YAML_READER_ERROR) {
        return pr_fail(err, PARE_EINPUT, (int64_t)y->problem_offset, "not UTF-8 text: %s",
                       y->problem ? y->problem : "");
    }
    return pr_fail(err, PARE_EINPUT, line_pos(text, y->problem_mark.line),
                   "line %zu: not YAML: %s", y->problem_mark.line + 1,
                   y->problem ? y->problem : "");
}

/* Nothing may follow the one document. */
static pare_status read_one(yaml_parser_t *y, reader *r, pr_policy *out) {
    if (!yaml_parser_load(y, &r->doc)) return fail_yaml(y, r->text, r->err);
    pare_status st = policy_read(r, out);
    yaml_document_delete(&r->doc);
    PR_TRY(st);
    if (!yaml_parser_load(y, &r->doc)) return fail_yaml(y, r->text, r->err);
    bool more = yaml_document_get_root_node(&r->doc) != NULL;
    yaml_document_delete(&r->doc);
    return more ? pr_fail(r->err, PARE_EINPUT, -1,
                          "a second document follows; expected one policy")
                : PARE_OK;
}

pare_status pr_policy_parse(pr_str text, const char *source, pr_arena *a, pr_policy *out,
                            pare_err *err) {
    yaml_parser_t y;
    reader r = {.text = text, .arena = a, .err = err};
    pr_policy p = {0};
    *out = (pr_policy){0};
    if (text.n > POLICY_BYTES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "%zu bytes; a policy has at most %d", text.n,
                       POLICY_BYTES_MAX);
    p.source = pr_arena_str(a, source, strlen(source));
    if (!p.source || !yaml_parser_initialize(&y)) return pr_fail_nomem(err, text.n);
    yaml_parser_set_input_string(&y, (const unsigned char *)text.p, text.n);
    pare_status st = read_one(&y, &r, &p);
    yaml_parser_delete(&y);
    if (st != PARE_OK) return pr_fail_in(err, st, source);
    pr_sha256 h = pr_sha256_of(text.p, text.n);
    pr_sha256_hex(&h, p.sha256);
    *out = p;
    return PARE_OK;
}

pare_status pr_policy_read(const char *path, pr_arena *a, pr_policy *out, pare_err *err) {
    pr_str text = {0};
    *out = (pr_policy){0};
    PR_TRY(pr_file_read(path, POLICY_BYTES_MAX, a, &text, err));
    return pr_policy_parse(text, path, a, out, err);
}
