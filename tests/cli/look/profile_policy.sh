# bounds of one's own: one kind is asked for, and one thread is too much; and a mistake in them
printf 'schema: 1\nname: mine\nabove: {oversubscribed: 0.0001}\n' > p.yaml
pare profile "$SOURCE/models/austen-3.7m" -n 2 -t 1 --policy p.yaml --json |
    perl -ne 'print if /"kind"|"reason": "the pol/'
printf 'schema: 1\nname: mine\nabove: {memry: 0.5}\n' > q.yaml
pare profile "$SOURCE/models/austen-3.7m" --policy q.yaml
