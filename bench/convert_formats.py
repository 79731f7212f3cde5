#!/usr/bin/env python3
"""convert_formats.py - a model of 1.1 B into each 4-bit format, by pare and by the format's own tool.

    cmake --build --preset release --target pare_program make_model
    PARE_PEERS_PYTHON=... PARE_MLX_PYTHON=... PARE_GENAI_PYTHON=... PARE_OPTIMUM_PYTHON=... \\
        python3 bench/convert_formats.py [--rounds 3] [--only gguf,mlx] [--cold] [--work DIR]

Makes a Llama of random weights (tools/make_model: 2.2 GB of BF16), then in each round and for each
format, side by side: the disk's share, pare, the format's own tool. Prints a table in Markdown.

wall     seconds; the median over the rounds, and the least and the most
CPU      user and system seconds of the process and its children, the median
anon     the most RssAnon of the process and all below it, looked at every 20 ms: memory that no
         file backs. pare runs under `ulimit -d 524288` (512 MB of data), the others do not.
I/O      reading the source and writing as many bytes as pare's result has, with fsync, as one
         process does it that computes nothing. Warm: the source is in the page cache, as far as it
         fits. --cold drops it before every run.

Needs: a Python with torch, transformers, gguf and llama_cpp, and PARE_LLAMA_SOURCE, the folder of
llama.cpp's convert_hf_to_gguf.py; one with mlx_lm; one with onnxruntime_genai, torch and onnx_ir;
one with optimum-intel and nncf. A tool that is not there is left out, and the table says so.
Only the standard library is used here.
"""
import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 512 << 20
EVERY_S = 0.02

# The random model's vocabulary is nobody's, so llama.cpp knows no pre-tokenizer for it.
GGUF_TOOL = """
import ctypes, os, runpy, sys
src, out, tools, threads = sys.argv[1:5]
sys.path.insert(0, tools)
from conversion.base import TextModel
TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
mid = out + ".bf16"
sys.argv = ["convert_hf_to_gguf.py", src, "--outtype", "bf16", "--outfile", mid]
try:
    runpy.run_path(os.path.join(tools, "convert_hf_to_gguf.py"), run_name="__main__")
except SystemExit as e:
    if e.code: raise
import llama_cpp as l
p = l.llama_model_quantize_default_params()
p.ftype = 15  # Q4_K_M
p.nthread = int(threads)
bad = l.llama_model_quantize(mid.encode(), out.encode(), ctypes.byref(p))
os.remove(mid)
sys.exit(bad)
"""


def tools(src, threads):
    """name, quantization, its own tool, the Python it runs in, the command behind that Python"""
    env = os.environ.get
    yield ("gguf", "Q4_K_M", "llama.cpp: convert_hf_to_gguf, then llama_model_quantize",
           env("PARE_PEERS_PYTHON") if env("PARE_LLAMA_SOURCE") else None,
           lambda out: ["-c", GGUF_TOOL, src, out, env("PARE_LLAMA_SOURCE"), str(threads)])
    yield ("mlx", "int4", "mlx_lm.convert", env("PARE_MLX_PYTHON"),
           lambda out: ["-m", "mlx_lm", "convert", "--hf-path", src, "--mlx-path", out, "-q",
                        "--q-bits", "4", "--q-group-size", "64"])
    yield ("onnx", "int4", "onnxruntime_genai.models.builder", env("PARE_GENAI_PYTHON"),
           lambda out: ["-m", "onnxruntime_genai.models.builder", "-i", src, "-o", out, "-p",
                        "int4", "-e", "cpu", "-c", out + ".cache"])
    yield ("openvino", "int4", "optimum-intel with NNCF", env("PARE_OPTIMUM_PYTHON"),
           lambda out: ["-m", "optimum.commands.optimum_cli", "export", "openvino", "-m", src,
                        "--task", "text-generation-with-past", "--weight-format", "int4", out])


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    if os.path.exists(path):
        os.remove(path)


def below(pid):
    """the process and all that descend from it"""
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        try:
            for t in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{t}/children") as f:
                    todo += [int(c) for c in f.read().split()]
        except OSError:
            pass
    return out


def anon_of(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def measure(argv, log, limit=None):
    """runs argv: {wall, cpu, anon, rc}"""
    def bound():
        if limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1",
             "OPENVINO_TELEMETRY": "0", "ORT_DISABLE_TELEMETRY": "1"}
    most, done = [0], threading.Event()
    start = time.monotonic()
    with open(log, "ab") as f:
        p = subprocess.Popen(argv, stdout=f, stderr=f, stdin=subprocess.DEVNULL,
                             env={**os.environ, **quiet}, preexec_fn=bound)

    def watch():
        while not done.wait(EVERY_S):
            most[0] = max(most[0], sum(anon_of(q) for q in below(p.pid)))
    t = threading.Thread(target=watch)
    t.start()
    _, status, use = os.wait4(p.pid, 0)
    wall = time.monotonic() - start
    p.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    t.join()
    return {"wall": wall, "cpu": use.ru_utime + use.ru_stime, "anon": most[0],
            "rc": p.returncode}


