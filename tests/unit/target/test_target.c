/* test_target.c - targets: the shipped ones, what is refused, what bounds follow, and that what
 * is written reads back. */
#include "recorded.h"
#include "target/target.h"

static pr_arena *arena(void) {
    pr_arena *a = pr_arena_new(16 << 20);
    assert_non_null(a);
    return a;
}

static pr_str text_of(pr_arena *a, const pr_target *t) {
    pr_buf b;
    pr_buf_init(&b, 1 << 20);
    pr_target_put(t, &b);
    assert_false(b.failed);
    pr_str s = {pr_arena_str(a, b.p, b.n), b.n};
    pr_buf_done(&b);
    return s;
}

/* Written, read and written again: the same text. */
static void check_round(pr_arena *a, const pr_target *t) {
    pr_target back;
    pare_err  e = {0};
    pr_str    once = text_of(a, t);
    CHECK_OK(pr_target_parse(once, "again", a, &back, &e), e);
    assert_string_equal(text_of(a, &back).p, once.p);
}

/* Words that the rest of pare knows. */
static void check_words(const pr_target *t) {
    static const char *const runners[] = {"native",            "llama.cpp", "onnxruntime",
                                          "onnxruntime-genai", "openvino",  "mlx"};
    char all[512];
    pr_cpu_names(~0u, all, sizeof all);
    for (size_t i = 0; i < t->n_simd; i++)
        if (!strstr(all, t->simd[i])) fail_msg("%s: no flag '%s'", t->name, t->simd[i]);
    for (size_t a = 0; a <= t->n_accels; a++) {
        const char **list = a < t->n_accels ? t->accels[a].runners : t->runners;
        size_t       n = a < t->n_accels ? t->accels[a].n_runners : t->n_runners;
        for (size_t i = 0; i < n; i++) {
            size_t k = 0;
            while (k < PR_COUNT(runners) && strcmp(runners[k], list[i]) != 0) k++;
            if (k == PR_COUNT(runners)) fail_msg("%s: no runner '%s'", t->name, list[i]);
        }
    }
}

static void shipped(void **state) {
    (void)state;
    const char *name;
    pr_str      text;
    size_t      n = 0;
    for (; pr_target_shipped(n, &name, &text); n++) {
        pr_arena *a = arena();
        pr_target t;
        pare_err  e = {0};
        CHECK_OK(pr_target_read(name, a, &t, &e), e);
        assert_string_equal(t.name, name);
        assert_string_equal(t.source, "shipped");
        assert_non_null(t.about);
        assert_true(pr_target_bounds_of(&t).memory.value > 0);
        check_round(a, &t);
        check_words(&t);
        pr_arena_free(a);
    }
    assert_true(n >= 12);
}

static void raspberry_pi_5(void **state) {
    (void)state;
    pr_arena *a = arena();
    pr_target t;
    pare_err  e = {0};
    CHECK_OK(pr_target_read("raspberry-pi-5", a, &t, &e), e);
    assert_int_equal(t.platform, PR_PLATFORM_ARM_EMBEDDED);
    assert_string_equal(t.kind, "board");
    assert_string_equal(t.arch, "aarch64");
    assert_int_equal(t.n_cores, 4);
    assert_int_equal(t.n_fast, -1);
    assert_int_equal(t.memory_bytes, 8000000000);
    assert_int_equal(t.memory_available, 7ll << 30);
    assert_true(t.bandwidth.value == 17.1e9 && isnan(t.bandwidth.lo));
    assert_int_equal(t.bandwidth.basis, PR_BASIS_STATED);
    assert_true(t.int8.value == 614.4e9);
    assert_true(t.down_bytes_s == 117.5e6);
    assert_int_equal(t.has_battery, 0);
    assert_int_equal(t.n_simd, 3);
    assert_string_equal(t.simd[1], "dotprod");
    assert_int_equal(t.n_runners, 4);
    pr_target_bounds b = pr_target_bounds_of(&t);
    assert_true(b.memory.value == (double)(7ll << 30));
    assert_string_equal(b.memory.why, "memory.available");
    assert_true(b.file.value == 20e9);
    assert_string_equal(b.file.why, "storage.free");
    assert_null(b.download.why);
    assert_true(b.watts.value == 12 && isnan(b.latency.value));
    pr_arena_free(a);
}

#define HEAD "schema: 1\nname: x\nplatform: intel\nos: linux\narch: x86_64\n"
#define CORE HEAD "cpu: {cores: 2}\nmemory: {bytes: 4GB}\n"

static pr_target parse(pr_arena *a, const char *yaml) {
    pr_target t;
    pare_err  e = {0};
    CHECK_OK(pr_target_parse((pr_str){yaml, strlen(yaml)}, "x.yaml", a, &t, &e), e);
    return t;
}

