/* open.c - a Hugging Face directory, a GGUF file or another's graph into one description. */
#include "arch.h"
#include "calc/calc.h"
#include "chat.h"
#include <stdio.h>

enum { ARENA_MAX = 256 << 20 };


static const pr_arch *find_arch(pr_dialect d, pr_str name) {
    for (int i = 0; pr_archs[i]; i++)
        if (pr_archs[i]->as[d] && pr_str_eq(name, pr_str_of(pr_archs[i]->as[d])))
            return pr_archs[i];
    return NULL;
}

static pare_status unknown_arch(pr_dialect d, pr_str name, pare_err *err) {
    char   known[512] = "";
    size_t n = 0;
    for (int i = 0; pr_archs[i]; i++) {
        const char *s = pr_archs[i]->as[d];
        if (!s || strstr(known, s)) continue;
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", s);
    }
    return pr_fail(err, PARE_EUNSUPPORTED, -1, "architecture '%.*s' is not supported; known are %s",
                   (int)PR_MIN(name.n, 100), name.p ? name.p : "", known);
}

pare_status pr_model_graph(pr_model *m, pare_err *err) {
    pr_gb g = {.m = m, .g = &m->graph};
    m->graph = (pr_graph){0};
    pr_val x = gb_embed(&g);
    for (int i = 0; i < m->hp.n_layer && !g.failed; i++) x = m->arch->layer(&g, i, x);
    m->graph.logits = gb_head(&g, x);
    if (!g.failed) return PARE_OK;
    if (g.missing)
        return pr_fail(err, PARE_EINPUT, -1,
                       "the graph needs %s of layer %d, which the file lacks", g.missing,
                       g.missing_id.layer);
    return pr_fail_nomem(err, sizeof(pr_node));
}

/* ------------------------------------------------------------------ Hugging Face */

pare_status pr_hf_arch(pr_model *m, pare_err *err) {
    const pare_doc *list = pare_doc_get(m->config, "architectures");
    pr_str          name = pr_doc_text_of(pare_doc_at(list, 0));
    if (!name.p) {
        pr_str type;
        PR_TRY(pr_json_get_str(m->config, "model_type", &type, err));
        for (int i = 0; pr_archs[i]; i++)
            if (pr_str_eq(type, pr_str_of(pr_archs[i]->model_type)))
                return m->arch = pr_archs[i], PARE_OK;
        return unknown_arch(PR_DIALECT_HF, type, err);
    }
    m->arch = find_arch(PR_DIALECT_HF, name);
    return m->arch ? PARE_OK : unknown_arch(PR_DIALECT_HF, name, err);
}

/* generation_config.json may name more ends of text than config.json. */
static pare_status hf_generation(pr_model *m, const char *dir, pare_err *err) {
    char *path = pr_path_join(m->arena, dir, "generation_config.json");
    if (!path) return pr_fail_nomem(err, 4096);
    if (!pr_path_exists(path)) return PARE_OK;
    pare_doc *doc;
    PR_TRY(pr_json_read(&doc, path, NULL, err));
    const pare_doc *eos = pare_doc_get(doc, "eos_token_id");
    pare_status     st = pr_hp_add_eos(eos, &m->hp, err);
    pare_doc_free(doc);
    return st == PARE_OK ? PARE_OK : pr_fail_in(err, st, path);
}

/* ------------------------------------------------------------------ graphs of others */

/* Given by its file, the model is still the folder: what stands beside it counts. */
static pare_status open_graph(pr_model *m, const char *path, pare_err *err) {
    const char *dir = path;
    if (!pr_path_is_dir(path)) {
        size_t n = (size_t)(pr_path_base(path) - path);
        dir = m->path = n ? pr_arena_str(m->arena, path, n) : pr_arena_str(m->arena, ".", 1);
        if (!dir) return pr_fail_nomem(err, n);
    }
    m->dialect = PR_DIALECT_PLAIN;
    bool onnx = pr_container_kind_of(m->file) == PR_ONNX_MODEL;
    const pr_fgraph *g = pr_container_graph(m->file);
    PR_TRY(pr_calc_unround(&g, m->arena, &m->n_rounded, err));
    PR_TRY((onnx ? pr_onnx_match : pr_openvino_match)(m, g, dir, err));
    PR_TRY(hf_generation(m, dir, err));
    PR_TRY(pr_chats_of_dir(m, dir, err));
    pare_status st = pr_tokenizer_open(&m->tok, dir, &m->no_tok);
    return st == PARE_ENOMEM ? pr_fail_nomem(err, 0) : PARE_OK;
}

