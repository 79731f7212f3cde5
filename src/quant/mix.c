/* mix.c - the mixes as data, and the choice of a type for each tensor.
 *
 * A mix is a base type and, per kind of tensor, rules of the form "where, type": the first
 * that holds is taken, else the base. */
#include "quant/quant.h"
#include <stdio.h>
#include <strings.h>

typedef enum {
    NEVER,
    ALWAYS,
    FIRST_2,        /* the first tensors of the kind */
    FIRST_4,
    SIXTEENTH,      /* the first n/16 of n layers */
    EIGHTH,
    EIGHTH_PLAIN,   /* the same, without importance matrix */
    EIGHTH_WEIGHED, /* the same, with one */
    MORE_BITS,      /* the first and last eighth, and each third between */
    SHARED_4        /* four or more query heads share a key-value head */
} place;

typedef struct {
    place   where;
    pr_type type;
} rule;

struct pr_mix {
    const char *name;
    int         ftype;
    pr_type     type;
    rule        v[2], down[2], attn_out;
    bool        experts_8; /* with 8 experts, attn_output gets Q5_K */
};

static const pr_mix mixes[] = {
    {.name = "F32", .ftype = 0, .type = PR_F32},
    {.name = "F16", .ftype = 1, .type = PR_F16},
    {.name = "BF16", .ftype = 32, .type = PR_BF16},
    {.name = "Q8_0", .ftype = 7, .type = PR_Q8_0},
    {.name = "Q6_K", .ftype = 18, .type = PR_Q6_K},
    {.name = "Q5_K_M", .ftype = 17, .type = PR_Q5_K, .v = {{MORE_BITS, PR_Q6_K}},
     .down = {{MORE_BITS, PR_Q6_K}}},
    {.name = "Q5_K_S", .ftype = 16, .type = PR_Q5_K},
    {.name = "Q5_1", .ftype = 9, .type = PR_Q5_1},
    {.name = "Q5_0", .ftype = 8, .type = PR_Q5_0, .down = {{EIGHTH_WEIGHED, PR_Q5_1}}},
    {.name = "Q4_K_M", .ftype = 15, .type = PR_Q4_K, .v = {{MORE_BITS, PR_Q6_K}},
     .down = {{MORE_BITS, PR_Q6_K}}, .experts_8 = true},
    {.name = "Q4_K_S", .ftype = 14, .type = PR_Q4_K, .v = {{FIRST_4, PR_Q5_K}},
     .down = {{EIGHTH, PR_Q5_K}}, .experts_8 = true},
    {.name = "IQ4_NL", .ftype = 25, .type = PR_IQ4_NL, .v = {{SHARED_4, PR_Q5_K}},
     .down = {{EIGHTH_PLAIN, PR_Q5_K}}, .experts_8 = true},
    {.name = "IQ4_XS", .ftype = 30, .type = PR_IQ4_XS, .v = {{SHARED_4, PR_Q5_K}},
     .down = {{EIGHTH_PLAIN, PR_Q5_K}}, .experts_8 = true},
    {.name = "Q4_1", .ftype = 3, .type = PR_Q4_1},
    {.name = "Q4_0", .ftype = 2, .type = PR_Q4_0, .down = {{EIGHTH_WEIGHED, PR_Q4_1}}},
    {.name = "Q3_K_L", .ftype = 13, .type = PR_Q3_K, .v = {{ALWAYS, PR_Q5_K}},
     .down = {{ALWAYS, PR_Q5_K}}, .attn_out = {ALWAYS, PR_Q5_K}},
    {.name = "Q3_K_M", .ftype = 12, .type = PR_Q3_K, .v = {{FIRST_2, PR_Q5_K}, {ALWAYS, PR_Q4_K}},
     .down = {{SIXTEENTH, PR_Q5_K}, {ALWAYS, PR_Q4_K}}, .attn_out = {ALWAYS, PR_Q4_K},
     .experts_8 = true},
    {.name = "Q3_K_S", .ftype = 11, .type = PR_Q3_K, .experts_8 = true},
    {.name = "Q2_K", .ftype = 10, .type = PR_Q2_K, .v = {{SHARED_4, PR_Q4_K}, {ALWAYS, PR_Q3_K}},
     .down = {{ALWAYS, PR_Q3_K}}, .attn_out = {ALWAYS, PR_Q3_K}, .experts_8 = true},
};

