#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From decided finds to an answer: letters, one archive with all there is, and what was given out by its hash.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dsar_answer.sh"
need python3
need pdftotext
need pdftoppm
need gzip
c=2026-0001

# says FILE TEXT : does a letter hold TEXT, wherever its lines break?
says() { tr -s '\n ' ' ' <"$1" | grep -qF -e "$2" || fail "$1 does not say: $2"; }

dsar init >/dev/null
dsar case new --article 15 --received 2026-11-25 --lang de >/dev/null
identifier $c name 'Dr. Maximiliane-Friederike Freifrau von und zu Wolfeschlegelsteinhausenbergerdorff-Ἀθηνᾶ 👩‍🚀'
identifier $c email erika.mustermann@example.org

promise "only letters without personal data leave before the identity is verified"
dsar letter $c receipt >"$scratch/receipt"
says "$scratch/receipt" 'Ihre Anfrage ist eingegangen: Auskunft (Art. 15 DSGVO)'
says "$scratch/receipt" 'bis zum 28. Dezember 2026'
dsar --json case show $c >"$scratch/show"
has "$scratch/show" '"state":"receipted"'
dsar letter $c question >"$scratch/question"
says "$scratch/question" 'keine Kopie eines Ausweises'
echo 'Der Antrag ist unbegründet.' | dsar letter $c refusal --from - >"$scratch/refusal"
says "$scratch/refusal" 'Der Antrag ist unbegründet.'
says "$scratch/refusal" 'Art. 77 DSGVO'
expect 77 dsar letter $c access >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "identity is not verified"
expect 77 dsar export $c --to "$scratch/a.zip" 2>"$scratch/stderr"
[ ! -e "$scratch/a.zip" ] || fail "an archive for somebody unknown"

# What the person gets, and what others' she must not get.
other='Zoë Großkopf-Schröter'
mail='zoe.grosskopf@example.com'
address='198.51.100.77'
searched $c
find_put $c accounts "'email=erika.mustermann@example.org' || char(9) || 'name=Erika \"E.\" Mustermann' || char(9) || 'note=a,b' || char(10)"
find_put $c chat "'senderName=$other' || char(9) || 'message=Hallo, $mail' || char(10)" 0
find_put $c chat "'senderName=Erika' || char(9) || 'message=שלום ירדן 👋, an zoe.grosskopf@example.com und Zo\\u00eb Gro\\u00dfkopf-Schr\\u00f6ter' || char(10)"
find_put $c web "'{\"ip\":\"$address\",\"name\":\"Zo\\u00eb Gro\\u00dfkopf-Schr\\u00f6ter\",\"n\":1}'"
find_put $c web "'GET /rooms?name=Zo%C3%AB+Gro%C3%9Fkopf-Schr%C3%B6ter $address'"
mkdir -p "$scratch/recordings/4711/presentation"
cat >"$scratch/recordings/4711/events.xml" <<XML
<?xml version="1.0"?>
<recording><event name="$other" id="1"><name>Zo&#235; Gro&#223;kopf-Schr&#246;ter</name><message>Hallo &amp; $mail</message></event></recording>
XML
printf '<html><body title="%s"><p>%s</p></body></html>\n' "$other" "$mail" >"$scratch/recordings/4711/notes.html"
printf '\211PNG %s' "$other" >"$scratch/recordings/4711/presentation/preview.png"
mkdir -p "$scratch/recordings/4712"
head -c 3000000 /dev/urandom >"$scratch/recordings/4712/video.webm"
ln -s /etc/passwd "$scratch/recordings/4712/link.txt"
find_put $c events NULL 1 "$scratch/recordings/4711"
find_put $c events NULL 1 "$scratch/recordings/4712"
for store in accounts chat web events; do answer_put $c $store found; done
answer_put $c nginx-error nothing

promise "nothing leaves that was not looked at"
expect 77 dsar export $c --to "$scratch/a.zip" 2>"$scratch/stderr"
has "$scratch/stderr" "not every find was looked at"
expect 1 dsar review $c --keep 1 7 >"$scratch/out"
dsar review $c --blacken 2 3 4 5 6 >"$scratch/out"

