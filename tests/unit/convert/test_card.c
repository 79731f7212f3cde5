/* What is said of a model survives: GGUF to GGUF, GGUF to a directory and back, directory to
 * directory; and a README.md written of any texts reads as these texts. */
#include "check.h"
#include "convert/convert.h"

static char root[512];

static const char *in_root(const char *name) {
    static char path[64][640];
    static int turn;
    char *p = path[turn++ % 64];
    snprintf(p, 640, "%s/%s", root, name);
    return p;
}

static int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "%s", check_scratch());
    return 0;
}

static int teardown(void **state) {
    (void)state;
    check_scratch_remove(root);
    return 0;
}

static void run(const char *fmt, const char *a, const char *b) {
    char cmd[2048];
    snprintf(cmd, sizeof cmd, fmt, a, b);
    assert_int_equal(system(cmd), 0);
}

/* llama_f16 with the files of a card, in the folder `name`. */
static const char *a_source(const char *card, const char *name) {
    const char *to = in_root(name);
    char from[256];
    run("cp -r '%s' '%s'", check_source("tests/vectors/arch/llama_f16"),
        to);
    snprintf(from, sizeof from, "tests/vectors/convert/cards/%s", card);
    run("cp -r '%s'/. '%s'", check_source(from), to);
    return to;
}

static pr_model *opened(const char *path) {
    pr_model *m;
    pare_err e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static const char *to_gguf(const char *from, const char *name, pr_type type) {
    const char *out = in_root(name);
    pare_err e = {0};
    pr_written w;
    pr_model *m = opened(from);
    pr_arena *a = pr_arena_new(64 << 20);
    pr_gguf_job job = {.out = out, .choose = pr_choose_one, .user = &type, .file_type = -1};
    CHECK_OK(pr_convert_gguf(m, &job, NULL, a, &w, &e), e);
    pr_arena_free(a);
    pr_model_close(m);
    return out;
}

static const char *to_hf(const char *from, const char *name, bool no_tokenizer) {
    const char *out = in_root(name);
    pare_err e = {0};
    pr_written w;
    pr_model *m = opened(from);
    pr_arena *a = pr_arena_new(64 << 20);
    pr_hf_job job = {.dir = out, .type = PR_F32, .no_tokenizer = no_tokenizer};
    CHECK_OK(pr_convert_hf(m, &job, NULL, a, &w, &e), e);
    pr_arena_free(a);
    pr_model_close(m);
    return out;
}

static bool is_said(const char *key) {
    return strcmp(key, "general.file_type") != 0 &&
           (strncmp(key, "general.", 8) == 0 ||
            strncmp(key, "tokenizer.chat_template", 23) == 0);
}

static bool same_value(const pr_meta *a, const pr_meta *b) {
    if (a->type != b->type) return false;
    if (a->type == PR_META_STR) return a->n == b->n && memcmp(a->v.s, b->v.s, a->n) == 0;
    if (a->type != PR_META_ARR) return a->v.u == b->v.u;
    if (a->n != b->n || a->elem != PR_META_STR || b->elem != PR_META_STR) return false;
    for (uint64_t i = 0; i < a->n; i++)
        if (!pr_str_eq(a->v.str[i], b->v.str[i])) return false;
    return true;
}

/* How many keys of `x` are not, or not so, in `y`; *n: how many there were to look for. */
static int missing(const char *card, const char *x, const char *y, int *n) {
    pr_container *c, *d;
    pare_err e = {0};
    int bad = 0;
    CHECK_OK(pr_container_open(&c, x, &e), e);
    CHECK_OK(pr_container_open(&d, y, &e), e);
    *n = 0;
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const pr_meta *k = pr_container_meta_at(c, i);
        if (!is_said(k->key)) continue;
        const pr_meta *l = pr_container_meta_find(d, k->key);
        *n += 1;
        if (l && same_value(k, l)) continue;
        bad++;
        print_error("%s: %s is %s in %s\n", card, k->key, l ? "another" : "missing",
                    pr_path_base(y));
    }
    pr_container_close(c), pr_container_close(d);
    return bad;
}

