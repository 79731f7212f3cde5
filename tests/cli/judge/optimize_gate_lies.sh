# a report that was written over by hand is found out
pare optimize "$SOURCE/models/austen-3.7m" -o out --variants Q8_0 --windows 8 --seconds 0.1 --min-accuracy 1 -q > /dev/null
sed -i 's/"verdict": "fail"/"verdict": "pass"/' out/report.json
pare gate out > gate
status=$?
grep -q ' 0 differ' gate && exit 9
exit $status
