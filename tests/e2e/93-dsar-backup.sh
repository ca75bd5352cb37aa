#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The register is lost, damaged, or put back from yesterday; the disk is full; two people work at one case.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq

printf 'state_dir = "%s"\nkey_dir = "%s"\n' "$scratch" "$scratch/keys" >"$scratch/sparsam.conf"
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
register=$scratch/register/register.db
y=$(date +%Y)
answered() { sqlite3 "$register" "UPDATE case_file SET state = 6, refused = 1 WHERE number = '$y-$1'"; } # as when the letter is out
dsar init >/dev/null
for _ in 1 2 3; do echo 'ann@example.org' | dsar case new --article 15 --lang en --address - >/dev/null; done

promise "a backup is one file, for its owner alone, without the key of codes"
dsar identity "$y-0003" --code >/dev/null
dsar backup "$scratch/backup.tar"
[ "$(stat -c %a "$scratch/backup.tar")" = 600 ] || fail "$(stat -c %a "$scratch/backup.tar")"
[ "$(tar -tf "$scratch/backup.tar" | tr '\n' ' ')" = "ledger.db register.db " ] || fail "$(tar -tf "$scratch/backup.tar")"
expect 73 dsar backup "$scratch/backup.tar" 2>/dev/null
cp "$register" "$scratch/yesterday.db"

promise "what is good stays, whatever the backup says"
answered 0001
dsar case close "$y-0001"
echo 'a second look' | dsar case note "$y-0002"
dsar case new --article 17 --lang de >/dev/null
dsar restore "$scratch/backup.tar" >"$scratch/out"
has "$scratch/out" 'register kept, ledger kept'
[ "$(wc -l <"$scratch/out")" -eq 1 ] || fail "$(cat "$scratch/out")"

promise "a register from yesterday is refused, not worked with"
cp "$scratch/yesterday.db" "$register"
expect 65 dsar case list 2>"$scratch/stderr"
has "$scratch/stderr" 'older than its ledger'

promise "a register whose tables are another version's is refused before anything is read from it"
cp "$scratch/yesterday.db" "$scratch/other.db"
sqlite3 "$scratch/other.db" 'PRAGMA user_version = 1'
cp "$scratch/other.db" "$register"
expect 78 dsar case list 2>"$scratch/stderr"
has "$scratch/stderr" 'another version of dsar'
cp "$scratch/yesterday.db" "$register"

promise "brought back, what was shrunk is shrunk again; what is lost and what has changed is named and on record"
expect 1 dsar --json restore "$scratch/backup.tar" >"$scratch/out"
[ "$(jq -r 'select(.case) | .case + " " + .since' "$scratch/out" | tr '\n' ,)" = "$y-0004 lost,$y-0002 changed,$y-0001 shrunk," ] ||
	fail "$(cat "$scratch/out")"
[ -z "$(sqlite3 "$register" "SELECT address FROM case_file WHERE number = '$y-0001'")" ] || fail "the address came back"
[ "$(dsar --json case show "$y-0001" | jq -r 'select(.state).state')" = shrunk ] || fail "not shrunk"
sqlite3 "$scratch/register/ledger.db" "SELECT data FROM entry WHERE kind = 'restore'" | tail -n 1 >"$scratch/record"
has "$scratch/record" "\"lost\":[\"$y-0004\"]"

promise "a lost case's number is not given to somebody else"
[ "$(dsar case new --article 15 --lang en)" = "$y-0005" ] || fail "the number was used again"

promise "a damaged register is set aside; a missing one is made again"
dd if=/dev/urandom of="$register" bs=4096 count=4 conv=notrunc status=none
expect 65 dsar case list 2>"$scratch/stderr"
has "$scratch/stderr" 'dsar restore'
expect 1 dsar restore "$scratch/backup.tar" >/dev/null
ls "$register".damaged-* >/dev/null
dsar case show "$y-0002" >/dev/null
rm "$register"
expect 78 dsar case list 2>/dev/null
expect 1 dsar restore "$scratch/backup.tar" >"$scratch/out"
has "$scratch/out" 'register restored, ledger kept'
dsar case list >/dev/null

promise "something else is no backup"
echo nothing >"$scratch/nothing"
expect 65 dsar restore "$scratch/nothing" 2>/dev/null

promise "two people at one case: the second one is told, and nothing is done twice"
refuse() { echo "no" | dsar refuse "$y-0002" --ground exception; }
sqlite3 "$register" 'BEGIN IMMEDIATE; SELECT 1' '.system touch '"$scratch/locked" '.system sleep 15' 'COMMIT' >/dev/null &
locker=$!
spawned+=("$locker")
wait_for test -e "$scratch/locked"
expect 75 refuse 2>"$scratch/stderr"
has "$scratch/stderr" 'register is locked'
wait "$locker"
extend() { dsar case extend "$y-0002" --reason number --notice-sent 2>"$scratch/stderr.$1" || echo "exit $?"; }
for i in 1 2 3 4; do extend "$i" >"$scratch/result.$i" & done
wait
[ "$(cat "$scratch"/result.? | tr '\n' ,)" = "exit 77,exit 77,exit 77," ] || fail "$(cat "$scratch"/result.?)"
[ "$(sqlite3 "$register" "SELECT count(*) FROM case_event WHERE number = '$y-0002' AND kind = 'extension'")" = 1 ] || fail "extended twice"

promise "a breach has its 72 hours, and the form in both languages"
dsar --json breach "$y-0002" --what wrong-address --known 2026-11-25T09:30:00Z >"$scratch/breach"
[ "$(jq -r .due "$scratch/breach")" = 2026-11-28T09:30:00Z ] || fail "$(cat "$scratch/breach")"
dsar breach "$y-0002" >"$scratch/form"
has "$scratch/form" 'Article 33 GDPR'
dsar --lang de breach "$y-0002" >"$scratch/form"
has "$scratch/form" 'Art. 33 DSGVO'
expect 64 dsar breach "$y-0002" --what bounced 2>/dev/null
dsar breach "$y-0002" --reported >/dev/null

[ "$(id -u)" -eq 0 ] || exit 0
promise "the register's disk is full: a clear message, and nothing is lost"
mkdir "$scratch/small"
at_end() { ! mountpoint -q "$scratch/small" || umount "$scratch/small"; }
mount -t tmpfs -o size=512k tmpfs "$scratch/small" 2>/dev/null || exit 0
printf 'state_dir = "%s"\nkey_dir = "%s"\nregister_dir = "%s"\n' "$scratch" "$scratch/keys" "$scratch/small/register" >"$scratch/sparsam.conf"
dsar init >/dev/null
dsar case new --article 15 --lang en >/dev/null
n=0
while head -c 20000 /dev/zero | tr '\0' x | dsar case note "$y-0001" 2>"$scratch/stderr"; do n=$((n + 1)) && [ "$n" -lt 99 ]; done
[ "$((n > 2 && n < 99))" -eq 1 ] || fail "$n notes"
grep -q 'make room' "$scratch/stderr" || fail "$(cat "$scratch/stderr")"
mount -o remount,size=4m "$scratch/small"
[ "$(sqlite3 "$scratch/small/register/register.db" "SELECT count(*) FROM case_event WHERE kind = 'note'")" -ge "$n" ] || fail "notes are lost"
echo 'there is room' | dsar case note "$y-0001"
printf '%s notes until it was full\n' "$n"
