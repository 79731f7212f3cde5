/* cmd_assess.c - "pare assess": what a model is, and what it could become. */
#include <math.h>
#include <stdlib.h>
#include "cli.h"
#include "pare/model.h"

static const opt_def own_tensors = {.name = "tensors",
                                    .type = OPT_FLAG,
                                    .help = "list every tensor with its type, shape and bytes"};
static const opt_def own_check = {.name = "check",
                                  .type = OPT_FLAG,
                                  .help =
                                      "read every weight; one that is not finite is an error"};

static const opt_def *const opts[] = {&own_tensors,    &own_check,   &opt_context,
                                      &opt_max_memory, &opt_threads, NULL};

static long long whole(const pare_doc *d, const char *path) {
    return (long long)pare_doc_int(pare_doc_path(d, path));
}

static void print_shape(table *t, const pare_doc *d) {
    table_row(t, INK_PLAIN,
              "architecture|%s: %lld layers, width %lld, %lld heads of %lld, %lld key-value heads, "
              "feed-forward %lld, %s",
              show_str(d, "architecture"), whole(d, "layers"), whole(d, "width"), whole(d, "heads"),
              whole(d, "head_size"), whole(d, "kv_heads"), whole(d, "feed_forward"),
              pare_doc_bool(pare_doc_get(d, "tied")) ? "tied head" : "own head");
    double factor = pare_doc_num(pare_doc_path(d, "rope/factor"));
    char   scaled[32] = "", window[64] = "";
    if (!isnan(factor)) snprintf(scaled, sizeof scaled, ", factor %g", factor);
    if (whole(d, "windowed_layers"))
        snprintf(window, sizeof window, "; %lld layers see a window", whole(d, "windowed_layers"));
    table_row(t, INK_PLAIN, "context|%lld positions; RoPE %s, theta %g%s%s",
              whole(d, "context"), show_str(d, "rope/type"),
              pare_doc_num(pare_doc_path(d, "rope/theta")), scaled, window);
}

static void print_sizes(table *t, const pare_doc *d) {
    human         h;
    char          by[256] = "";
    size_t        n = 0;
    pare_doc_iter it = {0};
    while (pare_doc_next(pare_doc_get(d, "parameters_by_class"), &it) && n < sizeof by)
        n += (size_t)snprintf(by + n, sizeof by - n, "%s%s %s", n ? ", " : "", it.key,
                              human_count(h, pare_doc_num(it.value)));
    table_row(t, INK_PLAIN, "parameters|%s: %s",
              show_grouped(h, pare_doc_int(pare_doc_get(d, "parameters"))), by);
    const pare_doc *types = pare_doc_get(d, "types");
    for (size_t i = 0; i < pare_doc_count(types); i++) {
        const pare_doc *o = pare_doc_at(types, i);
        table_row(t, INK_PLAIN, "%s|%s in %lld tensors of type %s", i ? "" : "weights",
                  show_bytes(h, o, "bytes"), whole(o, "tensors"), show_str(o, "type"));
    }
    human flops, per_token, read;
    table_row(t, INK_PLAIN,
              "cost|%s arithmetic operations and %s of weights a token; keys and values %s a token "
              "(f16)",
              show_count(flops, d, "flops_per_token"),
              show_bytes(read, d, "weight_bytes_per_token"),
              show_bytes(per_token, d, "state_bytes_per_token_f16"));
}

static void print_tokenizer(table *t, const pare_doc *d) {
    const pare_doc *k = pare_doc_get(d, "tokenizer");
    cell            why;
    if (pare_doc_kind(k) != PARE_DOC_OBJECT) {
        table_row(t, INK_YELLOW, "tokenizer|none that works: %s",
                  show_cell(why, show_str(d, "tokenizer_reason")));
        return;
    }
    table_row(t, INK_PLAIN,
              "tokenizer|%s from %s, pattern %s: %lld entries, %lld merges, %lld added",
              show_str(k, "kind"), show_str(k, "source"), show_str(k, "pre"),
              whole(k, "entries"), whole(k, "merges"), whole(k, "added"));
    table_row(
        t, INK_PLAIN, "|%s, %s",
        pare_doc_bool(pare_doc_get(k, "adds_bos")) ? "puts BOS before a text" : "adds no BOS",
        pare_doc_bool(pare_doc_get(k, "chat_template")) ? "chat template" : "no chat template");
}

static void print_list(table *t, ink k, const char *name, const pare_doc *list) {
    cell line;
    for (size_t i = 0; i < pare_doc_count(list); i++)
        table_row(t, k, "%s|%s", i ? "" : name,
                  show_cell(line, pare_doc_str(pare_doc_at(list, i))));
}

static double state_bytes(const cli *c, const pare_doc *d) {
    double positions = (double)cli_int(c, "context");
    if (positions == 0) positions = pare_doc_num(pare_doc_get(d, "context"));
    return positions * pare_doc_num(pare_doc_get(d, "state_bytes_per_token_f16"));
}

static bool fits(const cli *c, const pare_doc *d, const pare_doc *quant) {
    return pare_doc_num(pare_doc_get(quant, "tensor_bytes")) + state_bytes(c, d) <=
           (double)cli_bytes(c, "max-memory");
}

