/* cmd_optimize.c - "pare optimize": the main job. */
#include <math.h>
#include <string.h>
#include "cli.h"
#include "pare/hw.h"
#include "pare/optimize.h"

static const opt_def own_variants = {
    .name = "variants",
    .type = OPT_LIST,
    .metavar = "T,T,…",
    .help = "what to try, each [FORMAT:]QUANT, then any of -gN -sym -headQUANT -calib -gptq "
            "-pruneS -kvT -tN -gpu -npu, then [@RUNNER]; without it ten GGUF types, from the "
            "source's own to Q2_K"};
static const opt_def own_calib = {
    .name = "calib",
    .type = OPT_FILE,
    .metavar = "TEXT",
    .help = "what -calib, -gptq and -prune learn from; without it SRC's text/train.txt"};
static const opt_def own_search = {
    .name = "search",
    .type = OPT_FLAG,
    .help = "try the variants in every way they can be made and run, more of those that do well"};
static const opt_def own_search_evaluations = {
    .name = "search-evaluations",
    .type = OPT_INT,
    .metavar = "N",
    .help = "looks of a search at most; 0: all of up to 200 options, 200 of more",
    .def = "0",
    .lo = 0,
    .hi = 100000};
static const opt_def own_search_seconds = {.name = "search-seconds",
                                           .type = OPT_FLOAT,
                                           .metavar = "S",
                                           .help = "time for looks; without it no bound",
                                           .lo = 0,
                                           .hi = 1e7};
static const opt_def own_formats = {
    .name = "formats",
    .type = OPT_LIST,
    .metavar = "F,F,…",
    .help = "try what is usual in each of gguf, hf, mlx, onnx, openvino"};
static const opt_def own_runners = {
    .name = "runners",
    .type = OPT_LIST,
    .metavar = "R,R,…",
    .help = "what runs the variants that name no runner, where it takes their format"};
static const opt_def own_max_bytes = {.name = "max-bytes",
                                      .type = OPT_BYTES,
                                      .metavar = "BYTES",
                                      .help = "size of the file at most"};
static const opt_def own_max_latency_ms = {.name = "max-latency-ms",
                                           .type = OPT_FLOAT,
                                           .metavar = "MS",
                                           .help = "time per token at most, in 95 of 100",
                                           .lo = 0.001,
                                           .hi = 1000000000.0};
static const opt_def own_min_accuracy = {.name = "min-accuracy",
                                         .type = OPT_FLOAT,
                                         .metavar = "X",
                                         .help = "part of the accuracy that is kept at least",
                                         .lo = 0,
                                         .hi = 1};
static const opt_def own_min_speedup = {
    .name = "min-speedup",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "tokens per second, in those of the baseline, at least",
    .lo = 0,
    .hi = 1000000.0};
static const opt_def own_prefer = {.name = "prefer",
                                   .type = OPT_STRING,
                                   .metavar = "WEIGHTS",
                                   .help =
                                       "what matters how much: speed=2,accuracy=1,memory=1"};
static const opt_def own_policy = {.name = "policy",
                                   .type = OPT_FILE,
                                   .metavar = "FILE",
                                   .help = "gates and preferences in YAML"};
static const opt_def own_target = {
    .name = "target",
    .type = OPT_FILE,
    .metavar = "T",
    .help = "where it will run: its memory and storage limit the result (pare hw --targets)"};
static const opt_def own_windows = {
    .name = "windows",
    .type = OPT_INT,
    .metavar = "N",
    .help = "at most N windows of text per variant; 0: all of it",
    .def = "0",
    .lo = 0,
    .hi = 1000000000.0};
static const opt_def own_seconds = {.name = "seconds",
                                    .type = OPT_FLOAT,
                                    .metavar = "S",
                                    .help = "time for the timing of each variant",
                                    .def = "4",
                                    .lo = 0.1,
                                    .hi = 1000000.0};

static const opt_def *const opts[] = {&opt_out,
                                      &opt_text_file,
                                      &own_variants,
                                      &own_formats,
                                      &own_runners,
                                      &own_calib,
                                      &own_search,
                                      &own_search_evaluations,
                                      &own_search_seconds,
                                      &own_max_bytes,
                                      &opt_max_memory,
                                      &own_max_latency_ms,
                                      &own_min_accuracy,
                                      &own_min_speedup,
                                      &own_prefer,
                                      &own_policy,
                                      &own_target,
                                      &opt_context,
                                      &own_windows,
                                      &own_seconds,
                                      &opt_state,
                                      &opt_seed,
                                      &opt_strict,
                                      &opt_allow_inexact,
                                      &opt_threads,
                                      &opt_work_memory,
                                      NULL};

static bool named(const pare_doc *array, const char *name) {
    for (size_t i = 0; i < pare_doc_count(array); i++) {
        const char *s = pare_doc_str(pare_doc_at(array, i));
        if (s && strcmp(s, name) == 0) return true;
    }
    return false;
}

