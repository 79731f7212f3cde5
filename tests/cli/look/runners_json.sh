# one object; whatever is installed, each runner has a row, and none can end pare
timeout 300 pare runners --json > out.json
perl -0ne 'exit !(/^\{/ && /"name": ?"native",\s*"found": ?true,\s*"verified": ?true/ && (() = /"install":/g) == 6 && /\}\n\z/)' out.json || exit 1
# a helper that is not there, and one that answers nonsense, are lines too
PARE_RUNNER_DIR=$PWD pare runners openvino --json | grep -q '"found": false'
printf '#!/bin/sh\nread line\necho nonsense\n' > pare-runner && chmod +x pare-runner
PARE_RUNNER_DIR=$PWD pare runners openvino | tr -s ' \n' ' ' | grep -q "openvino: expected an object as answer, found 'nonsense'"
