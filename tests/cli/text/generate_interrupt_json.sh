# Ctrl-C with --json: one object, with the text that was made and why it ended.
pare generate "$SOURCE/models/austen-3.7m" -p Emma -n 0 -c 200000 --ignore-eos --temp 1 --json > out 2> /dev/null &
pid=$!
# It says nothing while it runs: wait for processor time (utime, 14th), of which loading takes little.
for i in $(seq 600); do [ "$(cut -d' ' -f14 /proc/$pid/stat)" -gt 100 ] && break; sleep 0.1; done
kill -INT $pid
wait $pid
status=$?
grep -q '"text": "..*"' out && grep -q '"stopped_by":"interrupt"' out || exit 1
grep -q '"error"' out && exit 1
exit $status
