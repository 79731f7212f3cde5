[ -e /dev/full ] || { echo "lacks /dev/full"; exit 77; }
pare generate "$SOURCE/models/austen-3.7m" -p "It was" -n 20 > /dev/full
