/* make_model.c - writes a Hugging Face directory of a given Llama shape with random weights.
 *
 *     make_model --shape llama-1.1b --dtype bf16 --out DIR [--seed N]
 *
 * A test tool: big models for the tests of memory and speed, from nothing. It streams: whatever the
 * shape, it holds one block of values. Always true: the bytes depend on the arguments alone
 * (integer
 * arithmetic and single IEEE operations; nothing from libm), so a shape and a seed name a file.
 *
 * The weights are nearly normal: a value is the sum of the eight bytes of a random 64-bit word and
 * one more byte below the point, centred and scaled (Irwin-Hall of eight: excess kurtosis
 * -0.15, never
 * beyond 4.9 standard deviations). Words come from xoshiro256++ (Blackman and Vigna, 2019),
 * seeded by
 * splitmix64. A matrix has standard deviation 1/sqrt(columns), those that write into the residual
 * stream divided by sqrt(2 layers) more, so that activations stay of order one at any depth.
 *
 * The tokenizer is a byte-level BPE over all 256 bytes with a few merges, filled up to the
 * vocabulary
 * with tokens that no text encodes to.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK = 32768, PATH_MAX_BYTES = 4096, FIRST_FREE = 2 };

typedef enum { F32, F16, BF16 } dtype;

typedef struct {
    const char *name;
    uint64_t hidden, layers, heads, kv_heads, head_dim, ffn, vocab, context;
    bool tied;
    double theta;
} shape;

static const shape SHAPES[] = {
    {"llama-1.1b", 2048, 22, 32, 4, 64, 5632, 32000, 2048, false, 10000.0},
    {"llama-3.2-1b", 2048, 16, 32, 8, 64, 8192, 128256, 8192, true, 500000.0},
    {"llama-8b", 4096, 32, 32, 8, 128, 14336, 128256, 8192, false, 500000.0},
    {"smol-135m", 576, 30, 9, 3, 64, 1536, 49152, 2048, true, 10000.0},
    {"tiny", 256, 4, 8, 4, 32, 768, 2048, 256, true, 10000.0},
};

static const char *const DTYPE_CONFIG[] = {"float32", "float16", "bfloat16"};
static const char *const DTYPE_FILE[] = {"F32", "F16", "BF16"};
static const uint64_t DTYPE_BYTES[] = {4, 2, 2};

typedef struct {
    FILE *file;
    uint64_t state[4];
    uint64_t offset;    /* in the data section, of the next tensor */
    uint64_t header;    /* bytes of the header so far */
    dtype type;
    bool naming;        /* first pass: the header; second pass: the data */
    bool failed;
    unsigned char block[BLOCK * 4];
} writer;

static uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

