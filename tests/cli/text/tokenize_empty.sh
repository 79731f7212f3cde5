pare tokenize "$SOURCE/models/austen-3.7m" "" --json
