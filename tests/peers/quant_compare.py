"""Hold a GGUF file that pare quantized against llama-quantize's of the same source.

    python quant_compare.py SOURCE.gguf PARE.gguf MIX

SOURCE is unquantized (F32, F16 or BF16); llama.cpp (llama_model_quantize of the llama-cpp-python package,
no importance matrix) quantizes it here to MIX ("Q4_K_M"). For each tensor both must have the same type, and
pare's squared error, weighted as llama-quantize weighs it (../vectors/codec/ggml.py), must be at most
1 + 1e-6 times llama.cpp's. Prints the worst ratio per type; exit status 1 if a tensor fails.
"""
import os, sys, tempfile
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "codec"))
import ggml
import llama_cpp
from gguf import GGUFReader

FTYPE = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11,
         "Q3_K_M": 12, "Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18,
         "IQ4_NL": 25, "IQ4_XS": 30, "BF16": 32}
BOUND = 1 + 1e-6


def peer(source, mix, out):
    p = llama_cpp.llama_model_quantize_default_params()
    p.ftype = FTYPE[mix]
    if llama_cpp.llama_model_quantize(source.encode(), out.encode(), p) != 0:
        sys.exit("llama.cpp failed to quantize " + source)


def numbers(t):
    """The float32 values of a tensor, rows joined."""
    kind, raw = t.tensor_type.name, np.ascontiguousarray(t.data).view(np.uint8).reshape(-1)
    if kind in ggml.TYPES:
        return ggml.decode(kind, raw, int(t.n_elements))
    if kind == "BF16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return raw.view({"F32": "<f4", "F16": "<f2"}[kind]).astype(np.float32)


def compare(source, ours, theirs):
    theirs = {t.name: t for t in GGUFReader(theirs).tensors}
    ours = {t.name: t for t in GGUFReader(ours).tensors}
    worst, bad = {}, 0
    for t in GGUFReader(source).tensors:
        a, b = ours.get(t.name), theirs[t.name]
        if a is None or a.tensor_type != b.tensor_type:
            print(f"{t.name}: {a.tensor_type.name if a else 'missing'}, llama.cpp {b.tensor_type.name}")
            bad += 1
            continue
        kind = a.tensor_type.name
        if kind not in ggml.TYPES:
            continue
        x = numbers(t)
        e, limit = (ggml.error(kind, x, numbers(v)) for v in (a, b))
        ratio = e / limit if limit > 0 else (1.0 if e == 0 else np.inf)
        if ratio > worst.get(kind, ("", -1))[1]:
            worst[kind] = (t.name, ratio)
        if not ratio <= BOUND:
            print(f"{t.name} {kind}: {ratio:.9f} times llama.cpp's error")
            bad += 1
    for kind, (name, ratio) in sorted(worst.items()):
        print(f"{kind:7s} worst {ratio:.6f}  {name}")
    return bad


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in FTYPE:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "peer.gguf")
        peer(sys.argv[1], sys.argv[3], out)
        bad = compare(sys.argv[1], sys.argv[2], out)
    print("llama-cpp-python", llama_cpp.__version__, "-", "all within the bound" if not bad else f"{bad} fail")
    sys.exit(1 if bad else 0)


main()
