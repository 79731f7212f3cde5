/* test_alloc.c - the knapsack against dynamic programming over single bytes, which shares no line
 * with it, and against every choice there is where there are few. */
#include "check.h"
#include "quant/quant.h"

enum { TENSORS = 64, TYPES = 8, WIDE = 8192 };

typedef struct {
    pr_alloc_option option[TENSORS][TYPES];
    pr_alloc_item   item[TENSORS];
    int             n;
    uint64_t        low, high;
} bag;

static void close_bag(bag *b) {
    b->low = b->high = 0;
    for (int i = 0; i < b->n; i++) {
        uint64_t lo = UINT64_MAX, hi = 0;
        b->item[i].option = b->option[i];
        for (int k = 0; k < b->item[i].n; k++) {
            lo = PR_MIN(lo, b->option[i][k].bytes);
            hi = PR_MAX(hi, b->option[i][k].bytes);
        }
        b->low += lo;
        b->high += hi;
    }
}

static double uniform(pr_rng *r) { return pr_rng_unit(r); }

/* Sizes 1 … 60, costs without order: hulls with gaps, options that are beaten, equals. */
static void random_bag(bag *b, pr_rng *r, int n) {
    b->n = n;
    for (int i = 0; i < n; i++) {
        b->item[i].n = 1 + (int)(pr_rng_u64(r) % TYPES);
        for (int k = 0; k < b->item[i].n; k++)
            b->option[i][k] = (pr_alloc_option){1 + pr_rng_u64(r) % 60, uniform(r)};
    }
    close_bag(b);
}

/* As tensors are: cost falls with size, by a factor of its own for each. */
static void tensor_bag(bag *b, pr_rng *r, int n) {
    static const uint64_t half_bytes[TYPES] = {21, 28, 34, 36, 44, 53, 68, 80};
    b->n = n;
    for (int i = 0; i < n; i++) {
        double   factor = uniform(r) * uniform(r) + 1e-3;
        uint64_t size = 1 + pr_rng_u64(r) % 3;
        b->item[i].n = TYPES;
        for (int k = 0; k < TYPES; k++) {
            b->option[i][k] = (pr_alloc_option){half_bytes[k] * size / 2, factor};
            factor *= 0.2 + 0.5 * uniform(r);
        }
    }
    close_bag(b);
}

/* The greedy walk's trap: much gain a byte in what fills the budget badly. */
static void trap_bag(bag *b, int n) {
    b->n = n;
    for (int i = 0; i < n; i++) {
        bool big = i == 0;
        b->item[i].n = 2;
        b->option[i][0] = (pr_alloc_option){1, big ? 1000 : 1};
        b->option[i][1] = (pr_alloc_option){big ? 1000 : 2, big ? 1.5 : 0};
    }
    close_bag(b);
}

/* The least cost of a choice of `least` to `most` bytes; < 0: there is none. */
static double oracle(const bag *b, uint64_t least, uint64_t most) {
    static double now[WIDE], next[WIDE];
    assert_true(most < WIDE);
    for (uint64_t c = 0; c <= most; c++) now[c] = c ? -1 : 0;
    for (int i = 0; i < b->n; i++) {
        for (uint64_t c = 0; c <= most; c++) {
            next[c] = -1;
            for (int k = 0; k < b->item[i].n; k++) {
                const pr_alloc_option *o = &b->option[i][k];
                if (o->bytes > c || now[c - o->bytes] < 0) continue;
                double cost = now[c - o->bytes] + o->cost;
                if (next[c] < 0 || cost < next[c]) next[c] = cost;
            }
        }
        memcpy(now, next, sizeof now);
    }
    double best = -1;
    for (uint64_t c = least; c <= most; c++)
        if (now[c] >= 0 && (best < 0 || now[c] < best)) best = now[c];
    return best;
}

/* The largest that a cost can fall by in one step: what the door bounds the gap with. */
static double largest_step(const bag *b) {
    double most = 0;
    for (int i = 0; i < b->n; i++)
        for (int k = 0; k < b->item[i].n; k++)
            for (int l = 0; l < b->item[i].n; l++)
                most = PR_MAX(most, b->option[i][k].cost - b->option[i][l].cost);
    return most;
}

/* Sums of up to 64 numbers below 1000 in another order: 64 roundings. */
static double slack(double cost) { return 64 * 0x1p-52 * (1 + cost); }

static void check_sum(const bag *b, const int *choice, const pr_alloc_result *r) {
    uint64_t bytes = 0;
    double   cost = 0;
    for (int i = 0; i < b->n; i++) {
        assert_in_range(choice[i], 0, b->item[i].n - 1);
        bytes += b->option[i][choice[i]].bytes;
        cost += b->option[i][choice[i]].cost;
    }
    assert_int_equal(bytes, r->bytes);
    assert_true(cost == r->cost);
}

