#!/bin/sh
# w8a8_compare.sh PARE - w8a8_compare.py with the interpreters of PARE_ORT_PYTHON and
# PARE_OPENVINO_PYTHON (where it has nncf, beside its quantizer, too); 77 if there is neither.
set -eu
pare=$1
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../../models/austen-3.7m
ran=0 bad=0
if [ -n "${PARE_ORT_PYTHON:-}" ]; then
    ran=1
    "$PARE_ORT_PYTHON" "$here/w8a8_compare.py" "$pare" "$model" ort || bad=1
fi
if [ -n "${PARE_OPENVINO_PYTHON:-}" ]; then
    ran=1
    "$PARE_OPENVINO_PYTHON" "$here/w8a8_compare.py" "$pare" "$model" openvino || bad=1
fi
[ $ran = 1 ] && exit $bad
echo "skipped: neither PARE_ORT_PYTHON nor PARE_OPENVINO_PYTHON is set (docs: TESTING.md)"
exit 77
