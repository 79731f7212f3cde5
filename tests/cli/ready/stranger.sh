# a model from a stranger, and all that lies beside it: what is found, where, and nothing of what it hides
cp -r "$SOURCE/models/austen-3.7m" m && chmod -R u+w m && rm -r m/training
part() { # the lines of a part, evidence too
    pare gate m --ready --passages 8 "$@" > text
    echo "= $?"
    awk -v want="$part" '/^[a-z]+: /{on = index($0, want) == 1} /^Open/{on = 0} on' text | sed 's/ *$//' | grep -v '^$'
}
echo '- as it ships'
part=security part
part=compliance part
echo '- and with what should not be there'
cp "$SOURCE/tests/vectors/scan/runs-p4.pickle" m/notes.txt
cp "$SOURCE/tests/vectors/scan/plain.zip" m/logo.png
printf '#!/bin/sh\necho hello\n' > m/run
printf '\177ELF\2\1\1' > m/weights.bin
ln -s ../beside m/host && ln -s nowhere m/lost && mkfifo m/pipe
printf '{"auto_map": {"AutoModel": "code.Model"}, "url": "https://collect.example.org/v1?k=1"}\n' > m/extra.json
printf "{{ messages[0].__class__ }}{%% include 'x' %%}{{ cycler }}\n" > m/chat_template.jinja
key=AKIA$(echo IOSFODNN7ABCDEFG)
printf '{"a": 1,\n "password": "%s", "id": "%s"}\n' 9f8aKq2LmZx71QpW "$key" > m/deploy.json
printf -- '---\nlicense: cc-by-nc-4.0\n---\nAsk Ann, ann.lee@corp.com, +49 30 1234567, DE89 3704 0044 0532 0130 00.\n' > m/README.md
part=security part
part=compliance part
echo '- nothing of a secret is shown'
pare gate m --ready --passages 8 --json > json
grep -c -e 9f8aKq -e "$key" -e ann.lee -e 'DE89 37' text json
echo '- what the policy lets pass is told'
cat > p.yaml <<'P'
schema: 1
kind: readiness
name: mine
checks:
  security.executable: {allow: ["script:run", "elf:*"]}
  security.links: off
P
part=security part --policy p.yaml | grep -A1 -e executable -e links
