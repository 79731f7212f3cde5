# thirty-odd changes of a certified folder: each is found, and named
. "$CASES/cert/prepare.inc"
pare certify out -o ship --model Q8_0 > /dev/null || exit 8
pare certify out -o other --model Q4_0 > /dev/null || exit 8
pare key generate stranger --no-passphrase > /dev/null || exit 8
pare certify out -o strange --model Q8_0 --name stranger > /dev/null || exit 8
pub=keys/pare.ed25519.pub
pare verify ship --key $pub $now > /dev/null || exit 7
model=source-Q8_0.gguf cert=readiness.intoto.json

# names: what is wrong and where, each once; or the status
names() {
    pare verify t --key $pub "$@" --json > json 2> error
    status=$?
    [ $status -eq 3 ] && grep -q readiness error && { echo "status 3"; return; }
    [ $status -eq 1 ] || { echo "status $status"; cat json error; return; }
    perl "$CASES/cert/failures.pl" json
}
# try WHAT COMMAND…: a copy of the folder is changed by the command
try() {
    rm -rf t && cp -R ship t || exit 6
    what=$1
    shift
    "$@" || exit 5
    printf '%s: ' "$what"
    names $now
}
change() { perl "$CASES/cert/change.pl" "$@"; }

try 'a bit of the weights' change t/$model flip -1000
try 'a token' change t/$model sub ' the' ' thx'
try 'the chat template' change t/$model sub 'm.content' 'm.contenu'
try 'a number of the metadata' change t/$model sub 'general.name' 'general.nome'
try 'the model cut short' change t/$model cut 3000000
try 'the model is another variant' cp other/source-Q4_0.gguf t/$model
try 'the model is missing' rm t/$model
try 'the model is a link' sh -c "mv t/$model moved && ln -s ../moved t/$model"
try 'a file more' touch t/extra.py
try 'a file more, deeper' sh -c 'mkdir t/d && touch t/d/extra.so'
try 'a result in the report' change t/report.json sub '"metric": "file_bytes"' '"metric": "bpw_bytes_"'
try 'a measurement in the report' change t/report.json sub '"name": "kld_mean"' '"name": "kld_moan"'
try 'the report cut short' change t/report.json cut 5000
try 'the page' change t/report.html flip 3000
try 'a hash in the bill of materials' change t/bom.cdx.json sub '"alg": "SHA-256"' '"alg": "SHA-384"'
try 'no bill of materials' rm t/bom.cdx.json
try 'a measurement of the certificate' change t/$cert payload 0 '"lo":0.9' '"lo":0.8'
try 'the policy of the certificate' change t/$cert payload 0 'above: 0.80' 'above: 0.10'
try 'the expiry' change t/$cert payload 0 '"expires":"2027' '"expires":"2037'
try 'the approval' change t/$cert payload 0 '"approved"' '"approvee"'
try 'a probe' change t/$cert payload 0 '"logprob":-' '"logprob":-1'
try 'the signature' change t/$cert sub '"sig": "' '"sig": "AA'
try 'the signature, still base64' change t/$cert sub '"sig": "' '"sig": "AAAA'
try 'the kind of payload' change t/$cert sub 'vnd.in-toto+json' 'vnd.in-toto-json'
try 'the key beside it' change t/$cert sub 'MCowBQYDK2VwAyEA' 'MCowBQYDK2VwAyEB'
try 'no key beside it' change t/$cert sub '"publicKeys"' '"publicKeis"'
try 'no attestations' change t/$cert sub '"attestations"' '"attestation5"'
try 'a result in the test result' change t/$cert payload 2 '"PASSED"' '"FAILED"'
try 'a source in the provenance' change t/$cert payload 1 'resolvedDependencies' 'resolvedDependencees'
try 'the summary' change t/$cert payload 3 '"timeVerified":"2026' '"timeVerified":"2025'
try 'the certificate of another model' cp other/$cert t/$cert
try 'the bundle of another model' cp other/model.sig t/model.sig
try 'a hash in the bundle' change t/model.sig payload 0 '"digest":"' '"digest":"0'
try 'a name in the bundle' change t/model.sig payload 0 "$model" "../../../gguf.etc"
try 'the signature of the bundle' change t/model.sig sub '"sig": "ME' '"sig": "MF'
try 'the bundle by a stranger' cp strange/model.sig t/model.sig
try 'all by a stranger' sh -c 'rm -r t && cp -R strange t'
try 'no bundle' rm t/model.sig
try 'the bundle cut short' change t/model.sig cut 700
try 'a key twice in the bundle' change t/model.sig sub '"mediaType"' '"mediaType": "a", "mediaType"'
try 'the certificate cut short' change t/$cert cut 9000
try 'no certificate, but a bundle' rm t/$cert # else a refused one turned into a pass by its loss
try 'no certificate, no bundle' rm t/$cert t/model.sig
rm -rf t && cp -R ship t
printf 'too late: ' && names --date 2027-11-23T00:00:00Z
printf 'too early: ' && names --date 2025-11-23T00:00:00Z
printf 'by a stricter policy: ' && names $now --policy "$CASES/cert/strict.yaml"
pub=keys/stranger.ed25519.pub
printf 'another key is trusted: ' && names $now
pub=0000000000000000000000000000000000000000000000000000000000000000
printf 'another fingerprint: ' && names $now
# a bundle holds hashes alone; a folder of keys into which others write vouches for nobody
pare verify ship/model.sig --key keys/pare.p256.pub --policy strict.yaml 2> /dev/null
echo "a policy on a bundle: status $?"
chmod 777 keys
pare verify ship $now > /dev/null 2>&1
echo "keys that others may write: status $?"
chmod 700 keys
