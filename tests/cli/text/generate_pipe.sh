# a reader that goes away ends it; nothing is said about it
pare generate "$SOURCE/models/austen-3.7m" -p "It was" -n 200 --ignore-eos | head -c 4
