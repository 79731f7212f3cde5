/* scan_kind.c - what a file is, by its bytes; the name decides only between texts. Always
 * true: nothing past the `n` bytes given is read. */
#include <stdio.h>
#include "scan_in.h"

bool scan_begins(const char *s, size_t n, const char *w) {
    for (; *w; w++, s++, n--)
        if (n == 0 || scan_fold(*s) != scan_fold(*w)) return false;
    return true;
}

bool scan_ends(const char *s, size_t n, const char *w) {
    size_t k = strlen(w);
    return n >= k && scan_begins(s + n - k, k, w);
}

bool scan_is(const char *s, size_t n, const char *w) {
    return n == strlen(w) && scan_begins(s, n, w);
}

typedef struct {
    const char  *rule, *magic;
    size_t       n, at;
    pr_file_kind kind;
    const char  *what;
} magic_row;

#define M(text) text, sizeof(text) - 1
static const magic_row magics[] = {
    {"elf",
     M("\x7f"
       "ELF"),
     0, PR_FILE_CODE, "an ELF program or library"},
    {"mach-o", M("\xfe\xed\xfa\xce"), 0, PR_FILE_CODE, "a Mach-O program or library"},
    {"mach-o", M("\xfe\xed\xfa\xcf"), 0, PR_FILE_CODE, "a Mach-O program or library"},
    {"mach-o", M("\xce\xfa\xed\xfe"), 0, PR_FILE_CODE, "a Mach-O program or library"},
    {"mach-o", M("\xcf\xfa\xed\xfe"), 0, PR_FILE_CODE, "a Mach-O program or library"},
    {"mach-o", M("\xca\xfe\xba\xbe"), 0, PR_FILE_CODE, "a Mach-O or Java program"},
    {"wasm", M("\0asm"), 0, PR_FILE_CODE, "a WebAssembly module"},
    {"dex", M("dex\n03"), 0, PR_FILE_CODE, "an Android program (DEX)"},
    {"archive", M("!<arch>\n"), 0, PR_FILE_CODE, "a library of object files"},
    {"gguf", M("GGUF"), 0, PR_FILE_WEIGHTS, NULL},
    {"sqlite", M("SQLite format 3\0"), 0, PR_FILE_DATABASE, NULL},
    {"gzip", M("\x1f\x8b"), 0, PR_FILE_ARCHIVE, "compressed (gzip)"},
    {"xz",
     M("\xfd"
       "7zXZ\0"),
     0, PR_FILE_ARCHIVE, "compressed (xz)"},
    {"bzip2", M("BZh"), 0, PR_FILE_ARCHIVE, "compressed (bzip2)"},
    {"zstd", M("\x28\xb5\x2f\xfd"), 0, PR_FILE_ARCHIVE, "compressed (zstd)"},
    {"lz4", M("\x04\x22\x4d\x18"), 0, PR_FILE_ARCHIVE, "compressed (lz4)"},
    {"7z", M("7z\xbc\xaf\x27\x1c"), 0, PR_FILE_ARCHIVE, "a 7z archive"},
    {"rar", M("Rar!\x1a\x07"), 0, PR_FILE_ARCHIVE, "a RAR archive"},
    {"cab", M("MSCF\0\0\0\0"), 0, PR_FILE_ARCHIVE, "a cabinet archive"},
    {"tar", M("ustar"), 257, PR_FILE_ARCHIVE, "a tar archive"},
    {"png", M("\x89PNG\r\n\x1a\n"), 0, PR_FILE_PICTURE, NULL},
    {"jpeg", M("\xff\xd8\xff"), 0, PR_FILE_PICTURE, NULL},
    {"gif", M("GIF8"), 0, PR_FILE_PICTURE, NULL},
    {"webp", M("WEBP"), 8, PR_FILE_PICTURE, NULL},
    {"hdf5", M("\x89HDF\r\n\x1a\n"), 0, PR_FILE_ARCHIVE,
     "HDF5: Keras files of this kind may hold code"},
    {"pdf", M("%PDF-"), 0, PR_FILE_ARCHIVE, "a PDF: its text was not searched"},
};

static const char *const code_ends[] = {
    ".py",  ".pyw", ".pyc", ".pyd", ".so",  ".dll", ".dylib", ".exe", ".com",  ".bat", ".cmd",
    ".ps1", ".sh",  ".bash", ".zsh", ".js", ".mjs", ".cjs",   ".ts",  ".jar",  ".vbs", ".pl",
    ".rb",  ".lua", ".php",  ".r",   ".jl", ".ipynb", ".msi", ".scr", ".apk",  ".wasm", ".cu"};
static const char *const config_ends[] = {".json", ".jsonl", ".yaml", ".yml",   ".xml",  ".toml",
                                          ".ini",  ".cfg",   ".conf", ".jinja", ".jinja2", ".j2",
                                          ".properties", ".env", ".plist", ".pbtxt", ".proto"};
static const char *const word_names[] = {"tokenizer.json", "vocab.json", "vocab.txt",
                                         "merges.txt", "tokenizer.model", "spiece.model",
                                         "sentencepiece.bpe.model", "added_tokens.json"};

