#!/usr/bin/env python3
"""make.py - what mlx.core.quantize makes of a few hard rows, on its CPU back end.

Writes mlx.bin beside itself: for each case a header of five little-endian int32 (dtype 0 float32,
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
    return np.array(a if a.dtype in (mx.float32, mx.uint32) else a.view(mx.uint16)).tobytes()


def main():
    out = bytearray()
    for code, dtype in enumerate((mx.float32, mx.float16, mx.bfloat16)):
        w = mx.array(rows()).astype(dtype)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                q, s, b = mx.quantize(w, group_size=group, bits=bits)
                out += struct.pack("<5i", code, bits, group, *w.shape)
                out += np.array(w.astype(mx.float32)).tobytes() + raw(q) + raw(s) + raw(b)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mlx.bin")
    with open(path, "wb") as f:
        f.write(out)


main()
