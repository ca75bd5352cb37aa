#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two officers work at one case, and stores change while they are searched: who comes second is told, and nothing is lost.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
[ "$(id -u)" -eq 0 ] || skip "needs to see which files dsar has open: root"

log=$scratch/web.log db=$scratch/app.db
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "a-web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	store "b-app" { type = "sqlite" paths = "$db" category = "account" period = "365d" rectify = { "name" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
approvers_make
node_make
s=$(date -u -d -2days +%s)
t=$(date -u -d "@$s" +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, name TEXT, email TEXT);
	INSERT INTO people VALUES ($s, 'Ana', 'anna@example.org'), ($s, 'Ben', 'ben@example.org')"
ask() { sqlite3 "$register" "$1"; }

# The table is locked until `unlock`; SQL is what its owner does meanwhile.
lock() {
	rm -f "$scratch/go" "$scratch/locked"
	sqlite3 "$db" 'BEGIN EXCLUSIVE' "${1:-SELECT 1}" ".system touch $scratch/locked" \
		".system timeout 20 sh -c 'while [ ! -e $scratch/go ]; do sleep 0.05; done' >/dev/null 2>&1" 'COMMIT' >/dev/null &
	locker=$!
	spawned+=("$locker")
	wait_for test -e "$scratch/locked"
}
unlock() { touch "$scratch/go" && wait "$locker"; }
# somebody beside the owner of the lock has it open
is_waited_for() { [ "$(find /proc/[0-9]*/fd -lname "$db" 2>/dev/null | cut -d/ -f3 | sort -u | wc -l)" -ge 2 ]; }

promise "what changes in a store while it is searched is neither lost nor mixed up"
case=$(case_new 16)
ask "UPDATE case_file SET identity = 2 WHERE number = '$case'"
echo anna@example.org | dsar subject "$case" add email
lock "UPDATE people SET name = 'Anna' WHERE name = 'Ana'"
{ dsar --json search --jobs 1 "$case" >"$scratch/found" 2>"$scratch/stderr" || echo $? >"$scratch/status"; } &
searcher=$!
spawned+=("$searcher")
wait_for is_waited_for
mv "$log" "$log.1"
printf '%s ben@example.org three\n%s anna@example.org four\n' "$t" "$t" >"$log"
unlock
wait "$searcher"
[ "$(cat "$scratch/status" 2>/dev/null)" != 69 ] || fail "$(cat "$scratch/found" "$scratch/stderr")"
[ "$(jq -r 'select(.store) | select(.store | startswith("a-") or startswith("b-")) | "\(.store) \(.answer)"' "$scratch/found" | tr '\n' ,)" = "a-web found,b-app found," ] || fail "$(cat "$scratch/found")"
[ "$(ask "SELECT CAST(text AS TEXT) LIKE '%name=Anna%' FROM finds WHERE store = 'b-app'")" = 1 ] || fail "what stood there before"
ask "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
# which of the two was read first is the machine's: what was found and is not there any more is missing, and nothing else is taken for it
fate=erase
[ "$(ask "SELECT CAST(text AS TEXT) LIKE '%one%' FROM finds WHERE store = 'a-web'")" = 0 ] || fate=missing
[ "$(dsar --json erase "$case" | jq -r 'select(.find) | .store + " " + .fate' | tr '\n' ,)" = "a-web $fate,b-app erase," ] || fail "$(dsar --json erase "$case")"
ask "UPDATE case_file SET state = 2"
dsar search "$case" >/dev/null 2>&1 || [ $? -eq 1 ]
[ "$(ask "SELECT count(*) FROM finds WHERE store = 'a-web' AND CAST(text AS TEXT) LIKE '%four%'")" = 1 ] || fail "what came meanwhile is not found"
ask "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"

promise "somebody has changed the case since it was read: 75, and nothing is done; said again, it is"
id=$(ask "SELECT id FROM finds WHERE store = 'b-app'")
dsar rectify "$case" --find "$id" --field name <<<"Anna-Maria"
dsar --json rectify "$case" >"$scratch/plan"
approve "$case" "$(plan_of "$scratch/plan")"
lock
{ dsar rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/out" 2>"$scratch/stderr" || echo $? >"$scratch/status"; } &
second=$!
spawned+=("$second")
wait_for is_waited_for
dsar case extend "$case" --reason number --notice-sent
unlock
wait "$second"
[ "$(cat "$scratch/status")" = 75 ] || fail "$(cat "$scratch/status" "$scratch/stderr")"
has "$scratch/stderr" "somebody else has changed the case"
[ "$(sqlite3 "$db" "SELECT name FROM people WHERE email LIKE 'anna%'")" = Anna ] || fail "it was done"
[ "$(ask "SELECT state FROM rectifications")" = 0 ] || fail "it has begun"
dsar rectify "$case" --confirm "$(plan_of "$scratch/plan")" >/dev/null
[ "$(sqlite3 "$db" "SELECT name FROM people WHERE email LIKE 'anna%'")" = Anna-Maria ] || fail "$(sqlite3 "$db" .dump)"
