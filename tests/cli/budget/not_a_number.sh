pare quantize "$SOURCE/models/austen-3.7m" --bpw four -o q.gguf
