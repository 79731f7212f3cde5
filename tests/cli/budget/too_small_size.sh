pare quantize "$SOURCE/models/austen-3.7m" --size 1M -o q.gguf
