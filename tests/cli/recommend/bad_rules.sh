# rules that do not hold together are named
printf 'name: x\nframeworks: []\n' > r.yaml
pare recommend "$SOURCE/models/austen-3.7m" --rules r.yaml
