/* test_bad_model.c - models that are not what they say: each is refused with the right status
 * and a message that names the file, the key or tensor, and what was expected. They are made
 * from tests/vectors/arch/llama_plain by changing one thing. PARE_SHOW=1 prints the messages. */
#include "check.h"
#include "format/format.h"
#include "model/model.h"

static const char *put(const char *dir, const char *name, const void *p, size_t n) {
    static char path[700];
    pare_err e = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_OK(pr_file_write(path, p, n, &e), e);
    return path;
}

static pr_str slurp(pr_arena *a, const char *name) {
    char rel[200];
    pr_str s;
    pare_err e = {0};
    snprintf(rel, sizeof rel, "tests/vectors/arch/llama_plain/%s", name);
    CHECK_OK(pr_file_read(check_source(rel), 1 << 22, a, &s, &e), e);
    return s;
}

/* `text` with its one `from` replaced. */
static pr_str edited(pr_arena *a, pr_str text, const char *from, const char *to) {
    const char *at = memmem(text.p, text.n, from, strlen(from));
    if (!at) fail_msg("the material lacks %s", from);
    size_t before = (size_t)(at - text.p), cut = strlen(from), in = strlen(to);
    char *p = pr_arena_get(a, text.n - cut + in, 1);
    assert_non_null(p);
    memcpy(p, text.p, before);
    memcpy(p + before, to, in);
    memcpy(p + before + in, at + cut, text.n - before - cut);
    return (pr_str){p, text.n - cut + in};
}

/* The whole model in `dir`, but config.json changed. */
static void lay_out(const char *dir, const char *from, const char *to) {
    static const char *const same[] = {"model.safetensors", "tokenizer.json",
                                       "tokenizer_config.json"};
    pr_arena *a = pr_arena_new(16 << 20);
    for (size_t i = 0; i < PR_COUNT(same); i++) {
        pr_str s = slurp(a, same[i]);
        put(dir, same[i], s.p, s.n);
    }
    pr_str config = slurp(a, "config.json");
    if (from) config = edited(a, config, from, to);
    put(dir, "config.json", config.p, config.n);
    pr_arena_free(a);
}

/* Opening `path` ends with `want`, and the message has all of `says` (split by '|'). */
static void refused(const char *what, const char *path, pare_status want, const char *says) {
    pr_model *m = NULL;
    pare_err e = {0};
    char line[1200], part[200];
    pare_status st = pr_model_open(&m, path, &e);
    if (st == PARE_OK && want != PARE_OK) st = pr_model_check_finite(m, NULL, &e);
    pare_err_format(&e, line, sizeof line);
    if (getenv("PARE_SHOW")) print_message("%-28s %s: %s\n", what, pare_status_name(st), line);
    pr_model_close(m);
    if (st != want)
        fail_msg("%s: %s (%s), expected %s", what, pare_status_name(st), line,
                 pare_status_name(want));
    while (says && *says) {
        size_t n = strcspn(says, "|");
        snprintf(part, sizeof part, "%.*s", (int)n, says);
        if (!strstr(line, part)) fail_msg("%s: \"%s\" does not say \"%s\"", what, line, part);
        says += n + (says[n] == '|');
    }
}

