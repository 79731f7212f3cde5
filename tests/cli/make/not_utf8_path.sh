# a file's name may be any bytes: it is used as it is, and written readably
name=$(printf 'q\377.gguf')
pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_0 -o "$name" --json > out || exit 9
[ -e "$name" ] && grep '"path": "q' out
