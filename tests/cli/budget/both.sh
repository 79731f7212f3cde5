pare quantize "$SOURCE/models/austen-3.7m" --bpw 4.25 --size 2M -o q.gguf
