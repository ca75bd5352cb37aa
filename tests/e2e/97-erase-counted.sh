#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a search after an erasure still finds is counted as records are: no copy twice, and a folder as the one that it is.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
[ -n "$faketime_lib" ] || skip "needs faketime"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

hide_shipped_stores
log=$scratch/web.log tree=$scratch/tree db=$scratch/app.db other=$scratch/other.db
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = { "$log*" } format = "t" category = "log-and-system-data" period = "365d" }
	store "files" { type = "tree" paths = "$tree/*" category = "contract" period = "365d" tree { unit = '^(?<unit>\w+)' } subject "account" { field = "unit" } }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
	store "other" { type = "sqlite" paths = "$other" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
printf 'duty "books" { law = "Section 147(1) no. 1 AO" years = 8 stores = { "files" } }\n' >>"$conf"
# By a clock that is an hour late every file is born after a search has begun: it may be another one's, under a new name.
dsar() { faked -1h "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }
gpg() { faked -1h gpg "$@"; }
approvers_make 2>"$scratch/gpg.log"
faked -1h "$SPARSAM_BIN/retention" -c "$conf" init >/dev/null
dsar init >/dev/null
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ) s=$(date -u -d -2days +%s)
printf '%s anna@example.org asks\n%s anna@example.org and others\n' "$t" "$t" >"$log"
gzip -c "$log" >"$log.1.gz"
mkdir -p "$tree/anna"
echo contract >"$tree/anna/1.txt"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT); INSERT INTO people VALUES ($s, 'anna@example.org'), ($s, 'anna@example.org')"
sqlite3 "$other" "CREATE TABLE people (t INTEGER, email TEXT)"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
echo anna@example.org | dsar subject "$case" add email
echo anna | dsar subject "$case" add account
dsar search "$case" >/dev/null
id() { sqlite3 "$register" "SELECT id FROM finds WHERE number = '$case' AND $1"; }
others=$(id "store = 'web' AND CAST(text AS TEXT) LIKE '%and others%'")
mapfile -t rest < <(id "id != $others")
expect 1 dsar review "$case" --exclude "$others" --ground not-hers # the rest is open
dsar review "$case" --keep "${rest[@]}"
dsar --json erase "$case" >"$scratch/plan"
[ "$(jq -r 'select(.store == "files") | .fate' "$scratch/plan")" = keep ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
# What comes while the erasure is not done yet: a store cannot be searched.
cp "$other" "$scratch/good.db"
printf 'no database at all, and longer than a header is: %0100d' 0 >"$other"
expect 69 dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >/dev/null 2>"$scratch/stderr"
has "$scratch/stderr" "other was not searched again"
echo another >"$tree/anna/2.txt"
sqlite3 "$db" "INSERT INTO people VALUES ($s, 'anna@example.org'), ($s, 'anna@example.org')"
cp "$scratch/good.db" "$other"
status=0
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/erased" || status=$?
sum() { jq -r "select(.searched_again) | .$1" "$scratch/erased"; }

promise "a line that was left out and stands in a packed copy, too, is one"
[ "$(sum excluded)" = 1 ] || fail "$(cat "$scratch/erased")"

promise "a folder that a law keeps is what was kept, whatever has come into it since"
[ "$(sum kept)" = 1 ] || fail "$(cat "$scratch/erased")"

promise "two records of the same bytes, which nothing makes a copy, are two"
[ "$(sum left)" = 2 ] || fail "$(cat "$scratch/erased")"
[ "$status" = 1 ] || fail "exit $status"
