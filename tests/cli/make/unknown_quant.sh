pare quantize "$SOURCE/models/austen-3.7m" --quant Q9 -o q.gguf
