pare quantize "$SOURCE/models/austen-3.7m" --size 0 -o q.gguf
