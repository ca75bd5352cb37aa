#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Members of the group work with the register without being root, nobody else does, and sudo lets them no further than it says.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
need visudo

promise "the shipped line of sudoers is one"
install -m 440 "$root/conf/sudoers.d/sparsam-dpo" "$scratch/sudoers"
visudo -cqf "$scratch/sudoers" || fail "visudo says no"

need_root
# A group and users of this story alone: in a mount namespace with other lists of them.
if [ -z "${INSIDE:-}" ]; then
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	INSIDE=1 unshare -m bash "$0"
	exit 0
fi
cp /etc/group "$scratch/group"
cp /etc/passwd "$scratch/passwd"
sed -i '/^sparsam-dpo:/d' "$scratch/group"
echo 'sparsam-dpo:x:64710:' >>"$scratch/group"
for uid in 64711 64712 64713; do echo "dpo$uid:x:$uid:$uid::/nonexistent:/bin/false" >>"$scratch/passwd"; done
sed -i 's/^sparsam-dpo:.*/&dpo64711,dpo64712/' "$scratch/group"
chmod 644 "$scratch/group" "$scratch/passwd"
mount --bind "$scratch/group" /etc/group
mount --bind "$scratch/passwd" /etc/passwd
mkdir -p "$scratch/build/release/bin" "$scratch/state"
cp "$SPARSAM_BIN/dsar" "$scratch/build/release/bin"
cp -rL "$root/conf" "$scratch/build/conf"
chmod -R go+rX "$scratch/build"
chmod 755 "$scratch" "$scratch/build" "$scratch/build/release" "$scratch/build/release/bin" "$scratch/state"
printf 'state_dir = "%s/state"\nkey_dir = "%s/keys"\ndpo = "dpo@node.example"\ndsar { land = "HE" mail = "privacy@node.example" }\nretention { sendmail = "%s/sendmail" }\n' \
	"$scratch" "$scratch" "$scratch" >"$scratch/sparsam.conf"
printf '#!/bin/sh\nexec cat >>"%s/sent"\n' "$scratch" >"$scratch/sendmail"
: >"$scratch/sent"
chmod 644 "$scratch/sparsam.conf"
chmod 755 "$scratch/sendmail"
chmod 666 "$scratch/sent"
dsar=$scratch/build/release/bin/dsar
as() { setpriv --reuid "$1" --regid "$1" --groups "$2" -- "$dsar" -c "$scratch/sparsam.conf" "${@:3}"; }
dpo() { as 64711 64711,64710 "$@"; }
second() { as 64712 64712,64710 "$@"; }
stranger() { as 64713 64713 "$@"; }
register=$scratch/state/register
y=$(date +%Y)

promise "the register is its group's: folder 2770, files 0660"
"$dsar" -c "$scratch/sparsam.conf" init >/dev/null
[ "$(stat -c '%a %G' "$register")" = "2770 sparsam-dpo" ] || fail "$(stat -c '%a %G' "$register")"
for file in register.db ledger.db; do
	[ "$(stat -c '%a %G' "$register/$file")" = "660 sparsam-dpo" ] || fail "$file: $(stat -c '%a %G' "$register/$file")"
done

promise "members of the group do all that needs no root, one after the other"
echo 'ann@example.org' | dpo case new --article 15 --article 17 --lang de --address - >/dev/null
echo 'seen' | second case note "$y-0001"
code=$(dpo identity "$y-0001" --code)
echo "$code" | second identity "$y-0001" --check-code
[ "$(stat -c '%a %G' "$register/code.key")" = "660 sparsam-dpo" ] || fail "$(stat -c '%a %G' "$register/code.key")"
echo 'the tenth this week' | dpo refuse "$y-0001" --ground excessive 2>/dev/null
expect 77 dpo refuse "$y-0001" --agree 2>/dev/null
second refuse "$y-0001" --agree
dpo breach "$y-0002" --what bounced >/dev/null
dpo case tidy
(umask 022 && cd "$register" && dpo backup "$register/backup.tar")
[ "$(stat -c %a "$register/backup.tar")" = 600 ] || fail "$(stat -c %a "$register/backup.tar")"
"$dsar" -c "$scratch/sparsam.conf" case list >/dev/null # root, too

