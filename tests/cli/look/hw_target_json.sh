# the same as one object: what is not told is null
pare hw --target container-2cpu-4gb --json
