/* scan.h - what lies in a directory that is to be shipped, read as a stranger's: which files
 * run, which are pickles, what leads out of it, which texts hold secrets or people's data,
 * what a chat template may do, which hosts are named, which licence is claimed.
 *
 *   pr_scan s;
 *   PR_TRY(pr_scan_tree(&s, "out", NULL, arena, ctl, err));
 *   for (size_t i = 0; i < s.of[PR_FOUND_SECRET].n; i++)
 *       … s.of[PR_FOUND_SECRET].at[i].file, .line, .what …
 *
 * Nothing is followed, run or waited for: links are read and not taken, FIFOs and devices are
 * named and not opened. Kinds are told by content. Weights are not searched for text; what was
 * searched and what not stands in the result. A finding never shows a secret or a person's
 * data: `what` is masked. All that is given out lies in the arena. No state; any thread. */
#ifndef PR_SCAN_H
#define PR_SCAN_H
#include "base/base.h"
#include "doc/doc.h"
#include "format/format.h"

/* ---- findings ---- */

typedef enum {
    PR_FOUND_CODE,     /* a program, a library, a script */
    PR_FOUND_PICKLE,   /* Python objects: loading them runs code */
    PR_FOUND_ARCHIVE,  /* what it holds was not looked at */
    PR_FOUND_LINK,     /* a link out of the directory, to nothing, or in a circle */
    PR_FOUND_SPECIAL,  /* a FIFO, a socket, a device */
    PR_FOUND_REMOTE,   /* configuration that asks for code from elsewhere */
    PR_FOUND_TEMPLATE, /* what a chat template should not do */
    PR_FOUND_SECRET,
    PR_FOUND_PERSON,   /* data of a person */
    PR_FOUND_ADDRESS,  /* a URL in what a machine reads (not in documents) */
    PR_FOUND_UNREAD,   /* could not, or not wholly, be read */
    PR_FOUND_KINDS
} pr_found;

enum { PR_FINDINGS_KEPT = 200, PR_SCAN_FILES_MAX = 20000, PR_SCAN_DEPTH_MAX = 16 };

typedef struct {
    const char *rule;  /* constant: "github-token", "elf", "iban" */
    const char *file;  /* below the directory */
    int64_t line;      /* from 1; 0: the file has no lines */
    int64_t offset;    /* byte; -1: the whole file */
    const char *what;  /* in words, masked */
} pr_found_at;

typedef struct {
    pr_found_at *at;
    size_t n;     /* kept: at most PR_FINDINGS_KEPT, the first ones */
    size_t total; /* found */
} pr_found_list;

/* ---- a directory ---- */

typedef enum {
    PR_FILE_TEXT,     /* for people: .md, .txt, LICENSE */
    PR_FILE_CONFIG,   /* JSON, YAML, XML, templates: for machines */
    PR_FILE_WORDS,    /* a vocabulary or merges: words, not sentences */
    PR_FILE_CODE,
    PR_FILE_PAGE,     /* HTML */
    PR_FILE_WEIGHTS,  /* safetensors, GGUF, ONNX, tensors beside them */
    PR_FILE_DATABASE, /* SQLite */
    PR_FILE_PICTURE,
    PR_FILE_PICKLE,
    PR_FILE_ARCHIVE,
    PR_FILE_BINARY, /* something else */
    PR_FILE_LINK,
    PR_FILE_SPECIAL
} pr_file_kind;
const char *pr_file_kind_name(pr_file_kind k); /* "text" … */

typedef struct {
    const char *path; /* below the directory, '/' between */
    pr_file_kind kind;
    uint64_t bytes;
    bool searched; /* for secrets (and, where it is no vocabulary, for people's data) */
} pr_scan_file;

/* A licence as somebody wrote it down, and what that is in SPDX. */
typedef struct {
    const char *said; /* as it stands: "apache-2.0" */
    const char *spdx; /* "Apache-2.0"; NULL: no identifier that pare knows */
    const char *file;
    int64_t line;
    bool of_data; /* of the training data, not of the model */
    bool text;    /* recognised by the licence's own text */
} pr_licence;
enum { PR_LICENCES_MAX = 32, PR_HOSTS_MAX = 200 };

typedef struct {
    const char *host, *file; /* where it stands first */
    int64_t line, n;         /* times */
    bool document;           /* only in what people read */
} pr_host;

