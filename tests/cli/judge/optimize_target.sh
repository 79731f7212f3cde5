# a target's storage and memory are limits like those that are typed; the lesser one holds
printf 'schema: 1\nname: any\ngates:\n  - name: size\n    metric: file_bytes\n    at_most: 1e9\n' > any.yaml
target() {
    printf 'schema: 1\nname: kiosk\nplatform: other\nos: linux\narch: x86_64\ncpu: {cores: 1}\nmemory: {bytes: %s}\nlimits: {file: %s}\n' "$1" "$2" > kiosk.yaml
}
try() {
    want=$1
    shift
    pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q4_K_M --windows 4 --seconds 0.1 -q --policy any.yaml --target "$@" > said 2>&1
    got=$?
    [ $got -eq $want ] || { echo "$*: $got instead of $want"; cat said; exit 9; }
    [ $got -ne 1 ] || grep -Eq 'fail: .* over the limit' said || { echo "$*: no reason"; cat said; exit 8; }
}
target 64MB 4MB
try 0 kiosk.yaml
try 1 kiosk.yaml --max-bytes 1M
target 64MB 1MB
try 1 kiosk.yaml
try 1 kiosk.yaml --max-bytes 3M
target 1MB 4MB
try 1 kiosk.yaml
try 3 toaster
grep -q "no target is called 'toaster'" said