COPY = """
import os, sys
src, out, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
buf = memoryview(bytearray(1 << 20))
for name in os.listdir(src):
    with open(os.path.join(src, name), "rb", buffering=0) as f:
        while f.readinto(buf): pass
with open(out, "wb", buffering=0) as f:
    while size > 0: size -= f.write(buf[:min(size, len(buf))])
    os.fsync(f.fileno())
"""


def forget(src):
    for name in os.listdir(src):
        fd = os.open(os.path.join(src, name), os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def spread(runs, key):
    v = [r[key] for r in runs]
    mid = statistics.median(v)
    return f"{mid:.1f}" + (f" ({min(v):.1f}…{max(v):.1f})" if len(v) > 1 else "")


def mid(runs, key):
    return statistics.median(r[key] for r in runs)


def row(name, runs):
    return (f"| {name} | {spread(runs, 'wall')} | {mid(runs, 'cpu'):.1f} | "
            f"{max(r['anon'] for r in runs) / 1e6:.0f} MB |")


def report(kinds, runs, args):
    print(f"\nOne Llama of {args.shape} with random weights, BF16; {args.rounds} rounds, "
          f"the source {'dropped from' if args.cold else 'in'} the page cache before each run; "
          f"{args.threads} threads; load {os.getloadavg()[0]:.1f}.\n")
    print("| conversion | wall s | CPU s | anonymous |\n|---|---|---|---|")
    lines = []
    for name, quant, tool, _, _ in kinds:
        io, own, peer = (runs[(name, k)] for k in ("io", "pare", "tool"))
        if not own:
            continue
        print(row(f"{name} {quant}: read and write only", io))
        print(row(f"{name} {quant}: pare", own))
        if not peer:
            print(f"| {name} {quant}: {tool} | not here | | |")
            continue
        print(row(f"{name} {quant}: {tool}", peer))
        lines.append(f"{name}: {mid(peer, 'wall') / mid(own, 'wall'):.1f} times faster by the "
                     f"wall's clock, {mid(peer, 'cpu') / mid(own, 'cpu'):.1f} by the CPU's; "
                     f"{mid(own, 'wall') / mid(io, 'wall'):.2f} of reading and writing")
    print("\n" + "\n".join(lines))


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--tool-rounds", type=int, help="fewer, where the others take minutes")
    a.add_argument("--only", default="gguf,mlx,onnx,openvino")
    a.add_argument("--shape", default="llama-1.1b")
    a.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    a.add_argument("--work", default=os.path.join(ROOT, "build", "bench-formats"))
    a.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a.add_argument("--cold", action="store_true")
    args = a.parse_args()
    os.makedirs(args.work, exist_ok=True)
    src, log = os.path.join(args.work, args.shape), os.path.join(args.work, "log.txt")
    pare = os.path.join(args.build, "pare")
    if not os.path.exists(os.path.join(src, "tokenizer.json")):
        subprocess.run([os.path.join(args.build, "tools", "make_model"), "--shape", args.shape,
                        "--dtype", "bf16", "--out", src], check=True)
    kinds = [k for k in tools(src, args.threads) if k[0] in args.only.split(",")]
    runs = {(k[0], w): [] for k in kinds for w in ("io", "pare", "tool")}
    limits = {"pare": LIMIT}
    failed = 0
    for i in range(args.rounds):
        for name, quant, _, python, command in kinds:
            out = os.path.join(args.work, "out." + name)
            todo = {"pare": [pare, "convert", src, "--to", name, "--quant", quant, "-t",
                             str(args.threads), "-q", "-o", out],
                    "io": [sys.executable, "-c", COPY, src, out, "0"]}
            if python and i < (args.tool_rounds or args.rounds):
                todo["tool"] = [python, *command(out)]
            for who in ("pare", "io", "tool"):
                if who not in todo:
                    continue
                os.sync()  # nobody pays for what the one before him left to be written
                if args.cold:
                    forget(src)
                if who == "io":
                    todo["io"][-1] = str(runs[(name, "size")])
                r = measure(todo[who], log, limits.get(who))
                if who == "pare" and r["rc"] == 0:
                    runs[(name, "size")] = size_of(out)
                remove(out)
                remove(out + ".cache")
                remove(out + ".bf16")
                print(f"{name} {who}: {r['wall']:.1f} s, CPU {r['cpu']:.1f} s, anonymous "
                      f"{r['anon'] / 1e6:.0f} MB, status {r['rc']}", file=sys.stderr, flush=True)
                if r["rc"] == 0:
                    runs[(name, who)].append(r)
                else:
                    failed += 1
                    print(f"  see {log}", file=sys.stderr)
                    if who == "pare":
                        sys.exit(1)
    report(kinds, runs, args)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
