#!/usr/bin/env python3
"""Write sample.json: a realistic report.json (docs/report.md), with every verdict, front, score and
choice computed here, in Python, independently of pare's C. The measured numbers are invented, in the
neighbourhood of what the shipped model gives; nothing else reads them as results.
Python 3.11, standard library only. Run: ./make.py > sample.json"""
import hashlib
import json
import math
import random

rnd = random.Random(7)
CONF = 0.95
UNITS = {
    "nll": "nats/token", "perplexity": "", "ppl_ratio": "×", "kld_mean": "nats", "kld_median": "nats",
    "kld_p95": "nats", "kld_p99": "nats", "kld_max": "nats", "top1_agreement": "share",
    "accuracy": "share", "accuracy_kept": "share", "task_accuracy": "share", "decode_tps": "tok/s",
    "prefill_tps": "tok/s", "ttft_ms": "ms", "token_ms_p50": "ms", "token_ms_p95": "ms",
    "token_ms_p99": "ms", "token_cv": "share", "speedup": "×", "memory_bytes": "B",
    "memory_ratio": "×", "peak_rss_bytes": "B", "load_ms": "ms", "energy_j_per_token": "J/token",
    "file_bytes": "B", "bpw": "bit"}
WEIGHTS = 3672320


def sig(x, n=6):
    return float(f"%.{n}g" % x)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def metric(name, value, half=0.0, n=1, against=None, lo=None, hi=None):
    m = {"name": name, "value": sig(value), "lo": sig(value - half if lo is None else lo),
         "hi": sig(value + half if hi is None else hi), "n": n, "unit": UNITS[name], "conf": CONF}
    if against:
        m["against"] = against
    return m


def exact(name, value, against=None):
    m = {"name": name, "value": value, "lo": value, "hi": value, "n": 1, "unit": UNITS[name], "conf": 1}
    if against:
        m["against"] = against
    return m


def missing(name, reason):
    return {"name": name, "value": None, "lo": None, "hi": None, "n": 0, "unit": UNITS[name],
            "conf": CONF, "reason": reason}


def lookup(variant, name, against):
    for m in variant["metrics"]:
        if m["name"] == name and m.get("against") == against:
            return m
    return None


def judge(variant, gate):
    """The rule of docs/report.md, part gate."""
    m = lookup(variant, gate["metric"], gate["against"])
    higher = gate["op"] in (">", ">=")
    bound = gate["bound"]
    if bound == "unfavourable":
        bound = "lo" if higher else "hi"
    out = dict(variant=variant["name"], name=gate["name"], metric=gate["metric"], against=gate["against"],
               op=gate["op"], threshold=gate["threshold"], min_n=gate["min_n"], bound=bound,
               value=None, lo=None, hi=None, n=0, unit=UNITS[gate["metric"]], verdict="fail",
               margin=None, reason="")
    if m is None or m["value"] is None:
        out["reason"] = f"{gate['metric']} is missing: " + (m["reason"] if m else "it was not measured")
        return out
    for k in ("value", "lo", "hi", "n"):
        out[k] = m[k]
    t = gate["threshold"]
    ok = {">": lambda x: x > t, ">=": lambda x: x >= t, "<": lambda x: x < t, "<=": lambda x: x <= t}[gate["op"]]
    deciding = m[bound]
    out["margin"] = deciding - t if higher else t - deciding
    word = {"lo": "lower bound", "hi": "upper bound", "value": "value"}[bound]
    if m["n"] < gate["min_n"]:
        out["reason"] = f"{m['n']} independent blocks, at least {gate['min_n']} are asked for"
        return out
    other = m["hi" if higher else "lo"] if bound != "value" else m["value"]
    out["verdict"] = "pass" if ok(deciding) else "undecided" if ok(other) else "fail"
    side = "inside" if out["verdict"] == "pass" else "outside"
    out["reason"] = f"{word} {deciding:.4g} is {abs(out['margin']):.4g} {side} the limit {gate['op']} {t:g}"
    return out


