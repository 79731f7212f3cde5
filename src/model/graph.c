/* graph.c - building the graph. The builder has no state but the graph: a node says
 * everything about itself. Always true: a node's inputs were made before it. */
#include "arch.h"

enum { MOST_NODES = 1 << 16 };

static pr_val new_val(pr_gb *g, int width) {
    pr_graph *gr = g->g;
    if (gr->n_vals == g->cap_vals) {
        int  cap = g->cap_vals ? g->cap_vals * 2 : 256;
        int *more = cap > INT16_MAX ? NULL : pr_arena_get(g->m->arena, (size_t)cap, sizeof *more);
        if (!more) return g->failed = true, 0;
        if (gr->n_vals) memcpy(more, gr->width, (size_t)gr->n_vals * sizeof *more);
        gr->width = more;
        g->cap_vals = cap;
    }
    gr->width[gr->n_vals] = width;
    return (pr_val)gr->n_vals++;
}

static pr_val add_node(pr_gb *g, pr_node n, int width) {
    pr_graph *gr = g->g;
    if (g->failed) return 0;
    n.out = new_val(g, width);
    if (gr->n_nodes == g->cap_nodes) {
        int      cap = g->cap_nodes ? g->cap_nodes * 2 : 256;
        pr_node *more =
            cap > MOST_NODES ? NULL : pr_arena_get(g->m->arena, (size_t)cap, sizeof *more);
        if (!more) return g->failed = true, 0;
        if (gr->n_nodes) memcpy(more, gr->nodes, (size_t)gr->n_nodes * sizeof *more);
        gr->nodes = more;
        g->cap_nodes = cap;
    }
    gr->nodes[gr->n_nodes++] = n;
    return n.out;
}

/* A weight that the graph names must be there: presence never decides structure. */
static int need(pr_gb *g, pr_role role, int layer) {
    int w = pr_model_weight(g->m, role, layer);
    if (w < 0 && !g->missing) {
        g->missing = pr_role_name(role);
        g->missing_id = (pr_tid){role, layer};
        g->failed = true;
    }
    return w;
}

static pr_node node(pr_opcode op, int layer) {
    return (pr_node){.op = op, .layer = layer, .in = {-1, -1, -1}, .out = -1, .w = -1, .bias = -1};
}

pr_val gb_embed(pr_gb *g) {
    pr_node n = node(PR_OPC_EMBED, -1);
    n.w = need(g, PR_ROLE_TOKEN_EMBD, -1);
    return add_node(g, n, g->m->hp.d_model);
}

static pr_val rms(pr_gb *g, int layer, pr_val x, pr_role w, int group) {
    pr_node n = node(PR_OPC_RMS, layer);
    n.in[0] = x;
    n.w = need(g, w, layer);
    if (g->failed) return 0;
    n.group = group ? group : g->g->width[x];
    return add_node(g, n, g->g->width[x]);
}

pr_val gb_rms(pr_gb *g, int layer, pr_val x, pr_role w) {
    return rms(g, layer, x, w, 0);
}

pr_val gb_linear(pr_gb *g, int layer, pr_val x, pr_role w, pr_role bias, bool has_bias) {
    pr_node n = node(PR_OPC_LINEAR, layer);
    n.in[0] = x;
    n.w = need(g, w, layer);
    if (has_bias) n.bias = need(g, bias, layer);
    if (g->failed) return 0;
    return add_node(g, n, (int)g->m->weights[n.w].rows);
}

static pr_val rope(pr_gb *g, int layer, pr_val x, int n_head) {
    const pr_layer *l = &g->m->hp.layers[layer];
    if (g->failed || l->rope < 0) return x;
    pr_node n = node(PR_OPC_ROPE, layer);
    n.in[0] = x;
    n.n_head = n_head;
    n.d_head = l->d_head;
    return add_node(g, n, g->g->width[x]);
}

pr_val gb_attn(pr_gb *g, int layer, pr_val x) {
    const pr_layer *l = &g->m->hp.layers[layer];
    bool            bias = l->has & PR_HAS_QKV_BIAS;
    pr_val          q = gb_linear(g, layer, x, PR_ROLE_ATTN_Q, PR_ROLE_ATTN_Q_BIAS, bias);
    pr_val          k = gb_linear(g, layer, x, PR_ROLE_ATTN_K, PR_ROLE_ATTN_K_BIAS, bias);
    pr_val          v = gb_linear(g, layer, x, PR_ROLE_ATTN_V, PR_ROLE_ATTN_V_BIAS, bias);
    if (l->has & PR_HAS_QK_NORM) {
        q = rms(g, layer, q, PR_ROLE_ATTN_Q_NORM, l->d_head);
        k = rms(g, layer, k, PR_ROLE_ATTN_K_NORM, l->d_head);
    }
    pr_node n = node(PR_OPC_ATTN, layer);
    n.in[0] = rope(g, layer, q, l->n_head);
    n.in[1] = rope(g, layer, k, l->n_kv);
    n.in[2] = v;
    pr_val o = add_node(g, n, l->n_head * l->d_head);
    return gb_linear(g, layer, o, PR_ROLE_ATTN_O, PR_ROLE_ATTN_O_BIAS, l->has & PR_HAS_O_BIAS);
}

pr_val gb_glu(pr_gb *g, int layer, pr_val x) {
    bool    bias = g->m->hp.layers[layer].has & PR_HAS_FFN_BIAS;
    pr_node n = node(PR_OPC_GLU, layer);
    n.in[0] = gb_linear(g, layer, x, PR_ROLE_FFN_GATE, PR_ROLE_FFN_GATE_BIAS, bias);
    n.in[1] = gb_linear(g, layer, x, PR_ROLE_FFN_UP, PR_ROLE_FFN_UP_BIAS, bias);
    if (g->failed) return 0;
    pr_val y = add_node(g, n, g->g->width[n.in[0]]);
    return gb_linear(g, layer, y, PR_ROLE_FFN_DOWN, PR_ROLE_FFN_DOWN_BIAS, bias);
}

pr_val gb_add(pr_gb *g, int layer, pr_val a, pr_val b) {
    pr_node n = node(PR_OPC_ADD, layer);
    n.in[0] = a;
    n.in[1] = b;
    if (g->failed) return 0;
    return add_node(g, n, g->g->width[a]);
}

pr_val gb_head(pr_gb *g, pr_val x) {
    x = gb_rms(g, -1, x, PR_ROLE_OUTPUT_NORM);
    return gb_linear(g, -1, x, g->m->hp.tied ? PR_ROLE_TOKEN_EMBD : PR_ROLE_OUTPUT, PR_ROLE_N,
                     false);
}

pr_val gb_decoder_layer(pr_gb *g, int layer, pr_val x) {
    x = gb_add(g, layer, x, gb_attn(g, layer, gb_rms(g, layer, x, PR_ROLE_ATTN_NORM)));
    return gb_add(g, layer, x, gb_glu(g, layer, gb_rms(g, layer, x, PR_ROLE_FFN_NORM)));
}
