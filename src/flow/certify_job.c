/* certify_job.c - include/pare/certify.h: pare_certify. Judged again before anything is signed.
 *
 * Order: the report holds together → its gates for the variant → the artefact is the very one that
 * was measured → probes → bill of materials → files hashed → certificate, bundle → lineage into
 * the records. */
#include "cert/cert.h"
#include "flow.h"
#include "gate_job.h"
#include "pare_version.h"
#include "report/report.h"
#include "store/store.h"

enum { POLICY_MAX = 1 << 20, DAYS = 180 };

typedef struct {
    const char              *dir, *root; /* what is certified; where it will lie while written */
    const pare_certify_opts *o;
    const pare_ctl          *ctl;
    pr_arena                *a;
    pare_doc                *report;
    const char              *name, *source; /* of the variant; the artefact's path in `dir` */
    pr_doc_build             b;
    pare_doc                *gates, *probes, *parts;
    pr_keypair               keys;
    pr_oms                   oms;
    pr_cert_facts            f;
    bool                     approved;
} job;

static const char *str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

/* ------------------------------------------------------------------ the report */

static pare_status find_variant(job *j, pare_err *err) {
    const pare_doc *list = pare_doc_get(j->report, "variants");
    j->name = j->o->model ? j->o->model : str_at(j->report, "choice/name");
    if (!j->name) return pr_fail(err, PARE_EREFUSED, -1, "the report chose no variant");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const char *n = str_at(pare_doc_at(list, i), "name");
        if (n && strcmp(n, j->name) == 0) j->f.variant = pare_doc_at(list, i);
    }
    if (!j->f.variant)
        return pr_fail(err, PARE_EUSAGE, -1, "the report has no variant '%s'", j->name);
    j->source = str_at(j->f.variant, "path");
    if (!j->source || !pr_path_is_below(j->source))
        return pr_fail(err, PARE_EREFUSED, -1,
                       "%s: no file of it lies in this folder: expected one that optimize wrote",
                       j->name);
    return PARE_OK;
}

