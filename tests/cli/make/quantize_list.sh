pare quantize --list --json | grep -c '"name"'