/* Has the folder a graph, and no weights of another format? */
static bool is_graph(pr_model *m, const char *dir) {
    static const char *const names[] = {"model.onnx", "openvino_model.xml"};
    bool any = false;
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        char *path = pr_path_join(m->arena, dir, names[i]);
        any |= path && pr_path_exists(path);
    }
    return any;
}

/* `file`: how opening the weights went, `why` if badly. */
static pare_status open_hf(pr_model *m, const char *dir, pare_status file, const pare_err *why,
                           pare_err *err) {
    char *path = pr_path_join(m->arena, dir, "config.json");
    if (!path) return pr_fail_nomem(err, 4096);
    if (!pr_path_exists(path)) {
        if (is_graph(m, dir) && file != PARE_OK) return err ? (*err = *why, file) : file;
        pr_fail(err, PARE_EINPUT, -1,
                "no config.json: expected a Hugging Face directory, model.onnx, "
                "openvino_model.xml or a GGUF file");
        return pr_fail_in(err, PARE_EINPUT, dir);
    }
    PR_TRY(pr_json_read(&m->config, path, NULL, err));
    /* Who wrote the weights says how the configuration is meant; what is wrong with it comes
     * first. */
    m->mlx = pr_mlx_wrote(m->config, m->file);
    pr_cfg c = {.dialect = PR_DIALECT_HF, .json = m->config, .arena = m->arena, .mlx = m->mlx};
    pare_status st = pr_hf_arch(m, err);
    if (st == PARE_OK) st = m->arch->config(&c, &m->hp, err);
    if (st != PARE_OK) return pr_fail_in(err, st, path);
    PR_TRY(hf_generation(m, dir, err));
    PR_TRY(pr_chats_of_dir(m, dir, err));
    if (file != PARE_OK) return err ? (*err = *why, file) : file;
    PR_TRY(pr_weights_bind(m, err));
    st = pr_tokenizer_open(&m->tok, dir, &m->no_tok);
    return st == PARE_ENOMEM ? pr_fail_nomem(err, 0) : PARE_OK;
}

/* ------------------------------------------------------------------ GGUF */

/* GGUF says biases by their presence alone. */
static void gguf_biases(pr_model *m) {
    char name[64];
    for (int i = 0; i < m->hp.n_layer; i++) {
        static const struct {
            const char *tail;
            unsigned    has;
        } signs[] = {{"attn_q.bias", PR_HAS_QKV_BIAS}, {"attn_output.bias", PR_HAS_O_BIAS},
                     {"ffn_down.bias", PR_HAS_FFN_BIAS}};
        for (size_t k = 0; k < PR_COUNT(signs); k++) {
            snprintf(name, sizeof name, "blk.%d.%s", i, signs[k].tail);
            if (pr_container_find(m->file, name)) m->hp.layers[i].has |= signs[k].has;
        }
    }
}

static pare_status gguf_sizes(pr_model *m, pare_err *err) {
    const pr_tensor *e = pr_container_find(m->file, "token_embd.weight");
    char             key[128];
    uint32_t         experts;
    if (!e || e->n_dims != 2)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tensor 'token_embd.weight' is missing or not a matrix");
    m->hp.n_vocab = (int)PR_MIN(e->dim[0], (uint64_t)1 << 24);
    m->hp.tied = !pr_container_find(m->file, "output.weight");
    snprintf(key, sizeof key, "%s.expert_count", m->arch->as[PR_DIALECT_GGUF]);
    PR_TRY(pr_gguf_opt_u32(m->file, key, 0, &experts, err));
    if (experts)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "key '%s' is %u: mixtures of experts are not supported yet", key,
                       experts);
    return PARE_OK;
}

