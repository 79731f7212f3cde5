/* test_ready_rules.c - what a policy of readiness asks, how checks become a verdict, and which of
 * them tick a point of the checklist. */
#include <math.h>
#include "check.h"
#include "gate/gate.h"

static pr_arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = pr_arena_new(64 << 20);
    return arena ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    pr_arena_free(arena);
    return 0;
}

static bool same_list(const char *const *a, size_t n, const char *const *b, size_t m) {
    for (size_t i = 0; n == m && i < n; i++)
        if (strcmp(a[i], b[i]) != 0) return false;
    return n == m;
}

/* policies/readiness.yaml says no more and no less than what is built in. */
static void the_file_is_the_built_in_one(void **state) {
    (void)state;
    pr_ready_policy file, own;
    pare_err        e = {0};
    CHECK_OK(pr_ready_policy_read(NULL, arena, &own, &e), e);
    CHECK_OK(pr_ready_policy_read(check_source("policies/readiness.yaml"), arena, &file, &e), e);
    assert_string_equal(own.source, "built-in");
    assert_int_equal(strlen(file.sha256), 64);
    assert_string_equal(file.name, own.name);
    for (size_t i = 0; i < PR_CHECKS; i++) {
        const char *id = pr_check_rule_at(i)->id;
        if (file.ask[i].level != own.ask[i].level) fail_msg("%s: another level", id);
        if (isnan(own.ask[i].limit) ? !isnan(file.ask[i].limit)
                                    : file.ask[i].limit != own.ask[i].limit)
            fail_msg("%s: another limit", id);
        assert_int_equal(file.ask[i].n_allow, 0);
    }
    assert_true(same_list(file.licences, file.n_licences, own.licences, own.n_licences));
    assert_true(same_list(file.documents, file.n_documents, own.documents, own.n_documents));
    /* Every check stands in the file: whoever copies it sees all that there is to change. */
    pr_str text;
    CHECK_OK(pr_file_read(check_source("policies/readiness.yaml"), 1 << 20, arena, &text, &e), e);
    for (size_t i = 0; i < PR_CHECKS; i++)
        if (!memmem(text.p, text.n, pr_check_rule_at(i)->id, strlen(pr_check_rule_at(i)->id)))
            fail_msg("%s is not in the file", pr_check_rule_at(i)->id);
}

#define HEAD "schema: 1\nkind: readiness\nname: x\n"

static void strict(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "mapping"},
        {"schema: 2\nkind: readiness\nname: x\n", "schema"},
        {"schema: 1\nkind: gates\nname: x\n", "kind"},
        {HEAD "gates: []\n", "gates"},
        {HEAD "checks: {accuracy.keep: fail}\n", "accuracy.keep"},
        {HEAD "checks: {accuracy.kept: error}\n", "error"},
        {HEAD "checks: {accuracy.kept: {limit: .nan}}\n", "limit"},
        {HEAD "checks: {accuracy.kept: {limit: high}}\n", "limit"},
        {HEAD "checks: {accuracy.kept: {bound: 1}}\n", "bound"},
        {HEAD "checks: {security.pickle: {limit: 1}}\n", "limit"},
        {HEAD "checks: {security.pickle: {allow: x}}\n", "allow"},
        {HEAD "licences: MIT\n", "licences"},
        {HEAD "documents: [birth-certificate]\n", "birth-certificate"},
    };
    pr_ready_policy p;
    pare_err        e = {0};
    CHECK_OK(pr_ready_policy_parse(pr_str_of(HEAD), "good", arena, &p, &e), e);
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        e = (pare_err){0};
        pare_status st = pr_ready_policy_parse(pr_str_of(bad[i][0]), "bad", arena, &p, &e);
        if (st != PARE_EINPUT || !strstr(e.msg, bad[i][1]))
            fail_msg("row %zu: %d %s", i, st, e.msg);
    }
}

static void begin(const char *yaml, pr_check *c) {
    static pr_ready_policy p;
    pare_err               e = {0};
    CHECK_OK(pr_ready_policy_parse(pr_str_of(yaml), "test", arena, &p, &e), e);
    pr_checks_begin(&p, c);
}

static void say_all(pr_check *c, pr_check_verdict v) {
    for (size_t i = 0; i < PR_CHECKS; i++) pr_check_say(&c[i], v, "a command", "said");
}

static pr_check *of(pr_check *c, const char *id) {
    return &c[pr_check_find(id)];
}

