/* accel.c - accelerators that the kernel shows: PCI by class, platform devices by
 * their graphics or compute node, USB by id. Always true: one device is listed once,
 * and being listed claims presence only. Class codes: PCI Code and ID Assignment
 * Specification 1.16; vendor and device numbers: the pci.ids and usb.ids lists. */
#include "sysfile.h"
#include <stdlib.h>

enum { ACCELS_MAX = 64 };

static void accel_add(pr_hw *hw, pr_hw_accel a) {
    if (hw->n_accels < ACCELS_MAX) hw->accels[hw->n_accels++] = a;
}

/* Graphics that only show a picture: management chips and virtual screens. */
static bool is_screen_only(int64_t vendor) {
    static const int screens[] = {0x1a03 /* ASPEED */,      0x102b /* Matrox */,
                                  0x1234 /* QEMU */,        0x1013 /* Cirrus */,
                                  0x15ad /* VMware */,      0x80ee /* VirtualBox */,
                                  0x1b36 /* Red Hat QXL */, 0x1af4 /* virtio */,
                                  0x1414 /* Hyper-V */,     0x1d0f /* Amazon */};
    for (size_t i = 0; i < PR_COUNT(screens); i++)
        if (screens[i] == vendor) return true;
    return false;
}

static const char *vendor_name(int64_t vendor) {
    switch (vendor) {
    case 0x10de:
        return "NVIDIA";
    case 0x1002:
        return "AMD";
    case 0x1022:
        return "AMD";
    case 0x8086:
        return "Intel";
    case 0x1ac1:
        return "Google";
    case 0x1da3:
        return "Habana";
    case 0x1e60:
        return "Hailo";
    default:
        return NULL;
    }
}

/* Kind of a PCI device; false: not an accelerator. */
static bool pci_kind(int64_t class_code, int64_t vendor, int64_t device, const char *driver,
                     pr_accel_kind *kind) {
    int64_t top = class_code >> 8;
    if (vendor == 0x1ac1 && device == 0x089a) return *kind = PR_ACCEL_TPU, true; /* Coral */
    if (vendor == 0x1e60) return *kind = PR_ACCEL_NPU, true;                     /* Hailo */
    if (driver && strcmp(driver, "amdxdna") == 0) return *kind = PR_ACCEL_NPU, true;
    if (top == 0x0300 || top == 0x0302 || top == 0x0380)
        return *kind = PR_ACCEL_GPU, !is_screen_only(vendor);
    if (top == 0x1200) {
        *kind = driver && strcmp(driver, "intel_vpu") == 0 ? PR_ACCEL_NPU : PR_ACCEL_OTHER;
        return true;
    }
    return false;
}

static const char *kind_word(pr_accel_kind k) {
    return k == PR_ACCEL_GPU   ? "graphics"
           : k == PR_ACCEL_NPU ? "neural processor"
           : k == PR_ACCEL_TPU ? "tensor processor"
                               : "accelerator";
}

static void read_pci(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/bus/pci/devices", &names);
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/bus/pci/devices/%s", names[i]);
        int64_t class_code, vendor, device, vram = -1;
        pr_accel_kind kind;
        if (!tree_i64(t, &class_code, "%s/class", base) ||
            !tree_i64(t, &vendor, "%s/vendor", base) ||
            !tree_i64(t, &device, "%s/device", base))
            continue;
        const char *uevent = tree_textf(t, "%s/uevent", base);
        const char *driver = uevent ? tree_field(t, uevent, "DRIVER") : NULL;
        if (!pci_kind(class_code, vendor, device, driver, &kind)) continue;
        const char *info = tree_textf(t, "proc/driver/nvidia/gpus/%s/information", names[i]);
        const char *name = info ? tree_field(t, info, "Model") : NULL,
                   *maker = vendor_name(vendor);
        if (!name)
            name = maker ? tree_str(t, "%s %s [%04x]", maker, kind_word(kind), (int)device)
                         : tree_str(t, "%s [%04x:%04x]", kind_word(kind), (int)vendor,
                                    (int)device);
        (void)tree_i64(t, &vram, "%s/mem_info_vram_total", base);
        accel_add(hw, (pr_hw_accel){kind, name, driver, tree_str(t, "pci %s", names[i]),
                                    (int)vendor, (int)device, vram});
    }
}

