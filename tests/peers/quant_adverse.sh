#!/bin/sh
# Adversarial matrices: pare's weighted error is at most llama-quantize's (quant_adverse.py says of which).
# $1: quant_rows. PARE_ADVERSE: matrices of each family instead of 40.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_PEERS_PYTHON" ] || { echo "skipped: PARE_PEERS_PYTHON is not set"; exit 77; }
"$PARE_PEERS_PYTHON" "$here/quant_adverse.py" "$1" --count "${PARE_ADVERSE:-40}"
