# the document's shape: its keys in their order, and that every kind is judged or says why
pare profile "$SOURCE/models/austen-3.7m" -n 4 -t 1 -p "It is a truth" --trace t.json --trace-limit 8k --json > out.json
perl -ne 'print if s/^  "(\w+)".*/$1/' out.json
grep -c '"kind":' out.json
perl -0ne 'exit !(/"traceEvents":\[\n\{"ph":"M"/ && /\n\],"otherData":\{.*"dropped":[1-9]\d*\}\}\n\z/ && length($_) <= 8000)' t.json
