#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A mail whose taking is killed comes again, and has one case and one place in it. STRIDE=1 tries each step, otherwise each STRIDEth.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need sqlite3
need_killat
need_tracing

reg=$scratch/reg
mkdir "$reg" "$scratch/h"
. "$root/tests/e2e/dsar_mail.sh"
printf '#!/bin/sh\ncat >>"%s/sent"\necho >>"%s/sent"\n' "$scratch" "$scratch" >"$scratch/sendmail"
chmod +x "$scratch/sendmail"
register=$scratch/reg/register/register.db
at_end() { gpgconf --homedir "$scratch/h" --kill gpg-agent 2>/dev/null || true; }
chmod 700 "$scratch/h"
first=$(date +%Y)-0001
gpg --homedir "$scratch/h" --batch -q --passphrase '' --quick-generate-key anna@example.org ed25519 sign never 2>/dev/null
fpr=$(gpg --homedir "$scratch/h" --batch --with-colons -K | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --homedir "$scratch/h" --batch -q --passphrase '' --quick-add-key "$fpr" cv25519 encr never 2>/dev/null
dsar init >/dev/null
dsar key own --make >/dev/null
{
	cat <<-'END'
		Return-Path: <anna@example.org>
		From: anna@example.org
		Subject: Meine Daten
		Message-ID: <one@example.org>
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary="b"

		--b
		Content-Type: text/plain; charset=utf-8

		Guten Tag, bitte geben Sie mir Auskunft nach Art. 15 DSGVO und löschen Sie danach meine Daten.
		--b
		Content-Type: application/pgp-keys

	END
	gpg --homedir "$scratch/h" --batch -a --export "$fpr"
	echo '--b--'
} >"$scratch/mail"
sed 's/anna@/ben@/; s/one@/two@/; s/Auskunft nach Art. 15/Auskunft/; /application.pgp-keys/,/END PGP/d' "$scratch/mail" >"$scratch/other"
cp -a "$scratch/reg" "$scratch/before"
ask() { sqlite3 "$register" "$1"; }
right() {
	[ "$(ask "SELECT group_concat(article || ' ' || state) FROM case_file")" = "15 1,17 1" ] || fail "step $1: $(dsar case list)"
	[ "$(ask "SELECT count(*) FROM case_event WHERE kind = 'mail'")" = 1 ] || fail "step $1: it is not filed, or twice"
	[ "$(ask "SELECT group_concat(number) FROM mail")" = "$(ask "SELECT min(number) FROM case_file")" ] || fail "step $1: the mail"
	[ "$(ask "SELECT group_concat(fingerprint) FROM mail_key")" = "$fpr" ] || fail "step $1: the key"
	[ "$(grep -c '^Message-ID: ' "$scratch/sent")" -ge 1 ] || fail "step $1: no receipt"
}

promise "killed at each step and taken again: one case for each article, one mail, one key, a receipt"
"$killat" 0 "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" intake --from "$scratch/mail" >/dev/null 2>"$scratch/steps"
right 0
[ "$(sqlite3 "$scratch/reg/register/ledger.db" "SELECT group_concat(json_extract(data, '\$.what')) FROM (SELECT data FROM entry WHERE kind IN ('mail', 'case') ORDER BY seq)")" = "new,new,in,receipt,moved,moved" ] ||
	fail "$(sqlite3 "$scratch/reg/register/ledger.db" "SELECT group_concat(json_extract(data, '\$.what')) FROM (SELECT data FROM entry WHERE kind IN ('mail', 'case') ORDER BY seq)")"
n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
[ "$n" -gt 50 ] || fail "$(cat "$scratch/steps")"
for ((i = 1; i <= n; i += ${STRIDE:-23})); do
	rm -rf "$scratch/reg" "$scratch/sent"
	cp -a "$scratch/before" "$scratch/reg"
	"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" intake --from "$scratch/mail" >/dev/null 2>&1 || [ $? -eq 137 ]
	dsar intake --from "$scratch/mail" >/dev/null 2>"$scratch/stderr" || fail "step $i of $n: $(cat "$scratch/stderr")"
	right "$i"
done
printf '%s steps\n' "$n"

promise "many at once, killed at each step and taken again: each has its case, and at most one person a second receipt"
box=$scratch/box
boxed() {
	local i
	rm -rf "$box" && mkdir -p "$box/new" "$box/cur" "$box/tmp"
	for i in 1 2 3 4 5 6; do sed "s/anna@/anna$i@/; s/one@/$i@/; /application.pgp-keys/,/END PGP/d" "$scratch/mail" >"$box/new/$i"; done
	cp "$box/new/6" "$box/new/7" # the same once more
}
each_has_one() { # STEP RECEIPTS
	local i
	[ "$(ask "SELECT count(*) || ' ' || min(state) || ' ' || max(state) FROM case_file")" = "12 1 1" ] || fail "step $1: $(dsar case list)"
	[ "$(ask "SELECT count(*) || ' ' || count(number) FROM mail")" = "6 6" ] || fail "step $1: $(ask "SELECT number FROM mail")"
	[ "$(find "$box/new" -type f | wc -l)" = 0 ] || fail "step $1: $(ls "$box/new")"
	for i in 1 2 3 4 5 6; do grep -q "^To: anna$i@" "$scratch/sent" || fail "step $1: no receipt for $i"; done
	[ "$(grep -c '^To: anna' "$scratch/sent")" -le "$2" ] || fail "step $1: $(grep -c '^To: anna' "$scratch/sent") receipts"
	[ ! -e "$reg/register/receipts.sent" ] || fail "step $1: the note is left"
}
rm -rf "$scratch/reg" "$scratch/sent" && cp -a "$scratch/before" "$scratch/reg" && boxed
"$killat" 0 "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" intake --maildir "$box" >/dev/null 2>"$scratch/steps"
each_has_one 0 6
n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
for ((i = 1; i <= n; i += ${STRIDE:-97})); do
	rm -rf "$scratch/reg" "$scratch/sent" && cp -a "$scratch/before" "$scratch/reg" && boxed
	"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" intake --maildir "$box" >/dev/null 2>&1 || [ $? -eq 137 ]
	dsar intake --maildir "$box" >/dev/null 2>"$scratch/stderr" || fail "step $i of $n: $(cat "$scratch/stderr")"
	each_has_one "$i" 7
done
printf '%s steps\n' "$n"

promise "what a mail that was cut off has left of a key is nobody else's"
rm -rf "$scratch/reg" "$scratch/sent"
cp -a "$scratch/before" "$scratch/reg"
mkdir -p "$scratch/reg/register/pgp/$first"
gpg --homedir "$scratch/reg/register/pgp/$first" --batch -q --no-permission-warning --import <(gpg --homedir "$scratch/h" --batch --export "$fpr") 2>/dev/null
dsar intake --from "$scratch/other" >/dev/null
[ "$(gpg --homedir "$scratch/reg/register/pgp/$first" --no-permission-warning --batch --with-colons -k 2>/dev/null | grep -c "$fpr")" = 0 ] || fail "a stranger's key is in the ring"
gpgconf --homedir "$scratch/reg/register/pgp/$first" --kill all 2>/dev/null || true
