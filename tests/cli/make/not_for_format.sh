# an option that the format has no use for is a mistake, not silence; and a name is text
m=$SOURCE/models/austen-3.7m
pare convert "$m" --to hf --name x -o hf
[ $? -eq 2 ] || exit 9
pare convert "$m" --to gguf --shard-bytes 1M -o a.gguf
[ $? -eq 2 ] || exit 9
pare convert "$m" --to gguf --name "$(printf '\377')" -o a.gguf
[ $? -eq 2 ] && ls
