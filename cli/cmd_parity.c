/* cmd_parity.c - "pare parity": the same tokens through several artefacts and runtimes. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "pare/parity.h"

static const char *const own_bound_words[] = {"exact", "f16", "bf16", "int8", "w8a8", "int4", NULL};
static const opt_def own_bound = {.name = "bound",
                                  .type = OPT_ENUM,
                                  .metavar = "B",
                                  .help = "how far apart they may be (docs/parity.md)",
                                  .words = own_bound_words,
                                  .def = "exact"};
static const opt_def own_tokens = {.name = "tokens",
                                   .type = OPT_INT,
                                   .metavar = "N",
                                   .help = "tokens to compare, at most",
                                   .def = "128",
                                   .lo = 2,
                                   .hi = 1 << 20};
static const opt_def own_greedy = {.name = "greedy",
                                   .type = OPT_INT,
                                   .metavar = "N",
                                   .help = "tokens that each makes by itself; 0: none",
                                   .def = "32",
                                   .hi = 1 << 20};
static const opt_def own_default = {
    .name = "as-it-comes",
    .type = OPT_FLAG,
    .help = "foreign runtimes in their own arithmetic, not in float32"};
static const opt_def own_strict = {.name = "strict",
                                   .type = OPT_FLAG,
                                   .help = "what a format cannot express fails too"};
static const opt_def *const opts[] = {&own_bound,     &own_tokens,  &own_greedy,
                                      &own_default,   &own_strict,  &opt_text,
                                      &opt_text_file, &opt_threads, NULL};

static void cell_place(char dst[24], const pare_doc *v) {
    if (pare_doc_kind(v) == PARE_DOC_NULL)
        snprintf(dst, 24, "–");
    else
        snprintf(dst, 24, "%lld", (long long)pare_doc_int(v));
}

static void print_matrix(cli *c, const pare_doc *d) {
    const pare_doc *models = pare_doc_get(d, "models"), *m = pare_doc_get(d, "matrix");
    table *t = table_new("|model|runner|computes in");
    for (size_t i = 0; i < pare_doc_count(models); i++) {
        const pare_doc *x = pare_doc_at(models, i);
        cell path, how;
        table_row(t, INK_PLAIN, "%zu|%s|%s|%s", i, show_cell(path, show_str(x, "path")),
                  show_str(x, "runner"), show_cell(how, show_str(x, "arithmetic")));
    }
    table_print(c, t);
    out_puts("\n");
    t = table_new(
        "against|model|logits apart>|mean>|KLD>|worst>|same token>|first at>|greedy parts at>");
    for (size_t i = 0; i < pare_doc_count(m); i++) {
        const pare_doc *x = pare_doc_at(m, i);
        char first[24], parted[24];
        cell_place(first, pare_doc_get(x, "first_apart"));
        cell_place(parted, pare_doc_get(x, "greedy_parted"));
        table_row(t, pare_doc_bool(pare_doc_get(x, "within")) ? INK_PLAIN : INK_RED,
                  "%lld|%lld|%.2g|%.2g|%.2g|%.2g|%.1f %%|%s|%s",
                  (long long)pare_doc_int(pare_doc_get(x, "reference")),
                  (long long)pare_doc_int(pare_doc_get(x, "model")),
                  pare_doc_num(pare_doc_get(x, "logit_distance_max")),
                  pare_doc_num(pare_doc_get(x, "logit_distance_mean")),
                  pare_doc_num(pare_doc_get(x, "kld_mean")),
                  pare_doc_num(pare_doc_get(x, "kld_max")),
                  100 * pare_doc_num(pare_doc_get(x, "top1_agreement")), first, parted);
    }
    table_print(c, t);
}

static void print_lines(const pare_doc *why) {
    cell x;
    for (size_t i = 0; i < pare_doc_count(why); i++) {
        out_puts("- ");
        out_wrapped(show_cell(x, pare_doc_str(pare_doc_at(why, i))), 2, term_columns(stdout));
    }
}

static void print_verdict(const pare_doc *d) {
    out_puts("\n");
    print_lines(pare_doc_get(d, "reasons"));
    print_lines(pare_doc_get(d, "cannot_be_expressed"));
    out_printf("%s: %lld tokens, bound %s\n",
               strcmp(show_str(d, "verdict"), "pass") == 0 ? "the same function"
                                                           : "not the same",
               (long long)pare_doc_int(pare_doc_path(d, "probe/tokens")), show_str(d, "bound"));
}

static int run(cli *c) {
    pare_err err = {0};
    pare_doc *d = NULL;
    const char *models[17];
    int n = 0, same = 0, status = 0;
    char *text = NULL;
    size_t n_text = 0;
    while (n < 17 && cli_arg(c, n)) models[n] = cli_arg(c, n), n++;
    bool given = cli_str(c, "file") || cli_str(c, "prompt");
    if (given && cli_text(c, &text, &n_text, &err) != PARE_OK) return cli_fail(c, &err);
    pare_parity_opts o = {.text = text,
                          .n_text = n_text,
                          .tokens = cli_int(c, "tokens"),
                          .greedy = cli_int(c, "greedy") ? cli_int(c, "greedy") : -1,
                          .bound = cli_str(c, "bound"),
                          .as_it_comes = cli_flag(c, "as-it-comes"),
                          .strict = cli_flag(c, "strict")};
    pare_status st = pare_parity(models, n, &o, &c->ctl, &d, &same, &err);
    free(text);
    if (st != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    if (c->json)
        status = show_json(c, d);
    else {
        print_matrix(c, d);
        print_verdict(d);
    }
    pare_doc_free(d);
    return status ? status : same ? 0 : 1;
}

const command cmd_parity = {
    .name = "parity",
    .help = "do several artefacts compute the same function",
    .synopsis = "[RUNNER:]A [RUNNER:]B… [--bound B] [-f TEXT]",
    .text = "The same tokens go through every artefact in its runtime (\"pare runners\"): half "
            "of them at "
            "once, then one by one, so that both ways through the state are seen; then each "
            "continues by itself. The first is the reference. Tokens of probe texts, ends of "
            "text and "
            "chat templates are compared too. Without a runner's name the file says who runs "
            "it. Status 1 "
            "if a bound breaks or a word differs, with what it looks like. What the format cannot "
            "express (in GGUF a second end of text, a normal form) is told, and fails with "
            "--strict.",
    .examples = "  pare parity models/austen-3.7m austen.gguf llama.cpp:austen.gguf\n"
                "  pare parity models/austen-3.7m austen-onnx --bound int4\n",
    .computes = true,
    .min_args = 2,
    .max_args = 16,
    .opts = opts,
    .run = run,
};
