/* cert.h - the door of `cert`: who vouches for a model, and how anyone can check it.
 *
 *   pr_keyring r = {.dir = dir, .name = "pare", .ask = ask};
 *   pr_keypair k;
 *   PR_TRY(pr_keyring_load(&r, &k, err));
 *   …
 *   PR_GO(pr_dsse_sign(&k.ed, PR_DSSE_INTOTO, body, &envelope, err));
 *   pr_keypair_done(&k);
 *
 * Ed25519 signs what pare says (DSSE envelopes of in-toto statements); ECDSA P-256 signs the
 * files (OMS bundle), because that format knows no Ed25519. Private keys never leave a
 * pr_pk but into a file of mode 0600. Nothing here keeps state: any thread; a pr_pk is only
 * read once made. Text and trees that are given out live in the arena or tree they came from. */
#ifndef PR_CERT_H
#define PR_CERT_H
#include "base/base.h"
#include "doc/doc.h"
#include "model/model.h"
#include "pare/certify.h"

/* ------------------------------------------------------------------ keys */

typedef enum { PR_PK_ED25519, PR_PK_P256, PR_PK_P384, PR_PK_P521, PR_PK_N } pr_pk_kind;
/* One key, public or with its private half. {0} is none. */
typedef struct {
    void      *handle; /* OpenSSL's */
    pr_pk_kind kind;
    bool       secret; /* the private half is there */
    char pem[512]; /* the public half, as OpenSSL and others write it (SubjectPublicKeyInfo) */
    char       print[65]; /* fingerprint: SHA-256 of `pem`, as `sha256sum KEY.pub` prints it */
} pr_pk;
enum { PR_PASS_MAX = 1024 };

/* "Ed25519", "ECDSA P-256" … */
const char *pr_pk_kind_name(pr_pk_kind kind);
/* A fresh pair from the system's generator: Ed25519 or P-256. */
pare_status pr_pk_new(pr_pk *out, pr_pk_kind kind, pare_err *err);
void        pr_pk_close(pr_pk *k); /* {0} is fine */
/* The first public key of a PEM text. EINPUT: none; EUNSUPPORTED: of another kind. */
pare_status pr_pk_read_public(pr_pk *out, pr_str pem, pare_err *err);
/* Append the private half as PKCS#8 PEM; with a passphrase (n_pass > 0) by PBES2: scrypt
 * (N 16384, r 8, p 1) and AES-256-CBC. */
pare_status pr_pk_put_secret(const pr_pk *k, const char *pass, size_t n_pass, pr_buf *out,
                             pare_err *err);
/* The signature of `n` bytes, in the arena: 64 bytes of Ed25519, or DER of ECDSA with the SHA-2
 * that
 * belongs to the curve. */
pare_status pr_pk_sign(const pr_pk *k, const void *p, size_t n, pr_arena *a, pr_str *sig,
                       pare_err *err);
bool pr_pk_verify(const pr_pk *k, const void *p, size_t n, pr_str sig);

/* A name's two keys in one folder: NAME.key (both private halves, mode 0600), NAME.ed25519.pub,
 * NAME.p256.pub, and after a rotation NAME.rotation.json and the public halves of before. */
typedef struct {
    const char        *dir, *name;
    pare_passphrase_fn ask; /* NULL: keys without a passphrase only */
    void              *user;
} pr_keyring;
typedef struct {
    pr_pk     ed, p256;
    bool      locked;   /* its file has a passphrase */
    pare_doc *rotation; /* array of envelopes, oldest first; NULL: never rotated */
} pr_keypair;

/* Where keys lie: `given`, else $PARE_KEYS, else $XDG_CONFIG_HOME/pare/keys, else
 * $HOME/.config/pare/keys. EENV: none of them is set. */
