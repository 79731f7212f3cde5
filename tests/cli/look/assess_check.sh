# every tensor, every weight read
pare assess "$SOURCE/models/austen-3.7m" --check --tensors --json > out.json
grep -q '"weights_checked": true' out.json && grep -q '"model.layers.3.mlp.down_proj.weight"' out.json
