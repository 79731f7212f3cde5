# Ctrl-C or SIGTERM while the text is still being read ends it at once.
mkfifo text && sleep 60 > text &
writer=$!
while ! [ -p text ]; do sleep 0.1; done
pare tokenize "$SOURCE/models/austen-3.7m" -f - < text &
pid=$!
sleep 0.5
kill -TERM $pid
for i in $(seq 50); do kill -0 $pid 2> /dev/null || break; sleep 0.1; done
kill -KILL $pid 2> /dev/null
wait $pid
status=$?
kill $writer
exit $status