pare_status pr_keyring_dir(const char *given, pr_arena *a, const char **out, pare_err *err);
/* EREFUSED: it is somebody else's, or others may enter it. */
pare_status pr_keyring_dir_check(const char *dir, pare_err *err);
/* [A-Za-z0-9._-], at most 64, not beginning with '.' or '-'; else EUSAGE. */
pare_status pr_keyring_name_check(const char *name, pare_err *err);
/* Make both keys. EREFUSED: they are there. `ask` is asked for a new passphrase; empty: none. */
pare_status pr_keyring_make(const pr_keyring *r, pr_keypair *out, pare_err *err);
/* Read them. EINPUT: none; EREFUSED: a folder or file that others may read or that is somebody
 * else's, a wrong passphrase. */
pare_status pr_keyring_load(const pr_keyring *r, pr_keypair *out, pare_err *err);
/* Only the public halves and the rotations: needs no passphrase. */
pare_status pr_keyring_public(const pr_keyring *r, pr_keypair *out, pare_err *err);
/* New keys under the same name; the old ones sign them and are gone, but for their public halves.
 * `date`: as pr_date_now gives it. */
pare_status pr_keyring_rotate(const pr_keyring *r, const char *date, pr_keypair *out,
                              pare_err *err);
/* The same keys under another passphrase (asked for as "new"; empty: none). */
pare_status pr_keyring_relock(const pr_keyring *r, pr_keypair *out, pare_err *err);
void        pr_keypair_done(pr_keypair *k);

/* Whether the rotations in `chain` (an array of envelopes, from a stranger) lead from the key
 * `from`
 * (fingerprint) to `to`: each link signed by the key before it and by the new one. `links`: how
 * many. */
bool pr_rotation_leads(const pare_doc *chain, const char *from, const char *to, int *links);

/* Whether `chain` is nothing but such links, each from the key of the one before, the last to
 * `to`. */
bool pr_rotation_whole(const pare_doc *chain, const char *to);

/* ------------------------------------------------------------------ dates */

/* UTC as "2026-11-23T09:00:00Z". `given` (that form or seconds since 1970) or, NULL, the clock;
 * EUSAGE: neither form. */
pare_status pr_date_now(const char *given, char out[32], pare_err *err);
/* `date` and so many days. */
void pr_date_add(const char *date, int64_t days, char out[32]);
/* A date of that form, which sorts as text; else false. */
bool pr_date_ok(const char *date);

/* ------------------------------------------------------------------ DSSE */

#define PR_DSSE_INTOTO "application/vnd.in-toto+json"
enum { PR_DSSE_SIGS = 8, PR_DSSE_BODY_MAX = 48 << 20 };
typedef struct {
    pr_str type, body; /* the body decoded */
    struct {
        pr_str keyid, sig;
    } sigs[PR_DSSE_SIGS];
    int n_sigs;
} pr_dsse;

/* Append the pre-authentication encoding: what is signed. (DSSE v1.0, protocol.md.) */
void pr_dsse_pae(pr_str type, pr_str body, pr_buf *out);
/* An envelope of one signature; keyid is the key's fingerprint unless `bare`. */
pare_status pr_dsse_sign(const pr_pk *k, const char *type, pr_str body, bool bare, pare_doc **out,
                         pare_err *err);
/* Add one more signature of the same body. */
pare_status pr_dsse_add(const pr_pk *k, pare_doc *envelope, pare_err *err);
/* Take an envelope apart, into the arena; nothing is verified. EINPUT: not one, bad base64, too
 * many
 * signatures. */
pare_status pr_dsse_read(const pare_doc *envelope, pr_arena *a, pr_dsse *out, pare_err *err);
/* Did `k` sign it? */
bool pr_dsse_verify(const pr_dsse *d, const pr_pk *k);

/* Base64 (RFC 4648, padded), appended. */
void pr_base64_put(pr_buf *out, const void *p, size_t n);
/* Read it, both alphabets, into the arena; false: not base64, or not canonical. */
bool pr_base64_read(pr_str text, pr_arena *a, pr_str *out);

/* ------------------------------------------------------------------ findings */

