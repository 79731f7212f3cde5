# without --special a special token's text is text
pare tokenize "$SOURCE/models/austen-3.7m" "<|endoftext|>" --special --json
pare tokenize "$SOURCE/models/austen-3.7m" "<|endoftext|>" --json