static const char *const place_text[] = {
    [NEVER] = "",
    [ALWAYS] = "all of this kind",
    [FIRST_2] = "the first two of this kind",
    [FIRST_4] = "the first four of this kind",
    [SIXTEENTH] = "the first sixteenth of the layers",
    [EIGHTH] = "the first eighth of the layers",
    [EIGHTH_PLAIN] = "the first eighth of the layers",
    [EIGHTH_WEIGHED] = "the first eighth of the layers",
    [MORE_BITS] = "first, last and each third layer",
    [SHARED_4] = "shared by four heads or more",
};

const pr_mix *pr_mix_get(const char *name) {
    static const char *const alias[][2] = {
        {"Q3_K", "Q3_K_M"}, {"Q4_K", "Q4_K_M"}, {"Q5_K", "Q5_K_M"}};
    for (size_t i = 0; i < PR_COUNT(alias); i++)
        if (strcasecmp(name, alias[i][0]) == 0) name = alias[i][1];
    for (size_t i = 0; i < PR_COUNT(mixes); i++)
        if (strcasecmp(name, mixes[i].name) == 0) return &mixes[i];
    return NULL;
}

const pr_mix *pr_mix_at(int i) { return i >= 0 && i < (int)PR_COUNT(mixes) ? &mixes[i] : NULL; }
const char   *pr_mix_name(const pr_mix *m) { return m->name; }
int           pr_mix_ftype(const pr_mix *m) { return m->ftype; }
pr_type       pr_mix_type(const pr_mix *m) { return m->type; }

pr_mix_weight pr_mix_weight_of(const char *name) {
    static const struct {
        const char *part;
        pr_mix_weight   w;
    } parts[] = {
        {"attn_qkv.weight", PR_MIX_ATTN_V},  {"attn_kv_b.weight", PR_MIX_ATTN_V},
        {"attn_v.weight", PR_MIX_ATTN_V},    {"attn_k.weight", PR_MIX_ATTN_K},
        {"attn_q.weight", PR_MIX_ATTN_Q},    {"attn_output.weight", PR_MIX_ATTN_OUTPUT},
        {"ffn_up", PR_MIX_FFN_UP},           {"ffn_gate", PR_MIX_FFN_GATE},
        {"ffn_down", PR_MIX_FFN_DOWN},
    };
    if (strcmp(name, "output.weight") == 0) return PR_MIX_OUTPUT;
    if (strcmp(name, "token_embd.weight") == 0 || strcmp(name, "per_layer_token_embd.weight") == 0)
        return PR_MIX_TOKEN_EMBD;
    for (size_t i = 0; i < PR_COUNT(parts); i++)
        if (strstr(name, parts[i].part)) return parts[i].w;
    return PR_MIX_OTHER;
}

bool pr_mix_wants(const char *name, int n_dims) {
    static const char *const never[] = {
        "_norm.weight",    "ffn_gate_inp.weight", "altup",    "laurel",
        "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight", "attn_rel_b.weight",
        ".position_embd",
    };
    size_t len = strlen(name);
    if (n_dims < 2 || len < 6 || strcmp(name + len - 6, "weight") != 0) return false;
    if (strcmp(name, "position_embd.weight") == 0 || strcmp(name, "token_types.weight") == 0)
        return false;
    for (size_t i = 0; i < PR_COUNT(never); i++)
        if (strstr(name, never[i])) return false;
    return true;
}

static bool place_holds(place where, int i, int n, const pr_mix_shape *s) {
    switch (where) {
    case NEVER: return false;
    case ALWAYS: return true;
    case FIRST_2: return i < 2;
    case FIRST_4: return i < 4;
    case SIXTEENTH: return i < n / 16;
    case EIGHTH: return i < n / 8;
    case EIGHTH_PLAIN: return i < n / 8 && !s->has_imatrix;
    case EIGHTH_WEIGHED: return i < n / 8 && s->has_imatrix;
    case MORE_BITS: return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
    case SHARED_4: return s->n_kv > 0 && s->n_head / s->n_kv >= 4;
    }
    return false;
}

