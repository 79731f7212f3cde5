/* hw.h - the door of `hw`: what this machine is, and what it draws.
 *
 *   pr_hw hw;
 *   PR_TRY(pr_hw_read(NULL, &hw, arena, err));      // "/" of the live machine
 *   log("%s, %d of %d threads may be used", hw.cpu_model, hw.n_allowed, hw.n_threads);
 *
 *   pr_energy *e;
 *   PR_TRY(pr_energy_open(&e, NULL, err));
 *   if (pr_energy_why(e)) …                         // no counter: say why, value null
 *   PR_TRY(pr_energy_read(e, &joules_before, err)); … run …
 *   PR_TRY(pr_energy_read(e, &joules_after, err));
 *   pr_energy_close(e);
 *
 * Everything is read below a root that tests can move (tests/machines). What a
 * machine does not tell is 0, NULL or -1, as said per field: never a guess.
 * Strings live in the arena that was given. A pr_hw does not change once read:
 * any thread may look. A pr_energy may be read from any thread.
 *
 * Presence is not use: an accelerator listed here was found in the device tree of the kernel;
 * `state` says how far one gets with it. That a runtime computes right on it, only a run shows. */
#ifndef PR_HW_H
#define PR_HW_H
#include "base/base.h"

/* ---- CPU levels: what kernels choose by ---- */

enum {
    PR_CPU_AVX2 = 1u << 0,   /* AVX2 + FMA + F16C + BMI2, and the system saves YMM */
    PR_CPU_AVX512 = 1u << 1, /* AVX2 above, and F BW DQ VL VNNI, and the system saves ZMM */
    /* Below: for information and later kernels; set only where the system saves
     * the registers they need. */
    PR_CPU_AVX_VNNI = 1u << 8,
    PR_CPU_AVX512_BF16 = 1u << 9,
    PR_CPU_AVX512_FP16 = 1u << 10,
    PR_CPU_AVX512_VBMI = 1u << 11,
    PR_CPU_AMX_INT8 = 1u << 12,
    PR_CPU_AMX_BF16 = 1u << 13,
    PR_CPU_NEON = 1u << 16,
    PR_CPU_DOTPROD = 1u << 17,
    PR_CPU_I8MM = 1u << 18,
    PR_CPU_FP16 = 1u << 19,
    PR_CPU_BF16 = 1u << 20,
    PR_CPU_SVE = 1u << 21,
    PR_CPU_SVE2 = 1u << 22,
    PR_CPU_RVV = 1u << 24, /* RISC-V vectors 1.0 */
};

/* What this CPU and system can do, PARE_CPU ignored. */
uint32_t pr_cpu_flags_all(void);
/* The flags that a kernel's own list of features amounts to ("flags" or "Features" of
 * /proc/cpuinfo, or "isa" of RISC-V): for machines that are not this one. */
uint32_t pr_cpu_flags_told(const char *features);
/* What may be used: pr_cpu_flags_all() cut to the level named by the environment's
 * PARE_CPU. A value that pr_cpu_select() refuses cuts nothing here: the command
 * calls pr_cpu_select() first and stops. */
uint32_t pr_cpu_flags(void);
/* Choose a level: "reference" (no flags), "avx2" (only PR_CPU_AVX2), "avx512"
 * (all), NULL or "": what PARE_CPU says, all if it is not set. An unknown name is
 * PARE_EUSAGE; one that this CPU lacks PARE_EENV. On failure `*flags` is 0. */
pare_status pr_cpu_select(const char *want, uint32_t *flags, pare_err *err);
/* The level that `flags` amount to: "reference", "avx2" or "avx512". */
const char *pr_cpu_level(uint32_t flags);
/* Every name in `flags`, blank between ("avx2 avx512 avx_vnni"); terminated. */
void pr_cpu_names(uint32_t flags, char *dst, size_t dst_cap);

/* ---- the machine ---- */

