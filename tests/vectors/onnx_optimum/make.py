#!/usr/bin/env python3
"""python make.py OUT [CASE…] - small models as optimum-onnx writes them (text-generation-with-past), and ONNX Runtime's logits of each.

Random weights (seeded), two layers, unless a case says otherwise. Each case is a directory OUT/NAME with what optimum wrote (and the
checkpoint's tokenizer), OUT/NAME.ids and OUT/NAME.logits (float32, a row per id) beside it. `--seed FILE` writes the graph of one layer with
short names, for the fuzz target. `--refused` makes those that pare names and refuses instead. Made with optimum-onnx 0.1.0, optimum 2.1.0,
torch 2.13.0, transformers 4.57.6, onnx 1.23.2, onnxruntime 1.32.0.
"""
import os
import pathlib
import shutil
import sys
import warnings

os.environ.update(ORT_DISABLE_TELEMETRY="1", HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")
warnings.filterwarnings("ignore")
import numpy as np
import onnx
import onnxruntime as ort
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from optimum.exporters.onnx import onnx_export_from_model

HERE = pathlib.Path(__file__).resolve().parent
TOKENIZER = HERE.parent / "arch" / "llama_plain"
PAST = "text-generation-with-past"
SIZE = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=128, bos_token_id=59, eos_token_id=60, tie_word_embeddings=False)
TINY = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=6)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
LINEAR = dict(rope_type="linear", factor=4.0)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)
CASES = {  # name: class, its own settings, precision
    "llama_fp32": ("Llama", {}, "fp32"),
    "llama_fp16": ("Llama", dict(TINY, tie_word_embeddings=True, attention_bias=True), "fp16"),
    "llama_two_fp16": ("Llama", dict(tie_word_embeddings=True, head_dim=6, attention_bias=True), "fp16"),
    "llama_llama3": ("Llama", dict(rope_theta=500000.0, rope_scaling=LLAMA3, num_key_value_heads=4), "fp32"),
    "llama_linear": ("Llama", dict(rope_scaling=LINEAR, mlp_bias=True, num_key_value_heads=1), "fp32"),
    "llama_yarn": ("Llama", dict(rope_scaling=YARN), "fp32"),
    "llama_head": ("Llama", dict(num_attention_heads=1, num_key_value_heads=1), "fp32"),
    "qwen2_fp32": ("Qwen2", dict(tie_word_embeddings=True), "fp32"),
    "qwen2_asym": ("Qwen2", {}, "asym"),
    "qwen3_fp32": ("Qwen3", dict(head_dim=16), "fp32"),
    "qwen3_fp16": ("Qwen3", dict(head_dim=12), "fp16"),
    "qwen3_int4": ("Qwen3", dict(head_dim=16, num_hidden_layers=1), "int4"),
    "mistral_fp32": ("Mistral", dict(sliding_window=None, head_dim=8), "fp32"),
    "mistral_window": ("Mistral", dict(sliding_window=7, head_dim=8), "fp32"),
}
REFUSED = {
    "no_past": ("Llama", {}, "fp32"),
    "int8": ("Llama", {}, "int8"),
    "dynamic": ("Llama", dict(rope_scaling=dict(rope_type="dynamic", factor=2.0)), "fp32"),
    "gemma": ("Gemma", dict(head_dim=8), "fp32"),
    "gemma2": ("Gemma2", dict(head_dim=8), "fp32"),
    "gemma3": ("Gemma3Text", dict(head_dim=8), "fp32"),
    "phi3": ("Phi3", dict(pad_token_id=0), "fp32"),
    "gpt2": ("GPT2", dict(n_embd=32, n_layer=2, n_head=4, n_positions=128), "fp32"),
    "olmo2": ("Olmo2", {}, "fp32"),
    "granite": ("Granite", {}, "fp32"),
    "smollm3": ("SmolLM3", dict(pad_token_id=0), "fp32"),
}


def checkpoint(name, own, kind, precision):
    torch.manual_seed(sum(map(ord, name)))
    config = getattr(transformers, kind + "Config")(**{**SIZE, **own})
    for_lm = "Gemma3" if kind == "Gemma3Text" else "GPT2LMHead" if kind == "GPT2" else kind
    model = getattr(transformers, for_lm + ("Model" if kind == "GPT2" else "ForCausalLM"))(config).eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "norm" in key:
                value.uniform_(0.5, 1.5)
            else:
                value.normal_(0, 0.2)
    return model.half() if precision == "fp16" else model


def quantize(path, precision):
    file = str(path / "model.onnx")
    if precision == "int8":
        quantize_dynamic(file, file + ".8", weight_type=QuantType.QInt8)
        os.replace(file + ".8", file)
    else:
        q = MatMulNBitsQuantizer(onnx.load(file), block_size=16, is_symmetric=precision != "asym", accuracy_level=1)
        q.process()
        q.model.save_model_to_file(file, False)


def logits(path, ids):
    o = ort.SessionOptions()
    o.log_severity_level = 3
    s = ort.InferenceSession(str(path / "model.onnx"), o, providers=["CPUExecutionProvider"])
    feed = {}
    for x in s.get_inputs():
        if x.name.startswith("past"):
            feed[x.name] = np.zeros((1, x.shape[1], 0, x.shape[3]), np.float16 if "float16" in x.type else np.float32)
    feed["input_ids"] = np.array([ids], np.int64)
    feed["attention_mask"] = np.ones((1, len(ids)), np.int64)
    feed["position_ids"] = np.arange(len(ids), dtype=np.int64)[None]
    return np.array(s.run([s.get_outputs()[0].name], {k: v for k, v in feed.items() if k in [x.name for x in s.get_inputs()]})[0][0], np.float32)


def shorten(path, to):
    """The same graph, every inner name a number; no node keeps a name."""
    m = onnx.load(path)
    keep = {x.name for x in list(m.graph.input) + list(m.graph.output)}
    short = {}

    def name(x):
        return x if x in keep or not x else short.setdefault(x, str(len(short)))
    for t in m.graph.initializer:
        t.name = name(t.name)
    for n in m.graph.node:
        n.name = ""
        n.input[:] = [name(x) for x in n.input]
        n.output[:] = [name(x) for x in n.output]
    del m.graph.value_info[:]
    onnx.save(m, to)


def write(out, name, case, task=PAST):
    kind, own, precision = case
    to = out / name
    shutil.rmtree(to, ignore_errors=True)
    model = checkpoint(name, own, kind, precision)
    onnx_export_from_model(model, to, task=task, do_validation=False)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, to)
    if precision not in ("fp32", "fp16"):
        quantize(to, precision)


def main():
    out = pathlib.Path(sys.argv[1])
    if "--seed" in sys.argv:
        tiny = dict(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1)
        write(out, "seed", ("Qwen2", tiny, "fp32"))
        return shorten(out / "seed" / "model.onnx", sys.argv[sys.argv.index("--seed") + 1])
    cases = REFUSED if "--refused" in sys.argv else CASES
    for name in [a for a in sys.argv[2:] if a in cases] or cases:
        try:
            write(out, name, cases[name], "text-generation" if name == "no_past" else PAST)
        except Exception as e:  # optimum itself refuses it
            print("not exported:", name, repr(e)[:200])
            shutil.rmtree(out / name, ignore_errors=True)
            continue
        if cases is REFUSED:
            continue
        ids = [int(i) for i in np.random.default_rng(7).integers(0, 64, 40)]
        (out / (name + ".ids")).write_text(" ".join(map(str, ids)) + "\n")
        logits(out / name, ids).astype("<f4").tofile(out / (name + ".logits"))


main()