static void set(pr_mix_choice *c, pr_type t, const char *what, const char *why) {
    c->wanted = t;
    snprintf(c->reason, sizeof c->reason, "%s: %s", what, why);
}

static bool try_rule(pr_mix_choice *c, rule r, int i, int n, const pr_mix_shape *s,
                     const char *what) {
    if (!place_holds(r.where, i, n, s)) return false;
    set(c, r.type, what, place_text[r.where]);
    return true;
}

static void choose_attn_v(const pr_mix *m, const pr_mix_shape *s, int i, pr_mix_choice *c) {
    static const char what[] = "attention values";
    if (!try_rule(c, m->v[0], i, s->n_attn_v, s, what))
        try_rule(c, m->v[1], i, s->n_attn_v, s, what);
    if (s->is_70b && (c->wanted == PR_Q3_K || c->wanted == PR_Q4_K))
        set(c, PR_Q5_K, what, "small beside the queries in a model of this size");
    if (s->n_expert == 8) set(c, PR_Q8_0, what, "small beside 8 experts");
}

static void choose_output(const pr_mix *m, pr_mix_weight w, int64_t cols, pr_mix_choice *c) {
    const char *what = w == PR_MIX_OUTPUT ? "output" : "embedding that is the output too";
    if (cols % pr_type_get(m->type)->block != 0)
        set(c, PR_Q8_0, what, "columns are not whole blocks of the default");
    else if (m->type != PR_Q8_0)
        set(c, PR_Q6_K, what, "more bits");
}

pr_type pr_mix_fit(pr_type wanted, int64_t cols) {
    pr_type t = wanted;
    if (cols % pr_type_get(t)->block == 0) return t;
    switch (wanted) {
    case PR_IQ4_XS: t = PR_IQ4_NL; break;
    case PR_Q2_K:
    case PR_Q3_K: t = PR_Q4_0; break;
    case PR_Q4_K: t = PR_Q5_0; break;
    case PR_Q5_K: t = PR_Q5_1; break;
    case PR_Q6_K: t = PR_Q8_0; break;
    default: break;
    }
    return cols % pr_type_get(t)->block == 0 ? t : PR_F16;
}

static void fit_columns(pr_mix_choice *c, int64_t cols) {
    const pr_type_info *t = pr_type_get(c->wanted);
    c->type = pr_mix_fit(c->wanted, cols);
    if (c->type != c->wanted)
        snprintf(c->reason, sizeof c->reason,
                 "%s in place of %s: %lld columns are not whole blocks of %d",
                 pr_type_get(c->type)->name, t->name, (long long)cols, t->block);
}

void pr_mix_choose(const pr_mix *m, const pr_mix_shape *s, pr_mix_count *count, pr_mix_weight w,
                   int layer, int64_t cols, pr_mix_choice *c) {
    *c = (pr_mix_choice){.type = m->type, .wanted = m->type};
    snprintf(c->reason, sizeof c->reason, "default of %s", m->name);
    if (pr_type_get(m->type)->kind != PR_KIND_QUANT) return;
    if (w == PR_MIX_OUTPUT || (w == PR_MIX_TOKEN_EMBD && s->tied)) {
        choose_output(m, w, cols, c);
    } else if (w == PR_MIX_ATTN_V) {
        choose_attn_v(m, s, count->attn_v++, c);
    } else if (w == PR_MIX_ATTN_K && s->n_expert == 8) {
        set(c, PR_Q8_0, "attention keys", "small beside 8 experts");
    } else if (w == PR_MIX_FFN_DOWN) {
        int i = s->n_expert > 1 ? layer : count->ffn_down;
        count->ffn_down++;
        if (!try_rule(c, m->down[0], i, s->n_layer, s, "ffn_down"))
            try_rule(c, m->down[1], i, s->n_layer, s, "ffn_down");
    } else if (w == PR_MIX_ATTN_OUTPUT && s->n_expert == 8) {
        if (m->experts_8) set(c, PR_Q5_K, "attention output", "small beside 8 experts");
    } else if (w == PR_MIX_ATTN_OUTPUT) {
        try_rule(c, m->attn_out, 0, s->n_layer, s, "attention output");
    }
    fit_columns(c, cols);
}
