pare convert "$SOURCE/models/austen-3.7m" --to gguf
