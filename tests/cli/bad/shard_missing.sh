pare convert "$SOURCE/models/austen-3.7m" --to hf --shard-bytes 4M -o m > /dev/null || exit 9
rm m/model-00002-of-00002.safetensors
pare assess m
