# a name that is none: the names that are
pare hw --target toaster
