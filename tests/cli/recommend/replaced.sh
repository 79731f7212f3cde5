# what memory forbids is replaced, with the reason
pare recommend "$SOURCE/models/austen-3.7m" --target raspberry-pi-5 --max-bytes 2300000 || exit 9
# nothing fits: status 1, and each says why
pare recommend "$SOURCE/models/austen-3.7m" --target raspberry-pi-5 --max-memory 1k
