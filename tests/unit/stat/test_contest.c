/* test_contest.c - A/A and A/B by simulation: how often the judge is wrong, and how often it
 * finds what is there.
 *
 * Seeds are fixed, so every run gives the same figures; they are printed. The bound on the rate
 * of wrong verdicts is the (7 % for a nominal 5 %), and it is the upper Clopper-Pearson
 * bound that must keep it, not the rate: with 2,000 contests those are a point apart. */
#include "check.h"
#include "stat/stat.h"
#include <stdio.h>
#include <string.h>

enum { SIMS = 2000, PAIRS_MOST = 4096, LOOKS = 4, PILOTS = 16 };

/* What a machine does to times: slot by slot, two slots to a pair, the order turned about in every
 * second pair. */
typedef struct {
    const char *name;
    double noise;     /* lognormal, of each slot by itself */
    double tail;      /* of a share 1/20 of the slots: a stall of this size */
    double walk, rho; /* AR(1) over slots: heat, frequency, neighbours */
    double drift;     /* in the log, from the first to the last slot */
    double pair_rho;  /* AR(1) of the pairs' own ratio, in place of `noise` */
} machine;

static const machine machines[] = {
    {.name = "independent", .noise = 0.05},
    {.name = "heavy tails", .noise = 0.05, .tail = 1.0},
    {.name = "drift 30 %", .noise = 0.05, .drift = 0.30},
    {.name = "AR(1) 0.5", .noise = 0.03, .walk = 0.05, .rho = 0.5},
    {.name = "AR(1) 0.9, drift", .noise = 0.03, .walk = 0.05, .rho = 0.9, .drift = -0.2},
    {.name = "dependent ratios 0.3", .noise = 0.05, .pair_rho = 0.3},
};

static void simulate(pr_rng *r, const machine *m, double log_ratio, double *a, double *b, int n) {
    double u = 0, p = pr_rng_normal(r) * m->noise;
    for (int i = 0; i < n; i++) {
        double slot[2];
        p = m->pair_rho * p + sqrt(1 - m->pair_rho * m->pair_rho) * m->noise * pr_rng_normal(r);
        for (int k = 0; k < 2; k++) {
            u = m->rho * u + sqrt(1 - m->rho * m->rho) * m->walk * pr_rng_normal(r);
            slot[k] = u + m->drift * (2 * i + k) / (2 * n);
            if (m->pair_rho == 0) slot[k] += m->noise * pr_rng_normal(r);
            if (m->tail > 0 && pr_rng_below(r, 20) == 0) slot[k] += m->tail * pr_rng_unit(r);
        }
        if (m->pair_rho > 0) slot[0] += i % 2 ? -p : p;
        a[i] = exp(log_ratio + slot[i % 2]);
        b[i] = exp(slot[1 - i % 2]);
    }
}

/* One contest of `n` pairs in LOOKS looks: PASS where a is found faster, FAIL where slower. */
static pr_verdict contest(const double *a, const double *b, int n, pr_spending how, int *looks) {
    pr_contest c = {.threshold = 1, .side = PR_AT_MOST, .planned = n,
                    .looks = {.alpha = 0.05, .how = how}};
    pr_verdict v = PR_UNDECIDED;
    for (int i = 1; i <= LOOKS && v == PR_UNDECIDED; i++, ++*looks)
        v = pr_contest_look(&c, a, b, (int64_t)n * i / LOOKS, NULL).verdict;
    return v;
}

static void the_same_is_not_told_apart(void **state) {
    static double a[PAIRS_MOST], b[PAIRS_MOST];
    for (size_t k = 0; k < PR_COUNT(machines) * 2; k++) {
        const machine *m = &machines[k / 2];
        pr_rng r;
        int wrong = 0, looks = 0;
        double lo, hi;
        pr_rng_seed(&r, 100 + k);
        for (int i = 0; i < SIMS; i++) {
            simulate(&r, m, 0, a, b, 160);
            wrong += contest(a, b, 160, (pr_spending)(k % 2), &looks) != PR_UNDECIDED;
        }
        pr_binomial_bounds(wrong, SIMS, 0.95, &lo, &hi);
        printf("A/A %-22s %-6s wrong %5.2f %% (upper bound %4.2f %%), %d contests\n", m->name,
               k % 2 ? "evenly" : "late", 100.0 * wrong / SIMS, 100 * hi, SIMS);
        if (!(hi <= 0.07)) fail_msg("%s: upper bound %.4f", m->name, hi);
    }
}

