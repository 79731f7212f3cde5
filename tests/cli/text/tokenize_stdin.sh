printf 'It is a truth' | pare tokenize "$SOURCE/models/austen-3.7m" -f - --json
