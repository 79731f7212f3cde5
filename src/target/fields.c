/* fields.c - what a target can say: the table, its words, and "not told". */
#include "fields.h"
#include <math.h>

const char *const target_kinds[] = {"laptop",    "desktop",         "phone", "board", "server",
                                    "container", "microcontroller", "other", NULL};
const char *const target_systems[] = {"linux",   "windows", "macos", "android",
                                      "ios",     "none",    NULL};

static const char *const platforms[PR_PLATFORMS] = {
    [PR_PLATFORM_OTHER] = "other",           [PR_PLATFORM_INTEL] = "intel",
    [PR_PLATFORM_NVIDIA] = "nvidia",         [PR_PLATFORM_APPLE] = "apple",
    [PR_PLATFORM_ARM_MOBILE] = "arm-mobile", [PR_PLATFORM_EDGE_TPU] = "edge-tpu",
    [PR_PLATFORM_ARM_EMBEDDED] = "arm-embedded", [PR_PLATFORM_AMD] = "amd"};

static const char *const accel_words[] = {[PR_ACCEL_GPU] = "gpu",
                                          [PR_ACCEL_NPU] = "npu",
                                          [PR_ACCEL_VPU] = "vpu",
                                          [PR_ACCEL_TPU] = "tpu",
                                          [PR_ACCEL_OTHER] = "other"};

static const char *const state_words[PR_STATES] = {"present", "usable", "beneficial"};

const char *pr_platform_name(pr_platform p) {
    return (unsigned)p < PR_PLATFORMS ? platforms[p] : platforms[PR_PLATFORM_OTHER];
}

static bool word_index(const char *word, const char *const *list, size_t n, size_t *out) {
    for (*out = 0; *out < n; ++*out)
        if (strcmp(list[*out], word) == 0) return true;
    return *out = 0, false;
}

bool pr_platform_parse(const char *word, pr_platform *out) {
    size_t i;
    bool   known = word_index(word, platforms, PR_PLATFORMS, &i);
    *out = (pr_platform)i;
    return known;
}

const char *pr_accel_state_name(pr_accel_state s) {
    return (unsigned)s < PR_STATES ? state_words[s] : state_words[0];
}

const char *target_accel_word(pr_accel_kind k) {
    return (unsigned)k < PR_COUNT(accel_words) ? accel_words[k] : "other";
}

bool target_accel_parse(const char *word, pr_accel_kind *out) {
    size_t i;
    bool   known = word_index(word, accel_words, PR_COUNT(accel_words), &i);
    *out = (pr_accel_kind)i;
    return known;
}

#define AT(section, key, kind, member) \
    { section, key, kind, offsetof(pr_target, member), false, 0, 0 }
#define NEED(section, key, kind, member) \
    { section, key, kind, offsetof(pr_target, member), true, 0, 0 }
#define COUNT(section, key, member, needed, hi) \
    { section, key, FIELD_COUNT, offsetof(pr_target, member), needed, 1, hi }
#define NUMBER(section, key, member, lo, hi) \
    { section, key, FIELD_NUMBER, offsetof(pr_target, member), false, lo, hi }

