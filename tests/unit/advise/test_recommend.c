/* test_recommend.c - every cell of the field's tables, as the project's user stated them, against
 * the shipped rules; replacement of types; rules that do not hold together. The model is a
 * document, so that its size is free. */
#include <math.h>
#include "advise/advise.h"
#include "check.h"

static pr_arena *arena;
static pr_rules  rules;

static int begin(void **state) {
    pare_err e = {0};
    (void)state;
    arena = pr_arena_new(32 << 20);
    CHECK_OK(pr_rules_read(NULL, arena, &rules, &e), e);
    return 0;
}

static int end(void **state) {
    (void)state;
    pr_rules_done(&rules);
    pr_arena_free(arena);
    return 0;
}

/* As `pare assess` tells a model: one matrix with rows of `row` weights, and the size of Q4_K_M as
 * planned. Its F16 weights are two bytes a parameter, its state 100 positions of 10 bytes. */
static pare_doc *model_of(const char *format, int64_t parameters, int64_t row) {
    char      text[600];
    pare_doc *d;
    pare_err  e = {0};
    int n = snprintf(
        text, sizeof text,
        "{\"name\":\"m\",\"format\":\"%s\",\"parameters\":%lld,\"context\":100,"
        "\"state_bytes_per_token_f16\":10,\"weight_bytes\":%lld,\"tensors\":[{\"name\":"
        "\"w\",\"shape\":[4,%lld]},{\"name\":\"n\",\"shape\":[7]}],"
        "\"quantizations\":[{\"name\":\"Q4_K_M\",\"tensor_bytes\":%lld}]}",
        format, (long long)parameters, (long long)parameters * 2, (long long)row,
        (long long)(parameters * 6 / 10));
    CHECK_OK(pare_doc_parse(&d, text, (size_t)n, &e), e);
    return d;
}

/* A target of that platform with 64 GB. */
static pr_target target_of(pr_platform p) {
    char      text[200];
    pr_target t;
    pare_err  e = {0};
    int n = snprintf(text, sizeof text,
                     "schema: 1\nname: t\nabout: made up\nplatform: %s\nkind: other\nos: "
                     "linux\narch: x86_64\n"
                     "cpu: {cores: 4}\nmemory: {bytes: 64GB}\n",
                     pr_platform_name(p));
    CHECK_OK(pr_target_parse((pr_str){text, (size_t)n}, "t.yaml", arena, &t, &e), e);
    return t;
}

static pr_advise_ask ask_of(const pare_doc *model) {
    return (pr_advise_ask){.model = model, .max_bytes = -1, .max_memory = -1, .max_ratio = NAN};
}

static pare_doc *answer_to(const pr_advise_ask *ask) {
    pare_doc *d;
    pare_err  e = {0};
    CHECK_OK(pr_advise(&rules, ask, &d, &e), e);
    return d;
}

static const char *said(const pare_doc *d, const char *path) {
    const char *s = pare_doc_str(pare_doc_path(d, path));
    return s ? s : "(none)";
}

static void check_said(const pare_doc *d, const char *path, const char *should) {
    if (strcmp(said(d, path), should) != 0)
        fail_msg("%s is '%s', should be '%s'", path, said(d, path), should);
}

/* ---- by platform, and a platform before a purpose ---- */

static void by_platform(void **state) {
    static const struct {
        pr_platform p;
        const char *rule, *first, *second;
    } cells[] = {{PR_PLATFORM_INTEL, "platform-intel", "openvino", "olive"},
                 {PR_PLATFORM_NVIDIA, "platform-nvidia", "olive", "openvino"},
                 {PR_PLATFORM_APPLE, "platform-apple", "mlx", "llama.cpp"},
                 {PR_PLATFORM_ARM_MOBILE, "platform-arm-mobile", "llama.cpp", "openvino"},
                 {PR_PLATFORM_EDGE_TPU, "platform-edge-tpu", "openvino", "olive"},
                 {PR_PLATFORM_ARM_EMBEDDED, "platform-arm-embedded", "llama.cpp", "openvino"}};
    (void)state;
    pare_doc *m = model_of("hf", 1000000, 256);
    for (size_t i = 0; i < PR_COUNT(cells); i++)
        for (int with_purpose = 0; with_purpose < 2; with_purpose++) {
            pr_target     t = target_of(cells[i].p);
            pr_advise_ask ask = ask_of(m);
            ask.target = &t;
            ask.target_stated = true;
            ask.purpose = with_purpose ? "enterprise" : NULL;
            pare_doc *d = answer_to(&ask);
            check_said(d, "rule/id", cells[i].rule);
            check_said(d, "first/framework", cells[i].first);
            check_said(d, "second/framework", cells[i].second);
            assert_true(strlen(said(d, "rule/because")) > 20);
            check_said(d, "overruled/0", with_purpose ? "purpose-enterprise" : "model-light");
            pare_doc_free(d);
        }
    pare_doc_free(m);
}