/* The same looks with plain 95 % bounds, and pairs that were not taken in turns: both are wrong
 * far more often, so the test above can fail. */
static void without_spending_or_turns_it_would_be(void **state) {
    static double a[PAIRS_MOST], b[PAIRS_MOST];
    pr_rng r;
    int plain = 0, apart = 0, looks = 0;
    double lo, hi;
    pr_rng_seed(&r, 5);
    for (int i = 0; i < 1000; i++) {
        bool found = false;
        simulate(&r, &machines[0], 0, a, b, 160);
        for (int k = 1; k <= LOOKS; k++) {
            pr_est e = pr_est_pair_in_time(a, b, 160 * k / LOOKS, 0.95);
            found = found || e.lo > 1 || e.hi < 1;
        }
        plain += found;
        simulate(&r, &machines[2], 0, a, b, 320); /* all of one, then all of the other */
        memcpy(b, a + 160, 160 * sizeof *b);
        apart += contest(a, b, 160, PR_SPEND_LATE, &looks) != PR_UNDECIDED;
    }
    pr_binomial_bounds(plain, 1000, 0.95, &lo, &hi);
    printf("plain bounds at each look: wrong %.1f %%; one after the other: %.1f %%\n",
           plain / 10.0, apart / 10.0);
    assert_true(lo > 0.07 && apart > 500);
}

static void what_is_there_is_found_with_the_power(void **state) {
    static double a[PAIRS_MOST], b[PAIRS_MOST];
    const double ratio = 1.02, power = 0.8;
    enum { AB = 1500 };
    for (size_t k = 0; k < PR_COUNT(machines); k++) {
        pr_rng r;
        int right = 0, wrong = 0, looks = 0;
        double lo, hi, wlo, whi;
        pr_rng_seed(&r, 900 + k);
        /* Long pilots say how noisy the machine is, dependence included. */
        double var = 0;
        for (int i = 0; i < PILOTS; i++) {
            simulate(&r, &machines[k], 0, a, b, PAIRS_MOST);
            pr_est pilot = pr_est_pair_in_time(a, b, PAIRS_MOST, 0.95);
            double se = pilot.se / pilot.value;
            var += se * se * PAIRS_MOST / PILOTS;
        }
        double sd = sqrt(var);
        int n = (int)pr_pairs_needed(sd, ratio, 0.05, power, LOOKS);
        assert_in_range(n, 8, PAIRS_MOST);
        for (int i = 0; i < AB; i++) {
            simulate(&r, &machines[k], log(ratio), a, b, n);
            pr_verdict v = contest(a, b, n, PR_SPEND_LATE, &looks);
            right += v == PR_FAIL; /* a is not at most as slow as b */
            wrong += v == PR_PASS;
        }
        pr_binomial_bounds(right, AB, 0.95, &lo, &hi);
        pr_binomial_bounds(wrong, AB, 0.95, &wlo, &whi);
        printf("A/B %-22s sd %.3f: %3d pairs, %.2f looks, found %5.2f %% (%.2f to %.2f), the wrong "
               "way %.2f %%\n", machines[k].name, sd, n, (double)looks / AB, 100.0 * right / AB,
               100 * lo, 100 * hi, 100.0 * wrong / AB);
        /* found as often as was planned, and no sample so large that it had to be */
        if (!(hi >= power && lo >= power - 0.03)) fail_msg("found only %.3f to %.3f", lo, hi);
        if (!(lo <= 0.95)) fail_msg("planned too large: found %.3f", lo);
        assert_true(whi <= 0.025);
    }
}

static void a_third_of_the_effect_is_rarely_found(void **state) {
    static double a[PAIRS_MOST], b[PAIRS_MOST];
    pr_rng r;
    int found = 0, looks = 0, n = (int)pr_pairs_needed(0.0707, 1.02, 0.05, 0.8, LOOKS);
    double lo, hi;
    pr_rng_seed(&r, 77);
    for (int i = 0; i < 2000; i++) {
        simulate(&r, &machines[0], log(1.02) / 3, a, b, n);
        found += contest(a, b, n, PR_SPEND_LATE, &looks) == PR_FAIL;
    }
    pr_binomial_bounds(found, 2000, 0.95, &lo, &hi);
    printf("a third of the planned effect: found %.1f %%\n", found / 20.0);
    assert_true(hi < 0.30);
}

