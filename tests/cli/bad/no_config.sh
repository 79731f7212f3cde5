# a directory without config.json
mkdir m && cp "$SOURCE/models/austen-3.7m/model.safetensors" m
pare assess m