/* Display pipelines without a shader core, and what draws into plain memory. */
static bool is_display_driver(const char *driver) {
    static const char *const list[] = {"vc4-drm",   "vc4_drm",      "simple-framebuffer",
                                       "simpledrm", "rockchip-drm", "imx-drm",
                                       "sun4i-drm", "meson-drm",    "mediatek-drm",
                                       "vkms",      "evdi",         "virtio_gpu"};
    for (size_t i = 0; i < PR_COUNT(list); i++)
        if (strcmp(driver, list[i]) == 0) return true;
    return false;
}

/* Nodes of `folder` named `prefix`N whose device is not on PCI (those are above). */
static void read_platform(hw_tree *t, pr_hw *hw, const char *folder, const char *prefix,
                          pr_accel_kind kind) {
    const char **names;
    size_t n = tree_list(t, folder, &names), n_prefix = strlen(prefix);
    for (size_t i = 0; i < n; i++) {
        const char *digits = names[i] + PR_MIN(n_prefix, strlen(names[i]));
        if (strncmp(names[i], prefix, n_prefix) != 0 || !*digits ||
            digits[strspn(digits, "0123456789")])
            continue;
        const char *base = tree_str(t, "%s/%s/device", folder, names[i]);
        const char *uevent = tree_textf(t, "%s/uevent", base);
        const char *driver = uevent ? tree_field(t, uevent, "DRIVER") : NULL;
        if (!driver || tree_exists(t, "%s/vendor", base) || is_display_driver(driver)) continue;
        const char *made_for = tree_field(t, uevent, "OF_COMPATIBLE_0");
        pr_accel_kind k = strcmp(driver, "RKNPU") == 0 ? PR_ACCEL_NPU : kind;
        accel_add(hw, (pr_hw_accel){k, made_for ? made_for : driver, driver,
                                    tree_str(t, "platform %s", names[i]), -1, -1, -1});
    }
}

static void read_usb(hw_tree *t, pr_hw *hw) {
    static const struct {
        int vendor, product; /* product 0: any */
        pr_accel_kind kind;
        const char *name;
    } known[] = {{0x1a6e, 0x089a, PR_ACCEL_TPU, "Coral USB Accelerator"},
                 {0x18d1, 0x9302, PR_ACCEL_TPU, "Coral USB Accelerator"},
                 {0x03e7, 0, PR_ACCEL_NPU, "Intel Movidius Myriad"}};
    const char **names;
    size_t n = tree_list(t, "sys/bus/usb/devices", &names);
    for (size_t i = 0; i < n; i++) {
        const char *v = tree_textf(t, "sys/bus/usb/devices/%s/idVendor", names[i]);
        const char *p = tree_textf(t, "sys/bus/usb/devices/%s/idProduct", names[i]);
        if (!v || !p) continue;
        long vendor = strtol(v, NULL, 16), product = strtol(p, NULL, 16);
        for (size_t j = 0; j < PR_COUNT(known); j++)
            if (known[j].vendor == vendor && (!known[j].product || known[j].product == product))
                accel_add(hw, (pr_hw_accel){known[j].kind, known[j].name, NULL,
                                            tree_str(t, "usb %s", names[i]), -1, -1, -1});
    }
}

void hw_read_accels(hw_tree *t, pr_hw *hw) {
    hw->accels = tree_get(t, ACCELS_MAX, sizeof *hw->accels);
    if (!hw->accels) return;
    read_pci(t, hw);
    read_platform(t, hw, "sys/class/drm", "card", PR_ACCEL_GPU);
    read_platform(t, hw, "sys/class/accel", "accel", PR_ACCEL_NPU);
    read_usb(t, hw);
}
