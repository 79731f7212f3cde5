# every verb explains itself, on standard output, within 96 columns, in plain text
for verb in $(pare help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    pare help "$verb" > text 2> errors || exit 1
    [ ! -s errors ] && grep -q "^usage: pare $verb" text || { echo "$verb"; exit 1; }
    grep -q "$(printf '\033')" text && { echo "$verb: escapes without a terminal"; exit 1; }
    grep -q -- '-h, --help' text || { echo "$verb: no --help"; exit 1; }
done
exit 0
