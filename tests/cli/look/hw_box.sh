# a container with control groups of version 1: its limits, not the machine's
perl "$SOURCE/tests/machines/unpack" container-cgroup1 root
pare hw --root root