typedef struct {
    int level;      /* 1, 2, 3 … */
    char type;      /* 'd' data, 'i' instruction, 'u' unified */
    int64_t bytes;  /* of one instance */
    int line_bytes; /* 0: not told */
    int ways;       /* 0: not told */
    int n;          /* instances in the machine */
    int n_sharing;  /* hardware threads that share one */
} pr_hw_cache;

/* Cores of one kind: big and little ones, performance and efficiency. In the order of their first
 * CPU; a machine whose cores are alike has one, without a name. */
typedef struct {
    const char *name; /* "Cortex-A76", "performance"; NULL: all cores are alike */
    const char *cpus; /* "0-3" */
    int n_cores, n_threads;
    double mhz_now, mhz_max; /* NAN: not told */
    int64_t capacity;        /* the kernel's, 1024 the fastest; -1: not told */
} pr_hw_cluster;

typedef struct {
    int id;
    int64_t memory_bytes, free_bytes; /* -1: not told */
    const char *cpus;                 /* "0-15,32-47" */
} pr_hw_node;

typedef struct {
    const char *name; /* "x86_pkg_temp" */
    double celsius;
    double critical; /* the machine switches off; NAN: not told */
    double passive;  /* the clock is lowered from here on; NAN: not told */
} pr_hw_thermal;

typedef enum {
    PR_ACCEL_GPU,
    PR_ACCEL_NPU,
    PR_ACCEL_VPU, /* a vision processor that also runs networks: Movidius */
    PR_ACCEL_TPU,
    PR_ACCEL_OTHER,
    PR_ACCEL_KINDS
} pr_accel_kind;
/* How far one gets with an accelerator. Each step needs the one before. */
typedef enum {
    PR_STATE_PRESENT,    /* the kernel shows it */
    PR_STATE_USABLE,     /* driver, device file with permission, and runtime library are there */
    PR_STATE_BENEFICIAL, /* and a runtime that pare drives can be faster with it */
    PR_STATES
} pr_accel_state;
typedef struct {
    pr_accel_kind kind;
    const char *name;     /* the kernel's or vendor's word for it; never NULL */
    const char *driver;   /* NULL: no driver is bound */
    const char *where;    /* "pci 0000:01:00.0", "platform v3d", … */
    int vendor, device;   /* PCI ids; -1: not PCI */
    int64_t memory_bytes; /* its own memory; -1: not told */
    int unified;          /* 1: works in main memory, 0: has its own, -1: not told */
    int node;             /* NUMA node; -1: not told */
    const char *file;     /* "/dev/accel/accel0"; NULL: none is known or there */
    const char *library;  /* "/usr/lib/…/libcuda.so.1"; NULL: none is known or there */
    pr_accel_state state;
    const char *reason;         /* what is missing, or what to expect of it; never NULL */
    const char *const *runners; /* pare's runners that can use it, ends with NULL */
    const char *const *formats; /* what they take, ends with NULL */
} pr_hw_accel;

typedef struct {
    const char *name, *status; /* "BAT0", "Discharging" */
    double charge;             /* 0…1; NAN: not told */
    double energy_wh;          /* now; NAN: not told */
    double power_w;            /* now, as the driver says; NAN: not told */
    double full_wh, design_wh; /* when full, and when it was new; NAN: not told */
    int64_t cycles;            /* -1: not told */
} pr_hw_battery;

typedef struct {
    const char *name;
    const char *kind; /* "ethernet", "wifi", "cellular", "virtual" */
    bool is_up, is_wireless;
    int64_t mbit_s; /* -1: not told */
    int is_metered; /* 1 yes, 0 no, -1 not told */
} pr_hw_net;

typedef struct {
    const char *name;         /* "nvme0n1" */
    const char *kind;         /* "nvme", "ssd", "disk" (turns), "usb", "sd card", "emmc",
                                 "ufs", "virtual" */
    const char *model;        /* NULL: not told */
    int64_t bytes;
    int is_removable;         /* 1 yes, 0 no, -1 not told */
    const char *mount;        /* where it, or a part of it, is mounted: the shortest; NULL: not */
    int64_t free_bytes;       /* there, for us; -1: not told (a root that is not "/") */
} pr_hw_disk;

