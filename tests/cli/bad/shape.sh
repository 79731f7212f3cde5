# the configuration says another width than the weights have
mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
sed 's/"hidden_size": 256/"hidden_size": 512/' "$SOURCE/models/austen-3.7m/config.json" > m/config.json
pare assess m
