pare quantize "$SOURCE/models/austen-3.7m" --size 2Q -o q.gguf
