#!/bin/sh
# Text to ids and back by OpenVINO, with the tokenizer models that `pare convert --to openvino` writes. $1: the program.
# PARE_OPENVINO_PYTHON: a Python with openvino-genai, openvino-tokenizers, safetensors. Texts and tokenizers lie beside the checkout.
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$PARE_OPENVINO_PYTHON" ] || { echo "skipped: PARE_OPENVINO_PYTHON is not set"; exit 77; }
shared=${PARE_SHARED:-$here/../../../shared}
vectors=$shared/data/tokenizer-vectors
[ -d "$vectors" ] || { echo "skipped: $vectors is not there"; exit 77; }
exec "$PARE_OPENVINO_PYTHON" "$here/openvino_tokenizer.py" "$1" "$vectors" "$here/../../models/austen-3.7m" \
    "$shared/models/stories260K/hf" "$vectors/gpt2.tokenizer.json" "$vectors/phi-3-mini.tokenizer.json" \
    "$here/../../models/austen-3.7m/tokenizer.json@qwen2" "$here/../../models/austen-3.7m/tokenizer.json@llama-3" \
    "$here/../../models/austen-3.7m/tokenizer.json@starcoder" \
    "$here/../../models/austen-3.7m/tokenizer.json@no way" "$here/../../models/austen-3.7m/tokenizer.json@greedy" \
    "$here/../../models/austen-3.7m/tokenizer.json@lines" "$here/../../models/austen-3.7m@gguf" \
    "$shared/models/stories260K/hf@gguf" "$shared/models/stories260K/hf@spm" "$shared/models/stories260K/hf/tokenizer.json@unknown" \
    "$shared/models/stories260K/hf/tokenizer.json@no way" "$shared/models/stories260K/hf/tokenizer.json@greedy" \
    "$vectors/phi-3-mini.tokenizer.json@gguf"
