#!/bin/sh
# What `pare convert --to openvino` writes, run by OpenVINO and its GenAI. $1: the program. The second model
# lies beside the checkout. PARE_OPENVINO_PYTHON: a Python with openvino, openvino-genai, openvino-tokenizers.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_OPENVINO_PYTHON" ] || { echo "skipped: PARE_OPENVINO_PYTHON is not set"; exit 77; }
shared=${PARE_SHARED:-$here/../../../shared}/models/stories260K/hf
[ -d "$shared" ] || { echo "skipped: $shared is not there"; exit 77; }
exec "$PARE_OPENVINO_PYTHON" "$here/openvino_compare.py" "$1" "$here/../vectors/arch" "$here/../../models/austen-3.7m" "$shared"
