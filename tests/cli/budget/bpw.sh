# 4.25 bits are 4.24 to 4.25, and the file is the same for any number of threads.
for threads in 1 3; do
    pare quantize "$SOURCE/models/austen-3.7m" --bpw 4.25 --effort low --threads $threads \
        -o q$threads.gguf --json -q > d$threads || exit
done
cmp q1.gguf q3.gguf && wc -c < q1.gguf
grep -m1 "\"bpw\": 4.2[45]" d1
pare generate q1.gguf -p "It was a fine" -n 8 -q
