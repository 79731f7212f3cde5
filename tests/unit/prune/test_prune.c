/* test_prune.c - a model with parts taken out is the model in which those parts do nothing; and the
 * search takes what costs least. */
#include "check.h"
#include "convert/convert.h"
#include "engine/engine.h"
#include "prune/prune.h"

enum { TOKENS = 24 };

static pr_arena *arena;
static char      dir[512];

static int set_up(void **state) {
    (void)state;
    arena = pr_arena_new(64 << 20);
    snprintf(dir, sizeof dir, "%s", check_scratch());
    return arena ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    pr_arena_free(arena);
    check_scratch_remove(dir);
    return 0;
}

static pr_model *open_model(const char *path) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static pr_model *austen(void) { return open_model(check_source("models/austen-3.7m")); }

static pr_cut new_cut(const pr_model *m) {
    pr_cut   c;
    pare_err e = {0};
    CHECK_OK(pr_cut_init(&c, m, arena, &e), e);
    return c;
}

static pr_pruned *prune(const pr_model *m, const pr_cut *c) {
    pr_pruned *p;
    pare_err   e = {0};
    CHECK_OK(pr_pruned_new(&p, m, c, dir, NULL, &e), e);
    return p;
}

/* Every number but those of a list. */
static int32_t *all_but(const int32_t *gone, int n_gone, int n) {
    int32_t *list = pr_arena_get(arena, (size_t)n, sizeof *list);
    int      k = 0;
    for (int32_t i = 0; i < n; i++) {
        bool out = false;
        for (int g = 0; g < n_gone; g++) out |= gone[g] == i;
        if (!out) list[k++] = i;
    }
    return list;
}

/* Logits of the last of TOKENS tokens, in float32. */
static float *logits_of(const pr_model *m) {
    pr_session *s;
    pare_err    e = {0};
    float      *out = pr_arena_get(arena, (size_t)m->hp.n_vocab, sizeof *out);
    CHECK_OK(pr_session_new(
                 &s, m, &(pr_session_opts){.n_ctx = TOKENS, .exact = true, .n_threads = 1}, &e),
             e);
    for (int i = 0; i < TOKENS; i++) {
        pr_id id = (pr_id)((i * 7919 + 11) % m->hp.n_vocab);
        CHECK_OK(pr_session_eval(s, &id, 1, &e), e);
    }
    memcpy(out, pr_session_logits(s, 0), (size_t)m->hp.n_vocab * sizeof *out);
    pr_session_free(s);
    return out;
}

static double apart(const float *a, const float *b, int n) {
    double far = 0, most = 0;
    for (int i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        far = PR_MAX(far, d < 0 ? -d : d);
        most = PR_MAX(most, a[i] < 0 ? -(double)a[i] : (double)a[i]);
    }
    return far / most;
}

/* A copy of a weight's bytes that may be written to, in the model's own place for it. `m` must be a
 * pr_pruned's: its tensors are its own. */
static uint8_t *own_bytes(const pr_model *m, pr_role role, int layer) {
    pr_weight *w = &m->weights[pr_model_weight(m, role, layer)];
    uint8_t   *p = pr_arena_get(arena, (size_t)w->src->bytes, 1);
    memcpy(p, w->src->data, (size_t)w->src->bytes);
    ((pr_tensor *)(uintptr_t)w->src)->data = p;
    return p;
}

/* The columns of a BF16 matrix become 0. */
static void zero_columns(const pr_model *m, pr_role role, int layer, const int32_t *at, int n,
                         int64_t each) {
    const pr_weight *w = &m->weights[pr_model_weight(m, role, layer)];
    uint8_t         *p = own_bytes(m, role, layer);
    for (int64_t r = 0; r < w->rows; r++)
        for (int i = 0; i < n; i++)
            memset(p + 2 * (r * w->cols + at[i] * each), 0, (size_t)(2 * each));
}

/* ------------------------------------------------------------------ cutting */

static void nothing_cut_changes_nothing(void **state) {
    pr_model  *m = austen();
    pr_cut     c = new_cut(m);
    pr_pruned *p = prune(m, &c);
    (void)state;
    assert_memory_equal(logits_of(m), logits_of(pr_pruned_model(p)),
                        (size_t)m->hp.n_vocab * sizeof(float));
    pr_pruned_free(p);
    pr_model_close(m);
}

