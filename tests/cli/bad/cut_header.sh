pare convert "$SOURCE/models/austen-3.7m" --to gguf -o a.gguf > /dev/null && head -c 5000 a.gguf > cut.gguf
pare assess cut.gguf
