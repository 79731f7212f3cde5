/* test_ov_tokenizer.c - the graphs of text to ids and back: every input is fed by an output of its
 * type and shape, every constant lies in the .bin and has the bytes of its shape, and each family
 * has the operations that it needs, no other. */
#include "check.h"
#include "lower/ov_lower.h"

enum { LAYERS = 200, PORTS = 24, EDGES = 1000 };

typedef struct {
    char what[96]; /* "I32,-1,": type and dimensions */
    bool is_in, fed;
} port;

typedef struct {
    char type[40];
    port ports[PORTS];
    int n_ports;
} layer;

typedef struct {
    layer layers[LAYERS];
    int n;
    long bin;
    char *xml;
} graph;

static char root[512];

static void value_of(const char *tag, const char *key, char *to, size_t room) {
    char find[64];
    snprintf(find, sizeof find, " %s=\"", key);
    const char *end = strchr(tag, '>'), *p = strstr(tag, find);
    to[0] = 0;
    if (!p || p > end) return;
    p += strlen(find);
    snprintf(to, room, "%.*s", (int)strcspn(p, "\""), p);
}

static long number_of(const char *tag, const char *key) {
    char text[64];
    value_of(tag, key, text, sizeof text);
    if (!text[0]) fail_msg("no %s in %.80s", key, tag);
    return atol(text);
}

/* "1, 2" times the bytes of an element. */
static long bytes_of(const char *tag) {
    static const struct {
        const char *name;
        long bytes;
    } types[] = {{"i64", 8}, {"i32", 4}, {"u8", 1}, {"f32", 4}, {"boolean", 1}};
    char type[16], shape[64];
    value_of(tag, "element_type", type, sizeof type);
    value_of(tag, "shape", shape, sizeof shape);
    long n = 1;
    for (char *p = shape; *p; p += strcspn(p, "0123456789")) n *= strtol(p, &p, 10);
    for (size_t i = 0; i < PR_COUNT(types); i++)
        if (strcmp(type, types[i].name) == 0) return n * types[i].bytes;
    fail_msg("a constant of %s", type);
    return 0;
}

static void take_constant(const graph *g, const char *tag) {
    long at = number_of(tag, "offset"), size = number_of(tag, "size"), want = bytes_of(tag);
    assert_true(at >= 0 && size >= 0 && at + size <= g->bin);
    if (want && size != want) fail_msg("%ld bytes for %.120s", size, tag);
}

static void take_layers(graph *g) {
    char *end = strstr(g->xml, "</layers>");
    layer *l = NULL;
    bool in = false;
    assert_non_null(end);
    for (char *p = g->xml; (p = strchr(p, '<')) && p < end; p++) {
        if (strncmp(p, "<layer ", 7) == 0) {
            assert_true(g->n < LAYERS && number_of(p, "id") == g->n);
            l = &g->layers[g->n++];
            value_of(p, "type", l->type, sizeof l->type);
        } else if (strncmp(p, "<data ", 6) == 0 && strcmp(l->type, "Const") == 0) {
            take_constant(g, p);
        } else if (strncmp(p, "<input>", 7) == 0 || strncmp(p, "<output>", 8) == 0) {
            in = p[1] == 'i';
        } else if (strncmp(p, "<port ", 6) == 0) {
            assert_true(l->n_ports < PORTS && number_of(p, "id") == l->n_ports);
            port *o = &l->ports[l->n_ports++];
            o->is_in = in;
            value_of(p, "precision", o->what, sizeof o->what - 40);
            strcat(o->what, ",");
        } else if (strncmp(p, "<dim>", 5) == 0) {
            char *what = l->ports[l->n_ports - 1].what;
            size_t n = strlen(what);
            snprintf(what + n, sizeof l->ports[0].what - n, "%ld,", strtol(p + 5, NULL, 10));
        }
    }
}

static void take_edges(graph *g) {
    int n = 0;
    for (char *p = strstr(g->xml, "<edges>"); (p = strstr(p, "<edge ")); p++, n++) {
        long from = number_of(p, "from-layer"), to = number_of(p, "to-layer");
        assert_true(from >= 0 && from < to && to < g->n); /* in an order that can be run */
        long out = number_of(p, "from-port"), in = number_of(p, "to-port");
        assert_true(out >= 0 && out < g->layers[from].n_ports);
        assert_true(in >= 0 && in < g->layers[to].n_ports);
        const port *a = &g->layers[from].ports[out];
        port *b = &g->layers[to].ports[in];
        assert_true(!a->is_in && b->is_in && !b->fed);
        assert_string_equal(a->what, b->what);
        b->fed = true;
    }
    assert_true(n > 0);
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->layers[i].n_ports; k++)
            if (g->layers[i].ports[k].is_in && !g->layers[i].ports[k].fed)
                fail_msg("input %d of layer %d (%s) is open", k, i, g->layers[i].type);
}

