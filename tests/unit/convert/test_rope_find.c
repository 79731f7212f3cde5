/* A GGUF's table of divisors as config.json's rope_type: rules that give it to the bit are found,
 * whatever their numbers; what cannot be said is refused with its cause. */
#include "check.h"
#include "convert/convert.h"

enum { HALF = 128 };

typedef struct {
    const char *name;
    int dim;
    double theta, factor, low, high;
    int64_t ctx;
    int n_ctx;
    bool plain; /* its very numbers must come back: two divisors or more stand on the ramp */
} rule;

static const rule rules[] = {
    {"Llama 3.1", 128, 500000, 8, 1, 4, 8192, 131072, true},
    {"Llama 3.2", 64, 500000, 32, 1, 4, 8192, 131072, true},
    {"a context that is no power of two", 128, 500000, 8, 1, 4, 6000, 48000, true},
    {"a prime context", 128, 1000000, 16, 1, 4, 7919, 131072, true},
    {"other low and high", 128, 500000, 4, 2, 8, 4096, 16384, false},
    {"low below 1", 128, 10000, 8, 0.5, 3, 2048, 16384, false},
    {"a broken factor", 128, 500000, 3.3, 1, 4, 8192, 32768, true},
    {"low and high with decimals", 128, 500000, 8, 1.25, 5.5, 8192, 65536, false},
    {"no wave long enough for the factor", 64, 10000, 8, 1, 4, 65536, 524288, true},
    {"one divisor on the ramp", 8, 500000, 8, 1, 4, 65536, 131072, false},
    {"none on the ramp", 8, 10000, 4, 1, 4, 512, 2048, false},
    {"the last alone on the ramp", 8, 10000, 8, 1, 4, 16384, 32768, false},
};

static void table_of(const rule *x, float *t) {
    pr_rope r = {.dim = x->dim, .theta = x->theta, .factor = x->factor, .low_freq = x->low,
                 .high_freq = x->high, .original_ctx = x->ctx};
    pr_llama3_waves(&r, t);
    for (int i = 0; i < x->dim / 2; i++) t[i] = pr_llama3_divisor(&r, t[i]);
}

static const char *found(const float *table, const rule *x, pr_rope *given, pr_rope *out) {
    given->dim = x->dim;
    given->theta = x->theta;
    given->divide_by = table;
    pr_model m = {.hp = {.ropes = given, .n_ctx = x->n_ctx}};
    return pr_rope_for_hf(&m, out);
}

static int one_rule(const rule *x) {
    float t[HALF], u[HALF];
    pr_rope given = {.factor = 1, .magnitude = 1}, out;
    int bad = 0;
    table_of(x, t);
    const char *why = found(t, x, &given, &out);
    if (why) return print_error("%s: %s\n", x->name, why), 1;
    print_message("%s: factor %g low %g high %g context %lld\n", x->name, out.factor,
                  out.low_freq, out.high_freq, (long long)out.original_ctx);
    assert_int_equal(out.kind, PR_ROPE_LLAMA3);
    assert_null(out.divide_by);
    pr_llama3_waves(&out, u);
    for (int i = 0; i < x->dim / 2; i++) bad |= pr_llama3_divisor(&out, u[i]) != t[i];
    if (bad) print_error("%s: another table\n", x->name);
    if (x->plain && (out.factor != x->factor || out.low_freq != x->low ||
                     out.high_freq != x->high || out.original_ctx != x->ctx))
        bad = 1, print_error("%s: other numbers\n", x->name);
    return bad;
}

static void rules_are_found(void **state) {
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < PR_COUNT(rules); i++) bad += one_rule(&rules[i]);
    assert_int_equal(bad, 0);
}

static void trivial_tables(void **state) {
    (void)state;
    float t[HALF];
    pr_rope given = {.factor = 1, .magnitude = 1}, out;
    for (int i = 0; i < HALF; i++) t[i] = 1;
    assert_null(found(t, &rules[0], &given, &out));
    assert_int_equal(out.kind, PR_ROPE_DEFAULT);
    assert_null(out.divide_by);
    for (int i = 0; i < HALF; i++) t[i] = 2.5f;
    assert_null(found(t, &rules[0], &given, &out));
    assert_int_equal(out.kind, PR_ROPE_LINEAR);
    assert_true(out.factor == 2.5);
}

static void refused(const float *t, pr_rope given, const char *word) {
    pr_rope out;
    const char *why = found(t, &rules[0], &given, &out);
    if (!why || !strstr(why, word)) fail_msg("%s, not %s", why ? why : "taken", word);
    assert_int_equal(out.kind, given.kind);
    assert_ptr_equal(out.divide_by, t);
}

static void causes_are_named(void **state) {
    (void)state;
    static const float odd[] = {0, -1, 1e30f, INFINITY, NAN, 1.0000001f};
    float t[HALF];
    const pr_rope plain = {.factor = 1, .magnitude = 1},
                  linear = {.kind = PR_ROPE_LINEAR, .factor = 2, .magnitude = 1},
                  loud = {.factor = 1, .magnitude = 1.25};
    table_of(&rules[0], t);
    refused(t, linear, "rope.scaling.type");
    refused(NULL, loud, "rope.scaling.attn_factor");
    /* One unit in the last place is another table. */
    t[40] = nextafterf(t[40], 100);
    refused(t, plain, "rope_freqs.weight");
    for (size_t i = 0; i < PR_COUNT(odd); i++) {
        table_of(&rules[0], t);
        t[20] = odd[i];
        refused(t, plain, "rope_freqs.weight");
        t[63] = odd[i];
        refused(t, plain, "rope_freqs.weight");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_are_found),
                                       cmocka_unit_test(trivial_tables),
                                       cmocka_unit_test(causes_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