static pare_status gguf_table(pr_model *m, pare_err *err) {
    int w = pr_model_weight(m, PR_ROLE_ROPE_FREQS, -1);
    if (w < 0) return PARE_OK;
    const pr_weight *t = &m->weights[w];
    if (t->src->type != PR_F32)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': type %s, expected F32",
                       t->src->name, pr_type_get(t->src->type)->name);
    float *f;
    PR_NEW(f, m->arena, t->cols, err);
    memcpy(f, t->src->data, (size_t)t->cols * sizeof *f);
    for (int64_t i = 0; i < t->cols; i++)
        if (!(f[i] > 0 && f[i] < 1e30f))
            return pr_fail(err, PARE_EINPUT, (int64_t)t->src->offset,
                           "tensor '%s': divisor %g, expected a positive one", t->src->name,
                           (double)f[i]);
    m->hp.ropes[0].divide_by = f;
    return PARE_OK;
}

static pare_status open_gguf(pr_model *m, pare_err *err) {
    pr_str name;
    m->dialect = PR_DIALECT_GGUF;
    if (pr_container_kind_of(m->file) != PR_GGUF)
        return pr_fail(err, PARE_EINPUT, -1,
                       "a %s file alone is not a model: give its directory, with config.json",
                       pr_container_format(m->file));
    PR_TRY(pr_gguf_get_str(m->file, "general.architecture", &name, err));
    m->arch = find_arch(PR_DIALECT_GGUF, name);
    if (!m->arch) return unknown_arch(PR_DIALECT_GGUF, name, err);
    pr_cfg c = {.dialect = PR_DIALECT_GGUF, .gguf = m->file, .prefix = m->arch->as[PR_DIALECT_GGUF],
                .arena = m->arena};
    PR_TRY(m->arch->config(&c, &m->hp, err));
    PR_TRY(gguf_sizes(m, err));
    for (int i = 0; i < m->hp.n_layer; i++) m->hp.layers[i].has &= PR_HAS_QK_NORM;
    gguf_biases(m);
    PR_TRY(pr_weights_bind(m, err));
    PR_TRY(gguf_table(m, err));
    return pr_gguf_tokenizer(m, err);
}

/* ------------------------------------------------------------------ both */

static pare_status open_any(pr_model *m, const char *path, pare_err *err) {
    m->path = pr_arena_str(m->arena, path, strlen(path));
    if (!m->path) return pr_fail_nomem(err, strlen(path));
    m->hp.bos = m->hp.pad = -1;
    if (!pr_path_exists(path)) {
        pr_fail(err, PARE_EINPUT, -1, "no such file or directory");
        return pr_fail_in(err, PARE_EINPUT, path);
    }
    pare_err why = {0};
    pare_status st = pr_container_open(&m->file, path, &why);
    m->dialect = PR_DIALECT_HF;
    if (st == PARE_OK && pr_container_graph(m->file))
        st = open_graph(m, path, err);
    else if (pr_path_is_dir(path))
        st = open_hf(m, path, st, &why, err);
    else if (st == PARE_OK)
        st = open_gguf(m, err);
    else if (err)
        *err = why;
    if (st == PARE_OK) st = pr_model_graph(m, err);
    return st == PARE_OK ? PARE_OK : pr_fail_in(err, st, path);
}