static pare_status read_report(job *j, pare_err *err) {
    pr_recheck  again;
    const char *path = pr_path_join(j->a, j->dir, "report.json");
    if (!path) return pr_fail_nomem(err, 4096);
    PR_TRY(pare_doc_read(&j->report, path, err));
    pare_status st = pr_report_recheck(j->report, &again, err);
    if (st == PARE_OK && again.n_differ)
        st = pr_fail(err, PARE_EREFUSED, -1, "it does not follow from its own numbers: %s",
                     again.first);
    if (st == PARE_OK) st = find_variant(j, err);
    j->f.report = j->report;
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

/* The policy's text, if it was a file: the very one that the report was judged by. */
static pare_status policy_text(job *j, pare_err *err) {
    const pare_doc *p = pare_doc_get(j->report, "policy");
    const char     *sha = str_at(p, "sha256"), *source = str_at(p, "source");
    if (!sha) return pr_doc_sha256(pare_doc_get(p, "gates"), j->f.policy_sha256, err);
    PR_TRY(pr_file_read(source ? source : "", POLICY_MAX, j->a, &j->f.policy_text, err));
    pr_sha256 h = pr_sha256_of(j->f.policy_text.p, j->f.policy_text.n);
    pr_sha256_hex(&h, j->f.policy_sha256);
    if (strcmp(sha, j->f.policy_sha256) == 0) return PARE_OK;
    return pr_fail_in(err,
                      pr_fail(err, PARE_EREFUSED, -1,
                              "not the policy that the report was judged by: found sha256 %s, "
                              "expected %s",
                              j->f.policy_sha256, sha),
                      source);
}

static pare_status judge(job *j, pare_err *err) {
    pr_policy       p;
    pr_gate_result *r;
    pr_buf          text;
    PR_TRY(pr_gates_of_report(j->report, j->a, &p, err));
    PR_NEW(r, j->a, p.n_gates + 1, err);
    PR_TRY(pr_policy_judge_report(&p, j->report, j->name, j->a, r, err));
    j->gates = pr_doc_array(&j->b);
    for (size_t i = 0; i < p.n_gates; i++) pr_gate_put(&j->b, j->gates, &r[i]);
    pr_verdict v = pr_gates_verdict(r, p.n_gates);
    j->approved = v == PR_PASS;
    pr_buf_init(&text, 1 << 16);
    pr_gates_sum_up(r, p.n_gates, j->name, &text);
    char *copy = text.failed ? NULL : pr_arena_str(j->a, text.p, text.n);
    pr_buf_done(&text);
    if (!copy) return pr_fail_nomem(err, 1 << 16);
    j->f.gates = j->gates, j->f.verdict = pr_verdict_name(v), j->f.summary = copy;
    if (j->approved || j->o->refusal) return PARE_OK;
    return pr_fail(err, PARE_EREFUSED, -1, "%s", copy);
}

/* ------------------------------------------------------------------ the artefact */

/* A folder's hash is that of what `sha256sum ./` and its names print. */
static pare_status same_artefact(const job *j, pare_err *err) {
    const char *want = str_at(j->f.variant, "sha256");
    size_t      n = strlen(j->f.artefact);
    char        hex[65] = "";
    pr_buf      lines;
    pr_buf_init(&lines, 64 << 20);
    for (size_t i = 0; i < j->oms.n_files; i++) {
        const pr_oms_file *f = &j->oms.files[i];
        if (strcmp(f->name, j->f.artefact) == 0) memcpy(hex, f->sha256, sizeof hex);
        else if (strncmp(f->name, j->f.artefact, n) == 0 && f->name[n] == '/')
            pr_buf_printf(&lines, "%s  ./%s\n", f->sha256, f->name + n + 1);
    }
    if (!hex[0] && lines.n) {
        pr_sha256 h = pr_sha256_of(lines.p, lines.n);
        pr_sha256_hex(&h, hex);
    }
    bool failed = lines.failed;
    pr_buf_done(&lines);
    if (failed) return pr_fail_nomem(err, 64 << 20);
    if (want && strcmp(want, hex) == 0) return PARE_OK;
    return pr_fail_in(err,
                      pr_fail(err, PARE_EREFUSED, -1,
                              "not the file that was measured: found sha256 %s, expected %s",
                              hex[0] ? hex : "of nothing", want ? want : "one in the report"),
                      j->f.artefact);
}

/* What the artefact says of where it comes from, if it says it: the report's source. */
static pare_status lineage_inside(job *j, const pr_model *m, pare_err *err) {
    const pr_meta *k = pr_container_meta_find(m->file, "pare.lineage");
    const char    *own = pare_doc_str(pare_doc_get(m->config, "pare_lineage")),
               *sha = str_at(j->report, "model/sha256");
    pare_doc *d = NULL;
    if (k && k->type == PR_META_STR && k->n < 1 << 16 && pr_utf8_valid(k->v.s, k->n, NULL))
        own = pr_arena_str(j->a, k->v.s, k->n);
    if (!own) return PARE_OK;
    j->f.inside = pr_arena_str(j->a, own, strlen(own));
    if (!j->f.inside) return pr_fail_nomem(err, 1 << 16);
    PR_TRY(pr_json_parse(&d, own, strlen(own), NULL, err));
    const char *from = str_at(d, "source/sha256");
    bool        ok = from && sha && strcmp(from, sha) == 0;
    pare_doc_free(d);
    if (ok) return PARE_OK;
    return pr_fail_in(err,
                      pr_fail(err, PARE_EREFUSED, -1,
                              "it says that it was made of another source than the report's"),
                      j->f.artefact);
}

/* What it is made of and what it answers; or why pare cannot say. */
static pare_status look_inside(job *j, pare_err *err) {
    const char *path = pr_path_join(j->a, j->root, j->f.artefact);
    pr_model   *m = NULL;
    pare_err    own = {0};
    if (!path) return pr_fail_nomem(err, 4096);
    pare_status st = pr_model_open(&m, path, &own);
    if (st == PARE_OK) st = pr_parts(m, j->ctl, &j->parts, &own);
    if (st == PARE_OK)
        st = pr_probe_run(m, str_at(j->report, "settings/state"), j->ctl, &j->probes, &own);
    if (m) j->f.licence = pr_licence_of(m, j->a);
    pare_status said = m ? lineage_inside(j, m, err) : PARE_OK;
    pr_model_close(m);
    if (said != PARE_OK) return said;
    j->f.parts = j->parts, j->f.probes = j->probes;
    if (st == PARE_OK) return st;
    if (st != PARE_EUNSUPPORTED && st != PARE_EREFUSED) {
        if (err) *err = own;
        return st;
    }
    j->f.no_probes = pr_arena_str(j->a, own.msg, strlen(own.msg));
    return j->f.no_probes ? PARE_OK : pr_fail_nomem(err, sizeof own.msg);
}

/* ------------------------------------------------------------------ writing */

static pare_status write_doc(const job *j, const char *name, const pare_doc *d, pare_err *err) {
    const char *path = pr_path_join(j->a, j->root, name);
    return path ? pare_doc_write(d, 1, path, err) : pr_fail_nomem(err, 4096);
}

/* The page again, with what the certificate says: it is made from the report, and like it
 * signed. */
static pare_status write_page(job *j, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b);
    const char  *path = pr_path_join(j->a, j->root, "report.html");
    pr_buf       page;
    pr_doc_set_str(&b, d, "verdict", j->approved ? "approved" : "refused");
    pr_doc_set_str(&b, d, "summary", j->f.summary);
    pr_doc_set_str(&b, d, "variant", j->name);
    pr_doc_set_str(&b, d, "sha256", str_at(j->f.variant, "sha256"));
    pr_doc_set_str(&b, d, "policy_sha256", j->f.policy_sha256);
    pr_doc_set_str(&b, d, "created", j->f.created);
    pr_doc_set_str(&b, d, "expires", j->f.expires);
    pr_doc_set_str(&b, d, "key", j->keys.ed.print);
    pr_doc_set_str(&b, d, "bundle_key", j->keys.p256.print);
    PR_TRY(pr_doc_done(&b, d, &d, err));
    pr_buf_init(&page, PR_REPORT_HTML_MAX);
    pare_status st = path ? pr_report_html(j->report, d, &page, err) : pr_fail_nomem(err, 4096);
    if (st == PARE_OK) st = pr_file_write(path, page.p, page.n, err);
    pr_buf_done(&page);
    pare_doc_free(d);
    return st;
}

