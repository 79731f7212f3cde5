#!/usr/bin/env python3
"""Read what pare's writers wrote by the libraries of others:

    PARE_KEEP=DIR build/release/tests/unit/format/test_writers && python readback.py DIR
"""
import json, os, sys
import numpy as np, torch
from safetensors import safe_open
from gguf import GGUFReader

HERE = os.path.dirname(os.path.abspath(__file__))
GOLD = os.path.join(HERE, "../../golden")


def st(path):
    with safe_open(path, "pt") as f:
        return {k: f.get_tensor(k) for k in f.keys()}, f.metadata()


def same(a, b):
    assert a.keys() == b.keys(), (a.keys(), b.keys())
    for k in a:
        assert a[k].dtype == b[k].dtype and a[k].shape == b[k].shape, k
        assert torch.equal(a[k].contiguous().view(torch.uint8) if a[k].dim() else a[k], b[k].contiguous().view(torch.uint8) if b[k].dim() else b[k]), k


d = sys.argv[1]
for n, (name, sub) in enumerate((("types.safetensors", "dir0"), ("shapes.safetensors", "dir1"))):
    want, _ = st(f"{GOLD}/safetensors/valid/{name}")
    got, meta = st(f"{d}/{name}")
    assert meta == {"format": "pt", "note": "by pare"}, meta
    same(want, got)
    index = f"{d}/{sub}/model.safetensors.index.json"
    files = sorted(set(json.load(open(index))["weight_map"].values())) if os.path.exists(index) else ["model.safetensors"]
    parts = {}
    for f in files:
        parts.update(st(f"{d}/{sub}/{f}")[0])
    same(want, parts)
    print("ok", name, len(want), "tensors,", len(files), "shards")
for name, source in (("plain-v3.gguf", "plain-v3.gguf"), ("quants.gguf", "quants.gguf"), ("align64.gguf", "plain-v3.gguf"),
                     ("keys-64.gguf", "keys.gguf")):
    a, b = GGUFReader(f"{GOLD}/gguf/valid/{source}"), GGUFReader(f"{d}/{name}")
    for k, f in a.fields.items():
        if not k.startswith("GGUF."):
            assert b.fields[k].contents() == f.contents(), k
    assert [t.name for t in a.tensors] == [t.name for t in b.tensors]
    for x, y in zip(a.tensors, b.tensors):
        assert x.tensor_type == y.tensor_type and np.array_equal(x.data, y.data), x.name
        assert y.data_offset % b.alignment == 0
    print("ok", name, len(b.fields), "fields,", len(b.tensors), "tensors, alignment", b.alignment)
