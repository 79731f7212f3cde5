#!/bin/sh
# tools_read.sh PARE - tools_read.py on the shipped model and stories260K: what mlx-lm's and llama.cpp's tools write.
set -eu
pare=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
stories=${PARE_SHARED:-$source/../shared}/models/stories260K
[ -n "${PARE_LLAMA_PATH:-}" ] || [ -z "${PARE_PEERS_PYTHON:-}" ] ||
    export PARE_LLAMA_PATH="$(dirname "$(dirname "$PARE_PEERS_PYTHON")")"
command -v python3 > /dev/null || { echo "skipped: no python3"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
set -- "$source/models/austen-3.7m"
[ -d "$stories/hf" ] && ln -s "$stories/hf" "$tmp/stories260K" && set -- "$@" "$tmp/stories260K"
python3 "$here/tools_read.py" "$pare" "$@"
