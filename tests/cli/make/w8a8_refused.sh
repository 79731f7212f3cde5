# What cannot be made so says what would work.
mkdir m && cp -L "$SOURCE"/models/austen-3.7m/*.json "$SOURCE"/models/austen-3.7m/*.safetensors m
echo short > short.txt
printf 'not \377 UTF-8\n' > bytes.txt
for to in gguf mlx hf onnx; do
    pare convert m --to $to --quant w8a8 -o x
    echo $?
done
pare convert m --to onnx --quant w8a8 --calib short.txt -o x
echo $?
pare convert m --to onnx --quant w8a8 --calib bytes.txt -o x
echo $?
pare convert m --to onnx --quant w8a8 --calib missing.txt -o x
echo $?
pare convert "$SOURCE/models/austen-3.7m" --to openvino --quant w8a8 --calib-tokens 512 --strict -o x
echo $?
ls
