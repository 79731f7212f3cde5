#!/bin/sh
# Every tensor of the shipped model, in every usual mix: pare's error is at most llama-quantize's
# (quant_compare.py says how it is weighted), and the types are the same. $1: the program.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_PEERS_PYTHON" ] || { echo "skipped: PARE_PEERS_PYTHON is not set"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
model=$here/../../models/austen-3.7m
"$1" convert "$model" --to gguf --quant F32 -o "$tmp/f32.gguf" --quiet || exit 1
status=0
for mix in Q8_0 Q6_K Q5_K_M Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_M Q2_K; do
    "$1" quantize "$model" --quant $mix -o "$tmp/$mix.gguf" --quiet > /dev/null || status=1
    echo "$mix"
    "$PARE_PEERS_PYTHON" "$here/quant_compare.py" "$tmp/f32.gguf" "$tmp/$mix.gguf" $mix 2> "$tmp/noise" ||
        { cat "$tmp/noise"; status=1; }
done
exit $status