/* xoshiro256++ 1.0. */
static uint64_t word_next(uint64_t s[4])
{
    uint64_t out = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

static void words_seed(uint64_t s[4], uint64_t seed)
{
    for (int i = 0; i < 4; i++) {       /* splitmix64 */
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        s[i] = z ^ z >> 31;
    }
}

/* Nearly normal, in steps of 1/256 of a byte's step; the variance of this integer is
 * VARIANCE_ROOT². */
static int32_t normal_next(uint64_t s[4])
{
    uint64_t w = word_next(s), lanes = 0x00ff00ff00ff00ffu;
    uint64_t pairs = (w & lanes) + (w >> 8 & lanes);
    uint64_t sum = pairs * 0x0001000100010001u >> 48;
    uint64_t below = w * 0x9e3779b97f4a7c15u >> 56;
    return (int32_t)(sum << 8 | below) - 1020 * 256 - 128;
}

/* sqrt(8 (256² - 1) / 12 + (1 - 1/65536) / 12) * 256, the square root taken once by hand. */
#define VARIANCE_ROOT 53509.563f

static uint16_t bf16_from(uint32_t bits)
{
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Finite values below 65504 only, which is all that is made here; nearest even, subnormals kept. */
static uint16_t f16_from(uint32_t bits)
{
    uint32_t sign = bits >> 16 & 0x8000, exp = bits >> 23 & 0xff,
             man = (bits & 0x7fffff) | 0x800000;
    int shift = exp >= 113 ? 13 : 13 + 113 - (int)exp;
    if (exp < 102 || exp == 0)
        return (uint16_t)sign;
    uint32_t half = 1u << (shift - 1), kept = man >> shift, rest = man & ((1u << shift) - 1);
    kept += rest > half || (rest == half && (kept & 1));
    return (uint16_t)(sign | (exp >= 113 ? ((exp - 113) << 10) + kept : kept));
}

static void value_put(writer *w, uint64_t at, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    unsigned char *to = w->block + at * DTYPE_BYTES[w->type];
    if (w->type != F32)
        bits = w->type == BF16 ? bf16_from(bits) : f16_from(bits);
    for (uint64_t i = 0; i < DTYPE_BYTES[w->type]; i++)
        to[i] = (unsigned char)(bits >> 8 * i);
}

static void data_write(writer *w, uint64_t count, float mean, float deviation)
{
    float scale = deviation / VARIANCE_ROOT;
    while (count && !w->failed) {
        uint64_t n = count < BLOCK ? count : BLOCK;
        for (uint64_t i = 0; i < n; i++)
            value_put(w, i, mean + (float)normal_next(w->state) * scale);
        size_t bytes = (size_t)(n * DTYPE_BYTES[w->type]);
        w->failed = fwrite(w->block, 1, bytes, w->file) != bytes;
        count -= n;
    }
}

/* In the first pass a tensor's entry of the header, in the second its values. cols 0: one
 * dimension. */
static void tensor_write(writer *w, const char *name, uint64_t rows, uint64_t cols, float mean,
                         float deviation)
{
    uint64_t count = cols ? rows * cols : rows;
    if (!w->naming) {
        data_write(w, count, mean, deviation);
        return;
    }
    uint64_t end = w->offset + count * DTYPE_BYTES[w->type];
    int n = fprintf(w->file, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%" PRIu64,
                    w->offset ? "," : "{", name, DTYPE_FILE[w->type], rows);
    int m = cols ? fprintf(w->file, ",%" PRIu64, cols) : 0;
    int k = fprintf(w->file, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", w->offset, end);
    w->failed = w->failed || n < 0 || m < 0 || k < 0;
    if (!w->failed)
        w->header += (uint64_t)(n + m + k);
    w->offset = end;
}

/* 1/sqrt(n) by Newton's steps in IEEE doubles: libm's last bit differs between machines. */
static float root_inverse(uint64_t n)
{
    double x = 1.0;
    while (x * x * (double)n > 2.0)
        x *= 0.5;
    for (int i = 0; i < 8; i++)
        x *= 1.5 - 0.5 * (double)n * x * x;
    return (float)x;
}

static void layer_write(writer *w, const shape *s, uint64_t layer)
{
    uint64_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
    float in = root_inverse(s->hidden), deep = root_inverse(2 * s->layers);
    const struct { const char *name; uint64_t rows, cols; float mean, deviation; } all[] = {
        {"input_layernorm", s->hidden, 0, 1.0f, 0.1f},
        {"self_attn.q_proj", q, s->hidden, 0.0f, in},
        {"self_attn.k_proj", kv, s->hidden, 0.0f, in},
        {"self_attn.v_proj", kv, s->hidden, 0.0f, in},
        {"self_attn.o_proj", s->hidden, q, 0.0f, root_inverse(q) * deep},
        {"post_attention_layernorm", s->hidden, 0, 1.0f, 0.1f},
        {"mlp.gate_proj", s->ffn, s->hidden, 0.0f, in},
        {"mlp.up_proj", s->ffn, s->hidden, 0.0f, in},
        {"mlp.down_proj", s->hidden, s->ffn, 0.0f, root_inverse(s->ffn) * deep},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char name[96];
        snprintf(name, sizeof name, "model.layers.%" PRIu64 ".%s.weight", layer, all[i].name);
        tensor_write(w, name, all[i].rows, all[i].cols, all[i].mean, all[i].deviation);
    }
}

static void tensors_write(writer *w, const shape *s)
{
    float in = root_inverse(s->hidden);
    tensor_write(w, "model.embed_tokens.weight", s->vocab, s->hidden, 0.0f, s->tied ? in : 1.0f);
    for (uint64_t i = 0; i < s->layers; i++)
        layer_write(w, s, i);
    tensor_write(w, "model.norm.weight", s->hidden, 0, 1.0f, 0.1f);
    if (!s->tied)
        tensor_write(w, "lm_head.weight", s->vocab, s->hidden, 0.0f, in);
}

/* Eight bytes of length (filled in last), the header padded with spaces to a multiple of eight,
 * the data. */
static bool weights_write(FILE *f, const shape *s, dtype type, uint64_t seed)
{
    writer w = {.file = f, .type = type, .naming = true};
    unsigned char length[8] = {0};
    words_seed(w.state, seed);
    w.failed = fwrite(length, 1, 8, f) != 8;
    tensors_write(&w, s);
    w.failed = w.failed || fputc('}', f) == EOF;
    w.header++;
    for (; w.header % 8; w.header++)
        w.failed = w.failed || fputc(' ', f) == EOF;
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(w.header >> 8 * i);
    w.failed = w.failed || fseek(f, 0, SEEK_SET) || fwrite(length, 1, 8, f) != 8 ||
               fseek(f, 0, SEEK_END);
    w.naming = false;
    if (!w.failed)
        tensors_write(&w, s);
    return !w.failed;
}

static bool config_write(FILE *f, const shape *s, dtype type)
{
    return fprintf(
               f,
               "{\n  \"architectures\": [\"LlamaForCausalLM\"],\n  \"model_type\": \"llama\",\n"
               "  \"attention_bias\": false,\n  \"mlp_bias\": false,\n  \"bos_token_id\": 0,\n"
               "  \"eos_token_id\": 1,\n  \"dtype\": \"%s\",\n  \"hidden_act\": \"silu\",\n"
               "  \"hidden_size\": %" PRIu64 ",\n  \"intermediate_size\": %" PRIu64 ",\n"
               "  \"num_hidden_layers\": %" PRIu64 ",\n  \"num_attention_heads\": %" PRIu64
               ",\n"
               "  \"num_key_value_heads\": %" PRIu64 ",\n  \"head_dim\": %" PRIu64 ",\n"
               "  \"vocab_size\": %" PRIu64 ",\n  \"max_position_embeddings\": %" PRIu64 ",\n"
               "  \"rms_norm_eps\": 1e-05,\n"
               "  \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": %.1f},\n"
               "  \"tie_word_embeddings\": %s,\n  \"use_cache\": true\n}\n",
               DTYPE_CONFIG[type], s->hidden, s->ffn, s->layers, s->heads, s->kv_heads,
               s->head_dim, s->vocab, s->context, s->theta, s->tied ? "true" : "false") > 0;
}

static bool tokenizer_config_write(FILE *f, const shape *s)
{
    return fprintf(
               f,
               "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n  \"bos_token\": "
               "\"<|bos|>\",\n"
               "  \"eos_token\": \"<|end|>\",\n  \"add_bos_token\": false,\n"
               "  \"clean_up_tokenization_spaces\": false,\n  \"model_max_length\": %" PRIu64
               "\n}\n",
               s->context) > 0;
}

/* The code point that byte-level BPE (GPT-2) spells a byte with. */
static unsigned byte_letter(unsigned byte)
{
    unsigned odd = 0;
    for (unsigned b = 0; b <= byte; b++) {
        bool plain = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte)
            return plain ? b : 256 + odd;
        odd += !plain;
    }
    return 0;
}

static void letter_print(FILE *f, unsigned c)
{
    if (c == '"' || c == '\\')
        fputc('\\', f);
    if (c < 128) {
        fputc((int)c, f);
    } else {
        fputc((int)(0xc0 | c >> 6), f);
        fputc((int)(0x80 | (c & 0x3f)), f);
    }
}

static const char *const MERGES[][2] = {
    {"h", "e"}, {"i", "n"},  {"t", "h"}, {"th", "e"},
    {"a", "n"}, {"an", "d"}, {"o", "n"}, {"e", "r"},
};
enum { MERGE_COUNT = sizeof MERGES / sizeof *MERGES };

static bool tokenizer_write(FILE *f, const shape *s)
{
    fputs("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[", f);
    for (int i = 0; i < FIRST_FREE; i++)
        fprintf(f,
                "%s{\"id\":%d,\"content\":\"<|%s|>\",\"single_word\":false,\"lstrip\":false,"
                "\"rstrip\":"
                "false,\"normalized\":false,\"special\":true}",
                i ? "," : "", i, i ? "end" : "bos");
    fputs("],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_"
          "space\":false,"
          "\"trim_offsets\":true,\"use_regex\":true},\"post_processor\":null,\"decoder\":{"
          "\"type\":"
          "\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true},"
          "\"model\":{"
          "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":"
          "null,"
          "\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_"
          "merges\":false,"
          "\"vocab\":{\"<|bos|>\":0,\"<|end|>\":1",
          f);
    uint64_t id = FIRST_FREE;
    for (unsigned b = 0; b < 256; b++) {
        fputs(",\"", f);
        letter_print(f, byte_letter(b));
        fprintf(f, "\":%" PRIu64, id++);
    }
    for (int i = 0; i < MERGE_COUNT; i++)
        fprintf(f, ",\"%s%s\":%" PRIu64, MERGES[i][0], MERGES[i][1], id++);
    for (; id < s->vocab; id++)
        fprintf(f, ",\"filler%" PRIu64 "\":%" PRIu64, id, id);
    fputs("},\"merges\":[", f);
    for (int i = 0; i < MERGE_COUNT; i++)
        fprintf(f, "%s[\"%s\",\"%s\"]", i ? "," : "", MERGES[i][0], MERGES[i][1]);
    fputs("]}}\n", f);
    return !ferror(f);
}

typedef struct {
    shape shape;
    dtype type;
    uint64_t seed;
    const char *out;
} request;

/* One file of the directory, written beside its name and renamed when whole. */
static bool file_make(const request *r, const char *name, int which)
{
    char whole[PATH_MAX_BYTES], part[PATH_MAX_BYTES + 8];
    int n = snprintf(whole, sizeof whole, "%s/%s", r->out, name);
    if (n < 0 || (size_t)n >= sizeof whole)
        return false;
    snprintf(part, sizeof part, "%s.part", whole);
    FILE *f = fopen(part, "wb");
    if (!f)
        return false;
    bool ok = which == 0   ? config_write(f, &r->shape, r->type)
              : which == 1 ? tokenizer_config_write(f, &r->shape)
              : which == 2 ? tokenizer_write(f, &r->shape)
                           : weights_write(f, &r->shape, r->type, r->seed);
    ok = !fclose(f) && ok && !rename(part, whole);
    if (!ok)
        remove(part);
    return ok;
}

static const char USAGE[] =
    "usage: make_model --out DIR [--shape NAME] [--dtype f32|f16|bf16] [--seed N]\n"
    "                  [--hidden N] [--layers N] [--heads N] [--kv-heads N] [--head-dim N] "
    "[--ffn N]\n"
    "                  [--vocab N] [--context N] [--theta X] [--tied 0|1]\n"
    "shapes: llama-1.1b (default) llama-3.2-1b llama-8b smol-135m tiny; numbers change the "
    "shape\n";

static bool number_read(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    *out = v;
    return !errno && end != text && !*end && *text != '-';
}

static bool shape_find(const char *name, shape *out)
{
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++)
        if (!strcmp(SHAPES[i].name, name)) {
            *out = SHAPES[i];
            return true;
        }
    return false;
}

