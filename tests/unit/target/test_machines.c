/* test_machines.c - every recorded machine of tests/machines, with exactly the document that must
 * be said of it (NAME.json beside NAME.txt; tests/machines/README.md has the sources). With
 * PARE_MACHINES_WRITE set, the documents are written anew: read the difference before you keep
 * it. */
#include "pare/hw.h"
#include "recorded.h"
#include "target/target.h"

enum { NOBODY = 65534 };

/* The document of the machine below `root`, as text. As nobody where we are root, who may read
 * everything. */
static char *said_of(const char *root, const char *name) {
    pare_err  e = {0};
    pare_doc *d = NULL;
    char     *text = NULL;
    bool      is_root = geteuid() == 0;
    if (is_root) assert_int_equal(seteuid(NOBODY), 0);
    pare_status st = pare_hw(root, 0, NULL, &d, &e);
    if (is_root) assert_int_equal(seteuid(0), 0);
    if (st != PARE_OK) fail_msg("%s: %s", name, e.msg);
    CHECK_OK(pare_doc_text(d, 1, &text, NULL, &e), e);
    pare_doc_free(d);
    return text;
}

/* The first line in which two texts differ. */
static void show_difference(const char *name, const char *is, const char *should) {
    int line = 1;
    while (*is && *is == *should) line += *is == '\n', is++, should++;
    while (line > 1 && is[-1] != '\n') is--, should--;
    fail_msg("%s.json:%d: is '%.*s', should be '%.*s'", name, line, (int)strcspn(is, "\n"), is,
             (int)strcspn(should, "\n"), should);
}

/* What each is as a target. */
static const struct {
    const char *machine;
    pr_platform platform;
    const char *kind;
} as_target[] = {
    {"intel-nuc", PR_PLATFORM_INTEL, "other"},
    {"amd-laptop-xdna", PR_PLATFORM_AMD, "laptop"},
    {"jetson-orin-nx", PR_PLATFORM_NVIDIA, "board"},
    {"apple-m1-asahi", PR_PLATFORM_ARM_EMBEDDED, "laptop"},
    {"android-phone", PR_PLATFORM_ARM_MOBILE, "phone"},
    {"coral-dev-board", PR_PLATFORM_EDGE_TPU, "board"},
    {"gpu-server", PR_PLATFORM_NVIDIA, "server"},
    {"container-cgroup1", PR_PLATFORM_INTEL, "container"},
    {"visionfive-2", PR_PLATFORM_OTHER, "board"},
    {"rock-5b", PR_PLATFORM_ARM_EMBEDDED, "board"},
    {"vm-kvm", PR_PLATFORM_AMD, "other"},
    {"raspberry-pi-4-sticks", PR_PLATFORM_EDGE_TPU, "board"},
};

/* It comes back from its YAML, too. */
static void check_target(const char *root, const char *name) {
    pr_arena *a = pr_arena_new(32 << 20);
    pare_err  e = {0};
    pr_hw     hw;
    pr_target t, back;
    pr_buf    b;
    CHECK_OK(pr_hw_read(root, &hw, a, &e), e);
    CHECK_OK(pr_target_of_hw(&hw, a, &t, &e), e);
    for (size_t i = 0; i < PR_COUNT(as_target); i++)
        if (strcmp(as_target[i].machine, name) == 0 &&
            (t.platform != as_target[i].platform || strcmp(t.kind, as_target[i].kind) != 0))
            fail_msg("%s is %s, %s", name, pr_platform_name(t.platform), t.kind);
    pr_buf_init(&b, 1 << 20);
    pr_target_put(&t, &b);
    CHECK_OK(pr_target_parse((pr_str){b.p, b.n}, "again", a, &back, &e), e);
    assert_int_equal(back.n_accels, t.n_accels);
    assert_int_equal(back.memory_available, t.memory_available);
    pr_buf_done(&b);
    pr_arena_free(a);
}

static void check_machine(const char *name) {
    char        path[1024];
    pare_err    e = {0};
    pr_str      should;
    const char *root = machine_unpack(name);
    char       *is = said_of(root, name);
    pr_arena   *a = pr_arena_new(8 << 20);
    size_t      n = strlen(is);
    snprintf(path, sizeof path, "%s/%s.json", check_source("tests/machines"), name);
    is = realloc(is, n + 2);
    assert_non_null(is);
    memcpy(is + n, "\n", 2);
    if (getenv("PARE_MACHINES_WRITE")) CHECK_OK(pr_file_write(path, is, n + 1, &e), e);
    CHECK_OK(pr_file_read(path, 1 << 20, a, &should, &e), e);
    if (strcmp(is, should.p) != 0) show_difference(name, is, should.p);
    free(is);
    pr_arena_free(a);
    check_target(root, name);
    check_scratch_remove(root);
}

static void every_machine(void **state) {
    (void)state;
    pr_arena    *a = pr_arena_new(1 << 20);
    pare_err     e = {0};
    const char **names;
    size_t       n, seen = 0;
    CHECK_OK(pr_dir_list(check_source("tests/machines"), a, &names, &n, &e), e);
    for (size_t i = 0; i < n; i++) {
        char   name[256];
        size_t len = strlen(names[i]);
        if (len < 5 || strcmp(names[i] + len - 4, ".txt") != 0) continue;
        snprintf(name, sizeof name, "%.*s", (int)(len - 4), names[i]);
        check_machine(name);
        seen++;
    }
    assert_true(seen >= 12);
    pr_arena_free(a);
}

