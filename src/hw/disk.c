/* disk.c - what stores bytes: kind, size, removable, mounted where, how much is free. Sources: the
 * kernel's ABI/stable/sysfs-block and proc(5) (mounts). Free space is asked of the live machine
 * only: below another root there is nothing to ask. */
#include "sysfile.h"
#include <stdlib.h>

enum { DISKS_MAX = 32, SECTOR = 512 };

static const char *kind_of(hw_tree *t, const char *name, const char *base) {
    int64_t turns = -1;
    if (strncmp(name, "nvme", 4) == 0) return "nvme";
    if (strncmp(name, "vd", 2) == 0 || strncmp(name, "xvd", 3) == 0) return "virtual";
    if (strncmp(name, "mmcblk", 6) == 0) {
        const char *type = tree_textf(t, "%s/device/type", base);
        return type && strcmp(type, "SD") == 0 ? "sd card" : "emmc";
    }
    const char *model = tree_textf(t, "%s/device/model", base);
    const char *vendor = tree_textf(t, "%s/device/vendor", base);
    if (vendor && strncmp(vendor, "QEMU", 4) == 0) return "virtual";
    if (model && tree_exists(t, "%s/device/unit_descriptor", base)) return "ufs";
    /* sticks say that they turn */
    if (tree_i64(t, &turns, "%s/removable", base) && turns == 1) return "usb";
    (void)tree_i64(t, &turns, "%s/queue/rotational", base);
    return turns == 1 ? "disk" : "ssd";
}

static bool is_real(const char *name) {
    static const char *const others[] = {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"};
    for (size_t i = 0; i < PR_COUNT(others); i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0) return false;
    return strncmp(name, "mmcblk", 6) != 0 || !strstr(name, "boot");
}

/* /proc/mounts writes blanks and backslashes as \ooo. */
static const char *mount_text(hw_tree *t, const char *p, size_t n) {
    char text[1024];
    size_t at = 0;
    for (size_t i = 0; i < n && at + 1 < sizeof text; i++) {
        bool coded = p[i] == '\\' && i + 3 < n && strspn(p + i + 1, "01234567") >= 3;
        if (coded) {
            text[at++] = (char)((p[i + 1] - '0') << 6 | (p[i + 2] - '0') << 3 | (p[i + 3] - '0'));
            i += 3;
        } else
            text[at++] = p[i];
    }
    text[at] = 0;
    return tree_str(t, "%s", text);
}

/* Is `device` ("/dev/nvme0n1p2") the disk or a part of it? */
static bool is_of(const char *device, size_t n, const char *disk) {
    size_t k = strlen(disk);
    if (n < 5 + k || strncmp(device, "/dev/", 5) != 0 || strncmp(device + 5, disk, k) != 0)
        return false;
    const char *rest = device + 5 + k;
    size_t left = n - 5 - k;
    if (left && *rest == 'p') rest++, left--;
    return strspn(rest, "0123456789") >= left;
}

static const char *mount_of(hw_tree *t, const char *mounts, const char *disk) {
    const char *best = NULL;
    size_t best_n = 0;
    for (const char *p = mounts; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        size_t n = strcspn(p, " \n");
        if (p[n] != ' ' || !is_of(p, n, disk)) continue;
        const char *at = p + n + 1;
        size_t n_at = strcspn(at, " \n");
        if (!best || n_at < best_n) best = at, best_n = n_at;
    }
    return best ? mount_text(t, best, best_n) : NULL;
}

void hw_read_disks(hw_tree *t, pr_hw *hw) {
    const char **names, *mounts = tree_text(t, "proc/self/mounts");
    size_t n = tree_list(t, "sys/block", &names);
    hw->disks = tree_get(t, DISKS_MAX, sizeof *hw->disks);
    for (size_t i = 0; hw->disks && i < n && hw->n_disks < DISKS_MAX; i++) {
        const char *base = tree_str(t, "sys/block/%s", names[i]);
        int64_t sectors, removable = -1, total;
        if (!is_real(names[i]) || !tree_i64(t, &sectors, "%s/size", base) || sectors <= 0)
            continue;
        if (sectors > INT64_MAX / SECTOR) {
            tree_note(t, "/%s/size: larger than any disk, left out", base);
            continue;
        }
        (void)tree_i64(t, &removable, "%s/removable", base);
        pr_hw_disk d = {.name = names[i],
                        .kind = kind_of(t, names[i], base),
                        .model = tree_textf(t, "%s/device/model", base),
                        .bytes = sectors * SECTOR,
                        .is_removable = removable < 0 ? -1 : removable == 1,
                        .mount = mount_of(t, mounts, names[i]),
                        .free_bytes = -1};
        if (!d.model) d.model = tree_textf(t, "%s/device/name", base);
        if (strcmp(d.kind, "sd card") == 0) d.is_removable = 1;
        if (d.mount && !*t->root && pr_hw_storage(d.mount, &d.free_bytes, &total, NULL) != PARE_OK)
            d.free_bytes = -1;
        hw->disks[hw->n_disks++] = d;
    }
}
