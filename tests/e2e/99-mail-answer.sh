#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An answer leaves by mail: to the confirmed key and nobody else, once, and other programs read it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dsar_answer.sh"
need gpg
need jq
need python3
need sqlite3
need strace
c=2026-0001

mkdir "$scratch/h"
sed -i "s,^dsar {,dsar { mail = \"privacy@node.example\"," "$scratch/sparsam.conf"
grep -q 'privacy@node.example' "$scratch/sparsam.conf" || printf 'dsar { mail = "privacy@node.example" }\n' >>"$scratch/sparsam.conf"
printf 'retention { sendmail = "%s" }\n' "$scratch/sendmail" >>"$scratch/sparsam.conf"
cat >"$scratch/sendmail" <<-END
	#!/bin/sh
	[ ! -e $scratch/down ] || exit 75
	[ ! -e $scratch/cut ] || { kill -9 \$PPID; exit 75; }
	{ echo "X-Arguments: \$*"; cat; } >>$scratch/sent
END
chmod +x "$scratch/sendmail"
anna() { gpg --homedir "$scratch/h" --batch -q "$@" 2>/dev/null; }
at_end() { gpgconf --homedir "$scratch/h" --kill gpg-agent; }
dsar init >/dev/null
dsar key own --make >"$scratch/own.asc"
own=$(dsar --json key own | jq -r .fingerprint)
anna --passphrase '' --quick-gen-key 'Anna <anna@example.org>' future-default
anna --armor --export anna@example.org >"$scratch/anna.asc"
anna --import "$scratch/own.asc"
fpr=$(anna --with-colons -k anna@example.org | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)

echo anna@example.org | dsar case new --article 15 --received 2026-11-25 --lang en --address - >/dev/null
echo 'known for years' | dsar identity $c --by-hand
searched $c
identifier $c email anna@example.org
answer_put $c accounts nothing
register "UPDATE case_file SET state = 4 WHERE number = '$c'"
dsar export $c --to "$scratch/a.zip" >/dev/null

promise "without a confirmed key nothing leaves"
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
has "$scratch/stderr" 'no key is confirmed'
dsar key $c add --from "$scratch/anna.asc"
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
dsar key $c confirm "$fpr"

promise "nor what was not made here, nor while the mail server is down"
cp "$scratch/a.zip" "$scratch/b.zip" && echo >>"$scratch/b.zip"
expect 65 dsar answer $c --mail "$scratch/b.zip" 2>"$scratch/stderr"
touch "$scratch/down"
expect 75 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
rm "$scratch/down"
[ ! -e "$scratch/sent" ] || fail "something was sent"

promise "it leaves, the case is answered, and nothing of it is outside"
strace -f -qq -e trace=execve -s 4096 -v -o "$scratch/execs" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" answer $c --mail "$scratch/a.zip"
# the memory of a program that leaves no core is root's to read: for anybody else these are addresses, and no arguments
[ "$(id -u)" -ne 0 ] || has "$scratch/execs" '"--encrypt"'
sed -E "s,$scratch,,g" "$scratch/execs" | grep -o 'execve(.*' | sed 's/], \[.*//' >"$scratch/arguments"
has_not "$scratch/arguments" anna
dsar --json case show $c >"$scratch/show"
has "$scratch/show" '"state":"answered"'
has "$scratch/sent" "X-Arguments: -i -t -N success,delay,failure -R hdrs -V $c -f privacy@node.example"
has "$scratch/sent" 'Subject: [...]'
has_not "$scratch/sent" 'Our answer'

promise "her own program opens it: signed by us, to her key alone, the archive whole"
python3 -c '
import email, sys
m = email.message_from_file(open(sys.argv[1]))
assert m.get_content_type() == "multipart/encrypted", m.get_content_type()
sys.stdout.write(m.get_payload()[1].get_payload())' "$scratch/sent" >"$scratch/cipher"
anna --status-fd 3 --trust-model always -d "$scratch/cipher" 3>"$scratch/status" >"$scratch/inner"
has "$scratch/status" "VALIDSIG $own"
[ "$(grep -c 'ENC_TO' "$scratch/status")" -eq 1 ] || fail "$(cat "$scratch/status")"
python3 -c '
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert m["Subject"] == "Our answer to your request", m["Subject"]
assert m.get_content_type() == "multipart/mixed" and "hp=\"cipher\"" in m["Content-Type"].replace("hp=cipher", "hp=\"cipher\"")
open(sys.argv[2], "wb").write(list(m.iter_attachments())[0].get_payload(decode=True))' "$scratch/inner" "$scratch/got.zip"
cmp "$scratch/a.zip" "$scratch/got.zip"

promise "it is not sent twice"
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
expect 77 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
sent() { [ "$(grep -c '^X-Arguments' "$scratch/sent")" -eq "$1" ] || fail "sent $(grep -c '^X-Arguments' "$scratch/sent") times instead of $1"; }
sent 1

promise "her key has changed: it is asked about, then sent to the new one, once"
anna --passphrase '' --quick-gen-key 'Anna (new) <anna@example.org>' future-default
new=$(anna --with-colons -k 'Anna (new)' | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
anna --armor --export "$new" >"$scratch/new.asc"
dsar key $c add --from "$scratch/new.asc"
dsar key $c confirm "$new" --replace
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
has "$scratch/stderr" 'another key or address'
sent 1
rm "$scratch/sent"
dsar answer $c --mail --again "$scratch/a.zip"
expect 77 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
sent 1
sed -n '/BEGIN PGP/,/END PGP/p' "$scratch/sent" >"$scratch/cipher"
anna --status-fd 3 -d "$scratch/cipher" 3>"$scratch/status" >"$scratch/inner"
has "$scratch/status" "ENC_TO $(anna --with-colons -k "$new" | awk -F: '$1 == "sub" { print $5; exit }')"

promise "so has her address, which is in no argument: the whole letter has it from now on"
echo anna@other.example | dsar case address $c --address -
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
rm "$scratch/sent"
dsar answer $c --mail --again "$scratch/a.zip"
expect 77 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
sent 1
has "$scratch/sent" 'To: anna@other.example'

promise "what has left stays so: to where it went it does not go again, whatever failed elsewhere in between"
to() { echo "$1" | dsar case address $c --address -; }
to anna@third.example
touch "$scratch/down"
expect 75 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
rm "$scratch/down"
for address in anna@other.example anna@example.org; do
	to $address
	expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
	expect 77 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
	sent 1
done

promise "what may have left is asked about, also where a later attempt has failed"
to anna@third.example
touch "$scratch/cut"
expect 137 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
mv "$scratch/cut" "$scratch/down"
expect 75 dsar answer $c --mail --again "$scratch/a.zip" 2>"$scratch/stderr"
rm "$scratch/down"
expect 77 dsar answer $c --mail "$scratch/a.zip" 2>"$scratch/stderr"
sent 1

sqlite3 "$scratch/register/ledger.db" "SELECT data FROM entry" >"$scratch/ledger.txt"
has "$scratch/ledger.txt" '"what":"address"'
has_not "$scratch/ledger.txt" other.example
