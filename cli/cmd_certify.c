/* cmd_certify.c - "pare certify": a report's choice, signed. */
#include <stdlib.h>
#include "passphrase.h"

static const opt_def model = {.name = "model",
                              .type = OPT_STRING,
                              .metavar = "NAME",
                              .help = "certify this variant of the report instead of its choice"};
static const opt_def days = {.name = "days",
                             .type = OPT_INT,
                             .metavar = "N",
                             .help = "good for N days",
                             .def = "180",
                             .lo = 1,
                             .hi = 36500};
static const opt_def refusal = {.name = "refusal",
                                .type = OPT_FLAG,
                                .help = "where a gate does not pass, sign that it does not"};

static const opt_def *const opts[] = {&opt_out,     &model,       &days,     &refusal,
                                      &opt_keys,    &opt_key_name, &opt_pass_file,
                                      &opt_pass_fd, &opt_date,    &opt_threads, NULL};

static void print_certificate(cli *c, const pare_doc *d) {
    const pare_doc *files = pare_doc_get(d, "files");
    out_printf("%s%s%s: %s\n", ink_on(c, INK_BOLD), show_str(d, "variant"), ink_off(c),
               show_str(d, "summary"));
    table *t = table_new("what|");
    cell   text;
    human  h;
    table_row(t, INK_PLAIN, "folder|%s", show_cell(text, show_str(d, "directory")));
    for (size_t i = 0; i < pare_doc_count(files); i++) {
        const pare_doc *f = pare_doc_at(files, i);
        table_row(t, INK_PLAIN, "signed file|%s, %s", show_cell(text, show_str(f, "path")),
                  show_bytes(h, f, "bytes"));
    }
    table_row(t, INK_PLAIN, "root|%s", show_str(d, "root"));
    table_row(t, INK_PLAIN, "key|%s", show_str(d, "key"));
    table_row(t, INK_PLAIN, "probes|%lld prompts",
              (long long)pare_doc_int(pare_doc_get(d, "probes")));
    table_row(t, INK_PLAIN, "made|%s", show_str(d, "created"));
    table_row(t, INK_PLAIN, "expires|%s", show_str(d, "expires"));
    table_print(c, t);
    out_printf("Written: readiness.intoto.json, model.sig, bom.cdx.json\n");
}

static int run(cli *c) {
    pare_err          err = {0};
    pare_doc         *d = NULL;
    pare_certify_opts o = {.model = cli_str(c, "model"),
                           .out = cli_str(c, "out"),
                           .date = cli_str(c, "date") ? cli_str(c, "date")
                                                        : getenv("SOURCE_DATE_EPOCH"),
                           .days = cli_int(c, "days"),
                           .refusal = cli_flag(c, "refusal")};
    passphrase_keys(c, cli_str(c, "name"), false, &o.keys);
    pare_status st = pare_certify(cli_arg(c, 0), &o, &c->ctl, &d, &err);
    if (st != PARE_OK && !d) return cli_fail(c, &err);
    progress_clear();
    int status = pare_status_exit(st), shown = 0;
    if (c->json) shown = show_json(c, d);
    else print_certificate(c, d);
    if (st != PARE_OK && !c->json)
        out_printf("%srefused%s: the statement says that it is not ready\n", ink_on(c, INK_RED),
                   ink_off(c));
    pare_doc_free(d);
    return shown ? shown : status;
}

const command cmd_certify = {
    .name = "certify",
    .help = "sign what a report says of a model, so that anyone can check it",
    .synopsis = "DIR [-o OUT] [--model NAME] [--name KEY]",
    .text =
        "DIR is what optimize wrote. Its gates are judged again from its own numbers, and the file "
        "must be the very one that was measured; else nothing is signed and the exit status is 1 "
        "(--refusal signs just that). Then three files are written: readiness.intoto.json says "
        "what was measured, on which machine, by which policy, what must be watched, and what the "
        "model answers to a few prompts; model.sig holds every file's hash (OpenSSF Model "
        "Signing); bom.cdx.json is the bill of materials (CycloneDX 1.7).\n"
        "They lie beside the report, or with -o in a fresh folder with the model and the report: "
        "that is what is shipped. Other variants, pare.db and whatever else lies in DIR are not "
        "certified. SOURCE_DATE_EPOCH or --date fixes the date.",
    .examples = "  pare certify out/demo\n"
                "  pare certify out/demo --model Q4_K_M -o ship --name release\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
