#!/bin/sh
# NormalFloat weights beside NNCF's. $1: the program. PARE_OPTIMUM_PYTHON: a Python with nncf, openvino.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_OPTIMUM_PYTHON" ] || { echo "skipped: PARE_OPTIMUM_PYTHON is not set"; exit 77; }
exec "$PARE_OPTIMUM_PYTHON" "$here/openvino_nf4.py" "$1" "$here/../../models/austen-3.7m"
