#!/usr/bin/env python3
"""Files that must be refused, each with the words its error must hold.

    python3 make_broken.py    # writes ../../golden/{safetensors,gguf}/broken; standard library only

broken/expect.tsv: name, status, byte position (or -), part of the message.
"""
import json, os, shutil, struct

HERE = os.path.dirname(os.path.abspath(__file__))


class Set:
    def __init__(self, kind):
        self.dir = os.path.join(HERE, "../../golden", kind, "broken")
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.rows = []

    def add(self, name, data, status, pos, words):
        path = os.path.join(self.dir, name)
        if isinstance(data, dict):
            os.makedirs(path)
            for k, v in data.items():
                open(os.path.join(path, k), "wb").write(v)
        else:
            open(path, "wb").write(data)
        self.rows.append(f"{name}\t{status}\t{pos}\t{words}\n")

    def end(self):
        open(os.path.join(self.dir, "expect.tsv"), "w").writelines(self.rows)


# ------------------------------------------------------------- safetensors
def st(header, data=b""):
    if not isinstance(header, (bytes, str)):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header)) + header + data


def one(dtype="F32", shape=[2], off=[0, 8]):
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": off}}


D8 = bytes(8)
s = Set("safetensors")
S = ".safetensors"
s.add("empty" + S, b"", "EINPUT", 0, "first 8 bytes")
s.add("short" + S, b"\x01\x02\x03", "EINPUT", 3, "first 8 bytes")
s.add("header-huge" + S, struct.pack("<Q", 2**60) + b"{}", "EINPUT", 0, "expected at most 100000000")
s.add("header-past-end" + S, struct.pack("<Q", 500) + b"{}", "EINPUT", 0, "cut off")
s.add("header-empty" + S, struct.pack("<Q", 0) + D8, "EINPUT", 8, "does not begin with '{'")
s.add("header-array" + S, st("[]      "), "EINPUT", 8, "does not begin with '{'")
s.add("header-json" + S, st('{"a": }'), "EINPUT", "-", "JSON, line 1")
s.add("header-utf8" + S, st(b'{"\xff": 1}'), "EINPUT", 10, "not UTF-8")
s.add("header-deep" + S, st('{"a":' + "[" * 50 + "]" * 50 + "}"), "EINPUT", "-", "nested over 8 deep")
s.add("twice" + S, st('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
                      '"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8), "EINPUT", "-", "duplicate")
s.add("no-object" + S, st({"a": 3}), "EINPUT", 9, "tensor 'a' is described by no object")
s.add("no-dtype" + S, st({"a": {"shape": [2], "data_offsets": [0, 8]}}, D8), "EINPUT", 9, "has no dtype")
s.add("dtype-unknown" + S, st(one("F31"), D8), "EINPUT", 9, "dtype 'F31'")
s.add("dtype-f4" + S, st(one("F4"), D8), "EUNSUPPORTED", 9, "dtype F4")
s.add("no-shape" + S, st({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, D8), "EINPUT", 9, "has no shape")
s.add("shape-negative" + S, st(one(shape=[-2]), D8), "EINPUT", 9, "a dimension is no integer")
s.add("shape-float" + S, st(one(shape=[2.5]), D8), "EINPUT", 9, "a dimension is no integer")
s.add("shape-overflow" + S, st(one(shape=[2**62, 2**62]), D8), "EINPUT", 9, "over 64 bits")
s.add("shape-9" + S, st(one(shape=[1] * 8 + [2]), D8), "EUNSUPPORTED", 9, "9 dimensions")
s.add("size" + S, st(one(shape=[3]), D8), "EINPUT", 9, "has 8 bytes of data, expected 12")
s.add("offsets-one" + S, st(one(off=[0]), D8), "EINPUT", 9, "not two integers")
s.add("offsets-back" + S, st(one(off=[8, 0]), D8), "EINPUT", 9, "expected a range within")
s.add("offsets-past-end" + S, st(one(), bytes(4)), "EINPUT", 9, "within the file's 4")
s.add("overlap" + S, st({"a": one()["a"], "b": one(off=[4, 12])["a"]}, bytes(12)), "EINPUT", "-", "over 'a'")
s.add("hole" + S, st({"a": one()["a"], "b": one(off=[12, 20])["a"]}, bytes(20)), "EINPUT", "-", "leaving a hole after 'a'")
s.add("trailing" + S, st(one(), bytes(10)), "EINPUT", "-", "2 bytes after the last tensor")
s.add("metadata-number" + S, st({"__metadata__": {"k": 1}}), "EINPUT", "-", "__metadata__ 'k' is no text")
s.add("metadata-array" + S, st({"__metadata__": []}), "EINPUT", 9, "__metadata__ is no object")
s.add("pickle.bin", b"PK\x03\x04" + bytes(20), "EUNSUPPORTED", 0, "pickles")
s.add("unknown.bin", b"hello, world", "EINPUT", 0, "none of: gguf, safetensors")

A = st({"a": one()["a"]}, D8)
B = st({"b": one()["a"]}, D8)


def index(m):
    return json.dumps({"weight_map": m}).encode()


I = "model.safetensors.index.json"
s.add("shard-missing", {I: index({"a": "x.safetensors", "b": "y.safetensors"}), "x.safetensors": A}, "EINPUT", "-",
      "shard y.safetensors is named by weight_map and is missing")
s.add("shard-lacks", {I: index({"a": "x.safetensors", "b": "x.safetensors"}), "x.safetensors": A}, "EINPUT", "-",
      "tensor 'b' is not in x.safetensors")
s.add("shard-other", {I: index({"a": "y.safetensors", "b": "x.safetensors"}), "x.safetensors": A, "y.safetensors": B},
      "EINPUT", "-", "tensor 'a' is in x.safetensors, weight_map puts it into y.safetensors")
s.add("shard-twice", {I: index({"a": "x.safetensors", "b": "y.safetensors"}), "x.safetensors": A, "y.safetensors": A},
      "EINPUT", "-", "tensor 'a' stands twice; the other is in x.safetensors")
s.add("shard-escape", {I: index({"a": "../x.safetensors"})}, "EINPUT", "-", "'../x.safetensors', expected the name")
s.add("shard-absolute", {I: index({"a": "/x.safetensors"})}, "EINPUT", "-", "'/x.safetensors', expected the name")
s.add("shard-self", {I: index({"a": I})}, "EINPUT", "-", "'model.safetensors.index.json', expected the name")
s.add("shard-nested-index", {I: index({"a": "x.safetensors"}), "x.safetensors": index({"a": "x.safetensors"})},
      "EINPUT", "-", "header of")
s.add("shard-number", {I: index({"a": 3})}, "EINPUT", "-", "tensor 'a' into '(no text)'")
s.add("index-empty", {I: index({})}, "EINPUT", "-", "weight_map is empty")
s.add("index-no-map", {I: b"{}"}, "EINPUT", "-", "'weight_map': found nothing, expected an object")
s.add("no-index", {"model-00001-of-00002.safetensors": A, "model-00002-of-00002.safetensors": B}, "EINPUT", "-",
      "found 2 *.safetensors")
s.add("folder-empty", {"readme": b"nothing"}, "EINPUT", "-", "found 0 *.safetensors and 0 *.gguf")
s.end()


# -------------------------------------------------------------------- GGUF
def text(t):
    t = t.encode() if isinstance(t, str) else t
    return struct.pack("<Q", len(t)) + t


def head(nt=0, nk=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, nt, nk)


def key(k, t, v):
    return text(k) + struct.pack("<I", t) + v


def u32(v):
    return struct.pack("<I", v)


def u64(v):
    return struct.pack("<Q", v)


def info(name="a", dims=(8,), t=0, off=0):
    return text(name) + u32(len(dims)) + b"".join(u64(d) for d in dims) + u32(t) + u64(off)


def whole(infos, data, keys=(), align=32):
    b = head(len(infos), len(keys)) + b"".join(keys) + b"".join(infos)
    return b + bytes(-len(b) % align) + data


def arr(t, n, v=b""):
    return u32(t) + u64(n) + v


g = Set("gguf")
G = ".gguf"
g.add("version-1" + G, head(version=1), "EUNSUPPORTED", 4, "version 1")
g.add("version-4" + G, head(version=4), "EUNSUPPORTED", 4, "version 4")
g.add("big-endian" + G, b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "EUNSUPPORTED", 4, "big-endian")
g.add("magic" + G, b"GGML" + head()[4:], "EINPUT", 0, "none of: gguf, safetensors")
g.add("tensors-2-60" + G, head(2**60), "EINPUT", 8, "1152921504606846976 tensors")
g.add("keys-2-60" + G, head(0, 2**60), "EINPUT", 16, "1152921504606846976 keys")
g.add("key-past-end" + G, head(0, 1) + u64(2**63) + b"abcdefgh", "EINPUT", 32, "a key needs")
g.add("key-empty" + G, head(0, 1) + key("", 4, u32(1)) + bytes(8), "EINPUT", 24, "is empty")
g.add("key-utf8" + G, head(0, 1) + key(b"\xff", 4, u32(1)), "EINPUT", 24, "no UTF-8")
g.add("key-nul" + G, head(0, 1) + key(b"a\0b", 4, u32(1)), "EINPUT", 24, "no UTF-8")
g.add("key-twice" + G, head(0, 2) + key("k", 4, u32(1)) * 2, "EINPUT", "-", "key 'k' stands twice")
g.add("value-type" + G, head(0, 1) + key("k", 13, u32(1)), "EINPUT", 33, "value type 13")
g.add("bool-2" + G, head(0, 1) + key("k", 7, b"\2"), "EINPUT", 37, "a bool of value 2")
g.add("bools-2" + G, head(0, 1) + key("k", 9, arr(7, 2, b"\1\2")), "EINPUT", 50, "a bool of value 2")
g.add("string-past-end" + G, head(0, 1) + key("k", 8, u64(99) + b"x"), "EINPUT", 45, "a text value needs 99")
g.add("array-past-end" + G, head(0, 1) + key("k", 9, arr(4, 2**62)), "EINPUT", 49, "an array of 4611686018427387904 uint32")
g.add("strings-past-end" + G, head(0, 1) + key("k", 9, arr(8, 2**61)), "EINPUT", 37, "an array of 2305843009213693952")
g.add("arrays-past-end" + G, head(0, 1) + key("k", 9, arr(9, 2**61)), "EINPUT", 37, "an array of 2305843009213693952")
g.add("array-type" + G, head(0, 1) + key("k", 9, arr(99, 1, u32(0))), "EINPUT", 37, "value type 99")
deep = arr(4, 0)
for _ in range(6):
    deep = arr(9, 1, deep)
g.add("array-deep" + G, head(0, 1) + key("k", 9, deep), "EUNSUPPORTED", "-", "nested over 4 deep")
AL = "general.alignment"
g.add("alignment-0" + G, head(0, 1) + key(AL, 4, u32(0)), "EINPUT", "-", "general.alignment is 0")
g.add("alignment-4" + G, head(0, 1) + key(AL, 4, u32(4)), "EINPUT", "-", "general.alignment is 4")
g.add("alignment-48" + G, head(0, 1) + key(AL, 4, u32(48)), "EINPUT", "-", "general.alignment is 48")
g.add("dims-5" + G, whole([info(dims=(1, 1, 1, 1, 8))], bytes(32)), "EINPUT", 33, "5 dimensions")
g.add("dims-overflow" + G, whole([info(dims=(2**62, 2**62))], bytes(32)), "EINPUT", 24, "over 63 bits")
g.add("type-31" + G, whole([info(t=31)], bytes(32)), "EUNSUPPORTED", 45, "ggml type 31")
g.add("rows" + G, whole([info(dims=(8,), t=2)], bytes(32)), "EINPUT", 24, "expected a multiple of 32 for Q4_0")
g.add("offset-unaligned" + G, whole([info(off=4)], bytes(64)), "EINPUT", 49, "expected a multiple of 32")
g.add("offset-past-end" + G, whole([info(off=2**63)], bytes(32)), "EINPUT", "-", "takes 32 bytes at data offset")
g.add("data-cut" + G, whole([info()], bytes(31)), "EINPUT", "-", "cut off")
g.add("no-data" + G, head(1) + info(), "EINPUT", 57, "ends before its data")
g.add("overlap" + G, whole([info("a", (16,)), info("b", off=32)], bytes(64)), "EINPUT", "-", "tensor 'b' lies over 'a'")
g.add("tensor-twice" + G, whole([info("a"), info("a", off=32)], bytes(64)), "EINPUT", "-", "tensor 'a' stands twice")
g.add("name-empty" + G, whole([info("")], bytes(32)), "EINPUT", 24, "a tensor's name of 0 bytes")


def split(no, n, total, name):
    return whole([info(name)], bytes(32), [key("split.no", 2, struct.pack("<H", no)), key("split.count", 2, struct.pack("<H", n)),
                                           key("split.tensors.count", 5, u32(total))])


g.add("part-00002-of-00002" + G, split(1, 2, 2, "a"), "EINPUT", "-", "part 2 of 2, expected the first")
g.add("lonely-00001-of-00003" + G, split(0, 3, 3, "a"), "EINPUT", "-", "cannot open")
g.add("unnamed" + G, split(0, 3, 3, "a"), "EINPUT", "-", "a name that ends in -00001-of-00003.gguf")
g.end()
print(len(s.rows), "safetensors,", len(g.rows), "gguf")