enum { PR_FINDINGS_MAX = 200 };
/* What a check looked at and what it found wrong; into a document being built. */
typedef struct {
    pr_doc_build *b;
    pare_doc     *checks, *failures; /* arrays */
    size_t        n_failures;
    bool          full; /* more than PR_FINDINGS_MAX */
} pr_findings;
/* A check that was made and came out well. */
void pr_finding_ok(pr_findings *f, const char *check, const char *fmt, ...) PR_PRINTF(3, 4);
/* One that did not: where, what was found, what was expected. */
void pr_finding_bad(pr_findings *f, const char *check, const char *file, const char *found,
                    const char *expected);

/* ------------------------------------------------------------------ OMS */

/* OpenSSF Model Signing v1.0: the files of a folder under one hash, in a Sigstore bundle. */
typedef struct {
    const char *name; /* below the root, with '/' */
    uint64_t    start, end; /* of a shard; 0 and UINT64_MAX: the whole file */
    uint64_t    bytes; /* as it lies here; 0 in what was read from a bundle */
    char        sha256[65];
} pr_oms_file;
typedef struct {
    const char   *name; /* of the model */
    pr_oms_file  *files; /* by name */
    size_t        n_files;
    const char  **ignore; /* below the root: not signed */
    size_t        n_ignore;
    uint64_t      shard; /* bytes; 0: whole files */
    bool          links; /* symbolic links were followed */
    char          root[65]; /* SHA-256 over the files' hashes in order */
} pr_oms;
enum { PR_OMS_FILES_MAX = 100000 };

/* The regular files below `dir` without `ignore` and the names that OMS leaves out, hashed. A
 * link or
 * another thing that is no file: EREFUSED. Nothing left: EREFUSED. */
pare_status pr_oms_scan(pr_oms *out, const char *dir, const char *const *ignore, size_t n_ignore,
                        const pare_ctl *ctl, pr_arena *a, pare_err *err);
void        pr_oms_root(pr_oms *o); /* compute `root` from the files' hashes */
/* The signed bundle. */
pare_status pr_oms_sign(const pr_oms *o, const pr_pk *k, pare_doc **out, pare_err *err);
/* Take a bundle apart: what it says of the files, its envelope, and the key that it names ("" if it
 * does not). EINPUT, EUNSUPPORTED (another hash, a certificate) with the key in words. */
pare_status pr_oms_read(const pare_doc *bundle, pr_arena *a, pr_oms *out, pr_dsse *env,
                        char hint[65], pare_err *err);
/* Hold `dir` against it: each file by its hash, none missing, none that is not listed, none that
 * is not a file. `self`: the bundle's own name in `dir`, or NULL. Failures go into `f`. */
pare_status pr_oms_check(const pr_oms *o, const char *dir, const char *self, const pare_ctl *ctl,
                         pr_arena *a, pr_findings *f, pare_err *err);
/* SHA-256 of [start, end) of a file (end past its size: to the end), and its size. */
pare_status pr_hash_range(const char *path, uint64_t start, uint64_t end, const pare_ctl *ctl,
                          char hex[65], uint64_t *bytes, pare_err *err);
/* A relative path that stays below its root, canonical: no "..", ".", "//", no '/' at an end. */
bool pr_path_is_below(const char *name);

/* ------------------------------------------------------------------ the certificate */

#define PR_CERT_FILE   "readiness.intoto.json"
#define PR_CERT_OMS    "model.sig"
#define PR_CERT_BOM    "bom.cdx.json"
#define PR_READINESS   "urn:pare:readiness:v1"
#define PR_PROVENANCE  "https://slsa.dev/provenance/v1"
#define PR_TEST_RESULT "https://in-toto.io/attestation/test-result/v0.1"
#define PR_SUMMARY     "https://slsa.dev/verification_summary/v1"

/* All that the statements are made of. Trees are borrowed. */
typedef struct {
    const pare_doc *report, *variant;
    const pare_doc *gates;   /* array: judged now */
    const char     *verdict; /* "pass", "fail", "undecided" */
    const char     *summary; /* why, in words */
    pr_str          policy_text; /* of the policy file; p NULL: built in */
    char            policy_sha256[65]; /* of that text, or of the gates' JSON */
    char            created[32], expires[32];
    const pr_oms   *files;   /* the artefact, the report, the bill of materials */
    const char     *artefact; /* below the root */
    const pare_doc *probes, *parts; /* pr_probe_run, pr_parts; NULL: pare cannot run it */
    const char     *no_probes; /* then why */
    const char     *licence;   /* as the artefact or its source names it; NULL: it does not */
    const char     *inside;    /* the lineage that stands in the artefact; NULL: none */
    const pr_keypair *keys;
} pr_cert_facts;

