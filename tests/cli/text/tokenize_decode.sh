pare tokenize "$SOURCE/models/austen-3.7m" --decode "880, 361 261,1932"
pare tokenize "$SOURCE/models/austen-3.7m" --decode 880,361 --json