static void bounds(void **state) {
    (void)state;
    pr_arena        *a = arena();
    pr_target        t = parse(a, CORE);
    pr_target_bounds b = pr_target_bounds_of(&t);
    assert_string_equal(b.memory.why, "memory.bytes");
    assert_null(b.file.why);
    assert_true(b.file.value == -1 && isnan(b.watts.value));
    t = parse(a, CORE "storage: {bytes: 3GB, free: 2GB}\nnetwork: {down: 8 Mbit/s}\n"
                      "limits: {download_seconds: 60, memory: 1GB, watts: 5, latency_ms: 50}\n");
    b = pr_target_bounds_of(&t);
    assert_true(b.download.value == 60e6 && b.file.value == 60e6);
    assert_string_equal(b.file.why, "network.down x limits.download_seconds");
    assert_string_equal(b.memory.why, "limits.memory");
    assert_true(b.watts.value == 5 && b.latency.value == 50);
    t = parse(a, CORE "storage: {bytes: 3GB, free: 2GB}\nnetwork: {down: 8 Mbit/s, offline: yes}\n"
                      "limits: {download_seconds: 60}\n");
    b = pr_target_bounds_of(&t);
    assert_true(b.download.value == 0 && b.file.value == 2e9);
    assert_string_equal(b.download.why, "network.offline");
    pr_arena_free(a);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *says;
    } bad[] = {
        {"", "no mapping"},
        {"[1, 2]", "no mapping"},
        {"name: x", "schema is nothing"},
        {"schema: 2\nname: x", "schema is '2'"},
        {HEAD, "'cpu.cores' is missing"},
        {HEAD "cpu: {cores: 2}", "'memory.bytes' is missing"},
        {HEAD "cpu: 3", "cpu is the text '3'; expected a mapping"},
        {CORE "colour: red", "unknown key 'colour' in the target; expected one of schema"},
        {HEAD "cpu: {cores: 2, speed: 3}\nmemory: {bytes: 4GB}", "unknown key 'speed' in cpu"},
        {HEAD "cpu: {cores: 0}", "cpu.cores is '0'; expected a whole number from 1 to 65536"},
        {HEAD "cpu: {cores: 2}\nmemory: {bytes: -4}", "memory.bytes is '-4'"},
        {HEAD "cpu: {cores: 2}\nmemory: {bytes: 1e30}", "memory.bytes is '1e30'"},
        {HEAD "cpu: {cores: 2}\nmemory: {bytes: 4GB, available: 5GB}", "available is more than"},
        {CORE "storage: {bytes: 1GB, free: 2GB}", "storage.free is more than"},
        {CORE "kind: toaster", "kind is 'toaster'; expected one of laptop"},
        {CORE "network: {offline: maybe}", "network.offline is 'maybe'; expected yes or no"},
        {CORE "network: {down: 3 parsecs}", "network.down is '3 parsecs'"},
        {CORE "peaks: {bandwidth: 17}", "peaks.bandwidth is the text '17'; expected a mapping"},
        {CORE "peaks: {bandwidth: {value: 1 GB/s}}", "peaks.bandwidth.basis is nothing"},
        {CORE "peaks: {bandwidth: {value: 1 GB/s, basis: stated}}", "has no source"},
        {CORE "peaks: {bandwidth: {value: 1 Gop/s, basis: measured}}", "expected a rate like 17.1"},
        {CORE "peaks: {f32: {value: 1 Gbit/s, basis: measured}}", "expected a rate like 153.6"},
        {CORE "peaks: {f32: {value: 1e9, lo: 1e8, basis: measured}}", "one of lo and hi"},
        {CORE "peaks: {f32: {value: 3, lo: 1, hi: 2, basis: measured}}", "3 is not between"},
        {CORE "peaks: {f32: {value: nan, basis: measured}}", "peaks.f32.value is 'nan'"},
        {CORE "limits: {watts: inf}", "limits.watts is 'inf'"},
        {CORE "runners: native", "runners is the text 'native'; expected a list"},
        {CORE "accelerators: [{kind: gpu}]", "'accelerators[0].name' is missing"},
        {CORE "accelerators: [{kind: qpu, name: x}]", "accelerators[0].kind is 'qpu'"},
        {CORE "accelerators: [{kind: gpu, name: x, unified: yes, memory: 1GB}]", "unified and"},
        {CORE "name: y", "twice"},
        {"schema: 1\nname: ../x\nplatform: intel\nos: linux\narch: x86_64\ncpu: {cores: 2}\n"
         "memory: {bytes: 4GB}\n",
         "name is '../x'"},
    };
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pr_arena *a = arena();
        pr_target t;
        pare_err  e = {0};
        pr_str    s = {bad[i].yaml, strlen(bad[i].yaml)};
        if (pr_target_parse(s, "x.yaml", a, &t, &e) != PARE_EINPUT)
            fail_msg("not refused: %s", bad[i].yaml);
        if (!strstr(e.msg, bad[i].says)) fail_msg("'%s' does not say '%s'", e.msg, bad[i].says);
        assert_null(t.name);
        pr_arena_free(a);
    }
}

