mkdir m && cp "$SOURCE"/models/austen-3.7m/*.json m
ln -s model.safetensors m/model.safetensors
pare assess m
