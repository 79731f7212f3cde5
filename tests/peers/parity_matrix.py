#!/usr/bin/env python3
"""python parity_matrix.py PARE SOURCE [STORIES] [--only MODEL…]

The whole matrix by one command: one model of each of the registry's architectures (small, random; tests/vectors/arch), some of
their harder constructs, the shipped model and stories260K, written in F32, F16 and 4 bits for every runtime at hand, and what
`pare parity` says of each against the source, which pare's own engine runs in float32 (and which the unit tests hold to
transformers' logits: tests/unit/engine/test_arch_vectors.c). Then six mistakes that converters make, in every format. Prints
the tables of docs/parity.md. Standard library only; runtimes are found as `pare runners` finds them.

Status 1: a bound broke, a runtime refused a file, or a mistake was not found. 77: no foreign runtime is here.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

args = sys.argv[1:]
only = args[args.index("--only") + 1:] if "--only" in args else []
args = args[:args.index("--only")] if only else args
pare, source = args[0], pathlib.Path(args[1])
models = ["llama_plain", "llama_gqa_tied", "llama_llama3", "llama_yarn", "mistral_plain", "mistral_window",
          "qwen2_plain", "qwen2_tied_theta", "qwen3_plain", "qwen3_head_dim_tied"]
paths = {m: source / "tests/vectors/arch" / m for m in models}
paths["austen-3.7m"] = source / "models/austen-3.7m"
if len(args) > 2:
    paths["stories260K"] = pathlib.Path(args[2])
if only:
    paths = {m: p for m, p in paths.items() if m in only}

# runtime, what convert is told
RUNTIMES = [("llama.cpp", ["--to", "gguf"]), ("onnxruntime", ["--to", "onnx", "--dialect", "standard"]),
            ("onnxruntime-genai", ["--to", "onnx", "--dialect", "genai"]), ("openvino", ["--to", "openvino"]),
            ("mlx", ["--to", "mlx"])]
bad = 0
notes = []


def run(*argv):
    return subprocess.run([pare, *map(str, argv)], capture_output=True, text=True)


def note(text):
    if text not in notes:
        notes.append(text)
    return f"[{notes.index(text) + 1}]"


def quant(runtime, bits):
    return {"4 bits": "Q4_0" if runtime == "llama.cpp" else "int4"}.get(bits, bits)


def bound(runtime, bits, own):
    if bits == "4 bits":
        return "int4"
    if own and runtime == "openvino":
        return "bf16"                       # what it takes by itself where the CPU has it
    if own and runtime == "llama.cpp":
        return "f16"                        # its state
    return {"F32": "exact", "F16": "f16"}[bits]


def own_words_differ(path):
    """Does the source name one end of text in config.json and another in its tokenizer? GGUF has room for one."""
    try:
        end = json.loads((path / "config.json").read_text())["eos_token_id"]
        name = json.loads((path / "tokenizer_config.json").read_text())["eos_token"]
        added = json.loads((path / "tokenizer.json").read_text())["added_tokens"]
        return any(t["content"] == name and t["id"] != end for t in added)
    except (OSError, KeyError):
        return False


def written(path, runtime, to, bits, tmp):
    out = pathlib.Path(tmp) / "out"
    shutil.rmtree(out, ignore_errors=True)
    if out.exists():
        out.unlink()
    done = run("convert", path, *to, "--quant", quant(runtime, bits), "-o", out, "--no-check", "--quiet")
    return out, done


def cell(path, runtime, to, bits, own, tmp):
    global bad
    out, done = written(path, runtime, to, bits, tmp)
    if done.returncode == 1:
        return "refused " + note(done.stderr.strip().split("computes: ")[-1].split(" (--allow")[0])
    if done.returncode:
        bad += 1
        return "FAILED " + note(done.stderr.strip())
    b = bound(runtime, bits, own)
    said = run("parity", path, f"{runtime}:{out}", "--bound", b, "--tokens", "96", "--greedy", "0", "--json",
               *(["--as-it-comes"] if own else []))
    if said.returncode not in (0, 1):
        bad += 1
        return "NO RUN " + note(said.stderr.strip())
    d = json.loads(said.stdout)
    c = d["matrix"][0]
    value = f"{c['logit_distance_max']:.0e}" if b == "exact" else f"{c['kld_mean']:.1e}"
    if d["verdict"] == "pass":
        return value
    why = note(d["reasons"][0].split(": ", 1)[-1])
    if c["within"] and own_words_differ(path):
        return f"{value} {why}"
    bad += 1
    return f"**{value}** {why}"


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    for r in rows:
        print("| " + " | ".join(r) + " |", flush=True)
    print()


def matrix(here, tmp):
    for own in (False, True):
        names = [m for m in paths if not own or m in ("austen-3.7m", "stories260K")]
        print("Float32 asked for:\n" if not own else "As each runtime comes:\n")
        table(["model", "weights"] + [r for r, _ in here],
              ([m, bits] + [cell(paths[m], r, to, bits, own, tmp) for r, to in here]
               for m in names for bits in ("F32", "F16", "4 bits")))


L = "model.layers.1."
MISTAKES = [  # name, what is done to a copy of the model, what a message holds: any of these
    ("queries transposed", ["transpose", L + "self_attn.q_proj.weight"], ["is the transpose", "a matrix of queries or keys"]),
    ("output transposed", ["transpose", L + "self_attn.o_proj.weight"], ["is the transpose", "a matrix of values, output"]),
    ("norms swapped", ["swap", L + "input_layernorm.weight", L + "post_attention_layernorm.weight"], ["swapped", "a norm"]),
    ("wrong RoPE base", {"config.json": ('"rope_theta": 10000.0', '"rope_theta": 5000.0')}, ["base of the rotation", "the rotation (base"]),
    ("wrong eos", {f: ('"eos_token_id": 0', '"eos_token_id": 2') for f in ("config.json", "generation_config.json")},
     ["end a text"]),
    ("one merge wrong", {"tokenizer.json": (', "in ci"]', "]")}, ["merges, in the reference"]),
    ("no chat template", {"tokenizer_config.json": ('"chat_template": "{{ messages }}",', "")}, ["chat template is missing"]),
]


def mistake(good, broken, how, tmp):
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(good, broken)
    if isinstance(how, list):
        subprocess.run(["perl", source / "tests/cli/judge/break.pl", broken / "model.safetensors", *how], check=True)
        return
    for name, (old, new) in how.items():
        text = (broken / name).read_text(encoding="utf-8")
        assert old in text, (name, old)
        text = text.replace(old, new)
        if "eos" in old:                    # its word too: GGUF takes that
            other = broken / "tokenizer_config.json"
            other.write_text(other.read_text().replace('"eos_token": "<|endoftext|>"', '"eos_token": "<|pad|>"'))
        (broken / name).write_text(text, encoding="utf-8")


def caught(good, broken, runtime, to, signs, tmp):
    global bad
    out, done = written(broken, runtime, to, "F32", tmp)
    if done.returncode:
        bad += 1
        return "not written " + note(done.stderr.strip())
    said = run("parity", good, f"{runtime}:{out}", "--tokens", "48", "--greedy", "0", "--json")
    if said.returncode != 1:
        bad += 1
        return "**NOT FOUND** " + said.stderr.strip()
    for s in signs:
        if any(s in r for r in json.loads(said.stdout)["reasons"]):
            return "by name" if s == signs[0] else "by its effect"
    bad += 1
    return "**another reason** " + note("; ".join(json.loads(said.stdout)["reasons"]))


def broken(here, tmp):
    good, copy = pathlib.Path(tmp) / "good", pathlib.Path(tmp) / "broken"
    shutil.copytree(source / "models/austen-3.7m", good, ignore=shutil.ignore_patterns("text", "training"))
    f = good / "tokenizer_config.json"
    f.write_text(f.read_text().replace("{", '{"chat_template": "{{ messages }}",', 1))
    rows = []
    for name, how, signs in MISTAKES:
        mistake(good, copy, how, tmp)
        rows.append([name] + [caught(good, copy, r, to, signs, tmp) for r, to in here])
    print("One mistake at a time in the shipped model, found:\n")
    table(["mistake"] + [r for r, _ in here], rows)


found = {r["name"]: r["version"] for r in json.loads(run("runners", "--json").stdout)["runners"] if r["found"]}
here = [(r, to) for r, to in RUNTIMES if r in found]
if not here:
    print("skipped: no foreign runtime is here (pare runners)")
    sys.exit(77)
print("Versions: " + ", ".join(f"{k} {v}" for k, v in found.items() if k != "native") + "; pare " + found["native"] + ".\n")
with tempfile.TemporaryDirectory() as tmp:
    matrix(here, tmp)
    if "austen-3.7m" in paths:
        broken(here, tmp)
for i, text in enumerate(notes):
    print(f"[{i + 1}] {text}  ")
sys.exit(1 if bad else 0)
