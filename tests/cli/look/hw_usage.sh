# what does not go together is said before anything runs
pare hw --measure --quick
