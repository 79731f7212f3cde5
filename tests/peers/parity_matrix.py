#!/usr/bin/env python3
"""python parity_matrix.py PARE SOURCE RUNNER_LOGITS [STORIES] [--only MODEL…]

The whole matrix by one command. Models: every architecture of the registry at sizes that all 4-bit groups, blocks and heads of the
runtimes take (transformers_side.py makes them), the shipped model, stories260K, and every architecture vector
(tests/vectors/arch: small, each with one construct of its own). Each is written in F32, F16 and 4 bits for every runtime at hand
and compared with the source, which pare's own engine runs in float32 and which transformers runs beside it; what OpenVINO's
logits say its GenAI must write; pare reads the files back and is held to the runtime on the very same file. Then six mistakes that
converters make, in every format. Prints docs/parity-matrix.md. Standard library only; runtimes are found as `pare
runners` finds them, transformers by PARE_PEERS_PYTHON, OpenVINO's GenAI by PARE_OPENVINO_PYTHON.

A cell is a figure within its bound, `refused` with pare's words, or bold. Status 1: a cell is bold, or a mistake was not found. 77:
no foreign runtime is here.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

args = sys.argv[1:]
only = args[args.index("--only") + 1:] if "--only" in args else []
args = args[:args.index("--only")] if only else args
pare, source, runner_logits = args[0], pathlib.Path(args[1]), args[2]
peers, openvino = os.environ.get("PARE_PEERS_PYTHON"), os.environ.get("PARE_OPENVINO_PYTHON")
here_dir = pathlib.Path(__file__).resolve().parent

# runtime, what convert is told
RUNTIMES = [("llama.cpp", ["--to", "gguf"]), ("onnxruntime", ["--to", "onnx", "--dialect", "standard"]),
            ("onnxruntime-genai", ["--to", "onnx", "--dialect", "genai"]), ("openvino", ["--to", "openvino"]),
            ("mlx", ["--to", "mlx"])]
BITS = ["F32", "F16", "4 bits"]
TOKENS = 96
BOUNDS = {"exact": 1e-4, "f16": 2e-5, "bf16": 1.1e-3, "int8": 5e-3, "int4": 0.5}    # docs/parity.md
EPSILON2, SENSITIVITY = 4.4e-8, 50      # of F16, and what the bounds take for a model's: docs/parity.md
# Of pare's engine on the file that the runtime has: the weights are the same, what is left is the runtime's arithmetic.
READ = {"llama.cpp": ["exact", "f16", "int8"], "onnxruntime": ["exact", "f16", "exact"],
        "onnxruntime-genai": ["exact", "f16", "int8"], "openvino": ["exact"] * 3, "mlx": ["exact"] * 3}
bad = 0
notes = []
measured = {}


def run(*argv):
    return subprocess.run([pare, *map(str, argv)], capture_output=True, text=True)


def note(text):
    text = " ".join(text.replace(str(work), "").split())
    if text not in notes:
        notes.append(text)
    return f"[{notes.index(text) + 1}]"


def wrong(text, why):
    global bad
    bad += 1
    return f"**{text}** {note(why)}"


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


def write(path, to, quantity, out):
    return run("convert", path, *to, "--quant", quantity, "-o", out, "--no-check", "--quiet", "--threads", "1")


def unread(out):
    """Why pare does not read what it wrote; empty: it does."""
    done = run("assess", out, "--json")
    return done.stderr.strip() or "no words" if done.returncode else ""


def compare(path, sides, b, own):
    """What `pare parity` says of these sides against the source; a text where it could not run them all."""
    said = run("parity", path, *sides, "--bound", b, "--tokens", TOKENS, "--greedy", "0", "--json", "--threads", "1",
               *(["--as-it-comes"] if own else []))
    return json.loads(said.stdout) if said.returncode in (0, 1) else said.stderr.strip()


def pair(d, i, k):
    return next(c for c in d["matrix"] if c["reference"] == i and c["model"] == k)


def figure(c, b):
    return c["logit_distance_max"] if b == "exact" else c["kld_mean"]


def shown(c, b):
    return f"{figure(c, b):.0e}" if b == "exact" else f"{figure(c, b):.1e}"


def sensitivity(name):
    """What F16 weights cost a model where nothing foreign is: written as a directory of safetensors, run by pare's engine."""
    if name not in measured:
        out = work / "out" / name / "f16-hf"
        out.parent.mkdir(parents=True, exist_ok=True)
        done = write(paths[name], ["--to", "hf"], "F16", out)
        d = compare(paths[name], [f"native:{out}"], "int4", False) if done.returncode == 0 else done.stderr
        measured[name] = pair(d, 0, 1)["kld_mean"] / EPSILON2 if isinstance(d, dict) else 0.0
    return measured[name]


