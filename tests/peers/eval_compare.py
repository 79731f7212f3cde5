#!/usr/bin/env python3
"""python eval_compare.py PARE MODEL_DIR TEXT [--windows N] [--window N] [--dir WORK]

Perplexity and KL divergence of the same GGUF files by pare and by llama.cpp (libllama), against pare's F32 file.
Exit status 1 if a figure is outside its bound. Where the bounds come from:

FLOAT  The F32 file, and the others by `pare eval --exact` against libllama on the file decoded
       to F32 (gguf-py's own decoders): both multiply float32 by float32 and add in another order. Issue 3 allows
       logits 1e-4 of the largest one apart; tests/vectors/arch finds 1e-5 in absolute terms. A position's NLL is one logit
       and a smooth mean of logits, so it moves by at most twice that: 2e-5 nats; a KLD likewise by
       4e-5 (two distributions), and in the mean by far less.
ROUND  The file itself in libllama, which rounds activations: to F16 or BF16 where the weights are, else to 8 bits
       (one scale per 256 for K-quants).
       How far that alone moves its distribution is measured: k = KLD(libllama on the decoded file, libllama
       on the file). To second order the mean NLL then moves by k and by noise of variance 2k a token, N tokens:
       k + 4 sqrt(2k / N). The mean KLD from F32, of size d, moves by k and a cross term that Cauchy-Schwarz limits:
       k + 2 sqrt(k d). pare runs --exact here, so that only one side's rounding counts.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
TYPES = ("F32", "F16", "BF16", "Q8_0", "Q4_K_M", "Q2_K")
FLOAT_NLL, FLOAT_KLD = 2e-5, 4e-5


def run(*argv):
    r = subprocess.run([str(a) for a in argv], capture_output=True, text=True)
    if r.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: {r.stderr}")
    return r.stdout


def by_pare(pare, file, ref, text, window, windows, exact):
    out = json.loads(run(pare, "eval", file, "--against", ref, "--file", text, "--context", window, "--windows", windows,
                         "--kv", "f32", "--json", *(["--exact"] if exact else [])))
    m = {x["name"]: x["value"] for x in out["metrics"]}
    return out["evaluation"]["positions"], m["nll"], m["kld_mean"]


def by_llama(file, ref, ids, window):
    row = run(sys.executable, HERE / "llama_ppl.py", file, ids, window, "--ref", ref).splitlines()[-1].split("\t")
    return int(row[1]), float(row[2]), float(row[3])


def decode(src, dst):
    """The same file with every tensor as F32."""
    r = gguf.GGUFReader(src)
    arch = r.fields["general.architecture"].contents()
    w = gguf.GGUFWriter(dst, arch)
    for f in r.fields.values():
        if f.name.startswith("GGUF.") or f.name in ("general.architecture", "general.file_type"):
            continue
        sub = f.types[-1] if f.types[0] == gguf.GGUFValueType.ARRAY else None
        w.add_key_value(f.name, f.contents(), f.types[0], sub)
    for t in r.tensors:
        w.add_tensor(t.name, gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32).reshape(t.shape[::-1]))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


class Table:
    def __init__(self):
        self.bad = 0
        print("file\tmode\ttokens\tnll pare\tnll llama.cpp\tapart\tbound\tkld pare\tkld llama.cpp\tapart\tbound")

    def add(self, name, mode, ours, theirs, nll_bound, kld_bound):
        dn, dk = abs(ours[1] - theirs[1]), abs(ours[2] - theirs[2])
        ok = ours[0] == theirs[0] and dn <= nll_bound and dk <= kld_bound
        self.bad += not ok
        print(f"{name}\t{mode}\t{ours[0]}\t{ours[1]:.6f}\t{theirs[1]:.6f}\t{dn:.1e}\t{nll_bound:.1e}\t{ours[2]:.6f}\t"
              f"{theirs[2]:.6f}\t{dk:.1e}\t{kld_bound:.1e}" + ("" if ok else "\tOUTSIDE"), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("pare"), p.add_argument("model"), p.add_argument("text")
    p.add_argument("--windows", type=int, default=40)
    p.add_argument("--window", type=int, default=256)
    p.add_argument("--dir", default=".")
    p.add_argument("--types", default=",".join(TYPES), help="the first is F32, the reference")
    a = p.parse_args()
    work = pathlib.Path(a.dir)
    files = {q: work / f"{q}.gguf" for q in a.types.split(",")}
    for q, file in files.items():
        run(a.pare, "quantize", a.model, "--quant", q, "-o", file)
    ids = work / "ids"
    words = json.loads(run(a.pare, "tokenize", a.model, "-f", a.text, "--json"))["ids"]
    ids.write_text(" ".join(map(str, words[:a.windows * a.window + 1])) + "\n")
    t = Table()
    t.add("F32", "float", by_pare(a.pare, files["F32"], files["F32"], a.text, a.window, a.windows, False),
          by_llama(files["F32"], files["F32"], ids, a.window), FLOAT_NLL, FLOAT_KLD)
    for q in list(files)[1:]:
        decoded = work / f"{q}-f32.gguf"
        decode(files[q], decoded)
        ours = by_pare(a.pare, files[q], files["F32"], a.text, a.window, a.windows, True)
        t.add(q, "decoded", ours, by_llama(decoded, files["F32"], ids, a.window), FLOAT_NLL, FLOAT_KLD)
        n, _, k = by_llama(files[q], decoded, ids, a.window)
        t.add(q, "round", ours, by_llama(files[q], files["F32"], ids, a.window),
              FLOAT_NLL + k + 4 * math.sqrt(2 * k / n), FLOAT_KLD + k + 2 * math.sqrt(k * ours[2]))
    return t.bad > 0


sys.exit(main())
