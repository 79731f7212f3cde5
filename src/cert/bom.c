/* bom.c - the bill of materials: CycloneDX 1.7, a machine-learning model with its card.
 *
 * Always true: it holds nothing but what the report and the files say; numbers are text there, as
 * that schema has them. Same facts, same bytes: the serial number is made of the model's hash
 * and the date. */
#include <math.h>
#include <stdio.h>
#include "cert.h"
#include "pare_version.h"

static const char *str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

static void set_if(pr_doc_build *b, pare_doc *o, const char *key, const char *text) {
    if (text && *text) pr_doc_set_str(b, o, key, text);
}

static void hash_put(pr_doc_build *b, pare_doc *o, const char *hex) {
    if (!hex || strlen(hex) != 64) return;
    pare_doc *h = pr_doc_add_object(b, pr_doc_set_array(b, o, "hashes"));
    pr_doc_set_str(b, h, "alg", "SHA-256");
    pr_doc_set_str(b, h, "content", hex);
}

static void property(pr_doc_build *b, pare_doc *list, const char *name, const char *value) {
    if (!value) return;
    pare_doc *p = pr_doc_add_object(b, list);
    pr_doc_set_str(b, p, "name", name);
    pr_doc_set_str(b, p, "value", value);
}

/* ------------------------------------------------------------------ the card */

static void number(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    char text[40];
    if (!isfinite(v)) return;
    snprintf(text, sizeof text, "%.9g", v);
    pr_doc_set_str(b, o, key, text);
}

static void metrics(pr_doc_build *b, pare_doc *card, const pare_doc *list) {
    pare_doc *a = pr_doc_set_array(b, pr_doc_set_object(b, card, "quantitativeAnalysis"),
                                   "performanceMetrics");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *m = pare_doc_at(list, i);
        const char     *name = str_at(m, "name"), *unit = str_at(m, "unit"),
                   *against = str_at(m, "against");
        char type[128];
        if (!name || !isfinite(pare_doc_num(pare_doc_get(m, "value")))) continue;
        snprintf(type, sizeof type, "%.60s%s%.30s%s", name, unit && *unit ? " [" : "",
                 unit ? unit : "", unit && *unit ? "]" : "");
        pare_doc *o = pr_doc_add_object(b, a);
        pr_doc_set_path(b, o, "type", type);
        number(b, o, "value", pare_doc_num(pare_doc_get(m, "value")));
        if (against) {
            snprintf(type, sizeof type, "against %.60s", against);
            pr_doc_set_path(b, o, "slice", type);
        }
        pare_doc *ci = pr_doc_set_object(b, o, "confidenceInterval");
        number(b, ci, "lowerBound", pare_doc_num(pare_doc_get(m, "lo")));
        number(b, ci, "upperBound", pare_doc_num(pare_doc_get(m, "hi")));
    }
}

static void text_list(pr_doc_build *b, pare_doc *o, const char *key, const pare_doc *list) {
    if (pare_doc_count(list) == 0) return;
    pare_doc *a = pr_doc_set_array(b, o, key);
    for (size_t i = 0; i < pare_doc_count(list); i++)
        if (pare_doc_str(pare_doc_at(list, i)))
            pr_doc_add_str(b, a, pare_doc_str(pare_doc_at(list, i)));
}

static void card(pr_doc_build *b, pare_doc *c, const pr_cert_facts *f) {
    pare_doc *m = pr_doc_set_object(b, c, "modelCard"),
             *p = pr_doc_set_object(b, m, "modelParameters");
    pr_doc_set_str(b, p, "task", "text-generation");
    pr_doc_set_str(b, p, "architectureFamily", "transformer");
    set_if(b, p, "modelArchitecture", str_at(f->report, "model/architecture"));
    if (str_at(f->report, "settings/evaluation/text/path")) {
        pare_doc *d = pr_doc_add_object(b, pr_doc_set_array(b, p, "datasets"));
        pr_doc_set_str(b, d, "ref", "evaluation-text");
    }
    pr_doc_set_str(b, pr_doc_add_object(b, pr_doc_set_array(b, p, "inputs")), "format", "text");
    pr_doc_set_str(b, pr_doc_add_object(b, pr_doc_set_array(b, p, "outputs")), "format", "text");
    metrics(b, m, pare_doc_get(f->variant, "metrics"));
    pare_doc *o = pr_doc_set_object(b, m, "considerations");
    text_list(b, o, "technicalLimitations", pare_doc_get(f->report, "warnings"));
    text_list(b, o, "performanceTradeoffs", pare_doc_path(f->report, "guidance/tradeoffs"));
}

/* ------------------------------------------------------------------ components */

static void licence(pr_doc_build *b, pare_doc *c, const char *name) {
    if (!name || !*name) return;
    pare_doc *l = pr_doc_add_object(b, pr_doc_set_array(b, c, "licenses"));
    pr_doc_set_str(b, pr_doc_set_object(b, l, "license"), "name", name);
}

