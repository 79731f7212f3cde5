/* test_report_html.c - the page: complete, self-contained, and deaf to what a model is called.
 * The sample is tests/vectors/report/sample.json; the page lies in the build folder afterwards.
 */
#include "check.h"
#include "report/report.h"

static pare_doc *sample(void) {
    pare_doc *r = NULL;
    pare_err e = {0};
    CHECK_OK(pare_doc_read(&r, check_source("tests/vectors/report/sample.json"), &e), e);
    return r;
}

static pr_buf page_of(const pare_doc *r) {
    pr_buf b;
    pare_err e = {0};
    pr_buf_init(&b, PR_REPORT_HTML_MAX);
    CHECK_OK(pr_report_html(r, NULL, &b, &e), e);
    return b;
}

static void every_section_is_there(void **state) {
    (void)state;
    pare_doc *r = sample();
    pr_buf b = page_of(r);
    pare_err e = {0};
    CHECK_OK(pr_file_write("sample.html", b.p, b.n, &e), e);
    static const char *const ids[] = {"front",        "variants", "gates",  "distributions",
                                      "acceleration", "tensors",  "stages", "how",
                                      "deploy",       "monitor",  "machine"};
    for (size_t i = 0; i < PR_COUNT(ids); i++) {
        char want[64];
        snprintf(want, sizeof want, "<section id=\"%s\"", ids[i]);
        if (!strstr(b.p, want)) fail_msg("no section %s", ids[i]);
    }
    const pare_doc *v = pare_doc_get(r, "variants");
    for (size_t i = 0; i < pare_doc_count(v);
         i++) { /* each variant in both panels, in both sizes */
        char want[64];
        snprintf(want, sizeof want, ">%s</text>",
                 pare_doc_str(pare_doc_get(pare_doc_at(v, i), "name")));
        size_t n = 0;
        for (const char *p = b.p; (p = strstr(p, want)) != NULL; p++) n++;
        assert_int_equal(n, 4);
    }
    assert_non_null(strstr(b.p, "Passes: Q4_0"));
    assert_non_null(strstr(b.p, "no energy counter"));
    pr_buf_done(&b);
    pare_doc_free(r);
}

/* Nothing on the page may be fetched: no address in an attribute, no @import, no url(). */
static void nothing_is_fetched(void **state) {
    (void)state;
    pare_doc *r = sample();
    pr_buf b = page_of(r);
    static const char *const never[] = {"http:",   "https:",      "url(",     "@import",
                                        " src=",   "<link",       "<iframe",  "<object",
                                        " style=", "javascript:", " onclick", " onload"};
    for (size_t i = 0; i < PR_COUNT(never); i++) {
        if (strstr(b.p, never[i])) fail_msg("the page holds '%s'", never[i]);
    }
    for (const char *p = b.p; (p = strstr(p, "href=\"")) != NULL; p++)
        assert_int_equal(p[6], '#');
    assert_non_null(strstr(b.p, "default-src 'none'; style-src 'sha256-"));
    pr_buf_done(&b);
    pare_doc_free(r);
}

/* The names of open tags, in order; void and SVG's self-closed ones need no end. */
/* Every tag is closed, in the order in which they were opened. */
static void balanced(const char *page) {
    static const char *const empty[] = {"meta", "br", "!doctype", "link"};
    char open[64][16];
    int depth = 0;
    for (const char *p = page; (p = strchr(p, '<')) != NULL;) {
        bool close = p[1] == '/';
        size_t n = strcspn(p + 1 + close, " >/\n");
        char name[16] = "";
        snprintf(name, sizeof name, "%.*s", (int)PR_MIN(n, sizeof name - 1), p + 1 + close);
        const char *end = strchr(p, '>');
        assert_non_null(end);
        bool alone = end[-1] == '/';
        for (size_t i = 0; i < PR_COUNT(empty); i++) alone |= strcmp(name, empty[i]) == 0;
        if (close) {
            assert_true(depth > 0);
            if (strcmp(open[--depth], name) != 0)
                fail_msg("</%s> closes <%s> at byte %td", name, open[depth], p - page);
        } else if (!alone) {
            assert_true(depth < 64);
            memcpy(open[depth++], name, sizeof name);
        }
        p = end;
        if (!close && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)) {
            p = strstr(p, strcmp(name, "script") == 0 ? "</script" : "</style");
        }
    }
    assert_int_equal(depth, 0);
}

