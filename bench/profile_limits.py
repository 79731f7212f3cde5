#!/usr/bin/env python3
"""profile_limits.py PARE MODEL [--json OUT] - does `pare profile` see what holds a machine up?

The same model is profiled free, and then under limits that are set on purpose: one thread, more threads
than CPUs, a quota of processor time and a memory limit (control groups), an address-space limit, a
spinning process on one core. Each time the bottlenecks that are named, the share of the time that is
attributed, and the figures behind the first of them are printed. Ends with 1 if a limit that could be
set is not found, or less than 97 % is attributed anywhere.

Needs Linux; control groups need root (version 1 or 2), else those rows say so. --realtime (root, on a
machine that others use too) runs all but the quota with real-time priority, so that only the limit that is
set limits; the spinning neighbour has the same priority as the run then.
"""
import argparse
import json
import os
import resource
import signal
import subprocess
import sys

ATTRIBUTED = 0.97


class Group:
    """A control group of our own below ours, for one controller, version 1 or 2."""

    def __init__(self, controller, files):
        self.path, self.why = None, None
        mine = {}
        for line in open("/proc/self/cgroup"):
            _, names, path = line.strip().split(":", 2)
            for name in names.split(","):
                mine[name] = path
        v2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        base = "/sys/fs/cgroup" + (mine.get("", "/") if v2 else "/" + controller + mine.get(controller, "/"))
        path = os.path.join(base, "pare-profile-%d" % os.getpid())
        try:
            if v2:
                open(os.path.join(base, "cgroup.subtree_control"), "w").write("+" + controller)
            os.mkdir(path)
            self.path = path
            for name, value in files[2 if v2 else 1]:
                with open(os.path.join(path, name), "w") as f:
                    f.write(str(value))
        except OSError as e:
            self.why = str(e)
            self.close()

    def enter(self):
        with open(os.path.join(self.path, "cgroup.procs"), "w") as f:
            f.write("0")

    def close(self):
        if self.path and os.path.isdir(self.path):
            os.rmdir(self.path)
        self.path = None


def profile(a, more=(), before=None, realtime=False, tokens=None, prompt=None):
    def child():
        if realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        if before:
            before()
    cmd = [a.pare, "profile", a.model, "--json", "-n", str(tokens or a.tokens),
           "--prompt-tokens", str(prompt or a.prompt)] + list(more)
    p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=child, text=True)
    if p.returncode != 0:
        raise RuntimeError(p.stderr.strip() or "ended with %d" % p.returncode)
    return json.loads(p.stdout)


def limit_address_space(n):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (n, n))


def spinner(cpu, realtime):
    """Another process that never lets go of a core."""
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})
        if realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        while True:
            pass
    return pid


def show(v, unit):
    if v is None:
        return "-"
    return {"share": "%.1f %%" % (100 * v), "B": "%.0f MB" % (v / 1e6)}.get(unit, "%.4g %s" % (v, unit)).strip()


