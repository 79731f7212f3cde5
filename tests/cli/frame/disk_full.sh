[ -e /dev/full ] || { echo "lacks /dev/full"; exit 77; }
pare help > /dev/full
