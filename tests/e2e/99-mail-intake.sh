#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Requests that arrive by mail: each has its case and its receipt at once, and what was signed, by whom, from where stays apart.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need python3

reg=$scratch/reg
mkdir "$reg" "$scratch/h"
. "$root/tests/e2e/dsar_mail.sh"
cat >"$scratch/sendmail" <<-END
	#!/bin/sh
	n=\$(ls $scratch/sent* 2>/dev/null | wc -l)
	[ ! -e $scratch/down ] || exit 75
	[ ! -e $scratch/refuse ] || ! grep -q '^To: bad@' || exit 67
	{ echo "X-Arguments: \$*"; cat; } >$scratch/sent\$n
END
chmod +x "$scratch/sendmail"
sent() { find "$scratch" -name 'sent*' | wc -l; }
anna() { gpg --homedir "$scratch/h" --batch -q "$@" 2>/dev/null; }
at_end() { gpgconf --homedir "$scratch/h" --kill gpg-agent; }

promise "without a key of our own the mail server is told to come again"
dsar init >"$scratch/out"
printf 'From: anna@example.org\nSubject: x\n\nx\n' >"$scratch/plain"
expect 75 dsar intake <"$scratch/plain" 2>"$scratch/stderr"
has "$scratch/stderr" 'dsar key own --make'
dsar key own --make >"$scratch/own.asc"
own=$(dsar --json key own | jq -r .fingerprint)
has "$scratch/own.asc" 'BEGIN PGP PUBLIC KEY BLOCK'

promise "a letter in German opens what it asks for, and gets its receipt in German"
cat >"$scratch/german" <<-'END'
	Return-Path: <anna@example.org>
	From: "Der Datenschutz" <anna@example.org>
	Subject: Meine Daten
	Message-ID: <one@example.org>
	Content-Type: text/plain; charset=utf-8

	Guten Tag, bitte geben Sie mir Auskunft nach Art. 15 DSGVO und löschen Sie danach meine Daten.
END
dsar --json intake --from "$scratch/german" >"$scratch/out"
[ "$(jq -r '[.case, .opened, .receipt] | join(" ")' "$scratch/out")" = "2026-0001 true true" ] || fail "$(cat "$scratch/out")"
[ "$(dsar --json case list | jq -r '[.article, .state] | join(" ")' | tr '\n' ,)" = "15 receipted,17 receipted," ] ||
	fail "$(dsar case list)"
has "$scratch/sent0" 'X-Arguments: -i -t -N success,delay,failure -R hdrs -V 2026-0001 -f privacy@node.example'
has "$scratch/sent0" 'To: anna@example.org'
has "$scratch/sent0" 'In-Reply-To: <one@example.org>'
has "$scratch/sent0" 'Auto-Submitted: auto-replied'
python3 -c '
import email, email.policy, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
print(m["subject"]); print(m.get_content())' "$scratch/sent0" >"$scratch/receipt"
has "$scratch/receipt" 'Ihre Anfrage ist eingegangen'
has "$scratch/receipt" 2026-0001
has_not "$scratch/receipt" anna

promise "the same mail again changes nothing"
dsar --json intake <"$scratch/german" >"$scratch/out"
[ "$(jq -r '[.case, .again, .receipt] | join(" ")' "$scratch/out")" = "2026-0001 true false" ] || fail "$(cat "$scratch/out")"
[ "$(sent)" -eq 1 ] || fail "a second receipt"

promise "the mail is kept sealed, and nothing personal is in the ledger"
! grep -aqF 'löschen Sie danach' "$scratch"/reg/register/pgp -r || fail "the mail lies there in clear"
sqlite3 "$scratch/reg/register/register.db" "SELECT cast(sealed AS TEXT) FROM mail LIMIT 1" >"$scratch/sealed"
gpg --homedir "$scratch/reg/register/pgp/own" --batch -q -d "$scratch/sealed" >"$scratch/opened" 2>/dev/null
same "$scratch/german" "$scratch/opened"
sqlite3 "$scratch/reg/register/ledger.db" "SELECT data FROM entry" >"$scratch/ledger"
has_not "$scratch/ledger" anna

