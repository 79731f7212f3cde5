/* Against llama.cpp's own converter: for every case of tests/vectors/convert the same tensors,
 * byte for byte, in the same order, and the same metadata, but for the differences listed here
 * with their reasons. And the column `gguf` of tests/vectors/arch/cases.tsv. */
#include "check.h"
#include "convert/convert.h"
#include "convert/model_id.h"
#include "doc/doc.h"

/* What may differ, and why. */
typedef enum {
    LEFT_OUT, /* the converter writes it, pare does not */
    ADDED,    /* pare writes it, the converter does not */
    OTHER     /* both write it, with different values */
} how;
#define TOKENS_5                                                                               \
    "transformers 5 gives Qwen2's class a token '<|endoftext|>' that tokenizer.json does not " \
    "have"
static const struct {
    how how;
    const char *which; /* start of the case's name; "": any */
    const char *key;   /* of metadata, or a tensor's name; a leading '.' matches the end */
    const char *why;
} differences[] = {
    {ADDED, "qwen", ".vocab_size",
     "optional for the runtime; the number of rows of the embedding, said"},
    {ADDED, "qwen", ".rope.dimension_count",
     "what the runtime takes for granted (the head size), said"},
    {ADDED, "qwen2", ".attention.key_length", "what the runtime takes for granted, said"},
    {ADDED, "qwen2", ".attention.value_length", "what the runtime takes for granted, said"},
    {ADDED, "", "pare.inexact", "the reasons why this file computes another function"},
    {OTHER, "stories260K", "tokenizer.ggml.scores",
     "the converter loses the order of merges (all scores equal); pare's scores follow the "
     "rank"},
    {OTHER, "stories260K", "tokenizer.ggml.token_type",
     "<unk> is 'unknown' (2), as from tokenizer.model; there 'control'"},
    {OTHER, "qwen2", "tokenizer.ggml.tokens", TOKENS_5},
    {OTHER, "qwen2", "tokenizer.ggml.token_type", TOKENS_5},
    /* YaRN: nobody reads these keys for llama, qwen2, qwen3. */
    {LEFT_OUT, "", ".rope.scaling.yarn_beta_fast", "nobody reads it"},
    {LEFT_OUT, "", ".rope.scaling.yarn_beta_slow", "nobody reads it"},
    {LEFT_OUT, "", ".rope.scaling.yarn_attn_factor",
     "nobody reads it; rope.scaling.attn_factor is read"},
    {ADDED, "llama_yarn_factor", ".rope.scaling.attn_factor",
     "the stated magnitude over the runtime's own"},
    {ADDED, "llama_yarn_mscale-", ".rope.scaling.attn_factor",
     "mscale / mscale_all_dim, which the converter loses"},
    {ADDED, "qwen3_yarn_factor", ".rope.scaling.attn_factor",
     "the stated magnitude over the runtime's own"},
    {OTHER, "llama_yarn_toporig", ".rope.scaling.original_context_length",
     "transformers takes the top-level key"},
    {ADDED, "llama_yarn_ratio", ".rope.scaling.type",
     "factor null is the ratio of the contexts; the converter writes no scaling"},
    {ADDED, "llama_yarn_ratio", ".rope.scaling.factor", "as above"},
    {ADDED, "llama_yarn_ratio", ".rope.scaling.original_context_length", "as above"},
/* Own betas, or no whole dimensions: the frequencies go into a table, the magnitude into
 * attn_factor. */
#define BY_TABLE(c)                                                                            \
    {ADDED, c, "rope_freqs.weight", "any fixed frequencies can be said by a table"},           \
        {LEFT_OUT, c, ".rope.scaling.type", "the table says it"},                              \
        {LEFT_OUT, c, ".rope.scaling.factor", "the table says it"},                            \
        {LEFT_OUT, c, ".rope.scaling.original_context_length", "the table says it"}, {         \
        ADDED, c, ".rope.scaling.attn_factor", "yarn's magnitude"                              \
    }
    BY_TABLE("llama_yarn_beta"),
    BY_TABLE("llama_yarn_whole"),
    {ADDED, "cards/named_empty", "general.name",
     "the converter takes '' for the name and writes none; here the folder's"},
    {LEFT_OUT, "cards/alias", "general.license", "pare refuses aliases, and says so"},
    {LEFT_OUT, "cards/alias", "general.license.name", "pare refuses aliases, and says so"},
    {LEFT_OUT, "cards/twice", "general.license",
     "a key that stands twice: the converter takes the last, pare none, and says so"},
    {LEFT_OUT, "qwen3_bias", ".attn_output.bias",
     "GGUF's qwen3 has none: its runtime does not load the file"},
};

