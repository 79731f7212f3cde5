#!/bin/sh
# work_memory.sh - a model of 2 GB from every format into every other, with 512 MB of anonymous memory at most.
# usage: work_memory.sh PARE MAKE_MODEL
# Floats in every format (2.2 GB each), from each of them 4 bits in every format; the limit is the kernel's
# (ulimit -d). PARE_MEMORY_SHAPE names a smaller shape of make_model.
set -u
pare=$1 make_model=$2
shape=${PARE_MEMORY_SHAPE:-llama-1.1b}
formats="hf gguf mlx onnx openvino"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pare-memory.XXXXXX") || exit 9
trap 'rm -rf "$tmp"' EXIT
trap 'exit 9' HUP INT TERM
grep -qa __asan_init "$pare" && { echo "a sanitized program: its own memory counts as data too"; exit 77; }
free=$(df -Pk "$tmp" | awk 'NR == 2 { print $4 }')
[ "$free" -gt 16000000 ] || { echo "$free KB free in $tmp: 16 GB are needed"; exit 77; }
"$make_model" --shape "$shape" --dtype bf16 --out "$tmp/hf" > /dev/null || exit 9
failed=0

# convert FROM TO OPTION...: under the limit; the check at the end is part of it
convert() {
    source=$1 target=$2
    shift 2
    rm -rf "$tmp/out"
    if (
        ulimit -d 524288
        "$pare" convert "$tmp/$source" --to "$target" -o "$tmp/out" -t 2 -q "$@" > "$tmp/log" 2>&1
    ); then
        echo "$source to $target $*: done"
    else
        echo "FAIL: $source to $target $*"
        cat "$tmp/log"
        failed=1
    fi
}

for f in gguf mlx onnx openvino; do
    convert hf $f
    mv "$tmp/out" "$tmp/$f" || exit 1
done
for from in $formats; do
    for to in $formats; do
        case $to in
        gguf) convert $from gguf --quant Q4_K_M ;;
        hf) convert $from hf ;;
        *) convert $from $to --quant int4 ;;
        esac
    done
done
exit $failed
