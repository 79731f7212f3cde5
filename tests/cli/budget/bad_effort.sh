pare quantize "$SOURCE/models/austen-3.7m" --bpw 4 --effort most -o q.gguf
