# the object stands alone on standard output, wherever --json stands
pare completion tcsh --json
