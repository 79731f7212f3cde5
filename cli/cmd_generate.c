/* cmd_generate.c - "pare generate": continue a text. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "pare/runner.h"

static const opt_def own_repeat_penalty = {
    .name = "repeat-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "divide the score of tokens that were there lately; 1: no",
    .def = "1",
    .lo = 0.01,
    .hi = 100};
static const opt_def own_presence_penalty = {
    .name = "presence-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "subtract from the score of tokens that were there lately",
    .def = "0",
    .lo = -100,
    .hi = 100};
static const opt_def own_frequency_penalty = {
    .name = "frequency-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "subtract, once for each time that they were there",
    .def = "0",
    .lo = -100,
    .hi = 100};
static const opt_def own_penalty_last = {.name = "penalty-last",
                                         .type = OPT_INT,
                                         .metavar = "N",
                                         .help = "what \"lately\" means, in tokens",
                                         .def = "64",
                                         .lo = 1,
                                         .hi = 1048576};
static const opt_def own_ignore_eos = {
    .name = "ignore-eos", .type = OPT_FLAG, .help = "go on after the end-of-text token"};
static const opt_def own_plain = {
    .name = "plain",
    .type = OPT_FLAG,
    .help = "the prompt is text alone: add no token, read no special one in it"};
static const opt_def own_echo = {
    .name = "echo", .type = OPT_FLAG, .help = "print the prompt before its continuation"};

static const opt_def own_tokenizer = {
    .name = "tokenizer",
    .type = OPT_FILE,
    .metavar = "MODEL",
    .help = "the model that has the words, where pare cannot read MODEL itself"};

static const opt_def *const opts[] = {&opt_text,
                                      &opt_text_file,
                                      &opt_n,
                                      &opt_threads,
                                      &opt_context,
                                      &opt_temp,
                                      &opt_top_k,
                                      &opt_top_p,
                                      &opt_min_p,
                                      &own_repeat_penalty,
                                      &own_presence_penalty,
                                      &own_frequency_penalty,
                                      &own_penalty_last,
                                      &opt_seed,
                                      &own_plain,
                                      &own_echo,
                                      &own_ignore_eos,
                                      &opt_state,
                                      &opt_exact,
                                      &opt_any_runner,
                                      &own_tokenizer,
                                      NULL};

/* Where the text goes: to the screen as it comes, or into memory for --json. */
typedef struct {
    FILE *memory; /* NULL: the screen */
    char  last;   /* byte that was written */
} sink;

static int on_text(void *user, const char *text, size_t n) {
    sink *s = user;
    if (n == 0) return 0;
    if (s->memory) {
        fwrite(text, 1, n, s->memory);
    } else {
        out_text(text, n);
        out_flush();
    }
    s->last = text[n - 1];
    return out_broken();
}

static pare_generate_opts asked(const cli *c) {
    return (pare_generate_opts){
        .n = cli_int(c, "tokens"),
        .n_ctx = cli_int(c, "context"),
        .temp = (float)cli_num(c, "temp"),
        .top_k = (int)cli_int(c, "top-k"),
        .top_p = fmaxf((float)cli_num(c, "top-p"), FLT_MIN), /* 0 would mean: off */
        .min_p = (float)cli_num(c, "min-p"),
        .repeat_penalty = (float)cli_num(c, "repeat-penalty"),
        .presence_penalty = (float)cli_num(c, "presence-penalty"),
        .frequency_penalty = (float)cli_num(c, "frequency-penalty"),
        .penalty_last = (int)cli_int(c, "penalty-last"),
        .seed = (uint64_t)cli_int(c, "seed"),
        .plain = cli_flag(c, "plain"),
        .ignore_eos = cli_flag(c, "ignore-eos"),
        .state = cli_str(c, "kv"),
        .exact = cli_flag(c, "exact"),
    };
}

static void runner_line(cli *c, const pare_doc *stats) {
    human rss;
    cell  x;
    cli_note(c, "pare: %lld tokens by %s, first after %.0f ms; peak memory %s; %s",
             (long long)pare_doc_int(pare_doc_get(stats, "tokens")), show_str(stats, "runner"),
             pare_doc_num(pare_doc_get(stats, "prompt_ms")),
             show_bytes(rss, stats, "peak_rss_bytes"),
             show_cell(x, show_str(stats, "arithmetic")));
}

static void speed_line(cli *c, const pare_doc *stats) {
    human  rss, weights;
    double decode = pare_doc_num(pare_doc_get(stats, "decode_tps"));
    char   rate[48] = "";
    if (!isnan(decode)) snprintf(rate, sizeof rate, " at %.1f tok/s", decode);
    cli_note(
        c,
        "pare: %lld tokens%s; prompt of %lld read at %.0f tok/s, first token after %.0f ms; "
        "%s weights, peak memory %s; %lld thread%s, %s",
        (long long)pare_doc_int(pare_doc_get(stats, "tokens")), rate,
        (long long)pare_doc_int(pare_doc_get(stats, "prompt_tokens")),
        pare_doc_num(pare_doc_get(stats, "prefill_tps")),
        pare_doc_num(pare_doc_get(stats, "prompt_ms")),
        show_bytes(weights, stats, "weights_bytes"), show_bytes(rss, stats, "peak_rss_bytes"),
        (long long)pare_doc_int(pare_doc_get(stats, "threads")),
        pare_doc_int(pare_doc_get(stats, "threads")) == 1 ? "" : "s", show_str(stats, "level"));
}

