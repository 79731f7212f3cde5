# an index that leads out of its folder, or back to itself
mkdir m && cp "$SOURCE"/models/austen-3.7m/*.json m
echo '{"metadata":{},"weight_map":{"model.norm.weight":"../x.safetensors"}}' > m/model.safetensors.index.json
pare assess m
