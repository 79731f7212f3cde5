#!/usr/bin/env python3
"""Runs llama.cpp's own converter and keeps what it wrote: hashes of every tensor, every metadata key.

    python make.py LLAMA_CPP PARE SHARED [CASE…]

LLAMA_CPP: vendor/llama.cpp of the source distribution llama-cpp-python 0.3.36; PARE: this project's root (models/ and
tests/vectors/arch are read); SHARED: the folder with models/stories260K. transformers 5.23.0, torch 2.13.0+cpu.

The converter stops at a vocabulary whose hash it does not know; for these cases the name is given to it here, and
cases.tsv says which. Everything else is the converter as it is. README.md describes the files.
"""
import hashlib
import json
import logging
import struct
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTTYPES = ("f32", "f16", "bf16")
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
NAMES = {0: "u8", 1: "i8", 2: "u16", 3: "i16", 4: "u32", 5: "i32", 6: "f32", 7: "bool", 8: "string",
         10: "u64", 11: "i64", 12: "f64"}
TENSOR = {0: ("F32", 4), 1: ("F16", 2), 30: ("BF16", 2)}


class Reader:
    """GGUF v3 by its definition; kept apart from the converter's own library on purpose."""

    def __init__(self, path):
        self.b, self.at = path.read_bytes(), 0

    def take(self, n):
        self.at += n
        assert self.at <= len(self.b)
        return self.b[self.at - n:self.at]

    def num(self, t):
        return struct.unpack("<" + FORMATS[t], self.take(SIZES[t]))[0]

    def string(self):
        return self.take(self.num(10))

    def value(self, t):
        if t == 8:
            return json.dumps(self.string().decode("utf-8"), ensure_ascii=True)
        if t == 9:
            sub, n = self.num(4), self.num(10)
            start = self.at
            for _ in range(n):
                self.string() if sub == 8 else self.take(SIZES[sub])
            return f"[{NAMES[sub]}] {n} {hashlib.sha256(self.b[start:self.at]).hexdigest()}"
        v = self.num(t)
        return float(v).hex() if t in (6, 12) else str(v).lower() if t == 7 else str(v)


def tables(path):
    r = Reader(path)
    assert r.take(4) == b"GGUF" and r.num(4) == 3
    n_tensors, n_keys = r.num(10), r.num(10)
    meta, infos, rows = [], [], []
    for _ in range(n_keys):
        key, t = r.string().decode(), r.num(4)
        meta.append((key, "array" if t == 9 else NAMES[t], r.value(t)))
    for _ in range(n_tensors):
        name, nd = r.string().decode(), r.num(4)
        dims = [r.num(10) for _ in range(nd)]
        infos.append((name, dims, r.num(4), r.num(10)))
    data = (r.at + 31) // 32 * 32
    end = data
    for name, dims, t, off in infos:
        kind, size = TENSOR[t]
        for d in dims:
            size *= d
        assert data + off == end, name        # no holes: each begins where the one before ended, padded to 32
        end = (data + off + size + 31) // 32 * 32
        body = r.b[data + off:data + off + size]
        rows.append((name, kind, "x".join(map(str, dims)), size, hashlib.sha256(body).hexdigest()))
    assert end == len(r.b)
    return meta, rows


def tsv(path, head, rows):
    path.write_text("".join("\t".join(map(str, r)) + "\n" for r in [head, *rows]), encoding="utf-8")


class Converter:
    """The converter, loaded once, with one function answering where its table does not know a vocabulary's hash."""

    def __init__(self, root):
        sys.path[:0] = [str(root / "gguf-py"), str(root)]
        import convert_hf_to_gguf
        from conversion.base import TextModel
        self.program, self.pre, self.given = convert_hf_to_gguf, "-", "-"
        asked = TextModel.get_vocab_base_pre

        def answer(model, tokenizer):
            try:
                return asked(model, tokenizer)
            except NotImplementedError:
                self.given = self.pre
                return self.pre
        TextModel.get_vocab_base_pre = answer
        logging.disable(logging.CRITICAL)

    def run(self, source, outtype, out, pre):
        """Returns why it stopped, or None."""
        self.pre, self.given = pre, "-"
        sys.argv = ["convert_hf_to_gguf.py", str(source), "--outtype", outtype, "--outfile", str(out)]
        try:
            self.program.main()
        except (Exception, SystemExit) as e:      # whatever its reason, it is the finding
            return f"stops: {type(e).__name__}: {e}".replace("\n", " ")
        return None


def sources(pare, shared):
    yield "austen-3.7m", pare / "models/austen-3.7m", "models/austen-3.7m", "gpt-2"
    yield "stories260K", shared / "models/stories260K/hf", "shared:models/stories260K/hf", "-"
    arch = pare / "tests/vectors/arch"
    for folder in sorted(p for p in arch.iterdir() if p.is_dir()):
        yield folder.name, folder, f"tests/vectors/arch/{folder.name}", "gpt-2"


def main():
    root, pare, shared = (Path(a).resolve() for a in sys.argv[1:4])
    only, rows, converter = sys.argv[4:], [], Converter(root)
    for name, source, label, pre in sources(pare, shared):
        if only and name not in only:
            continue
        # All three types for a few: the other vectors differ from these in shapes and keys alone.
        every = name in ("austen-3.7m", "stories260K", "llama_f16", "llama_llama3") or name.endswith("_plain")
        for outtype in OUTTYPES if every else ("f32",):
            with tempfile.TemporaryDirectory() as tmp:
                out, case = Path(tmp) / "out.gguf", f"{name}-{outtype}"
                why = converter.run(source, outtype, out, pre)
                if not why:
                    meta, tensors = tables(out)
                    tsv(HERE / f"{case}.meta.tsv", ("key", "type", "value"), meta)
                    tsv(HERE / f"{case}.tensors.tsv", ("name", "type", "dims", "bytes", "sha256"), tensors)
                    why = f"{len(meta)} keys, {len(tensors)} tensors"
                rows.append((case, label, converter.given, why))
                print(*rows[-1], sep="\t", flush=True)
    if not only:
        tsv(HERE / "cases.tsv", ("case", "source", "pre_given", "result"), rows)


main()