static bool matches(const char *key, const char *want) {
    size_t n = strlen(key), k = strlen(want);
    if (want[0] == '.') return n >= k && strcmp(key + n - k, want) == 0;
    return strcmp(key, want) == 0;
}

static bool used[PR_COUNT(differences)];

static bool expected(how h, const char *name, const char *key) {
    for (size_t i = 0; i < PR_COUNT(differences); i++)
        if (differences[i].how == h &&
            strncmp(name, differences[i].which, strlen(differences[i].which)) == 0 &&
            matches(key, differences[i].key))
            return used[i] = true;
    return false;
}

/* ------------------------------------------------------------------ tables */

enum { FIELDS = 16, LINES = 1024 };

/* A tab-separated file: lines of fields, cut in place. */
typedef struct {
    char *text;
    char *at[LINES][FIELDS];
    int n;
} table;

static void table_read(table *t, const char *path) {
    pr_arena *a = pr_arena_new(64 << 20);
    pr_str s;
    pare_err e = {0};
    CHECK_OK(pr_file_read(path, 32 << 20, a, &s, &e), e);
    t->text = strdup(s.p);
    t->n = 0;
    pr_arena_free(a);
    char *line = t->text;
    memset(t->at, 0, sizeof t->at);
    for (char *next; line && *line && t->n < LINES; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        for (int f = 0; line && f < FIELDS; f++) {
            t->at[t->n][f] = line;
            line = strchr(line, '\t');
            if (line) *line++ = 0;
        }
        t->n++;
    }
}

static void table_free(table *t) {
    free(t->text);
}

static char dir[64];
static char out_path[128];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/pare-convert-XXXXXX");
    if (!mkdtemp(dir)) return 1;
    snprintf(out_path, sizeof out_path, "%s/out.gguf", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(out_path);
    return rmdir(dir);
}

/* ------------------------------------------------------------------ metadata */

static void hex_of(pr_sha256_ctx *h, char dst[65]) {
    pr_sha256 s = pr_sha256_end(h);
    pr_sha256_hex(&s, dst);
}

/* A text as json.dumps writes it (no other controls stand in the vectors). */
static void quote(char *dst, size_t cap, const char *s, size_t n) {
    size_t k = 0;
    dst[k++] = '"';
    for (size_t i = 0; i < n && k + 4 < cap; i++) {
        if (s[i] == '\n' || s[i] == '"' || s[i] == '\\') dst[k++] = '\\';
        dst[k++] = s[i] == '\n' ? 'n' : s[i];
    }
    dst[k++] = '"';
    dst[k] = 0;
}

/* A value as make.py writes it. */
static void spell_value(const pr_meta *m, const char **type, char *dst, size_t cap) {
    static const char *const names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
    *type = names[m->type];
    if (m->type == PR_META_STR)
        quote(dst, cap, m->v.s, (size_t)m->n);
    else if (m->type == PR_META_F32 || m->type == PR_META_F64)
        snprintf(dst, cap, "%.13a", m->v.f);
    else if (m->type == PR_META_BOOL)
        snprintf(dst, cap, "%s", m->v.u ? "true" : "false");
    else if (m->type == PR_META_I8 || m->type == PR_META_I16 || m->type == PR_META_I32 ||
             m->type == PR_META_I64)
        snprintf(dst, cap, "%lld", (long long)m->v.i);
    else if (m->type != PR_META_ARR)
        snprintf(dst, cap, "%llu", (unsigned long long)m->v.u);
    else {
        char hex[65];
        pr_sha256_ctx *h = pr_sha256_new();
        for (uint64_t i = 0; m->elem == PR_META_STR && i < m->n; i++) {
            uint64_t n = m->v.str[i].n;
            pr_sha256_add(h, &n, 8);
            pr_sha256_add(h, m->v.str[i].p, m->v.str[i].n);
        }
        if (m->elem != PR_META_STR) pr_sha256_add(h, m->v.raw, (size_t)m->n * 4);
        hex_of(h, hex);
        snprintf(dst, cap, "[%s] %llu %s", names[m->elem], (unsigned long long)m->n, hex);
    }
}

