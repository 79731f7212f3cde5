# a reader that leaves early: no message, and the status that a shell knows.
# (The output is more than a pipe holds.)
mkfifo pipe
(i=0; while [ $i -lt 40 ]; do pare help --man || exit $?; i=$((i + 1)); done) > pipe &
head -n 1 < pipe
wait $!
