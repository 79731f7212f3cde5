# a level that is not there is told before anything runs
PARE_CPU=mmx pare hw
