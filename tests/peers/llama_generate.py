#!/usr/bin/env python3
"""python llama_generate.py GGUF N [--ids "1 2 3" | -p TEXT] [--to-end] [--print ids|text]

Greedy decoding: N tokens after the prompt (default: BOS alone); of equal logits the lowest id. --to-end: stop at an
end-of-generation token. Special tokens print as nothing.
"""
import argparse
import sys

import numpy as np
import peer

a = argparse.ArgumentParser()
a.add_argument("gguf"), a.add_argument("n", type=int)
a.add_argument("--ids"), a.add_argument("-p", dest="text"), a.add_argument("--to-end", action="store_true")
a.add_argument("--print", choices=("ids", "text"), default="text"), a.add_argument("--threads", type=int, default=2)
a = a.parse_args()
m = peer.Model(a.gguf, 64 + a.n + len(a.text or a.ids or ""), a.threads)
ids = m.tokenize(a.text, True) if a.text else [int(w) for w in a.ids.split()] if a.ids else [m.bos()]
out = []
row = m.feed(ids)[-1]
while len(out) < a.n:
    t = int(np.argmax(row))
    if a.to_end and m.ends(t):
        break
    out.append(t)
    row = m.feed([t])[-1]
if a.print == "ids":
    print(*out)
else:
    sys.stdout.buffer.write(b"".join(m.piece(t) for t in out) + b"\n")
