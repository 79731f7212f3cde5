#!/bin/sh
# openvino_builder.sh TEST_OV_READ - what optimum-intel makes of four architectures, plain and compressed by NNCF
# (tests/vectors/openvino/make.py), read by pare and compared with the logits of OpenVINO's CPU plug-in. 77 without a Python that has
# optimum-intel, nncf and openvino: PARE_OPTIMUM_PYTHON. PARE_OPTIMUM_CASES names some of the cases (half a minute each).
set -eu
test=$1
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${PARE_OPTIMUM_PYTHON:-}" ]; then
    echo "skipped: PARE_OPTIMUM_PYTHON is not set (docs: TESTING.md)"
    exit 77
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
# shellcheck disable=SC2086 # names, one word each
"$PARE_OPTIMUM_PYTHON" "$here/../vectors/openvino/make.py" "$made" ${PARE_OPTIMUM_CASES:-} > "$made/log" 2>&1 || { tail -5 "$made/log"; exit 1; }
cases=$(cd "$made" && for f in *.logits; do printf '%s,' "${f%.logits}"; done)
PARE_SHOW=1 PARE_OPENVINO_VECTORS=$made PARE_OPENVINO_CASES=$cases CMOCKA_TEST_FILTER=logits_are_those_of_openvino "$test"