static void by_name(void **state) {
    (void)state;
    pr_arena *a = arena();
    pr_target t;
    pare_err  e = {0};
    assert_int_equal(pr_target_read("nock", a, &t, &e), PARE_EINPUT);
    assert_non_null(strstr(e.msg, "no target is called 'nock'"));
    assert_non_null(strstr(e.msg, "raspberry-pi-5"));
    assert_int_equal(pr_target_read("./missing.yaml", a, &t, &e), PARE_EINPUT);
    CHECK_OK(pr_target_read(check_source("targets/nuc.yaml"), a, &t, &e), e);
    assert_int_equal(t.n_accels, 2);
    assert_int_equal(t.accels[1].kind, PR_ACCEL_NPU);
    assert_int_equal(t.accels[1].unified, 1);
    assert_int_equal(t.accels[1].state, PR_STATE_BENEFICIAL);
    assert_string_equal(t.accels[1].runners[0], "openvino");
    pr_arena_free(a);
}

/* Text with every kind of character, and a figure with all its digits, come back. */
static void round_trip(void **state) {
    (void)state;
    pr_arena *a = arena();
    pr_target t = parse(a, CORE), back;
    pare_err  e = {0};
    t.about = "a \"quote\", a \\, \t and \n, \xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x92\xa1 #: - yes";
    t.bandwidth = (pr_peak){1.0 / 3 * 1e10, 1e9, 2e10 / 3, PR_BASIS_MEASURED, "read"};
    pr_str s = text_of(a, &t);
    CHECK_OK(pr_target_parse(s, "x", a, &back, &e), e);
    assert_string_equal(back.about, t.about);
    assert_true(back.bandwidth.value == t.bandwidth.value && back.bandwidth.hi == t.bandwidth.hi);
    t.about = "cut \xff here \xe2\x80";
    s = text_of(a, &t);
    CHECK_OK(pr_target_parse(s, "x", a, &back, &e), e);
    assert_string_equal(back.about, "cut \xef\xbf\xbd here \xef\xbf\xbd\xef\xbf\xbd");
    pr_arena_free(a);
}

static pr_target of_machine(pr_arena *a, const char *machine) {
    const char *root = machine_unpack(machine);
    pr_hw       hw;
    pr_target   t;
    pare_err    e = {0};
    CHECK_OK(pr_hw_read(root, &hw, a, &e), e);
    CHECK_OK(pr_target_of_hw(&hw, a, &t, &e), e);
    check_round(a, &t);
    check_scratch_remove(root);
    return t;
}

static void of_recorded(void **state) {
    (void)state;
    pr_arena *a = arena();
    pr_target t = of_machine(a, "intel-laptop");
    assert_int_equal(t.platform, PR_PLATFORM_INTEL);
    assert_string_equal(t.kind, "laptop");
    assert_int_equal(t.cache_bytes, 12288 << 10);
    assert_int_equal(t.memory_available, 9437184ll << 10);
    assert_int_equal(t.has_battery, 1);
    assert_int_equal(t.is_offline, 0);
    assert_int_equal(t.n_accels, 1);
    t = of_machine(a, "raspberry-pi-5");
    assert_int_equal(t.platform, PR_PLATFORM_ARM_EMBEDDED);
    assert_string_equal(t.kind, "board");
    t = of_machine(a, "container-cgroup2");
    assert_string_equal(t.kind, "container");
    assert_int_equal(t.n_threads, 2);
    assert_int_equal(t.limit_memory_bytes, 2147483648ll);
    pr_arena_free(a);
}

/* The example of docs/hardware.md: the lines that are set in, from "schema" on. */
static void documented(void **state) {
    (void)state;
    pr_arena  *a = arena();
    pr_str     doc;
    pare_err   e = {0};
    pr_target  t;
    pr_buf     b;
    CHECK_OK(pr_file_read(check_source("docs/hardware.md"), 1 << 20, a, &doc, &e), e);
    pr_buf_init(&b, 1 << 16);
    const char *p = strstr(doc.p, "    schema: 1");
    for (assert_non_null(p); strncmp(p, "    ", 4) == 0; p += strcspn(p, "\n") + 1)
        pr_buf_add(&b, p + 4, strcspn(p + 4, "\n") + 1);
    CHECK_OK(pr_target_parse((pr_str){b.p, b.n}, "docs/hardware.md", a, &t, &e), e);
    assert_string_equal(t.name, "kiosk");
    assert_true(pr_target_bounds_of(&t).download.value == 500e6);
    assert_int_equal(t.n_accels, 1);
    pr_buf_done(&b);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped),    cmocka_unit_test(raspberry_pi_5),
        cmocka_unit_test(bounds),     cmocka_unit_test(refused),
        cmocka_unit_test(by_name),    cmocka_unit_test(round_trip),
        cmocka_unit_test(of_recorded), cmocka_unit_test(documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
