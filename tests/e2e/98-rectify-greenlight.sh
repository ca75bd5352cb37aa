#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Greenlight's real tables a name, an address and a room's name are set right for one of three hundred people, and found so.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/greenlight.sh"
# the last that a row has of its own
sed -i 's|rectify  = { "name", "email", "language" }|rectify  = { "name", "email", "language", "status" }|' "$scratch/stores.d/greenlight.conf"
greenlight_begin
anna=$(ask "select id from users where email = 'planted0011@example.org'")
dump >"$scratch/before"

case=$(case_new 16)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo planted0011@example.org | dsar subject "$case" add email
dsar --json search "$case" >"$scratch/found" || [ $? -eq 1 ]
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
find_in() { dsar --json review "$case" --list | jq -r "select(.store == \"$1\") | .find" | head -n 1; }
user=$(find_in greenlight-users) room=$(find_in greenlight-rooms)

promise "what is no field to be set, or none of the column's values, is named; the rest is set, and every other byte stays"
dsar rectify "$case" --find "$user" --field name <<<"Anna-Zoë O'Muster"
dsar rectify "$case" --find "$user" --field email <<<"anna.zoe@example.org"
dsar rectify "$case" --find "$user" --field status <<<"1000"
dsar rectify "$case" --find "$user" --field role_id <<<"1"
dsar rectify "$case" --find "$room" --field name <<<"Anna's room"
dsar --json rectify "$case" >"$scratch/plan"
[ "$(jq -r 'select(.find) | "\(.field) \(.fate)"' "$scratch/plan" | sort | tr '\n' ,)" = "email set,name set,name set,role_id statement,status set," ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
db -c "begin; select 1 from users where id = '$anna' for update; select pg_sleep(3); commit" greenlight >"$scratch/locked" &
locker=$!
is_locked() { ask "select 1/count(*) from pg_locks where relation = 'users'::regclass and mode = 'RowShareLock'"; }
wait_for is_locked
expect 69 dsar rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/stderr"
has "$scratch/stderr" "locked"
wait "$locker"
dsar --json rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(jq -r 'select(.plan) | "\(.state) \(.done) \(.attached)"' "$scratch/done")" = "done 4 1" ] || fail "$(cat "$scratch/done")"
[ "$(ask "select name || '|' || email || '|' || status from users where id = '$anna'")" = "Anna-Zoë O'Muster|anna.zoe@example.org|1000" ] || fail "$(ask "select * from users where id = '$anna'")"
[ "$(ask "select count(*) from rooms where name = 'Anna''s room'")" = 1 ] || fail "the room"
dump >"$scratch/after"
[ "$(diff "$scratch/before" "$scratch/after" | grep -c '^>')" = 2 ] || fail "$(diff "$scratch/before" "$scratch/after")"

promise "each is known again as what it has become, whatever the values' lengths"
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'" | jq -c '[.records, .found_again]' | tr '\n' ' ')" = "[1,true] [1,true] " ] ||
	fail "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'")"

promise "a search by the new address finds the new values"
echo anna.zoe@example.org | dsar subject "$case" add email
sqlite3 "$register" "UPDATE case_file SET state = 2; DELETE FROM finds"
dsar --json search "$case" >"$scratch/found" || [ $? -eq 1 ]
[ "$(dsar --json review "$case" --show "$(find_in greenlight-users)" | jq -r 'select(.text) | .text' | grep -c "name=Anna-Zoë O'Muster")" = 1 ] || fail "$(dsar --json review "$case" --list)"
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"

promise "a value that a rule of the table forbids is not set, and changes nothing"
dsar rectify "$case" --find "$(find_in greenlight-users)" --field email <<<"planted0012@example.org"
dsar --json rectify "$case" >"$scratch/plan"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(jq -r 'select(.field == "email") | .ground' "$scratch/done" | tail -n 1)" = "the store does not take the value" ] || fail "$(cat "$scratch/done")"
dump | cmp - "$scratch/after" || fail "something was changed"
