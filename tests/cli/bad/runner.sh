pare generate "$SOURCE/models/austen-3.7m" -p It --runner tensorrt
