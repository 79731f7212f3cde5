#!/usr/bin/env python3
"""make_nf4.py - what NNCF's mode NF4 makes of a few hard rows, in groups of 32.

Writes nf4.bin beside itself: two little-endian int32 (rows, columns), the values as float32, the codes (two in a byte, the first
low), the scales as float16, and the values that OpenVINO reads from these: level times scale in float32. Made with nncf 3.4.0,
openvino 2026.4.1, numpy 2: python3 make_nf4.py
"""
import os
import struct

import nncf
import numpy as np
import openvino as ov
from openvino import opset13 as op

COLS, GROUP = 128, 32
LEVELS = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                   -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                   0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)


def rows():
    rng = np.random.default_rng(20261123)
    middle = (LEVELS[1:] + LEVELS[:-1]) / 2
    ties = np.concatenate([middle, np.nextafter(middle, np.float32(2)), LEVELS, [1.0, -0.0], np.zeros(COLS - 48)])
    x = np.stack([rng.normal(size=COLS), rng.standard_t(2, size=COLS), ties, ties * -0.37, rng.normal(size=COLS) * 1e-7,
                  np.zeros(COLS), rng.normal(size=COLS) * 1e4, np.where(rng.random(COLS) < 0.05, rng.normal(size=COLS) * 30, 0)])
    return x.astype(np.float32)


def main():
    x = rows()
    ids = op.parameter([-1, COLS], np.float32)
    y = op.matmul(ids, op.constant(x, name="w"), False, True)
    m = ov.Model([op.matmul(y, op.constant(np.ones((4, len(x)), np.float32)), False, True)], [ids])
    m = nncf.compress_weights(m, mode=nncf.CompressWeightsMode.NF4, group_size=GROUP, ratio=1, all_layers=False)
    codes = next(o for o in m.get_ops() if o.get_type_name() == "Constant" and o.get_element_type() == ov.Type.nf4)
    times = next(iter(next(iter(codes.output(0).get_target_inputs())).get_node().output(0).get_target_inputs())).get_node()
    scales = times.input_value(1).get_node().data.astype(np.float16).reshape(-1)
    q = np.frombuffer(codes.data.tobytes(), np.uint8)
    assert q.size == x.size // 2, q.size
    c = np.stack([q & 15, q >> 4], -1).reshape(-1, GROUP)
    back = (LEVELS[c] * scales.astype(np.float32)[:, None]).astype(np.float32)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "nf4.bin"), "wb") as f:
        f.write(struct.pack("<2i", *x.shape) + x.tobytes() + q.tobytes() + scales.tobytes() + back.tobytes())


if __name__ == "__main__":
    main()
