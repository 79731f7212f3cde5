/* cmd_gate.c - "pare gate": a report's verdicts, judged again from its own numbers; readiness in
 * five parts; the production checklist. */
#include <string.h>
#include "cli.h"
#include "pare/optimize.h"
#include "pare/ready.h"
#include "ready_text.h"

static const opt_def own_policy = {.name = "policy",
                                   .type = OPT_FILE,
                                   .metavar = "FILE",
                                   .help = "judge by FILE (YAML) instead: gates, or with --ready "
                                           "what readiness asks"};
static const opt_def own_ready = {.name = "ready",
                                  .type = OPT_FLAG,
                                  .help = "validate readiness: accuracy, performance, robustness, "
                                          "security, compliance"};
static const opt_def own_checklist = {
    .name = "checklist", .type = OPT_FLAG, .help = "the production checklist, ticked by records"};
static const opt_def own_against = {
    .name = "against",
    .type = OPT_FILE,
    .metavar = "SRC",
    .help = "with --ready: the source, where the report does not lead to it"};
static const opt_def own_advisories = {.name = "advisories",
                                       .type = OPT_FILE,
                                       .metavar = "FILE",
                                       .help = "with --ready: what is known of runtimes (YAML)"};
static const opt_def own_passages = {
    .name = "passages",
    .type = OPT_INT,
    .metavar = "N",
    .help = "with --ready: passages of text for each kind of noise",
    .def = "32",
    .lo = 8,
    .hi = 1000};

static const opt_def *const opts[] = {&own_policy,   &own_ready,      &own_checklist, &own_against,
                                      &own_advisories, &own_passages, &opt_text_file, &opt_context,
                                      &opt_seed,     &opt_threads,    NULL};

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

/* The document printed, one way or the other; the status that it stands for. */
static int show(cli *c, pare_doc *d, bool yes, void (*print)(const cli *, const pare_doc *)) {
    int status = yes ? 0 : pare_status_exit(PARE_EREFUSED);
    progress_clear();
    if (c->json) {
        int shown = show_json(c, d);
        if (shown) status = shown;
    } else {
        print(c, d);
    }
    pare_doc_free(d);
    return status;
}

static int run_ready(cli *c) {
    pare_ready_opts o = {.policy = cli_str(c, "policy"),
                         .text = cli_str(c, "file"),
                         .against = cli_str(c, "against"),
                         .advisories = cli_str(c, "advisories"),
                         .passages = (int)cli_int(c, "passages"),
                         .n_ctx = cli_int(c, "context"),
                         .seed = (uint64_t)cli_int(c, "seed")};
    pare_err        err = {0};
    pare_doc       *d;
    if (pare_ready(cli_arg(c, 0), &o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    return show(c, d, strcmp(show_str(d, "verdict"), "pass") == 0, ready_print);
}

static int run_checklist(cli *c) {
    const char *verbs[128];
    pare_err    err = {0};
    pare_doc   *d;
    size_t      n = 0;
    for (; commands[n] && n + 1 < CLI_COUNT(verbs); n++) verbs[n] = commands[n]->name;
    verbs[n] = NULL;
    if (pare_checklist(cli_arg(c, 0), verbs, &d, &err) != PARE_OK) return cli_fail(c, &err);
    return show(c, d, pare_doc_int(pare_doc_get(d, "open")) == 0, checklist_print);
}

static int run(cli *c) {
    pare_err  err = {0};
    pare_doc *d;
    if (cli_flag(c, "ready") && cli_flag(c, "checklist"))
        return cli_usage(c, "--ready and --checklist are two questions: ask one");
    if (cli_flag(c, "ready")) return run_ready(c);
    if (cli_flag(c, "checklist")) return run_checklist(c);
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
    .help = "ask the gates again, of a report that is there; readiness; the checklist",
    .synopsis = "DIR [--policy FILE] | DIR|MODEL --ready [-f TEXT] | DIR --checklist",
    .text = "DIR is what optimize wrote (or the report.json in it). Nothing is measured: every "
            "verdict in its report.json "
            "is computed again from the numbers beside it, and compared. With --policy the "
            "choice is held against other gates. The exit status is 0 if all pass, and 1 if "
            "one fails, is undecided, or was written down otherwise.\n"
            "--ready validates the choice (or a model) in five parts, each check with its "
            "evidence: accuracy and performance from the report; robustness measured here, "
            "beside the source (noise, typos, long context, hostile input, repeated runs); "
            "security and compliance of all that lies in the directory. That takes seconds to "
            "minutes, so it is asked for. Of a DIR of optimize the records go into pare.db and "
            "the result into report.json. What fails refuses the whole; what the policy calls "
            "a warning does not. Status 0 only for pass.\n"
            "--checklist prints the production checklist: each of nineteen points is ticked only "
            "by a record that proves it, and an open one names the command that closes it. "
            "Status 0 only if all are ticked.",
    .examples = "  pare gate out/demo\n"
                "  pare gate out/demo --policy policies/enterprise.yaml\n"
                "  pare gate out/demo --ready\n"
                "  pare gate models/austen-3.7m --ready --json\n"
                "  pare gate out/demo --checklist\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