/* A machine that nobody named does not go before a purpose; without one it does. */
static void unstated_platform(void **state) {
    (void)state;
    pare_doc     *m = model_of("hf", 1000000, 256);
    pr_target     t = target_of(PR_PLATFORM_INTEL);
    pr_advise_ask ask = ask_of(m);
    ask.target = &t;
    pare_doc *d = answer_to(&ask);
    check_said(d, "rule/id", "platform-intel");
    pare_doc_free(d);
    ask.purpose = "cross-platform-text";
    d = answer_to(&ask);
    check_said(d, "rule/id", "purpose-cross-platform-text");
    check_said(d, "first/framework", "llama.cpp");
    pare_doc_free(d);
    pare_doc_free(m);
}

/* ---- by purpose, by model, by need and style ---- */

static void by_purpose_and_model(void **state) {
    static const struct {
        const char *purpose, *format;
        int64_t     parameters;
        const char *style, *need, *rule, *first, *second, *styled;
    } cells[] = {
        {"cross-platform-text", "hf", 1000, NULL, NULL, "purpose-cross-platform-text", "llama.cpp",
         "olive", "prototyping"},
        {"cross-platform-multimodal", "hf", 1000, NULL, NULL, "purpose-cross-platform-multimodal",
         "olive", "openvino", "prototyping"},
        {"enterprise", "hf", 1000, NULL, NULL, "purpose-enterprise", "olive", "llama.cpp",
         "prototyping"},
        {"enterprise", "hf", 1000, "enterprise", NULL, "purpose-enterprise", "olive", "openvino",
         "enterprise"},
        {"enterprise", "hf", 1000, NULL, "enterprise", "purpose-enterprise", "olive", "openvino",
         "prototyping"},
        {"enterprise", "hf", 1000, NULL, "mobile", "purpose-enterprise", "olive", "llama.cpp",
         "prototyping"},
        {NULL, "hf", 7000000000, NULL, NULL, "model-light", "llama.cpp", "olive", "prototyping"},
        {NULL, "hf", 7000000001, NULL, NULL, "model-large", "olive", "openvino", "enterprise"},
        {NULL, "hf", 7000000001, "prototyping", NULL, "model-large", "olive", "llama.cpp",
         "prototyping"},
        {NULL, "openvino", 7000000001, NULL, NULL, "model-intel", "openvino", "llama.cpp",
         "prototyping"},
        {NULL, "hf", 1000, NULL, "ease-of-use", "model-light", "llama.cpp", "olive", "prototyping"},
        {NULL, "openvino", 1000, NULL, "real-time", "model-intel", "openvino", "llama.cpp",
         "prototyping"},
        {NULL, "openvino", 1000, NULL, "cross-platform", "model-intel", "openvino", "llama.cpp",
         "prototyping"},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(cells); i++) {
        const char   *needs[1] = {cells[i].need};
        pare_doc     *m = model_of(cells[i].format, cells[i].parameters, 256);
        pr_advise_ask ask = ask_of(m);
        ask.purpose = cells[i].purpose;
        ask.style = cells[i].style;
        ask.needs = needs;
        ask.n_needs = cells[i].need != NULL;
        pare_doc *d = answer_to(&ask);
        check_said(d, "rule/id", cells[i].rule);
        check_said(d, "first/framework", cells[i].first);
        check_said(d, "second/framework", cells[i].second);
        check_said(d, "asked/style", cells[i].styled);
        pare_doc_free(d);
        pare_doc_free(m);
    }
}

