# What GGUF has no words for - a second end of text, a normal form - is told and passes; --strict fails. What it could
# say and does not fails with these beside it.
mkdir several nfc
for d in several nfc; do cp "$SOURCE"/models/austen-3.7m/*.json "$SOURCE"/models/austen-3.7m/*.safetensors $d/; done
sed -i 's/"eos_token_id": 0/"eos_token_id": [0, 2]/' several/generation_config.json
sed -i 's/"normalizer": null/"normalizer": {"type": "NFC"}/' nfc/tokenizer.json
for d in several nfc; do pare convert $d --to gguf -q -o $d.gguf --no-check > out.txt 2>&1 || { cat out.txt; exit 1; }; done
run() { # NAME, then what parity is told
    echo "$1"
    shift
    pare parity "$@" --tokens 40 --greedy 0 --json > out.json
    echo "status $?"
    sed -n 's/^ *"\(.*\.gguf: [^"]*\)",*$/\1/p; s/ *"verdict": //p' out.json
    grep -q '"cannot_be_expressed": \[\]' out.json || echo "told"
}
run "several ends" several several.gguf
run "strict" several several.gguf --strict
run "normal form" nfc nfc.gguf
run "strict" nfc nfc.gguf --strict
sed 's/"eos_token_id": 0/"eos_token_id": 1/; s/"eos_token": "<|endoftext|>"/"eos_token": "<|bos|>"/' \
    -i several/config.json several/tokenizer_config.json
pare convert several --to gguf -q -o other.gguf --no-check > out.txt 2>&1
run "an end that is none of them" several other.gguf
sed -i 's/, "in ci"\]/]/' nfc/tokenizer.json
pare convert nfc --to gguf -q -o merge.gguf --no-check > out.txt 2>&1
cp "$SOURCE"/models/austen-3.7m/tokenizer.json nfc/
sed -i 's/"normalizer": null/"normalizer": {"type": "NFC"}/' nfc/tokenizer.json
run "a normal form, and a merge" nfc merge.gguf
rm -rf b && cp -r several b && sed -i 's/\[0, 2\]/0/' b/generation_config.json
pare parity several b --tokens 40 --greedy 0 | grep -c 'cannot be expressed'
exit 0
