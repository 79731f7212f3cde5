pare tokenize "$SOURCE/models/austen-3.7m" --decode "1 x"
