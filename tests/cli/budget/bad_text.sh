{ yes 'words enough to be a text' | head -n 100; printf '\377'; } > t
pare quantize "$SOURCE/models/austen-3.7m" --bpw 4.25 --calib t -o q.gguf