def allowed(name, b, far):
    """The bound, and a note where it is another than the table's: a model that F16 weights alone move more than the
    sensitivity in the table would, gets its own (docs/parity.md)."""
    if b != "f16" or far <= BOUNDS[b] or sensitivity(name) <= SENSITIVITY:
        return BOUNDS[b], ""
    most = 4 * 2 * EPSILON2 * sensitivity(name)
    return most, " " + note(f"{name}: F16 weights alone, in safetensors and pare's engine, cost {sensitivity(name) * EPSILON2:.1e} nats "
                            f"(S = {sensitivity(name):.0f}, the table takes {SENSITIVITY}): at most {most:.1e}")


def held(name, c, b, reasons, spec, what):
    """A cell: the figure if it is within its bound and nothing was said of the model but how far it is."""
    most, why = allowed(name, b, figure(c, b))
    reasons = [r for r in reasons if not r.startswith(spec + " (")]
    if figure(c, b) > most:
        return wrong(shown(c, b), f"{what} (at most {most:.1e})")
    return wrong(shown(c, b), reasons[0][len(spec):].lstrip(":")) if reasons else shown(c, b) + why


def judge(name, d, at, b, spec):
    reasons = [r for r in d["reasons"] if r.startswith((spec + ":", spec + " ("))]
    return held(name, pair(d, 0, at), b, reasons, spec, "too far from the source")


def judge_read(name, d, i, k, b, spec):
    reasons = [r for r in d["reasons"] if r.startswith(spec + ":")]
    return held(name, pair(d, i, k), b, reasons, spec, "pare reads the file and is too far from its runtime")


def line(name, bits, own=False):
    """One model in one precision: {runtime: cell}, {runtime: cell of reading back}."""
    path, cells, back, outs = paths[name], {}, {}, {}
    for runtime, to in RUNTIMES:
        if runtime not in found:
            cells[runtime] = back[runtime] = "not at hand"
            continue
        out = work / "out" / name / bits.replace(" ", "") / runtime
        out.parent.mkdir(parents=True, exist_ok=True)
        done = out.exists() or write(path, to, quant(runtime, bits), out)
        if done is True or done.returncode == 0:
            outs[runtime] = out
        elif done.returncode == 1:
            cells[runtime] = "refused " + note(done.stderr.strip().split("computes: ")[-1].split(" (--allow")[0])
            back[runtime] = "–"
        else:
            cells[runtime], back[runtime] = wrong("FAILED", done.stderr.strip()), "–"
    why = {} if own else {r: unread(outs[r]) for r in outs}
    read = [r for r in why if not why[r]]
    groups = {}
    for r in outs:
        groups.setdefault(bound(r, bits, own), []).append(r)
    for b, names in groups.items():
        told = compare_all(path, [(r, outs[r], r in read) for r in names], b, own)
        for r, (d, at, native) in told.items():
            spec = f"{r}:{outs[r]}"
            back[r] = "refused " + note(why[r]) if why.get(r) else "–"
            if isinstance(d, str):
                cells[r] = wrong("NO RUN", d)
                continue
            cells[r] = judge(name, d, at, b, spec)
            if native:
                back[r] = judge_read(name, d, at, native, READ[r][BITS.index(bits)], f"native:{outs[r]}")
    return cells, back


