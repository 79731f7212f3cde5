# a candidate whose runtime is not here is a line, and with --strict an error
export PARE_LLAMA_PATH=/nonexistent
M=$SOURCE/models/austen-3.7m
pare optimize "$M" -o out --variants Q8_0,Q8_0@llama.cpp --windows 4 --seconds 0.1 -q > table 2> warned
[ $? -le 1 ] || exit 9
grep '^skipped' table
cat warned
grep -q '"skipped": true' out/report.json || exit 8
pare optimize "$M" -o out --variants Q8_0@llama.cpp --strict --windows 4 --seconds 0.1 -q > table 2> said
[ $? -eq 4 ] || exit 7
cat said
for v in tar:F16 onnx:int4@llama.cpp mlx:int4-x; do
    pare optimize "$M" -o out --variants $v -q 2>&1
    [ $? -eq 2 ] || exit 6
done