promise "one archive, which others' tools read and check"
dsar --json export $c --to "$scratch/a.zip" >"$scratch/out"
(cd "$scratch" && mkdir a && cd a && python3 -m zipfile -e ../a.zip . && sha256sum --quiet -c manifest.txt)
[ "$(jq -r .sha256 "$scratch/out")" = "$(sha256sum "$scratch/a.zip" | cut -d' ' -f1)" ] || fail "hash"
[ "$(jq -r '[.records, .files, .left_out] | join(" ")' "$scratch/out")" = "5 3 1" ] || fail "$(cat "$scratch/out")"
cmp "$scratch/recordings/4712/video.webm" "$scratch"/a/files/events/7/*.webm
grep -rl root: "$scratch/a" && fail "a link was followed"
python3 - "$scratch/a" <<-'PY'
	import csv, json, sys, xml.dom.minidom, glob
	d = sys.argv[1]
	for f in glob.glob(d + "/data/*.json"): json.load(open(f, encoding="utf-8"))
	rows = list(csv.DictReader(open(d + "/data/accounts.csv", encoding="utf-8", newline="")))
	assert rows[0]["name"] == 'Erika "E." Mustermann' and rows[0]["note"] == "a,b", rows
	assert json.load(open(d + "/data/accounts.json"))["records"][0]["values"]["name"] == rows[0]["name"]
	xml.dom.minidom.parse(d + "/files/events/6/00001.xml")
	schema = json.load(open(d + "/schema.json"))
	assert schema["stores"]["accounts"]["columns"] == ["email", "name", "note"], schema
PY

promise "no byte of what was blackened is in any form of the answer"
mkdir "$scratch/forms"
cp -r "$scratch/a" "$scratch/forms/a"
pdftotext "$scratch/a/letter.pdf" "$scratch/forms/letter.txt"
python3 - "$scratch/a/letter.pdf" >"$scratch/forms/pdf.raw" <<-'PY'
	import re, sys, zlib
	for m in re.finditer(rb"stream\r?\n(.*?)endstream", open(sys.argv[1], "rb").read(), re.S):
	    try: sys.stdout.buffer.write(zlib.decompress(m.group(1)))
	    except zlib.error: sys.stdout.buffer.write(m.group(1))
PY
for word in "$other" "$mail" "$address" 'Gro\u00dfkopf' 'Gro%C3%9Fkopf' 'Gro&#223;kopf' Großkopf zoe.grosskopf; do
	! grep -rFl -e "$word" "$scratch/forms" || fail "it holds: $word"
done
[ -z "$(find "$scratch/a" -name '*.png')" ] || fail "a preview was not left out"

promise "the nine blocks are this person's: her stores, recipients by name, the third country"
letter=$scratch/a/letter.txt
for text in 'accounts: 1 Eintrag, vom' 'Beispiel Telefon GmbH' 'Example Transcripts Inc.' 'Standard contractual clauses' \
	'Konto:' 'höchstens 7 Tage' 'Der Hessische Beauftragte' 'nginx-error' 'Wolfeschlegelsteinhausenbergerdorff' \
	'1 Datei, in der sich nichts schwärzen lässt'; do
	says "$letter" "$text"
done
for n in 1 2 3 4 5 6 7 8 9; do grep -q "^$n\. " "$letter" || fail "block $n"; done

promise "it is drawn on pages"
pdftoppm -r 60 -png "$scratch/a/letter.pdf" "$scratch/page"
[ -s "$scratch/page-1.png" ] || fail "no page"
pdftotext "$scratch/a/letter.pdf" "$scratch/letter"
says "$scratch/letter" "Auskunft nach Art. 15 DSGVO"
[ -z "${PAGES-}" ] || cp "$scratch"/page*.png "$scratch/a/letter.pdf" "$letter" "$scratch/a/letter.html" "$PAGES"

promise "what was given out is known by its hash, and the case is answered"
cp "$scratch/a.zip" "$scratch/b.zip" && echo >>"$scratch/b.zip"
expect 65 dsar answer $c "$scratch/b.zip" 2>"$scratch/stderr"
dsar answer $c "$scratch/a.zip"
dsar --json case show $c >"$scratch/show"
has "$scratch/show" '"state":"answered"'
[ "$(register "SELECT count(*) FROM made WHERE given_us > 0")" = 1 ] || fail "not given"
ledger >"$scratch/ledger"
has_not "$scratch/ledger" Großkopf
has_not "$scratch/ledger" mustermann

promise "of whom nothing is found gets just that, with what would help"
dsar case new --article 15 --received 2026-11-25 --lang en >/dev/null
searched 2026-0002
identifier 2026-0002 email nobody@example.org
answer_put 2026-0002 accounts nothing
answer_put 2026-0002 web nothing 'keys destroyed before 2026-11-20'
register "UPDATE case_file SET state = 4 WHERE number = '2026-0002'"
dsar export 2026-0002 --to "$scratch/none.zip" >/dev/null
python3 -m zipfile -e "$scratch/none.zip" "$scratch/none"
says "$scratch/none/letter.txt" 'We have found nothing about you'
says "$scratch/none/letter.txt" 'mail addresses'
says "$scratch/none/letter.txt" 'keys destroyed before 2026-11-20'
dsar answer 2026-0002 "$scratch/none.zip"

promise "portability gives what she provided on consent or contract, and nothing else"
dsar case new --article 20 --received 2026-11-25 --lang en >/dev/null
searched 2026-0003
find_put 2026-0003 accounts "'email=a@example.org' || char(10)"
find_put 2026-0003 web "'GET / 192.0.2.1'"
answer_put 2026-0003 accounts found
dsar review 2026-0003 --keep 8 9 >/dev/null
dsar export 2026-0003 --to "$scratch/p.zip" >/dev/null
python3 -m zipfile -l "$scratch/p.zip" >"$scratch/list"
has "$scratch/list" data/accounts.json
has_not "$scratch/list" data/web.json

promise "recipients are told of an erasure, by name, and it is on record"
dsar case new --article 17 --received 2026-11-25 --lang de >/dev/null
searched 2026-0004
find_put 2026-0004 accounts "'email=a@example.org' || char(10)"
expect 1 dsar notify 2026-0004 >"$scratch/out"
has "$scratch/out" 'Beispiel Telefon GmbH'
has_not "$scratch/out" 'Transcripts'
dsar notify 2026-0004 --recipient 'Beispiel Telefon GmbH' --form pdf --to "$scratch/notice.pdf"
pdftotext "$scratch/notice.pdf" "$scratch/notice"
says "$scratch/notice" 'Mitteilung nach Art. 19 DSGVO'
dsar notify 2026-0004 --recipient 'Beispiel Telefon GmbH' --sent
dsar notify 2026-0004 >"$scratch/out"
has "$scratch/out" sent
