#!/usr/bin/env python3
"""python make.py OUT [CASE…] - small models as ONNX Runtime GenAI's own builder writes them, and ONNX Runtime's logits of each.

Random weights (seeded), two layers, heads of 16: the least that GroupQueryAttention turns. No width is the
vocabulary's: the builder of 0.18 takes every matrix with so many rows for the head, without a word. Each case is a directory OUT/NAME with
what the builder wrote (and the checkpoint's tokenizer), OUT/NAME.ids and OUT/NAME.logits (float32, a row per id) beside it, and with
--sources the checkpoint in OUT/NAME.hf. Made with onnxruntime 1.32.0, onnxruntime-genai 0.18.0, onnx 1.23.2, onnx_ir 0.1.12,
torch 2.13.0, transformers 5.23.0.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

os.environ.update(ORT_DISABLE_TELEMETRY="1", HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")
import numpy as np
import onnxruntime as ort
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
TOKENIZER = HERE.parent / "arch" / "llama_plain"
SIZE = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=128, bos_token_id=59, eos_token_id=60, tie_word_embeddings=False)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
OWN = dict(rope_type="default", rope_theta=500000.0)
FLOAT = "accuracy_level=1"  # of activations, in the products with int4: else they are rounded to 8 bits
CASES = {  # name: class, its own settings, precision, device, options of the builder
    "llama_fp32": ("Llama", {}, "fp32", "cpu", []),
    "llama_llama3": ("Llama", dict(rope_parameters=LLAMA3), "fp32", "cpu", []),
    "llama_fp16": ("Llama", dict(tie_word_embeddings=True), "fp16", "cuda", []),
    "llama_int4": ("Llama", dict(rope_parameters=OWN), "int4", "cpu", [FLOAT]),
    "qwen2_fp32": ("Qwen2", dict(tie_word_embeddings=True), "fp32", "cpu", []),
    "qwen2_asym": ("Qwen2", {}, "int4", "cpu", [FLOAT, "is_symmetric=false", "block_size=16"]),
    "qwen3_fp32": ("Qwen3", dict(head_dim=16), "fp32", "cpu", []),
    "qwen3_int4": ("Qwen3", dict(head_dim=16, tie_word_embeddings=True), "int4", "cpu", [FLOAT]),
    "mistral_fp32": ("Mistral", dict(sliding_window=None), "fp32", "cpu", []),
    "mistral_mix": ("Mistral", dict(sliding_window=None), "int4", "cpu", [FLOAT, "algo_config=rtn_last"]),
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
    o = ort.SessionOptions()
    o.log_severity_level = 3
    s = ort.InferenceSession(str(path / "model.onnx"), o, providers=["CPUExecutionProvider"])
    feed = {}
    for x in s.get_inputs():
        if x.name.startswith("past"):
            feed[x.name] = np.zeros((1, 1, 0, 16), np.float16 if "float16" in x.type else np.float32)
    feed["input_ids"] = np.array([ids], np.int64)
    if any(x.name == "attention_mask" for x in s.get_inputs()):
        feed["attention_mask"] = np.ones((1, len(ids)), np.int64)
    if any(x.name == "position_ids" for x in s.get_inputs()):
        feed["position_ids"] = np.arange(len(ids), dtype=np.int64)[None]
    names = [x.name for x in s.get_outputs()]
    return np.array(s.run(names[:1], feed)[0][0], np.float32)


def main():
    out = pathlib.Path(sys.argv[1])
    sources = "--sources" in sys.argv
    for name in [a for a in sys.argv[2:] if a in CASES] or CASES:
        hf, to = out / (name + ".hf"), out / name
        shutil.rmtree(to, ignore_errors=True)
        checkpoint(name, hf)
        precision, device, more = CASES[name][2:]
        subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", hf, "-o", to, "-p", precision, "-e", device,
                        "-c", out / "cache"] + (["--extra_options"] + more if more else []), check=True)
        ids = [int(i) for i in np.random.default_rng(7).integers(0, 64, 40)]
        (out / (name + ".ids")).write_text(" ".join(map(str, ids)) + "\n")
        logits(to, ids).astype("<f4").tofile(out / (name + ".logits"))
        if not sources:
            shutil.rmtree(hf)
    shutil.rmtree(out / "cache", ignore_errors=True)


main()
