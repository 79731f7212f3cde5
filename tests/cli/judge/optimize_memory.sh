# however many the variants, the private memory is that of the source and one variant: 2 layers of
# 4,096 wide keys over a context of 2,048 take 67 MB of state a session, six of them over 400 MB
make_model=$(dirname "$PARE")/tools/make_model
grep -qa __asan_init "$PARE" && { echo "a sanitized program: its own memory counts as data too"; exit 77; }
[ -x "$make_model" ] || { echo "$make_model is not built"; exit 77; }
"$make_model" --shape tiny --hidden 256 --heads 64 --kv-heads 64 --head-dim 64 --layers 2 --ffn 256 --vocab 512 --context 2048 --out m || exit 9
awk 'BEGIN { srand(3); for (i = 0; i < 2400; i++) printf "%c", rand() < 0.2 ? 32 : 97 + rand() * 26 }' > text
(
    ulimit -d 360000
    pare optimize m -o out -f text --variants Q8_0,Q4_0,Q2_K --windows 1 --seconds 0.1 -t 2 --work-memory 250M -q > /dev/null
    [ $? -le 1 ]
)
