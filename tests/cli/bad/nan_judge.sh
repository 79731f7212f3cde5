# no rates and no perplexity of a model that computes nothing: status 3, and which model
m=$SOURCE/models/austen-3.7m
mkdir m && cp "$m"/* m 2> /dev/null
perl -e 'open F, "+<", "m/model.safetensors" or die; binmode F; read F, $n, 8; $n = unpack "Q<", $n; read F, $h, $n;
    $h =~ /"model\.norm\.weight":[^}]*"data_offsets":\s*\[(\d+)/ or die; seek F, 8 + $n + $1 + 6, 0; print F pack "v", 0x7FC0'
pare eval m -f "$m/text/heldout.txt" --windows 1
[ $? = 3 ] || exit 9
pare bench "$m" --vs m --rounds 1