ROLES = [("token_embd.weight", "embedding", [2048, 256])]
for i in range(4):
    ROLES += [(f"blk.{i}.attn_norm.weight", "norm", [256]), (f"blk.{i}.attn_q.weight", "attn_q", [256, 256]),
              (f"blk.{i}.attn_k.weight", "attn_k", [128, 256]), (f"blk.{i}.attn_v.weight", "attn_v", [128, 256]),
              (f"blk.{i}.attn_output.weight", "attn_output", [256, 256]),
              (f"blk.{i}.ffn_norm.weight", "norm", [256]), (f"blk.{i}.ffn_gate.weight", "ffn_gate", [768, 256]),
              (f"blk.{i}.ffn_up.weight", "ffn_up", [768, 256]), (f"blk.{i}.ffn_down.weight", "ffn_down", [256, 768])]
ROLES += [("output_norm.weight", "norm", [256])]
BPW = {"F32": 32, "F16": 16, "BF16": 16, "Q8_0": 8.5, "Q6_K": 6.5625, "Q5_K": 5.5, "Q4_K": 4.5,
       "Q4_0": 4.5, "IQ4_XS": 4.25, "Q3_K": 3.4375, "Q2_K": 2.625}


def tensor_rows(base):
    rows = []
    for name, role, shape in ROLES:
        asked = got = base
        if role == "norm":
            asked = got = "F32"
        elif role == "embedding" and base[0] in "QI" and base != "Q8_0":
            asked = got = "Q6_K"
        elif role in ("attn_v", "ffn_down") and base == "Q4_K" and name[4] in "03":
            asked = got = "Q6_K"
        n = math.prod(shape)
        rows.append({"name": name, "role": role, "shape": shape, "asked": asked, "got": got, "why": None,
                     "bytes": int(n * BPW[got] / 8), "bpw": BPW[got]})
    return rows


def tensors(base):
    rows = tensor_rows(base)
    types = {}
    for r in rows:
        t = types.setdefault(r["got"], {"type": r["got"], "n": 0, "weights": 0, "bytes": 0})
        t["n"] += 1
        t["weights"] += math.prod(r["shape"])
        t["bytes"] += r["bytes"]
    return {"n": len(rows), "fell_back": 0, "types": list(types.values()), "list": rows}


def kld_hist(mean):
    edges = [0.0] + [sig(1e-7 * 10 ** (i / 3)) for i in range(25)]
    counts, sigma = [0] * 25, 1.35
    mu = math.log(mean) - sigma * sigma / 2
    for _ in range(9000):
        x = math.exp(rnd.gauss(mu, sigma))
        for i in range(25):
            if x < edges[i + 1] or i == 24:
                counts[i] += 1
                break
    q = [sig(math.exp(mu + sigma * z), 4) for z in (0, 1.645, 2.326)]
    return {"unit": "nats", "edges": edges, "counts": counts, "quantiles": dict(zip(("p50", "p95", "p99"), q))}


def time_hist(mean_ms):
    lo, hi, k = mean_ms * 0.9, mean_ms * 1.5, 24
    edges = [sig(lo + (hi - lo) * i / k, 5) for i in range(k + 1)]
    counts = [0] * k
    xs = sorted(mean_ms * (0.94 + rnd.gammavariate(2, 0.03)) for _ in range(1200))
    for x in xs:
        counts[min(k - 1, max(0, int((x - lo) / (hi - lo) * k)))] += 1
    at = [sig(xs[int(p * 1200)], 4) for p in (.5, .95, .99)]
    return {"unit": "ms", "edges": edges, "counts": counts, "quantiles": dict(zip(("p50", "p95", "p99"), at))}


# name, type, bytes, perplexity, kld, top1, accuracy, decode tok/s
ROWS = [("BF16", "BF16", 7413024, 30.331, 0, 1.0, 0.32431, 702),
        ("F32", "F32", 14760000, 30.331, 1e-9, 1.0, 0.32431, 415),
        ("F16", "F16", 7413024, 30.331, 0.0000021, 0.9991, 0.32430, 678),
        ("Q8_0", "Q8_0", 3972384, 30.338, 0.000246, 0.9882, 0.32441, 1241),
        ("Q6_K", "Q6_K", 3083552, 30.366, 0.0015, 0.9703, 0.32402, 1302),
        ("Q5_K_M", "Q5_K", 2726688, 30.389, 0.002732, 0.9621, 0.32361, 1361),
        ("Q4_K_M", "Q4_K", 2390816, 30.48, 0.007435, 0.9378, 0.32248, 1633),
        ("Q4_0", "Q4_0", 2272544, 30.59, 0.012265, 0.9206, 0.32160, 1688),
        ("IQ4_XS", "IQ4_XS", 2174240, 30.553, 0.010142, 0.9276, 0.32195, 1317),
        ("Q3_K_M", "Q3_K", 2019616, 30.79, 0.022667, 0.8933, 0.31951, 1409),
        ("Q2_K", "Q2_K", 1655072, 32.15, 0.091822, 0.7963, 0.31122, 1530)]
