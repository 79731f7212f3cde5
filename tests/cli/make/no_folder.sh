pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_0 -o nowhere/q.gguf
