# a runtime that is not here is status 4; words for the native runner are a mistake
export PARE_ONNXRUNTIME_PATH=/nonexistent
pare generate "$SOURCE/models/austen-3.7m" --runner onnxruntime -p x -n 3
[ $? -eq 4 ] || exit 1
pare generate "$SOURCE/models/austen-3.7m" --tokenizer "$SOURCE/models/austen-3.7m" -p x -n 3