/* The whole certificate: the readiness envelope, with the other statements' and the public keys
 * beside it. */
pare_status pr_cert_make(const pr_cert_facts *f, pare_doc **out, pare_err *err);
/* The CycloneDX 1.7 bill of materials; of `f->files` only the artefact's are looked at. */
pare_status pr_bom_make(const pr_cert_facts *f, pare_doc **out, pare_err *err);
/* SHA-256 of a tree's JSON without blanks. */
pare_status pr_doc_sha256(const pare_doc *v, char hex[65], pare_err *err);

/* Which keys are trusted. */
typedef struct {
    const pr_pk *keys; /* one of which only `print` is known has no handle */
    size_t       n;
    bool         any; /* whoever signed: only that it hangs together is asked */
} pr_trust;
/* What a certificate was found to be; trees are owned: pr_cert_read_done. */
typedef struct {
    pare_doc       *file;      /* what was read */
    pare_doc       *statement; /* of readiness */
    pare_doc       *others[3]; /* provenance, test result, summary; NULL: missing or broken */
    const pare_doc *predicate; /* of `statement` */
    pr_pk           key, oms_key;
} pr_cert_read;
/* Check all that can be checked without asking the gates: signatures, keys, dates at `now`, the
 * statements against each other, every file in `dir`, the bill of materials, the report. EINPUT:
 * there is no certificate, or it is no JSON. */
pare_status pr_cert_check(const char *dir, const char *file, const pr_trust *t, const char *now,
                          const pare_ctl *ctl, pr_arena *a, pr_cert_read *out, pr_findings *f,
                          pare_err *err);
void        pr_cert_read_done(pr_cert_read *c);
/* Whether `k`'s fingerprint, or one whose rotations lead to it, is trusted; else a finding. */
void pr_trust_check(const pr_trust *t, const pr_pk *k, const pare_doc *chain, const char *file,
                    pr_findings *f);
/* A bundle alone, as anybody's tool made it: its key must be among the trusted. */
pare_status pr_bundle_check(const char *dir, const char *file, const pr_trust *t,
                            const pare_ctl *ctl, pr_arena *a, pr_findings *f, pare_err *err);

/* ------------------------------------------------------------------ what is shipped */

/* Copy into the folder `to` what a certificate needs of `dir`: the artefact under its own last name
 * (*name, in the arena), and the report. */
pare_status pr_ship_copy(const char *dir, const char *artefact, const char *to, const pare_ctl *ctl,
                         pr_arena *a, const char **name, pare_err *err);
/* What lies in `dir` and is not certified: all but the artefact, the report, its page, the bill of
 * materials. For pr_oms_scan. */
pare_status pr_ship_ignore(const char *dir, const char *artefact, pr_arena *a, const char ***ignore,
                           size_t *n, pare_err *err);

/* ------------------------------------------------------------------ what the model does */

/* The probe prompts through pare's engine: {"engine", "state", "tolerance", "unit", "prompts":
 * [{"text", "ids", "top": [{"id", "logprob"}]}]}. */
pare_status pr_probe_run(const pr_model *m, const char *state, const pare_ctl *ctl, pare_doc **out,
                         pare_err *err);
/* Run them again and hold them against `probes`. */
pare_status pr_probe_check(const pr_model *m, const pare_doc *probes, const pare_ctl *ctl,
                           const char *file, pr_findings *f, pare_err *err);
/* One hash for each part of a model that can be changed by itself: {"weights", "tokenizer",
 * "chat_template"}. */
pare_status pr_parts(const pr_model *m, const pare_ctl *ctl, pare_doc **out, pare_err *err);
#endif
