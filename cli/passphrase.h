/* passphrase.h - where a passphrase comes from: a file, a descriptor, the terminal. */
#ifndef PASSPHRASE_H
#define PASSPHRASE_H
#include "cli.h"
#include "pare/certify.h"

/* Options of every command that signs. */
extern const opt_def opt_keys, opt_key_name, opt_pass_file, opt_pass_fd, opt_date;

/* What the command line says of keys, into `k`; `c` must outlive it. The command's table has the
 * options above; `new_too`: also new-passphrase-file and no-passphrase. */
void passphrase_keys(cli *c, const char *name, bool new_too, pare_keys *k);
#endif
