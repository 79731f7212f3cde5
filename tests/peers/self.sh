#!/bin/sh
# The peers' scripts against what upstream says of stories260K: its greedy text, and 1.1974 nats on 6,989 tokens.
here=$(dirname "$0")
shared=${PARE_SHARED:-$here/../../../shared}
[ -n "$PARE_PEERS_PYTHON" ] || { echo "skipped: PARE_PEERS_PYTHON is not set"; exit 77; }
[ -d "$shared/models/stories260K" ] || { echo "skipped: no $shared/models/stories260K"; exit 77; }
set -e
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
model=$shared/models/stories260K/stories260K-f32.gguf
"$PARE_PEERS_PYTHON" "$here/llama_generate.py" "$model" 200 | sed '1s/^ //' > "$tmp/text"
cmp "$tmp/text" "$shared/models/stories260K/expected-greedy-200.txt"
"$PARE_PEERS_PYTHON" "$here/llama_tokenize.py" "$model" "$shared/data/text/TinyStories-valid.first16000.txt" \
    --special --split '<|endoftext|>' --inner > "$tmp/ids"
"$PARE_PEERS_PYTHON" "$here/llama_ppl.py" "$model" "$tmp/ids" 512 --first > "$tmp/loss"
tail -1 "$tmp/loss"
[ "$(tail -1 "$tmp/loss" | cut -c1-15)" = "all	6989	1.1974" ]
