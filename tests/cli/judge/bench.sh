pare quantize "$SOURCE/models/austen-3.7m" --quant Q8_0 -o q.gguf > /dev/null
pare bench q.gguf --vs "$SOURCE/models/austen-3.7m" --seconds 0.3 -n 16
