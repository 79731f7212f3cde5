/* target.h - the door of `target`: a machine one is not on, said in a YAML file.
 *
 *   pr_target t;
 *   PR_TRY(pr_target_read("raspberry-pi-5", arena, &t, err));  // a shipped one, or FILE.yaml
 *   pr_target_bounds b = pr_target_bounds_of(&t);
 *   if (b.memory.value >= 0 && need > b.memory.value) log("too much: %s", b.memory.why);
 *   if (!isnan(t.bandwidth.value)) …                           // bytes/s, stated or measured
 *
 *   pr_target_of_hw(&hw, arena, &here, err);                   // the present machine as one
 *   pr_target_put(&here, &buf);                                // as YAML
 *
 * docs/hardware.md is the file's description; `targets/` holds those that are shipped, and they
 * are compiled in. What a file does not say is -1, NAN, NULL or "not told", as said per field:
 * never a guess. A figure that somebody published has the basis STATED and a source, one that a
 * machine gave has MEASURED and bounds. Text lives in the arena. A target does not change once
 * read: any thread may look. */
#ifndef PR_TARGET_H
#define PR_TARGET_H
#include "base/base.h"
#include "doc/doc.h"
#include "hw/hw.h"

enum { PR_TARGET_ACCELS = 16, PR_TARGET_WORDS = 32, PR_TARGET_BYTES_MAX = 1 << 16 };

/* By what the field's table of frameworks chooses. */
typedef enum {
    PR_PLATFORM_OTHER,        /* AMD without NVIDIA, RISC-V …: the table has no row */
    PR_PLATFORM_INTEL,        /* an Intel CPU, with or without Intel's GPU and NPU */
    PR_PLATFORM_NVIDIA,       /* an NVIDIA GPU that computes */
    PR_PLATFORM_APPLE,        /* Apple silicon, macOS or iOS (Linux on it is ARM_EMBEDDED) */
    PR_PLATFORM_ARM_MOBILE,   /* an Arm phone or tablet */
    PR_PLATFORM_EDGE_TPU,     /* a Coral Edge TPU */
    PR_PLATFORM_ARM_EMBEDDED, /* an Arm board or microcontroller */
    PR_PLATFORM_AMD,          /* an AMD CPU, with or without its GPU and NPU */
    PR_PLATFORMS
} pr_platform;
/* "intel", "arm-mobile", …: as in the files. */
const char *pr_platform_name(pr_platform p);
/* False: no such word; *out is OTHER. */
bool pr_platform_parse(const char *word, pr_platform *out);

typedef enum { PR_BASIS_NONE, PR_BASIS_STATED, PR_BASIS_MEASURED } pr_basis;

/* A rate at its highest. `value` in bytes/s or operations/s (a multiply and an add are two);
 * NAN: not told. `lo`, `hi`: least and most that was seen, NAN if stated. */
typedef struct {
    double      value, lo, hi;
    pr_basis    basis;
    const char *source; /* who says so, or how it was measured; NULL: not told */
} pr_peak;

/* "present", "usable", "beneficial". */
const char *pr_accel_state_name(pr_accel_state s);

typedef struct {
    pr_accel_kind  kind;
    const char    *name;          /* never NULL */
    const char    *vendor;        /* "nvidia", "intel", …; NULL: not told */
    const char    *driver;        /* NULL: not told */
    pr_accel_state state;         /* in a file: beneficial where not told otherwise */
    const char    *reason;        /* why no further than `state`; NULL: not told */
    int            unified;       /* 1: works in main memory, 0: has its own, -1 not told */
    int64_t        memory_bytes;  /* its own; -1: not told, or unified */
    pr_peak        bandwidth;     /* of the memory it works in, bytes/s */
    pr_peak        f16, int8;     /* operations/s, dense */
    const char   **runners;       /* pare's runners that can use it ("openvino"); may be NULL */
    size_t         n_runners;
} pr_target_accel;

typedef struct {
    const char *name;   /* "raspberry-pi-5": letters, digits, '-', '.', '_' */
    const char *about;  /* one line */
    const char *source; /* path of the file, "shipped", "this machine" */
    pr_platform platform;
    const char *kind; /* "laptop", "desktop", "phone", "board", "server", "container",
                         "microcontroller", "other" */
    const char *os;   /* "linux", "windows", "macos", "android", "ios", "none"; never NULL */
    const char *arch; /* "x86_64", "aarch64", "armv7", "riscv64", …; never NULL */

    const char  *cpu_model;          /* NULL: not told */
    int64_t      n_cores, n_threads; /* cores ≥ 1; threads that may be used, -1: not told */
    int64_t      n_fast;             /* of big.LITTLE: cores of the fastest kind; -1: not told */
    double       mhz;                /* highest clock; NAN: not told */
    const char **simd;               /* "avx2", "neon", "dotprod", … as pr_cpu_names; may be NULL */
    size_t       n_simd;
    int64_t      cache_bytes; /* of the last level; -1: not told */

    int64_t memory_bytes;     /* RAM; never -1 */
    int64_t memory_available; /* what programs get of it; -1: not told */
    int64_t storage_bytes, storage_free; /* -1: not told */
    pr_peak storage_read;                /* bytes/s */

    int    has_battery; /* 1 yes, 0 no, -1 not told */
    double battery_wh;  /* NAN: not told */
    double watts;       /* that the machine may draw for long; NAN: not told */

    int    is_offline, is_metered; /* 1 yes, 0 no, -1 not told */
    double down_bytes_s;           /* of its way to the network; NAN: not told */

    pr_peak bandwidth; /* of main memory, read by all cores, bytes/s */
    pr_peak f32, int8; /* operations/s of all cores; int8: with dot products where it has them */

    pr_target_accel accels[PR_TARGET_ACCELS];
    size_t          n_accels;

    const char **runners; /* pare's runners that can run there; NULL: not told (any) */
    size_t       n_runners;

    /* What whoever deploys there asks for; -1 or NAN: nothing. */
    int64_t limit_file_bytes, limit_memory_bytes, limit_download_bytes;
    double  limit_download_s; /* with down_bytes_s: how long a download may take */
    double  limit_watts, limit_latency_ms;
} pr_target;

