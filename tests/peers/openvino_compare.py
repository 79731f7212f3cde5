#!/usr/bin/env python3
"""python openvino_compare.py PARE ARCH MODEL SHARED_MODEL [CASE…]

What pare writes for OpenVINO, run by OpenVINO on the CPU.

1. Every architecture vector (ARCH/cases.tsv) in float32, whole and as a first half with single steps after it, against
   transformers' logits: `exact` is at most 1e-4 of the largest |logit|; what pare refuses is printed with its reason.
   The compiled model must hold the plug-in's own RMS, RoPE and attention over a state.
2. MODEL and SHARED_MODEL in F16, int8 and int4, symmetric or not: the compiled model multiplies by the compressed weights
   and gives, in float32, what the float32 IR gives with the very weights of the file unpacked by numpy (bound below).
3. LLMPipeline writes what `pare generate` writes, with the tokenizer models that pare wrote.

Status 1 if anything is wrong. openvino 2026.4.1, openvino-genai 2026.4.1, openvino-tokenizers 2026.4.1.
"""
import csv
import json
import os
import pathlib
import re
import shutil
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
    """Layers, norms and rotations that the file spells out."""
    nodes = [layer.get("type") for layer in tree.parse(path).getroot().iter("layer")]
    n = nodes.count("ScaledDotProductAttention")
    return n, nodes.count("Sqrt"), 2 * n


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


def constants(path):
    """Name -> element type, shape, offset, size."""
    found = {}
    for layer in tree.parse(path).getroot().iter("layer"):
        if layer.get("type") == "Const":
            d = layer.find("data")
            found[layer.get("name")] = (d.get("element_type"), [int(i) for i in d.get("shape").split(", ") if i],
                                        int(d.get("offset")), int(d.get("size")))
    return found


def read(blob, kind, shape, at, size):
    raw, n = blob[at:at + size], int(np.prod(shape))
    if kind in ("u4", "i4"):                             # dense over the whole tensor, low half first
        v = np.stack([raw & 15, raw >> 4], 1).reshape(-1)[:n].astype(np.int32)
        v = v - 16 * (v > 7) if kind == "i4" else v
    elif kind == "bf16":
        v = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        v = raw.view({"u8": np.uint8, "i8": np.int8, "f16": "<f2", "f32": "<f4", "i64": "<i8"}[kind])
    return v.astype(np.float32).reshape(shape)


def unpack(packed, source, out):
    """The float32 IR `source` with the values of `packed` at `out`; how far a value lies from its source in steps, and
    the types of the grouped matrices."""
    a, b = constants(f"{packed}/openvino_model.xml"), constants(f"{source}/openvino_model.xml")
    blob = np.fromfile(f"{packed}/openvino_model.bin", np.uint8)
    there = np.fromfile(f"{source}/openvino_model.bin", np.uint8)
    most, types = 0.0, set()
    for name, (kind, shape, at, size) in b.items():
        if name not in a or not kind.startswith("f") or re.fullmatch(r".*Const_\d+", name):
            continue
        v = read(blob, *a[name])
        if name + "/scale" in a:
            scale = read(blob, *a[name + "/scale"])
            zero = read(blob, *a[name + "/zero_point"]) if name + "/zero_point" in a else 0
            v = (v - zero) * scale
            was = read(there, kind, shape, at, size).reshape(v.shape)
            most = max(most, float((np.abs(v - was) / np.maximum(np.abs(scale), 1e-30)).max()))
            types.add(a[name][0])
        there[at:at + size] = np.ascontiguousarray(v.reshape(shape), "<f4").view(np.uint8).reshape(-1)
    os.mkdir(out)
    there.tofile(f"{out}/openvino_model.bin")
    pathlib.Path(out, "openvino_model.xml").write_bytes(pathlib.Path(source, "openvino_model.xml").read_bytes())
    return most, types


