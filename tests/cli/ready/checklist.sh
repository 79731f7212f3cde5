# from the optimizer's records to the checklist: what is ticked, by what, and what closes the rest
mkdir source || exit 9
cp "$SOURCE"/models/austen-3.7m/*.json "$SOURCE"/models/austen-3.7m/*.safetensors source/
export PARE_KEYS="$PWD/keys"
# limits that any machine keeps: what is looked at here are records, not speed
cat > p.yaml <<'P'
schema: 1
kind: readiness
name: here
checks:
  accuracy.samples: {limit: 2}
  performance.variation: off
  performance.speed: off
  performance.memory: off
  performance.baselines: {limit: 1}
documents: []
licences: [MIT, Apache-2.0, CC0-1.0]
P
pare optimize source -o out -f "$SOURCE/models/austen-3.7m/text/heldout.txt" --variants Q8_0 --windows 6 --seconds 0.1 \
    --prefer memory=1 --policy "$CASES/cert/policy.yaml" -q > /dev/null || exit 9
cp -r out first
mask() { sed -E "s/record [0-9a-f]+…/record (key)…/; s/20[0-9-]+T[0-9:]+Z/(time)/g; s/[0-9a-f]{16,64}/(sha256)/g; s/pare (pipeline|doctor|watch|rollout|serve) .*/pare \1 …/"; }
ticked() { pare gate "$1" --checklist > text; echo "= $?"; mask < text | grep -A1 '\[x\]'; tail -n 1 text; }
echo '- nothing was validated yet'
pare gate out --checklist > text
echo "= $?"
mask < text
echo '- validated'
printf -- '---\nlicense: apache-2.0\n---\n# A model\n' > out/README.md
pare gate out --ready --policy p.yaml --passages 8 > text
echo "= $?"
grep -E '^(accuracy|performance|robustness|security|compliance): ' text
ticked out
echo '- the report has it too, and its own verdicts still follow'
grep -c '"readiness"' out/report.json
pare gate out > /dev/null && echo yes
echo '- a secret beside it'
echo 'token: hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789' > out/notes.txt
pare gate out --ready --policy p.yaml --passages 8 > /dev/null
echo "= $?"
pare gate out --checklist | grep -A1 'security holes'
rm out/notes.txt
echo '- signed: the report is left alone from then on'
pare gate out --ready --policy p.yaml --passages 8 > /dev/null
pare key generate --no-passphrase > /dev/null && pare certify out > /dev/null || exit 8
pare gate out --ready --policy p.yaml --passages 8 --json > json
echo "= $?"
pare verify out | tail -n 1
grep -A5 '"security.signature"' json | mask | grep -e verdict -e why
printf '\n' >> out/bom.cdx.json
pare gate out --ready --policy p.yaml --passages 8 > text
echo "= $?"
grep -A1 -e '. hashes' -e '. signature' text | grep -v SHA | sed 's/file-hash:.*/file-hash/'
echo '- another artefact than the records speak of'
cp out/variants/*.gguf keep
printf x >> out/variants/source-Q8_0.gguf
pare gate out --checklist | grep -c 'records are of another artefact'
cp keep out/variants/source-Q8_0.gguf
echo '- a record changed in its file'
perl -e 'undef $/; open F, "+<:raw", "out/pare.db"; $_ = <F>; s/"name":"security.parse"/$&/g; s/"verdict":"pass","policy"/"verdict":"fail","policy"/g; seek F, 0, 0; print F $_'
pare gate out --checklist | tail -n 1
