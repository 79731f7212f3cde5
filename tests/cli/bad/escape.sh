# a name that holds commands for the terminal is shown without them
pare assess "$(printf 'a\033[31m\302\233b')"
