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
dsar --json rectify "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(db -c "SELECT * FROM people ORDER BY 2" app | tr '\n' ,)" = "Anna|anna@example.org|Muster||Kassel,Ben|ben@example.org|B||," ] || fail "$(db -c 'SELECT * FROM people' app)"
[ "$(sqlite3 "$scratch/app.db" "SELECT * FROM people" | tr '\n' ,)" = "Anna|anna@example.org|Muster||Kassel,Ben|ben@example.org|B||," ] || fail "$(sqlite3 "$scratch/app.db" .dump)"
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'" | jq -r 'select(.technique == "update") | .found_again' | sort | uniq -c | tr -s ' ')" = " 2 true" ] ||
	fail "$(sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'rectified'")"

promise "what one of a record's rows refuses is set in none, and attached"
[ "$(db -c "SELECT count(*) FROM copies WHERE name = 'wrong'" app)" = 2 ] || fail "$(db -c "SELECT * FROM copies WHERE email ~ 'anna'" app)"
[ "$(jq -r 'select(.store == "copies") | "\(.fate) \(.ground)"' "$scratch/done" | sort -u)" = "attached the store does not take the value" ] || fail "$(cat "$scratch/done")"
