/* accel_state.c - present → usable → beneficial: a row for each driver, and one walk through the
 * steps. Always true: a step is taken only if the one before was; `reason` says what is missing
 * for the next, or what to expect. "Usable" looks for the parts (driver, device file that this
 * process may open, the runtime library): that they work together only a run shows. Which runtime
 * drives what: the "devices" pages of llama.cpp (docs/backend), ONNX Runtime (execution
 * providers), OpenVINO (supported devices; MYRIAD ended with 2022.3). */
#include "sysfile.h"

typedef struct {
    const char *driver;
    const char *file; /* below the root; "render", "accel", "usb", "nvidia": of this device */
    const char *library[4];   /* any of these */
    const char *get;          /* how to get the library */
    const char *runners[3];   /* ends with NULL; none: no runtime of pare's can use it */
    const char *formats[3];
    bool gains;               /* worth it for a language model */
    const char *why;
} accel_row;

#define NO_RUNNER "no runtime that pare drives can use it: "

static const accel_row rows[] = {
    {"nvidia",
     "nvidia",
     {"libcuda.so.1"},
     "NVIDIA's driver package",
     {"llama.cpp", "onnxruntime"},
     {"gguf", "onnx"},
     true,
     "builds of llama.cpp and ONNX Runtime for CUDA run whole models in its own, faster "
     "memory"},
    {"nvgpu",
     "dev/nvhost-gpu",
     {"libcuda.so.1"},
     "NVIDIA's JetPack",
     {"llama.cpp", "onnxruntime"},
     {"gguf", "onnx"},
     true,
     "builds for CUDA run whole models; it shares the CPU's memory, so that prompts gain more "
     "than "
     "single tokens"},
    {"nouveau",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1",
     {"llama.cpp"},
     {"gguf"},
     false,
     "this driver leaves the clock low; with NVIDIA's own driver it would be beneficial"},
    {"amdgpu",
     "dev/kfd",
     {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"},
     "AMD's ROCm",
     {"llama.cpp"},
     {"gguf"},
     true,
     "builds of llama.cpp for HIP run whole models on it"},
    {"i915",
     "render",
     {"libze_loader.so.1", "libOpenCL.so.1"},
     "intel-opencl-icd, level-zero",
     {"openvino", "llama.cpp"},
     {"openvino", "gguf"},
     true,
     "OpenVINO's GPU plug-in runs whole models; where it shares the CPU's memory, prompts gain "
     "more "
     "than single tokens"},
    {"xe",
     "render",
     {"libze_loader.so.1", "libOpenCL.so.1"},
     "intel-opencl-icd, level-zero",
     {"openvino", "llama.cpp"},
     {"openvino", "gguf"},
     true,
     "OpenVINO's GPU plug-in runs whole models; where it shares the CPU's memory, prompts gain "
     "more "
     "than single tokens"},
    {"intel_vpu",
     "accel",
     {"libze_intel_npu.so.1", "libze_intel_vpu.so.1"},
     "Intel's linux-npu-driver",
     {"openvino"},
     {"openvino"},
     true,
     "OpenVINO's NPU plug-in runs models of fixed shapes, 4 bits symmetric; little power, not "
     "more "
     "speed"},
    {"amdxdna",
     "accel",
     {"libxrt_driver_xdna.so.2", "libxrt_driver_xdna.so"},
     "AMD's xdna-driver and XRT",
     {"onnxruntime"},
     {"onnx"},
     true,
     "ONNX Runtime with AMD's execution provider runs models of 4 and 8 bits; little power"},
    {"davinci",
     "dev/davinci0",
     {"libascendcl.so"},
     "Huawei's CANN",
     {"llama.cpp", "onnxruntime"},
     {"gguf", "onnx"},
     true,
     "builds for CANN run whole models in its own memory"},
    {"asahi",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1, mesa-vulkan-drivers",
     {"llama.cpp"},
     {"gguf"},
     true,
     "builds of llama.cpp for Vulkan run whole models; it shares the CPU's memory, so that "
     "prompts "
     "gain more than single tokens"},
    {"kgsl",
     "dev/kgsl-3d0",
     {"libOpenCL.so"},
     "the phone maker's system",
     {"llama.cpp"},
     {"gguf"},
     true,
     "builds of llama.cpp for OpenCL run whole models on Adreno; prompts gain, single tokens "
     "hardly"},
    {"msm",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1, mesa-vulkan-drivers",
     {"llama.cpp"},
     {"gguf"},
     false,
     "under Mesa the CPU is as fast: both read the same memory"},
    {"fastrpc",
     "dev/fastrpc-cdsp",
     {"libcdsprpc.so"},
     "Qualcomm's system libraries",
     {"llama.cpp", "onnxruntime"},
     {"gguf", "onnx"},
     true,
     "llama.cpp's Hexagon and ONNX Runtime's QNN builds run models of 4 and 8 bits; little "
     "power"},
    {"v3d",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1, mesa-vulkan-drivers",
     {"llama.cpp"},
     {"gguf"},
     false,
     "llama.cpp's Vulkan build runs on it, more slowly than on the cores"},
    {"panthor",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1, mesa-vulkan-drivers",
     {"llama.cpp"},
     {"gguf"},
     false,
     "llama.cpp's Vulkan build runs on it; the cores read the same memory faster"},
    {"panfrost",
     "render",
     {"libvulkan.so.1"},
     "libvulkan1, mesa-vulkan-drivers",
     {"llama.cpp"},
     {"gguf"},
     false,
     "llama.cpp's Vulkan build runs on it; the cores read the same memory faster"},
    {"mali",
     "dev/mali0",
     {"libOpenCL.so", "libmali.so.1", "libmali.so"},
     "Arm's Mali library",
     {"llama.cpp"},
     {"gguf"},
     false,
     "llama.cpp's Vulkan build runs on it; the cores read the same memory faster"},
    {"RKNPU",
     "render",
     {"librkllmrt.so", "librknnrt.so"},
     "Rockchip's rknn-llm",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "it takes models compiled by Rockchip's rknn-llm"},
    {"rocket",
     "accel",
     {"libteflon.so"},
     "mesa-libteflon",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "Mesa's delegate runs TensorFlow Lite models of 8 bits"},
    {"hailo",
     "dev/hailo0",
     {"libhailort.so.4", "libhailort.so"},
     "HailoRT",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "it takes models compiled by Hailo's own compiler"},
    {"apex",
     "dev/apex_0",
     {"libedgetpu.so.1"},
     "libedgetpu1-std",
     {NULL},
     {NULL},
     false,
     NO_RUNNER
     "it takes TensorFlow Lite models of 8 bits compiled for it; 8 MB of weights fit in"},
    {"usb-coral",
     "usb",
     {"libedgetpu.so.1"},
     "libedgetpu1-std",
     {NULL},
     {NULL},
     false,
     NO_RUNNER
     "it takes TensorFlow Lite models of 8 bits compiled for it; 8 MB of weights fit in"},
    {"usb-myriad",
     "usb",
     {"libopenvino_intel_myriad_plugin.so"},
     "OpenVINO 2022.3",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "OpenVINO drove it until 2022.3, and only convolution networks"},
    {"habanalabs",
     "accel",
     {"libSynapse.so"},
     "Intel's Gaudi software",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "it takes PyTorch programs"},
    {"qaic",
     "accel",
     {"libQAic.so"},
     "Qualcomm's Cloud AI software",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "it takes models compiled by Qualcomm's own compiler"},
    {"galcore",
     "dev/galcore",
     {"libovxlib.so", "libtim-vx.so"},
     "the board maker's system",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "it takes TensorFlow Lite models through VX"},
    {"etnaviv",
     "render",
     {"libteflon.so"},
     "mesa-libteflon",
     {NULL},
     {NULL},
     false,
     NO_RUNNER "Mesa's delegate runs TensorFlow Lite models of 8 bits"},
};

/* Drivers of other names that amount to a row: a '*' at the end, any that starts so. */
static const char *const aliases[][2] = {{"hailo_pci", "hailo"},   {"hailo1x", "hailo"},
                                         {"devdrv_device_driver", "davinci"},
                                         {"drv_davinci", "davinci"}, {"panvk", "panfrost"},
                                         {"msm_drm", "msm"},       {"adreno", "msm"},
                                         {"msm-mdss", "msm"}};

static const accel_row *row_of(const char *driver) {
    for (size_t i = 0; i < PR_COUNT(aliases); i++)
        if (strcmp(aliases[i][0], driver) == 0) driver = aliases[i][1];
    for (size_t i = 0; i < PR_COUNT(rows); i++)
        if (strcmp(rows[i].driver, driver) == 0) return &rows[i];
    return NULL;
}

/* Where libraries lie on Debian and its kin, Red Hat's, Android, JetPack and vendors' own. */
static const char *library_find(hw_tree *t, const char *name, const char *arch) {
    static const char *const folders[] = {
        "usr/lib64", "usr/lib", "usr/local/lib", "usr/local/cuda/lib64", "opt/rocm/lib",
        "opt/xilinx/xrt/lib", "usr/lib/wsl/lib", "usr/lib/aarch64-linux-gnu/nvidia",
        "usr/lib/aarch64-linux-gnu/tegra", "usr/local/Ascend/ascend-toolkit/latest/lib64",
        "vendor/lib64", "system/vendor/lib64", "system/lib64", "lib64", "lib"};
    const char *path = tree_str(t, "usr/lib/%s-linux-gnu/%s", arch, name);
    if (tree_exists(t, "%s", path)) return path;
    for (size_t i = 0; i < PR_COUNT(folders); i++) {
        path = tree_str(t, "%s/%s", folders[i], name);
        if (tree_exists(t, "%s", path)) return path;
    }
    return NULL;
}

static const char *first_named(hw_tree *t, const char *folder, const char *prefix) {
    const char **names;
    size_t n = tree_list(t, folder, &names);
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i], prefix, strlen(prefix)) == 0) return names[i];
    return NULL;
}

