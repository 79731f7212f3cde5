# with --json the same as an object, alone on standard output
mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
echo '[]' > m/config.json
pare assess m --json
