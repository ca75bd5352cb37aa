#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Where nothing stood, the right value is set; and what a database refuses of a record's rows is set in none of them.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
export PGSERVICEFILE=$scratch/pg_service.conf
at_end() { postgres_end; agents_end; }
hide_shipped_stores
cat >"$scratch/stores.d/t.conf" <<-END
	store "people" { type = "postgres" category = "account" period = "none" start_event = "the end" rectify = { "first", "name", "town" }
	 postgres { service = "app" table = "people" } subject "email" { field = "email" } }
	store "copies" { type = "postgres" category = "account" period = "none" start_event = "the end" rectify = { "name" }
	 postgres { service = "app" table = "copies" } subject "email" { field = "email" } }
	store "lite" { type = "sqlite" paths = "$scratch/app.db" category = "account" period = "none" start_event = "the end" rectify = { "first", "name", "town" }
	 sqlite { table = "people" } subject "email" { field = "email" } }
END
postgres_begin 'fsync = off'
db -c 'create database app' postgres
printf '[app]\nhost=%s\ndbname=app\nuser=postgres\n' "$scratch/pg" >"$PGSERVICEFILE"
db app <<'END'
CREATE TABLE people (first text, email text, name text, middle text, town text);
INSERT INTO people VALUES (NULL, 'anna@example.org', NULL, NULL, NULL), ('Ben', 'ben@example.org', 'B', NULL, NULL);
CREATE TABLE copies (email text, name text);
CREATE UNIQUE INDEX one_of_a_name ON copies (name) WHERE name <> 'wrong';
INSERT INTO copies VALUES ('anna@example.org', 'wrong');
INSERT INTO copies SELECT i || '@example.org', repeat('x', 900) || i FROM generate_series(1, 500) i;
INSERT INTO copies VALUES ('anna@example.org', 'wrong');
END
sqlite3 "$scratch/app.db" "CREATE TABLE people (first TEXT, email TEXT, name TEXT, middle TEXT, town TEXT);
	INSERT INTO people VALUES (NULL, 'anna@example.org', NULL, NULL, NULL), ('Ben', 'ben@example.org', 'B', NULL, NULL)"
approvers_make
node_make
case=$(case_new 16)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo anna@example.org | dsar subject "$case" add email
dsar search "$case" >/dev/null || [ $? -eq 1 ]
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
find_in() { dsar --json review "$case" --list | jq -r "select(.store == \"$1\") | .find" | head -n 1; }

promise "a value is set where none was, before, between and behind others, and the row is known again as what it became"
for store in people lite; do
	dsar rectify "$case" --find "$(find_in $store)" --field first <<<"Anna"
	dsar rectify "$case" --find "$(find_in $store)" --field name <<<"Muster"
	dsar rectify "$case" --find "$(find_in $store)" --field town <<<"Kassel"
done
dsar rectify "$case" --find "$(find_in copies)" --field name <<<"right"
dsar --json rectify "$case" >"$scratch/plan"
[ "$(jq -r 'select(.find) | .fate' "$scratch/plan" | sort | uniq -c | tr -s ' ')" = " 7 set" ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
backup() { # to FOLDER
	mkdir "$scratch/$1"
	"$bin/pg_dump" -h "$scratch/pg" -U postgres -Fc -f "$scratch/$1/app.dump" app
	cp "$scratch/app.db" "$scratch/$1/"
}
restore() {
	db -c 'DROP DATABASE app' -c 'CREATE DATABASE app' postgres
	"$bin/pg_restore" -h "$scratch/pg" -U postgres -d app "$scratch/$1/app.dump"
	rm -f "$scratch"/app.db-*
	cp "$scratch/$1/app.db" "$scratch/app.db"
}
rows() { db -c "SELECT * FROM people ORDER BY 2" app && sqlite3 "$scratch/app.db" "SELECT * FROM people ORDER BY 2"; }
rows >"$scratch/wrong"
backup yesterday
dsar --json rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
rows >"$scratch/right"
[ "$(db -c "SELECT * FROM people ORDER BY 2" app | tr '\n' ,)" = "Anna|anna@example.org|Muster||Kassel,Ben|ben@example.org|B||," ] || fail "$(db -c 'SELECT * FROM people' app)"
[ "$(sqlite3 "$scratch/app.db" "SELECT * FROM people" | tr '\n' ,)" = "Anna|anna@example.org|Muster||Kassel,Ben|ben@example.org|B||," ] || fail "$(sqlite3 "$scratch/app.db" .dump)"
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'" | jq -r 'select(.technique == "update") | .found_again' | sort | uniq -c | tr -s ' ')" = " 2 true" ] ||
	fail "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'")"

