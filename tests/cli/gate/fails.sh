# what fails says by how much, or what is missing: also a gate whose bound would pass
printf '%s\n' 'schema: 1' 'name: hard' 'gates:' '  - {metric: speedup, at_least: 1000}' \
    '  - {metric: kld_mean, at_most: 0.5, min_n: 1000000}' \
    '  - {metric: energy_j_per_token, at_most: 1}' > p.yaml
pare gate "$SOURCE/tests/vectors/report/sample.json" --policy p.yaml
