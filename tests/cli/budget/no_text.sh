cp -r "$SOURCE/models/austen-3.7m" m
chmod -R u+w m
rm m/text/train.txt
pare quantize m --bpw 4.25 -o q.gguf
