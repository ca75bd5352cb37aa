#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A case that is closed shrinks to what proves it, and goes when its time is over.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
[ -n "$faketime_lib" ] || skip "needs faketime"

printf 'state_dir = "%s"\nkey_dir = "%s"\n' "$scratch" "$scratch/keys" >"$scratch/sparsam.conf"
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
at() { faked "@$1 12:00:00" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "${@:2}"; }
refused() { expect 77 "$@" 2>"$scratch/stderr"; }
state() { sqlite3 "$register" "SELECT state FROM case_file WHERE number = '$1'"; }
register=$scratch/register/register.db
at 2026-11-25 init >/dev/null

echo 'ann@example.org' | at 2026-11-25 case new --article 15 --article 17 --lang de --address - >/dev/null
echo 'she sounds upset on the phone' | at 2026-11-26 case note 2026-0001
echo 'she called from a number we know' | at 2026-11-26 identity 2026-0001 --by-hand
echo 'this does not concern us' | at 2026-11-26 refuse 2026-0001 --ground exception
# what other commands keep of a case
sqlite3 "$register" "INSERT INTO identifiers (number, kind, value, folded, from_us, to_us, parent, store, link, own, confirmed)
	VALUES ('2026-0001', 'email', 'ann@example.org', 'ann@example.org', 0, 0, 0, '', '', 1, 1);
	INSERT INTO notices VALUES ('2026-0001', 'Example GmbH', 1, '', 0);
	INSERT INTO finds (number, store, place, offset, text, size, digest, identifier, own)
	VALUES ('2026-0001', 'web', '/var/log/ann.log', 0, 'ann was here', 12, x'00', 1, 1),
	('2026-0002', 'web', '/var/log/ann.log', 0, 'ann was there', 13, x'00', 1, 1)"
mkdir -p "$scratch/register/pgp/own/private-keys-v1.d" "$scratch/register/pgp/2026-0001"
touch "$scratch/register/pgp/own/private-keys-v1.d/secret" "$scratch/register/pgp/2026-0001/pubring.kbx"
ln -s ../own/private-keys-v1.d "$scratch/register/pgp/2026-0001/private-keys-v1.d"
mkdir "$scratch/register/2026-0001-export" "$scratch/register/letters" "$scratch/elsewhere"
touch "$scratch/register/2026-0001-export/data.json" "$scratch/register/letters/2026-0001.pdf" \
	"$scratch/register/letters/2026-00011.pdf" "$scratch/register/2026-0002.tar" "$scratch/elsewhere/2026-0001.txt"
ln -s "$scratch/elsewhere" "$scratch/register/2026-0001_link"

promise "it does not close before it was answered, and an erasure not before the recipients were told"
refused dsar case close 2026-0001
refused dsar case close 2026-0002
has "$scratch/stderr" 'not so far yet'
[ "$(sqlite3 "$scratch/register/ledger.db" "SELECT count(*) FROM entry WHERE kind = 'refusal'")" -eq 2 ] || fail "not on record"

promise "closed, its data are gone, and what proves it stays"
sqlite3 "$register" "UPDATE case_file SET state = 6 WHERE number = '2026-0001'" # as when the letter is out
at 2026-12-01 case close 2026-0001
[ "$(state 2026-0001)" = 8 ] || fail "state $(state 2026-0001)"
[ ! -e "$scratch/register/2026-0001-export" ] || fail "the export is there"
[ ! -e "$scratch/register/letters/2026-0001.pdf" ] || fail "the letter is there"
[ -e "$scratch/elsewhere/2026-0001.txt" ] || fail "went through a link"
[ -e "$scratch/register/letters/2026-00011.pdf" ] || fail "another case's letter is gone"
[ -e "$scratch/register/2026-0002.tar" ] || fail "another case's export is gone"
[ "$(sqlite3 "$register" 'SELECT number FROM finds')" = 2026-0002 ] || fail "$(sqlite3 "$register" 'SELECT number FROM finds')"
[ -e "$scratch/register/pgp/2026-0001/pubring.kbx" ] || fail "the letter's other case has lost the person's key"
for gone in 'ann was here' 'sounds upset'; do has_not "$register" "$gone"; done
[ "$(sqlite3 "$register" 'SELECT number FROM notices')" = 2026-0001 ] || fail "it is not known any more who was told"
at 2026-12-01 case show 2026-0001 >"$scratch/show"
has "$scratch/show" 'this does not concern us' # reasons of a refusal are proof
has "$scratch/show" '"method":"hand"'
has "$scratch/show" 'goes on         2030-01-01'

promise "three years later, from the end of the year, it is forgotten; a counter remains"
at 2029-12-31 case tidy >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "too soon: $(cat "$scratch/out")"
[ "$(at 2030-01-01 case tidy --dry-run)" = 2026-0001 ] || fail "not due"
[ "$(state 2026-0001)" = 8 ] || fail "the dry run did it"
[ "$(at 2030-01-01 case tidy)" = 2026-0001 ] || fail "not tidied"
[ -z "$(state 2026-0001)" ] || fail "it is there"
[ "$(sqlite3 "$register" 'SELECT * FROM case_count')" = "2026|15|refused|1|1" ] || fail "$(sqlite3 "$register" 'SELECT * FROM case_count')"
[ "$(sqlite3 "$register" "SELECT count(*) FROM case_event WHERE number = '2026-0001'")" = 0 ] || fail "its account is there"

promise "its number is not used again"
[ "$(at 2026-12-02 case new --article 15 --lang de)" = 2026-0003 ] || fail "another number"

promise "killed at any step of closing, it is finished by the next"
killat=$BUILD/$VARIANT/fault/killat
if [ -x "$killat" ]; then
	cp -a "$scratch/register" "$scratch/before"
	n=0
	while :; do
		n=$((n + ${STRIDE:-3})) # STRIDE=1: at each
		rm -rf "$scratch/register"
		cp -a "$scratch/before" "$scratch/register"
		sqlite3 "$register" "UPDATE case_file SET state = 6, refused = 1 WHERE number = '2026-0002'"
		status=0
		"$killat" "$n" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" case close 2026-0002 >/dev/null 2>"$scratch/stderr" || status=$?
		[ "$status" -eq 137 ] || break
		[ "$(state 2026-0002)" != 6 ] || dsar case close 2026-0002
		dsar case tidy >/dev/null
		[ "$(state 2026-0002)" = 8 ] || fail "killed at step $n: state $(state 2026-0002)"
		[ ! -e "$scratch/register/pgp/2026-0001" ] || fail "killed at step $n: the keyring is left"
		[ -e "$scratch/register/pgp/own/private-keys-v1.d/secret" ] || fail "killed at step $n: our own key is gone"
		[ ! -e "$scratch/register/2026-0002.tar" ] || fail "killed at step $n: a file is left"
		[ "$(sqlite3 "$register" 'SELECT count(*) FROM finds')" = 0 ] || fail "killed at step $n: finds are left"
	done
	[ "$status:$((n > 100))" = 0:1 ] || fail "$n steps, exit $status"
	printf "%s steps\n" "$n"
fi
