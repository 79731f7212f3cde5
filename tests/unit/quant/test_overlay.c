/* test_overlay.c - a matrix put over a model's own: the very bits of the file that has it so; the
 * divergence against its definition; and the plan for a budget, the same for every number of
 * threads. */
#include "check.h"
#include "quant/quant.h"

enum { LOOK = 48 };

static pr_model *open_model(const char *path) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static pr_model *shipped(void) { return open_model(check_source("models/austen-3.7m")); }

static int weight_named(const pr_model *m, const char *gguf_name) {
    for (int i = 0; i < m->n_weights; i++) {
        char  name[128];
        pr_xf xf;
        int   d_head;
        if (pr_model_spell(m, PR_DIALECT_GGUF, m->weights[i].id, name, &xf, &d_head) &&
            strcmp(name, gguf_name) == 0)
            return i;
    }
    fail_msg("no weight %s", gguf_name);
    return -1;
}

/* Logits of all of LOOK tokens. */
static float *logits_of(const pr_model *m) {
    pare_err        e = {0};
    pr_session     *s;
    pr_session_opts o = {.n_ctx = LOOK, .n_batch = LOOK, .all_logits = true};
    pr_id           ids[LOOK];
    size_t          row = (size_t)m->hp.n_vocab * sizeof(float);
    char           *out = malloc(LOOK * row);
    assert_non_null(out);
    for (int i = 0; i < LOOK; i++) ids[i] = (pr_id)((i * 37 + 11) % m->hp.n_vocab);
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    CHECK_OK(pr_session_eval(s, ids, LOOK, &e), e);
    for (int i = 0; i < LOOK; i++) memcpy(out + (size_t)i * row, pr_session_logits(s, i), row);
    pr_session_free(s);
    return (float *)out;
}

