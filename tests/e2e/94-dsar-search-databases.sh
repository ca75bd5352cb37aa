#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A server looks for a person's rows itself, and finds the same as a reader of all rows; what it is asked it never writes down.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
dsar() { "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }
export PGSERVICEFILE=$scratch/pg_service.conf
hide_shipped_stores
store() { # TABLE SUBJECTS
	printf 'store "%s" {\n type = "postgres" category = "account" period = "none"\n start_event = "the end"\n postgres { service = "app" table = "%s" time = "made" }\n%s\n}\n' "$1" "$1" "$2"
}
{
	store people 'subject "email" { field = "email" } subject "account" { field = "id" } link "account" { field = "id" } link "number" { field = "number" }'
	store cards 'subject "number" { field = "owner" } subject "phone" { field = "phone" } subject "ip" { field = "ip" } subject "name" { field = "name" }
 link "email" { field = "email" }'
	store notes 'subject "account" { field = "about" }'
} >>"$conf"
# a server that ends whoever is idle in a transaction for a moment: a search is one, and does other things in between
postgres_begin 'fsync = off' "log_min_error_statement = error" 'idle_in_transaction_session_timeout = 1'
db -c 'create database app' postgres
printf '[app]\nhost=%s\ndbname=app\nuser=postgres\n' "$scratch/pg" >"$PGSERVICEFILE"
db app <<'END'
CREATE TABLE people (id uuid PRIMARY KEY, number int UNIQUE, email text, made timestamptz DEFAULT now());
CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE cards (owner bigint, phone text COLLATE alike, ip text COLLATE alike, name text COLLATE alike, email text, made timestamptz DEFAULT now());
CREATE TABLE notes (about varchar, text text, made timestamptz DEFAULT now());
INSERT INTO people SELECT md5('p' || i)::uuid, i, 'person' || i || '@example.org' FROM generate_series(1, 5000) i;
INSERT INTO cards SELECT i, '+49 69 ' || 100000 + i, '198.51.100.' || i % 250, 'Person ' || i, 'card' || i || '@example.net' FROM generate_series(1, 5000) i;
INSERT INTO notes SELECT md5('p' || i)::uuid::text, 'a note' FROM generate_series(1, 5000) i;
UPDATE people SET email = ' Anna+club@Example.ORG' WHERE number = 77;
UPDATE cards SET email = 'by-number@example.net' WHERE owner = 77;
UPDATE cards SET phone = '0049 (40) 98-76-54', email = 'by-phone@example.net' WHERE owner = 101;
UPDATE cards SET ip = '2001:DB8:0:0:0:0:12:7', email = 'by-address@example.net' WHERE owner = 102;
UPDATE cards SET name = 'ÄNNE   Muster', email = 'by-name@example.net' WHERE owner = 103;
UPDATE notes SET about = upper(about) WHERE about = md5('p77')::uuid::text;
UPDATE notes SET text = 'anna@example.org says so' WHERE about = md5('p78')::uuid::text;
INSERT INTO notes SELECT 'x', 'by-name@example.net ' || repeat('-', 90000);
END
"$retention" init -c "$conf" >/dev/null
dsar init >/dev/null
case=$(dsar case new --article 15 --lang en | tail -n 1)
echo anna@example.org | dsar subject "$case" add email
echo 040987654 | dsar subject "$case" add phone
echo 2001:db8::12:7 | dsar subject "$case" add ip
echo 'änne muster' | dsar subject "$case" add name
search() {
	dsar --json search "$case" >"$scratch/$1"
	[ "$(jq -r 'select(.case) | .complete' "$scratch/$1")" = true ] || fail "$(cat "$scratch/$1")"
	sqlite3 "$scratch/state/register/register.db" "SELECT store, hex(digest), own FROM finds ORDER BY 1, 2; SELECT kind, value, own FROM identifiers ORDER BY 1, 2; DELETE FROM finds; DELETE FROM identifiers WHERE parent <> 0" >"$scratch/$1.finds"
}

promise "rows are found however an address, a number or a name is written and whatever its column takes for equal, and lead on"
search by-server
for one in "account|" number\|77 by-number@ by-phone@ by-address@ by-name@; do has "$scratch/by-server.finds" "$one"; done
[ "$(jq -r 'select(.store) | "\(.store) \(.found)"' "$scratch/by-server" | sort | tr '\n' ,)" = "cards 4,notes 3,people 1," ] || fail "$(cat "$scratch/by-server")"

promise "nothing of it stands in the server's log, not even with an error"
db -c "alter system set log_statement = 'mod'" -c "alter role postgres set statement_timeout = 0" -c 'select pg_reload_conf()' app >/dev/null
db -c 'alter table cards rename column ip to ip_old' app
expect 69 dsar search "$case" >/dev/null 2>"$scratch/broken"
db -c 'alter table cards rename column ip_old to ip' app
cp "$scratch/pg/server" "$scratch/server.txt"
for one in anna 987654 12:7 "nne m" by-name; do has_not "$scratch/server.txt" "$one"; done

promise "a server that would write down what it is asked is asked nothing, and the finds are the same"
db -c "alter system set log_statement = 'all'" -c 'select pg_reload_conf()' app >/dev/null
wait_for grep -q log_statement "$scratch/pg/server"
search by-reader
same "$scratch/by-server.finds" "$scratch/by-reader.finds"
grep -q 'FROM ONLY people' "$scratch/pg/server" || fail "its statements were not logged"
cp "$scratch/pg/server" "$scratch/server.txt"
for one in anna 987654 12:7 "nne m" by-name; do has_not "$scratch/server.txt" "$one"; done
