/* key_file.h - private to `cert`: secrets in files and in memory. */
#ifndef PR_KEY_FILE_H
#define PR_KEY_FILE_H
#include "cert.h"

/* The next private key of `pem`, which goes on behind it. `asked`: it has a passphrase. EREFUSED:
 * the passphrase is wrong or missing. */
pare_status pr_pk_read_secret(pr_pk *out, pr_str *pem, const char *pass, size_t n_pass,
                              bool *asked, pare_err *err);
bool        pr_pk_same(const pr_pk *a, const pr_pk *b);
/* Overwrite what is secret, also where a compiler thinks nobody reads it again. */
void pr_wipe(void *p, size_t n);

/* The folder is ours, and nobody else may enter it. `make`: make it so if it is not there. */
pare_status pr_secret_dir(const char *dir, bool make, pare_err *err);
/* Read a file of at most 64 KB that only its owner may read, and that is no link. The caller wipes
 * and frees `*p`. */
pare_status pr_secret_read(const char *path, char **p, size_t *n, pare_err *err);
/* Write one, mode 0600, beside its name and renamed. `fresh`: EREFUSED if the name is taken. */
pare_status pr_secret_write(const char *path, const char *p, size_t n, bool fresh, pare_err *err);

/* One link: `old` and `fresh` sign the public halves of both and of `p256`. */
pare_status pr_rotation_link(const pr_pk *old, const pr_pk *fresh, const pr_pk *p256,
                             const char *date, pare_doc **out, pare_err *err);

/* Without the links behind the last that leads to `to`: those of a rotation that was killed before
 * its key came. NULL if none does. Takes `*chain` over, also where it fails. */
pare_status pr_rotation_trim(pare_doc **chain, const char *to, pare_err *err);
#endif
