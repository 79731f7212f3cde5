#!/bin/sh
# mlx_compare.sh PARE - mlx_compare.py with the interpreter of PARE_MLX_PYTHON; 77 if there is none.
set -eu
pare=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
shared=${PARE_SHARED:-$source/../shared}
if [ -z "${PARE_MLX_PYTHON:-}" ]; then
    echo "skipped: PARE_MLX_PYTHON is not set (docs: TESTING.md)"
    exit 77
fi
set -- "$source/models/austen-3.7m"
exec "$PARE_MLX_PYTHON" "$here/mlx_compare.py" "$pare" "$source/tests/vectors/arch" "$@"
