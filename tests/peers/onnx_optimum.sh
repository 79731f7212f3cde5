#!/bin/sh
# onnx_optimum.sh TEST_ONNX_READ - what optimum makes of four architectures as ONNX, in float32, float16 and int4 by ONNX Runtime's
# quantizer (tests/vectors/onnx_optimum/make.py), read by pare and compared with ONNX Runtime's logits. 77 without a Python that has
# optimum-onnx, onnxruntime, onnx and torch: PARE_OPTIMUM_ONNX_PYTHON.
set -eu
test=$1
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${PARE_OPTIMUM_ONNX_PYTHON:-}" ]; then
    echo "skipped: PARE_OPTIMUM_ONNX_PYTHON is not set (docs: TESTING.md)"
    exit 77
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$PARE_OPTIMUM_ONNX_PYTHON" "$here/../vectors/onnx_optimum/make.py" "$made" > "$made/log" 2>&1 || { tail -5 "$made/log"; exit 1; }
cases=$(cd "$made" && for f in *.logits; do printf '%s,' "${f%.logits}"; done)
PARE_SHOW=1 PARE_ONNX_VECTORS=$made PARE_ONNX_CASES=$cases CMOCKA_TEST_FILTER=logits_are_those_of_onnx_runtime "$test"
