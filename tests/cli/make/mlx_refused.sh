cp -rL "$SOURCE/tests/vectors/arch/qwen2_window" q
pare convert q --to mlx -o m
s=$?
ls
exit $s
