# the size that is foretold is the size that is written, to the byte
pare assess "$SOURCE/models/austen-3.7m" --json > told
for q in F16 Q8_0 Q6_K Q4_K_M IQ4_XS Q4_0 Q3_K_M Q2_K; do
    pare quantize "$SOURCE/models/austen-3.7m" --quant $q -o $q.gguf -q > /dev/null || exit 9
    want=$(tr -d ' \n' < told | sed "s/.*{\"name\":\"$q\",\"tensor_bytes\":[0-9]*,\"file_bytes\":\([0-9]*\).*/\1/")
    [ "$want" = "$(wc -c < $q.gguf)" ] || { echo "$q: foretold $want, written $(wc -c < $q.gguf)"; exit 8; }
done
echo all to the byte