def row(name, want, d, rows):
    kinds = [b["kind"] for b in d["bottlenecks"]]
    share = d["attribution"]["share"]
    first = d["bottlenecks"][0] if kinds else None
    ok = share >= ATTRIBUTED and (want is None or want in kinds)
    print("\n%s: %s" % (name, "ok" if ok else "NOT AS EXPECTED (%s)" % want))
    print("  named: %s" % (", ".join(kinds) or "nothing"))
    print("  attributed: %.2f %%; prefill %.1f tok/s, decode %.2f tok/s, %.2f GB/s (%s of the peak)" % (
        100 * share, 1e3 * d["phases"]["prefill"]["tokens"] / d["phases"]["prefill"]["wall_ms"],
        1e3 * d["phases"]["decode"]["tokens"] / d["phases"]["decode"]["wall_ms"], d["phases"]["decode"]["gb_s"],
        show(d["phases"]["decode"]["of_peak"], "share")))
    for b in d["bottlenecks"]:
        if b is not first and b["kind"] != want:
            continue
        for e in b["evidence"]:
            bound = " (bound %s)" % show(e["bound"], e["unit"]) if e["bound"] is not None else ""
            print("    %s: %s%s" % (e["what"], show(e["value"], e["unit"]), bound))
        g = b["gain"]
        print("    gain: %s%s (%s)" % ("at most " if g["at_most"] else "",
                                       "-" if g["factor"] is None else "%.2f" % g["factor"], g["how"]))
    told = next((b["gain"] for b in d["bottlenecks"] if b["kind"] == want), {"factor": None, "at_most": False})
    rows.append({"case": name, "want": want, "named": kinds, "attributed": share, "ok": ok,
                 "gain": told["factor"], "at_most": told["at_most"],
                 "decode_tps": 1e3 * d["phases"]["decode"]["tokens"] / d["phases"]["decode"]["wall_ms"]})
    return ok


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("pare")
    ap.add_argument("model", help="one file (GGUF)")
    ap.add_argument("--tokens", type=int, default=24)
    ap.add_argument("--prompt", type=int, default=64)
    ap.add_argument("--json")
    ap.add_argument("--only", default="", help="only rows with this in their name")
    ap.add_argument("--realtime", action="store_true")
    a = ap.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    rows, ok = [], True

    def case(name, want, *args, **kw):
        nonlocal ok
        if a.only and a.only not in name:
            return
        try:
            ok &= row(name, want, profile(a, *args, **kw), rows)
        except (RuntimeError, OSError, subprocess.SubprocessError) as e:
            print("\n%s: could not be run: %s" % (name, e))
            rows.append({"case": name, "want": want, "reason": str(e), "ok": False})
            ok = False

    def grouped(name, want, controller, files, **kw):
        if a.only and a.only not in name:
            return
        g = Group(controller, files)
        if g.why:
            print("\n%s: skipped: %s" % (name, g.why))
            rows.append({"case": name, "want": want, "reason": g.why, "skipped": True})
            return
        try:
            case(name, want, before=g.enter, **kw)
        finally:
            g.close()

    rt = {"realtime": a.realtime}
    profile(a, **rt)  # the file is in memory now
    free = profile(a, **rt)
    ok &= row("free", None, free, rows)
    speed = 1e3 * free["phases"]["decode"]["tokens"] / free["phases"]["decode"]["wall_ms"]
    need = sum(free["memory"][k] for k in ("weights", "state", "workspace"))
    if len(cpus) > 1:
        case("one thread of %d" % len(cpus), "few-threads", ["-t", "1"], **rt)
    case("%d threads" % (3 * len(cpus)), "oversubscribed", ["-t", str(3 * len(cpus))], **rt)
    grouped("quota of a fifth of a CPU", "cpu-quota", "cpu",
            {1: [("cpu.cfs_period_us", 20000), ("cpu.cfs_quota_us", 4000)], 2: [("cpu.max", "4000 20000")]},
            tokens=4, prompt=8)
    # Room for a part of the weights: the rest is read again for every token. The pages must be charged to
    # the group, so they leave the cache before.
    part = int(need * 0.6)
    with open(a.model, "rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    grouped("memory for 60 % of the run", "memory-bound", "memory",
            {1: [("memory.limit_in_bytes", part)], 2: [("memory.max", part)]}, tokens=6, prompt=16, **rt)
    wide = profile(a, before=limit_address_space(1 << 38), **rt)
    used = [m["used"] for m in wide["memory"]["limits"] if m["name"].startswith("address")][0]
    case("address space, 5 % free", "memory-bound", before=limit_address_space(int(used * 1.05)), **rt)
    pid = spinner(cpus[-1], a.realtime)
    try:
        case("a busy neighbour on CPU %d" % cpus[-1], "busy-neighbour", **rt)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    named = {tuple(r["named"][:1]) for r in rows if "named" in r}
    for r in rows:
        if r.get("gain"):
            print("%s: the gain of %s was told as %s%.2f; the free run's decoding is %.2f times as fast" % (
                r["case"], r["want"], "at most " if r["at_most"] else "", r["gain"], speed / r["decode_tps"]))
    print("\n%d different first bottlenecks; least attributed: %.2f %%" % (
        len(named), 100 * min(r["attributed"] for r in rows if "attributed" in r)))
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f, indent=1)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
