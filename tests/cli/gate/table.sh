# a verdict a line: what was asked, found, held against it, by how much; and what was judged
pare gate "$SOURCE/tests/vectors/report/sample.json"
