/* cmd_key.c - "pare key": the keys that certificates are signed with. */
#include <string.h>
#include "passphrase.h"

static const opt_def new_file = {.name = "new-passphrase-file",
                                 .type = OPT_FILE,
                                 .metavar = "FILE",
                                 .help = "the new passphrase is the first line of FILE"};
static const opt_def none = {
    .name = "no-passphrase", .type = OPT_FLAG, .help = "write the keys without a passphrase"};

static const opt_def *const opts[] = {&opt_keys, &opt_pass_file, &opt_pass_fd, &new_file,
                                      &none,     &opt_date,      NULL};

static const char *const actions[] = {"generate", "show", "rotate", "passphrase", NULL};

static void print_key(cli *c, const pare_doc *d) {
    static const char *const each[] = {"ed25519", "p256"};
    table                   *t = table_new("key|fingerprint|public half");
    out_printf("%s%s%s in %s, %s\n", ink_on(c, INK_BOLD), show_str(d, "name"), ink_off(c),
               show_str(d, "directory"),
               pare_doc_bool(pare_doc_get(d, "passphrase")) ? "with a passphrase"
                                                            : "without a passphrase");
    for (size_t i = 0; i < CLI_COUNT(each); i++) {
        const pare_doc *k = pare_doc_get(d, each[i]);
        cell            file;
        table_row(t, INK_PLAIN, "%s|%s|%s", show_str(k, "algorithm"), show_str(k, "fingerprint"),
                  show_cell(file, show_str(k, "file")));
    }
    table_print(c, t);
    long long n = (long long)pare_doc_int(pare_doc_get(d, "rotations"));
    if (n)
        out_printf("Rotated %lld time%s: each key is signed by the one before it.\n", n,
                   n == 1 ? "" : "s");
}

static int run(cli *c) {
    pare_err  err = {0};
    pare_doc *d;
    pare_keys keys;
    int       action = -1;
    for (int i = 0; actions[i]; i++)
        if (strcmp(actions[i], cli_arg(c, 0)) == 0) action = i;
    if (action < 0) {
        const char *near = cli_nearest(cli_arg(c, 0), actions, 4);
        return cli_usage(c, "key: found '%s', expected generate, show, rotate or passphrase%s%s%s",
                         cli_arg(c, 0), near ? "; did you mean " : "", near ? near : "",
                         near ? "?" : "");
    }
    passphrase_keys(c, cli_arg(c, 1) ? cli_arg(c, 1) : "pare", true, &keys);
    if (pare_key((pare_key_action)action, &keys, cli_str(c, "date"), &d, &err) != PARE_OK)
        return cli_fail(c, &err);
    int status = 0;
    if (c->json) status = show_json(c, d);
    else print_key(c, d);
    pare_doc_free(d);
    return status;
}

const command cmd_key = {
    .name = "key",
    .help = "make, show, rotate the keys that certificates are signed with",
    .synopsis = "generate|show|rotate|passphrase [NAME] [--keys DIR]",
    .text =
        "A name (pare, if none is given) has two keys: Ed25519 signs certificates, ECDSA P-256 "
        "signs files in the format of OpenSSF Model Signing. Both private halves lie in "
        "NAME.key, which only you may read, under a passphrase if you give one; "
        "NAME.ed25519.pub "
        "and NAME.p256.pub are for those who check. A fingerprint is what sha256sum prints of "
        "such a file. Private halves are never printed.\n"
        "rotate replaces both keys: the old one signs the new one and is gone but for its "
        "public "
        "half, and verify follows that chain from the key that somebody trusts. passphrase "
        "changes or "
        "removes it. A passphrase is asked for on the terminal, or read from a file or a "
        "descriptor.",
    .examples = "  pare key generate\n"
                "  pare key show --json\n"
                "  pare key rotate --passphrase-file ~/.pare-pass\n",
    .min_args = 1,
    .max_args = 2,
    .opts = opts,
    .run = run,
};
