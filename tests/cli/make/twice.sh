# quantized from what is quantized: said once
pare quantize "$SOURCE/models/austen-3.7m" --quant Q8_0 -o a.gguf > /dev/null
pare quantize a.gguf --quant Q4_0 -o b.gguf 2>&1 | grep -c warning
