/* cmd_hw.c - "pare hw": what this machine has. */
#include <math.h>
#include <string.h>
#include "cli.h"
#include "pare/hw.h"

static const opt_def own_quick = {.name = "quick",
                                  .type = OPT_FLAG,
                                  .help =
                                      "do not measure how fast memory is read (half a second)"};
static const opt_def own_kernels = {
    .name = "kernels", .type = OPT_FLAG, .help = "also which variant of each kernel runs here"};
static const opt_def own_root = {
    .name = "root",
    .type = OPT_FILE,
    .metavar = "DIR",
    .help = "read the system's files below DIR instead of /; measures nothing"};

static const opt_def *const opts[] = {&own_quick, &own_kernels, &own_root, &opt_threads, NULL};

static void print_cpu(table *t, const pare_doc *d) {
    human  h;
    double quota = pare_doc_num(pare_doc_path(d, "cpu/quota"));
    double mhz = pare_doc_num(pare_doc_path(d, "cpu/mhz_max"));
    char   speed[48] = "", limit[64] = "";
    if (!isnan(mhz)) snprintf(speed, sizeof speed, ", up to %.0f MHz", mhz);
    if (!isnan(quota)) snprintf(limit, sizeof limit, ", limited to %.2g by the container", quota);
    table_row(t, INK_PLAIN, "CPU|%s (%s)%s", show_str(d, "cpu/model"), show_str(d, "cpu/arch"),
              speed);
    table_row(t, INK_PLAIN, "|%s cores, %lld threads, %lld usable here%s",
              show_count(h, d, "cpu/cores"),
              (long long)pare_doc_int(pare_doc_path(d, "cpu/threads")),
              (long long)pare_doc_int(pare_doc_path(d, "cpu/usable")), limit);
    table_row(t, INK_PLAIN, "SIMD|%s", show_str(d, "cpu/simd"));
    table_row(t, INK_PLAIN, "|kernels run at level %s", show_str(d, "cpu/level"));
    const pare_doc *caches = pare_doc_get(d, "caches");
    for (size_t i = 0; i < pare_doc_count(caches); i++) {
        const pare_doc *x = pare_doc_at(caches, i);
        const char     *kind = show_str(x, "type");
        table_row(t, INK_PLAIN, "%s|L%lld%s %s × %lld", i ? "" : "caches",
                  (long long)pare_doc_int(pare_doc_get(x, "level")), *kind == 'u' ? "" : kind,
                  show_bytes(h, x, "bytes"), (long long)pare_doc_int(pare_doc_get(x, "n")));
    }
}

static void print_memory(table *t, const pare_doc *d) {
    human           all, available, limit;
    const pare_doc *bw = pare_doc_get(d, "bandwidth");
    table_row(t, INK_PLAIN, "memory|%s, %s available", show_bytes(all, d, "memory/bytes"),
              show_bytes(available, d, "memory/available_bytes"));
    if (!isnan(pare_doc_num(pare_doc_path(d, "memory/limit_bytes"))))
        table_row(t, INK_PLAIN, "|limited to %s by the container",
                  show_bytes(limit, d, "memory/limit_bytes"));
    if (bw)
        table_row(t, INK_PLAIN,
                  "|read at %.1f GB/s (median of %lld runs; best %.1f), %lld threads",
                  pare_doc_num(pare_doc_get(bw, "median_gb_s")),
                  (long long)pare_doc_int(pare_doc_get(bw, "runs")),
                  pare_doc_num(pare_doc_get(bw, "best_gb_s")),
                  (long long)pare_doc_int(pare_doc_get(bw, "threads")));
}