STATE, WORK = 1048576, 983040
SOURCE, F32ROW = ROWS[0], ROWS[1]
NO_COUNTER = "no energy counter: nothing under /sys/class/powercap, no hwmon power sensor, no battery"


def build(row):
    name, base, size, ppl, kld, top1, acc, tps = row
    ms = 1000 / tps
    m = [metric("nll", math.log(ppl), 0.0255, 355), metric("perplexity", ppl, 0, 355,
         lo=ppl * math.exp(-0.0255), hi=ppl * math.exp(0.0255)),
         metric("accuracy", acc, 0.0041, 355)]
    for against, ref in (("source", SOURCE), ("f32", F32ROW)):
        same = name == ref[0]
        half = 0 if same else 0.004 * ppl / ref[3] * math.sqrt(max(kld, 1e-9) / 0.01)
        n = 1 if same else 355
        m.append(metric("ppl_ratio", ppl / ref[3], half, n, against))
        k = 0 if same else max(kld, 1e-9)
        for q, f in (("mean", 1), ("median", .4), ("p95", 3.7), ("p99", 9.3), ("max", 60)):
            m.append(metric("kld_" + q, k * f, k * f * (.021 if q == "mean" else .05), n, against))
        m.append(metric("top1_agreement", top1 if not same else 1, 0 if same else .0031, n, against))
        m.append(metric("accuracy_kept", acc / ref[6], 0 if same else .0062 * math.sqrt(1 - top1 + 1e-4) * 3, n, against))
        s = tps / ref[7]
        m.append(exact("speedup", 1, against) if same else metric("speedup", s, s * .022, 24, against))
        m.append(exact("memory_ratio", sig((size + STATE + WORK) / (ref[2] + STATE + WORK), 12), against))
    m += [metric("decode_tps", tps, tps * .019, 24), metric("prefill_tps", tps * 5.3, tps * .17, 24),
          metric("ttft_ms", 64 * ms / 5.3, .4, 24), metric("token_ms_p50", ms * .99, ms * .01, 24),
          metric("token_ms_p95", ms * 1.12, ms * .03, 24), metric("token_ms_p99", ms * 1.21, ms * .05, 24),
          metric("token_cv", .061 + (.02 if name == "Q3_K_M" else 0), .014, 24),
          exact("memory_bytes", size + STATE + WORK), metric("peak_rss_bytes", size + 6.2e6, 2e5, 3),
          metric("load_ms", 7.4, .9, 5), missing("energy_j_per_token", NO_COUNTER),
          exact("file_bytes", size), exact("bpw", sig(size * 8 / WEIGHTS, 5))]
    acc_set = {"threads": 2, "state": "F16", "level": "avx2", "runner": "native"}
    tried = []
    for threads, state, level, f in ((1, "F16", "avx2", .61), (2, "F16", "avx2", 1), (2, "F32", "avx2", .97),
                                     (2, "Q8_0", "avx2", .93), (2, "F16", "reference", .12)):
        tried.append({"threads": threads, "state": state, "level": level, "runner": "native",
                      "decode_tps": metric("decode_tps", tps * f, tps * f * .03, 8), "chosen": len(tried) == 1})
    v = {"name": name, "quant": name, "path": None if name == "BF16" else f"variants/{name}.gguf", "bytes": size,
         "sha256": None if name == "BF16" else sha(name), "bpw": sig(size * 8 / WEIGHTS, 5),
         "baseline": name == "BF16", "from_cache": name == "Q8_0", "metrics": m, "acceleration": acc_set,
         "accelerations": tried, "distributions": {"token_ms": time_hist(ms), "window_nll": {
             "unit": "nats/token", "values": [sig(rnd.gauss(math.log(ppl), .24), 4) for _ in range(355)]}},
         "tensors": tensors(base)}
    if kld > 1e-8:
        v["distributions"]["kld"] = kld_hist(kld)
    return v


