/* cmd_profile.c - "pare profile": where the time of a run goes, and what holds it up. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "pare/profile.h"

static const opt_def own_tokens = {
    .name = "tokens",
    .letter = 'n',
    .type = OPT_INT,
    .metavar = "N",
    .help = "tokens that are made one by one; without it 64, or what fits",
    .lo = 1,
    .hi = 1000000.0};
static const opt_def own_prompt_tokens = {
    .name = "prompt-tokens",
    .type = OPT_INT,
    .metavar = "N",
    .help = "without -p and -f: tokens that are read at once; without it 128, or what fits",
    .lo = 1,
    .hi = 10000000.0};
static const opt_def own_trace = {.name = "trace",
                                  .type = OPT_FILE,
                                  .metavar = "FILE",
                                  .help = "write a trace that Perfetto and Chrome open"};
static const opt_def own_limit = {.name = "trace-limit",
                                  .type = OPT_BYTES,
                                  .metavar = "BYTES",
                                  .help = "the most bytes of FILE; what comes later is counted",
                                  .def = "64M"};
static const opt_def own_policy = {.name = "policy",
                                   .type = OPT_FILE,
                                   .metavar = "FILE",
                                   .help = "bounds from which on something is a bottleneck"};

static const opt_def *const opts[] = {
    &opt_text,   &opt_text_file, &own_prompt_tokens, &own_tokens, &own_trace, &own_limit,
    &own_policy, &opt_threads,   &opt_context,       &opt_state,  &opt_exact, NULL};

/* ------------------------------------------------------------------ text */

static double num(const pare_doc *d, const char *path) {
    return pare_doc_num(pare_doc_path(d, path));
}

typedef char shown[48];
static const char *percent(shown dst, double share) {
    if (isnan(share)) return strcpy(dst, "–");
    snprintf(dst, sizeof(shown), "%.*f %%", share < 0.0995 ? 1 : 0, share * 100);
    return dst;
}

static const char *decimal(shown dst, double v, int digits) {
    if (isnan(v)) return strcpy(dst, "–");
    snprintf(dst, sizeof(shown), "%.*f", digits, v);
    return dst;
}

static const char *of_unit(shown dst, double v, const char *unit) {
    human h;
    if (isnan(v)) return strcpy(dst, "–");
    if (strcmp(unit, "share") == 0) return percent(dst, v);
    if (strcmp(unit, "B") == 0) return strcpy(dst, human_bytes(h, v));
    snprintf(dst, sizeof(shown), "%.4g%s%s", v, *unit ? " " : "", unit);
    return dst;
}

enum { BAR = 20 };
typedef char bar[BAR * 3 + 1];
/* `share` of BAR columns, in eighths. */
static const char *bar_of(bar dst, double share) {
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = isnan(share) || share < 0 ? 0
                  : share > 1               ? BAR * 8
                                            : (int)(share * BAR * 8 + 0.5);
    dst[0] = 0;
    for (int i = 0; i < eighths / 8; i++) strcat(dst, "█");
    return strcat(dst, part[eighths % 8]);
}

static void print_change(const pare_doc *f) {
    const pare_doc *a = pare_doc_get(f, "change");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *x = pare_doc_at(a, i);
        const char     *typed = pare_doc_str(pare_doc_get(x, "command"));
        out_printf("    change: %s\n", show_str(x, "what"));
        if (typed) out_printf("            %s\n", typed);
    }
    double factor = num(f, "gain/factor");
    if (isnan(factor))
        out_printf("    gain:   – (%s)\n", show_str(f, "gain/how"));
    else
        out_printf("    gain:   %s%.2f × (%s)\n",
                   pare_doc_bool(pare_doc_path(f, "gain/at_most")) ? "at most " : "", factor,
                   show_str(f, "gain/how"));
}

static void print_bottleneck(const cli *c, const pare_doc *f, bool first) {
    const pare_doc *a = pare_doc_get(f, "evidence");
    out_printf("%s%s%s (%s): %s\n", ink_on(c, first ? INK_BOLD : INK_PLAIN), show_str(f, "kind"),
               ink_off(c), show_str(f, "phase"), show_str(f, "means"));
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *e = pare_doc_at(a, i);
        const char     *unit = show_str(e, "unit");
        double          bound = num(e, "bound");
        shown           v, b;
        out_printf("    %s: %s", show_str(e, "what"), of_unit(v, num(e, "value"), unit));
        if (!isnan(bound)) out_printf(" (bound: %s)", of_unit(b, bound, unit));
        out_puts("\n");
    }
    print_change(f);
}