static bool dtype_find(const char *name, dtype *out)
{
    static const char *const names[] = {"f32", "f16", "bf16"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(names[i], name)) {
            *out = (dtype)i;
            return true;
        }
    return false;
}

static bool option_read(request *r, const char *key, const char *value)
{
    shape *s = &r->shape;
    uint64_t tied = s->tied;
    const struct { const char *key; uint64_t *at; } numbers[] = {
        {"--hidden", &s->hidden}, {"--layers", &s->layers}, {"--heads", &s->heads},
        {"--kv-heads", &s->kv_heads}, {"--head-dim", &s->head_dim}, {"--ffn", &s->ffn},
        {"--vocab", &s->vocab}, {"--context", &s->context}, {"--seed", &r->seed}, {"--tied", &tied},
    };
    if (!strcmp(key, "--shape"))
        return shape_find(value, s);
    if (!strcmp(key, "--dtype"))
        return dtype_find(value, &r->type);
    if (!strcmp(key, "--out"))
        return (r->out = value)[0] != '\0';
    if (!strcmp(key, "--theta"))
        return (s->theta = strtod(value, NULL)) > 1.0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(key, numbers[i].key)) {
            bool ok = number_read(value, numbers[i].at);
            s->tied = tied != 0;
            return ok;
        }
    return false;
}

