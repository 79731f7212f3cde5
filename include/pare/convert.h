/* pare/convert.h - write a model in another format or with smaller weights, in one
 * streaming pass.
 *
 *   pare_convert_opts o = {.to = "gguf", .quant = "Q4_K_M", .out = "small.gguf"};
 *   pare_doc *report;
 *   if (pare_convert("models/austen-3.7m", &o, NULL, &report, &err) != PARE_OK) …
 *
 * The model need not fit into memory (pare_ctl.work_memory_bytes). The same input and
 * options give the same bytes on every machine and for every number of threads. Nothing
 * stands under the target's name before it is whole. */
#ifndef PARE_CONVERT_H
#define PARE_CONVERT_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *to;    /* "gguf" or "hf" (a directory) */
    const char *out;   /* the file or directory to write */
    const char *quant; /* a type or mix ("F16", "Q4_K_M"); NULL: the source's own precision */
    uint64_t    shard_bytes;   /* hf: begin a new file at this size; 0: 5 GB */
    int         strict;        /* a tensor that cannot take its type is PARE_EREFUSED */
    int         allow_inexact; /* write what the format cannot say exactly, with a warning inside */
    const char *name;          /* general.name; NULL: from the source */
    const char
        *dialect; /* of a format that has several ("genai", "standard"); NULL: the first */
    int64_t     group_size;    /* int4, int8 …: values that share a scale; 0: the format's habit */
    int         symmetric;     /* int4, int8 …: no zero points */
    int         exact; /* onnx: int4 and int8 never meet activations of 8 bits: slower */
    int         no_check; /* leave out the short parity check of what was written */
    const char *head_quant;    /* of embedding and head, where it differs from `quant`; or NULL */
    /* gguf with `quant`: how much each column of each matrix matters (docs/quantizing.md) */
    const char *calib;        /* a text that the model reads first (also for "w8a8" of onnx and
                                 openvino, where NULL is text/train.txt of the source); or NULL */
    int64_t     calib_tokens; /* at most so many of it; 0: 16,384 */
    const char *imatrix;      /* instead, llama.cpp's importance matrix (GGUF); or NULL */
    const char *method; /* "auto", "plain", "importance", "gptq"; NULL: auto, which makes
                             both latter and takes what diverges less on an eighth of `calib` that
                             is kept back */
    const char *save_imatrix; /* keep what was gathered from `calib` in this file; or NULL */
    /* Take out layers, channels and heads that together are at least this share of the layers'
     * bytes, those that cost least on `calib`, or on text/train.txt of the source
     * (docs/pruning.md); 0: none. */
    double      prune;
    const char *lineage;       /* from which source, by which recipe: goes into the file; or NULL */
    /* gguf, instead of `quant`: types for a budget by measured sensitivity
     * (docs/quantizing.md). `calib` is then also what is measured on; NULL: text/train.txt
     * beside the model */
    double      bpw;          /* bits per weight; 0: none */
    uint64_t    size_bytes;   /* bytes of the file; 0: none */
    const char *effort;       /* "low", "medium" (NULL), "high" */
    const char *records;      /* a file (SQLite) that keeps measurements, made if it is missing:
                                 a run that was stopped goes on; NULL: none */
} pare_convert_opts;

/* At the end the source, run here, and what was written, in its runtime (docs/parity.md), are
 * compared over 48 tokens, if that fits into work_memory_bytes and the runtime is at hand.
 * `*report`: the file, its bytes and hash, bits per weight, every tensor with what it was asked to
 * be, what it got and why. PARE_EREFUSED: the format cannot express the model (each reason
 * is named), or `strict`; nothing was written then and `*report` is NULL. With a report: it was
 * written, and the check found another function or the runtime refuses it. */
PARE_API pare_status pare_convert(const char *src, const pare_convert_opts *opts,
                                  const pare_ctl *ctl, pare_doc **report, pare_err *err);
/* The types and mixes that `quant` may name, as an array of {"name","bpw"…} objects. */
PARE_API pare_status pare_quant_list(pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