static void print_quantizations(cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "quantizations");
    bool            limit = cli_str(c, "max-memory") != NULL;
    human           tensors, memory;
    cell            why;
    table *t = table_new(limit ? "type|tensors>|bits a weight>|with state>|fits|fell back"
                               : "type|tensors>|bits a weight>|with state>|fell back");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *q = pare_doc_at(a, i);
        char            fell[320] = "";
        bool            ok = !limit || fits(c, d, q);
        if (whole(q, "fell_back"))
            snprintf(fell, sizeof fell, "%lld: %s%s", whole(q, "fell_back"),
                     show_cell(why, show_str(q, "why")), whole(q, "fell_back") > 1 ? " …" : "");
        show_bytes(tensors, q, "tensor_bytes");
        human_bytes(memory, pare_doc_num(pare_doc_get(q, "tensor_bytes")) + state_bytes(c, d));
        double      bpw = pare_doc_num(pare_doc_get(q, "bpw"));
        const char *name = show_str(q, "name");
        ink         k = ok ? INK_PLAIN : INK_DIM;
        if (limit)
            table_row(t, k, "%s|%s|%.2f|%s|%s|%s", name, tensors, bpw, memory, ok ? "yes" : "no",
                      fell);
        else
            table_row(t, k, "%s|%s|%.2f|%s|%s", name, tensors, bpw, memory, fell);
    }
    out_puts("\n");
    table_print(c, t);
}

static void print_tensors(cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "tensors");
    table          *t = table_new("tensor|type|shape>|bytes>");
    human           h;
    cell            name;
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i), *shape = pare_doc_get(o, "shape");
        char            dims[64];
        if (pare_doc_count(shape) > 1)
            snprintf(dims, sizeof dims, "%lld × %lld", whole(shape, "0"), whole(shape, "1"));
        else
            snprintf(dims, sizeof dims, "%lld", whole(shape, "0"));
        table_row(t, INK_PLAIN, "%s|%s|%s|%s", show_cell(name, show_str(o, "name")),
                  show_str(o, "type"), dims,
                  show_grouped(h, pare_doc_int(pare_doc_get(o, "bytes"))));
    }
    out_puts("\n");
    table_print(c, t);
}

static void print_all(cli *c, const pare_doc *d) {
    table *t = table_new("model|");
    cell   name, path;
    table_row(t, INK_BOLD, "%s|%s", show_cell(name, show_str(d, "name")),
              show_cell(path, show_str(d, "path")));
    print_shape(t, d);
    print_sizes(t, d);
    print_tokenizer(t, d);
    if (pare_doc_str(pare_doc_get(d, "licence")))
        table_row(t, INK_PLAIN, "licence|%s", show_cell(name, show_str(d, "licence")));
    print_list(t, INK_YELLOW, "missing", pare_doc_get(d, "missing"));
    print_list(t, INK_RED, "suspicious", pare_doc_get(d, "suspicious"));
    if (cli_flag(c, "check")) table_row(t, INK_PLAIN, "checked|every weight is finite");
    table_print(c, t);
    print_quantizations(c, d);
    if (cli_flag(c, "tensors")) print_tensors(c, d);
    if (pare_doc_count(pare_doc_get(d, "gguf_cannot_express")) ||
        pare_doc_count(pare_doc_get(d, "notes")))
        out_puts("\n");
    show_lines(c, d, "gguf_cannot_express", "GGUF cannot say this model");
    show_lines(c, d, "notes", "note");
}

/* The library's document; with --max-memory also which types stay under it. */
static int print_json(cli *c, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "quantizations");
    if (!cli_str(c, "max-memory")) return show_json(c, d);
    json *j = js_new();
    js_open(j, NULL, '{');
    show_members(j, d);
    js_num(j, "state_bytes", state_bytes(c, d));
    js_int(j, "max_memory_bytes", (int64_t)cli_bytes(c, "max-memory"));
    js_open(j, "fits", '[');
    for (size_t i = 0; i < pare_doc_count(a); i++)
        if (fits(c, d, pare_doc_at(a, i))) js_str(j, NULL, show_str(pare_doc_at(a, i), "name"));
    js_close(j);
    return js_print(j);
}

static int run(cli *c) {
    pare_err    err = {0};
    pare_model *m;
    pare_doc   *d = NULL;
    int         status = 0;
    if (pare_model_open(&m, cli_arg(c, 0), &err) != PARE_OK ||
        pare_assess(m, cli_flag(c, "check"), &c->ctl, &d, &err) != PARE_OK)
        status = cli_fail(c, &err);
    else if (c->json)
        status = print_json(c, d);
    else
        print_all(c, d);
    pare_doc_free(d);
    pare_model_close(m);
    return status;
}

const command cmd_assess = {
    .name = "assess",
    .help = "what a model is: architecture, sizes, types, what fits",
    .synopsis = "MODEL [--tensors] [--check] [--max-memory BYTES]",
    .text = "MODEL is a Hugging Face directory or a GGUF file. Every size and shape in it is "
            "checked; weights are read only with --check, so that this takes no time however "
            "large the model is.\n"
            "Each type of weights is listed with its exact size as GGUF, with the memory "
            "that weights and state (keys and values of the whole context, or of -c) need "
            "together, and with the tensors that cannot take it.",
    .examples = "  pare assess models/austen-3.7m\n"
                "  pare assess models/austen-3.7m --max-memory 3M\n"
                "  pare assess models/austen-3.7m --tensors --check --json\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
