#!/bin/sh
# onnx_builder.sh TEST_ONNX_READ - what ONNX Runtime GenAI's builder makes of four architectures in several precisions
# (tests/vectors/onnx_genai/make.py), read by pare and compared with ONNX Runtime's logits. 77 without a Python that has
# onnxruntime, onnxruntime-genai, onnx, onnx_ir, torch and transformers: PARE_BUILDER_PYTHON.
set -eu
test=$1
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${PARE_BUILDER_PYTHON:-}" ]; then
    echo "skipped: PARE_BUILDER_PYTHON is not set (docs: TESTING.md)"
    exit 77
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$PARE_BUILDER_PYTHON" "$here/../vectors/onnx_genai/make.py" "$made" > "$made/log" 2>&1 || { tail -5 "$made/log"; exit 1; }
cases=$(cd "$made" && for f in *.logits; do printf '%s,' "${f%.logits}"; done)
PARE_SHOW=1 PARE_ONNX_VECTORS=$made PARE_ONNX_CASES=$cases CMOCKA_TEST_FILTER=logits_are_those_of_onnx_runtime "$test"