const target_field target_fields[] = {
    NEED(NULL, "name", FIELD_TEXT, name),
    AT(NULL, "about", FIELD_TEXT, about),
    NEED(NULL, "platform", FIELD_PLATFORM, platform),
    AT(NULL, "kind", FIELD_KIND, kind),
    NEED(NULL, "os", FIELD_OS, os),
    NEED(NULL, "arch", FIELD_TEXT, arch),
    AT("cpu", "model", FIELD_TEXT, cpu_model),
    COUNT("cpu", "cores", n_cores, true, 65536),
    COUNT("cpu", "threads", n_threads, false, 65536),
    COUNT("cpu", "fast_cores", n_fast, false, 65536),
    NUMBER("cpu", "mhz", mhz, 1, 1e5),
    AT("cpu", "simd", FIELD_WORDS, simd),
    AT("cpu", "cache", FIELD_BYTES, cache_bytes),
    NEED("memory", "bytes", FIELD_BYTES, memory_bytes),
    AT("memory", "available", FIELD_BYTES, memory_available),
    AT("storage", "bytes", FIELD_BYTES, storage_bytes),
    AT("storage", "free", FIELD_BYTES, storage_free),
    AT("storage", "read", FIELD_BYTE_PEAK, storage_read),
    AT("power", "battery", FIELD_YES, has_battery),
    NUMBER("power", "battery_wh", battery_wh, 0, 1e6),
    NUMBER("power", "watts", watts, 1e-6, 1e6),
    AT("network", "offline", FIELD_YES, is_offline),
    AT("network", "metered", FIELD_YES, is_metered),
    AT("network", "down", FIELD_RATE, down_bytes_s),
    AT("peaks", "bandwidth", FIELD_BYTE_PEAK, bandwidth),
    AT("peaks", "f32", FIELD_OP_PEAK, f32),
    AT("peaks", "int8", FIELD_OP_PEAK, int8),
    AT(NULL, "runners", FIELD_WORDS, runners),
    AT("limits", "file", FIELD_BYTES, limit_file_bytes),
    AT("limits", "memory", FIELD_BYTES, limit_memory_bytes),
    AT("limits", "download", FIELD_BYTES, limit_download_bytes),
    NUMBER("limits", "download_seconds", limit_download_s, 1e-3, 1e9),
    NUMBER("limits", "watts", limit_watts, 1e-6, 1e6),
    NUMBER("limits", "latency_ms", limit_latency_ms, 1e-6, 1e9),
};
const size_t target_n_fields = PR_COUNT(target_fields);

#undef AT
#define AT(key, kind, member, needed) \
    { NULL, key, kind, offsetof(pr_target_accel, member), needed, 0, 0 }

const target_field target_accel_fields[] = {
    AT("kind", FIELD_ACCEL, kind, true),
    AT("name", FIELD_TEXT, name, true),
    AT("vendor", FIELD_TEXT, vendor, false),
    AT("driver", FIELD_TEXT, driver, false),
    AT("state", FIELD_STATE, state, false),
    AT("reason", FIELD_TEXT, reason, false),
    AT("unified", FIELD_YES, unified, false),
    AT("memory", FIELD_BYTES, memory_bytes, false),
    AT("bandwidth", FIELD_BYTE_PEAK, bandwidth, false),
    AT("f16", FIELD_OP_PEAK, f16, false),
    AT("int8", FIELD_OP_PEAK, int8, false),
    AT("runners", FIELD_WORDS, runners, false),
};
const size_t target_n_accel_fields = PR_COUNT(target_accel_fields);

static void clear_fields(const target_field *fields, size_t n, void *obj) {
    for (size_t i = 0; i < n; i++) {
        void *at = (char *)obj + fields[i].offset;
        switch (fields[i].kind) {
        case FIELD_COUNT:
        case FIELD_BYTES:
            *(int64_t *)at = -1;
            break;
        case FIELD_NUMBER:
        case FIELD_RATE:
            *(double *)at = NAN;
            break;
        case FIELD_YES:
            *(int *)at = -1;
            break;
        case FIELD_BYTE_PEAK:
        case FIELD_OP_PEAK:
            *(pr_peak *)at = (pr_peak){NAN, NAN, NAN, PR_BASIS_NONE, NULL};
            break;
        default:
            break; /* zero is "not told" */
        }
    }
}

void target_clear(pr_target *t) {
    memset(t, 0, sizeof *t);
    clear_fields(target_fields, target_n_fields, t);
    t->kind = "other";
}

void target_accel_clear(pr_target_accel *x) {
    memset(x, 0, sizeof *x);
    clear_fields(target_accel_fields, target_n_accel_fields, x);
    x->state = PR_STATE_BENEFICIAL;
}
