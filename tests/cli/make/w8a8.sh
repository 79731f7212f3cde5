# int8 and rounded inputs: the same bytes for any number of threads and any level.
for to in onnx openvino; do
    pare convert "$SOURCE/models/austen-3.7m" --to $to --quant w8a8 --calib-tokens 2048 -t 1 \
        --no-check -o a > a.txt
    PARE_CPU=reference pare convert "$SOURCE/models/austen-3.7m" --to $to --quant w8a8 \
        --calib "$SOURCE/models/austen-3.7m/text/train.txt" --calib-tokens 2048 -t 3 --no-check \
        -o b > b.txt
    diff -r a b && grep -v "^sha256\|^a: \|^b: " a.txt
    rm -r a b
done
