# one weight that is no number: --check and every writer name the tensor
mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
perl -e 'open F, "+<", "m/model.safetensors" or die; binmode F; read F, $n, 8; $n = unpack "Q<", $n; read F, $h, $n;
    $h =~ /"model\.norm\.weight":[^}]*"data_offsets":\s*\[(\d+)/ or die; seek F, 8 + $n + $1 + 6, 0; print F pack "v", 0x7FC0'
pare quantize m --quant Q8_0 -o q.gguf && exit 9
[ -e q.gguf ] && exit 8
pare assess m --check 2> /dev/null
