# the facts that every machine has, and the level in use
pare hw --quick
