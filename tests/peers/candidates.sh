#!/bin/sh
# Candidates of every format on the runtimes that are here (found as for runners.sh), on the shipped model: eval by
# llama.cpp is our own eval, to the rounding of float32 sums in another order; and one `optimize` with our engine, llama.cpp,
# ONNX Runtime and its GenAI, OpenVINO and MLX in the field, each measured or named as skipped; again, from the
# records. $1: the program, $2: the folder of the helper.
pare=$1
PARE_RUNNER_DIR=$2
export PARE_RUNNER_DIR
here=$(cd "$(dirname "$0")" && pwd)
model=$here/../../models/austen-3.7m
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
[ -n "${PARE_LLAMA_PATH:-}" ] || [ -z "${PARE_PEERS_PYTHON:-}" ] ||
    export PARE_LLAMA_PATH="$(dirname "$(dirname "$PARE_PEERS_PYTHON")")"
ort=$(dirname "$(dirname "${PARE_ORT_PYTHON:-}")")
[ -z "${PARE_ORT_PYTHON:-}" ] ||
    export PARE_ONNXRUNTIME_PATH="${PARE_ONNXRUNTIME_PATH:-$ort}" PARE_GENAI_PATH="${PARE_GENAI_PATH:-$ort}"
[ -z "${PARE_OPENVINO_PYTHON:-}" ] ||
    export PARE_OPENVINO_PATH="${PARE_OPENVINO_PATH:-$(dirname "$(dirname "$PARE_OPENVINO_PYTHON")")}"
bad=0 found=
for r in llama.cpp onnxruntime onnxruntime-genai openvino mlx; do
    "$pare" runners "$r" --json 2> /dev/null | grep -q '"found": true' && found="$found $r"
done
[ -n "$found" ] || { echo "skipped: no foreign runtime was found"; exit 77; }
echo "found:$found"

# The same weights, tokens and windows, float32 throughout: what is left is the order of sums, some 1e-6 of a
# logit (runners.sh holds it under 1e-4 of the largest), whose square is what a divergence sees.
value() { # FILE NAME
    perl -0ne 'print $1 if /"name": "'"$2"'",\s*"value": ([-+.e0-9]+)/' "$1"
}
case $found in *llama.cpp*)
    "$pare" convert "$model" --to gguf --quant F32 -o "$tmp/f32.gguf" --quiet > /dev/null || exit 1
    "$pare" eval "$tmp/f32.gguf" --runner llama.cpp --against "$model" -f "$model/text/heldout.txt" --exact --kv f32 \
        --windows 10 --json --quiet > "$tmp/eval" || exit 1
    echo "llama.cpp, F32: KLD $(value "$tmp/eval" kld_mean), perplexity over ours $(value "$tmp/eval" ppl_ratio)"
    perl -e 'exit !($ARGV[0] < 1e-9 && abs($ARGV[1] - 1) < 1e-6)' "$(value "$tmp/eval" kld_mean)" \
        "$(value "$tmp/eval" ppl_ratio)" || { echo "not ours"; bad=1; } ;;
esac

optimize() {
    "$pare" optimize "$model" -o "$tmp/out" --windows 8 --seconds 0.5 --quiet --variants \
        Q4_K_M,Q4_K_M@llama.cpp,onnx:int4,onnx:int4@onnxruntime-genai,openvino:int8,mlx:int4 > "$tmp/table"
    [ $? -le 1 ] || { echo "optimize failed"; exit 1; }
}
optimize
sed -n '1,/^$/p' "$tmp/table"
for r in llama.cpp onnxruntime onnxruntime-genai openvino mlx; do
    case "$found " in
    *" $r "*) want='^[ →•]*[a-zA-Z0-9_:]*@'$r' .*±' ;;
    *) want='^skipped .*@'$r': .* is not installed here' ;;
    esac
    grep -q "$want" "$tmp/table" || { echo "$r: no line like $want"; bad=1; }
done
"$pare" gate "$tmp/out" | grep -q ' 0 differ$' || { echo "the report does not hold"; bad=1; }
optimize
grep -q '"from_cache": false' "$tmp/out/report.json" && ! grep -q '"skipped": true' "$tmp/out/report.json" &&
    { echo "something was measured again"; bad=1; }
exit $bad
