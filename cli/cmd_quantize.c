/* cmd_quantize.c - "pare quantize": make the weights smaller. It is "convert --to gguf"
 * with a type that must be named. */
#include "cli.h"
#include "pare/convert.h"

static const opt_def own_list = {
    .name = "list", .type = OPT_FLAG, .help = "the types and mixes that --quant may name"};

static const opt_def own_bpw = {.name = "bpw",
                                .type = OPT_FLOAT,
                                .metavar = "X",
                                .help = "instead of --quant: so many bits a weight, spent where "
                                        "they matter",
                                .lo = 0.5,
                                .hi = 32};
static const opt_def own_size = {.name = "size",
                                 .type = OPT_BYTES,
                                 .metavar = "BYTES",
                                 .help = "the same for a file of at most so many bytes"};
static const char *const effort_words[] = {"low", "medium", "high", NULL};
static const opt_def own_effort = {.name = "effort",
                                   .type = OPT_ENUM,
                                   .metavar = "E",
                                   .help = "of --bpw and --size: how much is measured",
                                   .def = "medium",
                                   .words = effort_words};

static const opt_def own_records = {
    .name = "records",
    .type = OPT_FILE,
    .metavar = "FILE",
    .help = "keep what was measured, so that a run that was stopped goes on"};

static const opt_def *const opts[] = {&own_bpw,           &own_size,    &own_effort,
                                      &own_records,
                                      &opt_quant,         &opt_out,     &opt_strict,
                                      &opt_allow_inexact, &opt_threads, &opt_work_memory,
                                      &opt_calib,         &opt_calib_tokens,
                                      &opt_imatrix,       &opt_method,  &opt_save_imatrix,
                                      &opt_prune,
                                      &own_list,          NULL};

static int list(cli *c) {
    pare_err  err = {0};
    pare_doc *d;
    if (pare_quant_list(&d, &err) != PARE_OK) return cli_fail(c, &err);
    if (c->json) {
        json *j = js_new();
        js_open(j, NULL, '{');
        show_member(j, "quantizations", d);
        js_print(j);
    } else {
        table *t = table_new("name|main type|its bits a weight>");
        for (size_t i = 0; i < pare_doc_count(d); i++) {
            const pare_doc *o = pare_doc_at(d, i);
            table_row(t, INK_PLAIN, "%s|%s|%.4g", show_str(o, "name"), show_str(o, "type"),
                      pare_doc_num(pare_doc_get(o, "bpw")));
        }
        table_print(c, t);
    }
    pare_doc_free(d);
    return 0;
}

/* What is wrong with the words, or NULL. */
static const char *complaint(const cli *c, const pare_convert_opts *o) {
    bool budget = o->bpw > 0 || o->size_bytes;
    if (!cli_arg(c, 0)) return "quantize: the model is missing";
    if (o->bpw > 0 && o->size_bytes) return "quantize: --bpw and --size: give one of both";
    if (budget && o->quant) return "quantize: --quant names the types that --bpw or --size choose";
    if (!budget && !o->quant)
        return "quantize: --quant is missing (--list tells the types there are), or --bpw or "
               "--size";
    if (!o->out) return "quantize: -o is missing: the file to write";
    return NULL;
}

/* How the types were chosen. */
static void show_allocation(cli *c, const pare_doc *a) {
    const pare_doc *list = pare_doc_get(a, "tensors"), *kld = pare_doc_get(a, "measured_kld");
    table          *t = table_new("tensor|type");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        table_row(t, INK_PLAIN, "%s|%s", show_str(o, "name"), show_str(o, "type"));
    }
    table_print(c, t);
    if (pare_doc_kind(kld) == PARE_DOC_NULL) {
        out_puts("chosen by relative errors; nothing was measured\n");
        return;
    }
    out_printf("calibrated on %s; %lld runs (%lld from records) of %lld tokens, %lld refinements\n",
               show_str(a, "calibration"), (long long)pare_doc_int(pare_doc_get(a, "evaluations")),
               (long long)pare_doc_int(pare_doc_get(a, "recalled")),
               (long long)pare_doc_int(pare_doc_get(a, "probe_tokens")),
               (long long)pare_doc_int(pare_doc_get(a, "rounds")));
    out_printf("divergence on it: %.4g nats a token predicted by sums, %.4g measured; in the end "
               "%.4g predicted, %.4g measured\n",
               pare_doc_num(pare_doc_get(a, "first_predicted_kld")),
               pare_doc_num(pare_doc_get(a, "first_measured_kld")),
               pare_doc_num(pare_doc_get(a, "predicted_kld")), pare_doc_num(kld));
}

static int run(cli *c) {
    pare_err          err = {0};
    pare_doc         *d;
    pare_convert_opts o = {.to = "gguf",
                           .out = cli_str(c, "out"),
                           .quant = cli_str(c, "quant"),
                           .strict = cli_flag(c, "strict"),
                           .no_check = 1,
                           .allow_inexact = cli_flag(c, "allow-inexact"),
                           .calib = cli_str(c, "calib"),
                           .calib_tokens = cli_int(c, "calib-tokens"),
                           .imatrix = cli_str(c, "imatrix"),
                           .method = cli_str(c, "method"),
                           .save_imatrix = cli_str(c, "save-imatrix"),
                           .prune = cli_num(c, "prune"),
                           .bpw = cli_num(c, "bpw"),
                           .size_bytes = cli_bytes(c, "size"),
                           .effort = cli_str(c, "effort"),
                           .records = cli_str(c, "records")};
    if (cli_flag(c, "list") && cli_arg(c, 0))
        return cli_usage(c, "quantize: --list takes no model");
    if (cli_flag(c, "list")) return list(c);
    const char *wrong = complaint(c, &o);
    if (wrong) return cli_usage(c, wrong);
    if (pare_convert(cli_arg(c, 0), &o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    int status = 0;
    if (c->json)
        status = show_json(c, d);
    else {
        if (pare_doc_get(d, "allocation")) show_allocation(c, pare_doc_get(d, "allocation"));
        show_written(c, d);
    }
    pare_doc_free(d);
    return status;
}

const command cmd_quantize = {
    .name = "quantize",
    .help = "make the weights smaller",
    .synopsis = "SRC --quant T|--bpw X|--size BYTES -o OUT",
    .text = "Writes a GGUF file. The result is the same, byte for byte, for any number of "
            "threads and on any machine. A tensor that cannot take the type gets the nearest "
            "one that it can; each is named with its reason. --strict refuses instead.",
    .examples = "  pare quantize models/austen-3.7m --quant Q4_K_M -o austen-q4.gguf\n"
                "  pare quantize --list\n",
    .computes = true,
    .min_args = 0,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
