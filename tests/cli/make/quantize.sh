pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_K_M -o q.gguf
pare generate q.gguf -p "It was a fine" -n 8 -q
