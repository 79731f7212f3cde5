pare quantize "$SOURCE/models/austen-3.7m" --bpw 2 -o q.gguf
status=$?
ls
exit $status
