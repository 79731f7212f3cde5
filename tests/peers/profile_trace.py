"""profile_trace.py PARE MODEL - a trace of `pare profile`, read by Python's JSON: events are of known kinds, slices of
a track nest, every call stands on the caller's track, and slices add up to what the document says."""
import collections
import json
import subprocess
import sys
import tempfile

ROUND = 0.0015  # microseconds: begin and length are each rounded to 0.001


def nested(slices):
    """Slices (begin, end) of one track, outer first: each lies in the one before it or apart."""
    stack = []
    for begin, end in sorted(slices, key=lambda s: (s[0], -s[1])):
        while stack and stack[-1] <= begin + ROUND:
            stack.pop()
        if stack and end > stack[-1] + ROUND:
            return "a slice from %.3f to %.3f sticks out of one that ends at %.3f" % (begin, end, stack[-1])
        stack.append(end)
    return None


def main():
    pare, model = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as tmp:
        path = tmp + "/t.json"
        out = subprocess.run([pare, "profile", model, "-n", "20", "--prompt-tokens", "70", "-t", "2", "--trace", path,
                              "--json"], check=True, stdout=subprocess.PIPE).stdout
        with open(path) as f:
            trace = json.load(f)
    doc = json.loads(out)
    events = trace["traceEvents"]
    assert {e["ph"] for e in events} == {"M", "X", "C"}, "unknown kinds of events"
    assert len(events) == doc["trace"]["events"] and trace["otherData"]["dropped"] == 0
    tracks, names, time = collections.defaultdict(list), collections.Counter(), collections.Counter()
    named = {e["tid"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    for e in events:
        if e["ph"] == "C":
            assert isinstance(e["args"]["value"], (int, float)) and e["ts"] >= 0
        if e["ph"] != "X":
            continue
        assert e["pid"] == 1 and e["tid"] in named and e["ts"] >= 0 and e["dur"] >= 0
        tracks[e["tid"]].append((e["ts"], e["ts"] + e["dur"]))
        names[e["name"]] += 1
        if e["tid"] == 0:
            time["wait" if e["name"] == "wait" else e["cat"]] += e["dur"] / 1e3
    for tid, slices in tracks.items():
        why = nested(slices)
        assert why is None, "track %d: %s" % (tid, why)
    assert names["batch"] == 2 and names["token"] == names["sample"] == 20, names
    parts = {p["name"]: p["prefill_ms"] + p["decode_ms"] for p in doc["attribution"]["parts"]}
    ops = sum(v for k, v in time.items() if k not in ("wait", "sample", "prefill", "decode"))
    slack = 2e-6 * sum(names.values())
    assert abs(ops - parts["operators"]) <= slack, (ops, parts["operators"])
    assert abs(time["wait"] - parts["waiting at barriers"]) <= slack
    assert abs(time["sample"] - parts["choosing tokens"]) <= slack
    print("%d events, %d tracks, %.3f ms of operators as in the document" % (len(events), len(tracks), ops))


if __name__ == "__main__":
    main()