static void verdicts(void **state) {
    (void)state;
    pr_check c[PR_CHECKS];
    begin(HEAD, c);
    /* What was not made is no pass. */
    assert_int_equal(pr_checks_verdict(c, PR_PARTS), PR_CHECK_UNDECIDED);
    say_all(c, PR_CHECK_PASS);
    assert_int_equal(pr_checks_verdict(c, PR_PARTS), PR_CHECK_PASS);
    assert_null(c[0].closes);
    /* Each check of level fail refuses its part and the whole, each warning neither. */
    for (size_t i = 0; i < PR_CHECKS; i++) {
        pr_check_verdict want = c[i].level == PR_LEVEL_FAIL ? PR_CHECK_FAIL : PR_CHECK_PASS;
        pr_check_say(&c[i], PR_CHECK_FAIL, "a command", "bad");
        assert_string_equal(c[i].closes, "a command");
        if (pr_checks_verdict(c, PR_PARTS) != want || pr_checks_verdict(c, c[i].rule->part) != want)
            fail_msg("%s", c[i].rule->id);
        for (int p = 0; p < PR_PARTS; p++)
            if (p != (int)c[i].rule->part)
                assert_int_equal(pr_checks_verdict(c, (pr_part)p), PR_CHECK_PASS);
        pr_check_say(&c[i], PR_CHECK_UNDECIDED, "a command", "open");
        assert_int_equal(pr_checks_verdict(c, PR_PARTS),
                         c[i].level == PR_LEVEL_FAIL ? PR_CHECK_UNDECIDED : PR_CHECK_PASS);
        pr_check_say(&c[i], PR_CHECK_PASS, NULL, "good");
    }
    /* A failure goes before what is open. */
    pr_check_say(of(c, "security.pickle"), PR_CHECK_UNDECIDED, NULL, "open");
    pr_check_say(of(c, "security.secrets"), PR_CHECK_FAIL, NULL, "bad");
    assert_int_equal(pr_checks_verdict(c, PR_PART_SECURITY), PR_CHECK_FAIL);
    /* What is off is not made, whatever is said of it. */
    begin(HEAD "checks: {security.pickle: off}\n", c);
    say_all(c, PR_CHECK_PASS);
    pr_check_say(of(c, "security.pickle"), PR_CHECK_FAIL, NULL, "bad");
    assert_int_equal(pr_checks_verdict(c, PR_PARTS), PR_CHECK_PASS);
    assert_int_equal(of(c, "security.pickle")->verdict, PR_CHECK_NONE);
}

/* A figure is judged on the bound that speaks against it; without one it fails. */
static void figures(void **state) {
    (void)state;
    static const struct {
        const char *id;
        double value, lo, hi;
        pr_check_verdict want;
    } rows[] = {
        {"accuracy.kept", 0.97, 0.951, 0.98, PR_CHECK_PASS},
        {"accuracy.kept", 0.97, 0.95, 0.98, PR_CHECK_UNDECIDED}, /* asked is more than 95 % */
        {"accuracy.kept", 0.97, 0.94, 0.98, PR_CHECK_UNDECIDED},
        {"accuracy.kept", 0.93, 0.92, 0.949, PR_CHECK_FAIL},
        {"performance.memory", 0.5, 0.4, 0.75, PR_CHECK_PASS},
        {"performance.memory", 0.5, 0.4, 0.76, PR_CHECK_UNDECIDED},
        {"performance.memory", 0.9, 0.8, 1.0, PR_CHECK_FAIL},
        {"robustness.noise", 0.01, 0.0, 0.021, PR_CHECK_UNDECIDED},
        {"compliance.personal-data", 0, 0, 0, PR_CHECK_PASS},
        {"compliance.personal-data", 1, 1, 1, PR_CHECK_FAIL},
    };
    pr_check c[PR_CHECKS];
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        begin(HEAD, c);
        pr_est e = {.value = rows[i].value, .lo = rows[i].lo, .hi = rows[i].hi, .n = 20};
        pr_check_judge(of(c, rows[i].id), &e, "it", NULL);
        if (of(c, rows[i].id)->verdict != rows[i].want)
            fail_msg("row %zu: %s", i, of(c, rows[i].id)->why);
    }
    pr_est none = pr_est_none("the text is too short");
    pr_check_judge(of(c, "robustness.noise"), &none, "it", NULL);
    assert_int_equal(of(c, "robustness.noise")->verdict, PR_CHECK_FAIL);
    assert_non_null(strstr(of(c, "robustness.noise")->why, "too short"));
}

