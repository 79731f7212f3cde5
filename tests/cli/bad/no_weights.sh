mkdir m && cp "$SOURCE/models/austen-3.7m/config.json" m
pare assess m
