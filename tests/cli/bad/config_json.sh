mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
echo '{"hidden_size": 256,' > m/config.json
pare assess m
