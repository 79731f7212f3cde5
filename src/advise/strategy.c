/* strategy.c - which type of weights a framework's strategy comes to for one model. Always true:
 * the first type that model, memory, file and gate allow is taken, and each before it is told
 * with what forbade it. A size is the writer's own sum where pare plans that type ("planned"),
 * else parameters × bits of the rules ("estimate"). */
#include <math.h>
#include <stdio.h>
#include "advise_in.h"

/* What a model would be in one type. */
typedef struct {
    double bytes, memory; /* weights; weights and state */
    double file;          /* exact, where pare plans the type; NAN */
    bool   planned;
} outcome;

static double state_bytes(const pr_advise_ask *ask) {
    double n = (double)ask->context;
    if (n <= 0) n = pare_doc_num(pare_doc_get(ask->model, "context"));
    return n * pare_doc_num(pare_doc_get(ask->model, "state_bytes_per_token_f16"));
}

static outcome outcome_of(const pr_advise_ask *ask, const pare_doc *type) {
    const pare_doc *list = pare_doc_get(ask->model, "quantizations");
    outcome         o = {.bytes = NAN, .file = NAN};
    for (size_t i = 0; i < pare_doc_count(list) && !o.planned; i++) {
        const pare_doc *q = pare_doc_at(list, i);
        if (strcmp(text_at(q, "name"), text_at(type, "type")) != 0) continue;
        o.bytes = pare_doc_num(pare_doc_get(q, "tensor_bytes"));
        o.file = pare_doc_num(pare_doc_get(q, "file_bytes"));
        o.planned = true;
    }
    if (!o.planned)
        o.bytes = ceil(pare_doc_num(pare_doc_get(ask->model, "parameters")) *
                       number_at(type, "bits") / 8);
    o.memory = o.bytes + state_bytes(ask);
    return o;
}

/* The length of a matrix' rows that `divides` does not divide; 0: all are divided. */
static int64_t row_that_resists(const pare_doc *model, int64_t divides) {
    const pare_doc *list = pare_doc_get(model, "tensors");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *shape = pare_doc_get(pare_doc_at(list, i), "shape");
        size_t          n = pare_doc_count(shape);
        int64_t         row = n > 1 ? pare_doc_int(pare_doc_at(shape, n - 1)) : 0;
        if (row % divides) return row;
    }
    return 0;
}

static bool above(double x, double limit, const char *what, const char *who, char why[240]) {
    if (!(limit >= 0) || x <= limit) return false;
    snprintf(why, 240, "%s: %.0f bytes are more than the %.0f that %s allows", what, x, limit, who);
    return true;
}

/* Does anything forbid `type`? Then `why` says what. */
static bool forbidden(const pr_advise_ask *ask, const pare_doc *type, const outcome *o,
                      char why[240]) {
    int64_t divides = (int64_t)number_at(type, "divides");
    double  file = isnan(o->file) ? o->bytes : o->file;
    int64_t row = row_that_resists(ask->model, divides);
    if (row) {
        snprintf(why, 240, "model: rows of %lld weights cannot be cut into blocks of %lld",
                 (long long)row, (long long)divides);
        return true;
    }
    if (ask->target) {
        pr_target_bounds b = pr_target_bounds_of(ask->target);
        if (above(o->memory, b.memory.value, "memory", b.memory.why, why) ||
            above(file, b.file.value, "file", b.file.why, why))
            return true;
    }
    if (above(o->memory, (double)ask->max_memory, "memory", "--max-memory", why) ||
        above(file, (double)ask->max_bytes, "file", "--max-bytes", why))
        return true;
    double source = pare_doc_num(pare_doc_get(ask->model, "weight_bytes")) + state_bytes(ask);
    if (isnan(ask->max_ratio) || o->memory <= source * ask->max_ratio) return false;
    snprintf(why, 240, "gate: weights and state would be %.3f of the source's; at most %g passes",
             o->memory / source, ask->max_ratio);
    return true;
}

static const pare_doc *strategy_find(const pr_rules *r, const char *framework) {
    const pare_doc *list = pare_doc_get(r->doc, "strategies"), *o = NULL;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        o = pare_doc_at(list, i);
        const char *f = text_at(pare_doc_get(o, "when"), "framework");
        if (!f || strcmp(f, framework) == 0) break;
    }
    return o;
}

static void type_put(pr_doc_build *b, pare_doc *to, const pare_doc *type, const outcome *o) {
    pr_doc_set_str(b, to, "type", text_at(type, "type"));
    if (pare_doc_get(type, "group"))
        pr_doc_set_i64(b, to, "group", (int64_t)number_at(type, "group"));
    pr_doc_set_f64(b, to, "weight_bytes", o->bytes);
    pr_doc_set_f64(b, to, "memory_bytes", o->memory);
    if (isnan(o->file)) pr_doc_set_null(b, to, "file_bytes");
    else pr_doc_set_f64(b, to, "file_bytes", o->file);
    pr_doc_set_str(b, to, "basis", o->planned ? "planned" : "estimate");
}

bool strategy_put(const pr_rules *r, const pr_advise_ask *ask, const pare_doc *f, pr_doc_build *b,
                  pare_doc *to, char reason[240]) {
    const pare_doc *s = strategy_find(r, text_at(f, "id"));
    const pare_doc *types = pare_doc_get(s, "types");
    pr_doc_set_str(b, to, "rule", text_at(s, "id"));
    pr_doc_set_str(b, to, "method", text_at(s, "method"));
    if (text_at(s, "calibration"))
        pr_doc_set_str(b, to, "calibration", text_at(s, "calibration"));
    if (text_at(s, "acceleration"))
        pr_doc_set_str(b, to, "acceleration", text_at(s, "acceleration"));
    double    least = INFINITY;
    pare_doc *replaced = pr_doc_set_array(b, to, "replaced");
    for (size_t i = 0; i < pare_doc_count(types); i++) {
        const pare_doc *type = pare_doc_at(types, i);
        char            why[240];
        outcome         o = outcome_of(ask, type);
        if (!forbidden(ask, type, &o, why)) {
            type_put(b, to, type, &o);
            return true;
        }
        pare_doc *gone = pr_doc_add_object(b, replaced);
        type_put(b, gone, type, &o);
        pr_doc_set_str(b, gone, "because", why);
        if (o.bytes < least) {
            least = o.bytes;
            snprintf(reason, 240, "%.40s; %.190s", text_at(type, "type"), why);
        }
    }
    return false;
}
