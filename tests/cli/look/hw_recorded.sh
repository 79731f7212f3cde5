# a machine that was written down: nothing of this one may shine through
perl "$SOURCE/tests/machines/unpack" rock-5b root
pare hw --root root