def weights(model, source, tmp, quant, *more):
    """(q - z)·s has at most 8 + 11 significant bits, so a float32 holds it exactly: both IRs compute the same function,
    and what they differ in is the order of sums, as for the vectors: 1e-4 of the largest |logit|. A code and a
    zero point round by half a step each, the scale's rounding to binary16 moves the far end of 255 steps by an eighth,
    a symmetric range ends a step early on one side, where half a step more may be cut: none reaches two steps, and
    what lies at a wrong place is many steps off."""
    global bad
    out = os.path.join(tmp, f"{os.path.basename(source)}_{quant}{''.join(more)}")
    done = write(model, out, "--quant", quant, *more)
    if done.returncode:
        bad += 1
        return "pare: " + done.stderr.strip()
    most, types = unpack(out, source, out + "_f32")
    ids = [1] + [(7 * i * i + 3) % 500 + 3 for i in range(40)]
    compiled = core.compile_model(f"{out}/openvino_model.xml", "CPU", plain)
    want = both(core.compile_model(f"{out}_f32/openvino_model.xml", "CPU", plain), ids)
    d = max(far(g, w) for g, w in zip(both(compiled, ids), want))
    held = set(kinds(compiled)["FullyConnected"])
    loose = unfused(compiled, *counts(f"{out}/openvino_model.xml"))
    lost = types - held                                    # the plug-in unpacked these for good
    ok = d <= 1e-4 and most <= 2 and not loose and not lost
    bad += not ok
    return ("equal" if ok else "WRONG"), f"{d:.1e}", f"{most:.2f} steps", "multiplies by " + " ".join(sorted(held)), loose


def batch(source):
    """A short sequence left-padded beside a long one, then beams that change places: each row as if it were alone."""
    global bad
    compiled = core.compile_model(f"{source}/openvino_model.xml", "CPU", plain)
    a, b = [1, 5, 9, 33, 7, 80, 21, 300, 41, 6, 77, 50], [1, 44, 90, 12, 8, 61, 230]
    gap = len(a) - len(b)
    request = compiled.create_infer_request()
    seen = np.array([[1] * len(a), [0] * gap + [1] * len(b)], np.int64)
    where = np.maximum(np.cumsum(seen, 1) - 1, 0)

    def step(ids, mask, position, beam):
        request.infer({"input_ids": np.array(ids, np.int64), "attention_mask": mask, "position_ids": position,
                       "beam_idx": np.array(beam, np.int32)})
        return request.get_tensor("logits").data.copy()

    first = step([a, [0] * gap + b], seen, where, [0, 1])
    seen = np.concatenate([seen[::-1], [[1], [1]]], 1)     # now row 0 follows b, row 1 follows a
    then = step([[9], [9]], seen, np.array([[len(b)], [len(a)]]), [1, 0])
    alone = [Sequence(compiled)(ids + [9]) for ids in (a, b)]
    d = max(far(first[0], alone[0][:-1]), far(first[1][gap:], alone[1][:-1]), far(then[0], alone[1][-1:]),
            far(then[1], alone[0][-1:]))
    bad += not d <= 1e-4
    return ("equal" if d <= 1e-4 else "WRONG"), f"{d:.1e}"


def text(model, tmp, prompt, *more):
    global bad
    import openvino_genai
    out = os.path.join(tmp, "text" + os.path.basename(model) + "".join(more))
    if write(model, out, "--quant", "F32").returncode:
        bad += 1
        return ["pare failed"]
    want = subprocess.run([pare, "generate", model, "-p", prompt, "-n", "60"], capture_output=True, text=True).stdout
    said = []
    for backend in ("PA", "SDPA"):
        pipe = openvino_genai.LLMPipeline(out, "CPU", ATTENTION_BACKEND=backend, **plain)
        got = pipe.generate(prompt, max_new_tokens=60, do_sample=False, apply_chat_template=False)
        same = len(got) > 60 and want.strip() == got.strip()
        bad += not same
        said.append(f"{backend}: " + ("the same text" if same else f"{got!r}, not {want!r}"))
    return said


def with_window(model, tmp):
    """The shipped model as Mistral with a window of 5: its text must be another, or the window was lost."""
    out = os.path.join(tmp, "window")
    shutil.copytree(model, out)
    config = json.loads(pathlib.Path(out, "config.json").read_text())
    config.update(model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=5)
    pathlib.Path(out, "config.json").write_text(json.dumps(config))
    return out


with tempfile.TemporaryDirectory() as tmp:
    with open(arch / "cases.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            if not only or row["name"] in only:
                say(row["name"], *case(row, tmp))
    if not only:
        for model in (own, shared):
            source = os.path.join(tmp, "source_" + os.path.basename(model))
            write(model, source, "--quant", "F32")
            say(os.path.basename(model), "batch, padding, beams", *batch(source))
            for how in (["F16"], ["int8"], ["int8", "--symmetric"], ["int8", "--group-size", "64"], ["int4"],
                        ["int4", "--symmetric"], ["int4", "--group-size", "256"], ["int4", "--head-quant", "int4"]):
                say(os.path.basename(model), " ".join(how), *weights(model, source, tmp, *how))
        start = "Elizabeth could not but look at him with surprise, and then she"
        say("text", *text(own, tmp, start))
        say("text, window of 5", *text(with_window(own, tmp), tmp, start))
        say("text", *text(shared, tmp, "Once upon a time"))
sys.exit(1 if bad else 0)
