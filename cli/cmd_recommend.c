/* cmd_recommend.c - "pare recommend": framework, format and quantization for a target. */
#include <stdio.h>
#include "cli.h"
#include "pare/recommend.h"

static const char *const styles[] = {"prototyping", "enterprise", NULL};

static const opt_def own_target = {
    .name = "target",
    .type = OPT_FILE,
    .metavar = "T",
    .help = "for the target T, a shipped one or FILE.yaml, instead of this machine"};
static const opt_def own_purpose = {
    .name = "purpose",
    .type = OPT_STRING,
    .metavar = "P",
    .help = "cross-platform-text, cross-platform-multimodal or enterprise; a stated target goes "
            "before it"};
static const opt_def own_need = {
    .name = "need",
    .type = OPT_LIST,
    .metavar = "N,…",
    .help = "cross-platform, enterprise, mobile, real-time, model-variety, ease-of-use: breaks "
            "ties"};
static const opt_def own_style = {.name = "style",
                                  .type = OPT_ENUM,
                                  .metavar = "S",
                                  .words = styles,
                                  .help = "whose order of frameworks breaks the ties left"};
static const opt_def own_rules = {.name = "rules",
                                  .type = OPT_FILE,
                                  .metavar = "FILE",
                                  .help = "rules of your own instead of the shipped ones"};
static const opt_def own_policy = {
    .name = "policy",
    .type = OPT_FILE,
    .metavar = "FILE",
    .help = "no type that its gate on memory_ratio would refuse"};
static const opt_def own_max_bytes = {.name = "max-bytes",
                                      .type = OPT_BYTES,
                                      .metavar = "BYTES",
                                      .help = "limit of the weights' bytes"};

static const opt_def *const opts[] = {&own_target, &own_purpose, &own_need,       &own_style,
                                      &own_rules,  &own_policy,  &own_max_bytes,  &opt_max_memory,
                                      &opt_context, NULL};

static void strategy_words(const pare_doc *s, char *to, size_t n) {
    int64_t     group = pare_doc_int(pare_doc_get(s, "group"));
    const char *more = pare_doc_str(pare_doc_get(s, "acceleration"));
    const char *calibration = pare_doc_str(pare_doc_get(s, "calibration"));
    char        size[32] = "";
    cell        a, b, c, d;
    if (!more) more = calibration;
    if (group) snprintf(size, sizeof size, ", group %lld", (long long)group);
    snprintf(to, n, "%s %s%s%s%s (%s)", show_cell(a, show_str(s, "method")),
             show_cell(b, show_str(s, "type")), size, more ? ", " : "",
             more ? show_cell(c, more) : "", show_cell(d, show_str(s, "rule")));
}

static void print_choice(table *t, const pare_doc *d, const char *place) {
    const pare_doc *o = pare_doc_get(d, place), *s = pare_doc_get(o, "strategy");
    const pare_doc *gone = pare_doc_get(s, "replaced");
    human           bytes, memory, file;
    cell            a, b, c;
    char            words[400];
    if (pare_doc_kind(o) != PARE_DOC_OBJECT) {
        table_row(t, INK_YELLOW, "%s|none: %s", place,
                  *place == 'f' ? "every framework is passed over" : "every other is passed over");
        return;
    }
    table_row(t, INK_BOLD, "%s|%s, format %s", place, show_cell(a, show_str(o, "framework")),
              show_cell(b, show_str(o, "format")));
    table_row(t, INK_PLAIN, "|%s", show_cell(c, show_str(o, "because")));
    strategy_words(s, words, sizeof words);
    table_row(t, INK_PLAIN, "|%s", words);
    if (pare_doc_kind(pare_doc_get(s, "file_bytes")) != PARE_DOC_NULL)
        table_row(t, INK_PLAIN, "|file %s B",
                  show_grouped(file, (int64_t)pare_doc_num(pare_doc_get(s, "file_bytes"))));
    table_row(t, INK_PLAIN, "|weights %s, with state %s (%s)", show_bytes(bytes, s, "weight_bytes"),
              show_bytes(memory, s, "memory_bytes"), show_str(s, "basis"));
    for (size_t i = 0; i < pare_doc_count(gone); i++)
        table_row(t, INK_DIM, "|instead of %s: %s",
                  show_cell(a, show_str(pare_doc_at(gone, i), "type")),
                  show_cell(b, show_str(pare_doc_at(gone, i), "because")));
}

static void print_all(cli *c, const pare_doc *d) {
    const pare_doc *rule = pare_doc_get(d, "rule"), *passed = pare_doc_get(d, "passed_over");
    table          *t = table_new("recommended|");
    cell            a, b;
    table_row(t, INK_PLAIN, "rule|%s: %s", show_cell(a, show_str(rule, "id")),
              show_cell(b, show_str(rule, "because")));
    print_choice(t, d, "first");
    print_choice(t, d, "second");
    for (size_t i = 0; i < pare_doc_count(passed); i++)
        table_row(t, INK_DIM, "%s|%s: %s", i ? "" : "passed over",
                  show_cell(a, show_str(pare_doc_at(passed, i), "framework")),
                  show_cell(b, show_str(pare_doc_at(passed, i), "because")));
    table_print(c, t);
}

static int run(cli *c) {
    pare_err            err = {0};
    pare_model         *m = NULL;
    pare_doc           *d = NULL;
    const opt_value    *need = cli_opt(c, "need");
    pare_recommend_opts o = {.target = cli_str(c, "target"),
                             .purpose = cli_str(c, "purpose"),
                             .style = cli_str(c, "style"),
                             .needs = need->list,
                             .n_needs = need->n_list,
                             .rules = cli_str(c, "rules"),
                             .policy = cli_str(c, "policy"),
                             .context = cli_int(c, "context"),
                             .max_bytes = (double)cli_bytes(c, "max-bytes"),
                             .max_memory = (double)cli_bytes(c, "max-memory")};
    int                 status = 0;
    if (pare_model_open(&m, cli_arg(c, 0), &err) != PARE_OK ||
        pare_recommend(m, &o, &d, &err) != PARE_OK)
        status = cli_fail(c, &err);
    else {
        if (c->json) status = show_json(c, d);
        else print_all(c, d);
        if (!status && pare_doc_kind(pare_doc_get(d, "first")) != PARE_DOC_OBJECT) status = 1;
    }
    pare_doc_free(d);
    pare_model_close(m);
    return status;
}

const command cmd_recommend = {
    .name = "recommend",
    .help = "which framework, format and quantization for a target, and by which rule",
    .synopsis = "MODEL [--target T] [--purpose P] [--need N,…] [--style S] [--rules FILE]",
    .text = "Answers before anything is converted, by rules that lie in one file "
            "(docs/recommend.md): a stated target goes before a purpose, a purpose before the "
            "model. Every answer names the rule that made it, and why others were passed over. "
            "A type that the model, memory, the file's limit or the policy's gate forbids is "
            "replaced, with the reason. Status 1: no framework is possible.",
    .examples = "  pare recommend models/austen-3.7m\n"
                "  pare recommend models/austen-3.7m --target raspberry-pi-5\n"
                "  pare recommend models/austen-3.7m --purpose cross-platform-multimodal --need "
                "ease-of-use\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
