/* cmd_hw.c - "pare hw": what this machine has, or another that somebody wrote down. */
#include <string.h>
#include "hw_text.h"
#include "pare/hw.h"

static const opt_def own_quick = {
    .name = "quick", .type = OPT_FLAG, .help = "measure nothing: what is kept is still told"};
static const opt_def own_measure = {
    .name = "measure",
    .type = OPT_FLAG,
    .help = "measure how fast memory is read and how fast it computes, and keep it"};
static const opt_def own_kernels = {
    .name = "kernels", .type = OPT_FLAG, .help = "also which variant of each kernel runs here"};
static const opt_def own_root = {
    .name = "root",
    .type = OPT_FILE,
    .metavar = "DIR",
    .help = "read the system's files below DIR instead of /; measures nothing"};
static const opt_def own_target = {
    .name = "target",
    .type = OPT_FILE,
    .metavar = "T",
    .help = "show the target T instead: a shipped one by its name, or FILE.yaml"};
static const opt_def own_targets = {
    .name = "targets", .type = OPT_FLAG, .help = "list the shipped targets"};
static const opt_def own_save = {.name = "save-target",
                                 .type = OPT_FILE,
                                 .metavar = "FILE",
                                 .help = "write this machine to FILE as a target"};

static const opt_def *const opts[] = {&own_quick,   &own_measure, &own_kernels, &own_root,
                                      &own_target,  &own_targets, &own_save,    &opt_threads,
                                      NULL};

static void print_kernels(cli *c, const pare_doc *list) {
    table *t = table_new("kernel|level");
    for (size_t i = 0; i < pare_doc_count(list); i++)
        table_row(t, INK_PLAIN, "%s|%s", show_str(pare_doc_at(list, i), "name"),
                  show_str(pare_doc_at(list, i), "level"));
    out_puts("\n");
    table_print(c, t);
}

/* The machine's document with "kernels" and "saved" at its end. */
static int print_json(cli *c, const pare_doc *d, const pare_doc *kernels, const char *saved) {
    if (!kernels && !saved) return show_json(c, d);
    json *j = js_new();
    js_open(j, NULL, '{');
    show_members(j, d);
    if (kernels) show_member(j, "kernels", kernels);
    if (saved) js_str(j, "saved", saved);
    return js_print(j);
}

static int run_target(cli *c) {
    pare_err  err = {0};
    pare_doc *d = NULL;
    if (pare_target(cli_str(c, "target"), &d, &err) != PARE_OK) return cli_fail(c, &err);
    int status = 0;
    if (c->json) status = show_json(c, d);
    else hw_show_target(c, d);
    pare_doc_free(d);
    return status;
}

static int run_targets(cli *c) {
    pare_err  err = {0};
    pare_doc *d = NULL;
    int       status = 0;
    if (pare_targets(&d, &err) != PARE_OK) return cli_fail(c, &err);
    if (c->json) {
        json *j = js_new();
        js_open(j, NULL, '{');
        show_member(j, "targets", d);
        status = js_print(j);
    } else
        hw_show_targets(c, d);
    pare_doc_free(d);
    return status;
}

static int run_machine(cli *c) {
    pare_err    err = {0};
    const char *root = cli_str(c, "root"), *saved = cli_str(c, "save-target");
    pare_doc   *d = NULL, *kernels = NULL;
    int         status = 0;
    int         measure = cli_flag(c, "measure") ? 2 : cli_flag(c, "quick") ? 0 : 1;
    if (pare_hw(root, root ? 0 : measure, &c->ctl, &d, &err) != PARE_OK ||
        (saved && pare_target_save(root, saved, &err) != PARE_OK) ||
        (cli_flag(c, "kernels") && pare_kernels(&kernels, &err) != PARE_OK))
        status = cli_fail(c, &err);
    else if (c->json)
        status = print_json(c, d, kernels, saved);
    else {
        hw_show(c, d);
        if (kernels) print_kernels(c, kernels);
        if (saved) out_printf("\nwritten to %s\n", saved);
    }
    pare_doc_free(d);
    pare_doc_free(kernels);
    return status;
}

static int run(cli *c) {
    bool target = cli_str(c, "target") != NULL, list = cli_flag(c, "targets");
    bool machine = cli_flag(c, "measure") || cli_flag(c, "quick") || cli_flag(c, "kernels") ||
                   cli_str(c, "root") || cli_str(c, "save-target");
    if (cli_flag(c, "measure") && (cli_flag(c, "quick") || cli_str(c, "root")))
        return cli_usage(c, "hw: --measure is not for --quick or --root");
    if ((target && list) || ((target || list) && machine))
        return cli_usage(c, "hw: --target and --targets stand alone: they show no machine");
    if (target) return run_target(c);
    return list ? run_targets(c) : run_machine(c);
}

const command cmd_hw = {
    .name = "hw",
    .help = "what this machine has: CPU, memory, storage, accelerators, heat, power, network",
    .synopsis = "[--quick|--measure] [--kernels] [--root DIR] [--save-target FILE] | --target T | "
                "--targets",
    .text = "Nothing is written down that was not found: what a machine has no "
            "counter for is said to be missing, and why. An accelerator is present (the kernel "
            "shows it), usable (driver, device file and runtime library are there) or beneficial "
            "(a runtime that pare drives gains from it). Memory bandwidth is measured, "
            "with the threads that this process may use; --measure takes some seconds for "
            "bandwidth and arithmetic, and keeps the result until the machine changes. "
            "A target is a machine that one is not on, written in a file (docs/hardware.md).",
    .examples = "  pare hw\n"
                "  pare hw --quick --json\n"
                "  pare hw --measure\n"
                "  pare hw --target raspberry-pi-5\n"
                "  pare hw --save-target box.yaml\n",
    .computes = true,
    .min_args = 0,
    .max_args = 0,
    .opts = opts,
    .run = run,
};
