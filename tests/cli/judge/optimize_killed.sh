# killed with -9 at twenty moments, while the report is written among them: what has its name is
# whole, and in the end the numbers and the files are those of a run that nobody disturbed
run() { pare optimize "$SOURCE/models/austen-3.7m" -o $1 --variants Q8_0,Q4_K_M --windows 8 --seconds 0.1 -q; }
quality() { awk '/"name": "(nll|accuracy|accuracy_kept|kld_mean|kld_max|top1_agreement|bpw)"/ { a = $0; getline; print a, $0 }' $1/report.json; }
run whole > /dev/null
[ $? -le 1 ] || exit 9
(cd whole/variants && sha256sum -- *) > sums
killed=0
# moments in ms: first through the measuring, then through the last tenths, where all is recorded
for ms in $(awk 'BEGIN { srand(7); for (i = 0; i < 20; i++) printf "%d ", i < 12 ? 20 + rand() * 700 : 10 + rand() * 120 }'); do
    pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q8_0,Q4_K_M --windows 8 --seconds 0.1 -q > /dev/null 2>&1 &
    pid=$!
    sleep "$(awk "BEGIN { print $ms / 1000 }")"
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ $? -eq 137 ] && killed=$((killed + 1))
    for f in out/variants/*.gguf; do
        [ -e "$f" ] || continue
        [ "$(sha256sum < "$f")" = "$(sha256sum < "whole/variants/${f##*/}")" ] || { echo "half: $f"; exit 8; }
    done
    if [ -e out/report.json ]; then pare gate out > /dev/null; [ $? -le 1 ] || { echo "a half report"; exit 7; }; fi
    if [ -e out/report.html ]; then [ "$(tail -c 8 out/report.html | tr -d '\n')" = "</html>" ] || { echo "half a page"; exit 6; }; fi
done
[ $killed -ge 10 ] || { echo "only $killed were still running"; exit 5; }
run out > /dev/null
[ $? -le 1 ] || exit 4
(cd out/variants && sha256sum --quiet -c ../../sums) || exit 3
quality whole > a && quality out > b && [ "$(wc -l < a)" -ge 20 ] && cmp a b || exit 2
[ -z "$(find out -name '*.part-*')" ]
