# what is asked wrongly, or of nothing
try() {
    pare gate "$@" 2>&1 > /dev/null | head -n 2 | sed "s#$SOURCE#SOURCE#"
    pare gate "$@" > /dev/null 2>&1
    echo "= $?"
}
try nothing --ready
try nothing --checklist
try . --ready --checklist
try . --ready
try "$SOURCE/models/austen-3.7m" --checklist
printf 'schema: 1\nkind: readiness\nname: x\nchecks: {security.pickles: off}\n' > p.yaml
try "$SOURCE/models/austen-3.7m" --ready --policy p.yaml
printf 'schema: 1\ndated: 2026-01-01\nadvisories: [{id: X}]\nruntimes: []\n' > a.yaml
try "$SOURCE/models/austen-3.7m" --ready --advisories a.yaml
try "$SOURCE/models/austen-3.7m" --ready --passages 1
