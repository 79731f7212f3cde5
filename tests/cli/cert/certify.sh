# what is certified, what is refused, and what others need to check it
. "$CASES/cert/prepare.inc"
mask() { sed -E "s#$PWD#HERE#g; s/[0-9a-f]{64}/(sha256)/g; s/[0-9.]+ (bytes|B|kB|MB)/(bytes)/g; s/ +/ /g"; }
pub=keys/pare.ed25519.pub
echo '- what stands in the files'
grep -a -o '{"source":{"name":"source","sha256":"[0-9a-f]*"},"recipe":{[^}]*}}' out/variants/source-Q8_0.gguf | mask
pare convert source --to gguf -o plain.gguf -q > /dev/null && grep -a -c 'pare.lineage' plain.gguf
pare convert out/variants/source-Q8_0.gguf --to gguf -o again.gguf -q > /dev/null && grep -a -c 'pare.lineage' again.gguf
echo '- in place'
pare certify out --model Q8_0 > text || exit 8
mask < text | grep -v -e '^Q8_0' -e 'report\.'
cp out/readiness.intoto.json first
pare certify out --model Q8_0 > /dev/null && cmp first out/readiness.intoto.json || exit 7 # the same, to the byte
pare verify out $now | mask | grep -v -e made
echo '- what is shipped, where nobody knows anything'
pare certify out --model Q8_0 -o ship --json > json || exit 6
grep -q -e PRIVATE json && exit 5
(cd ship && ls)
for how in '' "--key $pub" "--key $(sha256sum < $pub | cut -d' ' -f1)" --any-key; do
    # shellcheck disable=SC2086 # words on purpose
    env -u PARE_KEYS -u HOME -u XDG_CONFIG_HOME pare verify ship $how $now > text
    echo "${how%% *} = $?" && tail -n 1 text
done
pare verify ship/readiness.intoto.json --key $pub $now --measure | grep '^probe'
pare verify ship/model.sig --key keys/pare.p256.pub | tail -n 1
pare verify ship/model.sig --key $pub | tail -n 1 # signed by the other key
# a report that does not say the format, as older ones: null in the records, no error of pare's own
cp -R out old && sed '/"format": "gguf"/d' out/report.json > old/report.json || exit 3
pare certify old -o from-old --model Q8_0 > /dev/null 2> error
echo "a report without formats: status $?" && cat error
pare verify ship --key $pub $now --policy "$CASES/cert/policy.yaml" | grep '^policy'
pare certify out --model Q8_0 -o ship > text 2>&1
echo "again = $?"
echo '- after a rotation'
cp $pub old.pub
mkdir ship/.git && : > ship/.git/x && pare verify ship $now 2>&1 | grep -o 'here and not signed: .*'; rm -r ship/.git
pare key rotate --no-passphrase > /dev/null && pare certify out --model Q8_0 -o second > /dev/null || exit 4
pare verify second --key old.pub $now | mask | grep '^key'
pare verify ship --key $pub $now | mask | grep '^key' # the new key does not vouch for the old one
perl "$CASES/cert/change.pl" second/readiness.intoto.json sub '"rotation"' '"rotatiom"'
pare verify second --key old.pub $now --json > json
perl "$CASES/cert/failures.pl" json
echo '- refused'
rm out/readiness.intoto.json out/model.sig out/bom.cdx.json
told() { # the first words on standard error and the status
    "$@" 2>&1 > /dev/null | mask | sed 's/^\(pare: .\{60\}\).*/\1…/' | head -n 1
    "$@" > /dev/null 2>&1
    echo "= $?"
}
told pare certify out --model Q8
told pare certify out --model Q8_0 --name nobody
told pare certify out/variants
cp "$CASES/cert/strict.yaml" p.yaml
pare optimize source -o hard -f "$SOURCE/models/austen-3.7m/text/heldout.txt" --variants Q4_0 --windows 6 --seconds 0.1 --prefer memory=1 \
    --policy p.yaml -q > /dev/null
told pare certify hard
[ ! -e hard/model.sig ] && [ ! -e hard/readiness.intoto.json ] && [ ! -e hard/bom.cdx.json ] || exit 3
pare certify hard --refusal > /dev/null
echo "--refusal = $?"
pare verify hard $now --json > json
echo "verified = $?"
perl "$CASES/cert/failures.pl" json
sed 's/1000/1001/' p.yaml > q && cp q p.yaml
told pare certify hard --refusal
perl "$CASES/cert/change.pl" out/report.json sub '"verdict": "pass"' '"verdict": "fail"'
told pare certify out --model Q8_0
perl "$CASES/cert/change.pl" out/report.json sub '"verdict": "fail"' '"verdict": "pass"'
perl "$CASES/cert/change.pl" out/variants/source-Q8_0.gguf flip -100
told pare certify out --model Q8_0
[ ! -e out/readiness.intoto.json ] || exit 2
told pare verify source
told pare verify nowhere
