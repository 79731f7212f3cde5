/* cmd_runners.c - "pare runners": which runtimes can run a model here. */
#include "cli.h"
#include "pare/runner.h"

static const opt_def own_quick = {
    .name = "quick", .type = OPT_FLAG, .help = "only look: do not ask each a tiny question"};
static const opt_def *const opts[] = {&own_quick, NULL};

enum { INDENT = 19, COLUMNS_MOST = 100 };

static int columns(void) {
    int n = term_columns(stdout);
    return n < COLUMNS_MOST ? n : COLUMNS_MOST;
}

static const char *verdict(const pare_doc *r) {
    const pare_doc *v = pare_doc_get(r, "verified");
    if (!pare_doc_bool(pare_doc_get(r, "found"))) return "not here";
    if (pare_doc_kind(v) == PARE_DOC_NULL) return "not asked";
    return pare_doc_bool(v) ? "yes" : "no";
}

static ink colour(const pare_doc *r) {
    if (!pare_doc_bool(pare_doc_get(r, "found"))) return INK_DIM;
    return pare_doc_kind(pare_doc_get(r, "verified")) == PARE_DOC_BOOL &&
                   !pare_doc_bool(pare_doc_get(r, "verified"))
               ? INK_RED
               : INK_PLAIN;
}

static void devices_of(const pare_doc *r, char *dst, size_t cap) {
    const pare_doc *a = pare_doc_get(r, "devices");
    size_t          at = 0;
    cell            x;
    snprintf(dst, cap, "–");
    for (size_t i = 0; i < pare_doc_count(a) && at + 40 < cap; i++)
        at += (size_t)snprintf(dst + at, cap - at, "%s%.30s", i ? " " : "",
                               show_cell(x, pare_doc_str(pare_doc_at(a, i))));
}

/* "name  label  text", the text hanging under itself. */
static void detail(const char *name, const char *label, const char *text) {
    out_printf("%-*s%s ", INDENT, name, label);
    out_wrapped(text, INDENT + text_width(label) + 1, columns());
}

static void print_details(const pare_doc *r) {
    const char *name = show_str(r, "name"), *reason = pare_doc_str(pare_doc_get(r, "reason"));
    out_puts("\n");
    if (!pare_doc_bool(pare_doc_get(r, "found"))) {
        detail(name, "missing:", reason ? reason : "not found");
        detail("", "to install:", show_str(r, "install"));
        return;
    }
    detail(name, "lies in", show_str(r, "path"));
    detail("", "takes", show_str(r, "takes"));
    detail("", "computes in", show_str(r, "arithmetic"));
    if (reason) detail("", "not verified:", reason);
}

static void print_runners(cli *c, const pare_doc *d) {
    const pare_doc *list = pare_doc_get(d, "runners");
    table          *t = table_new("runner|version|verified|devices|state");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *r = pare_doc_at(list, i);
        cell            version, devices, state;
        devices_of(r, devices, sizeof devices);
        table_row(t, colour(r), "%s|%s|%s|%s|%s", show_str(r, "name"),
                  show_cell(version, show_str(r, "version")), verdict(r), devices,
                  show_cell(state, show_str(r, "state")));
    }
    table_print(c, t);
    for (size_t i = 0; i < pare_doc_count(list); i++) print_details(pare_doc_at(list, i));
}

static int run(cli *c) {
    pare_err  err = {0};
    pare_doc *d = NULL;
    int       status = 0;
    if (pare_runners(cli_arg(c, 0), !cli_flag(c, "quick"), &c->ctl, &d, &err) != PARE_OK)
        return cli_fail(c, &err);
    progress_clear();
    if (c->json) status = show_json(c, d);
    else print_runners(c, d);
    pare_doc_free(d);
    return status;
}

const command cmd_runners = {
    .name = "runners",
    .help = "which runtimes can run a model here, and how to get the others",
    .synopsis = "[RUNNER] [--quick]",
    .text = "pare's own engine, llama.cpp, ONNX Runtime, ONNX Runtime GenAI, OpenVINO and MLX, "
            "each with its version, the devices it sees, what it really computes in on this CPU "
            "by itself, and how it keeps the state. Foreign runtimes are looked for in the "
            "system's libraries and in the packages of Python (the virtual environment that is "
            "active, the python3 on the path), or where PARE_LLAMA_PATH, PARE_ONNXRUNTIME_PATH, "
            "PARE_GENAI_PATH, PARE_OPENVINO_PATH (a file, a folder or an environment) and "
            "PARE_MLX_PYTHON say.\n"
            "Each runs in a child process that is given no way to the Internet, and whose "
            "telemetry is switched off. Verified means that it has loaded and answered a tiny "
            "question rightly. A runtime that crashes or hangs is a line with the reason.",
    .examples = "  pare runners\n"
                "  PARE_LLAMA_PATH=~/llama.cpp/build/bin pare runners llama.cpp --json\n",
    .max_args = 1,
    .opts = opts,
    .run = run,
};