static void print_bottlenecks(const cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "bottlenecks"), *not = pare_doc_get(d, "not_judged");
    if (pare_doc_count(a) == 0) out_puts("No bottleneck by this policy.\n");
    for (size_t i = 0; i < pare_doc_count(a); i++) print_bottleneck(c, pare_doc_at(a, i), i == 0);
    for (size_t i = 0; i < pare_doc_count(not); i++)
        out_printf("%snot judged: %s: %s%s\n", ink_on(c, INK_DIM),
                   show_str(pare_doc_at(not, i), "kind"), show_str(pare_doc_at(not, i), "reason"),
                   ink_off(c));
    out_puts("\n");
}

static void print_phases(const cli *c, const pare_doc *d) {
    static const char *const names[] = {"prefill", "decode"};
    table *t = table_new("phase|ms>|tokens>|tok/s>|CPU>|at barriers>|no CPU>|GB/s>|of "
                         "peak>|major faults>|minor>|");
    for (size_t i = 0; i < CLI_COUNT(names); i++) {
        const pare_doc *p = pare_doc_get(pare_doc_get(d, "phases"), names[i]);
        shown           s[9];
        table_row(t, INK_PLAIN, "%s|%s|%lld|%s|%s|%s|%s|%s|%s|%s|%s|", names[i],
                  decimal(s[0], num(p, "wall_ms"), 1),
                  (long long)pare_doc_int(pare_doc_get(p, "tokens")),
                  decimal(s[1], num(p, "tokens") / num(p, "wall_ms") * 1e3, 1),
                  percent(s[2], num(p, "cpu_share")), percent(s[3], num(p, "wait_share")),
                  percent(s[4], num(p, "ready_share")), decimal(s[5], num(p, "gb_s"), 2),
                  percent(s[6], num(p, "of_peak")), decimal(s[7], num(p, "major_faults"), 0),
                  decimal(s[8], num(p, "minor_faults"), 0));
    }
    table_print(c, t);
    out_puts("\n");
}

static void print_operators(const cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "operators");
    table *t = table_new(
        "operator|prefill ms>|share>|decode ms>|share>|wait ms>|GB/s>|of peak>|decode");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        shown           s[7];
        bar             b;
        table_row(
            t, INK_PLAIN, "%s|%s|%s|%s|%s|%s|%s|%s|%s", show_str(o, "name"),
            decimal(s[0], num(o, "prefill/ms"), 2), percent(s[1], num(o, "prefill/share")),
            decimal(s[2], num(o, "decode/ms"), 2), percent(s[3], num(o, "decode/share")),
            decimal(s[4], num(o, "decode/wait_ms"), 2), decimal(s[5], num(o, "decode/gb_s"), 2),
            percent(s[6], num(o, "decode/of_peak")), bar_of(b, num(o, "decode/share")));
    }
    a = pare_doc_path(d, "attribution/parts");
    for (size_t i = 2; i < pare_doc_count(a);
         i++) { /* operators and waiting are in the rows above */
        const pare_doc *o = pare_doc_at(a, i);
        shown           s[4];
        bar             b;
        double          pre = num(o, "prefill_ms"), dec = num(o, "decode_ms");
        double          wall = num(d, "phases/decode/wall_ms");
        table_row(t, INK_DIM, "%s|%s|%s|%s|%s||||%s", show_str(o, "name"), decimal(s[0], pre, 2),
                  percent(s[1], pre / num(d, "phases/prefill/wall_ms")), decimal(s[2], dec, 2),
                  percent(s[3], dec / wall), bar_of(b, dec / wall));
    }
    table_print(c, t);
    shown s[2];
    out_printf("Attributed: %s of %s ms.\n\n", percent(s[0], num(d, "attribution/share")),
               decimal(s[1], num(d, "attribution/wall_ms"), 1));
}

static void print_layers(const cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "layers");
    double          most = 0;
    for (size_t i = 0; i < pare_doc_count(a); i++)
        most = fmax(most, num(pare_doc_at(a, i), "decode_ms"));
    table *t = table_new("layer>|prefill ms>|decode ms>|GB/s>|decode");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        shown           s[4];
        bar             b;
        double          layer = num(o, "layer");
        table_row(
            t, INK_PLAIN, "%s|%s|%s|%s|%s", isnan(layer) ? "outside" : decimal(s[0], layer, 0),
            decimal(s[1], num(o, "prefill_ms"), 2), decimal(s[2], num(o, "decode_ms"), 2),
            decimal(s[3], num(o, "decode_gb_s"), 2), bar_of(b, num(o, "decode_ms") / most));
    }
    table_print(c, t);
    out_puts("\n");
}

