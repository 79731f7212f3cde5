# no rights: nothing is left behind
[ "$(id -u)" -ne 0 ] || [ -d /proc/self ] || exit 77
pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_0 -o /proc/self/q.gguf
