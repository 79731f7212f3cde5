/* test_energy.c - the meter on recorded machines whose counters the test moves. All
 * joules are exact: the readings are whole microjoules and the times whole seconds. */
#include "hw/hw.h"
#include "recorded.h"

/* cmocka's own compares as float. */
static void check_near(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.17g is not %.17g within %g", got, want, tol);
}

#define PKG "sys/class/powercap/intel-rapl:0/energy_uj"
#define HWMON "sys/class/hwmon/hwmon"
#define BAT "sys/class/power_supply/BAT0/"

static pr_energy *open_manual(const char *root) {
    pr_energy *m;
    pare_err e = {0};
    CHECK_OK(pr_energy_open_manual(&m, root, &e), e);
    return m;
}

static double tick(pr_energy *m, uint64_t now_ns) {
    double joules;
    pare_err e = {0};
    CHECK_OK(pr_energy_tick_at(m, now_ns, &joules, &e), e);
    return joules;
}

static void rapl_counts_and_wraps(void **state) {
    const char *root = machine_unpack("intel-laptop");
    pr_energy *m = open_manual(root);
    assert_null(pr_energy_why(m));
    assert_string_equal(pr_energy_source(m), "RAPL package-0: processor package");
    assert_false(pr_energy_is_sampled(m));
    assert_true(tick(m, 1) == 0);
    machine_write(root, PKG, "262143328500\n"); /* from …328000 */
    check_near(tick(m, 2), 0.0005, 1e-12);
    machine_write(root, PKG, "650\n"); /* 350 to its range of …328850, and 650 */
    check_near(tick(m, 3), 0.0015, 1e-12);
    machine_write(root, "sys/class/powercap/intel-rapl:0:0/energy_uj", "900000000");
    check_near(tick(m, 4), 0.0015, 1e-12); /* the cores are in the package already */
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void dram_is_added(void **state) {
    const char *root = machine_unpack("intel-laptop");
    machine_write(root, "sys/class/powercap/intel-rapl:0:2/name", "dram");
    machine_write(root, "sys/class/powercap/intel-rapl:0:2/energy_uj", "10");
    pr_energy *m = open_manual(root);
    assert_string_equal(pr_energy_source(m),
                        "RAPL package-0 + package-0/dram: processor package and its memory");
    machine_write(root, "sys/class/powercap/intel-rapl:0:2/energy_uj", "2000010");
    check_near(tick(m, 1), 2, 1e-12);
    /* this zone states no range: falling is a failure, not a guess */
    machine_write(root, "sys/class/powercap/intel-rapl:0:2/energy_uj", "5");
    double joules;
    pare_err e = {0};
    assert_int_equal(pr_energy_tick_at(m, 2, &joules, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "counts backwards"));
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void a_lost_counter_stays_lost(void **state) {
    const char *root = machine_unpack("intel-laptop");
    pr_energy *m = open_manual(root);
    double joules = 1;
    pare_err e = {0}, again = {0};
    machine_remove(root, PKG);
    assert_int_equal(pr_energy_tick_at(m, 1, &joules, &e), PARE_EENV);
    assert_true(joules == 0);
    assert_non_null(strstr(e.msg, "No such file"));
    machine_write(root, PKG, "5");
    assert_int_equal(pr_energy_tick_at(m, 2, &joules, &again), PARE_EENV);
    assert_string_equal(e.msg, again.msg);
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void hwmon_power_is_integrated(void **state) {
    const char *root = machine_unpack("raspberry-pi-5"),
               *file = "sys/class/hwmon/hwmon2/power1_input";
    pr_energy *m = open_manual(root);
    assert_string_equal(pr_energy_source(m),
                        "hwmon ina226/power1: the rail that this sensor is wired to");
    assert_true(pr_energy_is_sampled(m));
    uint64_t t0 = pr_now_ns() + 1000000000;
    double from = tick(m, t0); /* 4.15 W since open */
    machine_write(root, file, "6150000");
    check_near(tick(m, t0 + 2000000000) - from, 2 * (4.15 + 6.15) / 2, 1e-9);
    machine_write(root, file, "2150000");
    check_near(tick(m, t0 + 3000000000) - from, 10.3 + 4.15, 1e-9);
    check_near(tick(m, t0 + 3000000000) - from, 10.3 + 4.15, 1e-9); /* no time, no joule */
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void battery_while_it_discharges(void **state) {
    const char *root = machine_unpack("intel-laptop");
    machine_remove(root, "sys/class/powercap");
    pr_energy *m = open_manual(root); /* hwmon has only the battery's mirror: not counted */
    assert_string_equal(pr_energy_source(m), "battery BAT0: whole machine");
    uint64_t t0 = pr_now_ns() + 1000000000;
    double from = tick(m, t0), joules;
    check_near(tick(m, t0 + 10000000000) - from, 84, 1e-9);
    pare_err e = {0};
    machine_write(root, BAT "status", "Charging\n");
    assert_int_equal(pr_energy_tick_at(m, t0 + 11000000000, &joules, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "not discharging (Charging)"));
    pr_energy_close(m);
    /* current times voltage, where there is no power file; some drivers sign the current */
    machine_write(root, BAT "status", "Discharging\n");
    machine_remove(root, BAT "power_now");
    machine_write(root, BAT "current_now", "-500000");
    m = open_manual(root);
    t0 = pr_now_ns() + 1000000000;
    from = tick(m, t0);
    check_near(tick(m, t0 + 1000000000) - from, 0.5 * 15.4, 1e-9);
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void no_counter_says_why(void **state) {
    const char *root = machine_unpack("container-cgroup2");
    pr_energy *m;
    pare_err e = {0};
    double joules = 5;
    CHECK_OK(pr_energy_open(&m, root, &e), e);
    assert_string_equal(pr_energy_why(m), "no powercap, hwmon or battery counter is readable: "
                                          "powercap: none; hwmon: none; battery: none");
    assert_null(pr_energy_source(m));
    assert_int_equal(pr_energy_read(m, &joules, &e), PARE_EENV);
    assert_true(joules == 0);
    assert_string_equal(e.msg, pr_energy_why(m));
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void no_right_says_so(void **state) {
    const char *root = machine_unpack("amd-server");
    bool is_root = geteuid() == 0;
    if (is_root) assert_int_equal(seteuid(65534), 0); /* root may read anything */
    if (is_root || access(root, W_OK) == 0) {
        pr_energy *m = open_manual(root);
        if (is_root) assert_int_equal(seteuid(0), 0);
        if (!is_root) print_message("not root: own files are readable, checked as they are\n");
        if (is_root) {
            assert_non_null(strstr(pr_energy_why(m),
                                   "powercap: /sys/class/powercap/intel-rapl:0/"
                                   "energy_uj: Permission denied; hwmon: none"));
        } else {
            assert_null(pr_energy_why(m)); /* mode 400: the owner may read */
        }
        pr_energy_close(m);
    }
    /* with the right, both packages count */
    pr_energy *m = open_manual(root);
    assert_string_equal(pr_energy_source(m), "RAPL package-0 + package-1: processor package");
    pr_energy_close(m);
    check_scratch_remove(root);
}

/* Two sockets of one chip, two chips of a package each: together the machine. Of rails that
 * may hold one another the first. */
static void hwmon_packages_add_up(void **state) {
    const char *root = machine_unpack("container-cgroup2");
    machine_write(root, HWMON "0/name", "fam15h_power\n");
    machine_write(root, HWMON "0/power1_input", "30000000\n");
    machine_write(root, HWMON "1/name", "fam15h_power\n");
    machine_write(root, HWMON "1/power1_input", "20000000\n");
    pr_energy *m = open_manual(root);
    assert_string_equal(pr_energy_source(m), "hwmon fam15h_power/power1 + fam15h_power/power1: "
                                             "processor package");
    uint64_t t0 = pr_now_ns() + 1000000000;
    double from = tick(m, t0);
    check_near(tick(m, t0 + 1000000000) - from, 50, 1e-9);
    pr_energy_close(m);
    machine_write(root, HWMON "1/power1_input", "none\n"); /* half of a machine is no answer */
    m = open_manual(root);
    assert_non_null(strstr(pr_energy_why(m), "'none' is not a number"));
    pr_energy_close(m);
    machine_write(root, HWMON "1/name", "amd_energy\n");
    machine_write(root, HWMON "1/energy1_label", "Ecore000\n");
    machine_write(root, HWMON "1/energy1_input", "7\n");
    machine_write(root, HWMON "1/energy2_label", "Esocket0\n");
    machine_write(root, HWMON "1/energy2_input", "1000000\n");
    machine_write(root, HWMON "1/energy3_label", "Esocket1\n");
    machine_write(root, HWMON "1/energy3_input", "1000000\n");
    m = open_manual(root);
    assert_string_equal(pr_energy_source(m),
                        "hwmon amd_energy/Esocket0 + amd_energy/Esocket1: processor sockets");
    machine_write(root, HWMON "1/energy3_input", "4000000\n");
    check_near(tick(m, pr_now_ns()), 3, 1e-12);
    pr_energy_close(m);
    machine_write(root, HWMON "0/name", "ina226\n");
    machine_write(root, HWMON "1/name", "ina226\n");
    machine_remove(root, HWMON "1/power1_input");
    machine_write(root, HWMON "1/power1_input", "20000000\n");
    m = open_manual(root);
    assert_string_equal(pr_energy_source(m),
                        "hwmon ina226/power1: the rail that this sensor is wired to");
    pr_energy_close(m);
    check_scratch_remove(root);
}

/* Change a file that another thread reads: it sees the old one or the new one. */
static void machine_swap(const char *root, const char *path, const char *text) {
    char from[1024], to[1024];
    machine_write(root, "next", text);
    snprintf(from, sizeof from, "%s/next", root);
    snprintf(to, sizeof to, "%s/%s", root, path);
    assert_int_equal(rename(from, to), 0);
}

/* A peak that came and went between two reads: only the thread can have seen it. */
static void the_thread_sees_a_peak(void **state) {
    const char *root = machine_unpack("raspberry-pi-5"), *file = HWMON "2/power1_input";
    pr_energy *m;
    pare_err e = {0};
    double a, b = 0, without = 0;
    CHECK_OK(pr_energy_open(&m, root, &e), e);
    /* 20 tries of 0.2 s, in which it samples four times: a busy machine may miss some */
    for (int i = 0; i < 20 && b <= without; i++) {
        uint64_t t0 = pr_now_ns();
        CHECK_OK(pr_energy_read(m, &a, &e), e);
        machine_swap(root, file, "5000000000\n");
        usleep(200000);
        machine_swap(root, file, "4150000\n");
        CHECK_OK(pr_energy_read(m, &b, &e), e);
        b -= a;
        without = 4.15 * (double)(pr_now_ns() - t0) / 1e9 + 1e-9;
    }
    assert_true(b > without);
    pr_energy_close(m);
    check_scratch_remove(root);
}

static void the_thread_samples(void **state) {
    const char *root = machine_unpack("raspberry-pi-5");
    pr_energy *m;
    pare_err e = {0};
    double a, b;
    CHECK_OK(pr_energy_open(&m, root, &e), e);
    uint64_t t0 = pr_now_ns();
    CHECK_OK(pr_energy_read(m, &a, &e), e);
    uint64_t after = pr_now_ns(); /* a was read between t0 and here, however busy the machine */
    while (pr_now_ns() - t0 < 120000000) usleep(10000);
    uint64_t t1 = pr_now_ns();
    CHECK_OK(pr_energy_read(m, &b, &e), e);
    uint64_t t2 = pr_now_ns();
    /* constant 4.15 W: at least the time surely inside, at most the time surely around */
    assert_true(b - a <= 4.15 * (double)(t2 - t0) / 1e9 + 1e-9);
    assert_true(t1 < after || b - a >= 4.15 * (double)(t1 - after) / 1e9 - 1e-9);
    pr_energy_close(m);
    check_scratch_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rapl_counts_and_wraps),
        cmocka_unit_test(dram_is_added),
        cmocka_unit_test(a_lost_counter_stays_lost),
        cmocka_unit_test(hwmon_power_is_integrated),
        cmocka_unit_test(battery_while_it_discharges),
        cmocka_unit_test(no_counter_says_why),
        cmocka_unit_test(no_right_says_so),
        cmocka_unit_test(hwmon_packages_add_up),
        cmocka_unit_test(the_thread_sees_a_peak),
        cmocka_unit_test(the_thread_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
