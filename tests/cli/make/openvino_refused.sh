cp -rL "$SOURCE/tests/vectors/arch/llama_dynamic" q
pare convert q --to openvino -o m
s=$?
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant int3 -o m
ls
exit $s