/* A layer whose outputs are zeros adds nothing: without it, the same bits. */
static void a_layer_that_does_nothing_can_go(void **state) {
    pr_model  *m = austen();
    pr_cut     c = new_cut(m);
    pr_pruned *whole = prune(m, &c), *less;
    const pr_model *w = pr_pruned_model(whole);
    (void)state;
    memset(own_bytes(w, PR_ROLE_ATTN_O, 2), 0,
           (size_t)w->weights[pr_model_weight(w, PR_ROLE_ATTN_O, 2)].src->bytes);
    memset(own_bytes(w, PR_ROLE_FFN_DOWN, 2), 0,
           (size_t)w->weights[pr_model_weight(w, PR_ROLE_FFN_DOWN, 2)].src->bytes);
    c.drop[2] = true;
    less = prune(w, &c);
    assert_int_equal(pr_pruned_model(less)->hp.n_layer, 3);
    assert_memory_equal(logits_of(w), logits_of(pr_pruned_model(less)),
                        (size_t)m->hp.n_vocab * sizeof(float));
    /* and it is not so with another */
    c.drop[2] = false;
    c.drop[1] = true;
    pr_pruned *other = prune(w, &c);
    assert_true(apart(logits_of(w), logits_of(pr_pruned_model(other)), m->hp.n_vocab) > 0.01);
    pr_pruned_free(other);
    pr_pruned_free(less);
    pr_pruned_free(whole);
    pr_model_close(m);
}

/* Without channels, or with zeros where they are read: sums of the same numbers in another order,
 * which for 768 terms and 4 layers moves float32 by about 1e-6 (docs/parity.md). */
static void channels_and_heads_are_those_named(void **state) {
    static const int32_t ff_gone[2][3] = {{0, 5, 767}, {31, 32, 400}}, kv_gone[2] = {1, 3};
    pr_model       *m = austen();
    pr_cut          c = new_cut(m);
    pr_pruned      *whole = prune(m, &c), *less;
    const pr_model *w = pr_pruned_model(whole);
    (void)state;
    for (int i = 0; i < m->hp.n_layer; i++) {
        int32_t heads[2] = {2 * kv_gone[i % 2], 2 * kv_gone[i % 2] + 1}; /* two share one */
        zero_columns(w, PR_ROLE_FFN_DOWN, i, ff_gone[i % 2], 3, 1);
        zero_columns(w, PR_ROLE_ATTN_O, i, heads, 2, m->hp.layers[0].d_head);
        c.ff[i] = all_but(ff_gone[i % 2], 3, 768);
        c.kv[i] = all_but(&kv_gone[i % 2], 1, 4);
    }
    c.d_ff = 765;
    c.n_kv = 3;
    less = prune(m, &c);
    assert_int_equal(pr_pruned_model(less)->hp.layers[0].n_head, 6);
    double d = apart(logits_of(w), logits_of(pr_pruned_model(less)), m->hp.n_vocab);
    assert_true(d < 1e-5);
    assert_true(apart(logits_of(m), logits_of(pr_pruned_model(less)), m->hp.n_vocab) > 1e-3);
    pr_pruned_free(less);
    pr_pruned_free(whole);
    pr_model_close(m);
}

static pare_status as_type(void *user, const pr_model *m, const pr_weight *w, const char *name,
                           pr_choice *out, pare_err *err) {
    (void)m, (void)w, (void)name, (void)err;
    *out = (pr_choice){.type = *(pr_type *)user, .asked = *(pr_type *)user};
    return PARE_OK;
}

static pr_model *as_gguf(const pr_model *m, pr_type t, const char *name) {
    pr_written  w;
    pare_err    e = {0};
    const char *path = pr_path_join(arena, dir, name);
    pr_gguf_job job = {.out = path, .file_type = -1, .choose = as_type, .user = &t};
    CHECK_OK(pr_convert_gguf(m, &job, NULL, arena, &w, &e), e);
    return open_model(path);
}

/* The same heads of two files of the same values: as far apart as float32 sums in another order. */
static void same_heads_go(const pr_model *x, const pr_model *y) {
    static const int32_t gone[1] = {2};
    pr_cut               c = new_cut(x);
    for (int i = 0; i < x->hp.n_layer; i++) c.kv[i] = all_but(gone, 1, 4);
    c.n_kv = 3;
    c.drop[0] = true;
    pr_pruned *a = prune(x, &c), *b = prune(y, &c);
    assert_true(apart(logits_of(pr_pruned_model(a)), logits_of(pr_pruned_model(b)), x->hp.n_vocab) <
                1e-5);
    pr_pruned_free(a);
    pr_pruned_free(b);
}

/* GGUF keeps the rows of a head in another order; blocks go as they are, or become floats. */
static void formats_agree(void **state) {
    pr_model *m = austen(), *bf16 = as_gguf(m, PR_BF16, "a.gguf"),
             *q8 = as_gguf(m, PR_Q8_0, "b.gguf"), *f32 = as_gguf(q8, PR_F32, "c.gguf");
    (void)state;
    same_heads_go(m, bf16);
    same_heads_go(f32, q8);
    pr_model_close(f32);
    pr_model_close(q8);
    pr_model_close(bf16);
    pr_model_close(m);
}

