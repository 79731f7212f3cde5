#!/bin/sh
# test.sh - from a bare Debian 12 to the verdict of the tests. Installs missing
# packages (root or sudo); the rest is `make test`. The last line says how many
# passed, failed and were skipped.
set -eu
cd "$(dirname "$0")"
. tools/ready.sh
ready build test
exec make -s test
