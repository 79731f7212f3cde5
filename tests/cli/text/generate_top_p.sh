# --top-p 0, and what is as good as 0, keep one token: the likeliest. It is not "all of them".
model=$SOURCE/models/austen-3.7m
pare generate "$model" -q -p Emma -n 12 > greedy
for p in 0 1e-9 1e-300; do
    pare generate "$model" -q -p Emma -n 12 --temp 1 --top-p $p | cmp - greedy || exit 1
done
pare generate "$model" -q -p Emma -n 12 --temp 1 --top-p 1 | cmp -s - greedy && exit 1
exit 0
