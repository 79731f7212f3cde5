/* cmd_eval.c - "pare eval": how good a model is. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "pare/measure.h"

static const opt_def own_against = {
    .name = "against", .type = OPT_FILE, .metavar = "REF", .help = "the model to compare with"};
static const opt_def own_choices = {
    .name = "choices",
    .type = OPT_FILE,
    .metavar = "FILE",
    .help = "multiple choice instead of a text (\"-\": standard input): six lines a task "
            "(context, label, four endings)"};
static const opt_def own_windows = {.name = "windows",
                                    .type = OPT_INT,
                                    .metavar = "N",
                                    .help = "at most N windows of text; 0: all of it",
                                    .def = "0",
                                    .lo = 0,
                                    .hi = 1000000000.0};
static const opt_def own_tasks = {.name = "tasks",
                                  .type = OPT_INT,
                                  .metavar = "N",
                                  .help = "at most N questions of --choices; 0: all of them",
                                  .def = "0",
                                  .lo = 0,
                                  .hi = 1000000000.0};
static const opt_def own_separator = {.name = "separator",
                                      .type = OPT_STRING,
                                      .metavar = "S",
                                      .help = "documents end at S and are evaluated apart"};
static const opt_def own_whole = {
    .name = "whole-documents",
    .type = OPT_FLAG,
    .help = "leave out the first and the last document, which may be cut"};

static const opt_def own_tokenizer = {
    .name = "tokenizer",
    .type = OPT_FILE,
    .metavar = "MODEL",
    .help = "the model that has the words, where neither REF nor MODEL does"};

static const opt_def *const opts[] = {
    &opt_text,      &opt_text_file, &own_against, &own_choices,     &own_tasks,
    &own_separator, &own_whole,     &opt_context, &own_windows,     &opt_state,
    &opt_exact,     &opt_any_runner, &opt_against_runner, &own_tokenizer, &opt_threads, NULL};

static int evaluate(cli *c, const pare_eval_opts *o) {
    pare_err  err = {0};
    pare_doc *d;
    int       status = 0;
    if (pare_eval(cli_arg(c, 0), o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    if (c->json)
        status = show_json(c, d);
    else
        metric_table(c, pare_doc_get(d, "metrics"));
    pare_doc_free(d);
    return status;
}

static bool from_stdin(const char *path) { return path && strcmp(path, "-") == 0; }

static int run(cli *c) {
    pare_err       err = {0};
    char          *text = NULL;
    pare_eval_opts o = {.file = cli_str(c, "file"),
                        .against = cli_str(c, "against"),
                        .choices = cli_str(c, "choices"),
                        .n_ctx = cli_int(c, "context"),
                        .n_windows = cli_int(c, "windows"),
                        .n_tasks = cli_int(c, "tasks"),
                        .separator = cli_str(c, "separator"),
                        .whole_documents = cli_flag(c, "whole-documents"),
                        .state = cli_str(c, "kv"),
                        .exact = cli_flag(c, "exact"),
                        .runner = cli_str(c, "runner"),
                        .against_runner = cli_str(c, "against-runner"),
                        .tokenizer = cli_str(c, "tokenizer")};
    bool given = cli_str(c, "prompt") || o.file;
    if (o.choices && given) return cli_usage(c, "eval: --choices takes the place of -f and -p");
    if (o.n_tasks && !o.choices)
        return cli_usage(c, "eval: --tasks is about --choices: there are none");
    if (o.separator && !*o.separator)
        return cli_usage(c, "eval: --separator is empty: documents end at something");
    if (!o.choices && !given)
        return cli_usage(c, "eval: no text: give -f FILE (or --choices FILE)");
    if (o.whole_documents && !o.separator)
        return cli_usage(
            c, "eval: --whole-documents needs --separator, which tells where they end");
    if (cli_str(c, "prompt") || from_stdin(o.choices ? o.choices : o.file)) {
        if (o.choices ? cli_file(o.choices, &text, &o.n_text, &err)
                      : cli_text(c, &text, &o.n_text, &err))
            return cli_fail(c, &err);
        o.text = text;
        if (o.choices) o.choices = "standard input";
        if (o.file) o.file = "standard input";
    }
    int status = evaluate(c, &o);
    free(text);
    return status;
}

const command cmd_eval = {
    .name = "eval",
    .help = "how good a model is, alone or against another",
    .synopsis = "MODEL -f TEXT [--against REF] [--choices FILE]",
    .text = "Perplexity and next-token accuracy on a text; with --against also the "
            "KL divergence from REF, how often both would say the same token, and the part "
            "of REF's accuracy that is kept. REF runs beside MODEL, window by window; its "
            "logits are never stored.\n"
            "The text is cut into windows of the model's context (at most 2,048; -c says "
            "another number), and every position of each is counted. A foreign runtime (--runner) "
            "gets the same tokens in the same windows, and its logits are judged in the same way; "
            "--exact asks it for float32 where it can be told so. Every number has its "
            "95 % bounds, from blocks of text, because neighbouring tokens are not "
            "independent.",
    .examples = "  pare eval models/austen-3.7m -f models/austen-3.7m/text/heldout.txt\n"
                "  pare eval austen-q4.gguf -f models/austen-3.7m/text/heldout.txt "
                "--against models/austen-3.7m\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
