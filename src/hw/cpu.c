/* cpu.c - which instructions this CPU and system can run, and the level that
 * PARE_CPU cuts them to. Always true: a flag is set only if the operating
 * system also saves the registers that the instructions use.
 *
 * Bits: Intel 64 SDM vol. 2A, CPUID (leaves 1, 7, 0xd) and vol. 1 ch. 13.3
 * (XCR0); AMD64 APM vol. 3 appendix E. Arm: the kernel's hwcaps. */
#include "hw/hw.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint32_t flag;
    const char *name;
} cpu_name;

static const cpu_name cpu_names[] = {
    {PR_CPU_AVX2, "avx2"},
    {PR_CPU_AVX512, "avx512"},
    {PR_CPU_AVX_VNNI, "avx_vnni"},
    {PR_CPU_AVX512_BF16, "avx512_bf16"},
    {PR_CPU_AVX512_FP16, "avx512_fp16"},
    {PR_CPU_AVX512_VBMI, "avx512_vbmi"},
    {PR_CPU_AMX_INT8, "amx_int8"},
    {PR_CPU_AMX_BF16, "amx_bf16"},
    {PR_CPU_NEON, "neon"},
    {PR_CPU_DOTPROD, "dotprod"},
    {PR_CPU_I8MM, "i8mm"},
    {PR_CPU_FP16, "fp16"},
    {PR_CPU_BF16, "bf16"},
    {PR_CPU_SVE, "sve"},
    {PR_CPU_SVE2, "sve2"},
    {PR_CPU_RVV, "rvv"},
};

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static bool has(uint32_t word, int bit) {
    return (word >> bit) & 1;
}

/* XCR0: which register files the system saves. Only if CPUID says OSXSAVE. */
static uint64_t xcr0_read(void) {
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

/* Leaf 7: what goes beyond AVX. `b`, `c`, `d` of sub-leaf 0; `a1` of sub-leaf 1. */
static uint32_t zmm_flags(uint32_t b, uint32_t c, uint32_t d, uint32_t a1) {
    /* F 16, DQ 17, BW 30, VL 31 in EBX; VNNI 11 in ECX */
    if (!(has(b, 16) && has(b, 17) && has(b, 30) && has(b, 31) && has(c, 11))) return 0;
    uint32_t f = PR_CPU_AVX512;
    if (has(a1, 5)) f |= PR_CPU_AVX512_BF16;
    if (has(d, 23)) f |= PR_CPU_AVX512_FP16;
    if (has(c, 1)) f |= PR_CPU_AVX512_VBMI;
    return f;
}

uint32_t pr_cpu_flags_all(void) {
    uint32_t a, b, c, d, a1 = 0, b1, c1, d1;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    bool fma = has(c, 12), osxsave = has(c, 27), avx = has(c, 28), f16c = has(c, 29);
    if (!osxsave || !avx) return 0;
    uint64_t xcr0 = xcr0_read();
    if ((xcr0 & 0x6) != 0x6) return 0; /* XMM and YMM */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    uint32_t max_sub = a;
    if (max_sub >= 1) __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1);
    if (!(has(b, 5) && has(b, 8) && fma && f16c)) return 0; /* AVX2, BMI2 */
    uint32_t f = PR_CPU_AVX2;
    if (has(a1, 4)) f |= PR_CPU_AVX_VNNI;
    if ((xcr0 & 0xe0) == 0xe0) f |= zmm_flags(b, c, d, a1); /* mask, ZMM 0-15, 16-31 */
    if ((xcr0 & 0x60000) == 0x60000 && has(d, 24)) {        /* tile configuration and data */
        if (has(d, 25)) f |= PR_CPU_AMX_INT8;
        if (has(d, 22)) f |= PR_CPU_AMX_BF16;
    }
    return f;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

uint32_t pr_cpu_flags_all(void) {
    unsigned long h = getauxval(AT_HWCAP), h2 = getauxval(AT_HWCAP2);
    uint32_t f = 0;
    if (h & HWCAP_ASIMD) f |= PR_CPU_NEON;
    if (h & HWCAP_ASIMDDP) f |= PR_CPU_DOTPROD;
    if (h & HWCAP_ASIMDHP) f |= PR_CPU_FP16;
    if (h & HWCAP_SVE) f |= PR_CPU_SVE;
    if (h2 & HWCAP2_SVE2) f |= PR_CPU_SVE2;
    if (h2 & HWCAP2_I8MM) f |= PR_CPU_I8MM;
    if (h2 & HWCAP2_BF16) f |= PR_CPU_BF16;
    return f;
}

#else
uint32_t pr_cpu_flags_all(void) {
    return 0;
}
#endif

/* Is `word` one of the words of `text`? */
static bool told(const char *text, const char *word) {
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p += n)
        if ((p == text || p[-1] == ' ') && (!p[n] || p[n] == ' ')) return true;
    return false;
}

