"""Adversarial matrices: pare's weighted error is at most llama-quantize's.

    python quant_adverse.py QUANT_ROWS [--count N] [--seed S] [--type T]... [--keep DIR]

QUANT_ROWS: the program built from quant_rows.c. N matrices of 8 × 512 of every family below (default 40),
encoded to every block type by pare and by ggml (../vectors/codec/ggml.py, which also says how errors are
weighed). For each matrix pare's squared error must be at most 1 + 1e-6 times ggml's. Prints per type the
worst ratio of a matrix, and the worst of a single block (of 32 or 256) and how many blocks exceed the bound:
a tensor may be as small as that. Exit status 1 if a matrix fails. --keep writes what fails as DIR/TYPE-FAMILY-I.f32.
"""
import argparse, os, subprocess, sys
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "codec"))
import ggml

ROWS, COLS = 8, 512
BOUND = 1 + 1e-6


def lone(r, x, rate, low, high):
    """Some values grow by a factor between `low` and `high`, drawn evenly on a logarithmic scale."""
    f = np.exp(r.uniform(np.log(low), np.log(high), x.shape))
    return np.where(r.random(x.shape) < rate, x * f, x)


def columns(r, x, low, high):
    at = r.integers(0, x.shape[1], r.integers(1, 9))
    x[:, at] *= np.exp(r.uniform(np.log(low), np.log(high), len(at)))
    return x


def normal(r):
    return r.standard_normal((ROWS, COLS))


def ramp(r):
    x = np.arange(ROWS * COLS).reshape(ROWS, COLS) % r.integers(3, 600)
    return (x - r.integers(0, 300)) * r.choice([1, 0.5, 1 / 3, 1e-3])


def steps(r):
    """Few different values: ties everywhere."""
    return np.round(normal(r) * r.uniform(0.3, 8)) / r.choice([1, 8, 3, 7])


FAMILIES = {
    "gaussian": lambda r: normal(r) * 0.02,
    "laplace": lambda r: r.laplace(0, 0.02, (ROWS, COLS)),
    "uniform": lambda r: r.uniform(-1, 1, (ROWS, COLS)),
    "student": lambda r: r.standard_t(r.uniform(0.7, 6), (ROWS, COLS)) * 0.02,
    "lone": lambda r: lone(r, normal(r), 0.003, 2, 10000),
    "lone_few": lambda r: lone(r, normal(r), 1 / 512, 50, 1000),
    "lone_many": lambda r: lone(r, normal(r), 0.03, 2, 10000),
    "lone_same": lambda r: lone(r, normal(r), 0.005, 1, 1.000001) * np.where(
        r.random((ROWS, COLS)) < 0.004, 10 ** r.uniform(0.5, 4), 1),
    "columns": lambda r: columns(r, normal(r), 2, 10000),
    "sparse": lambda r: normal(r) * (r.random((ROWS, COLS)) < r.choice([0.003, 0.02, 0.1, 0.3])),
    "constant": lambda r: np.full((ROWS, COLS), r.standard_normal()) * (
        np.ones(COLS) if r.random() < 0.5 else r.choice([-1, 1], COLS)),
    "tiny": lambda r: lone(r, normal(r) * 10 ** r.uniform(-9, -4), r.choice([0, 0.003]), 2, 10000),
    "denormal": lambda r: lone(r, normal(r) * 10 ** r.uniform(-44, -12), r.choice([0, 0.003]), 2, 1e30),
    "huge": lambda r: normal(r) * 10 ** r.uniform(2, 5),
    "positive": lambda r: np.abs(normal(r)) + r.choice([0, 0.1, 10]),
    "negative": lambda r: lone(r, -np.abs(normal(r)) - r.choice([0, 0.1, 10]), r.choice([0, 0.003]), 2, 1000),
    "ramp": ramp,
    "steps": steps,
    "steps_lone": lambda r: lone(r, steps(r), 0.003, 2, 10000),
    "far_apart": lambda r: normal(r) * np.repeat(10 ** r.uniform(-5, 3, (ROWS, COLS // 16)), 16, 1),
}


def draw(family, seed, i):
    r = np.random.default_rng([seed, sorted(FAMILIES).index(family), i])
    with np.errstate(all="ignore"):
        return np.clip(FAMILIES[family](r), -1e30, 1e30).astype(np.float32)


def ours(program, kind, x):
    out = subprocess.run([program, kind], input=x.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(out, np.uint8)


def errors(kind, x, raw):
    """Weighted squared error of each block; more than anything where it is not finite."""
    block = ggml.TYPES[kind][1]
    with np.errstate(all="ignore"):
        d = x.reshape(-1).astype(np.float64) - ggml.decode(kind, raw, x.size)
        e = (ggml.weights(kind, x) * d * d).reshape(-1, block).sum(1)
    return np.where(np.isfinite(e), e, np.inf)


def ratios(a, b):
    """a / b; 1 where both are none, or where ggml's is not finite."""
    with np.errstate(all="ignore"):
        return np.where(a == b, 1.0, np.where(np.isinf(b), 1.0, a / b))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--count", type=int, default=40)
    p.add_argument("--seed", type=int, default=20261122)
    p.add_argument("--type", action="append")
    p.add_argument("--family", action="append")
    p.add_argument("--keep")
    a = p.parse_args()
    bad = 0
    names = a.family or list(FAMILIES)
    x = {f: np.stack([draw(f, a.seed, i) for i in range(a.count)]) for f in names}
    for kind in a.type or ggml.TYPES:
        worst, single, over, blocks = (0, ""), (0, ""), 0, 0
        for f in names:
            ea = errors(kind, x[f], ours(a.program, kind, x[f]))
            eb = errors(kind, x[f], ggml.encode(kind, x[f].reshape(-1, COLS)))
            r = ratios(ea.reshape(a.count, -1).sum(1), eb.reshape(a.count, -1).sum(1))
            worst = max(worst, (r.max(), f"{f} {r.argmax()}"))
            one = ratios(ea, eb)
            single = max(single, (one.max(), f))
            over += int((one > BOUND).sum())
            blocks += one.size
            for i in np.nonzero(~(r <= BOUND))[0]:
                bad += 1
                print(f"{kind} {f} {i}: {r[i]:.9f} times ggml's error")
                if a.keep:
                    x[f][i].tofile(os.path.join(a.keep, f"{kind}-{f}-{i}.f32"))
        print(f"{kind:7s} worst {worst[0]:.7f} ({worst[1]}); of a block {single[0]:.7f} ({single[1]}), "
              f"{over} of {blocks} beyond", flush=True)
    print(f"{len(names) * a.count} matrices, llama-cpp-python {ggml.llama_cpp.__version__} -",
          "all within the bound" if not bad else f"{bad} fail")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