static void check_at(const bag *b, uint64_t least, uint64_t most, double *worst) {
    pare_err        err = {0};
    pr_alloc_result exact, near;
    int             choice[TENSORS];
    pr_alloc_limits limits = {.least = least, .most = most};
    double          best = oracle(b, least, most), any = oracle(b, 0, most);
    assert_int_equal(PARE_OK, pr_alloc(b->item, b->n, &limits, choice, &exact, &err));
    check_sum(b, choice, &exact);
    assert_true(exact.exact && exact.bytes <= most);
    if (best >= 0) {
        assert_true(exact.bytes >= least);
        assert_true(exact.cost <= best + slack(best) && exact.cost >= best - slack(best));
    }
    assert_true(exact.bound <= any + slack(any));
    limits.cells = 1;
    assert_int_equal(PARE_OK, pr_alloc(b->item, b->n, &limits, choice, &near, &err));
    check_sum(b, choice, &near);
    assert_true(!near.exact && near.bytes <= most);
    if (least) return; /* what the exchanges reach of a narrow band is not promised a bound */
    assert_true(near.cost >= any - slack(any));
    assert_true(near.cost - near.bound <= largest_step(b) + slack(any));
    if (any > 0) *worst = PR_MAX(*worst, near.cost / any - 1);
}

static void random_instances(void **state) {
    (void)state;
    pr_rng rng;
    double worst = 0, worst_tensors = 0;
    pr_rng_seed(&rng, 7);
    for (int round = 0; round < 60; round++) {
        static bag b;
        bool       tensors = round % 2;
        int        n = 1 + (int)(pr_rng_u64(&rng) % TENSORS);
        if (tensors) tensor_bag(&b, &rng, n);
        else random_bag(&b, &rng, n);
        for (int k = 0; k < 4; k++) {
            uint64_t most = b.low + pr_rng_u64(&rng) % (b.high - b.low + 1);
            check_at(&b, 0, most, tensors ? &worst_tensors : &worst);
            check_at(&b, most - PR_MIN(most, (uint64_t)3), most, &worst);
        }
        check_at(&b, 0, b.low, &worst);
        check_at(&b, 0, b.high, &worst);
    }
    print_message("without the table, at worst %.2f %% over the best; of tensors %.2f %%\n",
                  100 * worst, 100 * worst_tensors);
}

static void traps(void **state) {
    (void)state;
    static bag b;
    double     worst = 0;
    for (int n = 2; n <= TENSORS; n += 31) {
        trap_bag(&b, n);
        for (uint64_t most = b.low; most <= b.high; most++) check_at(&b, 0, most, &worst);
    }
}

/* All 3^7 choices. */
static void every_choice(void **state) {
    (void)state;
    static bag b;
    pr_rng     rng;
    pr_rng_seed(&rng, 11);
    for (int round = 0; round < 20; round++) {
        random_bag(&b, &rng, 7);
        for (int i = 0; i < 7; i++) b.item[i].n = PR_MIN(b.item[i].n, 3);
        close_bag(&b);
        uint64_t most = (b.low + b.high) / 2;
        double   best = -1;
        for (int code = 0; code < 2187; code++) {
            uint64_t bytes = 0;
            double   cost = 0;
            bool     fits = true;
            for (int i = 0, c = code; i < 7; i++, c /= 3) {
                if (c % 3 >= b.item[i].n) {
                    fits = false;
                    break;
                }
                bytes += b.option[i][c % 3].bytes;
                cost += b.option[i][c % 3].cost;
            }
            if (fits && bytes <= most && (best < 0 || cost < best)) best = cost;
        }
        double told = oracle(&b, 0, most);
        assert_true(told >= best - slack(best) && told <= best + slack(best));
        check_at(&b, 0, most, &told);
    }
}

static void refusals(void **state) {
    (void)state;
    pare_err        err = {0};
    pr_alloc_option two[] = {{10, 1}, {20, 0}}, bad[] = {{10, (double)INFINITY}};
    pr_alloc_item   item = {two, 2}, none = {two, 0}, broken = {bad, 1};
    pr_alloc_limits limits = {.most = 9};
    pr_alloc_result r;
    int             choice;
    assert_int_equal(PARE_EREFUSED, pr_alloc(&item, 1, &limits, &choice, &r, &err));
    assert_non_null(strstr(err.msg, "smallest possible, 10 bytes"));
    limits.most = 100;
    assert_int_equal(PARE_EUSAGE, pr_alloc(&item, 0, &limits, &choice, &r, &err));
    assert_int_equal(PARE_EUSAGE, pr_alloc(&none, 1, &limits, &choice, &r, &err));
    assert_int_equal(PARE_EUSAGE, pr_alloc(&broken, 1, &limits, &choice, &r, &err));
    assert_int_equal(PARE_OK, pr_alloc(&item, 1, &limits, &choice, &r, &err));
    assert_int_equal(1, choice);
    limits.least = 50; /* nothing is so large: the nearest */
    assert_int_equal(PARE_OK, pr_alloc(&item, 1, &limits, &choice, &r, &err));
    assert_int_equal(1, choice);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_instances), cmocka_unit_test(traps),
                                       cmocka_unit_test(every_choice), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