static int compare_meta(const char *name, const pr_container *c) {
    char path[256], value[4096];
    const char *type;
    int bad = 0, last = 0;
    table *t = calloc(1, sizeof *t);
    snprintf(path, sizeof path, "tests/vectors/convert/%s.meta.tsv", name);
    table_read(t, check_source(path));
    for (int i = 1; i < t->n; i++) {
        const char *key = t->at[i][0];
        const pr_meta *m = pr_container_meta_find(c, key);
        if (!m) {
            if (!expected(LEFT_OUT, name, key))
                bad++, print_error("%s: %s is missing\n", name, key);
            continue;
        }
        spell_value(m, &type, value, sizeof value);
        if (strcmp(type, t->at[i][1]) == 0 && strcmp(value, t->at[i][2]) == 0) continue;
        if (!expected(OTHER, name, key))
            bad++, print_error("%s: %s is %s %s, not %s %s\n", name, key, type, value,
                               t->at[i][1], t->at[i][2]);
    }
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const char *key = pr_container_meta_at(c, i)->key;
        int k = 1;
        while (k < t->n && strcmp(key, t->at[k][0]) != 0) k++;
        if (k == t->n && !expected(ADDED, name, key))
            bad++, print_error("%s: %s is added\n", name, key);
        if (k < last) bad++, print_error("%s: %s stands too late\n", name, key);
        if (k < t->n) last = k;
    }
    table_free(t);
    free(t);
    return bad;
}

static int compare_tensors(const char *name, const pr_container *c) {
    char path[256], dims[64], hex[65], bytes[32];
    int bad = 0;
    size_t k = 0;
    table *t = calloc(1, sizeof *t);
    snprintf(path, sizeof path, "tests/vectors/convert/%s.tensors.tsv", name);
    table_read(t, check_source(path));
    for (int i = 1; i < t->n; i++) {
        const pr_tensor *x = pr_container_at(c, k);
        while (x && strcmp(x->name, t->at[i][0]) != 0 && expected(ADDED, name, x->name))
            x = pr_container_at(c, ++k);
        if (x && strcmp(x->name, t->at[i][0]) != 0 && expected(LEFT_OUT, name, t->at[i][0]))
            continue;
        if (!x || strcmp(x->name, t->at[i][0]) != 0) {
            print_error("%s: tensor %d is %s, not %s\n", name, i, x ? x->name : "none",
                        t->at[i][0]);
            bad++;
            break;
        }
        k++;
        if (x->n_dims == 1)
            snprintf(dims, sizeof dims, "%llu", (unsigned long long)x->dim[0]);
        else
            snprintf(dims, sizeof dims, "%llux%llu", (unsigned long long)x->dim[1],
                     (unsigned long long)x->dim[0]);
        snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)x->bytes);
        pr_sha256 h = pr_sha256_of(x->data, (size_t)x->bytes);
        pr_sha256_hex(&h, hex);
        const char *got[] = {x->name, pr_type_get(x->type)->name, dims, bytes, hex};
        for (int f = 1; f < 5; f++)
            if (strcmp(got[f], t->at[i][f]) != 0)
                bad++, print_error("%s: %s: %s, not %s\n", name, x->name, got[f], t->at[i][f]);
    }
    if (k != pr_container_count(c))
        bad++, print_error("%s: %zu tensors too many\n", name, pr_container_count(c) - k);
    table_free(t);
    free(t);
    return bad;
}

/* ------------------------------------------------------------------ cases */

