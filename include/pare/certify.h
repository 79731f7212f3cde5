/* pare/certify.h - who vouches for a model: keys, a signed certificate, checking it anywhere.
 *
 *   pare_certify_opts o = {.keys = {.name = "pare"}};
 *   pare_doc *d;
 *   if (pare_certify("out/demo", &o, &ctl, &d, &err) != PARE_OK) …
 *   pare_verify_opts v = {.keys = &pub, .n_keys = 1};       // on any other machine
 *   if (pare_verify("out/demo", &v, &ctl, &d, &err) == PARE_OK && pare_doc_bool(…"ok")) …
 *
 * Private halves of keys are never in a document, a message or an error. */
#ifndef PARE_CERTIFY_H
#define PARE_CERTIFY_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which passphrase is asked for: that of a key that is there, or of one being written. */
typedef enum { PARE_PASS_OPEN, PARE_PASS_NEW } pare_pass_for;
/* Write the passphrase of the keys `name` into `dst` (room for `cap` bytes). Returns its bytes; 0:
 * none (a new key is then not locked); -1: cannot be had, the job ends with PARE_EREFUSED. pare
 * wipes
 * what it was given. */
typedef int (*pare_passphrase_fn)(void *user, const char *name, pare_pass_for what, char *dst,
                                  size_t cap);

/* {0}: the keys "pare" in the usual folder, without a passphrase. */
typedef struct {
    const char *dir;  /* NULL: $PARE_KEYS, else pare/keys where configuration lies */
    const char *name; /* NULL: "pare" */
    pare_passphrase_fn ask;
    void              *user;
} pare_keys;

typedef enum {
    PARE_KEY_GENERATE,  /* PARE_EREFUSED: they are there */
    PARE_KEY_SHOW,      /* needs no passphrase */
    PARE_KEY_ROTATE,    /* new ones, signed by the old ones */
    PARE_KEY_PASSPHRASE /* the same under another passphrase */
} pare_key_action;
/* `*out`: name, folder, locked, and of each key its kind, fingerprint, file and public half.
 * `date`: as in pare_certify_opts. PARE_EREFUSED: a wrong passphrase, a folder that others may
 * read. */
PARE_API pare_status pare_key(pare_key_action action, const pare_keys *keys, const char *date,
                              pare_doc **out, pare_err *err);

typedef struct {
    pare_keys   keys;
    const char *model;   /* a variant of the report; NULL: its choice */
    const char *out;     /* a fresh folder that gets all that is shipped; NULL: beside the report */
    const char *date;    /* "2026-11-23T09:00:00Z" or seconds since 1970; NULL: now */
    int64_t     days;    /* until it expires; 0: 180 */
    int         refusal; /* where the gates do not pass: sign that they do not */
} pare_certify_opts;
/* Certify what pare_optimize() left in `dir`. PARE_EREFUSED: a gate does not pass, the report does
 * not follow from its own numbers, or a file is not the one that was measured; nothing is written
 * then, but a refusal that was asked for. `*out`: what was written, for whom; also with EREFUSED if
 * a refusal was written. */
PARE_API pare_status pare_certify(const char *dir, const pare_certify_opts *opts,
                                  const pare_ctl *ctl, pare_doc **out, pare_err *err);

typedef struct {
    const char *const *keys; /* files of public keys, or fingerprints (64 hex digits) */
    size_t             n_keys;
    int                any_key; /* trust whoever signed */
    const char *key_dir; /* where no key is given: its public keys are trusted; NULL: usual */
    const char        *policy;  /* hold the measurements against this policy file too */
    const char        *date;    /* the day to look at; NULL: now */
    int                measure; /* run the probes again */
} pare_verify_opts;
/* Check a certified folder, its readiness.intoto.json, or a model.sig of any signer. PARE_OK means
 * that everything could be looked at: "ok" in `*out` says whether all of it holds, "failures" what
 * does not: check, file, found, expected. PARE_EINPUT: nothing to check is there. */
PARE_API pare_status pare_verify(const char *path, const pare_verify_opts *opts,
                                 const pare_ctl *ctl, pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