def compare_all(path, sides, b, own):
    """{runtime: (what was said or why not, its place, the place of the file read back or 0)}: in one run, or, where that fails, one
    by one, so that the failure has a name."""
    specs, places = [], {}
    for r, out, read in sides:
        specs.append(f"{r}:{out}")
        places[r] = [len(specs), 0]
        if read:
            specs.append(f"native:{out}")
            places[r][1] = len(specs)
    d = compare(path, specs, b, own)
    if not isinstance(d, str) or len(sides) == 1:
        return {r: (d, *places[r]) for r, _, _ in sides}
    return {k: v for side in sides for k, v in compare_all(path, [side], b, own).items()}


def transformers():
    """{model: distance of pare's engine from transformers, both in float32, as a share of the largest logit}."""
    if not peers:
        return {}
    ids = work / "ids"
    listed = work / "list"
    folder = work / "logits"
    folder.mkdir()
    seen = {}
    lines = []
    for m, path in paths.items():
        n = json.loads((path / "config.json").read_text())["vocab_size"]
        at = folder / (m + ".ids")
        at.write_text(" ".join(str((i * 7919 + 11) % n) for i in range(TOKENS)))
        lines.append(f"{path}\t{at}\t{folder / m}.theirs")
    listed.write_text("\n".join(lines))
    subprocess.run([peers, here_dir / "transformers_side.py", "logits", listed], check=True, capture_output=True)
    for m, path in paths.items():
        done = subprocess.run([runner_logits, "native", path, f"{folder / m}.ours"], stdin=open(folder / (m + ".ids")),
                              capture_output=True, text=True)
        if done.returncode:
            seen[m] = wrong("NO RUN", done.stderr)
            continue
        ours, theirs = ([x for x, in struct.iter_unpack("<f", pathlib.Path(f"{folder / m}.{w}").read_bytes())]
                        for w in ("ours", "theirs"))
        assert len(ours) == len(theirs), m
        far = max(abs(a - b) for a, b in zip(ours, theirs)) / max(map(abs, theirs))
        seen[m] = f"{far:.0e}" if far <= BOUNDS["exact"] else wrong(f"{far:.0e}", "pare's engine against transformers")
    return seen


def genai():
    """{(model, bits): cell}: OpenVINO's GenAI, opened as the folder is."""
    folders = [p.parent for p in sorted((work / "out").glob("*/*/openvino/openvino_model.xml"))]
    if not openvino or not folders:
        return {}
    (work / "folders").write_text("\n".join(map(str, folders)))
    said = subprocess.run([openvino, here_dir / "openvino_genai_ids.py", work / "folders"], capture_output=True, text=True)
    told = dict(x.split("\t", 1) for x in said.stdout.splitlines() if "\t" in x)
    seen = {}
    for f in folders:
        what = told.get(str(f), "it ended: " + said.stderr[-300:])
        key = f.parent.parent.name, {"4bits": "4 bits"}.get(f.parent.name, f.parent.name)
        seen[key] = "same" if what == "same" else wrong("OTHER", what)
    return seen


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)
    for r in rows:
        print("| " + " | ".join(r) + " |", flush=True)
    print()


def joined(cells):
    """Three precisions in one cell; the same words once."""
    return cells[0] if len(set(cells)) == 1 else " · ".join(cells)


