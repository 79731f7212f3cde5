#!/usr/bin/env python3
"""make.py - what mlx.core.quantize makes of a few hard rows, on its CPU back end.

Writes mlx.bin and, of the mode mxfp4, mxfp4.bin (the same without biases, a byte a scale; then the
values that mlx.core.dequantize gives) beside itself: for each case a header of five little-endian int32 (dtype 0 float32,
1 float16, 2 bfloat16; bits; group; rows; columns), the values as float32, then codes, scales and
biases as mlx holds them. Made with mlx 0.32.4 and numpy 2: python3 make.py
"""
import os
import struct

import mlx.core as mx
import numpy as np

mx.set_default_device(mx.cpu)
COLS = 128


def rows():
    rng = np.random.default_rng(20261122)
    x = np.stack([
        rng.normal(size=COLS),
        rng.standard_t(2, size=COLS),
        np.abs(rng.normal(size=COLS)) + 1,
        np.where(rng.random(COLS) < 0.05, rng.normal(size=COLS) * 30, 0),
        np.concatenate([np.zeros(64), np.full(32, -0.3), rng.normal(size=32) * 1e-7]),
    ])
    return x.astype(np.float32)


def raw(a):
    if a.dtype in (mx.float32, mx.uint32, mx.uint8):
        return np.array(a).tobytes()
    return np.array(a.view(mx.uint16)).tobytes()


def fp4_rows():
    """ties between levels, maxima on and beside six times a power of two, small and large groups"""
    rng = np.random.default_rng(20261123)
    ties = np.array([0, .25, .75, 1.25, 1.75, 2.5, 3.5, 5, 6, .26, .76, 1.26, 1.8, 2.6, 3.6, 5.1])
    x = [np.concatenate([ties, -ties] * 4) * np.repeat(2.0 ** np.array([0, 3, -7, -12]), 32)]
    for near in (1 - 2.0 ** -8, 1, 1 + 2.0 ** -7, 1.4, 1.42, 1.99):
        top = np.repeat(6 * near * 2.0 ** np.array([0, -6, -9, 4]), 32)
        x.append(top * rng.uniform(-1, 1, COLS))
        x[-1][::32] = top[::32]
    for scale in (1e-3, 1e-4, 2e-5, 3e-6, 4e-7, 1e-7, 5e3):
        x.append(rng.normal(size=COLS) * scale)
    return np.concatenate([rows(), np.stack(x).astype(np.float32)])


def main():
    out = bytearray()
    for code, dtype in enumerate((mx.float32, mx.float16, mx.bfloat16)):
        w = mx.array(rows()).astype(dtype)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                q, s, b = mx.quantize(w, group_size=group, bits=bits)
                out += struct.pack("<5i", code, bits, group, *w.shape)
                out += np.array(w.astype(mx.float32)).tobytes() + raw(q) + raw(s) + raw(b)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "mlx.bin"), "wb") as f:
        f.write(out)
    out = bytearray()
    for code, dtype in enumerate((mx.float32, mx.float16, mx.bfloat16)):
        w = mx.array(fp4_rows()).astype(dtype)
        q, s = mx.quantize(w, mode="mxfp4")
        back = mx.dequantize(q, s, mode="mxfp4", dtype=mx.float32)
        out += struct.pack("<5i", code, 4, 32, *w.shape)
        out += np.array(w.astype(mx.float32)).tobytes() + raw(q) + raw(s) + raw(back)
    with open(os.path.join(here, "mxfp4.bin"), "wb") as f:
        f.write(out)


main()
