/* ready_security.c - the fourth part: the artefact as a file from a stranger, its directory, its
 * runtime. Always true: what was not looked at is not passed. */
#include <stdio.h>
#include "ready_job.h"

/* Findings of a kind that the policy does not let pass, as evidence; how many. */
static size_t findings(ready_job *j, pr_check *c, pr_found kind) {
    const pr_found_list *l = &j->scan.of[kind];
    const pr_check_ask *ask = &j->policy.ask[pr_check_find(c->rule->id)];
    size_t              bad = l->total - l->n, allowed = 0;
    for (size_t i = 0; i < l->n; i++) {
        const pr_found_at *f = &l->at[i];
        if (pr_check_allows(ask, f->rule, f->file)) {
            allowed++;
            continue;
        }
        bad++;
        pr_check_note(c, f->file, f->line, f->offset, ready_text(j, "%s [%s]", f->what, f->rule));
    }
    if (allowed && !bad)
        pr_check_note(c, NULL, 0, -1, ready_text(j, "%zu that the policy allows", allowed));
    return bad;
}

/* A check that passes where nothing of a kind was found. */
static void none_of(ready_job *j, const char *id, pr_found kind, const char *none, const char *some,
                    const char *closes) {
    pr_check *c = ready_check(j, id);
    size_t    n = findings(j, c, kind);
    if (n) pr_check_say(c, PR_CHECK_FAIL, closes, "%zu %s", n, some);
    else pr_check_say(c, PR_CHECK_PASS, NULL, "%s (%zu files)", none, j->scan.n_files);
}

/* ------------------------------------------------------------------ the artefact */

static pare_status shape(ready_job *j, pare_err *err) {
    pr_check *parse = ready_check(j, "security.parse"), *sizes = ready_check(j, "security.sizes"),
             *weights = ready_check(j, "security.weights");
    pare_err own = {0};
    pr_buf   why;
    static const char again[] = "make the artefact again: pare optimize SRC -o DIR";
    if (!j->model) {
        char line[400];
        pare_err_format(&j->model_err, line, sizeof line);
        pr_check_say(parse, PR_CHECK_FAIL, again, "%.300s", line);
        pr_check_say(sizes, PR_CHECK_UNDECIDED, again, "the artefact cannot be opened");
        pr_check_say(weights, PR_CHECK_UNDECIDED, again, "the artefact cannot be opened");
        return PARE_OK;
    }
    const pr_container *f = j->model->file;
    pr_check_say(parse, PR_CHECK_PASS, NULL,
                 "%s: %zu tensors, every offset, size and shape checked",
                 pr_container_format(f), pr_container_count(f));
    pr_buf_init(&why, 1 << 14);
    int    n = pr_container_strays(f, &why);
    pr_est e = pr_est_counted(n);
    pr_check_judge(sizes, &e, ready_text(j, "stretches of its %llu bytes that nothing owns",
                                         (unsigned long long)pr_container_bytes(f)), again);
    for (char *p = why.p, *end; p && (end = strchr(p, '\n')); p = end + 1)
        pr_check_note(sizes, NULL, 0, -1, ready_text(j, "%.*s", (int)(end - p), p));
    pr_buf_done(&why);
    pare_status st = pr_model_check_finite(j->model, j->ctl, &own);
    if (st == PARE_ENOMEM || st == PARE_ECANCELLED) return *err = own, st;
    pr_check_say(weights, st == PARE_OK ? PR_CHECK_PASS : PR_CHECK_FAIL, again, "%.300s",
                 st == PARE_OK ? "every weight is a finite number" : own.msg);
    return PARE_OK;
}

/* Against the report, and against the record of the making. */
static pare_status hashes(ready_job *j, pare_err *err) {
    pr_check   *c = ready_check(j, "security.hashes");
    const char *want = pare_doc_str(pare_doc_get(j->variant, "sha256"));
    char        id[65], when[32];
    bool        found = false;
    if (!j->report) {
        pr_check_say(c, PR_CHECK_UNDECIDED, "pare optimize SRC -o DIR",
                     "no records to hold it against; SHA-256 %s", j->artefact_sha);
        return PARE_OK;
    }
    if (!j->artefact_sha[0]) {
        pr_check_say(c, PR_CHECK_FAIL, "pare optimize SRC -o DIR", "the artefact is not there");
        return PARE_OK;
    }
    if (!want) {
        pr_check_say(c, PR_CHECK_UNDECIDED, "choose a variant that optimize wrote",
                     "the choice is the source itself: no file was written");
        return PARE_OK;
    }
    pr_check_note(c, j->artefact, 0, -1, ready_text(j, "SHA-256 %s", j->artefact_sha));
    if (strcmp(want, j->artefact_sha) != 0) {
        pr_check_say(c, PR_CHECK_FAIL, "pare optimize SRC -o DIR",
                     "the report says SHA-256 %.16s…, the file has %.16s…", want,
                     j->artefact_sha);
        return PARE_OK;
    }
    if (j->store)
        PR_TRY(ready_record_find(j->store, "variant", "sha256", j->artefact_sha, id, when,
                                 &found, err));
    if (!found) {
        pr_check_say(c, PR_CHECK_FAIL, "pare optimize SRC -o DIR",
                     "pare.db has no sound record that this file was made");
        return PARE_OK;
    }
    pr_check_note(c, "pare.db", 0, -1, ready_text(j, "record variant %s of %s", id, when));
    pr_check_say(c, PR_CHECK_PASS, NULL, "SHA-256 %.16s…, as in report.json and record %.12s…",
                 want, id);
    return PARE_OK;
}

