# a report that says otherwise than its numbers is not passed off as a pass
sed 's/"verdict":"pass"/"verdict":"fail"/' "$SOURCE/tests/vectors/report/sample.json" > r.json
pare gate r.json
