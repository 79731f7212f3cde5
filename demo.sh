#!/bin/sh
# demo.sh - from a bare Debian 12 to the report of pare's main job on the model
# that ships. Installs missing packages (root or sudo); the rest is `make demo`.
set -eu
cd "$(dirname "$0")"
. tools/ready.sh
ready build
exec make -s demo
