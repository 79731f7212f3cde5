/* cmd_verify.c - "pare verify": a certified folder, checked offline. */
#include <stdio.h>
#include "passphrase.h"

static const opt_def key = {.name = "key",
                            .type = OPT_LIST,
                            .metavar = "PUB",
                            .help = "trust this public key (a file) or fingerprint"};
static const opt_def any_key = {.name = "any-key",
                                .type = OPT_FLAG,
                                .help = "trust whoever signed: see only whether it hangs together"};
static const opt_def policy = {.name = "policy",
                               .type = OPT_FILE,
                               .metavar = "FILE",
                               .help = "hold its measurements against the gates of FILE too"};
static const opt_def measure = {
    .name = "measure", .type = OPT_FLAG, .help = "run the probe prompts again, by pare's engine"};

static const opt_def *const opts[] = {&key,     &any_key,  &opt_keys,    &policy,
                                      &measure, &opt_date, &opt_threads, NULL};

/* Without what steers a terminal: a line break would let a file's name look like a verdict. */
typedef char plain[2048];
static const char *tame(plain dst, const char *s) {
    snprintf(dst, sizeof(plain), "%s", s);
    for (char *p = dst; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    return dst;
}

static void print_checks(cli *c, const pare_doc *d) {
    const pare_doc *checks = pare_doc_get(d, "checks"), *bad = pare_doc_get(d, "failures");
    table          *t = table_new("check|found");
    for (size_t i = 0; i < pare_doc_count(checks); i++) {
        const pare_doc *k = pare_doc_at(checks, i);
        cell            text;
        table_row(t, INK_PLAIN, "%s|%s", show_str(k, "check"),
                  show_cell(text, show_str(k, "found")));
    }
    if (pare_doc_count(checks)) table_print(c, t);
    else table_row(t, INK_PLAIN, "–|–"), table_print(c, t);
    for (size_t i = 0; i < pare_doc_count(bad); i++) {
        /* Names and texts are a stranger's: none of them may steer the terminal. */
        const pare_doc *f = pare_doc_at(bad, i);
        plain           file, found, want;
        out_printf("%s%s%s: %s: found %s, expected %s\n", ink_on(c, INK_RED), show_str(f, "check"),
                   ink_off(c), tame(file, show_str(f, "file")),
                   tame(found, show_str(f, "found")),
                   tame(want, show_str(f, "expected")));
    }
    long long n = (long long)pare_doc_int(pare_doc_get(d, "n_failures"));
    if (n > (long long)pare_doc_count(bad))
        out_printf("… and %lld more\n", n - (long long)pare_doc_count(bad));
    if (n)
        out_printf("%sfail%s: %lld thing%s not as signed\n", ink_on(c, INK_RED), ink_off(c), n,
                   n == 1 ? " is" : "s are");
    else
        out_printf("%spass%s: everything is as it was signed\n", ink_on(c, INK_GREEN), ink_off(c));
}

static int run(cli *c) {
    pare_err         err = {0};
    pare_doc        *d;
    pare_verify_opts o = {.keys = cli_opt(c, "key")->list,
                          .n_keys = cli_opt(c, "key")->n_list,
                          .any_key = cli_flag(c, "any-key"),
                          .key_dir = cli_str(c, "keys"),
                          .policy = cli_str(c, "policy"),
                          .date = cli_str(c, "date"),
                          .measure = cli_flag(c, "measure")};
    if (pare_verify(cli_arg(c, 0), &o, &c->ctl, &d, &err) != PARE_OK) return cli_fail(c, &err);
    progress_clear();
    int status = pare_doc_bool(pare_doc_get(d, "ok")) ? 0 : pare_status_exit(PARE_EREFUSED);
    if (c->json) {
        int shown = show_json(c, d);
        if (shown) status = shown;
    } else {
        print_checks(c, d);
    }
    pare_doc_free(d);
    return status;
}

const command cmd_verify = {
    .name = "verify",
    .help = "check a certified model: signatures, files, dates, gates",
    .synopsis = "DIR|FILE [--key PUB] [--policy FILE] [--measure]",
    .text = "DIR holds a model with readiness.intoto.json; FILE is such a certificate, or a "
            "model.sig of any "
            "signer. Needs no network and no records: every signature, every file by its hash, "
            "files "
            "that nobody signed, the statements against each other and against the report, the "
            "bill of "
            "materials, the policy's hash, the dates, and every gate judged again from the "
            "certificate's "
            "own numbers. Whatever is not as it was signed is named with what was found and "
            "what was "
            "expected, and the exit status is 1; 3 means that there is nothing to check.\n"
            "Somebody must vouch for the signer: --key takes its public key or fingerprint, "
            "which you "
            "got from them and not with the model. Without it, the public keys in your own "
            "folder of "
            "keys are trusted.",
    .examples =
        "  pare verify ship --key release.ed25519.pub\n"
        "  pare verify ship/readiness.intoto.json --key release.ed25519.pub --measure\n",
    .computes = true,
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
