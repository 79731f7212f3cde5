# a text too short for bounds: the end says which variants lack what, and why
m=$SOURCE/models/austen-3.7m
echo "It is a truth universally acknowledged." > text
: > file
pare optimize "$m" -o file --variants Q8_0
[ $? = 4 ] || exit 9
pare optimize "$m" -o out --prefer "" --variants Q8_0
[ $? = 2 ] || exit 8
pare optimize "$m" -o out -f text --variants Q8_0 --seconds 0.1 -q | sed -n '/^Choice/,$p'
