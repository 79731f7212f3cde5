pare convert "$SOURCE/models/austen-3.7m" --to gguf -o a.gguf > /dev/null && head -c 1000000 a.gguf > cut.gguf
pare generate cut.gguf -p It
