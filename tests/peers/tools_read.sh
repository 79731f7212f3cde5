#!/bin/sh
# tools_read.sh PARE - tools_read.py on the shipped model and stories260K: what the four frameworks' own tools write of one checkpoint.
set -eu
pare=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
stories=${PARE_SHARED:-$source/../shared}/models/stories260K
at() { # VARIABLE PYTHON: where the runtime lies, unless that is said
    eval "[ -n \"\${$1:-}\" ]" || [ -z "$2" ] || export "$1=$(dirname "$(dirname "$2")")"
}
at PARE_LLAMA_PATH "${PARE_PEERS_PYTHON:-}"
at PARE_GENAI_PATH "${PARE_ORT_PYTHON:-}"
at PARE_OPENVINO_PATH "${PARE_OPENVINO_PYTHON:-}"
command -v python3 > /dev/null || { echo "skipped: no python3"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
set -- "$source/models/austen-3.7m"
[ -d "$stories/hf" ] && ln -s "$stories/hf" "$tmp/stories260K" && set -- "$@" "$tmp/stories260K"
python3 "$here/tools_read.py" "$pare" "$@"
