/* test_probe.c - a session under a probe: the same bits, spans in order that cover every piece, and
 * costs that agree with sizes counted another way. */
#include "check.h"
#include "engine/engine.h"

enum { LEN = 70, MOST = 8 };

static pr_model *open_model(void) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, check_source("models/austen-3.7m"), &e), e);
    return m;
}

typedef struct {
    pr_session     *s;
    pr_probe        p;
    pr_member_span *member;
    pr_span        *span;
} probed;

static probed open_probed(const pr_model *m, int threads) {
    probed          x = {0};
    pare_err        e = {0};
    pr_session_opts o = {.n_threads = threads, .n_ctx = LEN + 4};
    CHECK_OK(pr_session_new(&x.s, m, &o, &e), e);
    x.member = calloc((size_t)threads, sizeof *x.member);
    x.span = calloc((size_t)threads * (size_t)pr_session_steps(x.s), sizeof *x.span);
    x.p = (pr_probe){.member = x.member, .span = x.span};
    return x;
}

static void close_probed(probed *x) {
    pr_session_free(x->s);
    free(x->member);
    free(x->span);
}

static void eval(probed *x, const pr_id *ids, int n, bool with) {
    pare_err e = {0};
    pr_session_probe(x->s, with ? &x->p : NULL);
    CHECK_OK(pr_session_eval(x->s, ids, n, &e), e);
}

/* A long batch, a short one, a single token. */
static const int calls[] = {64, 5, 1, 1};

static uint64_t hash_of(const pr_model *m, int threads, unsigned with) {
    probed   x = open_probed(m, threads);
    pr_id    ids[LEN + 4];
    uint64_t h = 0;
    for (int i = 0; i < LEN + 4; i++) ids[i] = (i * 37 + 11) % m->hp.n_vocab;
    for (size_t c = 0, at = 0; c < PR_COUNT(calls); at += (size_t)calls[c++]) {
        eval(&x, ids + at, calls[c], with >> c & 1);
        h = h * 31 + pr_hash64(pr_session_logits(x.s, 0), (size_t)m->hp.n_vocab * sizeof(float));
    }
    close_probed(&x);
    return h;
}

/* On, off, and switched between calls. */
static void the_bits_are_the_same(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 4};
    pr_model        *m = open_model();
    uint64_t         want = hash_of(m, 1, 0);
    for (size_t t = 0; t < PR_COUNT(threads); t++)
        for (unsigned with = 0; with < 16; with += 5)
            assert_true(hash_of(m, threads[t], with) == want);
    pr_model_close(m);
}

/* Every piece of every step was done once, by somebody, between the call's ends. */
static void check_call(const probed *x, int threads, int n, int64_t pos) {
    int      steps = pr_session_steps(x->s);
    uint64_t worked[MOST] = {0};
    assert_true(x->p.entered <= x->p.ready && x->p.ready <= x->member[0].came);
    assert_true(x->member[0].gone <= x->p.left);
    for (int i = 0; i < steps; i++) {
        pr_step_cost c;
        int64_t      done = 0;
        pr_session_cost(x->s, i, n, pos, &c);
        for (int me = 0; me < threads; me++) {
            const pr_span        *at = &x->span[me * steps + i];
            const pr_member_span *m = &x->member[me];
            if (!m->begin || !at->begin) continue;
            assert_true(at->begin >= m->begin && at->begin >= worked[me]);
            assert_true(at->begin <= at->worked && at->worked <= at->end && at->end <= m->end);
            worked[me] = at->end;
            done += at->pieces;
        }
        if (done != c.pieces)
            fail_msg("step %d: %lld pieces done, %lld planned", i, (long long)done,
                     (long long)c.pieces);
    }
    for (int me = 0; me < threads; me++)
        if (x->member[me].begin) {
            const pr_member_span *m = &x->member[me];
            assert_true(m->tid > 0 && m->came <= m->begin && m->end <= m->gone);
        }
}

static void spans_are_in_order_and_whole(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    pr_model        *m = open_model();
    for (size_t t = 0; t < PR_COUNT(threads); t++) {
        probed x = open_probed(m, threads[t]);
        pr_id  ids[LEN + 4];
        for (int i = 0; i < LEN + 4; i++) ids[i] = (i * 37 + 11) % m->hp.n_vocab;
        for (int round = 0; round < 3; round++) {
            pr_session_rewind(x.s, 0);
            for (size_t c = 0, at = 0; c < PR_COUNT(calls); at += (size_t)calls[c++]) {
                eval(&x, ids + at, calls[c], true);
                check_call(&x, threads[t], calls[c], (int64_t)at);
            }
        }
        close_probed(&x);
    }
    pr_model_close(m);
}

/* One token reads each matrix once, a row of the embedding, and the positions before it. */
static void costs_are_those_of_the_file(void **state) {
    (void)state;
    pr_model *m = open_model();
    probed    x = open_probed(m, 1);
    uint64_t  matrices = 0, read = 0, state_read = 0, state_want = 0;
    int64_t   pos = 41;
    for (int i = 0; i < m->n_weights; i++) {
        pr_role_class c = pr_role_class_of(m->weights[i].id.role);
        if (c == PR_CLASS_MATRIX || (c == PR_CLASS_EMBED && m->hp.tied))
            matrices += pr_weight_bytes(&m->weights[i]);
    }
    double flop = 0, flop_want = 0;
    for (int i = 0; i < pr_session_steps(x.s); i++) {
        pr_step_cost c;
        pr_step_info in;
        pr_session_step(x.s, i, &in);
        pr_session_cost(x.s, i, 1, pos, &c);
        if (in.product) read += c.weight_bytes, flop += c.flop;
        if (strcmp(in.op, "attention") == 0) state_read += c.state_bytes;
        assert_true(in.name[0] && in.layer >= -1 && in.layer < m->hp.n_layer);
    }
    for (int l = 0; l < m->hp.n_layer; l++) /* F32: keys and values */
        state_want += (uint64_t)(pos + 1) *
                      (uint64_t)(m->hp.layers[l].n_kv * m->hp.layers[l].d_head) * 4 * 2;
    for (int i = 0; i < m->n_weights; i++) {
        pr_role_class c = pr_role_class_of(m->weights[i].id.role);
        if (c == PR_CLASS_MATRIX || (c == PR_CLASS_EMBED && m->hp.tied))
            flop_want += 2.0 * (double)m->weights[i].rows * (double)m->weights[i].cols;
    }
    assert_int_equal(read, matrices);
    assert_int_equal(state_read, state_want);
    assert_true(flop == flop_want);
    close_probed(&x);
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_are_the_same),
        cmocka_unit_test(spans_are_in_order_and_whole),
        cmocka_unit_test(costs_are_those_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