def matrix():
    names = [r for r, _ in RUNTIMES]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        keys = [(m, b) for m in paths for b in BITS]
        lines = dict(zip(keys, pool.map(lambda k: line(*k), keys)))
    said, text = transformers(), genai()
    wide = [m for m in paths if m not in vectors]

    def written(m, b):
        other = "refused" if lines[m, b][0]["openvino"].startswith("refused") else "not at hand"
        return text.get((m, b), other)

    print("Float32 asked for, against the source (F32: distance of logits; else mean KLD in nats):\n")
    table(["model", "weights", *names, "OpenVINO GenAI", "transformers"],
          [[m, b] + [lines[m, b][0][r] for r in names] + [written(m, b), said.get(m, "not at hand") if b == "F32" else ""]
           for m in wide for b in BITS])
    print("The same files read by pare, its engine against the runtime on the very same file:\n")
    table(["model", "weights", *names], [[m, b] + [lines[m, b][1][r] for r in names] for m in wide for b in BITS])
    print("The architecture vectors, F32 · F16 · 4 bits:\n")
    table(["vector", *names, "OpenVINO GenAI", "transformers"],
          [[m] + [joined([lines[m, b][0][r] for b in BITS]) for r in names] +
           [joined([written(m, b) for b in BITS]), said.get(m, "not at hand")] for m in vectors])
    print("and read by pare, the largest of all vectors:\n")
    table(["weights", *names], [[b] + [worst([lines[m, b][1][r] for m in vectors]) for r in names] for b in BITS])
    own = [m for m in ("austen-3.7m", "stories260K") if m in paths]
    print("As each runtime comes:\n")
    table(["model", "weights", *names], [[m, b] + [c[r] for r in names] for m in own for b in BITS for c in [line(m, b, True)[0]]])


def worst(cells):
    """Of cells that hold figures; else what most say."""
    if any("**" in c for c in cells):
        return next(c for c in cells if "**" in c)
    values = [float(c.split(" ")[0]) for c in cells if re.match(r"[0-9]", c)]
    return f"{max(values):.1e} ({len(values)})" if values else max(set(cells), key=cells.count)


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
    out = pathlib.Path(tmp) / "out-of-broken"
    shutil.rmtree(out, ignore_errors=True)
    out.unlink(missing_ok=True)
    done = write(broken, to, "F32", out)
    if done.returncode:
        return wrong("not written", done.stderr.strip())
    said = run("parity", good, f"{runtime}:{out}", "--tokens", "48", "--greedy", "0", "--json")
    if said.returncode != 1:
        return wrong("NOT FOUND", said.stderr.strip())
    for s in signs:
        if any(s in r for r in json.loads(said.stdout)["reasons"]):
            return "by name" if s == signs[0] else "by its effect"
    return wrong("another reason", "; ".join(json.loads(said.stdout)["reasons"]))


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


def models(names):
    """Folders by name; a vector's is a copy whose config.json and tokenizer name the same ends."""
    for name in names:
        to = work / "src" / name
        shutil.copytree(source / "tests/vectors/arch" / name, to)
        f = to / "config.json"
        f.write_text(f.read_text().replace('"eos_token_id": 60', '"eos_token_id": 61').replace('"bos_token_id": 59',
                                                                                                '"bos_token_id": 60'))
        yield name, to


found = {r["name"]: r["version"] for r in json.loads(run("runners", "--json").stdout)["runners"] if r["found"]}
here = [(r, to) for r, to in RUNTIMES if r in found]
if not here:
    print("skipped: no foreign runtime is here (pare runners)")
    sys.exit(77)
print("# The whole matrix\n\nMade by `make matrix` (tests/peers/parity_matrix.py tells how; docs/parity.md what the bounds are).\n")
print("Versions: " + ", ".join(f"{k} {v}" for k, v in found.items() if k != "native") + "; pare " + found["native"] + ".\n")
with tempfile.TemporaryDirectory() as tmp:
    work = pathlib.Path(tmp)
    vectors = [x.split("\t")[0] for x in (source / "tests/vectors/arch/cases.tsv").read_text().splitlines()[1:]]
    paths = {}
    if peers:
        (work / "src").mkdir()
        subprocess.run([peers, here_dir / "transformers_side.py", "make", work / "src"], check=True, capture_output=True)
        paths = {p.name: p for p in sorted((work / "src").iterdir())}
    paths["austen-3.7m"] = source / "models/austen-3.7m"
    if len(args) > 3:
        paths["stories260K"] = pathlib.Path(args[3])
    if only:
        vectors = [v for v in vectors if v in only]
        paths = {m: p for m, p in paths.items() if m in only}
    paths.update(models(vectors))
    matrix()
    if "austen-3.7m" in paths:
        broken(here, tmp)
for i, text in enumerate(notes):
    print(f"- [{i + 1}] {text}")
sys.exit(1 if bad else 0)
