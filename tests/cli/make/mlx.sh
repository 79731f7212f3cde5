# What mlx-lm reads: words for every default, groups by path where they differ, nothing to guess.
pare convert "$SOURCE/models/austen-3.7m" --to mlx --quant int4 --head-quant int8 -o m > /dev/null
sha256sum <m/model.safetensors
grep -A3 '"quantization": {' m/config.json
grep -A2 '"model.embed_tokens": {' m/config.json | head -3
grep '"head_dim"\|"tie_word_embeddings"\|"rope_scaling"\|"sliding_window"' m/config.json
cmp m/tokenizer.json "$SOURCE/models/austen-3.7m/tokenizer.json" && ls
