pare quantize "$SOURCE/models/austen-3.7m" -o q.gguf
