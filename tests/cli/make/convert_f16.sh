pare convert "$SOURCE/models/austen-3.7m" --to gguf --quant F16 -o a.gguf --json > out.json
grep -q '"quant": "F16"' out.json && grep -q '"fell_back": 0' out.json && ls
