/* test_hw.c - four recorded machines, with exactly what must be said of each
 * (tests/machines/make.py says where the numbers come from), and this machine. */
#include "hw/hw.h"
#include "recorded.h"

typedef struct {
    pr_arena *a;
    const char *root;
    pr_hw hw;
} seen;

static seen look(const char *machine) {
    seen s = {.a = pr_arena_new(16 << 20), .root = machine_unpack(machine)};
    pare_err e = {0};
    CHECK_OK(pr_hw_read(s.root, &s.hw, s.a, &e), e);
    return s;
}

static void done(seen *s) {
    check_scratch_remove(s->root);
    pr_arena_free(s->a);
}

static void check_cache(const pr_hw *hw, int i, int level, char type, int64_t bytes, int ways,
                        int n, int sharing) {
    assert_true(i < hw->n_caches);
    assert_int_equal(hw->caches[i].level, level);
    assert_int_equal(hw->caches[i].type, type);
    assert_int_equal(hw->caches[i].bytes, bytes);
    assert_int_equal(hw->caches[i].ways, ways);
    assert_int_equal(hw->caches[i].line_bytes, 64);
    assert_int_equal(hw->caches[i].n, n);
    assert_int_equal(hw->caches[i].n_sharing, sharing);
}

static void intel_laptop(void **state) {
    seen s = look("intel-laptop");
    pr_hw *h = &s.hw;
    assert_string_equal(h->arch, "x86_64");
    assert_string_equal(h->os, "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(h->kernel, "6.1.0-18-amd64");
    assert_string_equal(h->board, "LENOVO 20XW00AAGE");
    assert_false(h->is_virtual);
    assert_false(h->is_container);
    assert_string_equal(h->cpu_vendor, "GenuineIntel");
    assert_string_equal(h->cpu_model, "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz");
    assert_int_equal(h->cpu_family, 6);
    assert_int_equal(h->cpu_number, 140);
    assert_int_equal(h->cpu_stepping, 1);
    assert_int_equal(h->n_sockets, 1);
    assert_int_equal(h->n_cores, 4);
    assert_int_equal(h->n_threads, 8);
    assert_int_equal(h->n_allowed, 8);
    assert_true(isinf(h->n_quota));
    assert_int_equal(h->n_usable, 8);
    assert_true(h->mhz_now == 1250 && h->mhz_max == 4700);
    assert_string_equal(h->governor, "powersave");
    assert_int_equal(h->n_caches, 4);
    check_cache(h, 0, 1, 'd', 48 << 10, 12, 4, 2);
    check_cache(h, 1, 1, 'i', 32 << 10, 8, 4, 2);
    check_cache(h, 2, 2, 'u', 1280 << 10, 20, 4, 2);
    check_cache(h, 3, 3, 'u', 12288 << 10, 12, 1, 8);
    assert_int_equal(h->n_nodes, 1);
    assert_int_equal(h->nodes[0].memory_bytes, 16106132ll * 1024);
    assert_int_equal(h->memory_bytes, 16106132ll * 1024);
    assert_int_equal(h->available_bytes, 9437184ll * 1024);
    assert_int_equal(h->usable_bytes, 9437184ll * 1024);
    assert_int_equal(h->swap_bytes, 8388604ll * 1024);
    assert_int_equal(h->cgroup_version, 2);
    assert_int_equal(h->limit_bytes, -1);
    done(&s);
}

static void intel_laptop_devices(void **state) {
    seen s = look("intel-laptop");
    pr_hw *h = &s.hw;
    assert_int_equal(h->n_accels, 1); /* the same chip is on PCI and in drm */
    assert_int_equal(h->accels[0].kind, PR_ACCEL_GPU);
    assert_string_equal(h->accels[0].name, "Intel graphics [9a49]");
    assert_string_equal(h->accels[0].driver, "i915");
    assert_string_equal(h->accels[0].where, "pci 0000:00:02.0");
    assert_int_equal(h->n_batteries, 1); /* the mouse's is not ours */
    assert_string_equal(h->batteries[0].status, "Discharging");
    assert_true(h->batteries[0].charge == 0.75 && h->batteries[0].energy_wh == 42);
    assert_true(h->batteries[0].power_w == 8.4);
    assert_int_equal(h->on_mains, 0);
    assert_int_equal(h->n_thermals, 2);
    assert_string_equal(h->thermals[0].name, "x86_pkg_temp");
    assert_true(h->thermals[0].celsius == 45 && isnan(h->thermals[0].critical));
    assert_true(h->thermals[1].critical == 128);
    assert_int_equal(h->n_nets, 2); /* enp…, wlp…; never lo */
    assert_string_equal(h->nets[0].name, "enp0s31f6");
    assert_false(h->nets[0].is_up);
    assert_true(h->nets[1].is_up && h->nets[1].is_wireless && h->nets[1].mbit_s == -1);
    assert_false(h->is_offline);
    /* four RAPL zones (not the mmio twin), the battery's hwmon, the battery */
    assert_int_equal(h->n_sensors, 6);
    assert_string_equal(h->sensors[0].name, "package-0");
    assert_string_equal(h->sensors[1].name, "package-0/core");
    assert_string_equal(h->sensors[3].scope, "whole platform");
    assert_string_equal(h->sensors[5].name, "BAT0");
    for (int i = 0; i < 6; i++) assert_null(h->sensors[i].why);
    done(&s);
}

static void raspberry_pi_5(void **state) {
    seen s = look("raspberry-pi-5");
    pr_hw *h = &s.hw;
    assert_string_equal(h->arch, "aarch64");
    assert_string_equal(h->board, "Raspberry Pi 5 Model B Rev 1.0");
    assert_string_equal(h->cpu_vendor, "ARM");
    assert_string_equal(h->cpu_model, "Cortex-A76");
    assert_int_equal(h->cpu_family, -1);
    assert_int_equal(h->n_cores, 4);
    assert_int_equal(h->n_threads, 4);
    check_cache(h, 2, 2, 'u', 512 << 10, 8, 4, 1);
    check_cache(h, 3, 3, 'u', 2048 << 10, 16, 1, 4);
    assert_int_equal(h->memory_bytes, 8259840ll * 1024);
    assert_int_equal(h->limit_bytes, -1);
    assert_int_equal(h->n_accels, 1); /* v3d computes, vc4 only shows */
    assert_string_equal(h->accels[0].name, "brcm,2712-v3d");
    assert_string_equal(h->accels[0].driver, "v3d");
    assert_int_equal(h->accels[0].vendor, -1);
    assert_int_equal(h->n_batteries, 0);
    assert_int_equal(h->on_mains, -1);
    assert_int_equal(h->n_sensors, 1);
    assert_string_equal(h->sensors[0].name, "ina226/power1");
    assert_false(h->sensors[0].is_counter);
    assert_true(h->nets[0].mbit_s == 1000);
    done(&s);
}

static void container_cgroup2(void **state) {
    seen s = look("container-cgroup2");
    pr_hw *h = &s.hw;
    assert_true(h->is_virtual && h->is_container);
    assert_int_equal(h->n_threads, 16);
    assert_int_equal(h->n_cores, 8);
    assert_int_equal(h->n_allowed, 5);
    assert_string_equal(h->allowed, "2-5,10");
    assert_true(h->n_quota == 1.5); /* the parent's, less than the group's own 4 */
    assert_int_equal(h->n_usable, 2);
    assert_int_equal(h->cgroup_version, 2);
    assert_int_equal(h->limit_bytes, 2147483648ll);
    assert_int_equal(h->limit_used_bytes, 500000000); /* 900 MB less 400 MB of cache */
    assert_int_equal(h->usable_bytes, 2147483648ll - 500000000);
    assert_int_equal(h->n_accels, 0); /* a virtual screen */
    assert_int_equal(h->n_sensors, 0);
    assert_true(isnan(h->mhz_max));
    assert_true(h->mhz_now == 2899.998);
    assert_null(h->governor);
    done(&s);
}

static void amd_server(void **state) {
    seen s = look("amd-server");
    pr_hw *h = &s.hw;
    assert_int_equal(h->n_sockets, 2);
    assert_int_equal(h->n_cores, 32);
    assert_int_equal(h->n_threads, 64);
    assert_int_equal(h->n_usable, 16);
    assert_int_equal(h->cgroup_version, 1);
    assert_int_equal(h->limit_bytes, 68719476736ll);
    assert_int_equal(h->limit_used_bytes, 3000000000ll);
    check_cache(h, 3, 3, 'u', 16384 << 10, 16, 8, 8);
    assert_int_equal(h->n_nodes, 2);
    assert_string_equal(h->nodes[1].cpus, "16-31,48-63");
    assert_int_equal(h->n_accels, 1); /* the management chip's screen is none */
    assert_string_equal(h->accels[0].name, "NVIDIA L4");
    assert_int_equal(h->accels[0].vendor, 0x10de);
    assert_int_equal(h->n_sensors, 3);
    done(&s);
}

static void the_id_is_of_what_decides_speed(void **state) {
    seen s = look("intel-laptop");
    pr_hw again, other;
    assert_int_equal(strlen(s.hw.id), 64);
    pare_err e = {0};
    machine_write(s.root, "sys/class/power_supply/BAT0/energy_now", "1000000");
    CHECK_OK(pr_hw_read(s.root, &again, s.a, &e), e);
    assert_string_equal(again.id, s.hw.id);
    machine_write(s.root, "proc/self/status", "Cpus_allowed_list:\t0-3\n");
    CHECK_OK(pr_hw_read(s.root, &other, s.a, &e), e);
    assert_int_equal(other.n_usable, 4);
    assert_string_not_equal(other.id, s.hw.id);
    done(&s);
}

/* Nonsense in any file must not break the reading. */
static void hostile_files(void **state) {
    static const char *const paths[] = {
        "sys/devices/system/cpu/online",
        "proc/self/status",
        "proc/self/cgroup",
        "proc/meminfo",
        "sys/devices/system/cpu/cpu0/cache/index0/size",
        "sys/class/power_supply/BAT0/type",
        "sys/devices/system/cpu/cpu0/topology/physical_package_id",
        "proc/cpuinfo",
        "sys/devices/system/node/node0/meminfo",
        "sys/bus/pci/devices/0000:00:02.0/class"};
    static const char *const texts[] = {
        "",    "\n",      "99999999999999999999", "-5",           "0-999999999",
        "3-1", ":::\n::", "Cpus_allowed_list:",   "0::/../../..", "\xff\xfe"};
    const char *root = machine_unpack("intel-laptop");
    for (size_t i = 0; i < PR_COUNT(paths); i++) {
        static char good[1 << 16];
        char full[1024];
        snprintf(full, sizeof full, "%s/%s", root, paths[i]);
        FILE *f = fopen(full, "r");
        assert_non_null(f);
        good[fread(good, 1, sizeof good - 1, f)] = 0;
        fclose(f);
        for (size_t j = 0; j < PR_COUNT(texts); j++) {
            pr_arena *a = pr_arena_new(16 << 20);
            pare_err e = {0};
            pr_hw hw;
            machine_write(root, paths[i], texts[j]);
            CHECK_OK(pr_hw_read(root, &hw, a, &e), e);
            assert_true(hw.n_threads >= 1 && hw.n_cores >= 1 && hw.n_usable >= 1);
            assert_true(hw.n_cores <= hw.n_threads && hw.n_allowed <= hw.n_threads);
            pr_arena_free(a);
        }
        machine_write(root, paths[i], good);
    }
    check_scratch_remove(root);
}

static void no_proc_and_no_memory(void **state) {
    const char *root = check_scratch();
    pr_arena *a = pr_arena_new(16 << 20), *small = pr_arena_new(2000);
    pare_err e = {0};
    pr_hw hw;
    assert_int_equal(pr_hw_read(root, &hw, a, &e), PARE_EENV);
    check_scratch_remove(root);
    root = machine_unpack("intel-laptop");
    assert_int_equal(pr_hw_read(root, &hw, small, NULL), PARE_ENOMEM);
    assert_int_equal(hw.n_threads, 0);
    pr_arena_free(a);
    pr_arena_free(small);
    check_scratch_remove(root);
}

static void this_machine(void **state) {
    pr_arena *a = pr_arena_new(64 << 20);
    pare_err e = {0};
    pr_hw hw;
    CHECK_OK(pr_hw_read(NULL, &hw, a, &e), e);
    assert_int_equal(hw.n_threads, sysconf(_SC_NPROCESSORS_ONLN));
    assert_true(hw.memory_bytes >= sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE));
    assert_true(hw.usable_bytes > 0 && hw.usable_bytes <= hw.memory_bytes);
    int64_t left, total;
    CHECK_OK(pr_hw_storage("/tmp", &left, &total, &e), e);
    assert_true(left >= 0 && left <= total && total > 0);
    assert_int_equal(pr_hw_storage("/no/such/place", &left, &total, &e), PARE_EENV);
    pr_arena_free(a);
}

