# Ctrl-C: what was printed stays, and how fast it was is said. The model repeats itself for
# as long as it may.
pare generate "$SOURCE/models/austen-3.7m" -p "It was a fine" -n 0 -c 200000 --ignore-eos > out 2> err &
pid=$!
# Until the words below stand there; a busy machine may take its time.
for i in $(seq 600); do grep -q "^ day, and I was" out && break; sleep 0.1; done
kill -INT $pid 2> /dev/null
wait $pid
status=$?
grep -q '^ day, and I was' out || exit 1
cat err >&2
exit $status
