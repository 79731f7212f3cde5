printf 'It \377\376 is' > text
pare tokenize "$SOURCE/models/austen-3.7m" -f text