static bool one_of(const char *name, const char *const *list, size_t n, bool whole) {
    size_t k = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (whole ? scan_is(name, k, list[i]) : scan_ends(name, k, list[i])) return true;
    return false;
}

static bool is_pe(const uint8_t *p, size_t n) {
    if (n < 64 || p[0] != 'M' || p[1] != 'Z') return false;
    uint32_t at = pr_le32(p + 60);
    return at >= n - 4 || memcmp(p + at, "PE\0\0", 4) == 0;
}

/* Python's compiled code: a magic number, "\r\n", and then a word of flags 0…3. */
static bool is_pyc(const uint8_t *p, size_t n) {
    return n >= 16 && p[2] == '\r' && p[3] == '\n' && p[0] != 0 && pr_le32(p + 4) <= 3;
}

static bool is_safetensors(const uint8_t *p, size_t n, uint64_t whole) {
    if (n < 10 || p[8] != '{') return false;
    uint64_t head = pr_le64(p);
    return head >= 2 && head <= ((uint64_t)100 << 20) && head <= whole - 8;
}

/* No NUL, hardly a control character: text in some encoding. */
static bool is_text(const uint8_t *p, size_t n) {
    size_t odd = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0) return false;
        odd += p[i] < 32 && p[i] != '\n' && p[i] != '\t' && p[i] != '\r' && p[i] != '\f' &&
               p[i] != 27;
    }
    return odd * 50 <= n;
}

static pr_file_kind text_kind(const char *name, const uint8_t *p, size_t n, const char **rule,
                              const char **what) {
    const char *base = pr_path_base(name);
    if (n >= 2 && p[0] == '#' && p[1] == '!')
        return *rule = "script", *what = "a script (#!)", PR_FILE_CODE;
    if (one_of(base, code_ends, PR_COUNT(code_ends), false))
        return *rule = "source", *what = "program text, by its name", PR_FILE_CODE;
    if (one_of(base, word_names, PR_COUNT(word_names), true)) return PR_FILE_WORDS;
    if (one_of(base, config_ends, PR_COUNT(config_ends), false)) return PR_FILE_CONFIG;
    size_t k = strlen(base);
    if (scan_ends(base, k, ".html") || scan_ends(base, k, ".htm") || scan_ends(base, k, ".svg"))
        return PR_FILE_PAGE;
    return PR_FILE_TEXT;
}

static pr_file_kind binary_kind(const char *name, const uint8_t *p, size_t n, const char **rule,
                                const char **what) {
    const char *base = pr_path_base(name);
    size_t      k = strlen(base);
    if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return *rule = "utf-16", *what = "text in UTF-16", PR_FILE_BINARY;
    if (one_of(base, word_names, PR_COUNT(word_names), true)) return PR_FILE_WORDS;
    if (one_of(base, code_ends, PR_COUNT(code_ends), false))
        return *rule = "name", *what = "named as a program", PR_FILE_CODE;
    if (scan_ends(base, k, ".onnx") || scan_ends(base, k, ".onnx.data") ||
        scan_ends(base, k, ".onnx_data") || scan_ends(base, k, ".bin") ||
        scan_ends(base, k, ".data") || scan_ends(base, k, ".weight"))
        return PR_FILE_WEIGHTS;
    return PR_FILE_BINARY;
}

static const magic_row *magic_of(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < PR_COUNT(magics); i++) {
        const magic_row *m = &magics[i];
        if (n >= m->at + m->n && memcmp(p + m->at, m->magic, m->n) == 0) return m;
    }
    return NULL;
}

pr_file_kind scan_kind_of(const char *name, const uint8_t *p, size_t n, uint64_t whole,
                          const char **rule, const char **what) {
    char none[8];
    *rule = *what = NULL;
    if (n == 0) return PR_FILE_TEXT;
    int zip = scan_zip(p, n, none, sizeof none);
    if (zip > 0) return *rule = "zip", *what = "an archive with a pickle", PR_FILE_PICKLE;
    if (zip == 0) return *rule = "zip", *what = "a zip archive", PR_FILE_ARCHIVE;
    if (is_safetensors(p, n, whole)) return PR_FILE_WEIGHTS;
    if (n >= 10 && memcmp(p, "\x93NUMPY", 6) == 0) {
        if (!scan_npy_objects(p, n)) return PR_FILE_WEIGHTS;
        return *rule = "npy", *what = "a NumPy array of Python objects", PR_FILE_PICKLE;
    }
    const magic_row *m = magic_of(p, n);
    if (m) return *rule = m->rule, *what = m->what, m->kind;
    if (is_pe(p, n)) return *rule = "pe", *what = "a Windows program or library", PR_FILE_CODE;
    if (is_pyc(p, n)) return *rule = "pyc", *what = "compiled Python", PR_FILE_CODE;
    if (scan_pickle(p, n, n < whole, none, 0))
        return *rule = "pickle", *what = "a pickle", PR_FILE_PICKLE;
    return is_text(p, n) ? text_kind(name, p, n, rule, what)
                         : binary_kind(name, p, n, rule, what);
}
