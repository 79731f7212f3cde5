# a machine becomes a file, and the file a target
perl "$SOURCE/tests/machines/unpack" intel-nuc root
pare hw --root root --save-target 'my nuc.yaml' > /dev/null
cat 'my nuc.yaml'
pare hw --target './my nuc.yaml'
