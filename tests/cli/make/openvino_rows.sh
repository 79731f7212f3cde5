# Rows of 24 make no group of 32: eight bits a row instead, and the name is told. Rows of 768 in groups of 256 have
# three zero points each, whose halves of bytes cross rows.
pare convert "$SOURCE/tests/vectors/arch/llama_plain" --to openvino --quant int4 --group-size 32 --json -o m |
    grep -c '"why": "rows of 24 are no whole groups of 32"'
grep -c 'element_type="u8" shape="32, 24"' m/openvino_model.xml
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant int4 --group-size 256 -o n > /dev/null
grep 'element_type="u4" shape="256, 3, 1"' n/openvino_model.xml | head -1 | grep -o 'size="[0-9]*"'
sha256sum <n/openvino_model.bin