typedef enum { PR_SENSOR_RAPL, PR_SENSOR_HWMON, PR_SENSOR_BATTERY } pr_sensor_kind;
typedef struct {
    pr_sensor_kind kind;
    const char *name;  /* "package-0", "ina226/power1", "BAT0" */
    const char *path;  /* below the root */
    const char *scope; /* what it measures, in words */
    bool is_counter;   /* it counts joules; else it shows watts */
    const char *why;   /* NULL: readable; else why not */
} pr_hw_sensor;

typedef struct {
    const char *arch;   /* "x86_64", "aarch64", …; "unknown" */
    const char *os;     /* "Debian GNU/Linux 12 (bookworm)"; NULL */
    const char *kernel; /* "6.1.0-18-amd64"; NULL */
    const char *board;  /* "LENOVO 20XW…", "Raspberry Pi 5 Model B Rev 1.0"; NULL */
    bool is_virtual;    /* the CPU says that it runs under a hypervisor */
    bool is_container;  /* the usual marks of one were found */

    const char *cpu_vendor;                   /* "GenuineIntel", "ARM"; NULL */
    const char *cpu_model;                    /* "Intel(R) Core(TM) …", "Cortex-A76"; NULL */
    int cpu_family, cpu_number, cpu_stepping; /* x86; -1 elsewhere */
    const char *features;                     /* the kernel's list, blanks between; "" */
    uint32_t cpu_flags; /* PR_CPU_…: of CPUID on the live machine, else told by `features` */
    int n_sockets, n_cores, n_threads;        /* online; ≥ 1 */
    int n_allowed;                            /* affinity of this process; 1…n_threads */
    const char *allowed;                      /* "0-7" */
    double n_quota;          /* CPUs that the container may use; INFINITY: no limit */
    int n_usable;            /* min(n_allowed, ⌈n_quota⌉), ≥ 1 */
    double mhz_now, mhz_max; /* NAN: not told */
    const char *governor;    /* NULL: not told */

    pr_hw_cluster *clusters;
    int n_clusters;
    pr_hw_cache *caches;
    int n_caches;
    pr_hw_node *nodes;
    int n_nodes;
    pr_hw_thermal *thermals;
    int n_thermals;
    int is_throttled;           /* 1: slowed down now; 0: not; -1: not told */
    const char *throttle_why;   /* what says so; NULL: nothing does */
    int64_t n_throttle_events;  /* since the start; -1: not counted */
    double mhz_cap;             /* somebody keeps the clock below mhz_max; NAN: nobody */
    int has_turbo;              /* 1 on, 0 switched off, -1 not told */
    const char *power_profile;  /* "balanced"; NULL: not told */

    int64_t memory_bytes, available_bytes; /* of the machine; -1: not told */
    int64_t swap_bytes, swap_free_bytes;
    int cgroup_version;       /* 0: none seen, 1, 2 */
    int64_t limit_bytes;      /* the container's memory limit; -1: none */
    int64_t limit_used_bytes; /* what it uses; -1: not told */
    int64_t usable_bytes;     /* min(available, limit - used); -1: not told */
    const char *container;    /* "docker", "podman", "kubernetes", "lxc", …; NULL: not told */
    const char *cpuset;       /* CPUs of the control group; NULL: not told */
    int64_t limit_swap_bytes; /* swap beyond the memory limit; -1: none */
    int64_t limit_tasks;      /* threads and processes; -1: none */
    pr_hw_disk *disks;
    int n_disks;

    pr_hw_accel *accels;
    int n_accels;
    pr_hw_battery *batteries;
    int n_batteries;
    int on_mains; /* 1 yes, 0 no, -1 not told */
    pr_hw_net *nets;
    int n_nets;
    bool is_offline; /* no interface but loopback is up */
    int has_route;   /* to elsewhere: 1 yes, 0 no, -1 not told */
    int is_metered;  /* of the interfaces that are up: 1 one is, 0 none is, -1 not told */
    pr_hw_sensor *sensors;
    int n_sensors;
    const char **notes; /* what was wrong with what was read: a file too long, a loop of links */
    int n_notes;

    /* SHA-256 in hex over what decides speed and stays (CPU, cores allowed, quota,
     * caches, memory): names the machine in the keys of records. No serial number,
     * no host name. */
    char id[65];
} pr_hw;

