/* runner_logits.c - logits of every position: KIND MODEL OUT, ids in decimal on standard input. Raw
 * float32, position by position, for the scripts that compare them with others'. */
#include <stdio.h>
#include "runner/runner.h"

enum { MOST = 4096 };

static int fail(pare_status st, const pare_err *e) {
    char line[1200];
    pare_err_format(e, line, sizeof line);
    fprintf(stderr, "%s: %s\n", pare_status_name(st), line);
    return pare_status_exit(st);
}

static pare_status write_rows(const char *kind, const char *model, const char *out,
                              const pr_id *ids, int64_t n, pare_err *err) {
    pr_runner *r = NULL;
    float *x = NULL;
    pare_status st;
    PR_GO(pr_runner_open(&r, kind, model, &(pr_runner_opts){.exact = true, .n_ctx = n}, err));
    size_t size = (size_t)n * (size_t)pr_runner_vocab(r) * sizeof *x;
    x = pr_calloc(size, 1);
    st = x ? pr_runner_eval(r, ids, n, true, x, err) : pr_fail_nomem(err, size);
    if (st == PARE_OK) st = pr_file_write(out, x, size, err);
done:
    pr_free(x);
    pr_runner_close(r);
    return st;
}

int main(int argc, char **argv) {
    pr_id ids[MOST];
    pare_err e = {0};
    int64_t n = 0;
    if (argc != 4) return 2;
    while (n < MOST && scanf("%d", &ids[n]) == 1) n++;
    if (n == 0) return 2;
    pare_status st = write_rows(argv[1], argv[2], argv[3], ids, n, &e);
    return st == PARE_OK ? 0 : fail(st, &e);
}