/* What is not there yet has no name to be looked up by. */
static pare_status scan(job *j, pare_err *err) {
    const char **ignore;
    size_t       n;
    PR_TRY(pr_ship_ignore(j->root, j->f.artefact, j->a, &ignore, &n, err));
    PR_TRY(pr_oms_scan(&j->oms, j->root, ignore, n, j->ctl, j->a, err));
    j->oms.name = pr_path_base(j->o->out ? j->o->out : j->dir);
    if (!*j->oms.name || strcmp(j->oms.name, ".") == 0) j->oms.name = j->f.artefact;
    j->f.files = &j->oms;
    return PARE_OK;
}

static pare_status write_all(job *j, pare_err *err) {
    pare_doc *bom = NULL, *cert = NULL, *bundle = NULL;
    /* The bill is among the files that the certificate counts, so it comes first; of the files
     * it looks only at the artefact's. */
    PR_TRY(write_page(j, err));
    PR_TRY(scan(j, err));
    PR_TRY(same_artefact(j, err));
    PR_TRY(look_inside(j, err));
    pare_status st = pr_bom_make(&j->f, &bom, err);
    if (st == PARE_OK) st = write_doc(j, PR_CERT_BOM, bom, err);
    if (st == PARE_OK) st = scan(j, err);
    if (st == PARE_OK) st = same_artefact(j, err); /* nor was it changed meanwhile */
    if (st == PARE_OK) st = pr_cert_make(&j->f, &cert, err);
    if (st == PARE_OK) st = pr_oms_sign(&j->oms, &j->keys.p256, &bundle, err);
    if (st == PARE_OK) st = write_doc(j, PR_CERT_OMS, bundle, err);
    if (st == PARE_OK) st = write_doc(j, PR_CERT_FILE, cert, err);
    pare_doc_free(bom);
    pare_doc_free(cert);
    pare_doc_free(bundle);
    return st;
}

