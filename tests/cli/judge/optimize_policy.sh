printf 'schema: 1\nname: x\ngates:\n  - metric: sped\n    at_least: 2\n' > p.yaml
pare optimize "$SOURCE/models/austen-3.7m" -o out --policy p.yaml
status=$?
[ -e out/report.json ] && exit 9
exit $status
