# what a rename would destroy stays: a pipe, a folder, a link; what the link names is written
m=$SOURCE/models/austen-3.7m
mkfifo pipe
mkdir folder
touch real
ln -s real link
ln -s nowhere dangling
for target in pipe folder dangling; do
    pare quantize "$m" --quant Q4_0 -o $target
    [ $? -eq 4 ] || exit 9
done
pare convert "$m" --to hf -o real
[ $? -eq 4 ] || exit 9
pare quantize "$m" --quant Q4_0 -o link > /dev/null || exit 9
[ -p pipe ] && [ -L link ] && [ "$(head -c 4 real)" = GGUF ] && ls