promise "our own key is the group's: one member makes it, another reads with it what is encrypted, a third of the machine nothing"
dpo key own --make >"$scratch/own.asc"
mkdir "$scratch/h"
anna() { gpg --homedir "$scratch/h" --batch -q "$@" 2>/dev/null; }
anna --import "$scratch/own.asc"
letter() {
	printf 'From: anna@example.org\nMessage-ID: <%s@example.org>\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n' "$1"
	printf -- '--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n'
	printf 'Content-Type: text/plain\r\n\r\nPlease send me a copy of my data, %s.\r\n' "$1" | anna --trust-model always -r privacy@node.example --armor -e
	printf -- '--b--\n'
}
letter one | second --json intake >"$scratch/out"
number=$(jq -r .case "$scratch/out")
[ "$(jq -r .opened "$scratch/out")" = true ] || fail "$(cat "$scratch/out")"
letter two | sed "s/^From/In-Reply-To: <$number.x@node.example>\n&/" | dpo --json intake >"$scratch/out" # in a ring that the other has made
[ "$(jq -r '[.case, .opened] | join(" ")' "$scratch/out")" = "$number false" ] || fail "$(cat "$scratch/out")"
second --json case show "$number" >"$scratch/out"
has "$scratch/out" 'my data, one'
has "$scratch/out" 'my data, two'
! find "$register/pgp" ! -group sparsam-dpo | grep . || fail "not the group's"
! find "$register/pgp" -perm /007 ! -type l ! -type s | grep . || fail "for everybody"
! setpriv --reuid 64713 --regid 64713 --clear-groups cat "$register"/pgp/own/private-keys-v1.d/* 2>/dev/null | grep -q . || fail "a stranger reads it"

promise "a member is reminded of dates, and of keys in rings that another has made; the officer gets it by mail"
anna --passphrase '' --quick-gen-key anna@example.org future-default default 10d
anna --armor --export anna@example.org >"$scratch/anna.asc"
chmod 644 "$scratch/anna.asc"
fpr=$(anna --with-colons -k anna@example.org | awk -F: '$1 == "fpr" { print $10; exit }')
echo 'by telephone' | second identity "$number" --by-hand
second key "$number" add --from "$scratch/anna.asc" >/dev/null
second key "$number" confirm "$fpr"
late=$(dpo case new --lang en --article 17 --received "$(date -d -60days +%F)" | tail -n 1)
: >"$scratch/sent"
for member in dpo second; do
	expect 1 "$member" --json remind --mail >"$scratch/out"
	jq -r 'select(.waits != "undelivered") | [.case, .waits] | join(" ")' "$scratch/out" >"$scratch/waits"
	has "$scratch/waits" "$number key"
	has "$scratch/waits" "$late date"
done
[ "$(grep -c '^To: dpo@node.example' "$scratch/sent")" -eq 2 ] || fail "$(cat "$scratch/sent")"
has_not "$scratch/sent" anna
expect 77 stranger remind 2>"$scratch/stderr"
! find "$register" -type f ! -perm -060 ! -path '*/pgp/*' ! -name backup.tar | grep . || fail "not the group's"
gpgconf --homedir "$scratch/h" --kill all

promise "what a killed one leaves, another one mends"
killat=$BUILD/$VARIANT/fault/killat
if [ -x "$killat" ]; then
	cp "$killat" "$scratch/killat"
	chmod 755 "$scratch/killat"
	for ((n = 1; n < 200; n++)); do
		echo x | setpriv --reuid 64711 --regid 64711 --groups 64711,64710 -- "$scratch/killat" "$n" "$dsar" \
			-c "$scratch/sparsam.conf" case note "$y-0002" >/dev/null 2>&1 || true
		[ ! -s "$register/register.db-journal" ] || break
	done
	[ -s "$register/register.db-journal" ] || fail "no journal was left"
	[ "$(stat -c '%a %G' "$register/register.db-journal")" = "660 sparsam-dpo" ] || fail "$(stat -c '%a %G' "$register/register.db-journal")"
	second case show "$y-0002" >/dev/null
	echo y | second case note "$y-0002"
fi

promise "nobody else reads a thing"
expect 77 stranger case list 2>"$scratch/stderr"
has "$scratch/stderr" sparsam-dpo
expect 77 stranger init 2>/dev/null

promise "sudo lets the group search, restrict and erase cases, with no configuration of its own and nothing else"
sed "s,/usr/bin/dsar,$dsar,g" "$root/conf/sudoers.d/sparsam-dpo" >"$scratch/sudoers"
echo 'root ALL=(ALL) ALL' >>"$scratch/sudoers"
chown root:root "$scratch/sudoers"
mount --bind "$scratch/sudoers" /etc/sudoers
may() { sudo -l -U dpo64711 "$dsar" "$@" >/dev/null 2>&1; }
for allowed in 'search 2026-0001' '--json search 2026-0001 --jobs 2' 'restrict 2026-00012' 'erase 2026-0001 --dry-run' \
	'--lang de erase 2026-0001 --confirm 0123456789abcdef'; do
	# shellcheck disable=SC2086 # words
	may $allowed || fail "may not: $allowed"
done
for denied in 'search' 'search 2026-0001 -c /tmp/x' '-c /tmp/x search 2026-0001' 'search 2026-0001 --config=/tmp/x' 'case list' \
	'erase 2026-0001 --dry-run --config /tmp/x' 'restore /tmp/x' 'search ../x' 'init'; do
	# shellcheck disable=SC2086 # words
	! may $denied || fail "may: $denied"
done
! sudo -l -U dpo64713 "$dsar" search 2026-0001 >/dev/null 2>&1 || fail "a stranger may"