/* Sizes that neither overflow nor make a model no one means; a vocabulary that holds all bytes. */
static bool shape_sane(const shape *s)
{
    const uint64_t sizes[] = {s->hidden, s->heads, s->kv_heads, s->head_dim,
                              s->ffn,    s->vocab, s->context};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!sizes[i] || sizes[i] > 1u << 20)
            return false;
    return s->layers && s->layers <= 1000 && s->heads % s->kv_heads == 0 && s->head_dim % 2 == 0 &&
           s->hidden % s->heads == 0 && s->vocab >= FIRST_FREE + 256 + MERGE_COUNT;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"config.json", "tokenizer_config.json", "tokenizer.json",
                                        "model.safetensors"};
    request r = {.shape = SHAPES[0], .type = BF16, .seed = 1};
    if (argc == 2 && !strcmp(argv[1], "--help"))
        return fputs(USAGE, stdout) == EOF ? 4 : 0;
    bool good = argc % 2 == 1;
    for (int i = 1; good && i < argc; i += 2)
        good = option_read(&r, argv[i], argv[i + 1]);
    if (!good || !r.out || !shape_sane(&r.shape)) {
        fputs(USAGE, stderr);
        return 2;
    }
    if (mkdir(r.out, 0777) && errno != EEXIST) {
        fprintf(stderr, "make_model: %s: %s\n", r.out, strerror(errno));
        return 4;
    }
    for (int i = 0; i < 4; i++)
        if (!file_make(&r, names[i], i)) {
            fprintf(stderr, "make_model: %s/%s: %s\n", r.out, names[i], strerror(errno));
            return 4;
        }
    return 0;
}
