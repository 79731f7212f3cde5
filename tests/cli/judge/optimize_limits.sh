# each limit and preference, met, not met and absurd; the quality of the first run serves all
printf 'schema: 1\nname: any\ngates:\n  - name: size\n    metric: file_bytes\n    at_most: 1e9\n' > any.yaml
try() {
    want=$1
    shift
    pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q8_0,Q4_K_M --windows 12 --seconds 0.1 -q --policy any.yaml "$@" > said 2>&1
    got=$?
    [ $got -eq $want ] || { echo "$*: $got instead of $want"; cat said; exit 9; }
    [ $got -eq 1 ] && { grep -Eq 'fail: .* (over|short of) the limit' said || { echo "$*: no reason"; cat said; exit 8; }; }
    return 0
}
try 0
try 0 --max-bytes 3M && try 1 --max-bytes 1M && try 1 --max-bytes 1 && try 2 --max-bytes 0 && try 2 --max-bytes -5
try 0 --max-memory 5M && try 1 --max-memory 1M && try 2 --max-memory 0
try 0 --min-accuracy 0.5 && try 2 --min-accuracy 1.5 && try 2 --min-accuracy nan
try 0 --min-speedup 0.001 && try 1 --min-speedup 900000 && try 2 --min-speedup -1
try 0 --max-latency-ms 100000 && try 1 --max-latency-ms 0.001 && try 2 --max-latency-ms 0
try 0 --prefer speed=2,accuracy=1,memory=1 && try 0 --prefer size=1 && try 2 --prefer beauty=1 && try 2 --prefer speed=-1
# another metric for speed; one that nothing here can measure; one that is no metric
sed 's/file_bytes/prefill_tps/; s/at_most: 1e9/at_least: 0.01/' any.yaml > p.yaml && mv p.yaml any.yaml && try 0
grep -q '"metric": "prefill_tps"' out/report.json || exit 7
sed 's/prefill_tps/task_accuracy/' any.yaml > p.yaml && mv p.yaml any.yaml && try 4
