#!/bin/sh
# profile_trace.sh PARE - profile_trace.py with the python3 at hand.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 > /dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$here/profile_trace.py" "$1" "$here/../../models/austen-3.7m"
