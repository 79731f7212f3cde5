pare generate "$SOURCE/models/austen-3.7m" -p "It was a fine" -n 3 --json -q
