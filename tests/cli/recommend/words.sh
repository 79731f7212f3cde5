# a word that the rules do not know
pare recommend "$SOURCE/models/austen-3.7m" --need cheap