/* The kernel's flags and ours must agree (the kernel's are masked by what it saves). */
static void levels_agree_with_the_kernel(void **state) {
    pr_arena *a = pr_arena_new(64 << 20);
    pare_err e = {0};
    pr_hw hw;
    CHECK_OK(pr_hw_read(NULL, &hw, a, &e), e);
    uint32_t f = pr_cpu_flags_all();
    if (strcmp(hw.arch, "x86_64") == 0) {
        static const char *const need2[] = {"avx2", "fma", "f16c", "bmi2"};
        static const char *const need5[] = {"avx512f", "avx512bw", "avx512dq", "avx512vl",
                                            "avx512_vnni"};
        bool has2 = true, has5 = true;
        for (size_t i = 0; i < PR_COUNT(need2); i++)
            has2 = has2 && strstr(hw.features, need2[i]);
        for (size_t i = 0; i < PR_COUNT(need5); i++)
            has5 = has5 && strstr(hw.features, need5[i]);
        assert_int_equal(!!(f & PR_CPU_AVX2), has2);
        assert_int_equal(!!(f & PR_CPU_AVX512), has2 && has5);
        assert_int_equal(!!(f & PR_CPU_AVX512_BF16),
                         has5 && strstr(hw.features, "avx512_bf16"));
    }
    pr_arena_free(a);
}

