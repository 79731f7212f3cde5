pare quantize "$SOURCE/models/austen-3.7m" --bpw 20 -o q.gguf