static void print_threads(const cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "threads");
    table *t = table_new("thread>|busy ms>|wait ms>|CPU ms>|no CPU ms>|calls>|faults minor>|major>|"
                         "switched off>|");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        shown           s[7];
        table_row(t, INK_PLAIN, "%lld|%s|%s|%s|%s|%lld of %lld|%s|%s|%s|",
                  (long long)pare_doc_int(pare_doc_get(o, "thread")),
                  decimal(s[0], num(o, "prefill/busy_ms") + num(o, "decode/busy_ms"), 1),
                  decimal(s[1], num(o, "prefill/wait_ms") + num(o, "decode/wait_ms"), 1),
                  decimal(s[2], num(o, "prefill/cpu_ms") + num(o, "decode/cpu_ms"), 1),
                  decimal(s[3], num(o, "ready_ms"), 1),
                  (long long)pare_doc_int(pare_doc_path(o, "prefill/calls_joined")) +
                      (long long)pare_doc_int(pare_doc_path(o, "decode/calls_joined")),
                  (long long)pare_doc_int(pare_doc_path(o, "prefill/calls")) +
                      (long long)pare_doc_int(pare_doc_path(o, "decode/calls")),
                  decimal(s[4], num(o, "minor_faults"), 0),
                  decimal(s[5], num(o, "major_faults"), 0),
                  decimal(s[6], num(o, "involuntary_switches"), 0));
    }
    table_print(c, t);
    out_puts("\n");
}

static void print_text(cli *c, const pare_doc *d) {
    print_bottlenecks(c, d);
    print_phases(c, d);
    print_operators(c, d);
    print_layers(c, d);
    print_threads(c, d);
    metric_table(c, pare_doc_get(d, "metrics"));
    const char *trace = pare_doc_str(pare_doc_path(d, "trace/path"));
    human       h;
    if (trace)
        out_printf("Trace: %s, %s, %lld events, %lld left out by the limit.\n", trace,
                   show_bytes(h, d, "trace/bytes"),
                   (long long)pare_doc_int(pare_doc_path(d, "trace/events")),
                   (long long)pare_doc_int(pare_doc_path(d, "trace/dropped")));
}

/* ------------------------------------------------------------------ run */

static int profile(cli *c, const pare_profile_opts *o) {
    pare_err  err = {0};
    pare_doc *d;
    int       status = 0;
    if (pare_profile(cli_arg(c, 0), o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    if (c->json) status = show_json(c, d);
    else print_text(c, d);
    pare_doc_free(d);
    return status;
}

static int run(cli *c) {
    pare_err          err = {0};
    char             *text = NULL;
    pare_profile_opts o = {.prompt_tokens = cli_int(c, "prompt-tokens"),
                           .n = cli_int(c, "tokens"),
                           .n_ctx = cli_int(c, "context"),
                           .state = cli_str(c, "kv"),
                           .exact = cli_flag(c, "exact"),
                           .trace = cli_str(c, "trace"),
                           .trace_limit = cli_bytes(c, "trace-limit"),
                           .policy = cli_str(c, "policy")};
    bool given = cli_str(c, "prompt") || cli_str(c, "file");
    if (given && o.prompt_tokens)
        return cli_usage(c, "profile: --prompt-tokens is about a run without -p and -f");
    if (cli_opt(c, "trace-limit")->given && !o.trace)
        return cli_usage(c, "profile: --trace-limit is about --trace: there is none");
    if (given && cli_text(c, &text, &o.n_text, &err) != PARE_OK) return cli_fail(c, &err);
    o.text = text;
    int status = profile(c, &o);
    free(text);
    return status;
}

const command cmd_profile = {
    .name = "profile",
    .help = "where the time of a run goes, and what holds it up",
    .synopsis = "MODEL [-p TEXT | -f FILE] [-n N] [-t T] [--trace FILE]",
    .text =
        "Runs the model once: the prompt (or a fixed pattern of tokens), then N tokens, always "
        "the "
        "likeliest. Time is told per operator, per layer and per thread, prefill and decode "
        "apart, with the bytes that must be moved, against the bandwidth that this machine's "
        "memory gives. Only what was measured where it happened is attributed; the rest is "
        "told as such.\n"
        "Bottlenecks are named by the bounds of a policy (policies/bottlenecks.yaml is the "
        "built-in one), each with its evidence, what to change, and the gain that this run's "
        "own figures promise. What the kernel does not tell is not judged, and says why.",
    .examples = "  pare profile models/austen-3.7m\n"
                "  pare profile austen-q4.gguf -n 256 -t 1 --trace run.trace.json\n"
                "  pare profile austen-q4.gguf --policy policies/bottlenecks.yaml --json\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
