#!/usr/bin/env python3
"""Small containers written by other people's libraries, for tests/unit/format.

    python make.py            # writes ../../golden/{safetensors,gguf}/valid

Made with safetensors 0.8 / gguf 0.19 / numpy (the versions are printed and kept in
versions.txt). The values are simple on purpose: element i of a tensor is i (mod
251 where bytes are meant), so that a test can say what it expects.
"""
import json, os, struct, sys
import importlib.metadata as md
import numpy as np
import torch
from safetensors.torch import save_file
import gguf

HERE = os.path.dirname(os.path.abspath(__file__))
ST = os.path.join(HERE, "../../golden/safetensors/valid")
GG = os.path.join(HERE, "../../golden/gguf/valid")
os.makedirs(ST, exist_ok=True)
os.makedirs(GG, exist_ok=True)


def ramp(dtype, *shape):
    n = int(np.prod(shape)) if shape else 1
    t = torch.arange(n, dtype=torch.float64)
    if dtype == torch.bool:
        return (t % 2 == 1).reshape(shape)
    if dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        return (t % 8).to(torch.float32).to(dtype).reshape(shape)
    return t.to(dtype).reshape(shape)


TYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16,
         "f8_e4m3": torch.float8_e4m3fn, "f8_e5m2": torch.float8_e5m2, "i64": torch.int64,
         "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8,
         "u16": torch.uint16, "u32": torch.uint32, "u64": torch.uint64, "bool": torch.bool}
save_file({f"t.{k}": ramp(v, 2, 3) for k, v in TYPES.items()}, f"{ST}/types.safetensors",
          metadata={"format": "pt", "note": "gr\u00fc\u00dfe \"quoted\""})
save_file({"scalar": ramp(torch.float32), "empty": torch.zeros(0, 4), "one": ramp(torch.float16, 1),
           "deep": ramp(torch.int8, 1, 2, 1, 2, 1, 2, 1, 2)}, f"{ST}/shapes.safetensors")
save_file({}, f"{ST}/none.safetensors")

shards = f"{ST}/shards"
os.makedirs(shards, exist_ok=True)
save_file({"a": ramp(torch.float32, 4), "b": ramp(torch.float16, 2, 2)},
          f"{shards}/model-00001-of-00002.safetensors", metadata={"format": "pt"})
save_file({"c": ramp(torch.bfloat16, 3)}, f"{shards}/model-00002-of-00002.safetensors",
          metadata={"format": "pt"})
json.dump({"metadata": {"total_size": 30}, "weight_map": {
    "a": "model-00001-of-00002.safetensors", "b": "model-00001-of-00002.safetensors",
    "c": "model-00002-of-00002.safetensors"}}, open(f"{shards}/model.safetensors.index.json", "w"), indent=2)

# both in one folder: the single file is taken
both = f"{ST}/both"
os.makedirs(both, exist_ok=True)
save_file({"single": ramp(torch.float32, 2)}, f"{both}/model.safetensors")
json.dump({"weight_map": {"a": "gone.safetensors"}}, open(f"{both}/model.safetensors.index.json", "w"))


def keys(w):
    w.add_uint8("k.u8", 200)
    w.add_int8("k.i8", -100)
    w.add_uint16("k.u16", 60000)
    w.add_int16("k.i16", -30000)
    w.add_uint32("k.u32", 4000000000)
    w.add_int32("k.i32", -2000000000)
    w.add_float32("k.f32", 0.1)
    w.add_uint64("k.u64", 2**63 + 5)
    w.add_int64("k.i64", -(2**62))
    w.add_float64("k.f64", 0.1)
    w.add_bool("k.bool", True)
    w.add_string("k.str", "gr\u00fc\u00dfe")
    w.add_string("k.empty", "")
    w.add_array("k.ints", [1, -2, 3])
    w.add_array("k.floats", [0.5, -1.5])
    w.add_array("k.bools", [True, False, True])
    w.add_array("k.strs", ["one", "", "\u4e09"])
    w.add_array("k.nested", [[1, 2], [3, 4]])
    w.add_key_value("k.bytes", b"\x00\x01\xff", gguf.GGUFValueType.ARRAY, sub_type=gguf.GGUFValueType.UINT8)


Q = gguf.GGMLQuantizationType
BLOCKS = [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q2_K, Q.Q3_K, Q.Q4_K, Q.Q5_K, Q.Q6_K, Q.IQ4_NL,
          Q.IQ4_XS, Q.IQ2_XXS, Q.IQ2_XS, Q.IQ3_XXS, Q.IQ1_S, Q.IQ3_S, Q.IQ2_S, Q.IQ1_M, Q.TQ1_0, Q.TQ2_0]


def write(path, fill, alignment=None, version=3):
    w = gguf.GGUFWriter(path, "test")
    if alignment:
        w.add_custom_alignment(alignment)
    fill(w)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    if version != 3:  # version 2 has the same layout; the library writes 3 only
        with open(path, "r+b") as f:
            f.seek(4)
            f.write(struct.pack("<I", version))


def plain(w):
    for name, t in (("f32", np.float32), ("f16", np.float16), ("f64", np.float64), ("i8", np.int8),
                    ("i16", np.int16), ("i32", np.int32), ("i64", np.int64)):
        w.add_tensor("t." + name, np.arange(6).astype(t).reshape(2, 3))
    w.add_tensor("t.cube", np.arange(24, dtype=np.float32).reshape(2, 3, 4))


def quants(w):
    for q in BLOCKS:
        _, size = gguf.GGML_QUANT_SIZES[q]
        data = (np.arange(2 * size) % 251).astype(np.uint8).reshape(2, size)
        w.add_tensor("q." + q.name, data, raw_dtype=q)


write(f"{GG}/keys.gguf", keys)
write(f"{GG}/plain-v3.gguf", plain)
write(f"{GG}/plain-v2.gguf", plain, version=2)
write(f"{GG}/align64.gguf", plain, alignment=64)
write(f"{GG}/quants.gguf", quants)
write(f"{GG}/none.gguf", lambda w: None)
# split, as llama-gguf-split names and marks the parts
for no in range(2):
    def part(w, no=no):
        w.add_uint16("split.no", no)
        w.add_uint16("split.count", 2)
        w.add_int32("split.tensors.count", 2)
        w.add_tensor(f"part{no}", np.arange(3 + no, dtype=np.float32))
    write(f"{GG}/split-0000{no + 1}-of-00002.gguf", part)

with open(os.path.join(HERE, "versions.txt"), "w") as f:
    for p in ("safetensors", "gguf", "numpy", "torch"):
        f.write(f"{p} {md.version(p)}\n")
print(open(os.path.join(HERE, "versions.txt")).read())
