/* options.c - the options that mean the same everywhere, written once. */
#include "cli.h"

const opt_def opt_out = {"out", 'o', OPT_FILE, "OUT", "write here", NULL, NULL, 0, 0};
const opt_def opt_text = {"prompt", 'p', OPT_STRING, "TEXT", "the text itself", NULL, NULL, 0, 0};
const opt_def opt_text_file = {"file", 'f', OPT_FILE, "FILE",
                               "the text is in FILE (\"-\": standard input)", NULL, NULL, 0, 0};
const opt_def opt_n = {"tokens", 'n', OPT_INT, "N", "make at most N tokens", "128", NULL, 0, 1e9};
const opt_def opt_threads = {"threads", 't', OPT_INT, "N",
                             "threads; 0: the CPUs this process may use", "0", NULL, 0, 1024};
const opt_def opt_context = {"context", 'c', OPT_INT, "N",
                             "tokens of context; 0: what the model was made for", "0", NULL, 0,
                             1e9};
const opt_def opt_temp = {"temp", 0, OPT_FLOAT, "X", "temperature; 0: always the likeliest token",
                          "0", NULL, 0, 100};
const opt_def opt_top_k = {"top-k", 0, OPT_INT, "N", "keep the N likeliest tokens; 0: all", "0",
                           NULL, 0, 1e9};
const opt_def opt_top_p = {"top-p", 0, OPT_FLOAT, "X",
                           "keep the likeliest tokens that add up to X", "1", NULL, 0, 1};
const opt_def opt_min_p = {"min-p", 0, OPT_FLOAT, "X",
                           "keep tokens at least X times as likely as the likeliest", "0", NULL,
                           0, 1};
const opt_def opt_seed = {"seed", 0, OPT_INT, "N", "start of the random numbers", "0", NULL, 0,
                          9007199254740992.0};
static const char *const any_runners[] = {
    "native", "llama.cpp", "onnxruntime", "onnxruntime-genai", "openvino", "mlx", NULL};
const opt_def opt_any_runner = {"runner", 0, OPT_ENUM, "R",
                                "the runtime that runs MODEL (pare runners lists them)", "native",
                                any_runners, 0, 0};
const opt_def opt_vs_runner = {
    "vs-runner", 0, OPT_ENUM, "R", "the runtime that runs OTHER", "native", any_runners, 0, 0};
const opt_def opt_against_runner = {
    "against-runner", 0, OPT_ENUM, "R", "the runtime that runs REF", "native", any_runners, 0, 0};
const opt_def opt_work_memory = {"work-memory", 0, OPT_BYTES, "BYTES",
                                 "anonymous memory that pare itself may use", "512M", NULL, 0, 0};
const opt_def opt_allow_inexact = {
    "allow-inexact", 0, OPT_FLAG, NULL,
    "write even what the format cannot say exactly; the file says so too", NULL, NULL, 0, 0};
const opt_def opt_strict = {"strict", 0, OPT_FLAG, NULL,
                            "refuse if a tensor cannot take the type that was asked for", NULL,
                            NULL, 0, 0};
const opt_def opt_quant = {"quant", 0, OPT_STRING, "T",
                           "type of the weights: F32, F16, Q8_0, Q4_K_M, …", NULL, NULL, 0, 0};
const opt_def opt_calib = {"calib",
                           0,
                           OPT_FILE,
                           "TEXT",
                           "gguf, w8a8: a text that the model reads first, to see what matters",
                           NULL,
                           NULL,
                           0,
                           0};
const opt_def opt_calib_tokens = {"calib-tokens", 0, OPT_INT, "N",
                                  "of --calib, at most so many, evenly from the whole text",
                                  "16384", NULL, 64, 1 << 24};
const opt_def opt_imatrix = {"imatrix", 0, OPT_FILE, "FILE",
                             "gguf: llama.cpp's importance matrix (GGUF), instead of --calib", NULL,
                             NULL, 0, 0};
static const char *const methods[] = {"auto", "plain", "importance", "gptq", NULL};
const opt_def opt_method = {"method", 0, OPT_ENUM, "M", "what is made of the calibration", "auto",
                            methods, 0, 0};
const opt_def opt_save_imatrix = {"save-imatrix", 0, OPT_FILE, "FILE",
                                  "keep what --calib found in llama.cpp's format", NULL, NULL, 0,
                                  0};
const opt_def opt_prune = {"prune", 0, OPT_FLOAT, "S",
                           "take out what costs least, this share of the layers' bytes (0.1)", NULL,
                           NULL, 0, 0.9};
static const char *const state_types[] = {"f32", "f16", "q8_0", NULL};
const opt_def opt_state = {"kv", 0, OPT_ENUM, "T", "type in which keys and values are kept", "f16",
                           state_types, 0, 0};
const opt_def opt_exact = {"exact",
                           0,
                           OPT_FLAG,
                           NULL,
                           "multiply quantized weights in float32, not with 8-bit activations",
                           NULL,
                           NULL,
                           0,
                           0};
const opt_def opt_special = {"special", 0, OPT_FLAG, NULL,
                             "add the special tokens, and read those that the text spells", NULL,
                             NULL, 0, 0};
const opt_def opt_max_memory = {"max-memory", 0, OPT_BYTES, "BYTES",
                                "weights, state and workspace of the result together", NULL, NULL,
                                0, 0};
static const opt_def opt_json = {"json", 0, OPT_FLAG, NULL,
                                 "one JSON object on standard output, nothing else there", NULL,
                                 NULL, 0, 0};
static const opt_def opt_quiet = {"quiet", 'q', OPT_FLAG, NULL,
                                  "no progress, no notes; errors remain", NULL, NULL, 0, 0};
static const opt_def opt_help = {"help", 'h', OPT_FLAG, NULL, "show this", NULL, NULL, 0, 0};
const opt_def *const opts_everywhere[] = {&opt_json, &opt_quiet, &opt_help, NULL};
