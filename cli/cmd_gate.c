/* cmd_gate.c - "pare gate": a report's verdicts, judged again from its own numbers. */
#include <string.h>
#include "cli.h"
#include "pare/optimize.h"

static const opt_def own_policy = {.name = "policy",
                                   .type = OPT_FILE,
                                   .metavar = "FILE",
                                   .help = "judge by the gates of FILE (YAML) instead"};

static const opt_def *const opts[] = {&own_policy, NULL};

static void print_gate(cli *c, const pare_doc *d) {
    long long checked = (long long)pare_doc_int(pare_doc_path(d, "recheck/checked"));
    long long differ = (long long)pare_doc_int(pare_doc_path(d, "recheck/differ"));
    out_printf("%sGates for %s, by policy %s%s\n", ink_on(c, INK_BOLD), show_str(d, "variant"),
               show_str(d, "policy"), ink_off(c));
    gate_table(c, pare_doc_get(d, "gates"));
    out_puts("\n");
    if (pare_doc_get(d, "recheck"))
        out_printf("%lld verdicts of the report judged again, %lld differ%s%s\n", checked,
                   differ, differ ? ": " : "", differ ? show_str(d, "recheck/first") : "");
    verdict_line(c, d);
    if (differ)
        out_printf("%sfail%s: what the report says does not follow from its own numbers\n",
                   ink_on(c, INK_RED), ink_off(c));
}

static int run(cli *c) {
    pare_err  err = {0};
    pare_doc *d;
    if (pare_gate(cli_arg(c, 0), cli_str(c, "policy"), &d, &err) != PARE_OK)
        return cli_fail(c, &err);
    int status = strcmp(show_str(d, "verdict"), "pass") == 0 ? 0 : pare_status_exit(PARE_EREFUSED);
    if (pare_doc_int(pare_doc_path(d, "recheck/differ"))) status = pare_status_exit(PARE_EREFUSED);
    if (c->json) {
        int shown = show_json(c, d);
        if (shown) status = shown;
    } else {
        print_gate(c, d);
    }
    pare_doc_free(d);
    return status;
}

const command cmd_gate = {
    .name = "gate",
    .help = "ask the gates again, of a report that is there",
    .synopsis = "DIR [--policy FILE]",
    .text = "DIR is what optimize wrote (or the report.json in it). Nothing is measured: every "
            "verdict in its report.json "
            "is computed again from the numbers beside it, and compared. With --policy the "
            "choice is held against other gates. The exit status is 0 if all pass, and 1 if "
            "one fails, is undecided, or was written down otherwise.",
    .examples = "  pare gate out/demo\n"
                "  pare gate out/demo --policy policies/enterprise.yaml\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
