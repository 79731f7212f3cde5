# a runtime that is not here is status 4 and one line; a runner that nobody knows is a mistake
export PARE_LLAMA_PATH=/nonexistent
pare eval "$SOURCE/models/austen-3.7m" --runner llama.cpp -p 'It is a truth universally acknowledged' -q
[ $? -eq 4 ] || exit 9
pare eval "$SOURCE/models/austen-3.7m" --runner abacus -p 'It is a truth' -q
