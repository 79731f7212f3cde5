# the model against its own Q8_0: every metric with its bounds and its count
pare quantize "$SOURCE/models/austen-3.7m" --quant Q8_0 -o q.gguf > /dev/null
pare eval q.gguf -f "$SOURCE/models/austen-3.7m/text/heldout.txt" --against "$SOURCE/models/austen-3.7m" --windows 16