static int one_case(const char *name, const char *source) {
    pare_err e = {0};
    pr_model *m;
    pr_container *c;
    pr_written w;
    const char *tail = strrchr(name, '-') + 1;
    pr_type type = strcmp(tail, "f32") == 0   ? PR_F32
                   : strcmp(tail, "f16") == 0 ? PR_F16
                                              : PR_BF16;
    pr_gguf_job job = {.out = out_path,
                       .choose = pr_choose_one,
                       .user = &type,
                       .file_type = -1,
                       .allow_inexact = true};
    const char *path =
        strncmp(source, "shared:", 7) == 0 ? check_shared(source + 7) : check_source(source);
    if (!path) return print_message("skipped: lacks %s\n", source), 0;
    pr_arena *a = pr_arena_new(64 << 20);
    CHECK_OK(pr_model_open(&m, path, &e), e);
    CHECK_OK(pr_convert_gguf(m, &job, NULL, a, &w, &e), e);
    CHECK_OK(pr_container_open(&c, out_path, &e), e);
    int bad = compare_tensors(name, c) + compare_meta(name, c);
    pr_container_close(c);
    pr_model_close(m);
    pr_arena_free(a);
    return bad;
}

static void the_converter(void **state) {
    (void)state;
    int bad = 0, n = 0;
    table *t = calloc(1, sizeof *t);
    table_read(t, check_source("tests/vectors/convert/cases.tsv"));
    for (int i = 1; i < t->n; i++) {
        if (strncmp(t->at[i][3], "stops", 5) == 0) continue;
        bad += one_case(t->at[i][0], t->at[i][1]);
        n++;
    }
    table_free(t);
    free(t);
    assert_true(n > 70);
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------ cards */

static char card_dir[192];

static void forget_files(const char *at) {
    const char **names;
    size_t n;
    char path[512];
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_dir_list(at, a, &names, &n, &e), e);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", at, names[i]);
        if (unlink(path) != 0) forget_files(path);
    }
    rmdir(at);
    pr_arena_free(a);
}

/* Links to all files of `from`, over those that are there. */
static void link_files(const char *from, const char *to) {
    const char **names;
    size_t n;
    char src[1200], dst[512];
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_dir_list(from, a, &names, &n, &e), e);
    for (size_t i = 0; i < n; i++) {
        snprintf(src, sizeof src, "%s/%s", from, names[i]);
        snprintf(dst, sizeof dst, "%s/%s", to, names[i]);
        unlink(dst);
        assert_int_equal(symlink(src, dst), 0);
    }
    pr_arena_free(a);
}

static int one_card(const char *name, const char *folder, bool stops) {
    char key[128];
    pare_err e = {0};
    pr_model *m;
    pr_container *c;
    pr_written w;
    int bad = 0;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_type type = PR_F32;
    pr_gguf_job job = {
        .out = out_path, .choose = pr_choose_one, .user = &type, .file_type = -1};
    snprintf(card_dir, sizeof card_dir, "%s/%s", dir, folder);
    assert_int_equal(mkdir(card_dir, 0777), 0);
    link_files(check_source("tests/vectors/arch/llama_f16"), card_dir);
    snprintf(key, sizeof key, "tests/vectors/convert/cards/%s", name);
    link_files(check_source(key), card_dir);
    CHECK_OK(pr_model_open(&m, card_dir, &e), e);
    CHECK_OK(pr_convert_gguf(m, &job, NULL, a, &w, &e), e);
    CHECK_OK(pr_container_open(&c, out_path, &e), e);
    snprintf(key, sizeof key, "cards/%s", name);
    /* Where the converter stops at the card, pare goes on as if there were none. */
    bad = compare_meta(stops ? "cards/no_front" : key, c);
    bool wrong = stops || strcmp(name, "alias") == 0 || strcmp(name, "twice") == 0 ||
                 strcmp(name, "list") == 0;
    if ((w.n_warnings > 0) != wrong || (wrong && !strstr(w.warnings[0], "README.md")))
        bad++, print_error("%s: %d warnings: %s\n", name, w.n_warnings,
                           w.n_warnings ? w.warnings[0] : "");
    pr_container_close(c);
    pr_model_close(m);
    pr_arena_free(a);
    forget_files(card_dir);
    return bad;
}