static bool same_logits(const pr_model *a, const pr_model *b) {
    float *x = logits_of(a), *y = logits_of(b);
    bool   same = memcmp(x, y, LOOK * (size_t)a->hp.n_vocab * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

/* A choice of types: one tensor in another than its own. */
typedef struct {
    const char  *name;
    pr_type      type;
    const float *weight;
} one_other;

static pare_status choose(void *user, const pr_model *m, const pr_weight *w, const char *name,
                          pr_choice *out, pare_err *err) {
    const one_other *o = user;
    (void)m, (void)err;
    *out = (pr_choice){.type = w->src->type, .asked = w->src->type};
    if (strcmp(name, o->name) == 0)
        *out = (pr_choice){.type = o->type, .asked = o->type, .weight = o->weight};
    return PARE_OK;
}

static pr_model *file_with(const pr_model *m, one_other o, const char *path) {
    pare_err    e = {0};
    pr_written  w;
    pr_arena   *a = pr_arena_new(64 << 20);
    pr_gguf_job job = {.out = path, .choose = choose, .user = &o, .file_type = -1};
    CHECK_OK(pr_convert_gguf(m, &job, NULL, a, &w, &e), e);
    pr_arena_free(a);
    return open_model(path);
}

static void itself_changes_nothing(void **state) {
    (void)state;
    pr_model   *m = shipped();
    pare_err    e = {0};
    pr_overlay *o;
    CHECK_OK(pr_overlay_new(&o, m, &e), e);
    for (int i = 0; i < m->n_weights; i++) {
        pr_role_class k = pr_role_class_of(m->weights[i].id.role);
        pr_coded     *c;
        if (k != PR_CLASS_MATRIX && k != PR_CLASS_EMBED) continue;
        CHECK_OK(pr_coded_new(&c, m, i, m->weights[i].src->type, NULL, NULL, &e), e);
        assert_true(c->error == 0);
        pr_overlay_put(o, i, c);
        assert_true(same_logits(m, pr_overlay_model(o)));
        pr_overlay_put(o, i, NULL);
        pr_coded_free(c);
    }
    pr_overlay_free(o);
    pr_model_close(m);
}

/* Rows that are stored in another order, a plain matrix, and the embedding, which is the head too;
 * with importances and without. */
static void as_in_a_file(void **state) {
    (void)state;
    static const struct {
        const char *name;
        pr_type     type;
        bool        weighed;
    } cases[] = {{"blk.1.attn_q.weight", PR_Q4_K, true},   {"blk.0.attn_k.weight", PR_Q2_K, false},
                 {"blk.3.ffn_down.weight", PR_Q4_0, true}, {"token_embd.weight", PR_Q6_K, false},
                 {"blk.2.ffn_up.weight", PR_IQ4_XS, true}};
    pr_model *m = shipped();
    pare_err  e = {0};
    float     importance[768];
    for (int i = 0; i < 768; i++) importance[i] = (float)(1 + i % 7);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        const float *imp = cases[i].weighed ? importance : NULL;
        int          at = weight_named(m, cases[i].name);
        pr_overlay  *o;
        pr_coded    *c;
        pr_model    *file = file_with(m, (one_other){cases[i].name, cases[i].type, imp},
                                      "overlay.gguf");
        CHECK_OK(pr_overlay_new(&o, m, &e), e);
        CHECK_OK(pr_coded_new(&c, m, at, cases[i].type, imp, NULL, &e), e);
        pr_overlay_put(o, at, c);
        assert_true(c->error > 0);
        assert_false(same_logits(m, pr_overlay_model(o)));
        assert_true(same_logits(file, pr_overlay_model(o)));
        const pr_tensor *t = file->weights[weight_named(file, cases[i].name)].src;
        assert_int_equal(t->bytes, c->tensor.bytes);
        assert_memory_equal(t->data, c->tensor.data, t->bytes);
        pr_overlay_free(o);
        pr_coded_free(c);
        pr_model_close(file);
        unlink("overlay.gguf");
    }
    pr_model_close(m);
}

/* Mean over all tokens of sum p (log p - log q), in long double. */
static double definition(const pr_model *p, const pr_model *q) {
    float      *x = logits_of(p), *y = logits_of(q);
    int         n = p->hp.n_vocab;
    long double all = 0;
    for (int t = 0; t < LOOK; t++) {
        const float *a = x + (size_t)t * (size_t)n, *b = y + (size_t)t * (size_t)n;
        long double  za = 0, zb = 0, d = 0;
        for (int i = 0; i < n; i++) za += expl(a[i]), zb += expl(b[i]);
        for (int i = 0; i < n; i++)
            d += expl(a[i]) / za * ((long double)a[i] - logl(za) - b[i] + logl(zb));
        all += d;
    }
    free(x);
    free(y);
    return (double)(all / LOOK);
}

static void divergence_is_its_definition(void **state) {
    (void)state;
    pr_model   *m = shipped();
    pare_err    e = {0};
    pr_overlay *o;
    pr_coded   *c;
    pr_id       ids[LOOK];
    double      kld[3], again[3];
    int         at = weight_named(m, "blk.2.ffn_down.weight");
    for (int i = 0; i < LOOK; i++) ids[i] = (pr_id)((i * 37 + 11) % m->hp.n_vocab);
    pr_calib_text t = {.ids = ids, .window = LOOK, .n_windows = 1, .n_all = LOOK};
    pare_ctl      one = {.n_threads = 1}, three = {.n_threads = 3};
    CHECK_OK(pr_overlay_new(&o, m, &e), e);
    CHECK_OK(pr_coded_new(&c, m, at, PR_Q2_K, NULL, NULL, &e), e);
    pr_overlay_put(o, at, c);
    const pr_model *models[] = {m, pr_overlay_model(o), m};
    CHECK_OK(pr_divergence(m, models, 3, &t, &one, kld, &e), e);
    CHECK_OK(pr_divergence(m, models, 3, &t, &three, again, &e), e);
    assert_memory_equal(kld, again, sizeof kld);
    assert_true(kld[0] >= 0 && kld[0] < 1e-12 && kld[2] < 1e-12);
    /* Terms of at most 20 nats, summed over 2048 in double: rounding below 1e-11. */
    double want = definition(m, pr_overlay_model(o));
    assert_true(want > 1e-4 && fabs(kld[1] - want) < 1e-11);
    pr_overlay_free(o);
    pr_coded_free(c);
    pr_model_close(m);
}

/* 4.25 bits a weight for the small model of ../shared, whose rows of 64 take blocks of 32 only. */
static void plan_of_threads(const pr_model *m, const pr_calib_text *t, int threads,
                            uint64_t work_memory, pr_mixed *p, pr_arena *a) {
    pare_err     e = {0};
    pare_ctl     ctl = {.n_threads = threads, .work_memory_bytes = work_memory};
    pr_mixed_job job = {.probe = t, .effort = PR_EFFORT_MEDIUM};
    uint64_t     low, high;
    CHECK_OK(pr_mixed_list(p, m, a, &e), e);
    pr_mixed_range(p, &low, &high);
    job.most = low + low / 5;
    CHECK_OK(pr_mixed_solve(p, &job, &ctl, &e), e);
    assert_true(p->alloc.bytes <= job.most && p->alloc.exact);
    job.most = low - 1;
    pr_mixed worse;
    CHECK_OK(pr_mixed_list(&worse, m, a, &e), e);
    assert_int_equal(PARE_EREFUSED, pr_mixed_solve(&worse, &job, &ctl, &e));
    pr_mixed_done(&worse);
    pr_mixed_done(p);
}

static void plans_are_the_same(void **state) {
    (void)state;
    CHECK_SHARED(path, "models/stories260K/stories260K-f32.gguf");
    pr_model *m = open_model(path);
    pr_arena *a = pr_arena_new(64 << 20);
    pr_id     ids[128];
    pr_mixed  p, q, small;
    for (int i = 0; i < 128; i++) ids[i] = (pr_id)((i * 37 + 11) % m->hp.n_vocab);
    pr_calib_text t = {.ids = ids, .window = 64, .n_windows = 2, .n_all = 128};
    plan_of_threads(m, &t, 1, 0, &p, a);
    plan_of_threads(m, &t, 3, 0, &q, a);
    assert_true(p.in_place && p.measured > 0 && p.measured <= p.first_measured);
    assert_true(p.measured == q.measured && p.predicted == q.predicted);
    for (int i = 0; i < p.n; i++) assert_int_equal(p.t[i].chosen, q.t[i].chosen);
    /* Little memory: nothing is measured as a whole, encoded matrices come and go. */
    plan_of_threads(m, &t, 1, 64 << 10, &small, a);
    assert_true(!small.in_place && isnan(small.measured) && small.held == 0);
    assert_true(small.first_predicted == p.first_predicted);
    pr_arena_free(a);
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(itself_changes_nothing), cmocka_unit_test(as_in_a_file),
        cmocka_unit_test(divergence_is_its_definition), cmocka_unit_test(plans_are_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
