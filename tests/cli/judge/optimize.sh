# two variants, little text, little time: the report is whole, and a second run measures nothing
pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q8_0,Q4_K_M --windows 12 --seconds 0.2 -q
status=$?
[ $status -le 1 ] || exit 9
for f in report.json report.html pare.db variants/austen-3.7m-Q4_K_M.gguf; do [ -s out/$f ] || exit 8; done
grep -q "\"exit_status\": $status" out/report.json || exit 7
grep -q '"verdict": "' out/report.json || exit 6
cp out/report.json first.json
pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q8_0,Q4_K_M --windows 12 --seconds 0.2 -q > /dev/null
[ $? -eq $status ] || exit 5
[ "$(grep -c '"from_cache": true' out/report.json)" -ge 3 ] || exit 4
pare gate out > gate
[ $? -le 1 ] && grep -q ' 0 differ$' gate || exit 3
pare gate out --policy "$SOURCE/policies/enterprise.yaml" --json > gate.json
[ $? -le 1 ] && grep -q '"verdict"' gate.json