static void the_cards(void **state) {
    (void)state;
    int bad = 0;
    table *t = calloc(1, sizeof *t);
    table_read(t, check_source("tests/vectors/convert/cards.tsv"));
    for (int i = 1; i < t->n; i++)
        bad += one_card(t->at[i][0], t->at[i][1], strncmp(t->at[i][2], "stops", 5) == 0);
    assert_true(t->n > 30);
    table_free(t);
    free(t);
    assert_int_equal(bad, 0);
}

/* A field of names.tsv: JSON, or "~" for none. */
static const char *field(const char *text, pr_arena *a) {
    pare_doc *d;
    pare_err e = {0};
    if (strcmp(text, "~") == 0) return NULL;
    CHECK_OK(pr_json_parse(&d, text, strlen(text), NULL, &e), e);
    char *s = pr_arena_str(a, pare_doc_str(d), pare_doc_strlen(d));
    pare_doc_free(d);
    return s;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void the_names(void **state) {
    (void)state;
    int bad = 0;
    table *t = calloc(1, sizeof *t);
    table_read(t, check_source("tests/vectors/convert/names.tsv"));
    for (int i = 1; i < t->n; i++) {
        pr_arena *a = pr_arena_new(1 << 20);
        pr_model_id x;
        pare_err e = {0};
        const char *id = field(t->at[i][0], a);
        CHECK_OK(pr_model_id_read(&x, pr_str_of(id), atoll(t->at[i][1]), a, &e), e);
        const char *got[] = {x.name, x.org, x.basename, x.finetune, x.version, x.size_label};
        for (int f = 0; f < 6; f++)
            if (!same_text(got[f], field(t->at[i][2 + f], a)))
                bad++, print_error("%s of %s: %s is %s, not %s\n", id, t->at[i][1],
                                   t->at[0][2 + f], got[f] ? got[f] : "~", t->at[i][2 + f]);
        pr_arena_free(a);
    }
    assert_true(t->n > 400);
    table_free(t);
    free(t);
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------ refusals */

static int one_verdict(const char *name, const char *gguf) {
    char path[256];
    pare_err e = {0};
    pr_model *m;
    pr_written w;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_gguf_job job = {.out = out_path, .file_type = -1};
    snprintf(path, sizeof path, "tests/vectors/arch/%s", name);
    CHECK_OK(pr_model_open(&m, check_source(path), &e), e);
    pare_status st = pr_convert_gguf(m, &job, NULL, a, &w, &e);
    bool refused = strcmp(gguf, "refused") == 0;
    int bad = st != (refused ? PARE_EREFUSED : PARE_OK);
    if (bad) print_error("%s: %s: %s\n", name, pare_status_name(st), e.msg);
    if (refused && !bad) {
        if (access(out_path, F_OK) == 0) bad++, print_error("%s: refused, yet written\n", name);
        job.allow_inexact = true;
        CHECK_OK(pr_convert_gguf(m, &job, NULL, a, &w, &e), e);
        if (w.n_inexact < 1) bad++, print_error("%s: no reason in the report\n", name);
    } else if (st == PARE_OK && w.n_inexact) {
        bad++;
    }
    unlink(out_path);
    pr_model_close(m);
    pr_arena_free(a);
    return bad;
}

static void the_verdicts(void **state) {
    (void)state;
    int bad = 0, n = 0;
    table *t = calloc(1, sizeof *t);
    unlink(out_path);
    table_read(t, check_source("tests/vectors/arch/cases.tsv"));
    for (int i = 1; i < t->n; i++, n++) bad += one_verdict(t->at[i][0], t->at[i][10]);
    table_free(t);
    free(t);
    assert_int_equal(n, 61);
    assert_int_equal(bad, 0);
}

/* A difference that is gone must leave the list (those of material that lacks stay). */
static void no_excuse_is_idle(void **state) {
    (void)state;
    int idle = 0;
    for (size_t i = 0; i < PR_COUNT(differences); i++)
        if (!used[i] && strcmp(differences[i].which, "stories260K") != 0)
            idle++, print_error("%s %s: no such difference\n", differences[i].which,
                                differences[i].key);
    assert_int_equal(idle, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_converter),
                                       cmocka_unit_test(the_cards),
                                       cmocka_unit_test(the_names),
                                       cmocka_unit_test(no_excuse_is_idle),
                                       cmocka_unit_test(the_verdicts)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
