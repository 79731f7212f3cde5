# a table on a narrow terminal: no line is wider in its last column, each has its own colour
command -v script > /dev/null || { echo "lacks script"; exit 77; }
script -qec true /dev/null < /dev/null > /dev/null 2>&1 || { echo "lacks pseudo-terminals"; exit 77; }
echo "one two three" > text
TERM=xterm script -qec "stty cols 60; pare bench '$SOURCE/models/austen-3.7m' --rounds 1 -n 2" /dev/null < /dev/null > out
perl -CSD -ne 's/\r?\n//; next unless /energy/ .. /Tokens/; next if /Tokens/; $n++;
    exit 9 if /\e\[2m/ && !/\e\[0m$/; s/\e\[[0-9;]*m//g; exit 8 if length > 60; END { exit 7 if $n < 1 }' out
