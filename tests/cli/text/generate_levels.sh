# the text is the same for every level of instructions and number of threads
one=$(pare generate "$SOURCE/models/austen-3.7m" -p "Emma" -n 60 --temp 0.8 --seed 7 -q -t 1)
two=$(PARE_CPU=reference pare generate "$SOURCE/models/austen-3.7m" -p "Emma" -n 60 --temp 0.8 --seed 7 -q -t 2)
[ "$one" = "$two" ] && [ ${#one} -gt 60 ]
