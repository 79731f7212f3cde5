/* store.h - the door of `store`: records that outlive the run (OUT/pare.db).
 *
 *   pr_store *s;
 *   PR_TRY(pr_store_open(&s, "out/pare.db", PR_STORE_WRITE, err));
 *   pr_key k;
 *   pr_key_begin(&k, "eval", PARE_CODE);
 *   pr_key_sha(&k, "model", &model_hash);
 *   pr_key_i64(&k, "context", 2048);
 *   char id[65];
 *   PR_TRY(pr_key_end(&k, id, err));
 *   PR_TRY(pr_store_find(s, id, arena, &text, NULL, err));
 *   if (!text.p) { … measure …; PR_TRY(pr_store_put(s, id, "eval", json, n, err)); }
 *   pr_store_close(s);
 *
 * A record is JSON text under a key that names all it depends on, so that a
 * record found is a record that holds. Records are only added. Each put is
 * durable when it returns, or, between begin and commit, when commit returns:
 * the file is good after kill -9 at any moment (SQLite's rollback journal; see
 * README.md for why not WAL). Several processes may share a file: they wait for
 * each other up to 10 s. A pr_store belongs to one thread. */
#ifndef PR_STORE_H
#define PR_STORE_H
#include "base/base.h"

typedef struct pr_store pr_store;
typedef enum { PR_STORE_WRITE, PR_STORE_READ } pr_store_mode;

/* Open `path`; WRITE creates it where missing (not its folder), READ needs it.
 * PARE_EINPUT: no such file to read, not a database of pare's, a damaged one (the
 * message says what to do), one of a newer schema. PARE_EENV: a target that may
 * not be written, no space, busy for too long. On failure `*out` is NULL. */
pare_status pr_store_open(pr_store **out, const char *path, pr_store_mode mode, pare_err *err);
/* Undoes an open transaction. NULL is fine. */
void pr_store_close(pr_store *s);

/* The text under `key`, and its kind if `kind` is not NULL, copied into `a` and terminated;
 * `*text` is {NULL, 0} if there is none. */
pare_status pr_store_find(pr_store *s, const char *key, pr_arena *a, pr_str *text, pr_str *kind,
                          pare_err *err);
/* Add a record. The same text again changes nothing. Another text, or another kind,
 * under a key that is there: PARE_EINTERNAL, since the key should have named what
 * differs. `text` is at most 64 MiB of UTF-8. */
pare_status pr_store_put(pr_store *s, const char *key, const char *kind, const char *text,
                         size_t n, pare_err *err);
/* Add one more measurement under a key that may be there already: find then gives
 * this newest one, list gives all. What it says of itself need not fit: it may be damaged. */
pare_status pr_store_put_again(pr_store *s, const char *key, const char *kind, const char *text,
                               size_t n, pare_err *err);

/* Called per record, oldest first; what it gets is borrowed for the call. Not PARE_OK
 * ends the list and is returned. It must not write to the store. */
typedef struct {
    int64_t seq; /* 1, 2, …: order of arrival, may have gaps */
    const char *key, *kind;
    pr_str text;
    const char *when; /* UTC, "2026-11-22T17:20:00Z": for people, never for artefacts */
} pr_record;
typedef pare_status (*pr_record_fn)(void *ctx, const pr_record *r, pare_err *err);
/* Every record of `kind` (NULL: all). */
pare_status pr_store_list(pr_store *s, const char *kind, pr_record_fn fn, void *ctx,
                          pare_err *err);
pare_status pr_store_count(pr_store *s, const char *kind, int64_t *n, pare_err *err);

/* All puts between become durable together. Not nested. Begin takes the write lock
 * at once, so keep no transaction open while measuring. */
pare_status pr_store_begin(pr_store *s, pare_err *err);
pare_status pr_store_commit(pr_store *s, pare_err *err);
void pr_store_rollback(pr_store *s); /* fine when there is none */

/* ---- keys: SHA-256 over names and values, each with its type and length, so that
 * no two different lists of parts give the same bytes. Order matters. ---- */

typedef struct {
    pr_sha256_ctx *c;
} pr_key;
/* Start a key with the two parts that every key has. Names are constant text. */
void pr_key_begin(pr_key *k, const char *kind, const char *version);
void pr_key_str(pr_key *k, const char *name,
                const char *value); /* NULL is a value of its own */
void pr_key_bytes(pr_key *k, const char *name, const void *p, size_t n);
void pr_key_i64(pr_key *k, const char *name, int64_t value);
void pr_key_f64(pr_key *k, const char *name, double value); /* by bits; -0 is 0, all NaNs one */
void pr_key_bool(pr_key *k, const char *name, bool value);
void pr_key_sha(pr_key *k, const char *name, const pr_sha256 *value);
/* The key as 64 hex digits. Ends `k`; PARE_ENOMEM if memory failed on the way. */
pare_status pr_key_end(pr_key *k, char hex[65], pare_err *err);
void pr_key_drop(pr_key *k); /* instead of end; frees */
#endif
