# what the README of the model says it writes, in float32; standard error has the speed
pare generate "$SOURCE/models/austen-3.7m" -p "It was a fine" -n 37 --kv f32
