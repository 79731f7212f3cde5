# Rows of 24 make no group of 32: the matrix stays as it is, and its name is told.
pare convert "$SOURCE/tests/vectors/arch/llama_plain" --to mlx --quant int4 --group-size 32 --json -o m |
    grep -c '"why": "rows of 24 are no whole groups of 32"'
pare convert "$SOURCE/tests/vectors/arch/llama_plain" --to mlx --quant int4 --group-size 32 --strict -o n
s=$?
ls
exit $s
