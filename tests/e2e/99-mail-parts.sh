#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An answer that is too large for one mail: several, of whole files, of sizes that are known before, each sent once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dsar_answer.sh"
need gpg
need jq
need python3
need sqlite3
c=2026-0001

mkdir "$scratch/h"
sed -i 's,^dsar {,dsar { mail = "privacy@node.example" mail_max = 500000,' "$scratch/sparsam.conf"
printf 'retention { sendmail = "%s" }\n' "$scratch/sendmail" >>"$scratch/sparsam.conf"
# refuses the mail whose envelope stands in the file "down"
cat >"$scratch/sendmail" <<-END
	#!/bin/sh
	while [ "\$1" != -V ]; do shift; done
	envelope=\$2
	[ "\$envelope" != "\$(cat $scratch/down 2>/dev/null)" ] || exit 75
	cat >$scratch/sent.\$envelope.\$\$
END
chmod +x "$scratch/sendmail"
anna() { gpg --homedir "$scratch/h" --batch -q "$@" 2>/dev/null; }
at_end() { gpgconf --homedir "$scratch/h" --kill gpg-agent; }
n_sent() { find "$scratch" -name "sent.$1.*" | wc -l; }
dsar init >/dev/null
dsar key own --make >"$scratch/own.asc"
anna --passphrase '' --quick-gen-key 'Anna <anna@example.org>' future-default
anna --armor --export anna@example.org >"$scratch/anna.asc"
anna --import "$scratch/own.asc"
fpr=$(anna --with-colons -k anna@example.org | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)

echo anna@example.org | dsar case new --article 15 --received 2026-11-25 --lang en --address - >/dev/null
echo 'known for years' | dsar identity $c --by-hand
dsar key $c add --from "$scratch/anna.asc"
dsar key $c confirm "$fpr"
searched $c
identifier $c email anna@example.org
answer_put $c accounts nothing
register "UPDATE case_file SET state = 4 WHERE number = '$c'"

# Five files of noise, and one that packs well: 800 kB that take no room. Made as an export leaves it on record.
made() { # FILE SIZES...
	python3 - "$@" <<-'END'
		import random, sys, zipfile
		r = random.Random(1)
		with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
		    for i, size in enumerate(sys.argv[2:]):
		        z.writestr(zipfile.ZipInfo("files/%d.bin" % i, (2026, 11, 27, 0, 0, 0)), r.randbytes(int(size)))
		    z.writestr(zipfile.ZipInfo("letter.txt", (2026, 11, 27, 0, 0, 0)), "what all of them hold\n" * 40000, zipfile.ZIP_DEFLATED)
		    z.writestr(zipfile.ZipInfo("manifest.txt", (2026, 11, 27, 0, 0, 0)), "of the whole\n")
	END
	register "INSERT INTO made (number, what, sha256, len, made_us) VALUES ('$c', 'archive', '$(sha256sum "$1" | cut -d' ' -f1)', 1, 1)"
}
made "$scratch/a.zip" 90000 90000 90000 90000 50000

promise "how many mails it takes, and how large they are at most, is said before; nothing leaves"
dsar --json answer $c --mail --dry-run "$scratch/a.zip" >"$scratch/plan"
parts=$(jq -r .parts "$scratch/plan" | head -n 1)
[ "$parts" -ge 3 ] || fail "$(cat "$scratch/plan")"
[ "$(jq -s 'map(select(.mail_len > 500000 or .len == 0)) | length' "$scratch/plan")" -eq 0 ] || fail "$(cat "$scratch/plan")"
[ "$(n_sent '*')" -eq 0 ] || fail "something was sent"
dsar answer $c --mail --dry-run "$scratch/a.zip" >"$scratch/out"
has "$scratch/out" "mail 1 of $parts: at most"

