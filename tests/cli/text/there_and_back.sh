# every character of the shipped text comes back
text="$SOURCE/models/austen-3.7m/text/heldout.txt"
pare tokenize "$SOURCE/models/austen-3.7m" -f "$text" --json | tr -d '{}[]"ids:' > ids
pare tokenize "$SOURCE/models/austen-3.7m" --decode -f ids > back
printf '\n' | cat "$text" - | cmp - back
