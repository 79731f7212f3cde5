pare optimize "$SOURCE/models/austen-3.7m"