/* "rv64imafdcv_zicsr": the single letters stand before the first '_'. */
static bool isa_has(const char *isa, char letter) {
    size_t n = strncmp(isa, "rv", 2) == 0 ? strcspn(isa, "_ ") : 0;
    return n > 4 && memchr(isa + 4, letter, n - 4) != NULL;
}

uint32_t pr_cpu_flags_told(const char *features) {
    static const struct {
        uint32_t    flag;
        const char *word; /* as the kernel writes it */
    } single[] = {
        {PR_CPU_AVX_VNNI, "avx_vnni"},       {PR_CPU_AVX512_BF16, "avx512_bf16"},
        {PR_CPU_AVX512_FP16, "avx512_fp16"}, {PR_CPU_AVX512_VBMI, "avx512vbmi"},
        {PR_CPU_AMX_INT8, "amx_int8"},       {PR_CPU_AMX_BF16, "amx_bf16"},
        {PR_CPU_NEON, "asimd"},              {PR_CPU_DOTPROD, "asimddp"},
        {PR_CPU_I8MM, "i8mm"},               {PR_CPU_FP16, "asimdhp"},
        {PR_CPU_BF16, "bf16"},               {PR_CPU_SVE, "sve"},
        {PR_CPU_SVE2, "sve2"}};
    uint32_t f = 0;
    for (size_t i = 0; i < PR_COUNT(single); i++)
        if (told(features, single[i].word)) f |= single[i].flag;
    if (told(features, "avx2") && told(features, "fma") && told(features, "f16c") &&
        told(features, "bmi2"))
        f |= PR_CPU_AVX2;
    if ((f & PR_CPU_AVX2) && told(features, "avx512f") && told(features, "avx512bw") &&
        told(features, "avx512dq") && told(features, "avx512vl") && told(features, "avx512_vnni"))
        f |= PR_CPU_AVX512;
    if (isa_has(features, 'v')) f |= PR_CPU_RVV;
    return f;
}

pare_status pr_cpu_select(const char *want, uint32_t *flags, pare_err *err) {
    const char *from = "";
    uint32_t all = pr_cpu_flags_all();
    *flags = 0;
    if (!want || !*want) {
        want = getenv("PARE_CPU");
        from = "PARE_CPU: ";
    }
    if (!want || !*want) return *flags = all, PARE_OK;
    if (strcmp(want, "reference") == 0) return PARE_OK;
    uint32_t need, cut;
    if (strcmp(want, "avx2") == 0)
        need = cut = PR_CPU_AVX2;
    else if (strcmp(want, "avx512") == 0)
        need = PR_CPU_AVX512, cut = all;
    else
        return pr_fail(err, PARE_EUSAGE, -1,
                       "%sunknown CPU level '%s', expected reference, avx2 or avx512", from,
                       want);
    if (!(all & need))
        return pr_fail(err, PARE_EENV, -1,
                       "%sthis CPU or its system lacks %s; the best it has is %s", from, want,
                       pr_cpu_level(all));
    *flags = cut;
    return PARE_OK;
}

uint32_t pr_cpu_flags(void) {
    uint32_t flags;
    return pr_cpu_select(NULL, &flags, NULL) == PARE_OK ? flags : pr_cpu_flags_all();
}

const char *pr_cpu_level(uint32_t flags) {
    if (flags & PR_CPU_AVX512) return "avx512";
    return flags & PR_CPU_AVX2 ? "avx2" : "reference";
}

void pr_cpu_names(uint32_t flags, char *dst, size_t dst_cap) {
    size_t at = 0;
    if (dst_cap == 0) return;
    dst[0] = 0;
    for (size_t i = 0; i < PR_COUNT(cpu_names); i++) {
        if (!(flags & cpu_names[i].flag)) continue;
        int n = snprintf(dst + at, dst_cap - at, "%s%s", at ? " " : "", cpu_names[i].name);
        if (n < 0 || (size_t)n >= dst_cap - at) return;
        at += (size_t)n;
    }
}
