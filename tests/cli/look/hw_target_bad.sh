# a file that says too much: the key, what was found, what was expected
printf 'schema: 1\nname: box\nplatform: intel\nos: linux\narch: x86_64\ncpu: {cores: 4}\nmemory: {bytes: lots}\n' > box.yaml
pare hw --target box.yaml