static void tags_are_balanced(void **state) {
    (void)state;
    pare_doc *r = sample();
    pr_buf b = page_of(r);
    balanced(b.p);
    pr_buf_done(&b);
    pare_doc_free(r);
}

static const char evil[] =
    "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x01{{js}}";

/* Every text of the tree becomes hostile, keys of objects in `settings` too. */
static pare_doc *poisoned(pr_doc_build *b, const pare_doc *v, const char *key) {
    static const char *const kept[] = {"kind", "verdict", "op", "metric", "against", "bound"};
    pare_doc *out = NULL;
    pare_doc_iter it = {0};
    switch (pare_doc_kind(v)) {
    case PARE_DOC_OBJECT:
        out = pr_doc_object(b);
        while (pare_doc_next(v, &it)) pr_doc_set(b, out, it.key, poisoned(b, it.value, it.key));
        if (key && strcmp(key, "bench") == 0) pr_doc_set_i64(b, out, evil, 1);
        return out;
    case PARE_DOC_ARRAY:
        out = pr_doc_array(b);
        while (pare_doc_next(v, &it)) pr_doc_add(b, out, poisoned(b, it.value, key));
        return out;
    case PARE_DOC_STR: {
        pare_doc *box = pr_doc_object(b);
        bool keep = false;
        for (size_t i = 0; i < PR_COUNT(kept); i++) keep |= key && strcmp(key, kept[i]) == 0;
        pr_doc_set_str(b, box, "x", keep ? pare_doc_str(v) : evil);
        out = pr_doc_copy(pare_doc_get(box, "x"));
        pare_doc_free(box);
        return out;
    }
    default:
        return pr_doc_copy(v);
    }
}

static void hostile_text_stays_text(void **state) {
    (void)state;
    pare_doc *r = sample(), *bad = NULL;
    pr_doc_build build = {0};
    pare_err e = {0};
    CHECK_OK(pr_doc_done(&build, poisoned(&build, r, NULL), &bad, &e), e);
    /* So that the name is found again, and its cards are drawn. */
    pr_buf b = page_of(bad);
    assert_null(strstr(b.p, "<img"));
    assert_null(strstr(b.p, "alert(1)</script>"));
    assert_null(strchr(b.p, '\x01'));
    size_t scripts = 0;
    for (const char *p = b.p; (p = strstr(p, "<script")) != NULL; p++) scripts++;
    assert_int_equal(scripts, 1);
    assert_non_null(strstr(b.p, "&lt;/title&gt;&lt;/script&gt;"));
    assert_non_null(strstr(b.p, "&quot;&#39;&gt;&lt;img"));
    assert_non_null(strstr(b.p, "{{js}}")); /* a text is not a template */
    pr_buf_done(&b);
    pare_doc_free(bad);
    pare_doc_free(r);
}

/* Take every key of the top out, one by one, and every kind apart: a page all the same. */
static void a_poor_report_still_gives_a_page(void **state) {
    (void)state;
    pare_doc *r = sample();
    pare_doc_iter it = {0};
    while (pare_doc_next(r, &it)) {
        pr_doc_build build = {0};
        pare_err e = {0};
        if (strcmp(it.key, "kind") == 0 || strcmp(it.key, "schema") == 0) continue;
        pare_doc *less = pr_doc_copy(r);
        pr_doc_unset(less, it.key);
        pr_buf b = page_of(less);
        assert_non_null(strstr(b.p, "</html>"));
        pr_buf_done(&b);
        pr_doc_set_i64(&build, less, it.key, 7);
        b = page_of(less);
        pr_buf_done(&b);
        pare_doc_free(less);
        (void)e;
    }
    pare_doc_free(r);
}