/* The template is part of what the model was measured with: it must be the source's. */
static void template_of(ready_job *j) {
    pr_check   *c = ready_check(j, "security.template");
    const char *own = j->model ? j->model->chat_template : NULL,
               *src = j->source ? j->source->chat_template : NULL;
    size_t n = findings(j, c, PR_FOUND_TEMPLATE);
    bool   differs = j->model && j->source && own && (!src || strcmp(own, src) != 0);
    if (differs) pr_check_note(c, j->artefact, 0, -1, "the template is not that of the source");
    if (j->scan.n_templates)
        pr_check_note(c, NULL, 0, -1,
                      ready_text(j, "%zu templates; the first has SHA-256 %s",
                                 j->scan.n_templates, j->scan.template_sha256));
    if (n || differs)
        pr_check_say(c, PR_CHECK_FAIL, "read the template; allow what is meant in the policy",
                     "%zu constructs that templates do not need%s", n,
                     differs ? "; it differs from the source's" : "");
    else if (!j->scan.n_templates && !own)
        pr_check_say(c, PR_CHECK_NONE, NULL, "there is no chat template");
    else
        pr_check_say(c, PR_CHECK_PASS, NULL, "only constructs that templates need%s",
                     j->source && j->source != j->model ? ", word for word the source's" : "");
}

/* ------------------------------------------------------------------ the directory */

static void packed(ready_job *j) {
    pr_check *c = ready_check(j, "security.archives");
    size_t    n = findings(j, c, PR_FOUND_ARCHIVE), u = findings(j, c, PR_FOUND_UNREAD);
    if (n || u)
        pr_check_say(c, PR_CHECK_FAIL, "unpack it, take it out, or allow it in the policy",
                     "%zu packed, %zu not (wholly) readable: what is in them was not looked at",
                     n, u);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL,
                     "%zu files: %zu searched (%llu bytes); weights and pictures are not",
                     j->scan.n_files, j->scan.n_searched,
                     (unsigned long long)j->scan.bytes_searched);
}

static void directory(ready_job *j) {
    static const char out[] = "take it out of the directory, or allow it in the policy";
    pr_check *c = ready_check(j, "security.links");
    none_of(j, "security.executable", PR_FOUND_CODE, "nothing that runs",
            "files that run, or make others run", out);
    none_of(j, "security.pickle", PR_FOUND_PICKLE, "no pickle, by content",
            "pickles: to load one is to run it", "convert it: pare convert SRC --to gguf");
    none_of(j, "security.secrets", PR_FOUND_SECRET, "no key, token or password found",
            "places that look like a secret", "revoke it, then take it out");
    none_of(j, "security.remote-code", PR_FOUND_REMOTE, "no configuration asks for code",
            "keys that ask for code from the model's maker", out);
    size_t links = findings(j, c, PR_FOUND_LINK), special = findings(j, c, PR_FOUND_SPECIAL);
    if (links + special)
        pr_check_say(c, PR_CHECK_FAIL, out,
                     "%zu links that lead out or nowhere, %zu special files", links, special);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL, "no link leads out; no special file (%zu files)",
                     j->scan.n_files);
    packed(j);
}

/* ------------------------------------------------------------------ runtimes */

typedef struct {
    char name[40], version[64];
} runtime_seen;
enum { RUNTIMES_MAX = 8 };

static size_t add_runtime(runtime_seen *list, size_t n, const char *name, const char *version) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0 && strcmp(list[i].version, version) == 0) return n;
    if (n == RUNTIMES_MAX) return n;
    snprintf(list[n].name, sizeof list[n].name, "%s", name);
    snprintf(list[n].version, sizeof list[n].version, "%.*s", (int)strcspn(version, " "), version);
    return n + 1;
}

