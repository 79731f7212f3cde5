# the same numbers in JSON, with the sentence
pare gate "$SOURCE/tests/vectors/report/sample.json" --json > out && grep -E '^  "(schema|variant|policy|verdict|summary)":' out | cut -c1-38