promise "what no person wrote gets no receipt: automatic mail, lists, bulk, bounces, ourselves"
n=1
for header in 'Auto-Submitted: auto-replied' 'List-Id: <l.example.org>' 'Precedence: bulk' 'Return-Path: <>' 'X: from ourselves'; do
	from=robot@example.org
	[ "$header" != 'X: from ourselves' ] || from=privacy@node.example
	printf 'From: %s\n%s\nMessage-ID: <%d@example.org>\n\nPlease send me a copy of my data.\n' "$from" "$header" $((n++)) >"$scratch/robot"
	dsar --json intake <"$scratch/robot" >"$scratch/out"
	[ "$(jq -r '[.opened, .receipt] | join(" ")' "$scratch/out")" = "true false" ] || fail "$header: $(cat "$scratch/out")"
done
for i in 1 2 3 4 5 6 7 8; do
	printf 'From: loop@example.org\nMessage-ID: <l%d@example.org>\n\nmy data %d\n' "$i" "$i" | dsar --json intake >>"$scratch/loop"
done
[ "$(jq -r .receipt "$scratch/loop" | grep -c true)" -eq 5 ] || fail "a loop is answered for ever"

promise "an address to which no mail can be written gets no receipt, and its case is there"
printf 'From: "a b"@example.org\nMessage-ID: <odd@example.org>\n\nPlease send me a copy of my data.\n' >"$scratch/odd"
[ "$(dsar --json intake <"$scratch/odd" | jq -r '[.opened, .receipt] | join(" ")')" = "true false" ] || fail "$(dsar intake <"$scratch/odd")"

promise "what is wrong on our side sends no mail back"
{ echo nonsense && cat "$scratch/sparsam.conf"; } >"$scratch/broken.conf"
expect 75 "$SPARSAM_BIN/dsar" -c "$scratch/broken.conf" intake <"$scratch/odd" 2>"$scratch/stderr"

promise "while the mail server is down nothing is lost: the receipt goes when the mail comes again"
touch "$scratch/down"
printf 'From: ben@example.org\nMessage-ID: <b@example.org>\n\nPlease send me a copy of the personal data that you have.\n' >"$scratch/ben"
expect 75 dsar intake <"$scratch/ben" 2>"$scratch/stderr"
rm "$scratch/down"
dsar --json intake <"$scratch/ben" >"$scratch/out"
[ "$(jq -r '[.again, .receipt] | join(" ")' "$scratch/out")" = "true true" ] || fail "$(cat "$scratch/out")"

