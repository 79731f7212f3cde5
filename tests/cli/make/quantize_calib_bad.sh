# calibration texts and files that will not do, each with its reason; nothing is left behind
m=$SOURCE/models/austen-3.7m
q() {
    pare quantize "$m" --quant Q4_K_M -o out.gguf --quiet "$@" > /dev/null
    echo $?
}
cp "$SOURCE/tests/fuzz/corpus/imatrix/nan.gguf" "$SOURCE/tests/fuzz/corpus/imatrix/good.gguf" .
: > empty
printf 'It is a truth \377 universally' > bytes
echo 'It is a truth universally acknowledged.' > short
q --calib empty
q --calib bytes
q --calib short
q --calib missing
q --calib .
q --calib short --imatrix short
q --imatrix short
q --imatrix nan.gguf
q --imatrix good.gguf
q --method gptq
q --method importance
q --method gptq --imatrix short
q --save-imatrix i.gguf
pare convert "$m" --to mlx --calib short -o out
echo $?
pare convert "$m" --to gguf --calib short -o out
echo $?
ls
