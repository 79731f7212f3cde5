# on a terminal there are colours and, with NO_COLOR, there are none
command -v script > /dev/null || { echo "lacks script"; exit 77; }
script -qec true /dev/null < /dev/null > /dev/null 2>&1 || { echo "lacks pseudo-terminals"; exit 77; }
esc=$(printf '\033')
TERM=xterm script -qec "pare help" /dev/null < /dev/null | grep -q "$esc\[1m" || { echo "no colour"; exit 1; }
TERM=xterm NO_COLOR=1 script -qec "pare help" /dev/null < /dev/null | grep -q "$esc" && { echo "NO_COLOR ignored"; exit 1; }
TERM=dumb script -qec "pare help" /dev/null < /dev/null | grep -q "$esc" && { echo "colour on a dumb one"; exit 1; }
exit 0
