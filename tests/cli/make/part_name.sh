# what went wrong within a folder that is being written has the name that it was to have
ulimit -f 2000
trap '' XFSZ
for to in hf mlx; do
    pare convert "$SOURCE/models/austen-3.7m" --to $to -o out/$to 2> err
    [ $? = 4 ] || exit 9
    grep -o 'out[^:]*' err
done
