pare quantize "$SOURCE/models/austen-3.7m" --bpw 4.25 --quant Q4_K -o q.gguf