def g(name, metric_name, op, threshold, against=None):
    return {"name": name, "metric": metric_name, "against": against, "op": op, "threshold": threshold,
            "bound": "unfavourable", "min_n": 0}


GATES = [g("accuracy", "accuracy_kept", ">", 0.95, "source"), g("speed", "speedup", ">=", 2, "source"),
         g("memory", "memory_ratio", "<=", 0.5, "source"), g("consistency", "token_cv", "<=", 0.20)]
CONSTRAINTS = [g("max-bytes", "file_bytes", "<=", 4000000)]
OBJECTIVES = [{"preference": "speed", "metric": "speedup", "against": "source", "better": "higher"},
              {"preference": "accuracy", "metric": "kld_mean", "against": "source", "better": "lower"},
              {"preference": "memory", "metric": "memory_bytes", "against": None, "better": "lower"}]
PREFER = {"speed": 2, "accuracy": 1, "memory": 1}


def dominates(a, b):
    strictly = False
    for o in OBJECTIVES:
        x, y = lookup(a, o["metric"], o["against"]), lookup(b, o["metric"], o["against"])
        bad, good = (x["lo"], y["hi"]) if o["better"] == "higher" else (-x["hi"], -y["lo"])
        if bad < good:
            return False
        strictly |= bad > good
    return strictly


def bare(v):
    """A baseline names its numbers; what it is made of stands at the variant."""
    return {k: x for k, x in v.items() if k not in ("distributions", "tensors", "accelerations", "constraints",
                                                    "gates", "score", "normalised")}


