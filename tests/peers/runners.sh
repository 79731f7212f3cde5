#!/bin/sh
# pare's own engine and each foreign runtime, found as PARE_*_PATH say, on the shipped model: logits of 128 positions
# within 1e-4 of the largest, prefill and single steps; the same text; no Internet socket is even asked for; a crash is an
# error line. $1: the program, $2: runner_compare, $3: the folder of the helper.
#
# PARE_LLAMA_PATH (or PARE_PEERS_PYTHON's environment), PARE_MLX_PYTHON, and for the rest environments with a Python:
# PARE_ONNXRUNTIME_PATH and PARE_GENAI_PATH (or PARE_ORT_PYTHON's environment; with onnx), PARE_OPENVINO_PATH (or PARE_OPENVINO_PYTHON's environment).
pare=$1 compare=$2
PARE_RUNNER_DIR=$3
export PARE_RUNNER_DIR
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../../models/austen-3.7m
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
[ -n "${PARE_LLAMA_PATH:-}" ] || [ -z "${PARE_PEERS_PYTHON:-}" ] ||
    export PARE_LLAMA_PATH="$(dirname "$(dirname "$PARE_PEERS_PYTHON")")"
ort=$(dirname "$(dirname "${PARE_ORT_PYTHON:-}")")
[ -n "${PARE_OPENVINO_PATH:-}" ] || [ -z "${PARE_OPENVINO_PYTHON:-}" ] ||
    export PARE_OPENVINO_PATH="$(dirname "$(dirname "$PARE_OPENVINO_PYTHON")")"
[ -z "${PARE_ORT_PYTHON:-}" ] ||
    export PARE_ONNXRUNTIME_PATH="${PARE_ONNXRUNTIME_PATH:-$ort}" PARE_GENAI_PATH="${PARE_GENAI_PATH:-$ort}"
ran=0 bad=0 prompt='It was a fine'
"$pare" generate "$model" --exact -p "$prompt" -n 40 --quiet > "$tmp/native"

# try KIND FILE: that runtime on FILE against ours on the shipped model.
try() {
    if ! "$pare" runners "$1" --json > "$tmp/probe" || ! grep -q '"found": true' "$tmp/probe"; then
        echo "skipped: $1: $(sed -n 's/.*"reason": //p' "$tmp/probe")"
        return
    fi
    grep -q '"verified": true' "$tmp/probe" || { echo "$1 is not verified"; cat "$tmp/probe"; bad=1; }
    ran=$((ran + 1))
    "$compare" native "$model" "$1" "$2" > "$tmp/out" 2>&1 || { echo "$1 differs"; bad=1; }
    tail -n 3 "$tmp/out"
    "$pare" generate "$2" --runner "$1" --tokenizer "$model" --exact -p "$prompt" -n 40 --quiet > "$tmp/text"
    cmp -s "$tmp/native" "$tmp/text" || { echo "$1 writes another text:"; cat "$tmp/native" "$tmp/text"; bad=1; }
    watched "$1" "$2"
}

# Nobody asks for an Internet socket, from the first call to the last.
watched() {
    command -v strace > /dev/null || { echo "$1: strace is missing: sockets are forbidden, but not watched"; return; }
    strace -f -qq -e trace=socket,connect,sendto -o "$tmp/calls" "$compare" native "$model" "$1" "$2" > /dev/null 2>&1
    [ -s "$tmp/calls" ] || { echo "$1: strace saw nothing"; bad=1; }
    if grep -E 'AF_INET|AF_NETLINK' "$tmp/calls"; then
        echo "$1 asks for the network"
        bad=1
    fi
}

"$pare" convert "$model" --to gguf --quant F32 -o "$tmp/f32.gguf" --quiet > /dev/null || exit 1
try llama.cpp "$tmp/f32.gguf"
try mlx "$model"
python=${PARE_ONNXRUNTIME_PATH:-none}/bin/python
if "$python" -c 'import onnx' 2> /dev/null && "$python" "$here/tiny_onnx.py" "$model" "$tmp/onnx"; then
    try onnxruntime "$tmp/onnx"
    try onnxruntime-genai "$tmp/onnx"
    python=${PARE_OPENVINO_PATH:-none}/bin/python
    if "$python" "$here/tiny_onnx.py" --openvino "$tmp/onnx" > "$tmp/out" 2>&1; then
        try openvino "$tmp/onnx"
    else
        echo "skipped: openvino: PARE_OPENVINO_PATH names no environment with it"
    fi
else
    echo "skipped: onnxruntime, onnxruntime-genai, openvino: PARE_ONNXRUNTIME_PATH names no environment with onnx"
fi

# A file that is none is refused with the runtime's own words.
head -c 4096 "$model/model.safetensors" > "$tmp/broken.gguf"
if [ "$ran" -gt 0 ] && "$compare" native "$model" llama.cpp "$tmp/broken.gguf" > "$tmp/out" 2>&1; then
    echo "a broken file was taken"
    bad=1
fi
[ "$ran" -gt 0 ] || { echo "skipped: no foreign runtime was found"; exit 77; }
echo "$ran runtimes"
exit $bad
