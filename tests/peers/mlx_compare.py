#!/usr/bin/env python3
"""python mlx_compare.py PARE ARCH SHARED_MODEL [CASE…]

What pare writes for mlx-lm, run by mlx-lm on its CPU back end.

1. Every architecture vector (ARCH/cases.tsv) in float32, whole and in single steps through mlx-lm's own cache, against
   transformers' logits: `exact` is at most 1e-4 of the largest |logit|; what pare refuses is printed with its reason.
2. SHARED_MODEL at 2 … 8 bits and each group size: every tensor equal, byte for byte, to mlx_lm.convert's own.
3. mlx_lm's own conversions of SHARED_MODEL (floats, 2 … 8 bits, a mix of 3 and 6) read by pare: the mean negative
   log-likelihood of each window of a text, against mlx's in float32. Bound: 2e-5 nats, as eval_compare.py derives it.

Status 1 if a file is wrong, does not load, a byte differs or a bound is passed. mlx 0.32.4, mlx-lm 0.32.2.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import mlx.core as mx
import numpy as np
from mlx.utils import tree_map
from mlx_lm import convert
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model

mx.set_default_device(mx.cpu)
pare, arch, shared, only = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
bad = 0


def write(source, out, *more):
    return subprocess.run([pare, "convert", source, "--to", "mlx", "-o", out, *more], capture_output=True, text=True)


def far(got, want):
    return float(np.abs(got.astype(np.float64) - want).max() / np.abs(want).max())


def logits(model, ids):
    whole = np.array(model(mx.array([ids]))[0].astype(mx.float32))
    cache, steps = make_prompt_cache(model), []
    half = len(ids) // 2
    steps.append(np.array(model(mx.array([ids[:half]]), cache=cache)[0].astype(mx.float32)))
    for i in ids[half:]:
        steps.append(np.array(model(mx.array([[i]]), cache=cache)[0].astype(mx.float32)))
    return whole, np.concatenate(steps)


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
    try:
        model, _ = load_model(pathlib.Path(out))
        a, b = logits(model, ids)
    except Exception as e:                              # whatever mlx-lm raises is the finding
        bad += 1
        return "no load", repr(e)
    d, s = far(a, want), far(b, stepped)
    bad += max(d, s) > 1e-4
    return ("exact" if max(d, s) <= 1e-4 else "WRONG"), f"{d:.1e} whole, {s:.1e} in steps"


def tensors(path):
    found = {}
    for f in pathlib.Path(path).glob("*.safetensors"):
        found.update(mx.load(str(f)))
    return found


def raw(a):
    return np.array(a if a.dtype in (mx.uint32, mx.float32) else a.view(mx.uint16))


def quantized(bits, group, tmp):
    global bad
    ours, theirs = os.path.join(tmp, f"p{bits}_{group}"), os.path.join(tmp, f"m{bits}_{group}")
    done = write(shared, ours, "--quant", f"int{bits}", "--group-size", str(group))
    if done.returncode:
        bad += 1
        return "pare: " + done.stderr.strip()
    convert(shared, theirs, quantize=True, q_bits=bits, q_group_size=group)
    a, b = tensors(ours), tensors(theirs)
    wrong = sorted(set(a) ^ set(b)) + [k for k in a.keys() & b.keys()
                                       if a[k].dtype != b[k].dtype or not np.array_equal(raw(a[k]), raw(b[k]))]
    bad += bool(wrong)
    return f"{len(a)} tensors equal" if not wrong else f"differ: {wrong[:4]}"


WINDOW, WINDOWS, NLL_BOUND = 256, 3, 2e-5
TEXT = pathlib.Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"


def said(*argv):
    return json.loads(subprocess.run([pare, *argv, "--json"], capture_output=True, text=True, check=True).stdout)


def window_nll(path, ids):
    model, _ = load_model(pathlib.Path(path))
    model.update(tree_map(lambda p: p.astype(mx.float32) if mx.issubdtype(p.dtype, mx.floating) else p,
                          model.parameters()))
    for at in range(0, WINDOW * WINDOWS, WINDOW):
        x = np.array(model(mx.array([ids[at:at + WINDOW]]))[0]).astype(np.float64)
        y = np.array(ids[at + 1:at + WINDOW + 1])
        top = x.max(1)
        yield float(np.mean(np.log(np.exp(x - top[:, None]).sum(1)) + top - x[np.arange(WINDOW), y]))


def read(name, tmp, **how):
    global bad
    path = os.path.join(tmp, "r" + name)
    convert(shared, path, **how)
    try:
        ours = said("eval", path, "-f", str(TEXT), "--context", str(WINDOW), "--windows", str(WINDOWS), "--kv", "f32", "--exact")
        ids = said("tokenize", path, "-f", str(TEXT))["ids"]
    except subprocess.CalledProcessError as e:
        bad += 1
        return "pare: " + e.stderr.strip()
    off = max(abs(a - b) for a, b in zip(ours["distributions"]["window_nll"]["values"], window_nll(path, ids), strict=True))
    bad += not off <= NLL_BOUND
    return f"{off:.1e} nats " + ("equal" if off <= NLL_BOUND else "WRONG")


with tempfile.TemporaryDirectory() as tmp:
    with open(arch / "cases.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if not only or row["name"] in only:
                print(row["name"], *case(row, tmp), sep="\t", flush=True)
    if not only:
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                print(f"int{bits} g{group}", quantized(bits, group, tmp), sep="\t", flush=True)
        print("read floats", read("f", tmp), sep="\t", flush=True)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                print(f"read {bits} bits g{group}", read(f"{bits}_{group}", tmp, quantize=True, q_bits=bits, q_group_size=group),
                      sep="\t", flush=True)
        print("read mixed_3_6", read("mix", tmp, quantize=True, quant_predicate="mixed_3_6"), sep="\t", flush=True)
sys.exit(1 if bad else 0)
