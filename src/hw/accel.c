/* accel.c - accelerators that the kernel shows: PCI by class and id, platform devices by their
 * node or folder, USB by id. Always true: one device is listed once; how far one gets with it is
 * accel_state.c's to say. Class codes: PCI Code and ID Assignment Specification 1.16; vendor and
 * device numbers: the pci.ids and usb.ids lists and each driver's table in the kernel. */
#include "sysfile.h"
#include <stdlib.h>

enum { ACCELS_MAX = 64 };

static void accel_add(hw_tree *t, pr_hw *hw, pr_hw_accel a, const char *base) {
    if (hw->n_accels == ACCELS_MAX) return;
    if (a.unified != 1) a.unified = a.memory_bytes > 0 ? 0 : a.unified;
    accel_judge(t, &a, base);
    hw->accels[hw->n_accels++] = a;
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
    static const struct {
        int id;
        const char *name;
    } vendors[] = {{0x10de, "NVIDIA"}, {0x1002, "AMD"},    {0x1022, "AMD"},    {0x8086, "Intel"},
                   {0x1ac1, "Google"}, {0x1da3, "Habana"}, {0x1e60, "Hailo"},  {0x19e5, "Huawei"},
                   {0x17cb, "Qualcomm"}};
    for (size_t i = 0; i < PR_COUNT(vendors); i++)
        if (vendors[i].id == vendor) return vendors[i].name;
    return NULL;
}

/* Devices that their numbers tell better than their class does. Device -1: any of the vendor. */
static const struct {
    int vendor, device;
    pr_accel_kind kind;
    int unified;
    const char *name; /* NULL: made of vendor and kind */
} known_pci[] = {
    {0x1ac1, 0x089a, PR_ACCEL_TPU, 0, "Coral Edge TPU"},
    {0x1e60, 0x2864, PR_ACCEL_NPU, 0, "Hailo-8"},
    {0x1e60, 0x45c4, PR_ACCEL_NPU, 0, "Hailo-10H"},
    {0x1e60, -1, PR_ACCEL_NPU, 0, NULL},
    {0x1022, 0x1502, PR_ACCEL_NPU, 1, "AMD XDNA (Ryzen AI)"},
    {0x1022, 0x17f0, PR_ACCEL_NPU, 1, "AMD XDNA 2 (Ryzen AI)"},
    {0x8086, 0x7d1d, PR_ACCEL_NPU, 1, "Intel AI Boost (NPU 3720)"},
    {0x8086, 0xad1d, PR_ACCEL_NPU, 1, "Intel AI Boost (NPU 3720)"},
    {0x8086, 0x643e, PR_ACCEL_NPU, 1, "Intel AI Boost (NPU 4000)"},
    {0x8086, 0xb03e, PR_ACCEL_NPU, 1, "Intel AI Boost (NPU 5010)"},
    {0x19e5, 0xd100, PR_ACCEL_NPU, 0, "Huawei Ascend 310"},
    {0x19e5, 0xd500, PR_ACCEL_NPU, 0, "Huawei Ascend 310P"},
    {0x19e5, 0xd801, PR_ACCEL_NPU, 0, "Huawei Ascend 910"},
    {0x19e5, 0xd802, PR_ACCEL_NPU, 0, "Huawei Ascend 910B"},
    {0x17cb, 0xa100, PR_ACCEL_NPU, 0, "Qualcomm Cloud AI 100"},
};

/* Kind of a PCI device, into `a`; false: not an accelerator. */
static bool pci_kind(int64_t class_code, pr_hw_accel *a) {
    int64_t top = class_code >> 8;
    for (size_t i = 0; i < PR_COUNT(known_pci); i++)
        if (known_pci[i].vendor == a->vendor &&
            (known_pci[i].device < 0 || known_pci[i].device == a->device)) {
            a->kind = known_pci[i].kind;
            a->unified = known_pci[i].unified;
            a->name = known_pci[i].name;
            return true;
        }
    if (top == 0x0300 || top == 0x0302 || top == 0x0380)
        return a->kind = PR_ACCEL_GPU, !is_screen_only(a->vendor);
    if (top != 0x1200) return false; /* processing accelerators */
    a->kind = a->driver && strcmp(a->driver, "intel_vpu") == 0 ? PR_ACCEL_NPU : PR_ACCEL_OTHER;
    return true;
}

static const char *kind_word(pr_accel_kind k) {
    return k == PR_ACCEL_GPU   ? "graphics"
           : k == PR_ACCEL_NPU ? "neural processor"
           : k == PR_ACCEL_TPU ? "tensor processor"
                               : "accelerator";
}

