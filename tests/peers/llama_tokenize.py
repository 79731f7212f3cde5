#!/usr/bin/env python3
"""python llama_tokenize.py GGUF FILE [--special] [--split SEPARATOR [--inner]]

Ids of a UTF-8 text, one document a line. --special adds BOS where the vocabulary does and parses special tokens. --split cuts
the text at SEPARATOR, white space around each piece removed; --inner leaves out the first and the last piece.
"""
import argparse

import peer

a = argparse.ArgumentParser()
a.add_argument("gguf"), a.add_argument("file"), a.add_argument("--special", action="store_true")
a.add_argument("--split"), a.add_argument("--inner", action="store_true")
a = a.parse_args()
m = peer.Model(a.gguf, 32)
text = open(a.file, encoding="utf-8", newline="").read()
parts = [p.strip() for p in text.split(a.split)] if a.split else [text]
for part in parts[1:-1] if a.inner else parts:
    print(*m.tokenize(part, a.special))