/* What came after the first version of the schema: shown where it is, and nowhere else. */
static void profile_and_certificate(void **state) {
    (void)state;
    static const char *const report =
        "{\"kind\":\"pare.report\",\"schema\":1,\"profile\":{\"run\":{\"prompt_tokens\":128,"
        "\"tokens\":64,\"threads\":2},\"attribution\":{\"share\":0.9932,\"wall_ms\":22.3},"
        "\"bottlenecks\":[{\"kind\":\"memory-bound\",\"phase\":\"run\",\"means\":\"<b>all</b>\","
        "\"evidence\":[{\"what\":\"the limit\",\"value\":0.95,\"bound\":0.9,\"unit\":\"share\"},"
        "{\"what\":\"taken\",\"value\":2e9,\"unit\":\"B\"}],\"change\":[{\"what\":\"less\","
        "\"command\":\"a < b\"}],\"gain\":{\"factor\":1.5,\"at_most\":true,\"how\":\"x\"}}],"
        "\"operators\":[{\"name\":\"attn_q\",\"prefill\":{\"ms\":1.5,\"share\":0.25},"
        "\"decode\":{\"ms\":2,\"share\":0.5,\"gb_s\":10.0,\"of_peak\":null}}]},"
        "\"front\":{\"objectives\":[{\"metric\":\"speedup\"}]},\"search\":{\"algorithm\":\"<x>\","
        "\"space\":{\"options\":9},\"evaluations\":2,\"seconds\":3,\"finalists\":[\"A&B\"],"
        "\"rungs\":[{\"windows\":4,\"seconds\":0.5,\"evaluated\":9,\"went_on\":3}],"
        "\"steps\":[{\"name\":\"A&B\",\"rung\":0,\"hypervolume\":0.25,\"violation\":0.125,"
        "\"values\":{\"speedup\":1.5}},{\"name\":\"C\",\"rung\":0,\"hypervolume\":0.5,"
        "\"error\":\"no <room>\"}]}}";
    static const char *const facts =
        "{\"verdict\":\"approved\",\"summary\":\"all & more\",\"key\":\"abcd\"}";
    static const char *const want[] = {"<section id=\"profile\"",
                                       "<section id=\"certificate\"",
                                       "href=\"#profile\"",
                                       "href=\"#certificate\"",
                                       "Attributed: 99.3 % of 22.3 ms",
                                       "memory-bound (run): &lt;b&gt;all",
                                       "the limit: 95.0 % (bound 90.0 %)",
                                       "taken: 2 GB",
                                       "a &lt; b",
                                       "at most 1.50 ×",
                                       "attn_q",
                                       "<section id=\"search\"",
                                       "&lt;x&gt;, 9 options, 2 looks",
                                       "A&amp;B",
                                       "12.5 %",
                                       "no &lt;room&gt;",
                                       "points=\"8.0,75.0 632.0,8.0\"",
                                       "<dt>Verdict</dt><dd>approved</dd>",
                                       "all &amp; more"};
    pare_doc *r = NULL, *c = NULL;
    pare_err  e = {0};
    pr_buf    with, bare;
    CHECK_OK(pare_doc_parse(&r, report, strlen(report), &e), e);
    CHECK_OK(pare_doc_parse(&c, facts, strlen(facts), &e), e);
    pr_buf_init(&with, PR_REPORT_HTML_MAX);
    CHECK_OK(pr_report_html(r, c, &with, &e), e);
    for (size_t i = 0; i < PR_COUNT(want); i++)
        if (!strstr(with.p, want[i])) fail_msg("no '%s' on the page", want[i]);
    balanced(with.p);
    pr_buf_done(&with);
    pare_doc_free(r);
    pare_doc_free(c);
    r = sample();
    bare = page_of(r);
    assert_null(strstr(bare.p, "#certificate"));
    assert_null(strstr(bare.p, "#profile"));
    pr_buf_done(&bare);
    pare_doc_free(r);
}

static void other_files_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"{}", "[]", "{\"kind\":\"pare.report\"}",
                                        "{\"kind\":\"pare.report\",\"schema\":2}",
                                        "{\"kind\":7,\"schema\":1}"};
    for (size_t i = 0; i < PR_COUNT(texts); i++) {
        pare_doc *r = NULL;
        pare_err e = {0};
        pr_buf b;
        CHECK_OK(pare_doc_parse(&r, texts[i], strlen(texts[i]), &e), e);
        pr_buf_init(&b, 1 << 20);
        assert_int_equal(pr_report_html(r, NULL, &b, &e), PARE_EINPUT);
        pr_buf_done(&b);
        pare_doc_free(r);
    }
}

static void a_small_maximum_is_an_error(void **state) {
    (void)state;
    pare_doc *r = sample();
    pr_buf b;
    pr_buf_init(&b, 5000);
    assert_int_equal(pr_report_html(r, NULL, &b, NULL), PARE_ENOMEM);
    pr_buf_done(&b);
    pare_doc_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_section_is_there),
        cmocka_unit_test(nothing_is_fetched),
        cmocka_unit_test(tags_are_balanced),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(a_poor_report_still_gives_a_page),
        cmocka_unit_test(profile_and_certificate),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_small_maximum_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