promise "a mail server that stops in the middle: what has left stays gone, what has not is known"
echo "$c.2-$parts" >"$scratch/down"
expect 75 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
[ "$(n_sent "$c.1-$parts") $(n_sent "$c.2-$parts") $(n_sent "$c.3-$parts")" = "1 0 0" ] || fail "$(ls "$scratch")"
dsar --json case show $c >"$scratch/show"
has_not "$scratch/show" '"state":"answered"'

promise "again: the rest, and nothing twice; each with its own envelope"
rm "$scratch/down"
dsar answer $c --mail "$scratch/a.zip"
for i in $(seq "$parts"); do
	[ "$(n_sent "$c.$i-$parts")" -eq 1 ] || fail "part $i: $(ls "$scratch")"
done
dsar --json case show $c >"$scratch/show"
has "$scratch/show" '"state":"answered"'

promise "no mail is larger than was said; together they hold each file once, whole, and each its manifest"
i=0
for f in "$scratch"/sent.*; do
	size=$(stat -c %s "$f") i=$((i + 1))
	[ "$size" -le "$(jq -s "map(.mail_len) | max" "$scratch/plan")" ] || fail "$size"
	python3 -c '
import email, sys
sys.stdout.write(email.message_from_file(open(sys.argv[1])).get_payload()[1].get_payload())' "$f" | anna -d >"$scratch/inner"
	python3 -c '
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
a = list(m.iter_attachments())[0]
print(m["Subject"], a.get_filename())
open(sys.argv[2], "wb").write(a.get_payload(decode=True))' "$scratch/inner" "$scratch/part.$i.zip" >>"$scratch/subjects"
done
has "$scratch/subjects" "Our answer to your request, part 2 of $parts $c.2-$parts.zip"
python3 - "$scratch/a.zip" "$scratch"/part.*.zip <<-'END'
	import hashlib, sys, zipfile
	whole = zipfile.ZipFile(sys.argv[1])
	found = {}
	for path in sys.argv[2:]:
	    z = zipfile.ZipFile(path)
	    manifest = dict(reversed(line.split("  ")) for line in z.read("manifest.txt").decode().splitlines())
	    assert set(manifest) | {"manifest.txt"} == set(z.namelist()), (manifest, z.namelist())
	    for name, digest in manifest.items():
	        assert name not in found and hashlib.sha256(z.read(name)).hexdigest() == digest, name
	        found[name] = z.read(name)
	assert found == {n: whole.read(n) for n in whole.namelist() if n != "manifest.txt"}, found.keys()
END

promise "each part is on record as made here, and the report on one goes into the case with its envelope"
for f in "$scratch"/part.*.zip; do
	register "SELECT what FROM made WHERE sha256 = '$(sha256sum "$f" | cut -d' ' -f1)'" >"$scratch/out"
	has "$scratch/out" part
done
printf 'Return-Path: <>\nFrom: MAILER-DAEMON@node.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nno\n--b\nContent-Type: message/delivery-status\n\nOriginal-Envelope-Id: %s\n\nAction: failed\nStatus: 5.7.1\n--b--\n' \
	"$c.2-$parts" | dsar intake >/dev/null
dsar --json case show $c >"$scratch/show"
has "$scratch/show" "$c.2-$parts"

promise "a file that is too large alone is said, and so is what is no archive; both can go another way"
register "UPDATE case_file SET state = 4 WHERE number = '$c'"
made "$scratch/b.zip" 1000 600000
expect 65 dsar answer $c --mail "$scratch/b.zip" 2>"$scratch/stderr"
has "$scratch/stderr" 'give it another way'
head -c 600000 /dev/urandom >"$scratch/c.pdf"
register "INSERT INTO made (number, what, sha256, len, made_us) VALUES ('$c', 'letter', '$(sha256sum "$scratch/c.pdf" | cut -d' ' -f1)', 1, 1)"
expect 65 dsar answer $c --mail "$scratch/c.pdf" 2>"$scratch/stderr"
has "$scratch/stderr" 'give it another way'
[ "$(n_sent '*')" -eq "$parts" ] || fail "something was sent"
dsar answer $c "$scratch/b.zip"
