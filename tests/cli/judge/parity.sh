# The same function in another file; then one thing broken at a time, and its name.
M=$SOURCE/models/austen-3.7m
pare convert "$M" --to gguf -q -o a.gguf > /dev/null
pare parity "$M" a.gguf --tokens 40 | tail -1
broken() { # NAME EDIT FILE: a copy of the model with one edit
    rm -rf b && mkdir b && cp "$M"/*.json "$M"/*.safetensors b/
    sed -i "$2" "b/$3"
    echo "$1"
    pare parity "$M" b --tokens 40 --json > out.json
    s=$?
    grep -o 'the base of the rotation\|the epsilon of the norms\|end a text\|merges, in the reference' out.json | sort -u
    [ $s -eq 1 ] || exit 1
}
broken base 's/"rope_theta": 10000.0/"rope_theta": 5000.0/' config.json
broken eos 's/"eos_token_id": 0/"eos_token_id": 2/' generation_config.json
broken merge 's/"i n", //' tokenizer.json
broken norm 's/"rms_norm_eps": 1e-0[56]/"rms_norm_eps": 0.1/' config.json
exit 0