static const struct {
    const char *what, *from, *to;
    pare_status want;
    const char *says;
} configs[] = {
    {"as it is", NULL, NULL, PARE_OK, ""},
    {"no architecture at all", "\"architectures\": [\n    \"LlamaForCausalLM\"\n  ]",
     "\"x\": 1", PARE_OK, ""}, /* model_type says it */
    {"unknown architecture", "LlamaForCausalLM", "MambaForCausalLM", PARE_EUNSUPPORTED,
     "config.json|MambaForCausalLM|LlamaForCausalLM"},
    {"wrong feed-forward size", "\"intermediate_size\": 24", "\"intermediate_size\": 48",
     PARE_EINPUT, "model.safetensors|mlp.|[24, 32]|[48, 32]"},
    {"wrong vocabulary", "\"vocab_size\": 64", "\"vocab_size\": 65", PARE_EINPUT,
     "embed_tokens|[64, 32]|[65, 32]"},
    {"a layer too many", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", PARE_EINPUT,
     "9 missing: 'model.layers.2."},
    {"a layer too few", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", PARE_EINPUT,
     "9 not expected: 'model.layers.1."},
    {"a bias that is not there", "\"mlp_bias\": false", "\"mlp_bias\": true", PARE_EINPUT,
     "6 missing: 'model.layers.0.mlp.gate_proj.bias'"},
    {"both lists",
     "\"mlp_bias\": false,\n  \"model_type\": \"llama\",\n  \"num_attention_heads\": 4,\n"
     "  \"num_hidden_layers\": 2",
     "\"mlp_bias\": true,\n  \"model_type\": \"llama\",\n  \"num_attention_heads\": 4,\n"
     "  \"num_hidden_layers\": 1",
     PARE_EINPUT, "3 missing: 'model.layers.0.mlp.|; 9 not expected: 'model.layers.1."},
    {"a number in words", "\"hidden_size\": 32", "\"hidden_size\": \"32\"", PARE_EINPUT,
     "config.json|hidden_size"},
    {"a number with a part", "\"hidden_size\": 32", "\"hidden_size\": 32.5", PARE_EINPUT,
     "config.json|hidden_size|32.5"},
    {"a negative number", "\"num_attention_heads\": 4", "\"num_attention_heads\": -4",
     PARE_EINPUT, "num_attention_heads|-4"},
    {"no head", "\"num_attention_heads\": 4", "\"num_attention_heads\": 0", PARE_EINPUT,
     "num_attention_heads"},
    {"an absurd number of layers", "\"num_hidden_layers\": 2",
     "\"num_hidden_layers\": 2000000000", PARE_EINPUT, "num_hidden_layers|2000000000"},
    {"more than 64 bits", "\"num_hidden_layers\": 2",
     "\"num_hidden_layers\": 99999999999999999999999", PARE_EINPUT, "config.json"},
    {"heads that do not divide", "\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3",
     PARE_EINPUT, "config.json|num_attention_heads 4|num_key_value_heads 3|multiple"},
    {"no head size", "\"head_dim\": 8,", "\"x\": 8,", PARE_OK, ""},
    {"an odd head", "\"head_dim\": 8", "\"head_dim\": 7", PARE_EUNSUPPORTED,
     "config.json|head_dim|7"},
    {"quantized", "\"use_cache\": true",
     "\"quantization_config\": {\"quant_method\": \"gptq\"}", PARE_EUNSUPPORTED,
     "config.json|quantization_config|gptq"},
    {"another activation", "\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"",
     PARE_EUNSUPPORTED, "config.json|hidden_act|gelu|silu"},
    {"an activation that is a number", "\"hidden_act\": \"silu\"", "\"hidden_act\": 5",
     PARE_EINPUT, "config.json|hidden_act"},
    {"an unknown rope", "\"rope_type\": \"default\"",
     "\"rope_type\": \"longrope\", \"factor\": 2", PARE_EUNSUPPORTED,
     "config.json|rope_type|longrope|llama3"},
    {"a rope that is a number", "\"rope_type\": \"default\"", "\"rope_type\": 5", PARE_EINPUT,
     "config.json|rope_type"},
    {"a rope without its factor", "\"rope_type\": \"default\"", "\"rope_type\": \"linear\"",
     PARE_EINPUT, "config.json|linear|factor"},
    {"a rope in one word", "\"use_cache\": true", "\"rope_scaling\": \"yarn\"", PARE_EINPUT,
     "config.json|rope_scaling"},
    {"an infinite base", "10000.0", "1e999", PARE_EINPUT, "config.json"},
    {"layer types of another length", "\"LlamaForCausalLM\"\n  ],\n  \"attention_bias\": false",
     "\"Qwen3ForCausalLM\"\n  ],\n  \"layer_types\": [\"full_attention\"]", PARE_EINPUT,
     "config.json|layer_types|1|2"},
    {"a tie that is a word", "\"tie_word_embeddings\": false",
     "\"tie_word_embeddings\": \"no\"", PARE_EINPUT, "config.json|tie_word_embeddings"},
    {"an end of text that is a word", "\"eos_token_id\": 60", "\"eos_token_id\": \"end\"",
     PARE_EINPUT, "config.json|eos_token_id"},
    {"an epsilon that is a list", "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": [1]",
     PARE_EINPUT, "config.json|rms_norm_eps"},
    {"not UTF-8", "\"silu\"", "\"si\xff\xfeu\"", PARE_EINPUT, "config.json|UTF-8"},
    {"cut short", "\"vocab_size\": 64\n}", "\"vocab_si", PARE_EINPUT, "config.json"},
    {"a list", "{\n  \"architectures\"", "[{\n  \"architectures\"", PARE_EINPUT, "config.json"},
};

static void configurations(void **state) {
    for (size_t i = 0; i < PR_COUNT(configs); i++) {
        const char *dir = check_scratch();
        lay_out(dir, configs[i].from, configs[i].to);
        refused(configs[i].what, dir, configs[i].want, configs[i].says);
        check_scratch_remove(dir);
    }
}

static void folders(void **state) {
    char path[600];
    const char *dir = check_scratch();
    refused("an empty folder", dir, PARE_EINPUT, "no config.json|Hugging Face|GGUF");
    lay_out(dir, NULL, NULL);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    refused("the weights alone", path, PARE_EINPUT, "model.safetensors|config.json");
    remove(path);
    refused("no weights", dir, PARE_EINPUT, "safetensors");
    put(dir, "model.safetensors", "12345", 5);
    refused("five bytes of weights", dir, PARE_EINPUT, "model.safetensors");
    snprintf(path, sizeof path, "%s/none", dir);
    refused("nothing there", path, PARE_EINPUT, "/none|no such");
    put(dir, "config.json", "", 0);
    refused("an empty configuration", dir, PARE_EINPUT, "config.json");
    check_scratch_remove(dir);
}

