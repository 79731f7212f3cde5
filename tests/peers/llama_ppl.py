#!/usr/bin/env python3
"""python llama_ppl.py GGUF IDS WINDOW [--ref GGUF] [--bos ID] [--first] [--threads N] [--cache f32|f16]

Mean negative log-likelihood (nats) of each window, and with --ref the KL divergence from the reference's distribution,
mean over the window, and how often both have the same most likely token.

IDS: decimal ids, one document a line; documents never share a window. Windows of WINDOW positions from the document's start, without overlap; every
position counts, its target is the next token of the document, also across the window's end; the last, partial window is kept. So every token
but a document's first is a target exactly once. --bos ID: each window is BOS and WINDOW - 1 tokens, the targets being the WINDOW
tokens from the window's start; then every token is a target once. --first: of each document only the first WINDOW tokens (WINDOW - 1 targets, or WINDOW with --bos).

Tab-separated: window, positions, nll[, kld, kld_max, same_top]; then the line `all` over all positions. Sums in float64.
"""
import argparse

import numpy as np
import peer


def windows(doc, n, bos, first):
    """Pairs (inputs, targets) of equal length."""
    doc = doc[:n] if first else doc
    for at in range(0, len(doc), n):
        if bos is None:
            x, y = doc[at:at + n], doc[at + 1:at + n + 1]
        else:
            y = doc[at:at + n]
            x = [bos] + y[:-1]
        if y:
            yield x[:len(y)], y


def main():
    a = argparse.ArgumentParser()
    a.add_argument("gguf"), a.add_argument("ids"), a.add_argument("window", type=int)
    a.add_argument("--ref"), a.add_argument("--bos", type=int), a.add_argument("--first", action="store_true")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--cache", choices=("f32", "f16"), default="f32")
    a = a.parse_args()
    cache = peer.F16 if a.cache == "f16" else peer.F32
    m = peer.Model(a.gguf, a.window, a.threads, cache)
    r = a.ref and peer.Model(a.ref, a.window, a.threads, cache)
    print("window", "positions", "nll", *(("kld", "kld_max", "same_top") if r else ()), sep="\t")
    nll, kld, top, n = [], [], [], 0
    for doc in peer.documents(a.ids):
        for x, y in windows(doc, a.window, a.bos, a.first):
            m.restart()
            lp = peer.log_softmax(m.feed(x))
            loss = -lp[np.arange(len(y)), y]
            nll.append(loss)
            row = [n, len(y), f"{loss.mean():.9f}"]
            if r:
                r.restart()
                lr = peer.log_softmax(r.feed(x))
                d = (np.exp(lr) * (lr - lp)).sum(axis=1)
                kld.append(d), top.append(lr.argmax(1) == lp.argmax(1))
                row += [f"{d.mean():.9f}", f"{d.max():.6f}", f"{top[-1].mean():.6f}"]
            print(*row, sep="\t", flush=True)
            n += 1
    loss = np.concatenate(nll)
    row = ["all", len(loss), f"{loss.mean():.9f}"]
    if r:
        d = np.concatenate(kld)
        row += [f"{d.mean():.9f}", f"{d.max():.6f}", f"{np.concatenate(top).mean():.6f}"]
    print(*row, sep="\t")


main()