/* Read the machine below `root` (NULL: "/"). Fails only for want of memory, or
 * when `root` has no /proc/cpuinfo (PARE_EENV): what else is missing is left
 * out as the fields say. Borrowed strings live in `a`. */
pare_status pr_hw_read(const char *root, pr_hw *out, pr_arena *a, pare_err *err);

/* Bytes free for us, and in all, on the storage that holds `path`. PARE_EENV
 * if it cannot be asked. */
pare_status pr_hw_storage(const char *path, int64_t *free_bytes, int64_t *total_bytes,
                          pare_err *err);

/* ---- energy ---- */

typedef struct pr_energy pr_energy;

/* Open the best counters below `root` (NULL: "/"), in this order: RAPL packages
 * with their DRAM, hwmon, a discharging battery; one kind only, so that nothing
 * is counted twice. Succeeds also where there is none: then pr_energy_why() says
 * so. Starts one thread, which samples power-only sensors every 50 ms and reads
 * counters before they can wrap twice. */
pare_status pr_energy_open(pr_energy **out, const char *root, pare_err *err);
/* The same without the thread: the caller calls pr_energy_tick_at (tests). */
pare_status pr_energy_open_manual(pr_energy **out, const char *root, pare_err *err);
/* NULL if joules can be read; else the whole reason, for `reason` of a record. */
const char *pr_energy_why(const pr_energy *e);
/* What is read: "RAPL package-0 + package-0/dram: processor and its memory"; NULL if nothing.
 */
const char *pr_energy_source(const pr_energy *e);
/* true: sensors show watts and joules are their integral over samples (trapezes),
 * good for runs of many samples; false: the hardware counts joules. */
bool pr_energy_is_sampled(const pr_energy *e);
/* Joules since open; never falls. PARE_EENV when there is no counter, or one
 * stopped answering: from then on always. */
pare_status pr_energy_read(pr_energy *e, double *joules, pare_err *err);
/* Take a sample as of `now_ns` (monotonic). For pr_energy_open_manual. */
pare_status pr_energy_tick_at(pr_energy *e, uint64_t now_ns, double *joules, pare_err *err);
void pr_energy_close(pr_energy *e); /* NULL is fine */

/* ---- measured peaks ---- */

typedef struct {
    double best_gb_s, median_gb_s; /* 1 GB = 1e9 bytes */
    int n_runs;
    double least_gb_s;
} pr_hw_bw;
/* Read `bytes` (0: 256 MiB; take far more than the last cache) with every member
 * of `pool`, again and again for `seconds` (0: 0.3) and at least 3 times. */
pare_status pr_hw_bandwidth(pr_pool *pool, uint64_t bytes, double seconds, pr_hw_bw *out,
                            pare_err *err);

typedef struct {
    double best, median, least; /* operations per second; a multiply and an add are two */
    int n_runs;
} pr_hw_rate;
/* Arithmetic on registers by every member of `pool`, with the instructions that `flags` allow
 * (PR_CPU_…), for `seconds` (0: 0.3) and at least 5 times: float32 multiply-adds, or sums of
 * products of bytes. */
pare_status pr_hw_compute(pr_pool *pool, uint32_t flags, bool int8, double seconds,
                          pr_hw_rate *out, pare_err *err);
#endif
