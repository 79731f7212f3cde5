#!/usr/bin/env python3
"""openvino_nf4.py PARE MODEL - NormalFloat weights of `pare convert --to openvino --quant nf4` beside NNCF's of the same model.

NNCF compresses what pare writes with weights in float32 (groups of 128, then of 32). The same matrices, and every code and every
scale is NNCF's, to the bit; OpenVINO's CPU plug-in runs pare's as it runs NNCF's. Status 1 if not. nncf 3.4, openvino 2026.4."""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import nncf
import numpy as np
import openvino as ov


def constants(xml):
    """name → (element type, shape, bytes); and who reads whom."""
    data = open(xml[:-3] + "bin", "rb").read()
    root = ET.parse(xml).getroot()
    layers = {l.get("id"): l for l in root.find("layers")}
    edges = [(e.get("from-layer"), e.get("to-layer"), int(e.get("to-port"))) for e in root.find("edges")]
    return layers, edges, data


def groups(xml):
    """Codes and scales of each nf4 matrix by the name of its first constant."""
    layers, edges, data = constants(xml)
    reads = {}
    for a, b, p in edges:
        reads.setdefault(a, []).append((b, p))
    feeds = {(b, p): a for a, b, p in edges}

    def raw(layer):
        d = layer.find("data")
        return data[int(d.get("offset")):int(d.get("offset")) + int(d.get("size"))]
    out = {}
    for i, l in layers.items():
        if l.get("type") != "Const" or l.find("data").get("element_type") != "nf4":
            continue
        convert = reads[i][0][0]
        times = reads[convert][0][0]
        if layers[convert].get("type") != "Convert" or layers[times].get("type") != "Multiply":
            raise SystemExit(f"{l.get('name')}: {layers[convert].get('type')}, {layers[times].get('type')}")
        scale = layers[feeds[(times, 1)]]
        codes = np.frombuffer(raw(l), np.uint8)
        name = l.get("name").split("/nncf")[0]
        out[name] = (l.find("data").get("shape"), np.stack([codes & 15, codes >> 4], -1).reshape(-1),
                     scale.find("data").get("element_type"), np.frombuffer(raw(scale), np.float16))
    return out


# The graph says the product of a level and a scale in float16. The plug-in may round each to float16, and the product, or none of
# them: 2^-11 of a weight each time, in 28 matrices one behind the other. (Seen: 0.0004.)
STEPS = 28 * 2 * 2.0 ** -11
LEVELS = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                   -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                   0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)


def as_floats(xml, mine):
    """The model with float32 weights, where what `mine` has compressed becomes the values that its graph says."""
    other = os.path.join(mine, "openvino_model.xml")
    codes = groups(other)
    layers, edges, data = constants(other)
    by_name = {l.get("name"): l.find("data") for l in layers.values() if l.get("type") == "Const"}

    def values(name, dtype):
        d = by_name[name]
        return np.frombuffer(data[int(d.get("offset")):int(d.get("offset")) + int(d.get("size"))], dtype)
    m = ov.Core().read_model(xml)
    for op in m.get_ops():
        name = op.get_friendly_name()
        if op.get_type_name() != "Constant" or name not in by_name:
            continue
        shape = list(op.output(0).get_shape())
        if name in codes:
            _, c, _, s = codes[name]
            v = LEVELS.astype(np.float16)[c].reshape(s.size, -1) * s.reshape(-1, 1)
        elif by_name[name].get("element_type") == "u8":
            z, s = values(name + "/zero_point", np.uint8), values(name + "/scale", np.float16)
            v = (values(name, np.uint8).reshape(s.size, -1).astype(np.float16) - z.reshape(-1, 1).astype(np.float16)) * s.reshape(-1, 1)
        else:
            continue
        assert v.dtype == np.float16
        op.output(0).replace(ov.opset13.constant(v.astype(np.float32).reshape(shape)).output(0))
    return m


def logits(xml):
    """Of a few tokens, in float32."""
    request = ov.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0", "KV_CACHE_PRECISION": "f32"}).create_infer_request()
    ids = np.arange(3, 19, dtype=np.int64)[None]
    given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(16, dtype=np.int64)[None],
             "beam_idx": np.zeros(1, np.int32)}
    names = {n for i in request.model_inputs for n in i.names}
    return request.infer({k: v for k, v in given.items() if k in names})["logits"].copy()


def ask(*words):
    subprocess.run(words, check=True, capture_output=True)


def compare(pare, model, group, tmp):
    plain, mine, theirs = (os.path.join(tmp, f"{n}{group}") for n in ("plain", "mine", "theirs"))
    ask(pare, "convert", model, "--to", "openvino", "--quant", "F32", "-o", plain)
    ask(pare, "convert", model, "--to", "openvino", "--quant", "nf4", "--group-size", str(group), "-o", mine)
    m = ov.Core().read_model(os.path.join(plain, "openvino_model.xml"))
    m = nncf.compress_weights(m, mode=nncf.CompressWeightsMode.NF4, group_size=group, ratio=1)
    os.makedirs(theirs)
    ov.save_model(m, os.path.join(theirs, "openvino_model.xml"), compress_to_fp16=False)
    a, b = (groups(os.path.join(d, "openvino_model.xml")) for d in (mine, theirs))
    n, wrong = sum(x[1].size for x in a.values()), len(set(a) ^ set(b)) + (not a)
    for name in sorted(set(a) & set(b)):
        (s1, c1, t1, f1), (s2, c2, t2, f2) = a[name], b[name]
        if s1.replace(" ", "") != s2.replace(" ", "") or t1 != t2 or (c1 != c2).any() or (f1 != f2).any():
            wrong += 1
            print(f"{name}\t{(c1 != c2).sum()} codes, {(f1 != f2).sum()} scales differ; {s1} {t1}, {s2} {t2}")
    x, y = logits(os.path.join(mine, "openvino_model.xml")), logits(as_floats(os.path.join(plain, "openvino_model.xml"), mine))
    far = np.abs(x - y).max() / np.abs(y).max()
    print(f"groups of {group}\t{len(a)} matrices, {n} codes\t{wrong} wrong\tlogits within {far:.2g} of the same values in float32")
    return wrong > 0 or not far < STEPS


def main():
    pare, model = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as tmp:
        sys.exit(any([compare(pare, model, g, tmp) for g in (128, 32)]))


if __name__ == "__main__":
    main()