/* A model in Apple's form, for a machine that is no Apple's: MLX is named, and passed over. */
static void made_for_apple(void **state) {
    (void)state;
    pare_doc     *m = model_of("mlx", 1000, 256);
    pr_advise_ask ask = ask_of(m);
    pare_doc     *d = answer_to(&ask);
    check_said(d, "rule/id", "model-apple");
    check_said(d, "passed_over/0/framework", "mlx");
    pare_doc_free(d);
    pare_doc_free(m);
}

/* The matrix itself, mark by mark, as it was stated. */
static void matrix(void **state) {
    static const char *const ids[] = {"llama.cpp", "olive", "openvino", "mlx"};
    static const struct {
        const char *need, *marks[4];
    } cells[] = {
        {"cross-platform", {"excellent", "good", "good", "none"}},
        {"enterprise", {"limited", "excellent", "excellent", "limited"}},
        {"mobile", {"excellent", "good", "good", "excellent"}},
        {"real-time", {"excellent", "excellent", "excellent", "excellent"}},
        {"model-variety", {"excellent", "excellent", "excellent", "excellent"}},
        {"ease-of-use", {"excellent", "excellent", "good", "excellent"}},
    };
    static const char *const orders[2][4] = {{"llama.cpp", "mlx", "olive", "openvino"},
                                             {"olive", "openvino", "mlx", "llama.cpp"}};
    char path[100];
    (void)state;
    for (int f = 0; f < 4; f++) {
        snprintf(path, sizeof path, "frameworks/%d/id", f);
        check_said(rules.doc, path, ids[f]);
        for (size_t i = 0; i < PR_COUNT(cells); i++) {
            snprintf(path, sizeof path, "frameworks/%d/needs/%s", f, cells[i].need);
            check_said(rules.doc, path, cells[i].marks[f]);
        }
        for (int s = 0; s < 2; s++) {
            snprintf(path, sizeof path, "styles/%s/%d", s ? "enterprise" : "prototyping", f);
            check_said(rules.doc, path, orders[s][f]);
        }
    }
}

/* What is needed may rule a framework out: MLX is no cross-platform one, even for Apple. */
static void need_rules_out(void **state) {
    const char *needs[] = {"cross-platform"};
    (void)state;
    pare_doc     *m = model_of("hf", 1000, 256);
    pr_target     t = target_of(PR_PLATFORM_APPLE);
    pr_advise_ask ask = ask_of(m);
    ask.target = &t;
    ask.target_stated = true;
    ask.needs = needs;
    ask.n_needs = 1;
    pare_doc *d = answer_to(&ask);
    check_said(d, "first/framework", "llama.cpp");
    check_said(d, "second/framework", "olive");
    check_said(d, "passed_over/0/framework", "mlx");
    check_said(d, "passed_over/0/because", "it cannot do what is needed: cross-platform");
    pare_doc_free(d);
    pare_doc_free(m);
}

/* ---- strategies ---- */

static void strategies(void **state) {
    static const struct {
        pr_platform p;
        const char *rule, *method, *type, *acceleration, *calibration;
        int64_t     group;
    } cells[] = {
        {PR_PLATFORM_APPLE, "strategy-apple", "mlx_quantize", "int4", "unified_memory",
         "(none)", 64},
        {PR_PLATFORM_INTEL, "strategy-intel", "nncf_quantize", "int8", "(none)",
         "post_training", 0},
        {PR_PLATFORM_ARM_MOBILE, "strategy-cross-platform", "gguf", "Q4_K_M", "(none)",
         "(none)", 0},
        {PR_PLATFORM_NVIDIA, "strategy-olive", "onnx", "int4", "(none)", "(none)", 32},
    };
    (void)state;
    pare_doc *m = model_of("hf", 1000000, 256);
    for (size_t i = 0; i < PR_COUNT(cells); i++) {
        pr_target     t = target_of(cells[i].p);
        pr_advise_ask ask = ask_of(m);
        ask.target = &t;
        ask.target_stated = true;
        pare_doc *d = answer_to(&ask);
        check_said(d, "first/strategy/rule", cells[i].rule);
        check_said(d, "first/strategy/method", cells[i].method);
        check_said(d, "first/strategy/type", cells[i].type);
        check_said(d, "first/strategy/acceleration", cells[i].acceleration);
        check_said(d, "first/strategy/calibration", cells[i].calibration);
        assert_int_equal(pare_doc_int(pare_doc_path(d, "first/strategy/group")), cells[i].group);
        assert_int_equal(pare_doc_count(pare_doc_path(d, "first/strategy/replaced")), 0);
        pare_doc_free(d);
    }
    pare_doc_free(m);
}

