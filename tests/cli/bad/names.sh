# arguments that name nothing are said to, not looked for
m=$SOURCE/models/austen-3.7m
pare generate "" -p x
pare convert "" --to gguf -o x.gguf
pare convert "$m" --to gguf -o -
pare quantize --list foo
