# A graph and its weights: small graph, the same bytes for any number of threads and any level.
pare convert "$SOURCE/models/austen-3.7m" --to onnx --quant int4 -t 1 -o a > a.txt
PARE_CPU=reference pare convert "$SOURCE/models/austen-3.7m" --to onnx --quant int4 -t 3 -o b > b.txt
cmp a/model.onnx b/model.onnx && cmp a/model.onnx.data b/model.onnx.data
sha256sum < a/model.onnx
sha256sum < a/model.onnx.data
ls a
