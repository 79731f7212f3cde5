# to GGUF and back: the same weights, the same text
pare convert "$SOURCE/models/austen-3.7m" --to gguf -o a.gguf
pare convert a.gguf --to hf -o hf > /dev/null
one=$(pare generate a.gguf -p "It was a fine" -n 20 -q)
two=$(pare generate hf -p "It was a fine" -n 20 -q)
three=$(pare generate "$SOURCE/models/austen-3.7m" -p "It was a fine" -n 20 -q)
[ "$one" = "$two" ] && [ "$one" = "$three" ]