static void model(pr_doc_build *b, pare_doc *meta, const pr_cert_facts *f) {
    pare_doc *c = pr_doc_set_object(b, meta, "component"), *list;
    char      text[64];
    pr_doc_set_str(b, c, "type", "machine-learning-model");
    pr_doc_set_str(b, c, "bom-ref", "model");
    pr_doc_set_path(b, c, "name", pr_path_base(f->artefact));
    set_if(b, c, "version", str_at(f->variant, "sha256"));
    set_if(b, c, "description", str_at(f->variant, "name"));
    hash_put(b, c, str_at(f->variant, "sha256"));
    licence(b, c, f->licence);
    pare_doc *from = pr_doc_add_object(
        b, pr_doc_set_array(b, pr_doc_set_object(b, c, "pedigree"), "ancestors"));
    pr_doc_set_str(b, from, "type", "machine-learning-model");
    pr_doc_set_str(b, from, "bom-ref", "source");
    pr_doc_set_path(b, from, "name",
                    str_at(f->report, "model/name") ? str_at(f->report, "model/name") : "source");
    hash_put(b, from, str_at(f->report, "model/sha256"));
    card(b, c, f);
    list = pr_doc_set_array(b, c, "properties");
    property(b, list, "pare:format", str_at(f->variant, "format"));
    property(b, list, "pare:quant", str_at(f->variant, "quant"));
    property(b, list, "pare:runner", str_at(f->variant, "acceleration/runner"));
    snprintf(text, sizeof text, "%lld",
             (long long)pare_doc_int(pare_doc_path(f->report, "model/parameters")));
    property(b, list, "pare:parameters", text);
    property(b, list, "pare:tokenizer_sha256", str_at(f->parts, "tokenizer"));
    property(b, list, "pare:chat_template_sha256", str_at(f->parts, "chat_template"));
    property(b, list, "pare:weights_sha256", str_at(f->parts, "weights"));
    property(b, list, "pare:policy_sha256", f->policy_sha256);
}

static void files(pr_doc_build *b, pare_doc *list, const pr_cert_facts *f) {
    size_t n = strlen(f->artefact), no = 0;
    for (size_t i = 0; i < f->files->n_files; i++) {
        const pr_oms_file *e = &f->files->files[i];
        char               ref[32];
        if (strncmp(e->name, f->artefact, n) != 0 || (e->name[n] && e->name[n] != '/')) continue;
        snprintf(ref, sizeof ref, "file-%zu", ++no);
        pare_doc *c = pr_doc_add_object(b, list);
        pr_doc_set_str(b, c, "type", "file");
        pr_doc_set_str(b, c, "bom-ref", ref);
        pr_doc_set_str(b, c, "name", e->name);
        hash_put(b, c, e->sha256);
    }
}

static void text_component(pr_doc_build *b, pare_doc *list, const pr_cert_facts *f) {
    const char *path = str_at(f->report, "settings/evaluation/text/path");
    if (!path) return;
    pare_doc *c = pr_doc_add_object(b, list);
    pr_doc_set_str(b, c, "type", "data");
    pr_doc_set_str(b, c, "bom-ref", "evaluation-text");
    pr_doc_set_path(b, c, "name", pr_path_base(path));
    hash_put(b, c, str_at(f->report, "settings/evaluation/text/sha256"));
    pare_doc *d = pr_doc_add_object(b, pr_doc_set_array(b, c, "data"));
    pr_doc_set_str(b, d, "type", "dataset");
    pr_doc_set_path(b, d, "name", pr_path_base(path));
}

/* A UUID of version 8 (RFC 9562) of this model at this time. */
static void serial(const pr_cert_facts *f, char out[64]) {
    char        text[160], hex[65];
    const char *sha = str_at(f->variant, "sha256");
    int         n = snprintf(text, sizeof text, "%.64s %s", sha ? sha : "", f->created);
    pr_sha256   h = pr_sha256_of(text, (size_t)n);
    pr_sha256_hex(&h, hex);
    snprintf(out, 64, "urn:uuid:%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17,
             hex + 20);
}

pare_status pr_bom_make(const pr_cert_facts *f, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    char         id[64];
    pare_doc    *d = pr_doc_object(&b), *o;
    pr_doc_set_str(&b, d, "$schema", "http://cyclonedx.org/schema/bom-1.7.schema.json");
    pr_doc_set_str(&b, d, "bomFormat", "CycloneDX");
    pr_doc_set_str(&b, d, "specVersion", "1.7");
    serial(f, id);
    pr_doc_set_str(&b, d, "serialNumber", id);
    pr_doc_set_i64(&b, d, "version", 1);
    pare_doc *meta = pr_doc_set_object(&b, d, "metadata");
    pr_doc_set_str(&b, meta, "timestamp", f->created);
    o = pr_doc_add_object(
        &b, pr_doc_set_array(&b, pr_doc_set_object(&b, meta, "tools"), "components"));
    pr_doc_set_str(&b, o, "type", "application");
    pr_doc_set_str(&b, o, "name", "pare");
    pr_doc_set_str(&b, o, "version", PARE_VERSION);
    model(&b, meta, f);
    pare_doc *list = pr_doc_set_array(&b, d, "components");
    files(&b, list, f);
    text_component(&b, list, f);
    return pr_doc_done(&b, d, out, err);
}
