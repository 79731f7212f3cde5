# what stands behind a zero byte is not left out in silence
printf '1 2\0 3' | pare tokenize "$SOURCE/models/austen-3.7m" -f - --decode