/* Path of the device file below the root, or NULL: the kernel did not make one. */
static const char *device_file(hw_tree *t, const pr_hw_accel *a, const accel_row *row,
                               const char *base) {
    if (strcmp(row->file, "render") == 0) {
        const char *name = first_named(t, tree_str(t, "%s/drm", base), "renderD");
        return name ? tree_str(t, "dev/dri/%s", name) : NULL;
    }
    if (strcmp(row->file, "accel") == 0) {
        const char *name = first_named(t, tree_str(t, "%s/accel", base), "accel");
        return name ? tree_str(t, "dev/accel/%s", name) : NULL;
    }
    if (strcmp(row->file, "usb") == 0) {
        int64_t bus, number;
        if (!tree_i64(t, &bus, "%s/busnum", base) || !tree_i64(t, &number, "%s/devnum", base))
            return NULL;
        return tree_str(t, "dev/bus/usb/%03lld/%03lld", (long long)bus, (long long)number);
    }
    if (strcmp(row->file, "nvidia") == 0) {
        const char *slot = strchr(a->where, ' ');
        const char *info =
            tree_textf(t, "proc/driver/nvidia/gpus/%s/information", slot ? slot + 1 : "");
        const char *minor = info ? tree_field(t, info, "Device Minor") : NULL;
        return tree_str(t, "dev/nvidia%s", minor ? minor : "0");
    }
    return row->file;
}

