#!/usr/bin/env python3
"""python onnx_compare.py PARE ARCH MODEL… [--only CASE…]

What pare writes as ONNX, run by ONNX Runtime and ONNX Runtime GenAI on the CPU, and looked at by onnx.checker.

1. Every architecture vector (ARCH/cases.tsv) in float32, in both dialects, whole and as half a prompt and single steps through
   the graph's own state, against transformers' logits: `exact` is at most 1e-4 of the largest |logit|; what pare
   refuses is printed with its reason. The GenAI dialect runs in onnxruntime_genai too, a prompt and then steps.
2. Each MODEL (a Hugging Face directory) in F16, int8 and int4: mean KL divergence (nats) from its own float32 graph over a
   fixed text of ids, with and without 8-bit activations; it must load, run, and stay under the bound of its type.

Status 1 if a file is wrong, does not load, or a bound breaks. onnxruntime 1.32.0, onnxruntime-genai 0.18.0, onnx 1.23.2.

Bounds of 2: F16 keeps 11 bits: 1e-3. Groups of 32 at 8 bits err by at most range/510 a weight, 1/16 of 4 bits' step, so a 1/256
of its divergence: 5e-3; at 4 bits Q4_1 on these models is at 0.05 to 0.1 (README's table): 0.2.
"""
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.update(ORT_DISABLE_TELEMETRY="1", HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")
import numpy as np
import onnx
import onnxruntime as ort
import onnxruntime_genai as og

BOUND = {"F16": 1e-3, "int8": 5e-3, "int4": 0.2}
args = sys.argv[1:]
only = args[args.index("--only") + 1:] if "--only" in args else []
pare, arch, models = args[0], pathlib.Path(args[1]), args[2:args.index("--only") if only else None]
bad = 0


def write(source, out, *more):
    return subprocess.run([pare, "convert", source, "--to", "onnx", "-o", out, *more], capture_output=True, text=True)


class Graph:
    """One sequence through an ONNX decoder: feeds what the graph asks for, keeps what it calls present."""

    def __init__(self, path):
        o = ort.SessionOptions()
        o.log_severity_level = 3
        o.intra_op_num_threads = 2
        self.s = ort.InferenceSession(os.path.join(path, "model.onnx"), o, providers=["CPUExecutionProvider"])
        self.outputs = [x.name for x in self.s.get_outputs()]
        self.restart()

    def restart(self):
        self.at, self.past = 0, {}
        for x in self.s.get_inputs():
            if x.name.startswith("past"):
                t = np.float16 if "float16" in x.type else np.float32
                self.past[x.name] = np.zeros((1, x.shape[1], 0, x.shape[3]), t)

    def feed(self, ids):
        n = len(ids)
        given = {"input_ids": np.array([ids], np.int64),
                 "attention_mask": np.ones((1, self.at + n), np.int64),
                 "position_ids": np.arange(self.at, self.at + n, dtype=np.int64)[None]}
        wanted = {x.name for x in self.s.get_inputs()}
        feed = {k: v for k, v in given.items() if k in wanted}
        feed.update(self.past)
        out = dict(zip(self.outputs, self.s.run(None, feed)))
        self.at += n
        self.past = {k: out["present" + k[len("past_key_values"):]] for k in self.past}
        return out["logits"][0].astype(np.float32)


def halves(feed, ids):
    half = len(ids) // 2
    return np.concatenate([feed(ids[:half])] + [feed([i]) for i in ids[half:]])


def far(got, want):
    return float(np.abs(got.astype(np.float64) - want).max() / np.abs(want).max())


def genai(path, ids):
    """Logits of the last prompt token and of each single step: all that GenAI's own loop ever looks at."""
    model = og.Model(path)
    p = og.GeneratorParams(model)
    p.set_search_options(max_length=len(ids), do_sample=False)
    g, half, rows = og.Generator(model, p), len(ids) // 2, []
    g.append_tokens(ids[:half])
    rows.append(np.array(g.get_logits()).reshape(-1).astype(np.float32))
    for i in ids[half:]:
        g.append_tokens([i])
        rows.append(np.array(g.get_logits()).reshape(-1).astype(np.float32))
    return np.stack(rows)


def reach(path):
    graph = onnx.load(os.path.join(path, "model.onnx"), load_external_data=False).graph
    return next((t.dims[0] for t in graph.initializer if t.name == "rope.cos"), 1 << 20)


def case(row, dialect, tmp):
    global bad
    out = os.path.join(tmp, dialect + row["name"])
    done = write(arch / row["name"], out, "--quant", "F32", "--dialect", dialect)
    if done.returncode == 1:
        return "refused", done.stderr.strip().split("computes: ")[-1]
    if done.returncode:
        bad += 1
        return f"pare ended with {done.returncode}", done.stderr.strip()
    ids = [int(i) for i in (arch / (row["expect"] + ".ids")).read_text().split()]
    want = np.fromfile(arch / (row["expect"] + ".logits"), "<f4").reshape(len(ids), -1)
    try:
        if dialect == "standard":
            onnx.checker.check_model(os.path.join(out, "model.onnx"), full_check=True)
        ids = ids[:reach(out)]                          # past the tables both runtimes stop with an error
        want = want[:len(ids)]
        g = Graph(out)
        d = far(g.feed(ids), want)
        g.restart()
        s = far(halves(g.feed, ids), want)
        e = far(genai(out, ids), want[len(ids) // 2 - 1:]) if dialect == "genai" else 0.0
    except Exception as problem:                        # whatever the runtime raises is the finding
        bad += 1
        return "no load", repr(problem)[:300]
    bad += max(d, s, e) > 1e-4
    return ("exact" if max(d, s, e) <= 1e-4 else "WRONG"), f"{d:.1e} whole, {s:.1e} in steps, {e:.1e} genai, {len(ids)} tokens"


def log_softmax(x):
    x = x.astype(np.float64)
    x -= x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def divergence(p, q):
    return float((np.exp(p) * (p - q)).sum(-1).mean())


def variants(model, tmp):
    global bad
    name = os.path.basename(os.path.normpath(model))
    base = os.path.join(tmp, "base")
    subprocess.run(["rm", "-rf", base], check=True)
    assert write(model, base, "--quant", "F32").returncode == 0
    g = Graph(base)
    vocab = g.s.get_outputs()[0].shape[2]
    ids = [1] + [int(i) for i in np.random.default_rng(7).integers(3, vocab, 120)]
    p = log_softmax(g.feed(ids))
    for dialect in ("genai", "standard"):
        for quant in ("F16", "int8", "int4"):
            for more in ((), ("--exact",)) if dialect == "genai" and quant != "F16" else ((),):
                out = os.path.join(tmp, f"{dialect}{quant}{len(more)}{name}")
                done = write(model, out, "--quant", quant, "--dialect", dialect, *more)
                if done.returncode:
                    bad += 1
                    print(name, dialect, quant, "pare:", done.stderr.strip(), sep="\t", flush=True)
                    continue
                try:
                    g = Graph(out)
                    whole = divergence(p, log_softmax(g.feed(ids)))
                    g.restart()
                    steps = divergence(p, log_softmax(halves(g.feed, ids)))
                    tail = genai(out, ids).shape if dialect == "genai" else ""
                except Exception as problem:
                    bad += 1
                    print(name, dialect, quant, "no load", repr(problem)[:300], sep="\t", flush=True)
                    continue
                fine = max(whole, steps) <= BOUND[quant]
                bad += not fine
                print(name, dialect, quant + " ".join(more), "within" if fine else "BEYOND",
                      f"KLD {whole:.2e} whole, {steps:.2e} in steps", tail, sep="\t", flush=True)


with tempfile.TemporaryDirectory() as tmp:
    with open(arch / "cases.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if not only or row["name"] in only:
                for dialect in ("genai", "standard"):
                    print(row["name"], dialect, *case(row, dialect, tmp), sep="\t", flush=True)
    if not only:
        for model in models:
            variants(model, tmp)
sys.exit(1 if bad else 0)
