pare generate "$SOURCE/models/austen-3.7m" -f "$SOURCE/models/austen-3.7m/training/train.py"
