/* test_frame.c - the frame of the command line: words into values, values into
 * words, tables, JSON; and that the table of every verb makes sense. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include "cli.h"

static const char *const sizes[] = {"small", "large", NULL};
static const opt_def     count = {"count", 'k', OPT_INT, "N", "how many", "3", NULL, -5, 10};
static const opt_def     share = {"share", 0, OPT_FLOAT, "X", "part", "0.5", NULL, 0, 1};
static const opt_def     room = {"room", 0, OPT_BYTES, "BYTES", "space", NULL, NULL, 0, 0};
static const opt_def     size = {"size", 's', OPT_ENUM, "SIZE", "how big", "small", sizes, 0, 0};
static const opt_def     kinds = {"kinds", 0, OPT_LIST, "A,B", "which", NULL, NULL, 0, 0};
static const opt_def     word = {"word", 'w', OPT_STRING, "TEXT", "text", NULL, NULL, 0, 0};
static const opt_def     loud = {"loud", 'l', OPT_FLAG, NULL, "loudly", NULL, NULL, 0, 0};
static const opt_def     big = {"big", 'b', OPT_FLAG, NULL, "bigly", NULL, NULL, 0, 0};
static const opt_def *const opts[] = {&count, &share, &room, &size, &kinds,
                                      &word,  &loud,  &big,  NULL};
static const command     cmd = {.name = "try", .synopsis = "[FILE…]", .max_args = -1, .opts = opts};

/* Parse the words (NULL at the end) into a fresh `c`; what it says goes nowhere. */
static int parse(cli *c, ...) {
    char   *argv[32];
    int     argc = 0;
    va_list ap;
    va_start(ap, c);
    while ((argv[argc] = va_arg(ap, char *))) argc++;
    va_end(ap);
    *c = (cli){.cmd = &cmd};
    fflush(stderr);
    int keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    dup2(null, STDERR_FILENO);
    int status = cli_parse(c, argc, argv);
    fflush(stderr);
    dup2(keep, STDERR_FILENO);
    close(keep);
    close(null);
    return status;
}

static void test_defaults(void **state) {
    cli c;
    assert_int_equal(parse(&c, NULL), 0);
    assert_int_equal(cli_int(&c, "count"), 3);
    assert_true(cli_num(&c, "share") == 0.5);
    assert_string_equal(cli_str(&c, "size"), "small");
    assert_null(cli_str(&c, "word"));
    assert_false(cli_flag(&c, "loud"));
    assert_false(cli_opt(&c, "count")->given);
    cli_done(&c);
}

static void test_forms(void **state) {
    cli c;
    assert_int_equal(parse(&c, "a", "-k", "-4", "--share=0.25", "-lb", "-wtext", "--kinds", "x,y",
                           "b", "--kinds=z", "--room", "1.5G", "-", "--", "-l", NULL), 0);
    assert_int_equal(cli_int(&c, "count"), -4);
    assert_true(cli_num(&c, "share") == 0.25);
    assert_true(cli_flag(&c, "loud") && cli_flag(&c, "big"));
    assert_string_equal(cli_str(&c, "word"), "text");
    assert_int_equal(cli_bytes(&c, "room"), 1500000000);
    assert_int_equal(cli_opt(&c, "kinds")->n_list, 3);
    assert_string_equal(cli_opt(&c, "kinds")->list[1], "y");
    assert_string_equal(cli_opt(&c, "kinds")->list[2], "z");
    assert_int_equal(c.n_args, 4);
    assert_string_equal(cli_arg(&c, 2), "-");
    assert_string_equal(cli_arg(&c, 3), "-l");
    assert_null(cli_arg(&c, 4));
    cli_done(&c);
}

static void test_values(void **state) {
    static const char *const bad[] = {
        "--count=11", "--count=-6", "--count=3.0", "--count=", "--count=0x3", "--count= 3",
        "--count=99999999999999999999", "--share=nan", "--share=inf", "--share=1.01", "--share=",
        "--share=0x1p-1", "--share=1e999", "--size=medium", "--size=", "--room=12q", "--room=-1",
        "--room=", "--room=G", "--room=1e3", "--room=99999999T", "--room=1.2.3", "--loud=1",
        "--loudly", "-z", "-lz", "--word", "--"};
    for (size_t i = 0; i + 1 < PR_COUNT(bad); i++) {
        cli c;
        if (parse(&c, bad[i], NULL) != 2) fail_msg("%s was taken", bad[i]);
        cli_done(&c);
    }
    static const struct {
        const char *text;
        uint64_t    bytes;
    } good[] = {{"512", 512},       {"64k", 64000},      {"64K", 64000},
                {"64kB", 64000},    {"2GiB", 2147483648}, {"2Gi", 2147483648},
                {"1.5M", 1500000},  {"1T", 1000000000000}, {"7B", 7}};
    for (size_t i = 0; i < PR_COUNT(good); i++) {
        cli c;
        assert_int_equal(parse(&c, "--room", good[i].text, NULL), 0);
        assert_int_equal(cli_bytes(&c, "room"), good[i].bytes);
        /* The library reads sizes in policies with its own reader: both agree. */
        uint64_t other;
        assert_true(pr_parse_bytes(good[i].text, &other) && other == good[i].bytes);
        cli_done(&c);
    }
}