/* A type that cannot be is replaced, and what forbade it is told: the model (rows), memory, the
 * file, the gate. A million parameters: Q4_K_M 600,000 bytes as planned, Q4_0 562,500, Q3_K_M
 * 487,500 and Q2_K 375,000 by their bits; the state 1,000; the source 2,001,000. */
static void replacements(void **state) {
    static const struct {
        int64_t     row, max_bytes, max_memory;
        double      ratio;
        const char *type, *basis, *why;
    } cells[] = {
        {256, -1, -1, NAN, "Q4_K_M", "planned", NULL},
        {64, -1, -1, NAN, "Q4_0", "estimate", "model: rows of 64 weights"},
        {256, -1, 600999, NAN, "Q4_0", "estimate", "memory: 601000 bytes"},
        {256, -1, 601000, NAN, "Q4_K_M", "planned", NULL},
        {256, 599999, -1, NAN, "Q4_0", "estimate", "file: 600000 bytes"},
        {256, 600000, -1, NAN, "Q4_K_M", "planned", NULL},
        {256, -1, -1, 0.29, "Q4_0", "estimate", "gate: weights and state would be 0.300"},
        {256, 500000, -1, NAN, "Q3_K_M", "estimate", "file: 600000 bytes"},
        {256, 400000, -1, NAN, "Q2_K", "estimate", "file: 600000 bytes"},
        {17, -1, -1, NAN, "F16", "estimate", "model: rows of 17 weights"},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(cells); i++) {
        pare_doc     *m = model_of("hf", 1000000, cells[i].row);
        pr_advise_ask ask = ask_of(m);
        ask.max_bytes = cells[i].max_bytes;
        ask.max_memory = cells[i].max_memory;
        ask.max_ratio = cells[i].ratio;
        pare_doc *d = answer_to(&ask);
        check_said(d, "first/framework", "llama.cpp");
        check_said(d, "first/strategy/type", cells[i].type);
        check_said(d, "first/strategy/basis", cells[i].basis);
        const char *why = said(d, "first/strategy/replaced/0/because");
        if (strncmp(why, cells[i].why ? cells[i].why : "(none)",
                    strlen(cells[i].why ? cells[i].why : "(none)")) != 0)
            fail_msg("case %zu: %s", i, why);
        pare_doc_free(d);
        pare_doc_free(m);
    }
}

/* A limit that nothing meets: no choice, and every framework tells what forbids it. */
static void nothing_possible(void **state) {
    (void)state;
    pare_doc     *m = model_of("hf", 1000000, 256);
    pr_advise_ask ask = ask_of(m);
    ask.max_bytes = 1000;
    pare_doc *d = answer_to(&ask);
    assert_int_equal(pare_doc_kind(pare_doc_get(d, "first")), PARE_DOC_NULL);
    assert_int_equal(pare_doc_count(pare_doc_get(d, "passed_over")), 4);
    check_said(d, "reason", "every framework is passed over");
    assert_int_equal(pare_doc_count(pare_doc_path(d, "passed_over/0/strategy/replaced")), 6);
    pare_doc_free(d);
    pare_doc_free(m);
}

/* Every shipped target gets an answer; only one that has no runtime of a framework gets "none". */
static void every_target(void **state) {
    const char *name;
    pr_str      text;
    (void)state;
    pare_doc *m = model_of("hf", 1000000, 256);
    size_t    n = 0;
    for (; pr_target_shipped(n, &name, &text); n++) {
        pr_target t;
        pare_err  e = {0};
        CHECK_OK(pr_target_parse(text, name, arena, &t, &e), e);
        pr_advise_ask ask = ask_of(m);
        ask.target = &t;
        ask.target_stated = true;
        pare_doc *d = answer_to(&ask);
        bool      none = pare_doc_kind(pare_doc_get(d, "first")) != PARE_DOC_OBJECT;
        if (none != (strncmp(name, "mcu-", 4) == 0)) fail_msg("%s: none %d", name, none);
        pare_doc_free(d);
    }
    assert_true(n >= 12);
    pare_doc_free(m);
}

/* ---- words and files that are wrong ---- */

