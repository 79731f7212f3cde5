# quality is the same to the last bit for any number of threads
text="$SOURCE/models/austen-3.7m/text/heldout.txt"
pare eval "$SOURCE/models/austen-3.7m" -f "$text" --windows 4 -t 1 --json | sed '/"environment"/,$d' > one
pare eval "$SOURCE/models/austen-3.7m" -f "$text" --windows 4 -t 2 --json | sed '/"environment"/,$d' > two
cmp one two && grep -q '"perplexity"' one