promise "what one of a record's rows refuses is set in none, and attached"
[ "$(db -c "SELECT count(*) FROM copies WHERE name = 'wrong'" app)" = 2 ] || fail "$(db -c "SELECT * FROM copies WHERE email ~ 'anna'" app)"
[ "$(jq -r 'select(.store == "copies") | "\(.fate) \(.ground)"' "$scratch/done" | sort -u)" = "attached the store does not take the value" ] || fail "$(cat "$scratch/done")"

promise "a backup of before brings the old values back: looked at, they are told; reapplied, they are set right, and nobody else's"
restore yesterday
rows | same "$scratch/wrong" -
dsar --lang en reapply --dry-run >"$scratch/out"
has "$scratch/out" 'people: 1 records have an old value again'
has "$scratch/out" 'lite: 1 records have an old value again'
rows | same "$scratch/wrong" -
before=$(sqlite3 "$scratch/state/ledger.db" "SELECT max(seq) FROM entry")
dsar --json reapply >"$scratch/out" 2>"$scratch/reapply.log" || fail "$(cat "$scratch/reapply.log")"
[ "$(jq -r '"\(.store) \(.records) \(.rectified)"' "$scratch/out" | sort | tr '\n' ,)" = "lite 1 true,people 1 true," ] || fail "$(cat "$scratch/out")"
rows | same "$scratch/right" -
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT kind || ':' || data FROM entry WHERE seq > $before AND kind LIKE 'reappl%'" | sed 's/:{/ {/' |
	while read -r kind data; do echo "$kind $(jq -r '"\(.case) \(.store) \(.action) \(.fields) \(.records)"' <<<"$data")"; done | tr '\n' ,)" = \
	"reapply $case people update 3 1,reapplied $case people update 3 1,reapply $case lite update 3 1,reapplied $case lite update 3 1," ] ||
	fail "$(sqlite3 "$scratch/state/ledger.db" "SELECT kind, data FROM entry WHERE seq > $before")"
[ -z "$(dsar --json reapply)" ] || fail "there is more"

promise "no value of it lies in the register or the ledger in clear but what the open case has; closed, none does"
sqlite3 "$register" "UPDATE case_file SET state = 6 WHERE number = '$case'"
dsar case close "$case"
for one in Kassel Muster; do ! grep -qa "$one" "$register" "$scratch/state/ledger.db" || fail "$one"; done
restore yesterday
dsar reapply >/dev/null
rows | same "$scratch/right" -

promise "what was set right twice comes right from either backup, and what was set back stays"
backup between
for town in Hanau Fulda Kassel; do
	next=$(case_new 16)
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$next'"
	echo anna@example.org | dsar subject "$next" add email
	dsar search "$next" >/dev/null || [ $? -eq 1 ]
	sqlite3 "$register" "UPDATE finds SET decision = 1 WHERE number = '$next'; UPDATE case_file SET state = 4 WHERE number = '$next'"
	dsar rectify "$next" --find "$(dsar --json review "$next" --list | jq -r 'select(.store == "people") | .find')" --field town <<<"$town"
	dsar --json rectify "$next" >"$scratch/plan"
	approve "$next" "$(plan_of "$scratch/plan")"
	dsar rectify "$next" --confirm "$(plan_of "$scratch/plan")" >/dev/null
	sqlite3 "$register" "UPDATE case_file SET state = 6 WHERE number = '$next'"
	dsar case close "$next"
	[ "$town" != Hanau ] || backup hanau
done
for copy in yesterday between hanau; do
	restore "$copy"
	dsar reapply >"$scratch/out" 2>&1 || fail "$copy: $(cat "$scratch/out")"
	rows | same "$scratch/right" -
done

promise "killed at any step, reapplying goes on where it was"
killat=$BUILD/$VARIANT/fault/killat
if [ -x "$killat" ]; then
	n=0
	while :; do
		n=$((n + ${STRIDE:-37})) # STRIDE=1: at each
		rm -f "$scratch"/app.db-*
		cp "$scratch/yesterday/app.db" "$scratch/app.db"
		status=0
		"$killat" "$n" "$SPARSAM_BIN/dsar" -c "$conf" reapply --store lite >/dev/null 2>&1 || status=$?
		[ "$status" -eq 137 ] || break
		dsar reapply --store lite >/dev/null
		rows | same "$scratch/right" -
	done
	[ "$status:$((n > 37))" = 0:1 ] || fail "$n steps, exit $status"
	printf "%s steps\n" "$n"
fi

promise "when the last backup is gone nothing is left of it"
[ "$(sqlite3 "$register" "SELECT count(*) > 0 FROM corrections")" = 1 ]
if [ -n "$faketime_lib" ]; then
	faked +31d "$SPARSAM_BIN/dsar" -c "$conf" case tidy >/dev/null
	[ "$(sqlite3 "$register" "SELECT count(*) FROM corrections")" = 0 ]
fi
