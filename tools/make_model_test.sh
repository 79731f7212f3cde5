#!/bin/sh
# make_model_test.sh MAKE_MODEL - its bytes hang on its arguments alone: the same on every machine and build.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
set -e
for type in f32 f16 bf16; do
    "$1" --shape tiny --layers 2 --dtype $type --seed 7 --out "$tmp/$type"
done
"$1" --shape tiny --layers 2 --dtype bf16 --seed 8 --out "$tmp/other"
if cmp -s "$tmp/bf16/model.safetensors" "$tmp/other/model.safetensors"; then
    echo "two seeds give the same weights"
    exit 1
fi
cd "$tmp"
sha256sum -c --quiet - <<END
281f2372ceab22c4226df95b8d11a82d75b386f48abbcfb2ca3ff69cbe2fe740  f32/model.safetensors
2283a96edcd78af3fc5827d9d8f1fda7a8a1f4e467724a0cc29c108f46ec4a3f  f16/model.safetensors
c96c05210b990a07782481ad19eb8cfb3be9e181a50114b7bbd94f2b18cb8cd0  bf16/model.safetensors
3788be6b9da11af129d86fcae1493bdfb35064e06c437d6b51a29bd21d254001  bf16/config.json
a80a1605c8ed731e28271dbe0f5ab31500e6958168f82c426d7f70443baf6898  bf16/tokenizer.json
END
