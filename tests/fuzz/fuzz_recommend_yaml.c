/* fuzz_recommend_yaml.c - any bytes as rules: refused with a message, or they answer. */
#include <math.h>
#include "advise/advise.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char model_text[] =
    "{\"name\":\"m\",\"format\":\"hf\",\"parameters\":1000,\"context\":10,"
    "\"state_bytes_per_token_f16\":10,\"weight_bytes\":2000,"
    "\"tensors\":[{\"shape\":[4,48]}],\"quantizations\":[]}";

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_rules  r;
    pare_doc *model = NULL, *answer = NULL;
    pare_err  e = {0};
    pr_arena *a = pr_arena_new(16 << 20);
    if (!a) return 0;
    if (pr_rules_parse((pr_str){(const char *)p, n}, "x.yaml", a, &r, &e) != PARE_OK) {
        if (!e.msg[0] || r.doc) __builtin_trap();
        pr_arena_free(a);
        return 0;
    }
    if (pare_doc_parse(&model, model_text, sizeof model_text - 1, &e) != PARE_OK) __builtin_trap();
    pr_advise_ask ask = {.model = model, .max_bytes = -1, .max_memory = -1, .max_ratio = NAN};
    if (pr_advise(&r, &ask, &answer, &e) != PARE_OK || !pare_doc_get(answer, "rule"))
        __builtin_trap();
    pare_doc_free(answer);
    pare_doc_free(model);
    pr_rules_done(&r);
    pr_arena_free(a);
    return 0;
}
