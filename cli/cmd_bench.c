/* cmd_bench.c - "pare bench": how fast a model is. */
#include "cli.h"
#include "pare/measure.h"

static const opt_def own_vs = {
    .name = "vs", .type = OPT_FILE, .metavar = "OTHER", .help = "the model to compare with"};
static const opt_def own_prompt_tokens = {
    .name = "prompt-tokens",
    .type = OPT_INT,
    .metavar = "N",
    .help = "tokens that are read at once; without it 128, or what fits",
    .lo = 1,
    .hi = 10000000.0};
static const opt_def own_tokens = {
    .name = "tokens",
    .letter = 'n',
    .type = OPT_INT,
    .metavar = "N",
    .help = "tokens that are made one by one; without it 64, or what fits",
    .lo = 1,
    .hi = 10000000.0};
static const opt_def own_rounds = {.name = "rounds",
                                   .type = OPT_INT,
                                   .metavar = "N",
                                   .help = "how many times each is run; 0: as the bounds need",
                                   .def = "0",
                                   .lo = 0,
                                   .hi = 100000.0};
static const opt_def own_seconds = {.name = "seconds",
                                    .type = OPT_FLOAT,
                                    .metavar = "S",
                                    .help = "time to spend at most",
                                    .def = "10",
                                    .lo = 0.1,
                                    .hi = 1000000.0};

static const opt_def *const opts[] = {
    &own_vs,      &own_prompt_tokens, &own_tokens, &own_rounds, &own_seconds,   &opt_threads,
    &opt_context, &opt_state,         &opt_exact,  &opt_any_runner, &opt_vs_runner, NULL};

static long long of_bench(const pare_doc *d, const char *path) {
    return (long long)pare_doc_int(pare_doc_path(d, path));
}

static void print_table(cli *c, const pare_doc *d) {
    metric_table(c, pare_doc_get(d, "metrics"));
    out_printf("Tokens of a run: %lld read at once, %lld made one by one; runs: %lld.\n",
               of_bench(d, "bench/prompt_tokens"), of_bench(d, "bench/decode_tokens"),
               of_bench(d, "bench/rounds"));
}

static int run(cli *c) {
    pare_err        err = {0};
    pare_doc       *d;
    int             status = 0;
    pare_bench_opts o = {.vs = cli_str(c, "vs"),
                         .prompt_tokens = cli_int(c, "prompt-tokens"),
                         .decode_tokens = cli_int(c, "tokens"),
                         .n_ctx = cli_int(c, "context"),
                         .rounds = cli_int(c, "rounds"),
                         .seconds = cli_num(c, "seconds"),
                         .state = cli_str(c, "kv"),
                         .exact = cli_flag(c, "exact"),
                         .runner = cli_str(c, "runner"),
                         .vs_runner = cli_str(c, "vs-runner")};
    if (pare_bench(cli_arg(c, 0), &o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    if (c->json)
        status = show_json(c, d);
    else
        print_table(c, d);
    pare_doc_free(d);
    return status;
}

const command cmd_bench = {
    .name = "bench",
    .help = "how fast a model is, alone or against another",
    .synopsis = "MODEL [--vs OTHER] [-n N] [--seconds S]",
    .text = "Time to first token, tokens per second, percentiles of the time per "
            "token, memory, load time, energy where the machine counts it. With --vs the two "
            "take turns, pair by pair, and the ratio has bounds. A foreign runtime takes its times "
            "itself, in its own process; --exact asks it for float32 where it can be told so.",
    .examples = "  pare bench models/austen-3.7m\n"
                "  pare bench austen-q4.gguf --vs models/austen-3.7m --rounds 30\n"
                "  pare bench austen-q4.gguf --vs austen-q4.gguf --vs-runner llama.cpp\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