static void keys_survive(void **state) {
    (void)state;
    static const struct {
        const char *card;
        int keys;
    } cases[] = {{"spdx", 21},      {"other", 23},   {"licences", 15},
                 {"direct", 28},    {"creator", 19}, {"generation", 20},
                 {"chat_list", 11}, {"named", 9},    {"chat_list_no_default", 10}};
    int bad = 0, n, m;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        const char *name = cases[i].card, *source = a_source(name, "Tiny-9K-Chat-v2"),
                   *first = to_gguf(source, "first.gguf", PR_F32),
                   *quant = to_gguf(first, "quant.gguf", PR_Q8_0),
                   *hf = to_hf(quant, "back", false),
                   *again = to_gguf(hf, "again.gguf", PR_F32);
        bad += missing(name, first, quant, &n) + missing(name, quant, first, &n);
        bad += missing(name, first, again, &n) + missing(name, again, first, &m);
        assert_int_equal(n, cases[i].keys);
        assert_int_equal(m, n);
        run("rm -rf '%s' '%s'", source, hf);
    }
    assert_int_equal(bad, 0);
}

static void same_files(const char *a, const char *b) {
    run("cmp '%s' '%s'", a, b);
}

static void a_directory_keeps_its_papers(void **state) {
    (void)state;
    static const char *const papers[] = {"README.md", "LICENSE", "LICENSE.md", "NOTICE.txt",
                                         "generation_config.json"};
    const char *source = a_source("spdx", "papers");
    for (size_t i = 1; i < PR_COUNT(papers); i++) {
        char name[64];
        snprintf(name, sizeof name, "papers/%s", papers[i]);
        run("echo '{\"top_k\": 3, \"of\": \"%s\"}' > '%s'", papers[i], in_root(name));
    }
    run("mkdir '%s' && echo x > '%s/tool.jinja'", in_root("papers/additional_chat_templates"),
        in_root("papers/additional_chat_templates"));
    for (int bare = 0; bare < 2; bare++) {
        char x[64], y[64];
        const char *copy = to_hf(source, "copy", bare);
        for (size_t i = 0; i < PR_COUNT(papers); i++) {
            snprintf(x, sizeof x, "papers/%s", papers[i]);
            snprintf(y, sizeof y, "copy/%s", papers[i]);
            same_files(in_root(x), in_root(y));
        }
        if (!bare)
            same_files(in_root("papers/additional_chat_templates/tool.jinja"),
                       in_root("copy/additional_chat_templates/tool.jinja"));
        run("rm -rf '%s' '%s'", copy, copy);
    }
    run("rm -rf '%s' '%s'", source, source);
}

typedef struct {
    int calls, at;
} countdown;

static int stop(void *user) {
    countdown *c = user;
    return ++c->calls > c->at;
}

/* Also a folder in the folder goes. */
static void cancelling_leaves_nothing(void **state) {
    (void)state;
    const char *source = a_source("chat_more", "stopped"), *out = in_root("half");
    pr_model *m = opened(source);
    countdown c = {.at = 1};
    pare_ctl ctl = {.is_cancelled = stop, .user = &c};
    pr_hf_job job = {.dir = out, .type = PR_F32};
    pr_arena *a = pr_arena_new(64 << 20);
    pr_written w;
    pare_err e = {0};
    assert_int_equal(pr_convert_hf(m, &job, &ctl, a, &w, &e), PARE_ECANCELLED);
    run("test -z \"$(ls -d '%s'* 2>/dev/null)\" # %s", out, out);
    pr_arena_free(a);
    pr_model_close(m);
    run("rm -rf '%s' '%s'", source, source);
}

