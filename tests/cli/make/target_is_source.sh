# a target that is a file of the source, by whatever name: refused, and the source still there
cp -r "$SOURCE/models/austen-3.7m" m
pare convert m --to gguf -o a.gguf > /dev/null
ln a.gguf b.gguf
ln -s a.gguf c.gguf
cp a.gguf before
for target in a.gguf ./a.gguf b.gguf c.gguf; do
    pare quantize a.gguf --quant Q8_0 -o $target
    [ $? -eq 2 ] || exit 9
done
cmp a.gguf before || exit 9
for target in m/model.safetensors m/config.json; do
    pare convert m --to gguf -o $target
    [ $? -eq 2 ] || exit 9
done
cmp m/model.safetensors "$SOURCE/models/austen-3.7m/model.safetensors" || exit 9
cmp m/config.json "$SOURCE/models/austen-3.7m/config.json" || exit 9
# beside the source's files is a good place, also the second time
pare convert m --to gguf -o m/model.gguf > /dev/null && pare convert m --to gguf -o m/model.gguf > /dev/null
