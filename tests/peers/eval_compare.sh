#!/bin/sh
# pare and llama.cpp on the same GGUF files of the shipped model: perplexity and KL divergence within the
# bounds that eval_compare.py derives. $1: the program.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_PEERS_PYTHON" ] || { echo "skipped: PARE_PEERS_PYTHON is not set"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
model=$here/../../models/austen-3.7m
"$PARE_PEERS_PYTHON" "$here/eval_compare.py" "$1" "$model" "$model/text/heldout.txt" --windows 40 --dir "$tmp"
