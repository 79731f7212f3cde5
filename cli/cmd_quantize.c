/* cmd_quantize.c - "pare quantize": make the weights smaller. It is "convert --to gguf"
 * with a type that must be named. */
#include "cli.h"
#include "pare/convert.h"

static const opt_def own_list = {
    .name = "list", .type = OPT_FLAG, .help = "the types and mixes that --quant may name"};

static const opt_def *const opts[] = {&opt_quant,         &opt_out,     &opt_strict,
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
                           .prune = cli_num(c, "prune")};
    if (cli_flag(c, "list") && cli_arg(c, 0))
        return cli_usage(c, "quantize: --list takes no model");
    if (cli_flag(c, "list")) return list(c);
    if (!cli_arg(c, 0)) return cli_usage(c, "quantize: the model is missing");
    if (!o.quant)
        return cli_usage(c, "quantize: --quant is missing; --list tells the types there are");
    if (!o.out) return cli_usage(c, "quantize: -o is missing: the file to write");
    if (pare_convert(cli_arg(c, 0), &o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    int status = 0;
    if (c->json)
        status = show_json(c, d);
    else
        show_written(c, d);
    pare_doc_free(d);
    return status;
}

const command cmd_quantize = {
    .name = "quantize",
    .help = "make the weights smaller",
    .synopsis = "SRC --quant T -o OUT",
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
