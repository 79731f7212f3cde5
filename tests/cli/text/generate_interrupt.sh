# Ctrl-C: what was printed stays. The model repeats itself for as long as it may.
pare generate "$SOURCE/models/austen-3.7m" -p "It was a fine" -n 0 -c 200000 --ignore-eos > out 2> err &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s out ] && break; sleep 0.1; done
kill -INT $pid 2> /dev/null
wait $pid
status=$?
grep -q '^ day, and I was' out || exit 1
cat err >&2
exit $status