/* What memory was compared by: as planned, or what the processes took. */
static const char *memory_metric(const pare_doc *r) {
    const pare_doc *a = pare_doc_path(r, "front/objectives");
    for (size_t i = 0; i < pare_doc_count(a); i++)
        if (strcmp(show_str(pare_doc_at(a, i), "metric"), "peak_rss_bytes") == 0)
            return "peak_rss_bytes";
    return "memory_bytes";
}

static void variant_row(table *t, const pare_doc *r, const pare_doc *v) {
    const char *name = show_str(v, "name");
    const char *choice = pare_doc_str(pare_doc_path(r, "choice/name"));
    bool chosen = choice && strcmp(choice, name) == 0,
         front = named(pare_doc_path(r, "front/members"), name);
    human       bytes;
    metric_cell ppl, kld, kept, tps, speed, memory;
    if (pare_doc_str(pare_doc_get(v, "error"))) return;
    table_row(t,
              chosen  ? INK_BOLD
              : front ? INK_PLAIN
                      : INK_DIM,
              "%s|%s|%s|%.2f|%s|%s|%s|%s|%s|%s",
              chosen  ? "→"
              : front ? "•"
                      : " ",
              name, show_grouped(bytes, pare_doc_int(pare_doc_get(v, "bytes"))),
              pare_doc_num(pare_doc_get(v, "bpw")),
              metric_pm(ppl, metric_find(v, "perplexity", NULL)),
              metric_pm(kld, metric_find(v, "kld_mean", "source")),
              metric_pm(kept, metric_find(v, "accuracy_kept", "source")),
              metric_pm(tps, metric_find(v, "decode_tps", NULL)),
              metric_pm(speed, metric_find(v, "speedup", "source")),
              metric_value(memory, metric_find(v, memory_metric(r), NULL)));
}

/* A reason is longer than any column. */
static void left_out(cli *c, const pare_doc *v) {
    bool        skipped = pare_doc_bool(pare_doc_get(v, "skipped"));
    const char *error = pare_doc_str(pare_doc_get(v, "error"));
    cell        why;
    if (!error) return;
    out_printf("%s%s %s: %s%s\n", ink_on(c, skipped ? INK_DIM : INK_RED),
               skipped ? "skipped" : "lost", show_str(v, "name"), show_cell(why, error),
               ink_off(c));
}

static void print_report(cli *c, const pare_doc *r, const char *out) {
    const pare_doc *a = pare_doc_get(r, "variants");
    table *t = table_new(" |variant|bytes>|bits>|perplexity>|KL divergence>|accuracy "
                         "kept>|tokens/s>|speedup>|memory>");
    bool   peak = strcmp(memory_metric(r), "peak_rss_bytes") == 0;
    for (size_t i = 0; i < pare_doc_count(a); i++) variant_row(t, r, pare_doc_at(a, i));
    table_print(c, t);
    for (size_t i = 0; i < pare_doc_count(a); i++) left_out(c, pare_doc_at(a, i));
    out_printf(
        "%s→ chosen   • on the front, where nothing is better in all   ± bounds of 95 %%%s\n\n",
        ink_on(c, INK_DIM), ink_off(c));
    if (peak)
        out_printf("Memory: the peak of the process, for a runtime beside pare plans nothing that "
                   "could be read.\n\n");
    out_printf("Gates for %s\n", show_str(r, "choice/name"));
    gate_table(c, pare_doc_get(r, "gates"));
    out_puts("\n");
    if (pare_doc_str(pare_doc_path(r, "choice/reason")))
        out_printf("Choice: %s\n", show_str(r, "choice/reason"));
    verdict_line(c, r);
    out_printf("Report: %s/report.html and %s/report.json\n", out, out);
}

/* The least of `limit` (0: none) and a bound of the target's. */
static double least(double limit, const pare_doc *target, const char *bound) {
    double v = pare_doc_num(pare_doc_path(target, bound));
    return isnan(v) || (limit > 0 && limit <= v) ? limit : v;
}

/* What the target says of size. Its latency and power hold there, not on this machine, and are not
 * compared with what is measured here. */
static pare_status take_target(cli *c, pare_optimize_opts *o, pare_err *err) {
    pare_doc   *t = NULL;
    pare_status st;
    if (!cli_str(c, "target")) return PARE_OK;
    if ((st = pare_target(cli_str(c, "target"), &t, err)) != PARE_OK) return st;
    o->max_bytes = least(o->max_bytes, t, "bounds/file_bytes/value");
    o->max_memory = least(o->max_memory, t, "bounds/memory_bytes/value");
    pare_doc_free(t);
    return PARE_OK;
}

