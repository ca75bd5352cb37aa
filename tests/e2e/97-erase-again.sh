#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# After an erasure every store is searched for the person again: what is still there is kept, was left out, or is named.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

hide_shipped_stores
log=$scratch/web.log other=$scratch/other.log db=$scratch/app.db
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = { "$log*" } format = "t" category = "log-and-system-data" period = "365d" }
	store "other" { type = "textlog" paths = { "$other" } format = "t" category = "log-and-system-data" period = "365d" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
approvers_make
node_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ) s=$(date -u -d -2days +%s)
printf '%s anna@example.org asks\n%s anna@example.org and others\n' "$t" "$t" >"$log"
printf '%s nobody\n' "$t" >"$other"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT); INSERT INTO people VALUES ($s, 'anna@example.org')"

# begin : a case of hers, searched, decided and approved; its number is in $case, its plan's hash in $hash
begin() {
	case=$(case_new 17)
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
	echo anna@example.org | dsar subject "$case" add email
	dsar search "$case" >/dev/null
	dsar --json review "$case" --list >"$scratch/list"
	others=$(sqlite3 "$register" "SELECT id FROM finds WHERE number = '$case' AND CAST(text AS TEXT) LIKE '%and others%'")
	mapfile -t found < <(jq --argjson not "${others:-0}" 'select(.find != $not) | .find' "$scratch/list")
	[ -z "$others" ] || expect 1 dsar review "$case" --exclude "$others" --ground not-hers # the rest is open
	dsar review "$case" --keep "${found[@]}"
	dsar --json erase "$case" >"$scratch/plan"
	hash=$(plan_of "$scratch/plan")
	approve "$case" "$hash"
}
proof() { sqlite3 "$register_dir/ledger.db" "SELECT data FROM entry WHERE kind = 'proof' ORDER BY seq DESC LIMIT 1" | jq -r '[.kept, .excluded, .left, .failed] | join(" ")'; }

promise "what came after the search is found by her address, named by its store, and no erasure says otherwise"
begin
printf '%s anna@example.org comes back\n' "$t" >>"$other"
gzip <<<"$t anna@example.org in a packed file" >"$log.1.gz"
expect 1 dsar --json erase "$case" --confirm "$hash" >"$scratch/erased"
[ "$(jq -r 'select(.searched_again) | "\(.kept) \(.excluded) \(.left) \(.failed)"' "$scratch/erased")" = "0 1 2 0" ] || fail "$(cat "$scratch/erased")"
[ "$(jq -r 'select(.left and .store) | "\(.store) \(.left)"' "$scratch/erased" | sort | tr '\n' ,)" = "other 1,web 1," ] || fail "$(cat "$scratch/erased")"
[ "$(proof)" = "0 1 2 0" ] || fail "$(proof)"
[ "$(cat "$log")" = "$t anna@example.org and others" ] || fail "$(cat "$log")"
[ "$(sqlite3 "$db" "SELECT count(*) FROM people")" = 0 ] || fail "her row is there"
dsar certificate "$case" --to "$scratch/certificate.txt"
has "$scratch/certificate.txt" "2 Einträge, die kamen"

promise "a store that cannot be searched again keeps the erasure from being done, until it can"
begin
cp "$db" "$scratch/good.db"
printf 'no database at all, and longer than a header is: %0100d' 0 >"$db"
expect 69 dsar erase "$case" --confirm "$hash" >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "app was not searched again"
[ "$(sqlite3 "$register" "SELECT state FROM erasures WHERE number = '$case'")" = 1 ] || fail "it is said to be done"
[ "$(sqlite3 "$register_dir/ledger.db" "SELECT kind FROM entry WHERE kind IN ('end', 'unfinished') ORDER BY seq DESC LIMIT 1")" = unfinished ] || fail "the ledger says that it has ended"
dsar certificate "$case" --to "$scratch/unfinished.txt"
has "$scratch/unfinished.txt" "app: konnte nicht noch einmal durchsucht werden"
has "$scratch/unfinished.txt" "noch nicht überall"
has_not "$scratch/unfinished.txt" "was zu löschen war"
dsar letter "$case" erasure >"$scratch/letter"
has "$scratch/letter" "app: konnte nicht noch einmal durchsucht werden"
cp "$scratch/good.db" "$db"
dsar erase "$case" --confirm "$hash" >"$scratch/out"
has "$scratch/out" "Searched again: 0 kept, 1 left out by decision, 0 left,"
[ "$(sqlite3 "$register" "SELECT state FROM erasures WHERE number = '$case'")" = 2 ] || fail "it is not done"
dsar certificate "$case" --to "$scratch/done.txt"
has_not "$scratch/done.txt" "konnte nicht"
has "$scratch/done.txt" "was zu löschen war"

promise "where nothing is left, that is what is said"
printf '%s anna@example.org for the last time\n' "$t" >"$log"
begin
dsar erase "$case" --confirm "$hash" >"$scratch/out"
has "$scratch/out" "Searched again: nothing of the person is left."
[ "$(proof)" = "0 0 0 0" ] || fail "$(proof)"