static void levels_are_chosen(void **state) {
    uint32_t all = pr_cpu_flags_all(), f = 99;
    pare_err e = {0};
    unsetenv("PARE_CPU");
    CHECK_OK(pr_cpu_select(NULL, &f, &e), e);
    assert_int_equal(f, all);
    CHECK_OK(pr_cpu_select("reference", &f, &e), e);
    assert_int_equal(f, 0);
    assert_string_equal(pr_cpu_level(f), "reference");
    assert_int_equal(pr_cpu_select("sse9", &f, &e), PARE_EUSAGE);
    assert_non_null(strstr(e.msg, "sse9"));
    assert_int_equal(pr_cpu_select("avx2", &f, NULL), all & PR_CPU_AVX2 ? PARE_OK : PARE_EENV);
    assert_int_equal(f, all & PR_CPU_AVX2);
    assert_int_equal(pr_cpu_select("avx512", &f, NULL),
                     all & PR_CPU_AVX512 ? PARE_OK : PARE_EENV);
    setenv("PARE_CPU", "reference", 1);
    assert_int_equal(pr_cpu_flags(), 0);
    setenv("PARE_CPU", "sse9", 1);
    assert_int_equal(pr_cpu_select("", &f, &e), PARE_EUSAGE);
    assert_int_equal(f, 0);
    unsetenv("PARE_CPU");
    char names[200];
    pr_cpu_names(PR_CPU_AVX2 | PR_CPU_NEON, names, sizeof names);
    assert_string_equal(names, "avx2 neon");
    pr_cpu_names(PR_CPU_AVX2 | PR_CPU_NEON, names, 7);
    assert_string_equal(names, "avx2 n");
}

static void bandwidth_is_a_rate(void **state) {
    pr_pool *p;
    pare_err e = {0};
    pr_hw_bw b;
    CHECK_OK(pr_pool_new(&p, 2, &e), e);
    CHECK_OK(pr_hw_bandwidth(p, 16 << 20, 0.01, &b, &e), e);
    assert_true(b.n_runs >= 3 && b.median_gb_s > 0 && b.best_gb_s >= b.median_gb_s);
    /* no machine reads 10 TB/s through two threads: the reading was not optimised away */
    assert_true(b.best_gb_s < 10000);
    pr_pool_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intel_laptop),      cmocka_unit_test(intel_laptop_devices),
        cmocka_unit_test(raspberry_pi_5),    cmocka_unit_test(container_cgroup2),
        cmocka_unit_test(amd_server),        cmocka_unit_test(the_id_is_of_what_decides_speed),
        cmocka_unit_test(hostile_files),     cmocka_unit_test(no_proc_and_no_memory),
        cmocka_unit_test(this_machine),      cmocka_unit_test(levels_agree_with_the_kernel),
        cmocka_unit_test(levels_are_chosen), cmocka_unit_test(bandwidth_is_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