/* A report of an older or another program may lack it. */
static void put_if(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

/* From which source, by which recipe, to which files: for whoever asks the records later. */
static pare_status lineage(job *j, pare_err *err) {
    const char *db = pr_path_join(j->a, j->dir, "pare.db");
    pr_store   *s = NULL;
    pr_key      k;
    char        id[65], *text = NULL;
    size_t      n;
    pare_doc   *d = pr_doc_object(&j->b), *out, *recipe;
    if (!db) return pare_doc_free(d), pr_fail_nomem(err, 4096);
    put_if(&j->b, d, "source", str_at(j->report, "model/sha256"));
    recipe = pr_doc_set_object(&j->b, d, "recipe");
    put_if(&j->b, recipe, "format", str_at(j->f.variant, "format"));
    put_if(&j->b, recipe, "quant", str_at(j->f.variant, "quant"));
    put_if(&j->b, recipe, "pare", str_at(j->report, "pare/version"));
    pr_doc_set_str(&j->b, d, "root", j->oms.root);
    pr_doc_set_str(&j->b, d, "signer", j->keys.ed.print);
    pr_doc_set_str(&j->b, d, "created", j->f.created);
    pr_doc_set_bool(&j->b, d, "approved", j->approved);
    out = pr_doc_set_array(&j->b, d, "outputs");
    for (size_t i = 0; i < j->oms.n_files; i++) {
        pare_doc *o = pr_doc_add_object(&j->b, out);
        pr_doc_set_str(&j->b, o, "path", j->oms.files[i].name);
        pr_doc_set_str(&j->b, o, "sha256", j->oms.files[i].sha256);
    }
    PR_TRY(pr_doc_done(&j->b, d, &d, err));
    pr_key_begin(&k, "lineage", PARE_VERSION);
    pr_key_str(&k, "root", j->oms.root);
    pr_key_str(&k, "signer", j->keys.ed.print);
    pare_status st = pr_key_end(&k, id, err);
    if (st == PARE_OK) st = pare_doc_text(d, 0, &text, &n, err);
    if (st == PARE_OK) st = pr_store_open(&s, db, PR_STORE_WRITE, err);
    if (st == PARE_OK) st = pr_store_put_again(s, id, "lineage", text, n, err);
    pr_store_close(s);
    pare_doc_text_free(text);
    pare_doc_free(d);
    return st;
}

static void told(pr_doc_build *b, pare_doc *d, const job *j) {
    pr_doc_set_i64(b, d, "schema", 1);
    pr_doc_set_str(b, d, "verdict", j->approved ? "approved" : "refused");
    pr_doc_set_str(b, d, "summary", j->f.summary);
    pr_doc_set_str(b, d, "variant", j->name);
    pr_doc_set_path(b, d, "directory", j->o->out ? j->o->out : j->dir);
    pr_doc_set_path(b, d, "artefact", j->f.artefact);
    pr_doc_set_str(b, d, "created", j->f.created);
    pr_doc_set_str(b, d, "expires", j->f.expires);
    pr_doc_set_str(b, d, "root", j->oms.root);
    pr_doc_set_str(b, d, "key", j->keys.ed.print);
    pr_doc_set_str(b, d, "bundle_key", j->keys.p256.print);
    pr_doc_set_i64(b, d, "probes", (int64_t)pare_doc_count(pare_doc_get(j->probes, "prompts")));
    if (j->f.no_probes) pr_doc_set_str(b, d, "probes_reason", j->f.no_probes);
    pare_doc *list = pr_doc_set_array(b, d, "files");
    for (size_t i = 0; i < j->oms.n_files; i++) {
        pare_doc *o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "path", j->oms.files[i].name);
        pr_doc_set_i64(b, o, "bytes", (int64_t)j->oms.files[i].bytes);
        pr_doc_set_str(b, o, "sha256", j->oms.files[i].sha256);
    }
    list = pr_doc_set_array(b, d, "written");
    pr_doc_add_str(b, list, PR_CERT_FILE);
    pr_doc_add_str(b, list, PR_CERT_OMS);
    pr_doc_add_str(b, list, PR_CERT_BOM);
}

/* ------------------------------------------------------------------ all */

static pare_status prepare(job *j, pare_err *err) {
    pr_keyring r = {.name = j->o->keys.name ? j->o->keys.name : "pare",
                    .ask = j->o->keys.ask,
                    .user = j->o->keys.user};
    PR_TRY(pr_date_now(j->o->date, j->f.created, err));
    pr_date_add(j->f.created, j->o->days > 0 ? j->o->days : DAYS, j->f.expires);
    PR_TRY(read_report(j, err));
    PR_TRY(policy_text(j, err));
    PR_TRY(judge(j, err));
    PR_TRY(pr_keyring_dir(j->o->keys.dir, j->a, &r.dir, err));
    PR_TRY(pr_keyring_load(&r, &j->keys, err));
    j->f.keys = &j->keys;
    return PARE_OK;
}

static pare_status into_folder(job *j, pare_err *err) {
    pr_out_dir *o = NULL;
    PR_TRY(pr_out_dir_open(&o, j->o->out, err));
    j->root = pr_out_dir_part(o);
    pare_status st =
        pr_ship_copy(j->dir, j->source, j->root, j->ctl, j->a, &j->f.artefact, err);
    if (st == PARE_OK) st = write_all(j, err);
    if (st == PARE_OK) return pr_out_dir_commit(o, err);
    pr_out_dir_discard(o);
    return st;
}

pare_status pare_certify(const char *dir, const pare_certify_opts *opts, const pare_ctl *ctl,
                         pare_doc **out, pare_err *err) {
    job j = {.dir = dir, .root = dir, .o = opts, .ctl = ctl};
    *out = NULL;
    j.a = pr_arena_new((size_t)256 << 20);
    if (!j.a) return pr_fail_nomem(err, 4096);
    pare_status st = prepare(&j, err);
    j.f.artefact = j.source;
    if (st == PARE_OK) st = opts->out ? into_folder(&j, err) : write_all(&j, err);
    if (st == PARE_OK) st = lineage(&j, err);
    if (st == PARE_OK) {
        pr_doc_build b = {0};
        pare_doc    *d = pr_doc_object(&b);
        told(&b, d, &j);
        st = pr_doc_done(&b, d, out, err);
    }
    if (st == PARE_OK && !j.approved) st = pr_fail(err, PARE_EREFUSED, -1, "%s", j.f.summary);
    pare_doc_free(j.report);
    pare_doc_free(j.gates);
    pare_doc_free(j.probes);
    pare_doc_free(j.parts);
    pr_keypair_done(&j.keys);
    pr_arena_free(j.a);
    return st;
}