promise "a signed, encrypted answer to the receipt joins the case; its key is a candidate, no more"
anna --passphrase '' --quick-gen-key 'Anna <anna@example.org>' future-default
anna --armor --export anna@example.org >"$scratch/anna.asc"
anna --import "$scratch/own.asc"
fpr=$(anna --with-colons -k anna@example.org | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
reply=$(sed -n 's/^Message-ID: //p' "$scratch/sent0")
letter() { # FILE TEXT : encrypted and signed
	{
		printf 'From: anna@example.org\nIn-Reply-To: %s\nMessage-ID: <%s@example.org>\n' "$reply" "$RANDOM$RANDOM"
		printf 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
		printf -- '--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n'
		{
			printf 'Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\n%s\r\n' "$2"
			printf -- '--i\r\nContent-Type: application/pgp-keys\r\n\r\n'
			cat "$scratch/anna.asc"
			printf -- '\r\n--i--\r\n'
		} | anna --trust-model always -r "$own" --sign --encrypt --armor
		printf -- '--b--\n'
	} >"$1"
}
letter "$scratch/signed" 'This is about 2026-0001: my room is ann-x7k.'
dsar --json intake <"$scratch/signed" >"$scratch/out"
[ "$(jq -r '[.case, .opened, .verified, .signed_by] | join(" ")' "$scratch/out")" = "2026-0001 false false $fpr" ] ||
	fail "$(cat "$scratch/out")"
dsar --json case show 2026-0001 >"$scratch/show"
has "$scratch/show" 'my room is ann-x7k'
dsar --json key 2026-0001 list >"$scratch/out"
[ "$(jq -r '[.fingerprint, .source, .usable, .confirmed] | join(" ")' "$scratch/out")" = "$fpr attached true false" ] ||
	fail "$(cat "$scratch/out")"

promise "a key is confirmed only where the identity is; another one is asked about"
expect 77 dsar key 2026-0001 confirm "$fpr" 2>"$scratch/stderr"
echo 'known for years' | dsar identity 2026-0001 --by-hand
dsar key 2026-0001 confirm "$fpr"
anna --passphrase '' --quick-gen-key 'Anna <anna2@example.org>' future-default
anna --armor --export anna2@example.org >"$scratch/other.asc"
dsar key 2026-0001 add --from "$scratch/other.asc"
other=$(dsar --json key 2026-0001 list | jq -r 'select(.source == "file").fingerprint')
expect 77 dsar key 2026-0001 confirm "$other" 2>"$scratch/stderr"
has "$scratch/stderr" 'add --replace'

promise "signed by the confirmed key, and naming the case, a mail is hers"
letter "$scratch/signed" 'Once more about 2026-0001.'
[ "$(dsar --json intake <"$scratch/signed" | jq -r .verified)" = true ] || fail "not verified"

promise "a delivery report comes back into its case"
cat >"$scratch/report" <<-'END'
	Return-Path: <>
	From: MAILER-DAEMON@node.example
	Content-Type: multipart/report; report-type=delivery-status; boundary=b

	--b

	It could not be delivered.
	--b
	Content-Type: message/delivery-status

	Reporting-MTA: dns; node.example
	Original-Envelope-Id: 2026-0001

	Final-Recipient: rfc822; anna@example.org
	Action: failed
	Status: 5.1.1
	--b--
END
[ "$(dsar --json intake <"$scratch/report" | jq -r '[.case, .report] | join(" ")')" = "2026-0001 true" ] || fail "no report"
dsar --json case show 2026-0001 >"$scratch/show"
has "$scratch/show" '5.1.1'

promise "a maildir: what was taken is seen, what cannot be read stays and is said"
mkdir -p "$scratch/Maildir"/{new,cur,tmp}
printf 'From: c@example.org\nMessage-ID: <c@example.org>\n\nWiderspruch gegen die Verarbeitung\n' >"$scratch/Maildir/new/1.a"
python3 -c 'print("From: " + "a:" * 60000 + "\n\nx")' >"$scratch/Maildir/new/2.b"
expect 65 dsar intake --maildir "$scratch/Maildir" >"$scratch/out" 2>"$scratch/stderr"
for f in new/2.b cur/1.a:2,S; do
	[ -e "$scratch/Maildir/$f" ] || fail "$f is not there"
done
[ ! -e "$scratch/Maildir/new/1.a" ] || fail "it is new still"

promise "one that is no mail, or cannot be moved, or whose receipt is refused, is said and keeps no other one behind"
box=$scratch/box
mkdir -p "$box"/{new,cur,tmp} "$box/new/folder"
ln -s "$scratch/german" "$box/new/link"
mkfifo "$box/new/fifo"
for i in {1..9}; do
	printf 'From: p%d@example.org\nMessage-ID: <p%d@example.org>\n\nPlease send me a copy of my data.\n' "$i" "$i" >"$box/new/$i"
	[ "$i" -ne 5 ] || sed -i 's/^From:.*/From: bad@example.org/' "$box/new/$i"
done
mv "$box/new/3" "$box/new/$(printf 'x%.0s' {1..253})"
: >"$box/cur/7:2,S"
touch "$scratch/refuse"
dsar --json intake --maildir "$box" >"$scratch/out" 2>"$scratch/stderr" && fail "nothing is wrong"
[ "$(jq -rs '"\(length) \(map(select(.receipt)) | length)"' "$scratch/out")" = "9 8" ] || fail "$(cat "$scratch/out" "$scratch/stderr")"
bad=$(dsar --json case list | jq -r 'select(.state == "received").case' | tail -n 1)
has "$scratch/stderr" "the mail server refused the mail: $bad: $scratch/sendmail: 67"
for said in folder link fifo; do
	has "$scratch/stderr" ": $said"
done
[ "$(find "$box/new" -mindepth 1 | wc -l)" -eq 5 ] || fail "$(ls "$box/new")"
printf 'From: bad@example.org\nMessage-ID: <again@example.org>\n\nPlease send me a copy of my data.\n' | dsar --json intake >"$scratch/out" 2>"$scratch/stderr"
[ "$(jq -r '"\(.opened) \(.receipt)"' "$scratch/out")" = "true false" ] || fail "$(cat "$scratch/out")"
has "$scratch/stderr" 'the mail server refused the mail'

promise "a receipt that cannot be made keeps no other one back, and goes when it can"
mkdir -p "$scratch/templates/de"
echo 'no subject' >"$scratch/templates/de/receipt.txt"
rm -r "$box" && mkdir -p "$box"/{new,cur,tmp}
for i in {1..5}; do
	printf 'From: q%d@example.org\nMessage-ID: <q%d@example.org>\n\nPlease send me a copy of my data.\n' "$i" "$i" >"$box/new/$i"
done
printf 'From: dora@example.org\nMessage-ID: <dora@example.org>\nContent-Language: de\n\nBitte senden Sie mir eine Kopie meiner Daten.\n' | tee "$box/new/0" "$box/new/3" >"$scratch/dora"
sed -i s/dora@/dorb@/ "$box/new/3"
expect 75 dsar --json intake --maildir "$box" >"$scratch/out" 2>"$scratch/stderr"
[ "$(jq -rs '"\(length) \(map(select(.receipt)) | length)"' "$scratch/out")" = "4 4" ] || fail "$(cat "$scratch/out" "$scratch/stderr")"
[ "$(grep -c 'a letter without a subject: 20' "$scratch/stderr")" -eq 2 ] || fail "$(cat "$scratch/stderr")"
[ "$(find "$box/new" -type f -printf '%f ')" = "0 3 " ] || [ "$(find "$box/new" -type f -printf '%f ')" = "3 0 " ] || fail "$(ls "$box/new")"
expect 75 dsar intake <"$scratch/dora" 2>"$scratch/stderr"
rm -r "$scratch/templates"
n=$(sent)
dsar --json intake --maildir "$box" >"$scratch/out"
[ "$(jq -rs '"\(length) \(map(select(.again and .receipt)) | length)"' "$scratch/out")" = "2 2" ] || fail "$(cat "$scratch/out")"
[ "$(sent)" -eq $((n + 2)) ] || fail "not one receipt each"

promise "without a mail server no receipt is refused: the mail comes again"
rm "$scratch/refuse"
mv "$scratch/sendmail" "$scratch/gone"
printf 'From: carl@example.org\nMessage-ID: <carl@example.org>\n\nPlease send me a copy of my data.\n' >"$scratch/carl"
expect 75 dsar intake <"$scratch/carl" 2>"$scratch/stderr"
mv "$scratch/gone" "$scratch/sendmail"
[ "$(dsar --json intake <"$scratch/carl" | jq -r .receipt)" = true ] || fail "no receipt"

promise "no agent stays behind"
! pgrep -f "homedir $scratch/reg" >&2 || fail "an agent is left"