static int run(cli *c) {
    pare_err           err = {0};
    pare_doc          *r;
    const opt_value   *variants = cli_opt(c, "variants");
    pare_optimize_opts o = {
        .out = cli_str(c, "out"),
        .text = cli_str(c, "file"),
        .variants = variants->list,
        .n_variants = variants->n_list,
        .formats = cli_opt(c, "formats")->list,
        .n_formats = cli_opt(c, "formats")->n_list,
        .runners = cli_opt(c, "runners")->list,
        .n_runners = cli_opt(c, "runners")->n_list,
        .calib = cli_str(c, "calib"),
        .search = cli_flag(c, "search"),
        .search_evaluations = cli_int(c, "search-evaluations"),
        .search_seconds = cli_num(c, "search-seconds"),
        .max_bytes = (double)cli_bytes(c, "max-bytes"),
        .max_memory = (double)cli_bytes(c, "max-memory"),
        .max_latency_ms = cli_num(c, "max-latency-ms"),
        .min_accuracy = cli_num(c, "min-accuracy"),
        .min_speedup = cli_num(c, "min-speedup"),
        .prefer = cli_str(c, "prefer"),
        .policy = cli_str(c, "policy"),
        .n_ctx = cli_int(c, "context"),
        .n_windows = cli_int(c, "windows"),
        .seconds = cli_num(c, "seconds"),
        .state = cli_str(c, "kv"),
        .seed = (uint64_t)cli_int(c, "seed"),
        .strict = cli_flag(c, "strict"),
        .allow_inexact = cli_flag(c, "allow-inexact"),
        .command = (const char *const *)c->argv,
    };
    static const char *const limits[] = {"max-bytes", "max-memory"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (cli_opt(c, limits[i])->given && cli_bytes(c, limits[i]) == 0)
            return cli_usage(c, "--%s: found 0, expected more: nothing is that small", limits[i]);
    if (o.prefer && !*o.prefer)
        return cli_usage(c, "--prefer is empty: expected weights like speed=2,accuracy=1");
    if (!o.out) return cli_usage(c, "optimize: -o is missing: the directory for models and report");
    if (take_target(c, &o, &err) != PARE_OK ||
        pare_optimize(cli_arg(c, 0), &o, &c->ctl, &r, &err) != PARE_OK)
        return cli_fail(c, &err);
    progress_clear();
    int status = (int)pare_doc_int(pare_doc_get(r, "exit_status"));
    if (c->json) {
        int shown = show_json(c, r);
        if (shown) status = shown;
    } else {
        print_report(c, r, o.out);
    }
    pare_doc_free(r);
    return status;
}

const command cmd_optimize = {
    .name = "optimize",
    .help = "find the best smaller version of a model, with proof",
    .synopsis = "SRC -o DIR [-f TEXT] [limits] [--prefer WEIGHTS]",
    .text =
        "Baseline, conversion, quantization, acceleration, validation: every "
        "variant is written, measured against SRC, and placed; the front of "
        "those that nothing beats is drawn, one is chosen, the gates are asked. "
        "DIR gets the models, report.json, report.html and the records, "
        "pare.db: a second run measures only what changed, a killed one goes "
        "on. Without -f the text is SRC's own text/heldout.txt.\n"
        "A variant is a type, in GGUF and run by pare unless it says otherwise: onnx:int4, "
        "openvino:int8, mlx:int4-g64, Q4_K_M@llama.cpp, onnx:int8@onnxruntime-genai. -gN is "
        "the "
        "number of values that share a scale, -sym leaves out zero points, -headint8 gives "
        "embedding and head another type, -standard is a dialect of ONNX. A foreign runtime "
        "runs as it comes, in a process of its own, in turns with SRC. One that is not here is "
        "listed as skipped, with how to get it; with --strict it is an error. In GGUF -calib "
        "weighs columns by a text and -gptq feeds errors back; -prune0.1 takes a tenth of the "
        "layers out; -kvq8_0 and -t1 say how the file is run. An accelerator (-gpu, -npu) that is "
        "not here is told as that.\n"
        "With --search all of these are tried on each variant: every option on a little of the "
        "text, the better third on three times as much, and so on (docs/search.md); eight "
        "finalists go through the stages. Limits hold there too.\n"
        "The gates that are on by default: accuracy kept over 95 %, at least "
        "twice the speed of the baseline, at most half its memory, steady time "
        "per token. A gate compares with the unfavourable bound. If nothing passes, "
        "the report says what failed by how much, and the exit status is 1.",
    .examples =
        "  pare optimize models/austen-3.7m -o out/demo\n"
        "  pare optimize models/austen-3.7m -o out -f models/austen-3.7m/text/heldout.txt "
        "--max-bytes 3M --prefer speed=2,accuracy=1\n"
        "  pare optimize models/austen-3.7m -o out --variants "
        "Q4_K_M,Q4_K_M@llama.cpp,onnx:int4,mlx:int4-g64\n"
        "  pare optimize models/austen-3.7m -o out --search --max-bytes 2.5M\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