static void planning_by_hand(void **state) {
    /* A large n: normal quantiles. (1.960 + 0.8416)² × 0.1² / ln(1.01)² = 792.8; with one look
     * and blocks' degrees of freedom (about 2√800 - 1 = 55) some 3 % more. */
    int64_t n = pr_pairs_needed(0.1, 1.01, 0.05, 0.8, 1);
    assert_in_range(n, 793, 840);
    assert_true(pr_pairs_needed(0.1, 1 / 1.01, 0.05, 0.8, 1) == n);
    assert_true(pr_pairs_needed(0.1, 1.01, 0.05, 0.8, 4) >= n);
    assert_true(pr_pairs_needed(0.1, 1.01, 0.05, 0.9, 1) > n);
    assert_int_equal(pr_pairs_needed(0, 1.01, 0.05, 0.8, 1), 8);
    assert_true(pr_pairs_needed(1, 1 + 1e-9, 0.05, 0.8, 1) == INT64_MAX);
    const double nothing[] = {1, 0, -1, NAN, INFINITY};
    for (size_t i = 0; i < PR_COUNT(nothing); i++)
        assert_int_equal(pr_pairs_needed(0.1, nothing[i], 0.05, 0.8, 1), 0);
    assert_int_equal(pr_pairs_needed(NAN, 1.1, 0.05, 0.8, 1), 0);
    assert_int_equal(pr_pairs_needed(0.1, 1.1, 0, 0.8, 1), 0);
    assert_int_equal(pr_pairs_needed(0.1, 1.1, 0.05, 1, 1), 0);
    assert_int_equal(pr_pairs_needed(0.1, 1.1, 0.05, 0.8, 0), 0);
}

static void evenly_spent(void **state) {
    /* α ln(1 + (e - 1)/2) = 0.05 × 0.620115 = 0.03100573 at the half */
    pr_looks l = {.alpha = 0.05, .how = PR_SPEND_EVENLY};
    double half = 1 - pr_looks_next(&l, 0.5), rest = 1 - pr_looks_next(&l, 1);
    if (fabs(half - 0.0310057) > 1e-7) fail_msg("%.9g", half);
    if (fabs(half + rest - 0.05) > 1e-12) fail_msg("%.9g", half + rest);
}

static void a_look_at_nothing_new(void **state) {
    double a[8] = {1, 1, 1, 1, 1, 1, 1, 1}, b[8] = {2, 2, 2, 2, 2, 2, 2, 2};
    pr_contest c = {.threshold = 1, .side = PR_AT_MOST, .planned = 8, .looks = {.alpha = 0.05}};
    pr_est e;
    pr_judgement j = pr_contest_look(&c, a, b, 8, &e);
    assert_int_equal(j.verdict, PR_PASS);
    assert_true(e.value == 0.5);
    j = pr_contest_look(&c, a, b, 8, &e);
    assert_int_equal(j.verdict, PR_UNDECIDED);
    assert_string_equal(j.why, "no new pairs since the last look");
    b[3] = NAN; /* what is missing does not pass */
    c.looks = (pr_looks){.alpha = 0.05};
    assert_int_equal(pr_contest_look(&c, a, b, 8, &e).verdict, PR_FAIL);
    assert_int_equal(pr_contest_look(&(pr_contest){.looks = {.alpha = 0.05}}, a, b, 0, &e).verdict,
                     PR_FAIL);
}

static void the_floor_of_a_machine(void **state) {
    /* bounds of ± 1.96 % in the log: se 1 %, so 80 % power sees 2.80 % */
    pr_est e = {1, exp(-0.0195996), exp(0.0195996), NAN, 100, 0.95, NULL};
    pr_noise n = pr_noise_of(&e, 0.8);
    assert_true(n.honest);
    if (fabs(log(n.floor) - 0.0280158) > 1e-5) fail_msg("%.9g", log(n.floor));
    e.lo = 1.001;
    assert_false(pr_noise_of(&e, 0.8).honest);
    assert_true(isnan(pr_noise_of(NULL, 0.8).floor));
    assert_false(pr_noise_of(NULL, 0.8).honest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_not_told_apart),
        cmocka_unit_test(without_spending_or_turns_it_would_be),
        cmocka_unit_test(what_is_there_is_found_with_the_power),
        cmocka_unit_test(a_third_of_the_effect_is_rarely_found),
        cmocka_unit_test(planning_by_hand),
        cmocka_unit_test(evenly_spent),
        cmocka_unit_test(a_look_at_nothing_new),
        cmocka_unit_test(the_floor_of_a_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
