# What OpenVINO reads: constants where the layers say, names that others ask for, the same bytes for any threads.
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant int4 -t 1 -o m > /dev/null
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant int4 -t 3 -o n > /dev/null
cmp m/openvino_model.bin n/openvino_model.bin && cmp m/openvino_model.xml n/openvino_model.xml
sha256sum <m/openvino_model.bin
sha256sum <m/openvino_model.xml
sha256sum <m/openvino_tokenizer.xml
sha256sum <m/openvino_tokenizer.bin
sha256sum <m/openvino_detokenizer.xml
cmp m/openvino_tokenizer.bin n/openvino_tokenizer.bin && cmp m/openvino_detokenizer.xml n/openvino_detokenizer.xml
grep -c 'element_type="u4"' m/openvino_model.xml
grep -o 'variable_id="past_key_values.3[^"]*"' m/openvino_model.xml | sort -u
grep -o 'names="[^"]*"' m/openvino_model.xml
cmp m/tokenizer.json "$SOURCE/models/austen-3.7m/tokenizer.json" && ls m
