#!/bin/sh
# onnx_compare.sh PARE - onnx_compare.py with the interpreter of PARE_ORT_PYTHON; 77 if there is none.
set -eu
pare=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
shared=${PARE_SHARED:-$source/../shared}
if [ -z "${PARE_ORT_PYTHON:-}" ]; then
    echo "skipped: PARE_ORT_PYTHON is not set (docs: TESTING.md)"
    exit 77
fi
set -- "$source/models/austen-3.7m"
[ -d "$shared/models/stories260K/hf" ] && set -- "$@" "$shared/models/stories260K/hf"
exec "$PARE_ORT_PYTHON" "$here/onnx_compare.py" "$pare" "$source/tests/vectors/arch" "$@"
