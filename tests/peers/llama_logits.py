#!/usr/bin/env python3
"""python llama_logits.py GGUF IDS OUT [--prefill N] [--threads N] [--cache f32|f16]

The logits of every position of the one document in IDS (decimal ids on one line), as positions × vocab little-endian F32.
--prefill N: the first N at once, then one token at a time.
"""
import argparse

import numpy as np
import peer

a = argparse.ArgumentParser()
a.add_argument("gguf"), a.add_argument("ids"), a.add_argument("out")
a.add_argument("--prefill", type=int), a.add_argument("--threads", type=int, default=2)
a.add_argument("--cache", choices=("f32", "f16"), default="f32")
a = a.parse_args()
ids, = peer.documents(a.ids)
m = peer.Model(a.gguf, len(ids), a.threads, peer.F16 if a.cache == "f16" else peer.F32)
first = a.prefill or len(ids)
rows = [m.feed(ids[:first])] + [m.feed([t]) for t in ids[first:]]
np.concatenate(rows).astype("<f4").tofile(a.out)
