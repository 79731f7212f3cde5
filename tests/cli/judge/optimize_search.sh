# every candidate in every way, few looks; then from the records; limits that nothing meets
cp -r "$SOURCE/models/austen-3.7m" model
try() { pare optimize model -o out -f "$SOURCE/models/austen-3.7m/text/heldout.txt" --variants Q4_0,Q2_K --windows 6 --seconds 0.1 \
    -t 1 --search --prefer memory=1 "$@" > said 2> told; }
look() { perl -0777 -ne '/"search": \{(.*?)\n {1,2}"(profile|warnings)"/s or die; $s = $1; ($a) = $s =~ /"algorithm": "([^"]*)"/;
    ($o) = $s =~ /"options": (\d+)/; ($e) = $s =~ /"evaluations": (\d+)/; $c = () = $s =~ /"cached": true/g;
    printf "%s: %d options, %d looks, %d of them recorded, some finalists: %d\n", $a, $o, $e, $c, $s =~ /"finalists": \[\s*"/;
    %n = map { $_ => 1 } /"name": "(openvino:[^"]*)"/g; print join(" ", sort keys %n), "\n";' out/report.json; }
rm model/text/train.txt
try
[ $? -le 1 ] || { cat told; exit 9; }
grep 'no text to learn from' told
look
try
look
grep -c 'is skipped' told
try --max-bytes 1000
echo $?
grep -c 'nothing meets max-bytes: nearest is Q2_K' said
try --calib "$SOURCE/models/austen-3.7m/text/heldout.txt" || echo $?
cat told
pare optimize model -o out --variants Q4_0-prune0.1 -f "$SOURCE/models/austen-3.7m/text/heldout.txt"
echo $?
pare optimize model -o out --variants Q4_0-prune2,Q4_0 -f "$SOURCE/models/austen-3.7m/text/heldout.txt"
echo $?
pare optimize model -o out --variants onnx:int4-kvq8_0@onnxruntime -f "$SOURCE/models/austen-3.7m/text/heldout.txt"
echo $?