static void print_devices(table *t, const pare_doc *d) {
    const pare_doc *a = pare_doc_get(d, "accelerators");
    cell            x, y;
    human           h;
    if (pare_doc_count(a) == 0) table_row(t, INK_PLAIN, "accelerators|none found");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        table_row(t, INK_PLAIN, "%s|%s %s, driver %s, memory %s (pare does not use it yet)",
                  i ? "" : "accelerators", show_str(o, "kind"), show_cell(x, show_str(o, "name")),
                  show_cell(y, show_str(o, "driver")), show_bytes(h, o, "memory_bytes"));
    }
    a = pare_doc_get(d, "sensors");
    if (pare_doc_count(a) == 0)
        table_row(t, INK_PLAIN, "energy|no counter found: energy is not measured here");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        const char     *why = pare_doc_str(pare_doc_get(o, "reason"));
        table_row(t, INK_PLAIN, "%s|%s (%s)%s%s", i ? "" : "energy",
                  show_cell(x, show_str(o, "name")), show_str(o, "measures"),
                  why ? ": cannot be read: " : "", why ? show_cell(y, why) : "");
    }
    a = pare_doc_get(d, "batteries");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        table_row(t, INK_PLAIN, "%s|%s, %s", i ? "" : "battery", show_cell(x, show_str(o, "name")),
                  show_cell(y, show_str(o, "status")));
    }
    a = pare_doc_get(d, "network");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *o = pare_doc_at(a, i);
        table_row(t, INK_PLAIN, "%s|%s, %s%s", i ? "" : "network",
                  show_cell(x, show_str(o, "name")),
                  pare_doc_bool(pare_doc_get(o, "up")) ? "up" : "down",
                  pare_doc_bool(pare_doc_get(o, "wireless")) ? ", wireless" : "");
    }
}

static void print_kernels(cli *c, const pare_doc *list) {
    table *t = table_new("kernel|level");
    for (size_t i = 0; i < pare_doc_count(list); i++)
        table_row(t, INK_PLAIN, "%s|%s", show_str(pare_doc_at(list, i), "name"),
                  show_str(pare_doc_at(list, i), "level"));
    out_puts("\n");
    table_print(c, t);
}

static void print_hw(cli *c, const pare_doc *d) {
    table *t = table_new("machine|");
    cell   x;
    table_row(t, INK_PLAIN, "system|%s, kernel %s%s%s", show_str(d, "system"),
              show_str(d, "kernel"),
              pare_doc_bool(pare_doc_get(d, "virtual")) ? ", virtual machine" : "",
              pare_doc_bool(pare_doc_get(d, "container")) ? ", in a container" : "");
    if (pare_doc_str(pare_doc_get(d, "board")))
        table_row(t, INK_PLAIN, "board|%s", show_cell(x, show_str(d, "board")));
    print_cpu(t, d);
    print_memory(t, d);
    print_devices(t, d);
    table_row(t, INK_PLAIN, "id|%.16s", show_str(d, "id"));
    table_print(c, t);
}

/* The machine's document with "kernels" at its end. */
static int print_json(cli *c, const pare_doc *d, const pare_doc *kernels) {
    if (!kernels) return show_json(c, d);
    json *j = js_new();
    js_open(j, NULL, '{');
    show_members(j, d);
    show_member(j, "kernels", kernels);
    return js_print(j);
}

static int run(cli *c) {
    pare_err    err = {0};
    const char *root = cli_str(c, "root");
    pare_doc   *d = NULL, *kernels = NULL;
    int         status = 0;
    if (pare_hw(root, !root && !cli_flag(c, "quick"), &c->ctl, &d, &err) != PARE_OK)
        status = cli_fail(c, &err);
    else if (cli_flag(c, "kernels") && pare_kernels(&kernels, &err) != PARE_OK)
        status = cli_fail(c, &err);
    else if (c->json)
        status = print_json(c, d, kernels);
    else
        print_hw(c, d);
    if (!status && !c->json && kernels) print_kernels(c, kernels);
    pare_doc_free(d);
    pare_doc_free(kernels);
    return status;
}

const command cmd_hw = {
    .name = "hw",
    .help = "what this machine has: CPU, SIMD, caches, memory, sensors",
    .synopsis = "[--quick] [--kernels]",
    .text = "Nothing is written down that was not found: what a machine has no "
            "counter for is said to be missing, and why. Memory bandwidth is measured, "
            "with the threads that this process may use.",
    .examples = "  pare hw\n"
                "  pare hw --quick --json\n",
    .computes = true,
    .min_args = 0,
    .max_args = 0,
    .opts = opts,
    .run = run,
};
