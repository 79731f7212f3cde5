#!/usr/bin/env python3
"""python make.py OUT [CASE…] - small models as optimum-intel exports them to OpenVINO, and OpenVINO's logits of each.

Random weights (seeded), two layers. Each case is a directory OUT/NAME with what `optimum-cli export openvino` wrote (without the
tokenizer models), OUT/NAME.ids and OUT/NAME.logits (float32, a row per id; INFERENCE_PRECISION_HINT f32) beside it, and with
--sources the checkpoint in OUT/NAME.hf. Made with optimum-intel 2.2.0, nncf 3.4.0, openvino 2026.4.1, torch 2.13.0,
transformers 5.5.4.
"""
import os
import pathlib
import shutil
import subprocess
import sys

os.environ.update(HF_HUB_OFFLINE="1", DO_NOT_TRACK="1", OPENVINO_TELEMETRY_OPT_OUT="1")
import numpy as np
import openvino as ov
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
TOKENIZER = HERE.parent / "arch" / "llama_plain"
SIZE = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=128, bos_token_id=59, eos_token_id=60, tie_word_embeddings=False)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=4.0)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32)
BIASES = dict(attention_bias=True, mlp_bias=True)
G16, ALL = ["--group-size", "16"], ["--all-layers"]
CASES = {  # name: class, its own settings, weight format, options of optimum-cli
    "llama_fp32": ("Llama", {}, "fp32", []),
    "llama_llama3": ("Llama", dict(rope_parameters=LLAMA3, **BIASES), "fp32", []),
    "llama_linear": ("Llama", dict(rope_parameters=LINEAR), "fp32", []),
    "llama_yarn": ("Llama", dict(rope_parameters=YARN), "fp32", []),
    "llama_fp16": ("Llama", dict(tie_word_embeddings=True), "fp16", []),
    "llama_int8": ("Llama", {}, "int8", []),
    "llama_int4": ("Llama", dict(rope_parameters=LLAMA3), "int4", G16),
    "llama_sym": ("Llama", dict(tie_word_embeddings=True), "int4", G16 + ["--sym"] + ALL),
    "llama_rows": ("Llama", {}, "int4", ["--group-size", "-1", "--sym"]),
    "llama_wide": ("Llama", dict(num_key_value_heads=2), "int4", G16),
    "qwen2_fp32": ("Qwen2", dict(tie_word_embeddings=True), "fp32", []),
    "qwen2_window": ("Qwen2", dict(use_sliding_window=True, sliding_window=16, max_window_layers=1), "fp32", []),
    "qwen2_asym": ("Qwen2", {}, "int4", G16 + ALL),
    "qwen3_fp32": ("Qwen3", dict(head_dim=32), "fp32", []),
    "qwen3_int4": ("Qwen3", dict(head_dim=16, tie_word_embeddings=True), "int4", G16),
    "qwen3_int8": ("Qwen3", dict(head_dim=16, tie_word_embeddings=True), "int8", []),
    "mistral_fp32": ("Mistral", dict(sliding_window=None), "fp32", []),
    "mistral_window": ("Mistral", dict(sliding_window=16), "fp32", []),
    "mistral_int4": ("Mistral", dict(sliding_window=16), "int4", G16 + ["--sym", "--ratio", "0.5"]),
}


def checkpoint(name, out):
    kind, own = CASES[name][:2]
    torch.manual_seed(sorted(CASES).index(name))
    config = getattr(transformers, kind + "Config")(**{**SIZE, **own})
    model = getattr(transformers, kind + "ForCausalLM")(config).eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "norm" in key:
                value.uniform_(0.5, 1.5)
            else:
                value.normal_(0, 0.2)
    model.save_pretrained(out)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, out)


def logits(path, ids):
    core = ov.Core()
    run = core.compile_model(str(path / "openvino_model.xml"), "CPU",
                             {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"})
    n = len(ids)
    feed = dict(input_ids=np.array([ids], np.int64), attention_mask=np.ones((1, n), np.int64),
                position_ids=np.arange(n, dtype=np.int64)[None], beam_idx=np.zeros(1, np.int32))
    names = {name for port in run.inputs for name in port.names}
    return np.array(run.create_infer_request().infer({k: v for k, v in feed.items() if k in names})[run.output("logits")][0], np.float32)


def main():
    out = pathlib.Path(sys.argv[1])
    sources = "--sources" in sys.argv
    optimum = pathlib.Path(sys.executable).parent / "optimum-cli"
    for name in [a for a in sys.argv[2:] if a in CASES] or CASES:
        hf, to = out / (name + ".hf"), out / name
        shutil.rmtree(to, ignore_errors=True)
        checkpoint(name, hf)
        format, more = CASES[name][2:]
        subprocess.run([optimum, "export", "openvino", "--model", hf, "--task", "text-generation-with-past", "--weight-format",
                        format, "--disable-convert-tokenizer", *more, to], check=True)
        ids = [int(i) for i in np.random.default_rng(7).integers(0, 64, 40)]
        (out / (name + ".ids")).write_text(" ".join(map(str, ids)) + "\n")
        logits(to, ids).astype("<f4").tofile(out / (name + ".logits"))
        if not sources:
            shutil.rmtree(hf)


main()