/* The runtime of the choice; ONNX Runtime GenAI names the ONNX Runtime that it stands on. */
static size_t runtimes_of(ready_job *j, runtime_seen *list) {
    const char *name = pare_doc_str(pare_doc_get(j->variant, "runner")),
               *version = pare_doc_str(pare_doc_path(j->variant, "runtime/version")), *on;
    size_t n = 0;
    if (!name || strcmp(name, "native") == 0) return 0;
    n = add_runtime(list, n, name, version ? version : "unknown");
    if (version && (on = strstr(version, " on onnxruntime ")))
        n = add_runtime(list, n, "onnxruntime", on + 16);
    return n;
}

static void advisories(ready_job *j) {
    pr_check    *c = ready_check(j, "security.advisories");
    runtime_seen r[RUNTIMES_MAX];
    size_t       n = runtimes_of(j, r), hit = 0, open = 0, asked = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < j->known.n_advisories; k++) {
            const pr_advisory *a = &j->known.advisories[k];
            if (strcmp(a->runtime, r[i].name) != 0 ||
                pr_check_allows(&j->policy.ask[pr_check_find(c->rule->id)], a->id, a->runtime))
                continue;
            int h = pr_advisory_hits(a, r[i].version);
            asked++;
            hit += h > 0;
            open += h < 0;
            if (h)
                pr_check_note(
                    c, NULL, 0, -1,
                    ready_text(j, "%s (%s, %s): %s; %s %s%s%s; %s", a->id, a->severity, a->date,
                               a->what, r[i].name, r[i].version,
                               h > 0 ? ", fixed in " : " cannot be compared with ",
                               h > 0 ? a->fixed ? a->fixed : "no version yet" : a->affected[0],
                               a->source));
        }
    pr_check_note(c, NULL, 0, -1,
                  ready_text(j, "advisories of %s (%s, SHA-256 %.16s…)", j->known.dated,
                             j->known.source, j->known.sha256));
    if (!j->report)
        pr_check_say(c, PR_CHECK_NONE, NULL, "no runtime was chosen for this model yet");
    else if (n == 0) pr_check_say(c, PR_CHECK_NONE, NULL, "pare's own engine runs it");
    else if (hit)
        pr_check_say(c, PR_CHECK_FAIL,
                     "install the version that fixes it, then pare optimize again",
                     "%zu known flaws in %s %s", hit, r[0].name, r[0].version);
    else if (open)
        pr_check_say(c, PR_CHECK_UNDECIDED, "compare by hand; allow ID:RUNTIME in the policy",
                     "%s %s counts its versions otherwise than %zu advisories", r[0].name,
                     r[0].version, open);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL, "%s %s: outside the ranges of %zu advisories",
                     r[0].name, r[0].version, asked);
}

static const pr_runtime_fact *fact_of(const ready_job *j, const char *name) {
    for (size_t i = 0; name && i < j->known.n_runtimes; i++)
        if (strcmp(j->known.runtimes[i].name, name) == 0) return &j->known.runtimes[i];
    return NULL;
}

static void phones_home(ready_job *j) {
    pr_check              *c = ready_check(j, "security.phones-home");
    const char            *runner = pare_doc_str(pare_doc_get(j->variant, "runner"));
    const pr_runtime_fact *f = fact_of(j, runner ? runner : "native");
    size_t                 addresses = findings(j, c, PR_FOUND_ADDRESS), documents = 0;
    bool sends =
        f && f->sends &&
        !pr_check_allows(&j->policy.ask[pr_check_find(c->rule->id)], "telemetry", f->name);
    for (size_t i = 0; i < j->scan.n_hosts; i++) documents += j->scan.hosts[i].document;
    if (f)
        pr_check_note(c, NULL, 0, -1,
                      ready_text(j, "%s: %s (%s)", f->name, f->telemetry, f->source));
    if (!f)
        pr_check_say(c, PR_CHECK_UNDECIDED, "name it in an advisories file (--advisories)",
                     "nothing is known of what %s sends", runner);
    else if (sends)
        pr_check_say(c, PR_CHECK_FAIL, f->off, "%s sends by default: %s", f->name, f->telemetry);
    else if (addresses)
        pr_check_say(c, PR_CHECK_FAIL, "take them out, or allow the file in the policy",
                     "%zu addresses in files that machines read", addresses);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL,
                     "%s sends nothing by itself; %zu hosts are named in documents only",
                     f->name, documents);
}

pare_status ready_security(ready_job *j, pare_err *err) {
    PR_TRY(shape(j, err));
    PR_TRY(hashes(j, err));
    PR_TRY(ready_signature(j, err));
    directory(j);
    template_of(j);
    advisories(j);
    phones_home(j);
    return PARE_OK;
}
