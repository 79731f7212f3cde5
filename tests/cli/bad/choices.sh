# a task that is none: the file, the byte, the line, and what was expected
model=$SOURCE/models/austen-3.7m
printf 'ctx\n4\na\nb\nc\nd\n' > label
printf 'ctx\n0\na\nb\n' > short
printf 'ctx\n0\na\nb\n\nd\n' > ending
for f in label short ending; do
    pare eval "$model" --choices $f
    [ $? = 3 ] || exit 9
done
pare eval "$model" -p x --tasks 3
[ $? = 2 ] || exit 9
pare eval "$model" -p x --separator ''