static void test_nearest(void **state) {
    static const char *const words[] = {"quantize", "tokenize", "optimize", "eval"};
    assert_string_equal(cli_nearest("quantise", words, 4), "quantize");
    assert_string_equal(cli_nearest("optimzie", words, 4), "optimize");
    assert_string_equal(cli_nearest("evla", words, 4), "eval");
    assert_null(cli_nearest("frobnicate", words, 4));
    assert_null(cli_nearest("", words, 4));
}

static void test_human(void **state) {
    human h;
    assert_string_equal(human_bytes(h, 0), "0 B");
    assert_string_equal(human_bytes(h, 999), "999 B");
    assert_string_equal(human_bytes(h, 1000), "1.00 kB");
    assert_string_equal(human_bytes(h, 6949120), "6.95 MB");
    assert_string_equal(human_bytes(h, 99960), "100 kB");
    assert_string_equal(human_bytes(h, 999600), "1.00 MB");
    assert_string_equal(human_count(h, 1.1e9), "1.10 B");
    assert_string_equal(human_time(h, 42.4), "0:42");
    assert_string_equal(human_time(h, 3599.7), "1:00:00");
    assert_string_equal(human_time(h, -1), "0:00");
}

static void test_width(void **state) {
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("±…é"), 3);
    assert_int_equal(text_width("e\xCC\x81"), 1); /* e and a combining accent */
    assert_int_equal(text_width("日本"), 4);
    assert_true(text_width("\xFF\xC3") >= 0); /* not UTF-8: no reading past the end */
}

/* Run `print` with standard output in a file, and give what it wrote. */
static char *caught(void (*print)(void)) {
    static char text[8192];
    FILE       *f = tmpfile();
    fflush(stdout);
    int keep = dup(STDOUT_FILENO);
    dup2(fileno(f), STDOUT_FILENO);
    print();
    fflush(stdout);
    dup2(keep, STDOUT_FILENO);
    close(keep);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

static void print_table(void) {
    cli    c = {0};
    table *t = table_new("name|size>|ok");
    table_row(t, INK_PLAIN, "é|%d|yes", 7);
    table_row(t, INK_RED, "日本語|1234");
    table_print(&c, t);
}

static void test_table(void **state) {
    assert_string_equal(caught(print_table), "name    size  ok\n"
                                             "é          7  yes\n"
                                             "日本語  1234  \n");
}

/* What is put in neither ends a cell nor commands the terminal. */
static void print_hostile(void) {
    cli    c = {.colour = true};
    table *t = table_new("gate|ok");
    table_row(t, INK_RED, "%s|yes", "a|b\033]0;x\a\302\233c\n");
    table_print(&c, t);
    out_printf("%sname%s \033[2J\033[31\x7F\n", ink_on(&c, INK_BOLD), ink_off(&c));
}

static void test_hostile(void **state) {
    assert_string_equal(caught(print_hostile),
                        "\033[2mgate           ok\033[0m\n\033[31ma|b?]0;x???c   yes\033[0m\n"
                        "\033[1mname\033[0m ?[2J?[31?\n");
}

/* Whole numbers are compared as such: 2^53 + 1 is no double. */
static void test_exact_range(void **state) {
    static const opt_def *const exact[] = {&opt_seed, &opt_out, NULL};
    static const command        seeds = {.name = "seeds", .synopsis = "", .opts = exact};
    static const struct {
        const char *word;
        int         status;
    } rows[] = {{"--seed=9007199254740992", 0}, {"--seed=9007199254740993", 2}, {"-o-", 2},
                {"-o./-", 0}};
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        cli   c = {.cmd = &seeds};
        char *argv[] = {(char *)(uintptr_t)rows[i].word, NULL};
        assert_int_equal(cli_parse(&c, 1, argv), rows[i].status);
        cli_done(&c);
    }
}

static void print_json(void) {
    json *j = js_new();
    js_open(j, NULL, '{');
    js_str(j, "text", "a\"\\\n\t\x01 é \xFF");
    js_num(j, "tenth", 0.1);
    js_num(j, "third", 1.0 / 3);
    js_num(j, "nan", (double)NAN);
    js_int(j, "least", INT64_MIN);
    js_open(j, "empty", '[');
    js_close(j);
    js_open(j, "list", '[');
    js_bool(j, NULL, true);
    js_null(j, NULL);
    js_raw(j, NULL, "{\"x\":1}");
    js_print(j); /* closes what is open */
}