static void write_big(const char *root, const char *path, size_t n) {
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, '7', n);
    text[n] = 0;
    machine_write(root, path, text);
    free(text);
}

/* One thing wrong in an otherwise good machine. */
static const struct {
    const char *path, *text; /* text NULL: 3 MiB of digits; "->…": a link */
    const char *note;        /* NULL: none is needed */
} hostile[] = {
    {"sys/class/thermal/thermal_zone0/temp", NULL, "longer than 1 MiB"},
    {"proc/cpuinfo", NULL, "longer than 1 MiB"},
    {"etc/os-release", "->os-release", "a loop of links"},
    {"sys/class/dmi/id/product_name", "->../id/product_name", "a loop of links"},
    {"sys/class/net/wlp0s20f3", "->../net/wlp0s20f3", NULL},
    {"sys/class/drm", "->.", NULL},
    {"proc/meminfo", "MemTotal: 99999999999999999999 kB\nMemAvailable: -4 kB", "more than any"},
    {"sys/block/nvme0n1/size", "9223372036854775807", "larger than any disk"},
    {"sys/devices/system/cpu/online", "0-999999999", "more than 4095 CPUs"},
    {"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "-9223372036854775808", NULL},
    {"sys/devices/system/cpu/cpu0/cache/index0/size", "9223372036854775807M", NULL},
    {"sys/devices/system/cpu/cpu0/topology/physical_package_id", "-2147483648", NULL},
    {"sys/class/power_supply/BAT0/energy_full", "-1", NULL},
    {"sys/class/power_supply/BAT0/cycle_count", "9223372036854775807", NULL},
    {"sys/class/net/wlp0s20f3/speed", "9223372036854775807", NULL},
    {"sys/class/thermal/cooling_device0/cur_state", "9223372036854775807", NULL},
    {"sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count",
     "9223372036854775807", NULL},
    {"sys/bus/pci/devices/0000:00:02.0/class", "0x7fffffffffffffff", NULL},
    {"sys/bus/pci/devices/0000:00:02.0/vendor", "-1", NULL},
    {"sys/class/dmi/id/sys_vendor", "\xff\xfe\x01|\x1b[31m", NULL},
    {"proc/self/mounts", "/dev/nvme0n1p2 \\777\\0 ext4\n/dev/nvme0n1\n\\\n", NULL},
    {"proc/net/route", "x\n\t\n00000000\n\t00000000\t\n", NULL},
    {"proc/self/cgroup", "0::/\xff/../../..\n:::::\n9999:memory:", NULL},
    {"run/NetworkManager/devices/3", "connection-uuid", NULL},
};

/* What is right is put aside, where nothing looks. */
static void make_hostile(const char *root, const char *path, const char *text) {
    char full[1024], aside[1024];
    snprintf(full, sizeof full, "%s/%s", root, path);
    snprintf(aside, sizeof aside, "%s/aside", root);
    (void)rename(full, aside);
    if (!text) write_big(root, path, 3 << 20);
    else if (strncmp(text, "->", 2) == 0) assert_int_equal(symlink(text + 2, full), 0);
    else machine_write(root, path, text);
}

static void make_good(const char *root, const char *path) {
    char full[1024], aside[1024];
    snprintf(full, sizeof full, "%s/%s", root, path);
    snprintf(aside, sizeof aside, "%s/aside", root);
    assert_int_equal(unlink(full), 0);
    (void)rename(aside, full);
}

static void check_notes(const pr_hw *hw, const char *path, const char *note) {
    bool noted = !note;
    for (int k = 0; k < hw->n_notes && !noted; k++) noted = strstr(hw->notes[k], note);
    if (!noted) fail_msg("%s: no note '%s'", path, note);
    if (hw->n_notes > 1) fail_msg("%s: %d notes, expected one", path, hw->n_notes);
}

/* Trees that nobody means well with: always a document, with a note where something was left out,
 * and a target that its own reader takes. */
static void hostile_trees(void **state) {
    (void)state;
    const char *root = machine_unpack("intel-laptop");
    for (size_t i = 0; i < PR_COUNT(hostile); i++) {
        pr_arena   *a = pr_arena_new(64 << 20);
        pare_err    e = {0};
        pr_hw       hw;
        pr_target   t, back;
        pr_buf      b;
        make_hostile(root, hostile[i].path, hostile[i].text);
        free(said_of(root, hostile[i].path));
        CHECK_OK(pr_hw_read(root, &hw, a, &e), e);
        check_notes(&hw, hostile[i].path, hostile[i].note);
        pr_buf_init(&b, 1 << 20);
        if (pr_target_of_hw(&hw, a, &t, &e) == PARE_OK) {
            pr_target_put(&t, &b);
            CHECK_OK(pr_target_parse((pr_str){b.p, b.n}, hostile[i].path, a, &back, &e), e);
        } else
            assert_true(hw.memory_bytes <= 0);
        pr_buf_done(&b);
        pr_arena_free(a);
        make_good(root, hostile[i].path);
    }
    check_scratch_remove(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_machine),
        cmocka_unit_test(hostile_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
