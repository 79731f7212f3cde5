# a target that is the source: the same file as beside it, for it is renamed when whole
pare convert "$SOURCE/models/austen-3.7m" --to gguf -o a.gguf > /dev/null
pare quantize a.gguf --quant Q8_0 -o b.gguf > /dev/null
pare quantize a.gguf --quant Q8_0 -o a.gguf > /dev/null
cmp a.gguf b.gguf
