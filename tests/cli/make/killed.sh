# what a killed run left of this target is taken away by the next; what is another's stays
m=$SOURCE/models/austen-3.7m
mkdir hf.part-999999999
touch q.gguf.part-999999999 hf.part-999999999/config.json other.gguf.part-999999999 q.gguf.part-x
sleep 20 & # a process that is there
touch q.gguf.part-$!
pare quantize "$m" --quant Q4_0 -o q.gguf > /dev/null && pare convert "$m" --to hf -o hf > /dev/null
status=$?
kill $!
rm q.gguf.part-$! || exit 9
ls
exit $status
