pare assess "$SOURCE/models/austen-3.7m" --max-memory 3M
