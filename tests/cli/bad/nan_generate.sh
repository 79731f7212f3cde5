# scores that are no numbers: an error, whatever way of choosing was asked for
mkdir m && cp "$SOURCE"/models/austen-3.7m/* m 2> /dev/null
perl -e 'open F, "+<", "m/model.safetensors" or die; binmode F; read F, $n, 8; $n = unpack "Q<", $n; read F, $h, $n;
    $h =~ /"model\.norm\.weight":[^}]*"data_offsets":\s*\[(\d+)/ or die; seek F, 8 + $n + $1 + 6, 0; print F pack "v", 0x7FC0'
pare generate m -p Emma -n 5 2> /dev/null
[ $? = 3 ] || exit 9
pare generate m -p Emma -n 5 --temp 1 --top-k 5
