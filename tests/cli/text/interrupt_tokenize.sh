# The first signal ends it, however long the text is: 60 MB take some seconds, of which it has had
# half a one.
head -c 60000000 /dev/zero | tr '\0' a > text
pare tokenize "$SOURCE/models/austen-3.7m" -f text --json > ids &
pid=$!
for i in $(seq 600); do [ "$(cut -d' ' -f14 /proc/$pid/stat)" -gt 50 ] && break; sleep 0.1; done
kill -TERM $pid
wait $pid
status=$?
[ -s ids ] && echo "it had ended before"
exit $status
