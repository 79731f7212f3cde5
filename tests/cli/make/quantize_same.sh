# the same bytes for any number of threads and any level
pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_K_M -o one.gguf -t 1 -q > /dev/null
PARE_CPU=reference pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_K_M -o two.gguf -t 3 -q > /dev/null
cmp one.gguf two.gguf
