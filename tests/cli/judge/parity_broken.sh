# Six mistakes that converters make (of matrices two kinds), one at a time, as a directory and as the GGUF file made of it: each is found, and the
# message names the cause. The reference is the shipped model with a chat template.
mkdir good
cp "$SOURCE"/models/austen-3.7m/*.json "$SOURCE"/models/austen-3.7m/*.safetensors good/
sed -i 's/"clean_up/"chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}",\n  "clean_up/' good/tokenizer_config.json
check() { # NAME FILE PATTERN: exit 1, and a reason like this
    pare parity good "$2" --tokens 40 --json > out.json
    [ $? -eq 1 ] || { echo "$1: not found in $2"; exit 1; }
    grep -o "$3" out.json | head -1 | sed "s/^/$1, $2: /"
    grep -q "$3" out.json || { cat out.json; exit 1; }
}
broken() { # NAME PATTERN COMMAND…: a copy of the model with one edit
    name=$1 pattern=$2
    shift 2
    rm -rf b b.gguf && cp -r good b
    "$@" || exit 1
    pare convert b --to gguf -q -o b.gguf > out.txt || { cat out.txt; exit 1; }
    check "$name" b "$pattern"
    check "$name" b.gguf "$pattern"
}
tensors() { perl "$CASES/judge/break.pl" b/model.safetensors "$@"; }
pare convert good --to gguf -q -o good.gguf > out.txt
pare parity good good.gguf --tokens 40 | tail -1
L=model.layers.1
broken queries "layer 1's attn_q [^,]* is the transpose" tensors transpose $L.self_attn.q_proj.weight
broken output "layer 1's attn_output [^,]* is the transpose" tensors transpose $L.self_attn.o_proj.weight
broken norms "layer 1's attn_norm [^,]*holds what in the reference is layer 1's ffn_norm: swapped" \
    tensors swap $L.input_layernorm.weight $L.post_attention_layernorm.weight
broken base 'rotation (rope_theta) is 5000, in the reference 10000' \
    sed -i 's/"rope_theta": 10000.0/"rope_theta": 5000.0/' b/config.json
broken eos 'end a text (eos) are 2 .*, in the reference 0 [^:]*' \
    sed -i 's/"eos_token_id": 0/"eos_token_id": 2/; s/"eos_token": "<|endoftext|>"/"eos_token": "<|pad|>"/' \
    b/generation_config.json b/config.json b/tokenizer_config.json
# The last merge makes one token only, which no probe text needs.
broken merge '[0-9]* merges, in the reference [0-9]*' sed -i 's/, "in ci"\]/]/' b/tokenizer.json
broken template 'the chat template is missing; the reference has one' \
    sed -i '/"chat_template"/d' b/tokenizer_config.json
