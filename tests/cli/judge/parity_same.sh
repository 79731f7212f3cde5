# Files that say the same in other words: biases whose heads lie in pairs in GGUF, and a window over the whole context, which
# GGUF and MLX leave out. No difference may be told; with two biases in each other's place, that one.
for m in llama_bias mistral_window_all; do
    cp -r "$SOURCE/tests/vectors/arch/$m" .
    sed -i 's/"eos_token_id": 60/"eos_token_id": 61/; s/"bos_token_id": 59/"bos_token_id": 60/' $m/config.json   # as its words say
    for to in gguf mlx; do
        pare convert $m --to $to -q -o $m.$to --no-check > out.txt 2>&1 || cat out.txt
        pare parity $m native:$m.$to --tokens 40 --greedy 0 --json > out.json
        echo "$m $to: status $?"
        grep -A 3 '"differences_of_numbers"\|"reasons"' out.json | grep 'in the reference\|from the reference'
    done
done
cp -r llama_bias b
perl "$CASES/judge/break.pl" b/model.safetensors swap model.layers.0.self_attn.q_proj.bias model.layers.0.self_attn.o_proj.bias
pare convert b --to gguf -q -o b.gguf --no-check > out.txt 2>&1
pare parity llama_bias native:b.gguf --tokens 40 --greedy 0 --json > out.json
echo "swapped: status $?"
grep -o "layer 0's attn_[^,]*" out.json | sort -u
exit 0
