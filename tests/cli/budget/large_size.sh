pare quantize "$SOURCE/models/austen-3.7m" --size 1G --effort low -o q.gguf -q --json | grep -o '"bytes": 74[0-9]*' | head -1
