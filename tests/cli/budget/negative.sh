pare quantize "$SOURCE/models/austen-3.7m" --bpw -4 -o q.gguf
