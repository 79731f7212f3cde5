printf 'It is a truth \377 universally' > text
pare eval "$SOURCE/models/austen-3.7m" -f text
