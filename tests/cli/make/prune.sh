# --prune: what was taken out is said, and the file has it; no text, no gain and absurd shares have their errors.
cp -r "$SOURCE/models/austen-3.7m" m
pare quantize m --quant Q8_0 --prune 0.1 -o a.gguf --json > out.json 2> err.txt || { cat err.txt; exit 1; }
grep -m 1 '"without"' out.json
pare quantize m --quant Q8_0 --prune 0.1 -o b.gguf --quiet --threads 1 > out.txt && cmp a.gguf b.gguf && echo "the same bytes"
grep '^pruned' out.txt
pare convert m --to hf --prune 0.25 -o hf --quiet | tail -1
grep 'num_hidden\|intermediate' hf/config.json
run() { pare quantize m --quant Q8_0 -o c.gguf "$@" 2>&1; echo "status $?"; }
run --prune 0.95
run --prune nothing
rm -r m/text
run --prune 0.1
printf 'too short' > short.txt
run --prune 0.1 --calib short.txt
ls
