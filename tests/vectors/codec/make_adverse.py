"""Blocks on which an encoder can be worse than llama-quantize (llama-cpp-python 0.3.36, ggml 0.25.3).

    python make_adverse.py QUANT_ROWS

QUANT_ROWS (tests/peers/quant_rows.c) was built at commit 8d93333, whose search did not know
llama-quantize's choice yet. Draws the matrices of tests/peers/quant_adverse.py, and of each type takes the
256 values that it does worst on, at most one from each family, six in all. Writes
  adverse.bin  these values, float32
  adverse.txt  as errors.txt (make.py): what ggml's encoders make of each, every type
"""
import hashlib, os, sys
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "peers"))
import ggml, quant_adverse as adverse

COUNT, SEED, EACH = 24, 7, 6


def main():
    program, chosen = sys.argv[1], {}
    x = {f: np.concatenate([adverse.draw(f, SEED, i) for i in range(COUNT)]).reshape(-1, 256)
         for f in adverse.FAMILIES}
    for kind in ggml.TYPES:
        worst = []
        for f, m in x.items():
            a, b = (adverse.errors(kind, m, raw).reshape(len(m), -1).sum(1)
                    for raw in (adverse.ours(program, kind, m), ggml.encode(kind, m)))
            r = np.where(np.isfinite(b), adverse.ratios(a, b), 0)
            worst.append((r.max(), f, int(r.argmax())))
        for r, f, i in sorted(worst, reverse=True)[:EACH]:
            chosen.setdefault((f, i), f"{f}_{i}_{kind}")
    with open(os.path.join(HERE, "adverse.txt"), "w") as out, open(os.path.join(HERE, "adverse.bin"), "wb") as f:
        out.write(f"# llama-cpp-python {ggml.llama_cpp.__version__}\n")
        for (family, i), name in sorted(chosen.items()):
            v = x[family][i:i + 1]
            out.write(f"matrix {name} tests/vectors/codec/adverse.bin {f.tell()} F32 1 256\n")
            f.write(v.tobytes())
            for kind in ggml.TYPES:
                raw = ggml.encode(kind, v)
                e = adverse.errors(kind, v, raw).sum()
                sha = " " + hashlib.sha256(raw.tobytes()).hexdigest() if kind == "Q8_0" else ""
                if np.isfinite(e):
                    out.write(f"error {kind} {float(e)!r}{sha}\n")


main()