static const char *arch_word(hw_tree *t) {
    /* both folders are looked into: a name is enough, the loader checks the rest */
    return tree_exists(t, "usr/lib/aarch64-linux-gnu") ? "aarch64" : "x86_64";
}

/* What is missing before it can be used; NULL: nothing. */
static const char *missing_of(hw_tree *t, pr_hw_accel *a, const accel_row *row,
                              const char *base) {
    const char *file = device_file(t, a, row, base), *arch = arch_word(t), *path = NULL;
    if (!file) return "the driver made no device file for it";
    if (!tree_exists(t, "%s", file)) return tree_str(t, "/%s is not there", file);
    a->file = tree_str(t, "/%s", file);
    if (!tree_may_use(t, file))
        return tree_str(t, "/%s may not be opened by this user (its group may: ls -l)", file);
    for (size_t i = 0; i < PR_COUNT(row->library) && row->library[i] && !path; i++)
        path = library_find(t, row->library[i], arch);
    if (!path) return tree_str(t, "%s was not found: it comes with %s", row->library[0], row->get);
    a->library = tree_str(t, "/%s", path);
    return NULL;
}

void accel_judge(hw_tree *t, pr_hw_accel *a, const char *base) {
    static const char *const none[] = {NULL};
    const accel_row *row = a->driver ? row_of(a->driver) : NULL;
    bool is_usb = a->driver && strncmp(a->driver, "usb-", 4) == 0;
    a->state = PR_STATE_PRESENT;
    a->runners = row ? row->runners : none;
    a->formats = row ? row->formats : none;
    if (is_usb) a->driver = NULL; /* spoken to from user space */
    if (!a->driver && !is_usb) {
        a->reason = "no driver is bound to it";
        return;
    }
    if (!row) {
        a->reason = tree_str(t, "pare knows no runtime for the driver '%.60s'", a->driver);
        return;
    }
    const char *missing = missing_of(t, a, row, base);
    a->reason = missing ? missing : row->why;
    if (!missing) a->state = row->gains ? PR_STATE_BENEFICIAL : PR_STATE_USABLE;
}
