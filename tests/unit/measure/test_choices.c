/* test_choices.c - multiple choice: held against scores made here one whole sentence at a time. */
#include "lend.h"
#include "measure/measure.h"

#define AUSTEN "models/austen-3.7m"

static const char tasks[] =
    "It is a truth universally\n0\nacknowledged.\nwindow the the.\nof of of.\nsalt.\n"
    "She was\n2\nvery very\nnot at all\na woman of mean understanding\nblue\n"
    "Mr. Darcy danced only once with\n3\nice\na b c d e f\nMrs. Hurst\nMrs. Hurst and once "
    "with Miss Bingley\n\n";

/* The mean log probability of p[from … n-1], from a session of its own, with libm. */
static double score(const pr_model *m, const pr_ids *ids, size_t from, pare_err *e) {
    double      sum = 0;
    pr_session *s;
    CHECK_OK(pr_session_new(&s, m, &(pr_session_opts){0}, e), *e);
    for (size_t i = 0; i + 1 < ids->n; i++) {
        CHECK_OK(pr_session_eval(s, &ids->p[i], 1, e), *e);
        const float *x = pr_session_logits(s, 0);
        double       total = 0;
        for (int t = 0; t < m->hp.n_vocab; t++) total += exp((double)x[t]);
        if (i + 1 >= from) sum += (double)x[ids->p[i + 1]] - log(total);
    }
    pr_session_free(s);
    return sum / (double)(ids->n - from);
}

static int best_of(const pr_model *m, char *const line[6], pare_err *e) {
    pr_ids ids[4] = {{0}};
    size_t from = 0;
    int    best = 0;
    double top = -INFINITY;
    for (int i = 0; i < 4; i++) {
        char whole[4096];
        int  n = snprintf(whole, sizeof whole, "%s %s", line[0], line[2 + i]);
        CHECK_OK(pr_encode(m->tok, whole, (size_t)n, PR_ENCODE_ADD, &ids[i], e), *e);
    }
    while (ids[0].p[from] == ids[1].p[from] && ids[0].p[from] == ids[2].p[from] &&
           ids[0].p[from] == ids[3].p[from])
        from++;
    for (int i = 0; i < 4; i++) {
        double x = score(m, &ids[i], from, e);
        if (x > top) top = x, best = i;
    }
    for (int i = 0; i < 4; i++) pr_ids_done(&ids[i]);
    return best;
}

static void as_by_hand(const char *text, int n) {
    pare_err  e = {0};
    pr_model *m = lend_open(check_source(AUSTEN));
    char     *copy = strdup(text), *p = copy, *line[6];
    int       right = 0;
    pr_est    share;
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < 6; i++) line[i] = strsep(&p, "\n");
        right += best_of(m, line, &e) == atoi(line[1]);
    }
    CHECK_OK(pr_choices(&(pr_eval_side){.m = m}, pr_str_of(text), n, NULL, NULL, &share, &e), e);
    print_message("%d of %d right\n", right, n);
    assert_true(share.value == (double)right / n);
    free(copy);
    pr_model_close(m);
}

static void small_tasks(void **state) {
    as_by_hand(tasks, 3);
}

static void hellaswag(void **state) {
    CHECK_SHARED(path, "data/tasks/hellaswag_first400.txt");
    pr_str text = lend_read(path);
    char  *z = strndup(text.p, text.n);
    as_by_hand(z, 12);
    free(z);
    free((char *)text.p);
}

/* All endings alike: the first is taken. */
static void ties_go_to_the_first(void **state) {
    pare_err  e = {0};
    pr_model *m = lend_open(check_source(AUSTEN));
    pr_est    share;
    lent      l;
    lend(&l, m, 0);
    CHECK_OK(pr_choices(&(pr_eval_side){.m = &l.m},
                        PR_STR("a b\n0\nc\nd\ne\nf\na b\n1\nc\nd\ne\nf\r\n"), 0, NULL, NULL,
                        &share, &e),
             e);
    assert_true(share.value == 0.5);
    lend_done(&l);
    pr_model_close(m);
}

/* A context longer than the model's is shortened; endings that do not fit are an error. */
static void longer_than_the_context(void **state) {
    pare_err  e = {0};
    pr_model *m = lend_open(check_source(AUSTEN));
    pr_est    share;
    pr_buf    b;
    pr_buf_init(&b, 1 << 20);
    for (int i = 0; i < 900; i++) pr_buf_puts(&b, "very good ");
    pr_buf_puts(&b, "man\n1\nof sense\nindeed\nperhaps\nnow\n");
    CHECK_OK(pr_choices(&(pr_eval_side){.m = m}, (pr_str){b.p, b.n}, 0, NULL, NULL, &share, &e), e);
    pr_buf_clear(&b);
    pr_buf_puts(&b, "man\n1\n");
    for (int i = 0; i < 900; i++) pr_buf_puts(&b, "very good ");
    pr_buf_puts(&b, "\nindeed\nperhaps\nnow\n");
    assert_int_equal(
        pr_choices(&(pr_eval_side){.m = m}, (pr_str){b.p, b.n}, 0, NULL, NULL, &share, &e),
        PARE_EINPUT);
    pr_buf_done(&b);
    pr_model_close(m);
}

static void malformed(void **state) {
    static const struct {
        const char *text, *says;
        int64_t     pos;
    } bad[] = {{"", "empty", 0},
               {"\n\n", "no tasks", 0},
               {"a\n0\nb\nc\nd\n", "after line 5", 10},
               {"a\n4\nb\nc\nd\ne\n", "line 2: found '4'", 2},
               {"a\nlabel\nb\nc\nd\ne\n", "line 2: found 'label'", 2},
               {"a\n0\nb\n\nd\ne\n", "line 4 is empty", 6},
               {"a\n0\nb\nc\nd\ne\nx\n", "after line 7", 14},
               {"a\n0\nb\xff\nc\nd\ne\n", "UTF-8", 5}};
    pr_model *m = lend_open(check_source(AUSTEN));
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pare_err e = {0};
        pr_est   share;
        assert_int_equal(pr_choices(&(pr_eval_side){.m = m}, pr_str_of(bad[i].text), 0, NULL,
                                    NULL, &share, &e),
                         PARE_EINPUT);
        if (!strstr(e.msg, bad[i].says)) fail_msg("'%s' does not say '%s'", e.msg, bad[i].says);
        assert_int_equal(e.pos, bad[i].pos);
        assert_non_null(share.why);
    }
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_tasks), cmocka_unit_test(hellaswag),
        cmocka_unit_test(ties_go_to_the_first), cmocka_unit_test(longer_than_the_context),
        cmocka_unit_test(malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
