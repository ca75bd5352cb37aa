#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The same bytes at several places are one find with their number and all their places: given as often as they are stored,
# and erased wherever they lie.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

hide_shipped_stores
log=$scratch/web.log db=$scratch/app.db
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = { "$log*" } format = "t" category = "log-and-system-data" period = "365d" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
approvers_make
node_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ) s=$(date -u -d -2days +%s)
her="$t mail to anna@example.org" bens="$t mail to ben@example.org"
printf '%s\n' "$her" "$bens" "$her" "$bens" "$her, again" >"$log"
printf '%s\n' "$her" "$bens" | gzip >"$log.1.gz"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT);
	INSERT INTO people VALUES ($s, 'anna@example.org'), ($s, 'anna@example.org'), ($s, 'ben@example.org')"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
echo anna@example.org | dsar subject "$case" add email

promise "a search counts records, and again the same when it is said again"
for _ in 1 2; do
	dsar --json search "$case" >"$scratch/found"
	[ "$(jq -r 'select(.store) | .store + " " + (.found | tostring)' "$scratch/found" | sort | tr '\n' ,)" = "app 2,web 4," ] || fail "$(cat "$scratch/found")"
	dsar --json review "$case" --list >"$scratch/list"
	[ "$(jq -r '.store + " " + (.records | tostring)' "$scratch/list" | sort | tr '\n' ,)" = "app 2,web 1,web 3," ] || fail "$(cat "$scratch/list")"
done

promise "each place is shown"
twin=$(jq -r 'select(.records == 3) | .find' "$scratch/list")
dsar --json review "$case" --show "$twin" >"$scratch/shown"
[ "$(jq -r 'select(.offset != null) | .place' "$scratch/shown" | sort | tr '\n' ,)" = "$log,$log,$log.1.gz," ] || fail "$(cat "$scratch/shown")"
dsar review "$case" --show "$twin" >"$scratch/shown"
has "$scratch/shown" "3 records of these very bytes"

promise "an answer has each as often as it is stored"
mapfile -t found < <(jq .find "$scratch/list")
dsar review "$case" --keep "${found[@]}"
access=$(case_new 15)
sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$access'"
echo anna@example.org | dsar subject "$access" add email
dsar search "$access" >/dev/null
mapfile -t found < <(dsar --json review "$access" --list | jq .find)
dsar review "$access" --keep "${found[@]}"
dsar --json export "$access" --to "$scratch/answer.zip" >"$scratch/said"
dsar answer "$access" "$scratch/answer.zip"
dsar search --settle
[ "$(jq -r .records "$scratch/said")" = 6 ] || fail "$(cat "$scratch/said")"
mkdir "$scratch/answer"
python3 -m zipfile -e "$scratch/answer.zip" "$scratch/answer"
[ "$(jq '.records | length' "$scratch/answer/data/web.json")" = 4 ] || fail "$(cat "$scratch/answer/data/web.json")"
[ "$(jq '.records | length' "$scratch/answer/data/app.json")" = 2 ] || fail "$(cat "$scratch/answer/data/app.json")"
[ "$(grep -c anna@example.org "$scratch/answer/data/web.csv")" = 4 ] || fail "$(cat "$scratch/answer/data/web.csv")"

promise "an erasure takes all of them and nothing else, and says how many they were"
dsar --json erase "$case" >"$scratch/plan"
[ "$(jq -r 'select(.find) | .records, .fate' "$scratch/plan" | sort | tr "\n" ,)" = "1,2,3,erase,erase,erase," ] || fail "$(cat "$scratch/plan")"
hash=$(plan_of "$scratch/plan")
approve "$case" "$hash"
dsar erase "$case" --confirm "$hash" >/dev/null
[ "$(cat "$log")" = "$bens"$'\n'"$bens" ] || fail "$(cat "$log")"
[ "$(zcat "$log.1.gz")" = "$bens" ] || fail "$(zcat "$log.1.gz")"
[ "$(sqlite3 "$db" "SELECT email FROM people")" = ben@example.org ] || fail "$(sqlite3 "$db" "SELECT email FROM people")"
dsar certificate "$case" --to "$scratch/certificate.txt"
has "$scratch/certificate.txt" "web: 4"
has "$scratch/certificate.txt" "app: 2"