static void test_json(void **state) {
    assert_string_equal(caught(print_json),
                        "{\n"
                        "  \"text\": \"a\\\"\\\\\\n\\u0009\\u0001 é \xEF\xBF\xBD\",\n"
                        "  \"tenth\": 0.1,\n"
                        "  \"third\": 0.3333333333333333,\n"
                        "  \"nan\": null,\n"
                        "  \"least\": -9223372036854775808,\n"
                        "  \"empty\": [],\n"
                        "  \"list\": [\n"
                        "    true,\n"
                        "    null,\n"
                        "    {\"x\":1}\n"
                        "  ]\n"
                        "}\n");
}

static void print_wrapped(void) { out_wrapped("one two three  four", 2, 11); }
static void test_wrapped(void **state) {
    assert_string_equal(caught(print_wrapped), "one two\n  three\n  four\n");
}

static void check_option(const command *verb, const opt_def *o, size_t i) {
    if (o->name && strlen(o->name) < 2) fail_msg("%s: --%s", verb->name, o->name);
    assert_non_null(o->help);
    if (o->help[strlen(o->help) - 1] == '.') fail_msg("%s: --%s: full stop", verb->name, o->name);
    if ((o->type == OPT_FLAG) != (o->metavar == NULL))
        fail_msg("%s: --%s: a metavar belongs to a value", verb->name, o->name);
    if ((o->type == OPT_ENUM) != (o->words != NULL)) fail_msg("%s: --%s", verb->name, o->name);
    for (size_t k = 0; k < i; k++) {
        const opt_def *other = command_opt(verb, k);
        if (strcmp(other->name, o->name) == 0) fail_msg("%s: two --%s", verb->name, o->name);
        if (o->letter && other->letter == o->letter)
            fail_msg("%s: two -%c", verb->name, o->letter);
    }
}

/* Every verb: its options differ, and its defaults are legal. */
static void test_verbs(void **state) {
    for (size_t v = 0; commands[v]; v++) {
        const command *verb = commands[v];
        const opt_def *o;
        size_t         i = 0;
        assert_ptr_equal(command_find(verb->name), verb);
        assert_non_null(verb->run);
        for (; (o = command_opt(verb, i)); i++) check_option(verb, o, i);
        assert_true(i < CLI_MAX_OPTS);
        cli   c = {.cmd = verb};
        char  a[] = "a", *args[] = {a, a, a, NULL};
        assert_int_equal(cli_parse(&c, verb->min_args, args), 0);
        cli_done(&c);
    }
}

/* -p, -f, both, none, and a file that is not there. */
static void test_text(void **state) {
    static const opt_def *const with_text[] = {&opt_text, &opt_text_file, NULL};
    static const command        reader = {.name = "read", .synopsis = "", .opts = with_text};
    static const struct {
        const char *words[3];
        pare_status want;
    } rows[] = {{{"-p", "abc"}, PARE_OK},
                {{"-f", "/dev/null"}, PARE_OK},
                {{"-pa", "-fb"}, PARE_EUSAGE},
                {{NULL}, PARE_EUSAGE},
                {{"-f", "/nowhere/x"}, PARE_EINPUT},
                {{"-f", "/"}, PARE_EINPUT}};
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        cli      c = {.cmd = &reader};
        char    *text, *argv[3];
        size_t   n;
        pare_err err = {0};
        memcpy(argv, rows[i].words, sizeof argv);
        assert_int_equal(cli_parse(&c, argv[0] ? 2 : 0, argv), 0);
        assert_int_equal(cli_text(&c, &text, &n, &err), rows[i].want);
        assert_int_equal(err.status, rows[i].want);
        assert_true((text != NULL) == (rows[i].want == PARE_OK));
        if (text) assert_int_equal(n, strlen(text));
        free(text);
        cli_done(&c);
    }
}

/* The first signal asks; the library sees it through ctl. The last test: it stays asked. */
static void test_stop(void **state) {
    static const command idle = {.name = "idle", .synopsis = ""};
    cli                  c = {.cmd = &idle};
    pare_err             err = {0};
    progress_init(&c);
    stop_init();
    assert_int_equal(pr_ctl_check(&c.ctl, &err), PARE_OK);
    raise(SIGTERM);
    assert_int_equal(pr_ctl_check(&c.ctl, &err), PARE_ECANCELLED);
    assert_int_equal(pare_status_exit(err.status), 130);
    struct sigaction now;
    sigaction(SIGTERM, NULL, &now);
    assert_true(now.sa_handler == SIG_DFL); /* the second one kills */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_human),    cmocka_unit_test(test_width),
        cmocka_unit_test(test_table), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_exact_range),    cmocka_unit_test(test_json),
        cmocka_unit_test(test_wrapped),  cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_text),     cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