static int print_json(cli *c, const char *prompt, const char *text, size_t n,
                      const pare_doc *stats) {
    pare_err err = {0};
    char    *raw;
    if (pare_doc_text(stats, 0, &raw, NULL, &err) != PARE_OK) return cli_fail(c, &err);
    json *j = js_new();
    js_open(j, NULL, '{');
    js_str(j, "model", cli_arg(c, 0));
    js_str(j, "prompt", prompt);
    js_text(j, "text", text, n);
    js_raw(j, "stats", raw);
    pare_doc_text_free(raw);
    return js_print(j);
}

/* What was made stands on standard output already: no second object there. */
static int interrupted(const pare_err *err) {
    fprintf(stderr, "pare: %s\n", err->msg);
    return pare_status_exit(err->status);
}

/* A place in the text is one in its file; without a place it is the model that failed. */
static int fail(cli *c, pare_err *err) {
    const char *name = err->pos >= 0 ? cli_str(c, "file") : cli_arg(c, 0);
    bool        ours = err->status == PARE_EINPUT && !err->file[0];
    if (ours && name) snprintf(err->file, sizeof err->file, "%s", name);
    return cli_fail(c, err);
}

static int generate(cli *c, const pare_model *m, const char *prompt, size_t n_prompt) {
    pare_err           err = {0};
    pare_generate_opts o = asked(c);
    sink               s = {0};
    pare_doc          *stats = NULL;
    char              *text = NULL;
    size_t             n = 0;
    int                status = 0;
    c->ctl.on_progress = NULL; /* the text is the progress */
    if (c->json && !(s.memory = open_memstream(&text, &n))) {
        err = (pare_err){.status = PARE_ENOMEM, .pos = -1, .msg = "no memory for the text"};
        return cli_fail(c, &err);
    }
    if (cli_flag(c, "echo")) on_text(&s, prompt, n_prompt);
    const char *by = cli_str(c, "runner");
    pare_status st =
        strcmp(by, "native") == 0
            ? pare_generate(m, prompt, n_prompt, &o, &c->ctl, on_text, &s, &stats, &err)
            : pare_generate_by(by, cli_arg(c, 0), m, prompt, n_prompt, &o, &c->ctl, on_text, &s,
                               &stats, &err);
    if (s.memory) fclose(s.memory);
    if (!c->json && s.last && s.last != '\n') out_puts("\n");
    out_flush();
    bool some = st == PARE_OK || (st == PARE_ECANCELLED && stats);
    if (some && c->json) status = print_json(c, prompt, text, n, stats);
    if (some && !out_broken()) {
        if (pare_doc_get(stats, "runner")) runner_line(c, stats);
        else speed_line(c, stats);
    }
    if (st == PARE_ECANCELLED && out_broken())
        status = pare_status_exit(st); /* out_finish() tells why */
    else if (st != PARE_OK)
        status = some ? interrupted(&err) : fail(c, &err);
    pare_doc_free(stats);
    free(text);
    return status;
}

static int run(cli *c) {
    pare_err    err = {0};
    char       *prompt;
    size_t      n;
    pare_model *m;
    int         status;
    if (cli_text(c, &prompt, &n, &err) != PARE_OK) return cli_fail(c, &err);
    const char *words = cli_str(c, "tokenizer");
    if (words && strcmp(cli_str(c, "runner"), "native") == 0) {
        free(prompt);
        return cli_usage(
            c, "--tokenizer is for another --runner: the native one reads MODEL itself");
    }
    if (pare_model_open(&m, words ? words : cli_arg(c, 0), &err) != PARE_OK)
        status = cli_fail(c, &err);
    else
        status = generate(c, m, prompt, n);
    pare_model_close(m);
    free(prompt);
    return status;
}

const command cmd_generate = {
    .name = "generate",
    .help = "continue a text",
    .synopsis = "MODEL -p TEXT [-n N] [--temp X]",
    .text = "The continuation appears as it is made, on standard output, without the "
            "prompt (--echo: with it) and with a line feed at its end; how fast it was "
            "stands on standard error. It ends after N tokens, at an end-of-text token, or "
            "where the context is full; Ctrl-C ends it, keeps what was made and says how fast "
            "it was. -n 0 sets no number. Without -c the context is the model's, but at most "
            "4,096 tokens. Without --temp the likeliest token is taken each time.\n"
            "The same seed gives the same text, whatever the number of threads and the "
            "instruction set. With --json: {\"model\",\"prompt\",\"text\",\"stats\"}.\n"
            "With --runner another runtime computes the scores, and all else stays pare's: where "
            "pare cannot read the runtime's format, --tokenizer names a model with the same words.",
    .computes = true,
    .examples = "  pare generate models/austen-3.7m -p \"It is a truth\" -n 64\n"
                "  pare generate models/austen-3.7m -p \"Emma\" --temp 0.8 --top-p 0.95 --seed 7\n"
                "  pare generate austen.gguf -p \"Emma\" --runner llama.cpp\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