/* A target of targets/ by its name, or a file: what holds a '/' or ends in .yaml or .yml is a
 * path. EINPUT with the key, what was found and what was expected; an unknown name lists those
 * that are known. `*out` is zero then. */
pare_status pr_target_read(const char *path_or_name, pr_arena *a, pr_target *out, pare_err *err);
/* The same of text; `source` goes into out->source and errors. */
pare_status pr_target_parse(pr_str text, const char *source, pr_arena *a, pr_target *out,
                            pare_err *err);

/* Shipped targets in order of their names: name and text of the i-th; false past the end. */
bool pr_target_shipped(size_t i, const char **name, pr_str *text);

/* One bound and where it comes from ("storage.free"); value -1 or NAN: none, why NULL. */
typedef struct {
    double      value;
    const char *why;
} pr_target_bound;
typedef struct {
    pr_target_bound file;     /* bytes of all that is installed: limits.file, storage.free,
                                 limits.download, network.down × limits.download_seconds */
    pr_target_bound memory;   /* bytes of weights + state + workspace: limits.memory,
                                 memory.available, memory.bytes */
    pr_target_bound download; /* bytes over the network: limits.download, or what it can get in
                                 limits.download_seconds; 0 if it is offline */
    pr_target_bound watts;    /* limits.watts, power.watts */
    pr_target_bound latency;  /* ms per token: limits.latency_ms */
} pr_target_bounds;
/* The least of everything that limits each. An offline machine downloads nothing; its files
 * come by other ways, so that `file` is then not limited by the network. */
pr_target_bounds pr_target_bounds_of(const pr_target *t);

/* The present machine as a target: what `hw` says, no peaks (the caller puts measured ones in),
 * no limits but the control group's memory. */
pare_status pr_target_of_hw(const pr_hw *hw, pr_arena *a, pr_target *out, pare_err *err);
/* A machine as `pare hw --json` tells it, into `obj`. `level_flags`: what kernels choose by. */
void pr_hw_doc(const pr_hw *hw, uint32_t level_flags, pr_doc_build *b, pare_doc *obj);
/* As YAML that pr_target_parse reads back to the same values; failures stay in `b`. */
void pr_target_put(const pr_target *t, pr_buf *b);
/* As a document, every field in it, null where not told; into `obj`. */
void pr_target_doc(const pr_target *t, pr_doc_build *b, pare_doc *obj);

/* ---- measured peaks of this machine, and their cache ---- */

typedef struct {
    char    id[65];      /* pr_hw.id */
    char    state[200];  /* what else decides speed: governor, turbo, cap, profile, mains, level */
    int     n_threads;
    int64_t when;        /* seconds since 1970 */
    int     n_runs[4];   /* of the four below */
    pr_peak bandwidth, bandwidth_1; /* of main memory: all threads, one thread; bytes/s */
    pr_peak f32, int8;              /* operations/s of all threads at the level in use */
} pr_peaks;

/* Measure all four with `n_threads` (0: as pr_threads_default), about `seconds` (0: 2) in all. The
 * value is the median of the runs, lo and hi the least and the most. PARE_EENV: too little
 * memory. */
pare_status pr_peaks_measure(const pr_hw *hw, int n_threads, double seconds, const pare_ctl *ctl,
                             pr_peaks *out, pare_err *err);
/* What was measured on this machine in this state with as many threads. `folder`: NULL for
 * $XDG_CACHE_HOME/pare or ~/.cache/pare. False, with `why` in the arena: nothing was, or it does
 * not hold any more. Never fails: a file that is damaged is as none. */
bool pr_peaks_load(const pr_hw *hw, int n_threads, const char *folder, pr_arena *a, pr_peaks *out,
                   const char **why);
/* Keep it. PARE_EENV where there is no place for caches, or none to write to. */
pare_status pr_peaks_save(const pr_peaks *p, const char *folder, pare_err *err);
/* Into `obj`: {"value","lo","hi","n","unit"} each. */
void pr_peaks_doc(const pr_peaks *p, pr_doc_build *b, pare_doc *obj);

/* The live machine, with its measured peaks where they are kept. */
pare_status pr_target_here(pr_arena *a, pr_target *out, pare_err *err);
#endif