static char *slurp(const char *name, long *n) {
    char path[640];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = ftell(f);
    rewind(f);
    char *p = test_calloc((size_t)*n + 1, 1);
    assert_int_equal(fread(p, 1, (size_t)*n, f), *n);
    fclose(f);
    return p;
}

/* `types`: the operations of the extension and those that pick, in order, with spaces. */
static void look(const char *which, const char *types, const char *info) {
    static graph g;
    char name[64], seen[1024] = "";
    long n;
    g = (graph){0};
    snprintf(name, sizeof name, "openvino_%s.bin", which);
    test_free(slurp(name, &g.bin));
    snprintf(name, sizeof name, "openvino_%s.xml", which);
    g.xml = slurp(name, &n);
    take_layers(&g);
    take_edges(&g);
    if (info && !strstr(g.xml, info)) fail_msg("no %s", info);
    static const char *const shown[] = {
        "SpecialTokensSplit", "RegexNormalization", "CharsMapNormalization", "RegexSplit",
        "VocabEncoder", "BPETokenizer", "Truncate", "CombineSegments", "RaggedToDense", "Result",
        "VocabDecoder", "ByteFallback", "FuzeRagged", "UTF8Validate"};
    for (int i = 0; i < g.n; i++)
        for (size_t k = 0; k < PR_COUNT(shown); k++)
            if (strcmp(g.layers[i].type, shown[k]) == 0) {
                strcat(seen, g.layers[i].type);
                strcat(seen, " ");
            }
    assert_string_equal(seen, types);
    test_free(g.xml);
}

#define END  "Truncate CombineSegments RaggedToDense Result Result "
#define BACK "VocabDecoder FuzeRagged "
#define ADDED                                                                                 \
    "\"added_tokens\":[{\"id\":%d,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":true,"  \
    "\"rstrip\":true,\"normalized\":false,\"special\":true}],"

static void put_models(const char *json, int64_t n_vocab) {
    pr_arena *a = pr_arena_new(64 << 20);
    pr_model m = {.hp.n_vocab = n_vocab, .chat_template = (char *)"a \"<b>\"\n & c"};
    pare_err e = {0};
    CHECK_OK(pr_tokenizer_from_json(&m.tok, pr_str_of(json), PR_STR(""), &e), e);
    CHECK_OK(pr_ov_tokenizer(&m, root, a, &e), e);
    pr_tokenizer_close(m.tok);
    pr_arena_free(a);
}

#define CHAT "<chat_template value=\"a &quot;&lt;b&gt;&quot;&#10; &amp; c\"/>"

/* With ignore_merges: ba is a word. Rows of the model that are no token's have room. */
static void bytes(void **state) {
    char json[1024];
    for (int k = 0; k < 2; k++) {
        snprintf(json, sizeof json,
                 "{" ADDED "\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":"
                 "\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true},\"decoder\":{"
                 "\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"ignore_merges\":%s,"
                 "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"ba\":3},\"merges\":[\"a b\"]}}",
                 4, k ? "true" : "false");
        put_models(json, 8);
        look("tokenizer", k ? "SpecialTokensSplit CharsMapNormalization RegexSplit VocabEncoder "
                              "VocabEncoder BPETokenizer " END
                            : "SpecialTokensSplit CharsMapNormalization RegexSplit VocabEncoder "
                              "BPETokenizer " END, CHAT);
        look("detokenizer", BACK "UTF8Validate Result ", NULL);
    }
}

static void letters(void **state) {
    char json[2048];
    snprintf(json, sizeof json,
             "{" ADDED "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":"
             "\"Prepend\",\"prepend\":\"\xE2\x96\x81\"},{\"type\":\"Replace\",\"pattern\":{"
             "\"String\":\" \"},\"content\":\"\xE2\x96\x81\"}]},\"decoder\":{\"type\":"
             "\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":"
             "\"\xE2\x96\x81\"},\"content\":\" \"},{\"type\":\"Fuse\"},{\"type\":\"Strip\","
             "\"content\":\" \",\"start\":1,\"stop\":0}]},\"model\":{\"type\":\"BPE\","
             "\"unk_token\":\"?\",\"fuse_unk\":true,\"vocab\":{\"a\":0,\"\xE2\x96\x81\":1,"
             "\"\xE2\x96\x81" "a\":2,\"?\":3},\"merges\":[\"\xE2\x96\x81 a\"]}}", 4);
    put_models(json, 5);
    look("tokenizer", "SpecialTokensSplit RegexNormalization RegexNormalization VocabEncoder "
                      "BPETokenizer " END, CHAT);
    look("detokenizer", BACK "RegexNormalization UTF8Validate Result ", NULL);
}

static int setup(void **state) {
    snprintf(root, sizeof root, "%s", check_scratch());
    return 0;
}

static int teardown(void **state) {
    check_scratch_remove(root);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes), cmocka_unit_test(letters)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
