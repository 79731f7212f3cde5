# a model that names a BOS begins with it
pare generate "$SOURCE/models/austen-3.7m" -p "" -n 1 > /dev/null
