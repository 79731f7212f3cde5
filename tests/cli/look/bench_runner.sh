# a runtime that is not here: status 4, and what it is that lacks
PARE_LLAMA_PATH=/nonexistent pare bench "$SOURCE/models/austen-3.7m" --runner llama.cpp --quiet
