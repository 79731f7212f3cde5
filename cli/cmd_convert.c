/* cmd_convert.c - "pare convert": one format into another. */
#include <string.h>
#include "cli.h"
#include "pare/convert.h"

static const char *const own_to_words[] = {"gguf", "hf", "mlx", "onnx", "openvino", NULL};
static const opt_def own_to = {.name = "to",
                               .type = OPT_ENUM,
                               .metavar = "FORMAT",
                               .help = "what to write",
                               .words = own_to_words};
static const opt_def own_shard_bytes = {.name = "shard-bytes",
                                        .type = OPT_BYTES,
                                        .metavar = "BYTES",
                                        .help = "hf: begin a new file when one has this size",
                                        .def = "5G"};

static const opt_def own_name = {.name = "name",
                                 .type = OPT_STRING,
                                 .metavar = "NAME",
                                 .help = "gguf: general.name; without it, the source's"};

static const opt_def own_group = {.name = "group-size",
                                  .type = OPT_INT,
                                  .metavar = "N",
                                  .help = "mlx, onnx, openvino: weights that share a scale"};
static const opt_def own_symmetric = {.name = "symmetric",
                                      .type = OPT_FLAG,
                                      .help = "no zero points"};
static const opt_def own_head = {.name = "head-quant",
                                 .type = OPT_STRING,
                                 .metavar = "T",
                                 .help = "embedding and head, where they shall differ"};

static const char *const own_dialect_words[] = {"genai", "standard", NULL};
static const opt_def own_dialect = {
    .name = "dialect",
    .type = OPT_ENUM,
    .metavar = "WAY",
    .help = "onnx: for ONNX Runtime GenAI, or standard operators alone",
    .words = own_dialect_words};
static const opt_def own_exact = {
    .name = "exact",
    .type = OPT_FLAG,
    .help = "onnx: the runtime shall not round activations to 8 bits: slower"};

static const opt_def own_no_check = {
    .name = "no-check",
    .type = OPT_FLAG,
    .help = "leave out the short comparison of source and result at the end"};

static const opt_def *const opts[] = {
    &own_dialect, &own_exact, &own_no_check,
    &own_to,          &opt_out,     &opt_quant,     &own_group,         &own_head,
    &own_symmetric,   &own_name,    &own_shard_bytes, &opt_strict,
    &opt_allow_inexact, &opt_threads, &opt_work_memory, &opt_calib,
    &opt_calib_tokens, &opt_imatrix, &opt_method, &opt_save_imatrix, &opt_prune, NULL};

static int run(cli *c) {
    pare_err          err = {0};
    pare_doc         *d = NULL;
    pare_convert_opts o = {.to = cli_str(c, "to"),
                           .out = cli_str(c, "out"),
                           .quant = cli_str(c, "quant"),
                           .shard_bytes = cli_bytes(c, "shard-bytes"),
                           .name = cli_str(c, "name"),
                           .group_size = cli_int(c, "group-size"),
                           .dialect = cli_str(c, "dialect"),
                           .exact = cli_flag(c, "exact"),
                           .no_check = cli_flag(c, "no-check"),
                           .head_quant = cli_str(c, "head-quant"),
                           .symmetric = cli_flag(c, "symmetric"),
                           .strict = cli_flag(c, "strict"),
                           .allow_inexact = cli_flag(c, "allow-inexact"),
                           .calib = cli_str(c, "calib"),
                           .calib_tokens = cli_int(c, "calib-tokens"),
                           .imatrix = cli_str(c, "imatrix"),
                           .method = cli_str(c, "method"),
                           .save_imatrix = cli_str(c, "save-imatrix"),
                           .prune = cli_num(c, "prune")};
    if (!o.to) return cli_usage(c, "convert: --to is missing: gguf, hf, mlx, onnx or openvino");
    if (!o.out) return cli_usage(c, "convert: -o is missing: the file or directory to write");
    if (o.name && strcmp(o.to, "gguf") != 0)
        return cli_usage(c, "convert: --name is for --to gguf");
    if (cli_flag(c, "shard-bytes") && strcmp(o.to, "gguf") == 0)
        return cli_usage(c, "convert: --shard-bytes is not for --to gguf");
    pare_status st = pare_convert(cli_arg(c, 0), &o, &c->ctl, &d, &err);
    if (!d) return cli_fail(c, &err);
    progress_clear();
    int status = 0;
    if (c->json)
        status = show_json(c, d);
    else {
        show_written(c, d);
        show_check(pare_doc_get(d, "check"));
    }
    pare_doc_free(d);
    return st != PARE_OK ? cli_fail(c, &err) : status;
}

const command cmd_convert = {
    .name = "convert",
    .help = "write a model in another format",
    .synopsis = "SRC --to gguf|hf|mlx|onnx|openvino -o OUT [--quant T]",
    .text =
        "SRC is a GGUF file, or a directory: of Hugging Face, MLX, ONNX or OpenVINO. One "
        "streaming pass: the model need not fit into memory. Without --quant every tensor "
        "keeps its precision. "
        "--quant w8a8 (onnx, openvino): int8 weights, and inputs rounded to bytes with scales "
        "from --calib. "
        "What the format cannot say exactly is refused by name (status 1), unless "
        "--allow-inexact is given; then the file says so itself. The same input and "
        "options give the same bytes on every machine. At the end the source, run here, and "
        "the "
        "result, in its runtime, are compared over 48 tokens (docs/parity.md): one line says "
        "by "
        "whom and how far apart, or why not; status 1 if it is not the same function, and the "
        "result is kept.",
    .examples = "  pare convert models/austen-3.7m --to gguf -o austen.gguf\n"
                "  pare convert austen.gguf --to hf -o austen-hf\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
