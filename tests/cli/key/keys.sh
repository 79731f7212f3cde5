# keys: made, shown, locked, rotated; refused where others may read them; private halves never printed
k="--keys $PWD/k"
mask() { sed -E "s#$PWD#HERE#g; s/[0-9a-f]{64}/(fingerprint)/g; s/ +/ /g"; }
said() { # the status and all that was said
    "$@" < /dev/null > said 2>&1
    status=$?
    mask < said
    echo "= $status"
    cat said >> all
}
umask 000 # the worst that a user may have
echo opensesame > one && echo abracadabra > two && chmod 600 one two
said pare key generate $k --passphrase-file one
for f in k k/pare.key k/pare.ed25519.pub; do echo "$(stat -c %a $f) $f"; done
head -n 1 k/pare.key
said pare key generate $k --no-passphrase
said pare key show $k
said pare key generate 'a/b' $k
said pare key generate $k x --passphrase-file one
chmod 640 one && said pare key generate $k y --passphrase-file one
chmod 600 one
[ ! -e k/y.key ] || exit 9
said pare key rotate $k --passphrase-file two
said pare key rotate $k
cp k/pare.ed25519.pub before
said pare key rotate $k --passphrase-file one --date 1795000000
cmp before k/pare.0.ed25519.pub || exit 8
said pare key passphrase $k --passphrase-file one --new-passphrase-file two
said pare key rotate $k --passphrase-fd 3 3< two
said pare key passphrase $k --passphrase-file two --no-passphrase
head -n 1 k/pare.key
said pare key generate $k locked --passphrase-file one
said pare key passphrase $k locked --passphrase-file one # nobody said that it goes
: > none && chmod 600 none && said pare key generate $k y --passphrase-file none
[ ! -e k/y.key ] || exit 5
chmod 644 k/pare.key && said pare key show $k
chmod 600 k/pare.key && chmod 750 k && said pare key rotate $k
chmod 700 k
mv k/pare.key moved && ln -s ../moved k/pare.key && said pare key rotate $k
rm k/pare.key && mv moved k/pare.key
said pare key shw $k
said pare key show nobody $k
said pare key show --keys nowhere
pare key show $k --json >> all 2>&1
# nothing of a private half, nor a passphrase, was ever printed
grep -q -e PRIVATE -e opensesame -e abracadabra all && exit 7
for f in k/*.key; do
    sed -n '2p' "$f" > line
    grep -q -F -f line all && exit 6
done
exit 0
