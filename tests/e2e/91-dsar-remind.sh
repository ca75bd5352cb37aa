#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Dates that come near, mail that bounced and keys that end are said, and mailed: by case numbers and dates alone.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need python3

. "$root/tests/e2e/dsar_mail.sh"
cat >"$scratch/sendmail" <<-END
	#!/bin/sh
	{ echo "X-Arguments: \$*"; cat; } >>$scratch/sent
END
chmod +x "$scratch/sendmail"
at_end() { gpgconf --homedir "$scratch/register/pgp/own" --kill gpg-agent; }
dsar init >/dev/null
dsar key own --make >/dev/null
day() { date -d "$1" +%F; }

promise "where nothing waits nothing is said or mailed"
echo anna@example.org | dsar case new --lang en --article 15 --received "$(day -3days)" --address - >/dev/null
dsar remind --mail >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
[ ! -e "$scratch/sent" ] || fail "$(cat "$scratch/sent")"

promise "a date that is near, one that is past, a mail that bounced"
y=$(date +%Y)
dsar case new --lang en --article 15 --received "$(day -25days)" >/dev/null
dsar case new --lang en --article 17 --received "$(day -60days)" >/dev/null
printf 'Return-Path: <>\nFrom: MAILER-DAEMON@node.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n
--b\n\nNo.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; node.example\nOriginal-Envelope-Id: %s\n
Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.1.1\n--b--\n' "$y-0001" | dsar intake >/dev/null
expect 1 dsar --json remind >"$scratch/out"
jq -r '[.case, .waits] | join(" ")' "$scratch/out" >"$scratch/waits"
same "$scratch/waits" <(printf '%s\n' "$y-0001 undelivered" "$y-0002 date" "$y-0003 date")
[ "$(jq -r 'select(.case == "'"$y-0002"'").day' "$scratch/out")" = "$(dsar --json case list | jq -r 'select(.case == "'"$y-0002"'").due')" ] ||
	fail "$(cat "$scratch/out")"

promise "our own key that ends soon, and one that has ended"
own=$(dsar --json key own | jq -r .fingerprint)
ends() { gpg --homedir "$scratch/register/pgp/own" --batch -q --passphrase '' --quick-set-expire "$own" "$1" 2>"$scratch/gpg.log"; }
ends 10d
expect 1 dsar remind >"$scratch/out"
has "$scratch/out" 'our own key ends on'
ends seconds=1
ended() {
	dsar remind >"$scratch/out" || true
	grep -q 'our own key cannot be used' "$scratch/out"
}
wait_for ended

promise "the officer gets it by mail, and nobody is named in it"
expect 1 dsar --lang de remind --mail >/dev/null
python3 -c '
import email, email.policy, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
print(m["to"], m["auto-submitted"], m["x-arguments"], m["subject"]); print(m.get_content())' "$scratch/sent" >"$scratch/mail"
has "$scratch/mail" 'dpo@node.example auto-generated -i -t Anfragen'
has "$scratch/mail" "$y-0003"
has "$scratch/mail" 'unser eigener Schlüssel'
has_not "$scratch/mail" anna

promise "a closed case waits for nothing"
sqlite3 "$scratch/register/register.db" "UPDATE case_file SET state = 7"
expect 1 dsar --json remind >"$scratch/out"
[ "$(jq -r .waits "$scratch/out")" = key ] || fail "$(cat "$scratch/out")"
