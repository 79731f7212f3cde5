"""The facts that the codec tests stand on, asked of ggml itself (llama-cpp-python 0.3.36, ggml 0.25.3).

    python make.py

writes here
  decode.bin, decode.txt  random blocks of every type (finite scales) and the F32 values ggml gives:
                          lines "TYPE n byte_of_blocks byte_of_values"
  matrices.bin            small float32 matrices: Gaussian, Student t with 3 degrees, outlier
                          columns and points, Laplace, positive, sparse, tiny and large
  errors.txt              "matrix NAME FILE OFFSET DTYPE ROWS COLS" for those and for every matrix of
                          the shipped model, each followed by "error TYPE VALUE": the weighted
                          squared error (ggml.py) of what ggml_quantize_chunk writes; for Q8_0 the SHA-256
                          of its bytes too
"""
import hashlib, json, os, struct
import numpy as np
import ggml

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = "models/austen-3.7m/model.safetensors"
ROOT = os.path.join(HERE, "..", "..", "..")


def path(name):
    return os.path.join(HERE, name)


def decode_vectors():
    rng = np.random.default_rng(20261122)
    with open(path("decode.bin"), "wb") as f, open(path("decode.txt"), "w") as t:
        t.write(f"# llama-cpp-python {ggml.llama_cpp.__version__}\n")
        for name, (_, block, size, _) in ggml.TYPES.items():
            count = 1024 // block
            while True:  # scales are two bytes somewhere: draw until every value is finite
                raw = rng.integers(0, 256, (4096, size), dtype=np.uint8)
                val = ggml.decode(name, raw, 4096 * block).reshape(4096, block)
                good = np.isfinite(val).all(1)
                if good.sum() >= count:
                    break
            raw, val = raw[good][:count].copy(), val[good][:count].copy()
            t.write(f"{name} {count * block} {f.tell()} {f.tell() + raw.nbytes}\n")
            f.write(raw.tobytes() + val.tobytes())


def matrices():
    rng = np.random.default_rng(7)
    shape = (8, 512)
    normal = rng.standard_normal(shape) * 0.02
    outlier = rng.standard_normal(shape) * 0.02
    outlier[:, rng.integers(0, 512, 8)] *= 30
    sparse = rng.standard_normal(shape) * (rng.random(shape) < 0.1)
    yield "gaussian", normal
    yield "student t3", rng.standard_t(3, shape) * 0.02
    yield "outlier columns", outlier
    for size in (8, 50, 300):
        points = rng.standard_normal(shape) * 0.02
        points[rng.random(shape) < 0.003] *= size
        yield f"outlier points of {size}", points
    yield "laplace", rng.laplace(0, 0.02, shape)
    yield "positive", np.abs(rng.standard_normal(shape))
    yield "sparse", sparse
    yield "tiny", normal * 1e-5
    yield "large", normal * 1e5
    yield "grid", np.round(rng.standard_normal(shape) * 4) / 8


def facts(out, title, x):
    out.write(f"matrix {title} {x.shape[0]} {x.shape[1]}\n")
    for name, (_, block, _, _) in ggml.TYPES.items():
        if x.shape[1] % block == 0:
            raw = ggml.encode(name, x)
            e = ggml.error(name, x, ggml.decode(name, raw, x.size))
            sha = " " + hashlib.sha256(raw.tobytes()).hexdigest() if name == "Q8_0" else ""
            out.write(f"error {name} {e!r}{sha}\n")


def error_vectors():
    with open(path("errors.txt"), "w") as out, open(path("matrices.bin"), "wb") as f:
        out.write(f"# llama-cpp-python {ggml.llama_cpp.__version__}\n")
        for name, m in matrices():
            x = np.ascontiguousarray(m.astype(np.float32))
            facts(out, f"{name.replace(' ', '_')} tests/vectors/codec/matrices.bin {f.tell()} F32", x)
            f.write(x.tobytes())
        with open(os.path.join(ROOT, MODEL), "rb") as g:
            size = struct.unpack("<Q", g.read(8))[0]
            head = json.loads(g.read(size))
            for name, t in sorted(head.items()):
                if name == "__metadata__" or len(t["shape"]) != 2:
                    continue
                assert t["dtype"] == "BF16"
                at = 8 + size + t["data_offsets"][0]
                g.seek(at)
                n = t["shape"][0] * t["shape"][1]
                x = (np.frombuffer(g.read(2 * n), "<u2").astype(np.uint32) << 16).view(np.float32)
                facts(out, f"{name} {MODEL} {at} BF16", np.ascontiguousarray(x.reshape(t["shape"])))


decode_vectors()
error_vectors()
