"""ggml's own encoders and decoders, by ctypes from the llama-cpp-python package, and the
weights by which llama-quantize counts squared errors when it has no importance matrix.

Those weights, read off ggml-quants.c (ggml 0.25.3): 1 for Q4_0, Q4_1, Q5_0, Q5_1, Q8_0; |x| for Q2_K;
x*x for Q3_K, Q6_K, IQ4_NL, IQ4_XS; sqrt(mean of 32 x*x) + |x| for Q4_K, Q5_K.
(Q2_K's search in ggml adds up |difference| instead of its square; the weight is the same.)
"""
import ctypes as C, glob, os
import numpy as np
import llama_cpp

lib = C.CDLL(glob.glob(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libggml-base.so"))[0])
lib.ggml_quantize_chunk.restype = C.c_size_t
lib.ggml_quantize_chunk.argtypes = [C.c_int, C.c_void_p, C.c_void_p, C.c_int64, C.c_int64, C.c_int64, C.c_void_p]

# name: GGUF id, values per block, bytes per block, weight
TYPES = {
    "Q4_0": (2, 32, 18, "one"), "Q4_1": (3, 32, 20, "one"), "Q5_0": (6, 32, 22, "one"),
    "Q5_1": (7, 32, 24, "one"), "Q8_0": (8, 32, 34, "one"), "Q2_K": (10, 256, 84, "abs"),
    "Q3_K": (11, 256, 110, "square"), "Q4_K": (12, 256, 144, "rms"), "Q5_K": (13, 256, 176, "rms"),
    "Q6_K": (14, 256, 210, "square"), "IQ4_NL": (20, 32, 18, "square"), "IQ4_XS": (23, 256, 136, "square"),
}
BY_ID = {v[0]: k for k, v in TYPES.items()}


def decode(name, raw, n):
    q = {"Q2_K": "q2_K", "Q3_K": "q3_K", "Q4_K": "q4_K", "Q5_K": "q5_K", "Q6_K": "q6_K"}
    out = np.zeros(n, np.float32)
    raw = np.ascontiguousarray(raw)
    getattr(lib, "dequantize_row_" + q.get(name, name.lower()))(
        C.c_void_p(raw.ctypes.data), C.c_void_p(out.ctypes.data), C.c_int64(n))
    return out


def encode(name, x):
    """`x`: float32, rows × columns, columns whole blocks. As llama-quantize does it."""
    gid, block, size, _ = TYPES[name]
    out = np.zeros(x.size // block * size, np.uint8)
    lib.ggml_quantize_chunk(gid, x.ctypes.data, out.ctypes.data, 0, x.shape[0], x.shape[1], None)
    return out


def weights(name, x):
    x = x.astype(np.float64).reshape(-1)
    how = TYPES[name][3]
    if how == "one":
        return np.ones_like(x)
    if how == "abs":
        return np.abs(x)
    if how == "square":
        return x * x
    b = x.reshape(-1, 32)
    return (np.sqrt((b * b).mean(1, keepdims=True)) + np.abs(b)).reshape(-1)


def error(name, x, y):
    d = x.astype(np.float64).reshape(-1) - y
    return float((weights(name, x) * d * d).sum())
