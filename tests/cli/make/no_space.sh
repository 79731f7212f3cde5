# a disk of 1 MB, where one may make one: the message names the file, nothing stays
mkdir small
mount -t tmpfs -o size=1m none small 2> /dev/null || { echo "may not mount a small disk"; exit 77; }
pare quantize "$SOURCE/models/austen-3.7m" --quant Q4_0 -o small/q.gguf
status=$?
ls -A small
umount small
exit $status
