/* sysfile.h - reading the small text files of /proc and /sys below a root (private).
 *
 * What is missing or unreadable is NULL or false: hardware is described by what is
 * there. Only want of memory is an error, and it is sticky: look at `no_memory` once
 * at the end. Strings live in the arena. */
#ifndef PR_HW_SYSFILE_H
#define PR_HW_SYSFILE_H
#include "hw/hw.h"

enum { HW_CPUS_MAX = 4096 };

typedef struct {
    const char *root; /* no slash at its end; "" is the live machine */
    pr_arena *a;
    bool no_memory;
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
/* "0-3,8" as a set; what is past HW_CPUS_MAX is left out. False if nothing was read. */
bool tree_cpus(const char *list, hw_cpus *set);
int cpus_count(const hw_cpus *s);
int cpus_first(const hw_cpus *s); /* -1: empty */
bool cpus_has(const hw_cpus *s, int cpu);

/* The parts of pr_hw_read, one per file. */
void hw_read_cpu(hw_tree *t, pr_hw *hw);    /* topology.c */
void hw_read_memory(hw_tree *t, pr_hw *hw); /* limits.c */
void hw_read_accels(hw_tree *t, pr_hw *hw); /* accel.c */
void hw_read_power(hw_tree *t, pr_hw *hw);  /* device.c: batteries, thermals, nets */
#endif
