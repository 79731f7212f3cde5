# the library
pare hw --targets
