# a file that is write-protected is not replaced either
[ "$(id -u)" -eq 0 ] && { echo "root may write anything"; exit 77; }
echo mine > q.gguf
chmod 444 q.gguf
pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_0 -o q.gguf
status=$?
cat q.gguf
exit $status
