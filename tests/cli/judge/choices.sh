# HellaSwag's form: a context, the label, four endings. The context and the right ending are the
# text's own, the wrong endings are not English: any model of the text knows.
for i in 0 1 2 3; do
    printf 'It is a truth universally acknowledged, that a single\n%d\n' $i
    for k in 0 1 2 3; do
        [ $k = $i ] && echo "man in possession of a good fortune, must be in want of a wife." && continue
        echo "qx zvw jjk 7 %% #$k ~~ vxq zzz kqj wv"
    done
done > tasks.txt
pare eval "$SOURCE/models/austen-3.7m" --choices tasks.txt --json > four || exit 1
pare eval "$SOURCE/models/austen-3.7m" --choices tasks.txt --json --tasks 3 > three || exit 1
# every label moved by one: all answers are wrong now
awk 'NR % 6 == 2 { $0 = ($0 + 1) % 4 } 1' tasks.txt > wrong.txt
pare eval "$SOURCE/models/austen-3.7m" --choices wrong.txt --json > none || exit 1
grep -h '"value"\|"n"' four three none
