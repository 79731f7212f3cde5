/* sampling.c - how to draw the next token: general.sampling.* of a GGUF, generation_config.json
 * of a directory. */
#include "convert.h"
#include <stdio.h>

/* In the order of a file's keys; of two words for one key the first counts. */
static const struct {
    const char *hf, *gguf;
    pr_meta_type type;
} words[] = {{"sequence", "sequence", PR_META_STR},
             {"top_k", "top_k", PR_META_I32},
             {"top_p", "top_p", PR_META_F32},
             {"min_p", "min_p", PR_META_F32},
             {"xtc_probability", "xtc_probability", PR_META_F32},
             {"xtc_threshold", "xtc_threshold", PR_META_F32},
             {"temperature", "temp", PR_META_F32},
             {"penalty_last_n", "penalty_last_n", PR_META_I32},
             {"penalty_repeat", "penalty_repeat", PR_META_F32},
             {"repetition_penalty", "penalty_repeat", PR_META_F32},
             {"mirostat", "mirostat", PR_META_I32},
             {"mirostat_tau", "mirostat_tau", PR_META_F32},
             {"mirostat_eta", "mirostat_eta", PR_META_F32}};

void pr_sampling_put_keys(pr_gguf_writer *w, const pr_model *m, pr_arena *a) {
    char *path = pr_path_join(a, m->path, "generation_config.json"), k[96];
    const char *before = "";
    pare_doc *doc = NULL;
    if (!path || !pr_path_exists(path) || pr_json_read(&doc, path, NULL, NULL) != PARE_OK)
        return;
    for (size_t i = 0; i < PR_COUNT(words); i++) {
        const pare_doc *v = pare_doc_get(doc, words[i].hf);
        pare_doc_type t = pare_doc_kind(v);
        pr_str text = pr_doc_text_of(v);
        if (!v || strcmp(words[i].gguf, before) == 0) continue;
        before = words[i].gguf;
        snprintf(k, sizeof k, "general.sampling.%s", before);
        if (words[i].type == PR_META_STR && text.n) pr_gguf_add_str(w, k, text);
        if (words[i].type == PR_META_I32 && t == PARE_DOC_INT)
            pr_gguf_add_i32(w, k, (int32_t)pare_doc_int(v));
        if (words[i].type == PR_META_F32 && (t == PARE_DOC_INT || t == PARE_DOC_REAL))
            pr_gguf_add_f32(w, k, (float)pare_doc_num(v));
    }
    pare_doc_free(doc);
}

double pr_fewest_digits(float f) {
    char text[32];
    double v = (double)f;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)f);
        if (pr_parse_f64(text, -1e300, 1e300, &v) && (float)v == f) return v;
    }
    return (double)f;
}

void pr_sampling_put_doc(pr_doc_build *b, pare_doc *o, const pr_container *f) {
    char k[96];
    bool any = false;
    for (size_t i = 0; i < PR_COUNT(words); i++) {
        snprintf(k, sizeof k, "general.sampling.%s", words[i].gguf);
        const pr_meta *m = pr_container_meta_find(f, k);
        double v = 0;
        int64_t n;
        if (!m || strcmp(words[i].hf, "penalty_repeat") == 0) continue;
        any = true;
        if (m->type == PR_META_STR)
            pr_doc_set_strn(b, o, words[i].hf, (pr_str){m->v.s, (size_t)m->n});
        else if (pr_meta_i64(m, &n))
            pr_doc_set_i64(b, o, words[i].hf, n);
        else if (pr_meta_f64(m, &v) && v - v == 0)
            pr_doc_set_f64(b, o, words[i].hf, pr_fewest_digits((float)v));
    }
    if (any) pr_doc_set_bool(b, o, "do_sample", true);
}
