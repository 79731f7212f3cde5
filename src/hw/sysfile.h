/* sysfile.h - reading the small text files of /proc and /sys below a root (private).
 *
 * What is missing or unreadable is NULL or false: hardware is described by what is
 * there. Only want of memory is an error, and it is sticky: look at `no_memory` once
 * at the end. Strings live in the arena. */
#ifndef PR_HW_SYSFILE_H
#define PR_HW_SYSFILE_H
#include "hw/hw.h"

enum { HW_CPUS_MAX = 4096 };

enum { HW_NOTES_MAX = 8 };

typedef struct {
    const char *root; /* no slash at its end; "" is the live machine */
    pr_arena *a;
    bool no_memory;
    const char *notes[HW_NOTES_MAX]; /* for pr_hw.notes: each once */
    int n_notes;
} hw_tree;

typedef struct {
    uint64_t w[HW_CPUS_MAX / 64];
} hw_cpus;

/* The file's text without blanks or NULs at its end; at most 1 MiB of it. NULL, with
 * errno, if it cannot be read. `path` is below the root, without a leading slash. */
const char *tree_text(hw_tree *t, const char *path);
const char *tree_textf(hw_tree *t, const char *fmt, ...) PR_PRINTF(2, 3);
/* The number a file starts with (10, or 0x16); false if there is none. */
bool tree_i64(hw_tree *t, int64_t *out, const char *fmt, ...) PR_PRINTF(3, 4);
bool tree_exists(hw_tree *t, const char *fmt, ...) PR_PRINTF(2, 3);
/* Names in a folder, in order of their numbers ("cpu2" before "cpu10"); 0 if none. */
size_t tree_list(hw_tree *t, const char *path, const char ***names);
/* A formatted string, or "" with no_memory set. */
const char *tree_str(hw_tree *t, const char *fmt, ...) PR_PRINTF(2, 3);
/* `n` zeroed elements, or NULL with no_memory set (n > 0). */
void *tree_get(hw_tree *t, size_t n, size_t size);
/* Value of "key: value" or "key=value" in `text`, up to the line's end; NULL if missing. */
const char *tree_field(hw_tree *t, const char *text, const char *key);
/* Is `word` one of the blank-separated words of `text`? */
bool tree_has_word(const char *text, const char *word);
/* Say once that something in the tree was not as it should be. */
void tree_note(hw_tree *t, const char *fmt, ...) PR_PRINTF(2, 3);
/* May this process read and write it? */
bool tree_may_use(hw_tree *t, const char *path);
/* "0-3,8" as a set; what is past HW_CPUS_MAX is left out. False if nothing was read. */
bool tree_cpus(const char *list, hw_cpus *set);
/* The set as "0-3,8", in the arena. */
const char *cpus_text(hw_tree *t, const hw_cpus *s);
int cpus_count(const hw_cpus *s);
int cpus_first(const hw_cpus *s); /* -1: empty */
bool cpus_has(const hw_cpus *s, int cpu);

/* The parts of pr_hw_read, one per file. */
void hw_read_cpu(hw_tree *t, pr_hw *hw); /* topology.c */
void hw_read_clusters(hw_tree *t, pr_hw *hw, const hw_cpus *online,
                      const char *cpuinfo); /* cluster.c */
/* "Cortex-A76", "Firestorm"; cluster.c. Arena text. */
const char *arm_core_name(hw_tree *t, long implementer, long part);
const char *arm_vendor_name(hw_tree *t, long implementer);
void hw_read_memory(hw_tree *t, pr_hw *hw);  /* limits.c */
void hw_read_accels(hw_tree *t, pr_hw *hw);  /* accel.c */
void hw_read_power(hw_tree *t, pr_hw *hw);   /* device.c: batteries, mains */
void hw_read_heat(hw_tree *t, pr_hw *hw);    /* heat.c: temperatures, throttling */
void hw_read_nets(hw_tree *t, pr_hw *hw);    /* network.c */
void hw_read_disks(hw_tree *t, pr_hw *hw);   /* disk.c */
/* How far one gets with it, into state, file, library, reason, runners …; `base`: its folder in
 * the tree. accel_state.c */
void accel_judge(hw_tree *t, pr_hw_accel *a, const char *base);
#endif