typedef struct {
    pr_scan_file *files;
    size_t n_files;
    bool cut; /* more files, or deeper, than is looked at */
    pr_found_list of[PR_FOUND_KINDS];
    pr_licence licences[PR_LICENCES_MAX];
    size_t n_licences;
    pr_host hosts[PR_HOSTS_MAX];
    size_t n_hosts;
    const char *card, *licence_file; /* README.md, LICENSE*; NULL: none */
    char template_sha256[65];        /* of the first chat template; "": none */
    size_t n_templates;
    uint64_t bytes_searched, bytes_unsearched;
    size_t n_searched;
} pr_scan;

typedef struct {
    uint64_t max_text_bytes;      /* of one file that is searched; 0: 64 MiB */
    const char *const *leave_out; /* paths below the directory, exactly; NULL at the end */
    const char *const
        *own; /* the same: reports of pare's, which repeat addresses that were found */
} pr_scan_opts;

/* Scan directory (or single file) `dir`. EINPUT: there is nothing. What a file withholds is a
 * finding, not an error. */
pare_status pr_scan_tree(pr_scan *out, const char *dir, const pr_scan_opts *o, pr_arena *a,
                         const pare_ctl *ctl, pare_err *err);
/* What bytes under this name would give: the same as for a file in a directory. */
pare_status pr_scan_bytes(pr_scan *out, const char *name, const void *p, size_t n, pr_arena *a,
                          pare_err *err);

/* ---- one text ---- */

/* Called per match with the rule, the byte, the length, and words that show nothing of it. */
typedef void (*pr_match_fn)(void *ctx, const char *rule, size_t at, size_t n,
                            const char *what);
/* Keys, tokens, passwords: by their issuers' forms, and by entropy after a telling name. */
void pr_secrets_find(pr_str text, pr_match_fn fn, void *ctx);
/* E-mail, telephone, IBAN, card numbers, public IP addresses, national numbers: those that
 * have check digits only where these are right. */
void pr_people_find(pr_str text, pr_match_fn fn, void *ctx);
/* http, https, ws, wss, ftp, s3, gs and git addresses. */
void pr_addresses_find(pr_str text, pr_match_fn fn, void *ctx);
/* A chat template against what templates need: docs/readiness.md lists it. */
void pr_template_find(pr_str text, pr_match_fn fn, void *ctx);
/* The SPDX identifier of what people write ("apache-2.0", "MIT License"); NULL: none known. */
const char *pr_licence_spdx(pr_str said);
/* The SPDX identifier of a licence's own text; NULL: none known. */
const char *pr_licence_of_text(pr_str text);

/* ---- an artefact's shape ---- */

/* Bytes of a container that no tensor owns and its format does not explain: behind the last
 * tensor, or between two. `why` gets a line for each (at most 16); returns their number. Only
 * for GGUF and safetensors: in the others they have their place. */
int pr_container_strays(const pr_container *c, pr_buf *why);

/* ---- what is known of runtimes (data/advisories.yaml) ---- */

typedef struct {
    const char *id, *runtime, *severity, *what, *source, *date;
    const char *fixed; /* NULL: not yet */
    const char *const *affected; /* ranges: ">= 1.29, < 1.30.1" */
    size_t n_affected;
} pr_advisory;
typedef struct {
    const char *name, *licence, *telemetry, *off, *source;
    bool sends; /* by default */
} pr_runtime_fact;
typedef struct {
    const char *source; /* "built-in" or the path */
    char sha256[65];
    const char *dated;
    pr_advisory *advisories;
    size_t n_advisories;
    pr_runtime_fact *runtimes;
    size_t n_runtimes;
} pr_known;
/* The file at `path`, or (NULL) what is built in. Strict: EINPUT names the entry and the key. */
pare_status pr_known_read(const char *path, pr_arena *a, pr_known *out, pare_err *err);
/* The same from text. */
pare_status pr_known_parse(pr_str text, const char *source, pr_arena *a, pr_known *out,
                           pare_err *err);
/* Does `version` lie in the advisory's ranges: 1 yes, 0 no, -1: they cannot be compared. */
int pr_advisory_hits(const pr_advisory *a, const char *version);
/* "1.30.1", "b8146", "v0.5.0-dev" compared by their numbers: false if they are of two kinds. */
bool pr_version_compare(const char *a, const char *b, int *order);
#endif
