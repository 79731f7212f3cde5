# what is not there, and what is rarely right
mkdir m
cp "$SOURCE"/models/austen-3.7m/*.json "$SOURCE"/models/austen-3.7m/*.safetensors m/
printf -- '---\nlicense: cc0-1.0\n---\n# a model\n' > m/README.md
printf 'x' > m/chat_template.jinja
say() { pare assess m | grep -E '^(licence|missing|suspicious|  *[a-z-]* .*: whoever|  *end-of-text)'; }
say
sed 's/"eos_token_id": *[0-9]*/"eos_token_id": 99999/' m/config.json > c && cp c m/config.json
sed 's/"eos_token_id": *[0-9]*/"eos_token_id": 99999/' m/generation_config.json > c && cp c m/generation_config.json
rm m/README.md m/chat_template.jinja
say
rm m/tokenizer.json
say
pare assess m --json | grep -A4 -E '"(licence|missing|suspicious)"'