/* AMD's tell what they have; those inside a processor carve a little out of main memory. Intel's
 * on the first bus are inside the processor. */
static void gpu_memory(hw_tree *t, pr_hw_accel *a, const char *base, const char *slot) {
    enum { AMD = 0x1002, INTEL = 0x8086, NVIDIA = 0x10de };
    int64_t bytes = -1;
    if (a->kind != PR_ACCEL_GPU) return;
    (void)tree_i64(t, &bytes, "%s/mem_info_vram_total", base);
    if (bytes <= 0) (void)tree_i64(t, &bytes, "%s/lmem_total_bytes", base);
    a->memory_bytes = bytes > 0 ? bytes : -1;
    if (a->vendor == INTEL && strcmp(slot, "0000:00:02.0") == 0 && bytes <= 0) a->unified = 1;
    if (a->vendor == NVIDIA) a->unified = 0;
    if (a->vendor == AMD && tree_exists(t, "%s/apu_thermal_cap", base)) a->unified = 1;
    if (a->unified == 1) a->memory_bytes = -1;
}

static void read_pci(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/bus/pci/devices", &names);
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/bus/pci/devices/%s", names[i]);
        int64_t class_code, vendor, device, node = -1;
        if (!tree_i64(t, &class_code, "%s/class", base) ||
            !tree_i64(t, &vendor, "%s/vendor", base) ||
            !tree_i64(t, &device, "%s/device", base))
            continue;
        const char *uevent = tree_textf(t, "%s/uevent", base);
        pr_hw_accel a = {.driver = uevent ? tree_field(t, uevent, "DRIVER") : NULL,
                         .where = tree_str(t, "pci %s", names[i]),
                         .vendor = (int)(vendor & 0xffff),
                         .device = (int)(device & 0xffff),
                         .memory_bytes = -1,
                         .unified = -1};
        if (!pci_kind(class_code, &a)) continue;
        (void)tree_i64(t, &node, "%s/numa_node", base);
        a.node = node >= 0 && node < HW_CPUS_MAX ? (int)node : -1;
        gpu_memory(t, &a, base, names[i]);
        const char *info = tree_textf(t, "proc/driver/nvidia/gpus/%s/information", names[i]);
        const char *told = info ? tree_field(t, info, "Model") : NULL;
        const char *maker = vendor_name(a.vendor);
        if (told) a.name = told;
        if (!a.name)
            a.name = maker ? tree_str(t, "%s %s [%04x]", maker, kind_word(a.kind), a.device)
                           : tree_str(t, "%s [%04x:%04x]", kind_word(a.kind), a.vendor, a.device);
        accel_add(t, hw, a, base);
    }
}

/* Display pipelines without a shader core, and what draws into plain memory. */
static bool is_display_driver(const char *driver) {
    static const char *const list[] = {
        "vc4-drm",  "vc4_drm",   "simple-framebuffer", "simpledrm",         "rockchip-drm",
        "imx-drm",  "sun4i-drm", "meson-drm",          "mediatek-drm",      "vkms",
        "evdi",     "virtio_gpu", "apple-drm",          "starfive-drm",      "mxsfb",
        "imx-dcss", "lcdif",     "tegra-host1x",       "tegra-display",     "msm_dpu"};
    for (size_t i = 0; i < PR_COUNT(list); i++)
        if (strcmp(driver, list[i]) == 0) return true;
    return false;
}

static bool is_npu_driver(const char *driver) {
    static const char *const list[] = {"RKNPU", "rocket", "ethosu", "arm-ethosu"};
    for (size_t i = 0; i < PR_COUNT(list); i++)
        if (strcmp(driver, list[i]) == 0) return true;
    return false;
}

static pr_hw_accel platform_accel(pr_accel_kind kind, const char *name, const char *driver,
                                  const char *where) {
    return (pr_hw_accel){.kind = kind, .name = name, .driver = driver, .where = where,
                         .vendor = -1, .device = -1, .memory_bytes = -1, .unified = 1, .node = -1};
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
        accel_add(t, hw,
                  platform_accel(is_npu_driver(driver) ? PR_ACCEL_NPU : kind,
                                 made_for ? made_for : driver, driver,
                                 tree_str(t, "platform %s", names[i])),
                  base);
    }
}

