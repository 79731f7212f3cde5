# the text's file is named, with the byte
printf 'ok \377' > bad.txt
pare generate "$SOURCE/models/austen-3.7m" -f bad.txt
