pare quantize "$SOURCE/models/austen-3.7m" --bpw nan -o q.gguf
