# a range is told in whole numbers, and 0 is not the default by another name
pare generate "$SOURCE/models/austen-3.7m" -p Emma --penalty-last 0 && exit 9
pare generate "$SOURCE/models/austen-3.7m" -p Emma --penalty-last 2000000
