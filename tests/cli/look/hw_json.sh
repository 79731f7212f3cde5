# one object; the sizes of caches and memory are numbers
pare hw --json --kernels > out.json
perl -0ne 'exit !(/^\{/ && /"cpu":/ && /"memory": ?\{[^}]*"bytes": ?\d+/ && /"bandwidth": ?\{"?/ && /"kernels": ?\[/ && /\}\n\z/)' out.json