static void what_cannot_be_cut_is_refused(void **state) {
    pr_model  *m = austen();
    pr_cut     c = new_cut(m);
    pr_pruned *p;
    pare_err   e = {0};
    int32_t    wrong[2] = {5, 5};
    (void)state;
    for (int i = 0; i < 4; i++) c.drop[i] = true;
    assert_int_equal(pr_pruned_new(&p, m, &c, dir, NULL, &e), PARE_EUSAGE);
    assert_null(p);
    c.drop[3] = false;
    c.ff[3] = wrong;
    c.d_ff = 2;
    assert_int_equal(pr_pruned_new(&p, m, &c, dir, NULL, &e), PARE_EUSAGE);
    assert_non_null(strstr(e.msg, "not told in order"));
    wrong[1] = 768;
    assert_int_equal(pr_pruned_new(&p, m, &c, dir, NULL, &e), PARE_EUSAGE);
    c.ff[3] = NULL;
    assert_int_equal(pr_pruned_new(&p, m, &c, "/nowhere/at/all", NULL, &e), PARE_EENV);
    pr_model_close(m);
}

/* ------------------------------------------------------------------ finding */

static pare_status find(pr_prune_plan *p, const pr_model *m, double share, pare_err *e) {
    pr_str text;
    CHECK_OK(pr_file_read(check_source("models/austen-3.7m/text/train.txt"), 1 << 24, arena,
                          &text, e),
             *e);
    text.n = PR_MIN(text.n, (size_t)20000);
    return pr_prune_find(
        p, m,
        &(pr_prune_opts){
            .share = share, .text = text, .n_windows = 6, .window = 32, .dir = dir},
        NULL, arena, e);
}

/* A layer, 128 channels and a head that do nothing are what goes first. */
static void what_does_nothing_goes_first(void **state) {
    pr_model       *m = austen();
    pr_cut          c = new_cut(m);
    pr_pruned      *whole = prune(m, &c);
    const pr_model *w = pr_pruned_model(whole);
    pr_prune_plan   p;
    pare_err        e = {0};
    int32_t         idle[128];
    (void)state;
    for (int i = 0; i < 128; i++) idle[i] = 3 * i + 1;
    for (int i = 0; i < 4; i++) zero_columns(w, PR_ROLE_FFN_DOWN, i, idle, 128, 1);
    CHECK_OK(find(&p, w, 0.1, &e), e);
    const pr_prune_way *way = &p.way[p.choice];
    assert_int_equal(way->n_drop, 0);
    assert_int_equal(way->ff_less, 128);
    assert_int_equal(way->kv_less, 0);
    assert_true(way->share >= 0.1 && way->share < 0.13);
    assert_true(way->kld.value < 1e-9);
    assert_memory_equal(way->cut.ff[2], all_but(idle, 128, 768), 640 * sizeof(int32_t));
    for (int i = 0; i < p.n_ways; i++) assert_true(p.way[i].share >= 0.1);

    memset(own_bytes(w, PR_ROLE_ATTN_O, 1), 0,
           (size_t)w->weights[pr_model_weight(w, PR_ROLE_ATTN_O, 1)].src->bytes);
    memset(own_bytes(w, PR_ROLE_FFN_DOWN, 1), 0,
           (size_t)w->weights[pr_model_weight(w, PR_ROLE_FFN_DOWN, 1)].src->bytes);
    CHECK_OK(find(&p, w, 0.25, &e), e);
    assert_int_equal(p.way[p.choice].n_drop, 1);
    assert_true(p.way[p.choice].cut.drop[1]);
    assert_true(p.layer_kld[1].value == 0 && p.layer_kld[0].value > 0);
    pr_pruned_free(whole);
    pr_model_close(m);
}

static uint64_t always_as_large(void *user, const pr_model *m) {
    (void)m;
    return *(uint64_t *)user;
}

static void no_gain_no_cut(void **state) {
    pr_model     *m = austen();
    pr_prune_plan p;
    pare_err      e = {0};
    uint64_t      same = 1000;
    pr_str        text;
    (void)state;
    CHECK_OK(pr_file_read(check_source("models/austen-3.7m/text/train.txt"), 1 << 24, arena,
                          &text, &e),
             e);
    text.n = 20000;
    pr_prune_opts o = {.share = 0.1, .text = text, .n_windows = 4, .window = 32, .dir = dir,
                       .bytes = always_as_large, .user = &same};
    assert_int_equal(pr_prune_find(&p, m, &o, NULL, arena, &e), PARE_EREFUSED);
    o.share = 0;
    assert_int_equal(pr_prune_find(&p, m, &o, NULL, arena, &e), PARE_EUSAGE);
    o.share = 0.1;
    o.text.n = 3;
    assert_int_equal(pr_prune_find(&p, m, &o, NULL, arena, &e), PARE_EINPUT);
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_cut_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_layer_that_does_nothing_can_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(channels_and_heads_are_those_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(formats_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_cut_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_does_nothing_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_gain_no_cut, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
