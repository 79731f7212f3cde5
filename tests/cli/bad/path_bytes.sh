# paths are bytes: every document can say them
name=$(printf 'd\377')
cp -r "$SOURCE/models/austen-3.7m" "$name" || exit 77
head -c 100 "$name/text/heldout.txt" > "$name/t"
pare assess "$name" --json > assess && pare eval "$name" -f "$name/t" --json > eval &&
    pare optimize "$name" -f "$name/t" -o "out$name" --variants Q8_0 --seconds 0.1 -q > /dev/null
[ $? = 1 ] && perl -ne 'BEGIN { binmode STDIN } $n += /\xEF\xBF\xBD/; END { exit($n < 3 ? 1 : 0) }' assess eval "out$name/report.json"