static void unknown_words(void **state) {
    const char *needs[] = {"mobile", "cheap"};
    pare_err    e = {0};
    pare_doc   *d;
    (void)state;
    pare_doc     *m = model_of("hf", 1000, 256);
    pr_advise_ask ask = ask_of(m);
    ask.purpose = "fun";
    assert_int_equal(pr_advise(&rules, &ask, &d, &e), PARE_EUSAGE);
    assert_non_null(strstr(e.msg, "cross-platform-text, cross-platform-multimodal, enterprise"));
    ask.purpose = NULL;
    ask.needs = needs;
    ask.n_needs = 2;
    assert_int_equal(pr_advise(&rules, &ask, &d, &e), PARE_EUSAGE);
    assert_non_null(strstr(e.msg, "'cheap'"));
    assert_null(d);
    pare_doc_free(m);
}

/* The shipped text with `from` (its first place) made `to`. */
static pr_str changed(const char *from, const char *to) {
    pr_str   text;
    pr_buf   b;
    pare_err e = {0};
    CHECK_OK(pr_file_read(check_source("rules/recommend.yaml"), PR_RULES_BYTES_MAX, arena,
                          &text, &e),
             e);
    const char *at = strstr(text.p, from);
    if (!at) fail_msg("the rules do not hold '%s'", from);
    pr_buf_init(&b, PR_RULES_BYTES_MAX * 2);
    pr_buf_add(&b, text.p, (size_t)(at - text.p));
    pr_buf_puts(&b, to);
    pr_buf_puts(&b, at + strlen(from));
    pr_str s = {pr_arena_str(arena, b.p, b.n), b.n};
    pr_buf_done(&b);
    return s;
}

static void wrong_rules(void **state) {
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"name: field", "name: field\ncolour: red", "unknown key 'colour'"},
        {"name: field", "name:", "name is"},
        {"id: olive", "id: llama.cpp", "the id 'llama.cpp' stands twice"},
        {"mobile: excellent", "mobile: superb", "'superb'"},
        {"platforms: [apple]", "platforms: [pear]", "unknown platform 'pear'"},
        {"[llama.cpp, mlx, olive, openvino]", "[llama.cpp, mlx, olive]", "does not rank every"},
        {"[llama.cpp, mlx, olive, openvino]", "[mlx, mlx, olive, openvino]", "stands twice"},
        {"frameworks: [openvino, olive]", "frameworks: [tvm]", "no framework 'tvm'"},
        {"frameworks: [openvino, olive]", "frameworks: []", "expected a list of 1"},
        {"{platform: intel}", "{platform: pear}", "unknown platform 'pear'"},
        {"{platform: intel}", "{}", "only the last may take whatever comes"},
        {"when: {}", "when: {purpose: fun}", "the last must take whatever comes"},
        {"parameters-above: 7000000000", "parameters-above: many", "expected a number"},
        {"made-for: apple", "made-for: pear", "expected apple or intel"},
        {"style: enterprise", "style: baroque", "style is not"},
        {"compare: true", "compare: maybe", "compare can only be true"},
        {"bits: 4.5,", "bits: -1,", "expected a number of at least 0.1"},
        {"bits: 4.5,", "bits: 99,", "expected bits to 64"},
        {"divides: 64}", "divides: 0}", "expected a number of at least 1"},
        {"divides: 64}", "divides: 6.4}", "whole groups"},
        {"{framework: mlx}", "{framework: tvm}", "no framework 'tvm'"},
        {"method: gguf", "method: [gguf]", "method is an array"},
    };
    (void)state;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pr_rules r;
        pare_err e = {0};
        pr_str   s = changed(cases[i].from, cases[i].to);
        assert_int_equal(pr_rules_parse(s, "x.yaml", arena, &r, &e), PARE_EINPUT);
        if (!strstr(e.msg, cases[i].says)) fail_msg("case %zu: %s", i, e.msg);
        assert_null(r.doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_platform),      cmocka_unit_test(unstated_platform),
        cmocka_unit_test(made_for_apple),   cmocka_unit_test(by_purpose_and_model),
        cmocka_unit_test(matrix),           cmocka_unit_test(need_rules_out),
        cmocka_unit_test(strategies),       cmocka_unit_test(replacements),
        cmocka_unit_test(nothing_possible), cmocka_unit_test(every_target),
        cmocka_unit_test(unknown_words),    cmocka_unit_test(wrong_rules),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