def main():
    every = {r[0]: build(r) for r in ROWS}
    baseline_f32 = every.pop("F32")
    variants = list(every.values())
    members = [a for a in variants if not any(dominates(b, a) for b in variants)]
    names = [m["name"] for m in members]
    dominated = []
    for a in variants:
        if a["name"] in names:
            continue
        by = [b["name"] for b in members if dominates(b, a)]
        dominated.append({"name": a["name"], "by": by, "reason": f"{by[0]} is at least as good in speedup, "
                          "kld_mean and memory_bytes, bounds included"})
    ranges = []
    for o in OBJECTIVES:
        xs = [lookup(m, o["metric"], o["against"])["value"] for m in members]
        best, worst = (max(xs), min(xs)) if o["better"] == "higher" else (min(xs), max(xs))
        ranges.append({"metric": o["metric"], "worst": worst, "best": best})
    for v in variants:
        v["normalised"] = []
        for o, r in zip(OBJECTIVES, ranges):
            x = lookup(v, o["metric"], o["against"])["value"]
            x = 1 if r["best"] == r["worst"] else (x - r["worst"]) / (r["best"] - r["worst"])
            v["normalised"].append({"preference": o["preference"], "metric": o["metric"], "value": x,
                                    "weight": PREFER[o["preference"]]})
        v["score"] = sum(p["value"] * p["weight"] for p in v["normalised"])
        v["constraints"] = [judge(v, c) for c in CONSTRAINTS]
        v["gates"] = [judge(v, c) for c in GATES]
    failed = {v["name"]: sum(x["verdict"] != "pass" for x in v["constraints"] + v["gates"]) for v in variants}
    order = sorted(variants, key=lambda v: (-v["score"], v["bytes"], v["name"].encode()))
    pick = ([v for v in order if v["name"] in names and not failed[v["name"]]]
            or [v for v in order if not failed[v["name"]]] or sorted(order, key=lambda v: failed[v["name"]]))[0]
    accepted = not failed[pick["name"]]
    ranking = [{"name": v["name"], "score": v["score"], "on_front": v["name"] in names,
                "accepted": not failed[v["name"]], "failed": failed[v["name"]]} for v in order]
    verdicts = {x["verdict"] for x in pick["constraints"] + pick["gates"]}
    verdict = "fail" if "fail" in verdicts else "undecided" if "undecided" in verdicts else "pass"
    speed, kept, mem = (lookup(pick, *k) for k in (("speedup", "source"), ("accuracy_kept", "source"),
                                                   ("memory_ratio", "source")))
    reason = (f"best preference score of {sum(r['accepted'] and r['on_front'] for r in ranking)} accepted "
              f"variants on the front: {pick['score']:.3f} (speed 2, accuracy 1, memory 1); "
              f"{speed['value']:.2f}× the speed, {mem['value']:.3f}× the memory, KL divergence "
              f"{lookup(pick, 'kld_mean', 'source')['value']:.4f} nats against BF16")
    text = {"path": "models/austen-3.7m/text/heldout.txt", "bytes": 349231, "sha256": sha("heldout"), "tokens": 90921}
    stages = []
    for i, (stage, what) in enumerate([
            ("baseline_measurement", ["BF16", "F32"]), ("format_conversion", ["F16", "F32"]),
            ("quantization_optimization", [r[0] for r in ROWS[3:]]),
            ("hardware_acceleration", ["threads 1, 2 × state F32, F16, Q8_0 × reference, avx2"]),
            ("production_validation", [r[0] for r in ROWS])]):
        steps = [{"what": w, "seconds": sig(.4 + i * rnd.random() * 3, 3), "cached": w == "Q8_0" and i == 2,
                  "detail": f"{every[w]['bytes']:,} B" if w in every else ""} for w in what]
        stages.append({"name": stage, "status": "done", "seconds": sig(sum(s["seconds"] for s in steps), 4),
                       "measured": sum(not s["cached"] for s in steps), "cached": sum(s["cached"] for s in steps),
                       "steps": steps})
    blocks = "blocks of 4 windows, Student's t over the blocks' means (Künsch 1989)"
    report = {
        "schema": 1, "kind": "pare.report", "pare": {"version": "0.1.0", "commit": "3ec4652"},
        "created": "2026-11-22T17:40:00Z",
        "command": ["pare", "optimize", "models/austen-3.7m", "-o", "out", "--max-bytes", "4M", "--prefer",
                    "speed=2,accuracy=1,memory=1"],
        "seconds": 187.4,
        "model": {"name": "austen-3.7m", "path": "models/austen-3.7m", "format": "hf", "architecture": "llama",
                  "parameters": WEIGHTS, "layers": 4, "width": 256, "heads": 8, "kv_heads": 4, "head_size": 32,
                  "feed_forward": 768, "vocabulary": 2048, "context": 256, "tied": True, "precision": "BF16",
                  "bytes": 7353184, "sha256": sha("model"), "tokenizer": {"kind": "byte-level BPE", "entries": 2048},
                  "files": [{"path": "config.json", "bytes": 702, "sha256": sha("c")},
                            {"path": "model.safetensors", "bytes": 7348976, "sha256": sha("m")},
                            {"path": "tokenizer.json", "bytes": 121337, "sha256": sha("t")}]},
        "machine": {"cpu": "Intel(R) Xeon(R) Processor @ 2.90GHz", "arch": "x86_64", "cores": 2, "threads": 2,
                    "simd": ["avx2", "fma", "f16c", "avx512f", "avx512_vnni"], "level": "avx2",
                    "memory_bytes": 16777216000, "caches": [{"level": "L1d", "bytes": 32768},
                    {"level": "L2", "bytes": 1048576}, {"level": "L3", "bytes": 37486592}],
                    "system": "Linux 6.1.0, Debian 12", "energy": None, "energy_reason": NO_COUNTER,
                    "sha256": sha("machine")},
        "settings": {"conf": CONF, "seed": 1, "threads": 2, "context": 256, "state": "F16",
                     "variants": [v["name"] for v in variants],
                     "evaluation": {"text": text, "window": 256, "windows": 355, "positions": "every",
                                    "bos": False, "separator": None},
                     "bench": {"prompt_tokens": 64, "decode_tokens": 50, "pairs": 24, "warmup": 2},
                     "constraints": CONSTRAINTS,
                     "prefer": PREFER},
        "stages": stages, "baseline": bare(every["BF16"]), "baseline_f32": bare(baseline_f32), "variants": variants,
        "front": {"objectives": OBJECTIVES, "members": names, "dominated": dominated, "excluded": []},
        "policy": {"name": "default", "source": "built-in", "sha256": None, "gates": GATES},
        "choice": {"name": pick["name"], "accepted": accepted, "score": pick["score"], "reason": reason,
                   "weights": [{"preference": o["preference"], "metric": o["metric"], "against": o["against"],
                                "weight": PREFER[o["preference"]]} for o in OBJECTIVES],
                   "ranges": ranges, "ranking": ranking},
        "gates": pick["gates"], "verdict": verdict,
        "summary": f"{pick['name']} passes 4 gates of 4 and 1 constraint of 1: {speed['value']:.2f}× (at least "
                   f"{speed['lo']:.2f}×) the decode speed of BF16, {100 * kept['value']:.1f} % (at least "
                   f"{100 * kept['lo']:.1f} %) of its accuracy, {mem['value']:.3f}× its memory.",
        "exit_status": 0 if verdict == "pass" else 1,
        "how": [{"metrics": ["nll", "perplexity", "ppl_ratio", "accuracy", "accuracy_kept"],
                 "method": "windows of 256 tokens from the text's start, every position counted; the reference runs "
                           "beside each variant, window by window; ratios are paired by window", "bounds": blocks,
                 "source": "Künsch, Annals of Statistics 17 (1989)", "inputs": [
                     {"name": "text", "value": text["path"]}, {"name": "sha256", "value": text["sha256"]},
                     {"name": "windows", "value": 355}]},
                {"metrics": ["kld_mean", "kld_median", "kld_p95", "kld_p99", "kld_max", "top1_agreement"],
                 "method": "the reference's and the variant's next-token distributions at every position; logits are "
                           "not stored", "bounds": blocks, "source": None, "inputs": [{"name": "windows", "value": 355}]},
                {"metrics": ["decode_tps", "prefill_tps", "ttft_ms", "token_ms_p50", "token_ms_p95", "token_ms_p99",
                             "token_cv", "speedup"],
                 "method": "24 interleaved pairs of runs: 64 prompt tokens, then 50 tokens made, baseline and variant in "
                           "turn", "bounds": "Student's t over the logarithms of the pairs' ratios",
                 "source": None, "inputs": [{"name": "pairs", "value": 24}, {"name": "kernels", "value": "avx2"}]},
                {"metrics": ["memory_bytes", "memory_ratio", "file_bytes", "bpw"], "method": "counted", "bounds": "exact",
                 "source": None, "inputs": []},
                {"metrics": ["peak_rss_bytes", "load_ms", "energy_j_per_token"], "method": "VmHWM of a fresh process; "
                 "wall clock of the opening; counter of the machine", "bounds": "Student's t over runs", "source": None,
                 "inputs": []}],
        "guidance": {"tradeoffs": ["Q6_K halves the divergence of Q5_K_M for 13 % more bytes",
                                   "Q4_0 is 3 % faster than Q4_K_M and diverges 65 % more"],
                     "files": [{"path": pick["path"], "bytes": pick["bytes"], "sha256": pick["sha256"]}],
                     "commands": [{"title": "Run it here", "command": f"pare generate out/{pick['path']} -p 'It was' -n 80 -t 2",
                                   "note": None},
                                  {"title": "Run it with llama.cpp", "command": f"llama-cli -m out/{pick['path']} -p 'It was' -n 80 -t 2",
                                   "note": "any llama.cpp that reads GGUF v3"}],
                     "notes": ["The file is mapped: keep it on local storage."]},
        "monitoring": [{"metric": n, "unit": UNITS[n], "baseline": lookup(pick, n, None)["value"],
                        "lo": lookup(pick, n, None)["lo"], "hi": lookup(pick, n, None)["hi"],
                        "alert": {"op": op, "threshold": sig(lookup(pick, n, None)["value"] * f)}, "every": every_,
                        "why": why} for n, op, f, every_, why in (
            ("token_ms_p95", ">", 1.25, "minute", "users wait: heat, other load, a smaller machine"),
            ("decode_tps", "<", .8, "minute", "throughput under four fifths of what was measured"),
            ("peak_rss_bytes", ">", 1.1, "minute", "the state grows with the context"),
            ("perplexity", ">", 1.05, "day", "on a fixed text: the file or its runtime changed; on your text: drift"))],
        "warnings": ["Two threads share one core: bounds of speed are wider than on a quiet machine."]}
    print(json.dumps(report, ensure_ascii=False, separators=(",", ":")))


main()
