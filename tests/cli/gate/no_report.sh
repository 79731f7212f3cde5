# what is no report, or asks for nothing, is named
echo '{"schema": 1}' > empty.json
pare gate empty.json
[ $? -eq 3 ] || exit 9
echo '{"schema": 2, "choice": {"name": "x"}, "policy": {"gates": []}}' > none.json
pare gate none.json