static void allowed(void **state) {
    (void)state;
    pr_ready_policy p;
    pare_err        e = {0};
    CHECK_OK(pr_ready_policy_parse(pr_str_of(HEAD "checks: {security.executable: {allow: "
                                                  "[\"source:training/*.py\", tools/x.so]}}\n"),
                                   "t", arena, &p, &e),
             e);
    const pr_check_ask *a = &p.ask[pr_check_find("security.executable")];
    assert_true(pr_check_allows(a, "source", "training/train.py"));
    assert_true(pr_check_allows(a, "elf", "tools/x.so"));
    assert_false(
        pr_check_allows(a, "elf", "training/train.py")); /* named so, but it is a program */
    assert_false(pr_check_allows(a, "source", "train.py"));
    assert_false(pr_check_allows(&p.ask[0], "source", "training/train.py"));
}

static pare_doc *document(const pr_check *c) {
    pr_doc_build b = {0};
    pare_err     e = {0};
    pare_doc    *d = pr_doc_object(&b), *out;
    pr_checks_put(&b, d, c);
    CHECK_OK(pr_doc_done(&b, d, &out, &e), e);
    return out;
}

static const pr_checklist_item *item(const char *phase, int number) {
    for (size_t i = 0; pr_checklist_at(i); i++)
        if (strcmp(pr_checklist_at(i)->phase, phase) == 0 && pr_checklist_at(i)->number == number)
            return pr_checklist_at(i);
    fail_msg("no such item");
    return NULL;
}

static bool ticks(const char *phase, int number, const pr_check *c, char *why,
                  const char **closes) {
    pare_doc *d = document(c);
    bool      yes = pr_checklist_proven(item(phase, number), d, why, closes);
    if (*closes) *closes = pr_arena_str(arena, *closes, strlen(*closes));
    pare_doc_free(d);
    return yes;
}

static void checklist(void **state) {
    (void)state;
    static const int of_phase[] = {7, 6, 6};
    static const char *const phases[] = {"before deployment", "deployment", "after deployment"};
    pr_check    c[PR_CHECKS];
    char        why[128];
    const char *closes;
    int         n[3] = {0};
    for (size_t i = 0; pr_checklist_at(i); i++) {
        const pr_checklist_item *it = pr_checklist_at(i);
        for (int p = 0; p < 3; p++) n[p] += strcmp(it->phase, phases[p]) == 0;
        assert_non_null(it->what);
        assert_true(strncmp(it->command, "pare ", 5) == 0); /* each has a command that closes it */
        /* Nothing is ticked without a document. */
        assert_false(pr_checklist_proven(it, NULL, why, &closes));
        assert_true(why[0]);
    }
    assert_memory_equal(n, of_phase, sizeof n);

    begin(HEAD, c);
    say_all(c, PR_CHECK_PASS);
    pr_est good = {.value = 0.98, .lo = 0.97, .hi = 0.99, .n = 40};
    pr_check_judge(of(c, "accuracy.kept"), &good, "it", NULL);
    assert_true(ticks(phases[0], 1, c, why, &closes));
    assert_true(ticks(phases[0], 2, c, why, &closes));
    assert_true(ticks(phases[0], 3, c, why, &closes));
    assert_true(ticks(phases[1], 4, c, why, &closes));
    assert_true(ticks(phases[2], 5, c, why, &closes));
    /* What no check proves stays open even so. */
    assert_false(ticks(phases[0], 4, c, why, &closes));
    assert_false(ticks(phases[1], 1, c, why, &closes));
    assert_false(ticks(phases[2], 1, c, why, &closes));

    pr_check_say(of(c, "security.secrets"), PR_CHECK_FAIL, "revoke it", "found");
    assert_false(ticks(phases[0], 3, c, why, &closes));
    assert_string_equal(why, "security.secrets: fail");
    assert_string_equal(closes, "revoke it");
    assert_true(ticks(phases[0], 1, c, why, &closes)); /* another part's */

    /* A point of one check falls with that check. */
    pr_check_say(of(c, "security.hashes"), PR_CHECK_UNDECIDED, "make it", "no records");
    assert_false(ticks(phases[2], 5, c, why, &closes));
    assert_string_equal(why, "security.hashes: undecided");
    assert_string_equal(closes, "make it");

    /* A policy that asks for less than the point says does not tick it. */
    begin(HEAD "checks: {accuracy.kept: {limit: 0.5}}\n", c);
    pr_est poor = {.value = 0.8, .lo = 0.7, .hi = 0.9, .n = 40};
    pr_check_judge(of(c, "accuracy.kept"), &poor, "it", NULL);
    assert_int_equal(of(c, "accuracy.kept")->verdict, PR_CHECK_PASS);
    assert_false(ticks(phases[0], 1, c, why, &closes));
    assert_non_null(strstr(why, "judged by less than 0.95"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_the_built_in_one), cmocka_unit_test(strict),
        cmocka_unit_test(verdicts), cmocka_unit_test(figures), cmocka_unit_test(allowed),
        cmocka_unit_test(checklist)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
