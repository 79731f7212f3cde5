# a machine that was written down: nothing of this one may shine through
perl -e 'open F, "<", "$ENV{SOURCE}/tests/machines/raspberry-pi-5/tree.txt" or exit 77' || { echo "lacks the recorded tree"; exit 77; }
mkdir -p root/proc && printf 'processor\t: 0\nBogoMIPS\t: 108.00\n\n' > root/proc/cpuinfo
pare hw --root root
