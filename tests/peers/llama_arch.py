#!/usr/bin/env python3
"""python llama_arch.py GGUFS ARCH [CASE…]

Holds GGUF files of the architecture vectors against transformers: for each GGUFS/CASE.gguf the logits libllama gives are
compared with ARCH/CASE.logits. Tab-separated: case, what cases.tsv expects, distance as a share of the largest |logit|,
`exact` (at most 1e-4), `WRONG` or `no load`. Status 1 if a file is not exact.
"""
import csv
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ggufs, arch, only = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
logits = pathlib.Path(__file__).with_name("llama_logits.py")
bad = 0
with open(arch / "cases.tsv", encoding="utf-8", newline="") as f:
    rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
for row in rows:
    name, path = row["name"], ggufs / (row["name"] + ".gguf")
    if not path.exists() or only and name not in only:
        continue
    want = np.fromfile(arch / (row["expect"] + ".logits"), "<f4").reshape(int(row["tokens"]), -1)
    with tempfile.TemporaryDirectory() as tmp:      # a child each: a file that makes libllama abort is a finding too
        out = pathlib.Path(tmp) / "logits"
        ids = arch / (row["expect"] + ".ids")
        child = subprocess.run([sys.executable, logits, path, ids, out], stderr=subprocess.DEVNULL)
        if child.returncode:
            far, verdict = "-", "no load"
        else:
            got = np.fromfile(out, "<f4").reshape(want.shape)
            d = float(np.abs(got.astype(float) - want).max() / np.abs(want).max())
            far, verdict = f"{d:.1e}", "exact" if d <= 1e-4 else "WRONG"
    bad += verdict != "exact"
    print(name, row["gguf"], far, verdict, sep="\t", flush=True)
sys.exit(1 if bad else 0)
