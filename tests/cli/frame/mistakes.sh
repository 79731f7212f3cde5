# all mistakes at once, nothing on standard output
pare version --jsn --quite=3 -z one
