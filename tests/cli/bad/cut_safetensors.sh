mkdir m && cp "$SOURCE"/models/austen-3.7m/*.json m
head -c 1000000 "$SOURCE/models/austen-3.7m/model.safetensors" > m/model.safetensors
pare generate m -p It
