/* cmd_tokenize.c - "pare tokenize": text to ids and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "pare/model.h"

static const opt_def own_decode = {
    .name = "decode",
    .type = OPT_FLAG,
    .help = "the text is ids, separated by spaces or commas; print what they say"};

static const opt_def *const opts[] = {&opt_text, &opt_text_file, &opt_special, &own_decode, NULL};

static void print_ids(const int32_t *ids, size_t n) {
    out_puts("{\"ids\":[");
    for (size_t i = 0; i < n; i++) out_printf("%s%d", i ? "," : "", (int)ids[i]);
    out_puts("]}\n");
}

static void print_pieces(const pare_model *m, const int32_t *ids, size_t n) {
    char quoted[1024];
    for (size_t i = 0; i < n; i++) {
        size_t      len;
        const char *s = pare_token_bytes(m, ids[i], &len);
        show_quoted(quoted, sizeof quoted, s, len);
        out_printf("%7d  \"%s\"\n", (int)ids[i], quoted);
    }
}

static int encode(cli *c, const pare_model *m, const char *text, size_t n) {
    pare_err err = {0};
    int32_t *ids;
    size_t   n_ids;
    if (pare_tokenize(m, text, n, cli_flag(c, "special"), &c->ctl, &ids, &n_ids, &err) != PARE_OK) {
        const char *file = cli_str(c, "file");
        if (!err.file[0] && file) snprintf(err.file, sizeof err.file, "%s", file);
        return cli_fail(c, &err);
    }
    if (c->json)
        print_ids(ids, n_ids);
    else
        print_pieces(m, ids, n_ids);
    pare_ids_free(ids);
    return 0;
}

/* "1 57, 311" as ids. `*n` is their number; NULL where something else stands there. */
static int32_t *ids_of(const char *s, size_t *n, const char **bad) {
    int32_t *ids = malloc((strlen(s) / 2 + 1) * sizeof *ids);
    *n = 0;
    *bad = NULL;
    while (ids && *(s += strspn(s, " ,\t\r\n"))) {
        char *end;
        errno = 0;
        long v = strtol(s, &end, 10);
        if (end == s || errno || v < 0 || v > INT32_MAX || (*end && !strchr(" ,\t\r\n", *end))) {
            *bad = s;
            free(ids);
            return NULL;
        }
        ids[(*n)++] = (int32_t)v;
        s = end;
    }
    return ids;
}

static int decode(cli *c, const pare_model *m, const char *text, size_t n_text) {
    pare_err    err = {0};
    const char *bad;
    char       *out;
    size_t      n, len;
    if (strlen(text) != n_text)
        return cli_usage(c, "--decode: found a zero byte at %zu, expected ids separated by spaces "
                         "or commas", strlen(text));
    int32_t    *ids = ids_of(text, &n, &bad);
    if (bad)
        return cli_usage(
            c, "--decode: found \"%.20s\", expected ids separated by spaces or commas", bad);
    if (!ids) {
        err = (pare_err){.status = PARE_ENOMEM, .pos = -1, .msg = "no memory for the ids"};
        return cli_fail(c, &err);
    }
    pare_status st = pare_detokenize(m, ids, n, &out, &len, &err);
    free(ids);
    err.pos = -1; /* an index of the ids, no byte of a file */
    if (st != PARE_OK) return cli_fail(c, &err);
    if (c->json) {
        json *j = js_new();
        js_open(j, NULL, '{');
        js_text(j, "text", out, len);
        js_print(j);
    } else {
        out_text(out, len);
        out_puts("\n");
    }
    pare_text_free(out);
    return 0;
}

static int run(cli *c) {
    pare_err    err = {0};
    const char *arg = cli_arg(c, 1);
    char       *owned = NULL;
    size_t      n = arg ? strlen(arg) : 0;
    if (arg && (cli_str(c, "prompt") || cli_str(c, "file")))
        return cli_usage(c, "the text is there twice: as an argument, and by -p or -f");
    if (!arg && cli_text(c, &owned, &n, &err) != PARE_OK) return cli_fail(c, &err);
    pare_model *m;
    int         status;
    stop_at_once(); /* one call reads the whole text, and nothing is half-written */
    if (pare_model_open(&m, cli_arg(c, 0), &err) != PARE_OK)
        status = cli_fail(c, &err);
    else
        status = cli_flag(c, "decode") ? decode(c, m, arg ? arg : owned, n)
                                       : encode(c, m, arg ? arg : owned, n);
    pare_model_close(m);
    free(owned);
    return status;
}

const command cmd_tokenize = {
    .name = "tokenize",
    .help = "text to token ids, or ids to text",
    .synopsis = "MODEL [TEXT | -p TEXT | -f FILE] [--special] [--decode]",
    .text = "One line a token: its id, and what it adds to the text. The text is taken "
            "as it is: no token is added, and \"<s>\" in it is three characters, unless "
            "--special is given. \"--\" before a text that begins with a dash.\n"
            "With --json: {\"ids\":[…]}; with --decode and --json: {\"text\":…}.",
    .examples =
        "  pare tokenize models/austen-3.7m \"It is a truth\"\n"
        "  pare tokenize models/austen-3.7m --decode \"41 84 341\"\n"
        "  pare tokenize models/austen-3.7m -f models/austen-3.7m/text/heldout.txt --json\n",
    .min_args = 1,
    .max_args = 2,
    .opts = opts,
    .run = run,
};
