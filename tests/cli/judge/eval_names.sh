# a text or a list of tasks that will not do is named, wherever it came from
: > empty
m=$SOURCE/models/austen-3.7m
for what in -f --choices; do
    pare eval "$m" $what empty
    pare eval "$m" $what - < empty
done
for k in "It was" 1 "qx zvw" "a pity." "jjk 7" "zzz kqj"; do echo "$k"; done > tasks
pare eval "$m" --choices - --json < tasks | grep -c task_accuracy
pare eval "$m" -f empty --work-memory=1 # nothing that eval could keep to
[ $? = 2 ]
