pare tokenize "$SOURCE/models/austen-3.7m" --decode 99999