/* The last part of the path that says something: "model.gguf" → "model", "dir/" → "dir". */
static pare_status set_name(pr_model *m, pare_err *err) {
    pr_str given = {0};
    if (m->dialect == PR_DIALECT_GGUF)
        PR_TRY(pr_gguf_opt_str(m->file, "general.name", &given, err));
    size_t n = strlen(m->path);
    while (n > 1 && m->path[n - 1] == '/') n--;
    size_t from = n;
    while (from > 0 && m->path[from - 1] != '/') from--;
    if (!given.p || given.n == 0 || !pr_utf8_valid(given.p, given.n, NULL))
        given = (pr_str){m->path + from, n - from};
    char  *name = pr_arena_str(m->arena, given.p, given.n);
    size_t bad;
    m->name = name;
    if (!name) return pr_fail_nomem(err, given.n);
    /* It goes into files and documents, which are UTF-8. */
    while (!pr_utf8_valid(name, given.n, &bad)) name[bad] = '_';
    return PARE_OK;
}

pare_status pr_model_open(pr_model **out, const char *path, pare_err *err) {
    *out = NULL;
    if (!path || !*path) return pr_fail(err, PARE_EUSAGE, -1, "the path of the model is empty");
    pr_model *m = pr_calloc(1, sizeof *m);
    if (!m) return pr_fail_nomem(err, sizeof *m);
    m->arena = pr_arena_new(ARENA_MAX);
    pare_status st = m->arena ? open_any(m, path, err) : pr_fail_nomem(err, 4096);
    if (st == PARE_OK) st = set_name(m, err);
    if (st != PARE_OK) {
        pr_model_close(m);
        return st;
    }
    *out = m;
    return PARE_OK;
}

void pr_model_close(pr_model *m) {
    if (!m) return;
    pr_tokenizer_close(m->tok);
    pr_container_close(m->file);
    pare_doc_free(m->config);
    pr_arena_free(m->arena);
    pr_free(m);
}

const char *pr_model_arch_name(const pr_model *m) {
    return m->arch->name;
}

const char *pr_model_name_in(const pr_model *m, pr_dialect d) {
    return m->arch->as[d];
}

const char *pr_model_hf_type(const pr_model *m) {
    return m->arch->model_type;
}

pare_status pr_model_hash(const pr_model *m, const pare_ctl *ctl, pr_sha256 *out, pare_err *err) {
    enum { PIECE = 8 << 20 };
    pr_sha256_ctx *h = pr_sha256_new();
    pr_arena      *a = pr_arena_new(256 << 20);
    pare_status    st = h && a ? PARE_OK : pr_fail_nomem(err, 4096);
    static const char *const side[] = {"config.json",           "generation_config.json",
                                       "tokenizer.json",        "tokenizer.model",
                                       "tokenizer_config.json", "chat_template.jinja",
                                       "chat_template.json",    "genai_config.json"};
    enum { ALWAYS = 6 }; /* those after count only where they are there: hashes stay */
    for (size_t i = 0; st == PARE_OK && m->dialect != PR_DIALECT_GGUF && i < PR_COUNT(side); i++) {
        char  *path = pr_path_join(a, m->path, side[i]);
        pr_str text = {0};
        if (path && i >= ALWAYS && !pr_path_exists(path)) continue;
        if (!path) st = pr_fail_nomem(err, 4096);
        else if (pr_path_exists(path)) st = pr_file_read(path, 128 << 20, a, &text, err);
        uint64_t n = text.n;
        pr_sha256_add(h, &n, sizeof n);
        pr_sha256_add(h, text.p, text.n);
    }
    uint64_t done = 0, total = pr_container_bytes(m->file);
    for (int f = 0; st == PARE_OK && f < pr_container_files(m->file); f++) {
        pr_map map;
        st = pr_map_open(&map, pr_container_path(m->file, f), err);
        for (uint64_t at = 0; st == PARE_OK && at < map.n; at += PIECE) {
            uint64_t n = PR_MIN((uint64_t)PIECE, map.n - at);
            pr_sha256_add(h, map.p + at, (size_t)n);
            pr_ctl_progress(ctl, "hash", "B", (double)(done += n), (double)total);
            st = pr_ctl_check(ctl, err);
        }
        pr_map_close(&map);
    }
    pr_arena_free(a);
    if (h) *out = pr_sha256_end(h);
    return st;
}
