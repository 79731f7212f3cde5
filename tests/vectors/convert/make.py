#!/usr/bin/env python3
"""Runs llama.cpp's own converter and keeps what it wrote: hashes of every tensor, every metadata key.

    python make.py LLAMA_CPP PARE SHARED [CASE… | cards]

LLAMA_CPP: vendor/llama.cpp of the source distribution llama-cpp-python 0.3.36; PARE: this project's root (models/ and
tests/vectors/arch are read); SHARED: the folder with models/stories260K. transformers 5.23.0, torch 2.13.0+cpu.

The converter stops at a vocabulary whose hash it does not know; for these cases the name is given to it here, and
cases.tsv says which. Everything else is the converter as it is. README.md describes the files.
"""
import hashlib
import json
import logging
import shutil
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


# What stands beside the weights of llama_f16 (9568 values): the files of cards/<case>, in a folder of this name.
CARDS = (
    ("spdx", "Meta-Llama-3-8B-Instruct"), ("other", "Qwen2.5-0.5B"), ("licences", "Mistral-7B-Instruct-v0.3"),
    ("direct", "tiny-llama-v1.1"), ("creator", "tiny-9K-chat-v2"), ("tabs", "tiny_model"), ("unclosed", "foo"),
    ("crlf", "foo"), ("no_front", "foo"), ("empty", "foo"), ("nothing", "foo"), ("list", "foo"), ("broken", "foo"),
    ("alias", "foo"), ("twice", "foo"), ("named", "foo-v2"), ("named_path", "tiny-10K-128k-v1.1"), ("named_dot", "foo"),
    ("named_empty", "tiny-9k-instruct"), ("named_bare", "foo"), ("generation", "foo"), ("generation_two", "foo"),
    ("chat_string", "foo"), ("chat_list", "foo"), ("chat_list_no_default", "foo"), ("chat_jinja", "foo"),
    ("chat_both", "foo"), ("chat_null", "foo"), ("chat_json", "foo"), ("chat_more", "foo"), ("added", "a name"))
# Names, each also as the converter sees it beside weights of so many values (0: unknown).
TOTALS = (0, 8_000_000_000, 500_000_000, 9568)
IDS = """Meta-Llama-3-8B-Instruct Qwen2.5-0.5B Qwen/Qwen2.5-0.5B-Instruct Mistral-7B-Instruct-v0.3 mistralai/Mixtral-8x7B-v0.1
foo foo-v1 foo-chat v2 2 foo-2-3-chat Llama-2-7b-chat-hf phi-2 Phi-3-mini-4k-instruct Phi-3.5-MoE-instruct bloom-7b1 bloom-7b1-chat
bloomz-7b1-mt smollm-135M SmolLM2-1.7B-Instruct TinyLlama-1.1B-Chat-v1.0 gemma-2-2b-it Qwen3-30B-A3B Qwen3-30B-A3B-Instruct-2507
Nous-Hermes-2-Mixtral-8x7B-DPO NeuralHermes-2.5-Mistral-7B gpt2 gpt2-xl gpt2-medium opt-1.3b-large flan-t5-xxl t5-small-7B
Yi-1.5-34B-200K Yi-34B-200K Llama-3-8B-Instruct-262k Llama-3.1-8B-Instruct-1M Yarn-Llama-2-7b-64k longchat-7b-v1.5-32k model-Q4_K_M
model-7B-q8_0-gguf model-7B-f16 model-bf16 model-IQ2_XS model-q4_k_m-chat a--b---7B- -7B- 7B 7B-model Instruct Chat-7B small
small-chat foo-small foo-0_5B foo-1_5b-v1 foo-8X7b foo-a3b foo-A14B-8B foo-3x-7B foo-7.5B1 foo-iter1 foo-ITER2.1 foo-V3 foo-v3. foo-v
foo-1.2.3 foo.bar-1.2b-7B-7b foo-7B-7B foo-lora foo-Vision-11B ./foo-7B ../foo org/ /foo org/sub/foo-7B a_b-c_d-1T foo-100K
foo-7B-v1-v2 foo-v1-7B-v2 foo-2-7B-2 1-2-3 x-1 été-7B Ж-v1 foo-é a~b foo-7b12 foo-7bb foo-.5B foo-5.B fp16-7B
Hermes-3-Llama-3.1-8B DeepSeek-R1-Distill-Qwen-1.5B Llama-3.2-1B-Instruct-Q8_0 OLMo-2-0425-1B MiniCPM3-4B starcoder2-3b
CodeLlama-34b-Python-hf falcon-40b-instruct mpt-30b-chat Baichuan2-13B-Base stablelm-zephyr-3b openchat_3.5 zephyr-7b-beta""".split()
IDS += ["A sentence about 7B", "org/with blank-7B", "", "-", "--7B"]


def names(path):
    from gguf.metadata import Metadata

    def say(v):
        return "~" if v is None else json.dumps(v, ensure_ascii=False)
    rows = [(json.dumps(i, ensure_ascii=False), total, *map(say, Metadata.get_model_id_components(i, total)))
            for i in IDS for total in TOTALS]
    tsv(path, ("id", "values", "name", "organization", "basename", "finetune", "version", "size_label"), rows)


def cards(converter, pare):
    rows = []
    for name, folder in CARDS:
        with tempfile.TemporaryDirectory() as tmp:
            source, out = Path(tmp) / folder, Path(tmp) / "out.gguf"
            shutil.copytree(pare / "tests/vectors/arch/llama_f16", source)
            shutil.copytree(HERE / "cards" / name, source, dirs_exist_ok=True)
            why = converter.run(source, "f32", out, "gpt-2")
            if not why:
                meta, _ = tables(out)
                tsv(HERE / "cards" / f"{name}.meta.tsv", ("key", "type", "value"), meta)
                why = f"{len(meta)} keys"
            rows.append((name, folder, why.replace(tmp, "TMP")))
            print(*rows[-1], sep="\t", flush=True)
    tsv(HERE / "cards.tsv", ("case", "folder", "result"), rows)


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
    if not only or only == ["cards"]:
        cards(converter, pare)
        names(HERE / "names.tsv")
    if not only:
        tsv(HERE / "cases.tsv", ("case", "source", "pre_given", "result"), rows)


main()
