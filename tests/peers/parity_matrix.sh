#!/bin/sh
# parity_matrix.sh PARE [--only MODEL…] - parity_matrix.py: every architecture, format and runtime at hand in one table, as
# docs/parity.md has it ("make matrix"). Runtimes as PARE_*_PATH say, or those of PARE_{PEERS,ORT,OPENVINO}_PYTHON's environments.
set -eu
pare=$1
shift
dump=$(dirname "$pare")/tests/peers/runner_logits
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
shared=${PARE_SHARED:-$source/../shared}/models/stories260K/hf
of() { # the environment of an interpreter, if one is named
    [ -z "$1" ] || dirname "$(dirname "$1")"
}
PARE_LLAMA_PATH=${PARE_LLAMA_PATH:-$(of "${PARE_PEERS_PYTHON:-}")}
PARE_ONNXRUNTIME_PATH=${PARE_ONNXRUNTIME_PATH:-$(of "${PARE_ORT_PYTHON:-}")}
PARE_GENAI_PATH=${PARE_GENAI_PATH:-$(of "${PARE_ORT_PYTHON:-}")}
PARE_OPENVINO_PATH=${PARE_OPENVINO_PATH:-$(of "${PARE_OPENVINO_PYTHON:-}")}
for v in PARE_LLAMA_PATH PARE_ONNXRUNTIME_PATH PARE_GENAI_PATH PARE_OPENVINO_PATH; do
    eval "[ -z \"\$$v\" ] && unset $v || export $v"
done
command -v python3 > /dev/null || { echo "skipped: no python3"; exit 77; }
[ -d "$shared" ] || shared=
exec python3 "$here/parity_matrix.py" "$pare" "$source" "$dump" ${shared:+"$shared"} "$@"
