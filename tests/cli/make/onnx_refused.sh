cp -rL "$SOURCE/tests/vectors/arch/llama_dynamic" d
pare convert d --to onnx -o m
s=$?
ls
exit $s