/* What has neither a PCI slot nor a node of drm or accel. */
static void read_special(hw_tree *t, pr_hw *hw) {
    static const struct {
        const char *sign;            /* exists if the device does */
        const char *name_file;       /* tells its name; NULL: `name` */
        const char *name, *driver, *where;
        pr_accel_kind kind;
    } special[] = {
        {"sys/class/kgsl/kgsl-3d0", "sys/class/kgsl/kgsl-3d0/gpu_model", "Adreno", "kgsl",
         "platform kgsl-3d0", PR_ACCEL_GPU},
        {"sys/class/misc/mali0", NULL, "Mali", "mali", "platform mali0", PR_ACCEL_GPU},
        {"sys/class/devfreq/17000000.ga10b", NULL, "NVIDIA Orin graphics (ga10b)", "nvgpu",
         "platform 17000000.ga10b", PR_ACCEL_GPU},
        {"sys/class/devfreq/17000000.gpu", NULL, "NVIDIA Orin graphics (ga10b)", "nvgpu",
         "platform 17000000.gpu", PR_ACCEL_GPU},
        {"sys/class/devfreq/17000000.gv11b", NULL, "NVIDIA Xavier graphics (gv11b)", "nvgpu",
         "platform 17000000.gv11b", PR_ACCEL_GPU},
        {"sys/class/devfreq/57000000.gpu", NULL, "NVIDIA Tegra X1 graphics (gm20b)", "nvgpu",
         "platform 57000000.gpu", PR_ACCEL_GPU},
        {"sys/class/misc/fastrpc-cdsp", NULL, "Qualcomm Hexagon", "fastrpc", "platform cdsp",
         PR_ACCEL_NPU},
        {"sys/class/misc/fastrpc-cdsp-secure", NULL, "Qualcomm Hexagon", "fastrpc",
         "platform cdsp", PR_ACCEL_NPU},
        {"sys/class/graphics_class/galcore", NULL, "VeriSilicon Vivante", "galcore",
         "platform galcore", PR_ACCEL_NPU},
    };
    const char *last = "";
    for (size_t i = 0; i < PR_COUNT(special); i++) {
        if (!tree_exists(t, "%s", special[i].sign) || strcmp(special[i].where, last) == 0) continue;
        const char *name =
            special[i].name_file ? tree_text(t, special[i].name_file) : special[i].name;
        last = special[i].where;
        accel_add(t, hw,
                  platform_accel(special[i].kind, name && *name ? name : special[i].name,
                                 special[i].driver, special[i].where),
                  special[i].sign);
    }
}

static void read_usb(hw_tree *t, pr_hw *hw) {
    static const struct {
        int vendor, product; /* product 0: any */
        pr_accel_kind kind;
        const char *name, *driver;
    } known[] = {{0x1a6e, 0x089a, PR_ACCEL_TPU, "Coral USB Accelerator", "usb-coral"},
                 {0x18d1, 0x9302, PR_ACCEL_TPU, "Coral USB Accelerator", "usb-coral"},
                 {0x03e7, 0x2485, PR_ACCEL_VPU, "Intel Movidius MyriadX", "usb-myriad"},
                 {0x03e7, 0x2150, PR_ACCEL_VPU, "Intel Movidius Myriad 2", "usb-myriad"},
                 {0x03e7, 0, PR_ACCEL_VPU, "Intel Movidius Myriad", "usb-myriad"}};
    const char **names;
    size_t n = tree_list(t, "sys/bus/usb/devices", &names);
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/bus/usb/devices/%s", names[i]);
        const char *v = tree_textf(t, "%s/idVendor", base),
                   *p = tree_textf(t, "%s/idProduct", base);
        if (!v || !p) continue;
        long vendor = strtol(v, NULL, 16), product = strtol(p, NULL, 16);
        for (size_t j = 0; j < PR_COUNT(known); j++) {
            if (known[j].vendor != vendor || (known[j].product && known[j].product != product))
                continue;
            pr_hw_accel a = platform_accel(known[j].kind, known[j].name, known[j].driver,
                                           tree_str(t, "usb %s", names[i]));
            a.unified = 0;
            accel_add(t, hw, a, base);
            break;
        }
    }
}

void hw_read_accels(hw_tree *t, pr_hw *hw) {
    hw->accels = tree_get(t, ACCELS_MAX, sizeof *hw->accels);
    if (!hw->accels) return;
    read_pci(t, hw);
    read_platform(t, hw, "sys/class/drm", "card", PR_ACCEL_GPU);
    read_platform(t, hw, "sys/class/accel", "accel", PR_ACCEL_NPU);
    read_special(t, hw);
    read_usb(t, hw);
}
