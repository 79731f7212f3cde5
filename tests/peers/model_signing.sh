#!/bin/sh
# Certificates beside those who read such files elsewhere. $1: the program. PARE_SIGN_PYTHON: a Python with model-signing,
# in-toto-attestation, cyclonedx-python-lib (needs/sign.txt).
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_SIGN_PYTHON" ] || { echo "skipped: PARE_SIGN_PYTHON is not set"; exit 77; }
exec "$PARE_SIGN_PYTHON" "$here/model_signing_compare.py" "$1" "$here/../../models/austen-3.7m" "$here/../cli/cert/policy.yaml"
