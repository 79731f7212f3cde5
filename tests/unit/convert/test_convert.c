/* What `convert` promises besides llama.cpp's bytes (test_convert_peer.c): the same bytes for
 * any number of threads and level of SIMD, nothing left behind, bounded memory, errors that
 * name the place, and models that read back as they were, through GGUF and through Hugging Face
 * directories. */
#include "check.h"
#include "convert/convert.h"
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char root[64];

static const char *in_root(const char *name) {
    static char path[8][256];
    static int turn;
    char *p = path[turn++ % 8];
    snprintf(p, 256, "%s/%s", root, name);
    return p;
}

static void wipe(const char *dir) {
    char path[512];
    struct dirent *e;
    DIR *d = opendir(dir);
    while (d && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (unlink(path) != 0) wipe(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

static int entries(void) {
    int n = 0;
    DIR *d = opendir(root);
    struct dirent *e;
    while ((e = readdir(d))) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/pare-convert-XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    wipe(root);
    return 0;
}

static pr_model *opened(const char *path) {
    pr_model *m;
    pare_err e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

/* ------------------------------------------------------------------ same bytes */

static pr_sha256 sha_of_file(const char *path) {
    pr_map m;
    pare_err e = {0};
    CHECK_OK(pr_map_open(&m, path, &e), e);
    pr_sha256 h = pr_sha256_of(m.p, (size_t)m.n);
    pr_map_close(&m);
    return h;
}

static void same_bytes_everywhere(void **state) {
    (void)state;
    static const pr_type types[] = {PR_F16, PR_Q8_0, PR_Q4_K, PR_Q6_K, PR_IQ4_XS};
    pr_model *m = opened(check_source("models/austen-3.7m"));
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        pr_sha256 first;
        for (int turn = 1; turn <= 4; turn++) {
            int threads = turn < 4 ? turn : 2;
            pare_err e = {0};
            pr_written w;
            pr_type t = types[i];
            pr_arena *a = pr_arena_new(64 << 20);
            pare_ctl ctl = {.n_threads = threads};
            pr_gguf_job job = {.out = in_root("threads.gguf"),
                               .choose = pr_choose_one,
                               .user = &t,
                               .file_type = -1};
            if (turn == 4) setenv("PARE_CPU", "reference", 1);
            CHECK_OK(pr_convert_gguf(m, &job, &ctl, a, &w, &e), e);
            unsetenv("PARE_CPU");
            pr_sha256 h = sha_of_file(job.out);
            struct stat s;
            assert_int_equal(stat(job.out, &s), 0);
            assert_int_equal(s.st_size, w.bytes);
            assert_memory_equal(&h, &w.sha256, sizeof h);
            if (turn == 1) first = h;
            assert_memory_equal(&h, &first, sizeof h);
            pr_arena_free(a);
        }
    }
    unlink(in_root("threads.gguf"));
    pr_model_close(m);
}

/* ------------------------------------------------------------------ and back */

/* Canonical rows of two models, bit for bit. */
static int compare_weights(const char *name, const pr_model *a, const pr_model *b) {
    int bad = 0;
    for (int i = 0; i < a->n_weights; i++) {
        const pr_weight *x = &a->weights[i];
        int k = pr_model_weight(b, x->id.role, x->id.layer);
        const pr_weight *y = k < 0 ? NULL : &b->weights[k];
        if (x->id.role == PR_ROLE_ROPE_FREQS) continue;
        if (!y || x->rows != y->rows || x->cols != y->cols || x->src->type != y->src->type) {
            bad++, print_error("%s: %s: another shape or type\n", name, x->src->name);
            continue;
        }
        bool vector = x->rows == 1;
        int64_t n = vector ? x->cols : x->rows;
        uint64_t step = vector ? x->src->bytes / (uint64_t)n : pr_weight_row_bytes(x);
        for (int64_t r = 0; r < n; r++)
            if (memcmp(x->src->data + (uint64_t)pr_weight_stored_row(x, r) * step,
                       y->src->data + (uint64_t)pr_weight_stored_row(y, r) * step, step) != 0) {
                bad++,
                    print_error("%s: %s: row %lld differs\n", name, x->src->name, (long long)r);
                break;
            }
    }
    return bad;
}

/* A window as wide as the context is none. */
static int64_t sees(const pr_layer *l, int64_t n_ctx) {
    return l->left + 1 >= n_ctx ? -1 : l->left;
}

static int compare_records(const char *name, const pr_hp *a, const pr_hp *b) {
    float f[256], g[256];
    int bad = a->n_layer != b->n_layer || a->n_vocab != b->n_vocab ||
              a->d_model != b->d_model || a->n_ctx != b->n_ctx || a->rms_eps != b->rms_eps ||
              a->tied != b->tied;
    for (int i = 0; !bad && i < a->n_layer; i++) {
        const pr_layer *x = &a->layers[i], *y = &b->layers[i];
        bad = x->n_head != y->n_head || x->n_kv != y->n_kv || x->d_head != y->d_head ||
              x->d_ff != y->d_ff || sees(x, a->n_ctx) != sees(y, b->n_ctx) || x->has != y->has;
    }
    const pr_rope *r = a->ropes, *s = b->ropes;
    bad |= r->dim != s->dim || fabs(r->magnitude / s->magnitude - 1) > 2.4e-7 ||
           (r->kind == PR_ROPE_DYNAMIC) != (s->kind == PR_ROPE_DYNAMIC);
    pr_rope_frequencies(r, 500, f);
    pr_rope_frequencies(s, 500, g);
    /* A divisor rounded once moves a quotient by at most 2 units in the last place. */
    for (int i = 0; i < r->dim / 2; i++) bad |= fabsf(f[i] - g[i]) > 2.4e-7f * f[i];
    if (bad) print_error("%s: the records differ\n", name);
    return bad;
}

/* HF → GGUF → HF and HF → HF, all weights in F32, in BF16 where stored so. */
static int round_trip(const char *name) {
    char path[128];
    pare_err e = {0};
    pr_written w;
    int bad = 0;
    pr_arena *a = pr_arena_new(64 << 20);
    snprintf(path, sizeof path, "tests/vectors/arch/%s", name);
    pr_model *m = opened(check_source(path));
    pr_type f32 = PR_F32;
    pr_gguf_job gguf = {
        .out = in_root("trip.gguf"), .choose = pr_choose_one, .user = &f32, .file_type = -1};
    pr_hf_job as_is = {.dir = in_root("as-is"), .keep_types = true},
              wide = {.dir = in_root("wide")}, back = {.dir = in_root("back")};
    CHECK_OK(pr_convert_hf(m, &as_is, NULL, a, &w, &e), e);
    CHECK_OK(pr_convert_hf(m, &wide, NULL, a, &w, &e), e);
    pr_model *h = opened(as_is.dir), *x = opened(wide.dir);
    bad += compare_weights(name, m, h) + compare_records(name, &m->hp, &h->hp) +
           compare_records(name, &m->hp, &x->hp);
    assert_true(h->tok != NULL);
    if (pr_convert_gguf(m, &gguf, NULL, a, &w, &e) == PARE_OK) {
        pr_model *g = opened(gguf.out);
        bad += compare_weights(name, x, g) + compare_records(name, &m->hp, &g->hp);
        pare_status st = pr_convert_hf(g, &back, NULL, a, &w, &e);
        if (st == PARE_OK) {
            pr_model *b = opened(back.dir);
            bad += compare_weights(name, x, b) + compare_records(name, &g->hp, &b->hp);
            pr_model_close(b);
        } else if (st != PARE_EREFUSED) {
            bad++, print_error("%s: %s\n", name, e.msg);
        } else {
            print_message("%s: refused back: %s\n", name, e.msg);
        }
        pr_model_close(g);
    }
    pr_model_close(h), pr_model_close(x), pr_model_close(m);
    wipe(as_is.dir), wipe(wide.dir), wipe(back.dir);
    unlink(gguf.out);
    pr_arena_free(a);
    return bad;
}

static void models_come_back(void **state) {
    (void)state;
    int bad = 0, n = 0;
    char line[512];
    FILE *f = fopen(check_source("tests/vectors/arch/cases.tsv"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        *strchr(line, '\t') = 0;
        if (strcmp(line, "name") != 0) n++, bad += round_trip(line);
    }
    fclose(f);
    assert_int_equal(n, 61);
    assert_int_equal(bad, 0);
}

static void compare_files(const char *a, const char *b) {
    pr_sha256 x = sha_of_file(a), y = sha_of_file(b);
    assert_memory_equal(&x, &y, sizeof x);
}

static void a_directory_is_copied(void **state) {
    (void)state;
    char from[512];
    pare_err e = {0};
    pr_written w;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_model *m = opened(check_source("models/austen-3.7m"));
    pr_hf_job job = {.dir = in_root("copy"), .keep_types = true, .max_shard_bytes = 2000000};
    CHECK_OK(pr_convert_hf(m, &job, NULL, a, &w, &e), e);
    for (int i = 0; i < w.n_tensors; i++) assert_true(w.tensors[i].lossless);
    assert_int_equal(access(in_root("copy/model.safetensors.index.json"), F_OK), 0);
    snprintf(from, sizeof from, "%s", check_source("models/austen-3.7m/tokenizer.json"));
    compare_files(from, in_root("copy/tokenizer.json"));
    pr_model *c = opened(job.dir);
    assert_int_equal(compare_weights("copy", m, c), 0);
    assert_non_null(pare_doc_path(c->config, "rope_parameters/rope_theta"));
    assert_non_null(pare_doc_get(c->config, "rope_theta"));
    assert_string_equal(pare_doc_str(pare_doc_get(c->config, "torch_dtype")), "bfloat16");
    pr_model_close(c);
    /* Not over what is there. */
    assert_int_equal(pr_convert_hf(m, &job, NULL, a, &w, &e), PARE_EENV);
    pr_model_close(m);
    pr_arena_free(a);
    wipe(job.dir);
}

/* ------------------------------------------------------------------ GGUF to GGUF */

static void a_gguf_keeps_its_keys(void **state) {
    (void)state;
    pare_err e = {0};
    pr_written w;
    pr_container *x, *y;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_type q8 = PR_Q8_0, q4 = PR_Q4_0;
    pr_model *m = opened(check_source("models/austen-3.7m"));
    pr_gguf_job one = {
        .out = in_root("one.gguf"), .choose = pr_choose_one, .user = &q8, .file_type = 7};
    pr_gguf_job two = {
        .out = in_root("two.gguf"), .choose = pr_choose_one, .user = &q4, .file_type = 2};
    pr_gguf_job same = {.out = in_root("same.gguf"), .file_type = -1};
    CHECK_OK(pr_convert_gguf(m, &one, NULL, a, &w, &e), e);
    pr_model *g = opened(one.out);
    CHECK_OK(pr_convert_gguf(g, &two, NULL, a, &w, &e), e);
    assert_true(w.n_twice > 20 && w.n_warnings == 1);
    CHECK_OK(pr_convert_gguf(g, &same, NULL, a, &w, &e), e);
    assert_int_equal(w.n_twice, 0);
    CHECK_OK(pr_container_open(&x, one.out, &e), e);
    CHECK_OK(pr_container_open(&y, two.out, &e), e);
    assert_int_equal(pr_container_meta_count(x), pr_container_meta_count(y));
    for (size_t i = 0; i < pr_container_meta_count(x); i++) {
        const pr_meta *k = pr_container_meta_at(x, i), *l = pr_container_meta_find(y, k->key);
        assert_non_null(l);
        assert_int_equal(k->type, l->type);
        if (strcmp(k->key, "general.file_type") == 0)
            assert_int_equal(l->v.u, 2);
        else if (k->type == PR_META_U32)
            assert_int_equal(k->v.u, l->v.u);
    }
    pr_container_close(x), pr_container_close(y);
    /* Nothing to change: the very same tensors. */
    pr_model *s = opened(same.out);
    assert_int_equal(compare_weights("same", g, s), 0);
    pr_model_close(s), pr_model_close(g), pr_model_close(m);
    pr_arena_free(a);
    unlink(one.out), unlink(two.out), unlink(same.out);
}

/* ------------------------------------------------------------------ bad weights */

static void copy_model(const char *to) {
    static const char *const files[] = {"config.json", "model.safetensors", "tokenizer.json",
                                        "tokenizer_config.json"};
    char from[512];
    pare_err e = {0};
    CHECK_OK(pr_dir_make(to, &e), e);
    for (size_t i = 0; i < PR_COUNT(files); i++) {
        pr_map m;
        char dst[512];
        snprintf(from, sizeof from, "%s/models/austen-3.7m/%s", PARE_SOURCE_DIR, files[i]);
        snprintf(dst, sizeof dst, "%s/%s", to, files[i]);
        CHECK_OK(pr_map_open(&m, from, &e), e);
        CHECK_OK(pr_file_write(dst, m.p, (size_t)m.n, &e), e);
        pr_map_close(&m);
    }
}

/* Value (row 3, column 5) of a BF16 matrix becomes `bits`. */
static void patch(const char *dir, const char *tensor, uint16_t bits) {
    char path[512];
    pare_err e = {0};
    pr_container *c;
    CHECK_OK(pr_container_open(&c, dir, &e), e);
    const pr_tensor *t = pr_container_find(c, tensor);
    assert_non_null(t);
    assert_int_equal(t->type, PR_BF16);
    uint64_t at = t->offset + (3 * t->dim[1] + 5) * 2;
    pr_container_close(c);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(&bits, 2, 1, f), 1);
    fclose(f);
}

static void expect_refusal(const char *dir, pr_type type, const char *say) {
    pare_err e = {0};
    pr_written w;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_model *m = opened(dir);
    pr_gguf_job job = {
        .out = in_root("bad.gguf"), .choose = pr_choose_one, .user = &type, .file_type = -1};
    pare_status st = pr_convert_gguf(m, &job, NULL, a, &w, &e);
    if (st != (say ? PARE_EINPUT : PARE_OK))
        fail_msg("%s: %s %s", pr_type_get(type)->name, pare_status_name(st), e.msg);
    if (say) assert_non_null(strstr(e.msg, say));
    if (say) assert_non_null(strstr(e.msg, "up_proj"));
    if (say) assert_non_null(strstr(e.msg, "row 3, column 5"));
    assert_int_equal(access(job.out, F_OK) == 0, say == NULL);
    unlink(job.out);
    pr_model_close(m);
    pr_arena_free(a);
}

static void bad_weights_are_named(void **state) {
    (void)state;
    const char *name = "model.layers.0.mlp.up_proj.weight", *dir = in_root("patched");
    copy_model(dir);
    int before = entries();
    patch(dir, name, 0x7fc0);
    expect_refusal(dir, PR_F32, "NaN");
    expect_refusal(dir, PR_BF16, "NaN"); /* where bytes are copied as well */
    patch(dir, name, 0xff80);
    expect_refusal(dir, PR_Q8_0, "infinity");
    patch(dir, name, 0x7149); /* about 1e30 */
    expect_refusal(dir, PR_F16, "F16 cannot hold");
    expect_refusal(dir, PR_Q8_0, "Q8_0 cannot hold");
    expect_refusal(dir, PR_BF16, NULL);
    assert_int_equal(entries(), before);
    wipe(dir);
}

/* ------------------------------------------------------------------ stopping */

typedef struct {
    int calls, at;
    double last;
} countdown;

static int stop(void *user) {
    countdown *c = user;
    return ++c->calls > c->at;
}

static void see(void *user, const pare_progress *p) {
    countdown *c = user;
    assert_true(p->done >= c->last && p->done <= p->total);
    assert_string_equal(p->unit, "B");
    c->last = p->done;
}

static void cancelling_leaves_nothing(void **state) {
    (void)state;
    pr_model *m = opened(check_source("models/austen-3.7m"));
    for (int at = 0; at < 40; at += 13) {
        pare_err e = {0};
        pr_written w;
        countdown c = {.at = at}, d = {.at = at};
        pare_ctl ctl = {.is_cancelled = stop, .on_progress = see, .user = &c};
        pr_arena *a = pr_arena_new(64 << 20);
        pr_gguf_job gguf = {.out = in_root("stop.gguf"), .file_type = -1};
        pr_hf_job hf = {.dir = in_root("stop"), .keep_types = true};
        assert_int_equal(pr_convert_gguf(m, &gguf, &ctl, a, &w, &e),
                         at < 38 ? PARE_ECANCELLED : PARE_OK);
        if (at >= 38) assert_true(c.last > 7e6), unlink(gguf.out);
        ctl.user = &d;
        assert_int_equal(pr_convert_hf(m, &hf, &ctl, a, &w, &e),
                         at < 38 ? PARE_ECANCELLED : PARE_OK);
        wipe(hf.dir);
        assert_int_equal(entries(), 0);
        pr_arena_free(a);
    }
    pr_model_close(m);
}

static void a_wrong_disk(void **state) {
    (void)state;
    pare_err e = {0};
    pr_written w;
    pr_arena *a = pr_arena_new(64 << 20);
    pr_model *m = opened(check_source("models/austen-3.7m"));
    pr_gguf_job job = {.out = "/proc/pare.gguf", .file_type = -1};
    assert_int_equal(pr_convert_gguf(m, &job, NULL, a, &w, &e), PARE_EENV);
    job.out = in_root("missing/x.gguf");
    assert_int_equal(pr_convert_gguf(m, &job, NULL, a, &w, &e), PARE_EENV);
    pid_t child = fork();
    if (child == 0) { /* a disk that takes a megabyte and no more */
        struct rlimit lim = {1 << 20, 1 << 20};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &lim);
        job.out = in_root("full.gguf");
        pare_status st = pr_convert_gguf(m, &job, NULL, a, &w, &e);
        pr_hf_job hf = {.dir = in_root("full"), .keep_types = true};
        if (st == PARE_EENV) st = pr_convert_hf(m, &hf, NULL, a, &w, &e);
        _exit(st == PARE_EENV ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(entries(), 0);
    pr_model_close(m);
    pr_arena_free(a);
}

/* ------------------------------------------------------------------ memory */

static void put_matrix(pr_st_writer *w, size_t i, uint64_t values, const uint16_t *block,
                       size_t n) {
    pare_err e = {0};
    for (uint64_t at = 0; at < values; at += n)
        CHECK_OK(pr_st_data(w, i, block, (size_t)PR_MIN((uint64_t)n, values - at) * 2, &e), e);
}

/* A Llama of 1 layer, 118 MB in BF16, all its matrices pieces of one block of values. */
static void make_wide(const char *dir) {
    static const char config[] = "{\"architectures\":[\"LlamaForCausalLM\"],\"vocab_size\":"
                                 "32000,\"hidden_size\":1024,\"intermediate_size\":4096,"
                                 "\"num_hidden_layers\":1,\"num_attention_heads\":8,\"num_key_"
                                 "value_heads\":8,\"tie_word_embeddings\":false}";
    static const struct {
        const char *name;
        uint64_t rows, cols;
    } list[] = {{"lm_head.weight", 32000, 1024},
                {"model.embed_tokens.weight", 32000, 1024},
                {"model.norm.weight", 0, 1024},
                {"model.layers.0.input_layernorm.weight", 0, 1024},
                {"model.layers.0.post_attention_layernorm.weight", 0, 1024},
                {"model.layers.0.self_attn.q_proj.weight", 1024, 1024},
                {"model.layers.0.self_attn.k_proj.weight", 1024, 1024},
                {"model.layers.0.self_attn.v_proj.weight", 1024, 1024},
                {"model.layers.0.self_attn.o_proj.weight", 1024, 1024},
                {"model.layers.0.mlp.gate_proj.weight", 4096, 1024},
                {"model.layers.0.mlp.up_proj.weight", 4096, 1024},
                {"model.layers.0.mlp.down_proj.weight", 1024, 4096}};
    enum { BLOCK = 1 << 16 };
    static uint16_t block[BLOCK];
    pare_err e = {0};
    pr_st_writer *w;
    pr_rng rng;
    char path[512];
    pr_rng_seed(&rng, 1);
    for (int i = 0; i < BLOCK; i++) block[i] = pr_f32_to_bf16((float)pr_rng_unit(&rng) - 0.5f);
    CHECK_OK(pr_st_writer_new_dir(&w, dir, 0, &e), e);
    for (size_t i = 0; i < PR_COUNT(list); i++) {
        uint64_t dim[2] = {list[i].rows ? list[i].rows : list[i].cols, list[i].cols};
        CHECK_OK(pr_st_add_tensor(w, list[i].name, PR_BF16, list[i].rows ? 2 : 1, dim, &e), e);
    }
    for (size_t i = 0; i < PR_COUNT(list); i++)
        put_matrix(w, i, (list[i].rows ? list[i].rows : 1) * list[i].cols, block, BLOCK);
    CHECK_OK(pr_st_writer_commit(w, &e), e);
    snprintf(path, sizeof path, "%s/config.json", dir);
    CHECK_OK(pr_file_write(path, config, sizeof config - 1, &e), e);
}

static long data_kb(void) {
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) sscanf(line, "VmData: %ld", &kb);
    if (f) fclose(f);
    return kb;
}

/* 24 MB: a slab of 8, a writer's buffer, rows, two stacks, C's own heaps per thread. */
static int in_little_memory(const char *dir) {
    pare_err e = {0};
    pr_written w;
    pr_type q8 = PR_Q8_0;
    pr_arena *a = pr_arena_new(8 << 20);
    pr_model *m = opened(dir);
    pare_ctl ctl = {.n_threads = 2, .work_memory_bytes = 24 << 20};
    pr_gguf_job job = {.out = in_root("small.gguf"),
                       .choose = pr_choose_one,
                       .user = &q8,
                       .file_type = -1,
                       .no_tokenizer = true};
    struct rlimit lim = {(rlim_t)(data_kb() + 24 * 1024) * 1024, RLIM_INFINITY};
    if (setrlimit(RLIMIT_DATA, &lim) != 0) return 2;
    pare_status st = pr_convert_gguf(m, &job, &ctl, a, &w, &e);
    if (st != PARE_OK) fprintf(stderr, "%s\n", e.msg);
    job.choose = NULL;
    if (st == PARE_OK) st = pr_convert_gguf(m, &job, &ctl, a, &w, &e);
    pr_hf_job hf = {.dir = in_root("small"), .type = PR_F16, .no_tokenizer = true};
    if (st == PARE_OK) st = pr_convert_hf(m, &hf, &ctl, a, &w, &e);
    if (st != PARE_OK) fprintf(stderr, "%s\n", e.msg);
    if (st != PARE_OK) return 1;
    return pr_calloc(32 << 20, 1) ? 3 : 0; /* the limit does hold */
}

static void memory_is_bounded(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("skipped: a sanitizer's own memory is not pare's\n");
    skip();
#endif
    const char *dir = in_root("wide");
    make_wide(dir);
    pid_t child = fork();
    /* A fresh image: a forked heap holds what earlier tests freed. */
    if (child == 0) execl("/proc/self/exe", "test_convert", root, dir, (char *)NULL);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    wipe(dir);
    wipe(in_root("small"));
    unlink(in_root("small.gguf"));
}

int main(int argc, char **argv) {
    if (argc == 3) {
        snprintf(root, sizeof root, "%s", argv[1]);
        return in_little_memory(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_everywhere), cmocka_unit_test(models_come_back),
        cmocka_unit_test(a_directory_is_copied), cmocka_unit_test(a_gguf_keeps_its_keys),
        cmocka_unit_test(bad_weights_are_named), cmocka_unit_test(cancelling_leaves_nothing),
        cmocka_unit_test(a_wrong_disk),          cmocka_unit_test(memory_is_bounded)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
