pare assess "$SOURCE/tests/golden/safetensors/broken/pickle.bin"
