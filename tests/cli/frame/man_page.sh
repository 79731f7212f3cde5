# groff finds nothing to complain about
command -v groff > /dev/null || { echo "lacks groff"; exit 77; }
pare help --man | groff -man -ww -z -Tutf8 -K utf8 2>&1 | grep -v "^$" && exit 1
exit 0
