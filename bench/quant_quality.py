#!/usr/bin/env python3
"""pare's mixed allocation beside llama-quantize's mixes, at equal bytes: divergence on held-out text.

    PARE_LLAMA_TOOLS=FOLDER bench/quant_quality.py PARE MODEL --calib TEXT --heldout TEXT

FOLDER holds llama-quantize and llama-imatrix (llama.cpp). Both sides see the same calibration text:
llama-imatrix makes its importance matrix from it, pare its importances and its measurements. pare
gets the bytes of llama-quantize's file as its budget and may use fewer. Both files are then
evaluated by `pare eval` against MODEL on the held-out text, which must share no line of 40
characters or more with the calibration text (checked by hash). Builds nothing, keeps its files in
--work, where a second run finds them again: one folder for one MODEL and one TEXT. Status 1 where a
type misses the goal: 20 % less, bounds that do not meet.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

GOAL = 0.20


def run(command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode != 0:
        sys.exit(f"quant_quality: {command[0]} ended with {done.returncode}:\n"
                 f"{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def tool(name):
    folder = os.environ.get("PARE_LLAMA_TOOLS")
    path = pathlib.Path(folder or ".") / name
    if not folder or not path.exists():
        sys.exit(f"quant_quality: lacks {name}: set PARE_LLAMA_TOOLS to the folder that has it")
    return path


def hashes(path):
    """Of the lines that are long enough to say something."""
    lines = (line.strip() for line in path.read_bytes().split(b"\n"))
    return {hashlib.sha256(line).digest() for line in lines if len(line) >= 40}


def check_disjoint(calib, heldout):
    common = hashes(calib) & hashes(heldout)
    if common or not hashes(heldout):
        sys.exit(f"quant_quality: {len(common)} lines of the held-out text stand in the calibration text")


def kld(args, model):
    out = run([args.pare, "eval", model, "--against", args.model, "-f", args.heldout, "--json"]
              + (["--windows", args.windows] if args.windows else []))
    metric = next(m for m in json.loads(out)["metrics"] if m["name"] == "kld_mean")
    return {key: metric[key] for key in ("value", "lo", "hi", "n")}


def one_type(args, work, base, imatrix, name):
    theirs, ours = work / f"llama-{name}.gguf", work / f"pare-{name}.gguf"
    run([tool("llama-quantize"), "--imatrix", imatrix, base, theirs, name])
    size = theirs.stat().st_size
    start = time.monotonic()
    told = json.loads(run([args.pare, "quantize", args.model, "--size", size, "--calib", args.calib,
                           "--effort", args.effort, "--records", work / "records.db", "-o", ours, "--json", *args.more.split()]))
    seconds = time.monotonic() - start
    a, b = kld(args, theirs), kld(args, ours)
    allocation = told["allocation"]
    return {"type": name, "llama_bytes": size, "pare_bytes": ours.stat().st_size, "bpw": told["bpw"],
            "llama_kld": a, "pare_kld": b, "less": 1 - b["value"] / a["value"],
            "apart": b["hi"] < a["lo"], "seconds": seconds,
            "predicted": allocation["predicted_kld"], "measured": allocation["measured_kld"],
            "met": ours.stat().st_size <= size and 1 - b["value"] / a["value"] >= GOAL and b["hi"] < a["lo"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pare", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("model", type=pathlib.Path, help="a Hugging Face directory or a GGUF file of floats")
    parser.add_argument("--calib", type=pathlib.Path, required=True)
    parser.add_argument("--heldout", type=pathlib.Path, required=True)
    parser.add_argument("--types", default="Q4_K_M,Q3_K_M,IQ4_XS")
    parser.add_argument("--effort", default="medium")
    parser.add_argument("--chunks", type=int, default=128, help="of 256 tokens that llama-imatrix reads")
    parser.add_argument("--windows", type=int, default=0, help="of the held-out text; 0: all")
    parser.add_argument("--more", default="", help="further options of pare quantize, in one word")
    parser.add_argument("--work", type=pathlib.Path, help="a folder for the files; else one that is removed")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here too")
    args = parser.parse_args()
    check_disjoint(args.calib, args.heldout)
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or pathlib.Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        base, imatrix = work / "base.gguf", work / "imatrix.gguf"
        if not base.exists():
            run([args.pare, "convert", args.model, "--to", "gguf", "-o", base, "--no-check"])
        if not imatrix.exists():  # llama-imatrix writes its file before it is whole
            part = work / "imatrix-part.gguf"
            run([tool("llama-imatrix"), "-m", base, "-f", args.calib, "-o", part, "-c", 256, "--chunks", args.chunks])
            part.rename(imatrix)
        rows = []
        print(f"{args.model.name}: KLD against the source on {args.heldout.name}, "
              f"95 % bounds; calibration on {args.calib.name}\n")
        print("| type | llama-quantize, bytes | pare, bytes | llama-quantize | pare | less | bounds apart |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name in args.types.split(","):
            r = one_type(args, work, base, imatrix, name)
            rows.append(r)
            shown = [f"{k['value']:.5f} ({k['lo']:.5f} to {k['hi']:.5f})" for k in (r["llama_kld"], r["pare_kld"])]
            print(f"| {name} | {r['llama_bytes']:,} | {r['pare_bytes']:,} | {shown[0]} | {shown[1]} | "
                  f"{100 * r['less']:.1f} % | {'yes' if r['apart'] else 'no'} |", flush=True)
        if args.json:
            args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"\nthe goal, {100 * GOAL:.0f} % less and bounds apart, is met by "
          f"{sum(r['met'] for r in rows)} of {len(rows)}")
    return 0 if all(r["met"] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
