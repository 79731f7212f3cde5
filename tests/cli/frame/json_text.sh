# "--json everywhere" has no exception: a page of help or a script is one object too
for words in "help" "help eval" "eval --help" "help --man" "completion bash"; do
    # shellcheck disable=SC2086 # two words are meant
    pare $words --json > got || exit 1
    # shellcheck disable=SC2086
    pare $words > plain || exit 1
    [ "$(wc -l < got)" = 3 ] && [ "$(sed -n 1p got)$(sed -n 3p got)" = "{}" ] || exit 1
    # the text itself, unquoted, is what is printed without --json
    perl -ne 'next unless s/^  "text": "(.*)"$/$1/; chomp; s/\\u([0-9a-f]{4})/chr hex $1/ge;
        s/\\(.)/$1 eq "n" ? "\n" : $1 eq "t" ? "\t" : $1/ge; print' got | cmp - plain || exit 1
done
pare completion tcsh --json
