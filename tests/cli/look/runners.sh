# on a machine without any foreign runtime: a row for each, with how to get it
unset VIRTUAL_ENV PARE_RUNNER_DIR
for x in LLAMA_PATH ONNXRUNTIME_PATH GENAI_PATH OPENVINO_PATH MLX_PYTHON; do export PARE_$x="$PWD/none"; done
pare runners > out
for name in llama.cpp onnxruntime onnxruntime-genai openvino mlx; do
    grep -q "^$name  *– *not here" out || { echo "no row of $name"; exit 1; }
done
grep -q "^native  *0\..* yes  *CPU" out || exit 1
tr -s ' \n' ' ' < out > words
for words in "native lies in built in" "llama.cpp missing: PARE_LLAMA_PATH names $PWD/none, which is not there" \
    "openvino missing: PARE_OPENVINO_PATH names" "onnxruntime-genai missing: PARE_GENAI_PATH names" \
    "to install: pip install llama-cpp-python, or" "mlx missing: no python3 was found (PARE_MLX_PYTHON names one)"; do
    grep -qF "$words" words || { echo "lacks: $words"; exit 1; }
done