/* A value of row 3, column 5 of a weight made NaN: opening reads no weights, checking finds it. */
static void not_finite(void **state) {
    static const uint32_t bad[] = {0x7fc00000, 0xff800000};
    static const char *const word[] = {"NaN", "infinity"};
    pr_arena *a = pr_arena_new(16 << 20);
    for (int k = 0; k < 2; k++) {
        const char *dir = check_scratch();
        lay_out(dir, NULL, NULL);
        pr_str s = slurp(a, "model.safetensors");
        char *p = pr_arena_get(a, s.n, 1);
        memcpy(p, s.p, s.n);
        uint64_t header;
        unsigned long long from;
        memcpy(&header, p, 8);
        const char *at = memmem(p + 8, header, "\"lm_head.weight\"", 16);
        assert_non_null(at);
        assert_int_equal(
            sscanf(strstr(at, "\"data_offsets\":["), "\"data_offsets\":[%llu", &from), 1);
        memcpy(p + 8 + header + from + 4 * (3 * 32 + 5), &bad[k], 4);
        put(dir, "model.safetensors", p, s.n);
        char says[200];
        snprintf(says, sizeof says, "model.safetensors|lm_head.weight|%s|row 3|column 5", word[k]);
        refused("not finite", dir, PARE_EINPUT, says);
        check_scratch_remove(dir);
    }
    pr_arena_free(a);
}

/* A tokenizer that cannot be read leaves a model that opens, and its reason. */
static void broken_tokenizer(void **state) {
    const char *dir = check_scratch();
    pr_model *m;
    pare_err e = {0};
    char line[1200], path[600];
    lay_out(dir, NULL, NULL);
    put(dir, "tokenizer.json", "{\"model\": {\"type\": \"Unheard\"}}", 31);
    CHECK_OK(pr_model_open(&m, dir, &e), e);
    pare_status st = pr_model_tokenizer(m, &e);
    pare_err_format(&e, line, sizeof line);
    assert_true(st == PARE_EINPUT || st == PARE_EUNSUPPORTED);
    assert_non_null(strstr(line, "tokenizer.json"));
    pr_model_close(m);
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    remove(path);
    CHECK_OK(pr_model_open(&m, dir, &e), e);
    e = (pare_err){0};
    assert_true(pr_model_tokenizer(m, &e) != PARE_OK);
    assert_true(e.msg[0] != 0);
    pr_model_close(m);
    check_scratch_remove(dir);
}

/* A GGUF file of one tensor and the keys that are asked for; `whole`: all sizes too. */
static void gguf(const char *what, const char *arch, const char *key, uint32_t value, bool whole,
                 pare_status want, const char *says) {
    static const char *const sizes[] = {"block_count", "embedding_length", "feed_forward_length",
                                        "attention.head_count", "context_length"};
    const char *dir = check_scratch();
    char path[600];
    pare_err e = {0};
    pr_gguf_writer *w;
    float zero[64] = {0};
    snprintf(path, sizeof path, "%s/x.gguf", dir);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    if (arch) pr_gguf_add_str(w, "general.architecture", pr_str_of(arch));
    if (key) pr_gguf_add_u32(w, key, value);
    for (size_t i = 0; whole && i < PR_COUNT(sizes); i++) {
        char name[100];
        snprintf(name, sizeof name, "%s.%s", arch, sizes[i]);
        pr_gguf_add_u32(w, name, 32 >> i);
    }
    if (whole) pr_gguf_add_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    CHECK_OK(pr_gguf_add_tensor(w, "token_embd.weight", PR_F32, 2, (uint64_t[]){2, 32}, &e), e);
    CHECK_OK(pr_gguf_data(w, 0, zero, sizeof zero, &e), e);
    CHECK_OK(pr_gguf_writer_commit(w, &e), e);
    refused(what, path, want, says);
    check_scratch_remove(dir);
}

static void ggufs(void **state) {
    gguf("no keys", NULL, NULL, 0, false, PARE_EINPUT, "x.gguf|general.architecture");
    gguf("unknown architecture", "mamba", NULL, 0, false, PARE_EUNSUPPORTED, "x.gguf|mamba|llama");
    gguf("only the architecture", "llama", NULL, 0, false, PARE_EINPUT, "x.gguf|llama.block_count");
    gguf("only the layers", "llama", "llama.block_count", 2, false, PARE_EINPUT,
         "x.gguf|llama.embedding_length");
    gguf("experts", "llama", "llama.expert_count", 8, true, PARE_EUNSUPPORTED,
         "x.gguf|llama.expert_count|8");
    gguf("kv heads", "llama", "llama.attention.head_count_kv", 3, true, PARE_EINPUT,
         "x.gguf|attention.head_count 4|attention.head_count_kv 3");
    gguf("sizes alone", "llama", NULL, 0, true, PARE_EINPUT, "x.gguf|token_embd.weight|[2, 16]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations), cmocka_unit_test(folders),
        cmocka_unit_test(not_finite),     cmocka_unit_test(broken_tokenizer),
        cmocka_unit_test(ggufs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