/* Texts that YAML would read as something else, or not at all, if they stood bare. */
static void any_text_is_said(void **state) {
    (void)state;
    static const char *const texts[] = {"no",
                                        "1.0",
                                        "",
                                        " x ",
                                        "a: b",
                                        "- a",
                                        "# a",
                                        "---",
                                        "\"q\" \\n",
                                        "a\nb\r\tc",
                                        "\x01\x7f",
                                        "\xc2\x85\xc2\x80",
                                        "\xe2\x80\xa8\xe2\x80\xa9",
                                        "\xef\xbb\xbf"
                                        "a",
                                        "\xf0\x9f\x98\x80",
                                        "~",
                                        "*a",
                                        "\xc3\xa9"};
    pr_arena *a = pr_arena_new(8 << 20);
    for (size_t i = 0; i < PR_COUNT(texts); i++) {
        pr_str t = pr_str_of(texts[i]);
        pr_origin o = {.word = {[0] = t, [2] = t}};
        pr_card c = {.base_models = {true, &o, 1}, .tags = {&t, 1}, .languages = {&t, 1}}, d;
        pare_err e = {0};
        pr_buf b, odd;
        for (int k = 0; k < PR_SAID_COUNT; k++) c.said[k] = t;
        pr_buf_init(&b, 1 << 20);
        pr_buf_init(&odd, 4096);
        CHECK_OK(pr_card_put_readme(&c, &b, a, &e), e);
        CHECK_OK(pr_card_parse(&d, (pr_str){b.p, b.n}, 0, a, &odd, &e), e);
        assert_int_equal(odd.n, 0);
        for (int k = 0; k < PR_SAID_COUNT; k++)
            if (!d.said[k].p || !pr_str_eq(d.said[k], t))
                fail_msg("text %zu as %s: '%.*s'", i, pr_said_spellings[k].gguf,
                         (int)d.said[k].n, d.said[k].p ? d.said[k].p : "");
        assert_true(d.tags.n == 1 && pr_str_eq(d.tags.at[0], t));
        assert_true(d.languages.n == 1 && pr_str_eq(d.languages.at[0], t));
        assert_true(d.base_models.n == 1 && pr_str_eq(d.base_models.at[0].word[2], t));
        assert_true(!d.datasets.stated);
        pr_buf_done(&b), pr_buf_done(&odd);
    }
    pr_arena_free(a);
}

/* Values of another kind are left out and named; the rest counts. */
static void odd_values_are_named(void **state) {
    (void)state;
    static const char text[] = "---\nname: [a]\nlicense: mit\ntags: {a: b}\nlanguage: [en, [x]]\n"
                               "base_model: {name: x}\ndatasets: [a/b, [c], {name: d}]\n---\n";
    static const char *const named[] = {"'name' is an array", "'tags' is an object",
                                        "'language' is an array", "'base_model' is an object",
                                        "'datasets' is an array"};
    pr_arena *a = pr_arena_new(1 << 20);
    pr_card c;
    pr_buf odd;
    pare_err e = {0};
    pr_buf_init(&odd, 4096);
    CHECK_OK(pr_card_parse(&c, PR_STR(text), 0, a, &odd, &e), e);
    for (size_t i = 0; i < PR_COUNT(named); i++)
        if (!strstr(odd.p, named[i])) fail_msg("no word of %s in %s", named[i], odd.p);
    assert_true(!c.said[PR_SAID_NAME].p && c.tags.n == 0 && !c.base_models.stated);
    assert_true(pr_str_eq(c.said[PR_SAID_LICENSE], PR_STR("mit")));
    assert_true(c.languages.n == 1 && c.datasets.n == 3);
    pr_buf_done(&odd);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_survive), cmocka_unit_test(a_directory_keeps_its_papers),
        cmocka_unit_test(cancelling_leaves_nothing), cmocka_unit_test(any_text_is_said),
        cmocka_unit_test(odd_values_are_named)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
