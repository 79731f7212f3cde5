# bytes that are a part of a character are shown as bytes
pare tokenize "$SOURCE/models/austen-3.7m" -p "It is naïve"
