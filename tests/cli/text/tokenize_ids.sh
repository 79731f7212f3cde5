pare tokenize "$SOURCE/models/austen-3.7m" "It is a truth" --json
