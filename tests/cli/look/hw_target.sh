# a machine that one is not on, and the bounds that follow
pare hw --target jetson-orin-nano
