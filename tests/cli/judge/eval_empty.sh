: > text
pare eval "$SOURCE/models/austen-3.7m" -f text
