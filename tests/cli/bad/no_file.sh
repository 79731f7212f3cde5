pare assess nowhere.gguf
