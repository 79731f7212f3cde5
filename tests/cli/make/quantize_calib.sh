# a text that the model reads first: the way that diverges less is taken and said; then the same by
# name, for other threads, to the byte; its importances saved and given back; a warning where the
# calibration text judges
m=$SOURCE/models/austen-3.7m
head -c 24000 "$m/text/train.txt" > t.txt
pare quantize "$m" --quant Q4_0 --calib t.txt --calib-tokens 2048 -o a.gguf --quiet | grep '^method' |
    sed 's/[0-9.]* … [0-9.]*/N … N/g'
head -c 8000 t.txt > u.txt
pare quantize "$m" --quant Q4_0 --calib u.txt --method gptq --threads 1 -o b.gguf --quiet | grep '^method'
pare quantize "$m" --quant Q4_0 --calib u.txt --method gptq --threads 3 --work-memory 8M -o c.gguf --quiet > /dev/null
cmp b.gguf c.gguf
pare quantize "$m" --quant Q4_0 --calib u.txt --method importance --save-imatrix i.gguf -o d.gguf --quiet | grep '^method'
pare quantize "$m" --quant Q4_0 --imatrix i.gguf -o e.gguf --quiet | grep '^method'
pare eval b.gguf -f u.txt -c 64 --windows 1 > /dev/null 2> warned
cat warned
ls
