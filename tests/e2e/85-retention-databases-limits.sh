#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A database that keeps a run waiting ends its own store and no other; one too large to be looked through shrinks step by step.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
export PGSERVICEFILE=$scratch/pg_service.conf
mkdir "$scratch/log"
hide_shipped_stores
cat >"$scratch/stores.d/own.conf" <<-END
	format "app" { type = "pattern" pattern = '(?<time>\\d{4}-\\S+) (?<text>.*)' time = "time" }
	store "locked" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "limits" table = "locked" time = "at" }
	}
	store "slow" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "limits" table = "slow" time = "at" timeout = "1s" }
	}
	store "well" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "limits" table = "well" time = "at" }
	}
	store "app" {
	  type = "textlog" paths = { "$scratch/log/app.log" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
	store "large" {
	  type = "sqlite" paths = { "$scratch/log/large.db" } period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  sqlite { table = "visit" time = "at" }
	}
END
run init >/dev/null

postgres_begin 'fsync = off'
is() { # WANTED QUERY
	local got
	got=$(db -c "$2" limits)
	[ "$got" = "$1" ] || fail "$2: $got instead of $1"
}
printf '[limits]\nhost=%s\ndbname=limits\nuser=postgres\n' "$scratch/pg" >"$PGSERVICEFILE"
db -c 'create database limits' postgres
db limits <<-'END'
	select format('create table %I as select now() - i * interval ''1 day'' as at, ''planted'' || i as who from generate_series(1, 20) i', t)
	  from unnest(array['locked', 'slow', 'well']) t \gexec
	create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(2); return old; end';
	create trigger slowly before delete on slow for each row execute function slowly();
END
old=$(date -u -d '8 days ago' +%FT%TZ)
printf '%s old\n' "$old" >"$scratch/log/app.log"

promise "a table that another session has locked, and a statement that takes too long: their stores fail, the others are done"
spawn lock psql -Xqh "$scratch/pg" -U postgres limits -c 'begin' -c 'lock table locked in access exclusive mode' -c 'select pg_sleep(600)'
lock=$!
locked() { [ "$(db -c "select count(*) from pg_locks where relation = 'locked'::regclass and mode = 'AccessExclusiveLock' and granted" limits)" = 1 ]; }
wait_for locked
begun=$SECONDS
expect 69 run run >/dev/null 2>"$scratch/stderr.log"
[ $((SECONDS - begun)) -lt 60 ] || fail "it waited for $((SECONDS - begun)) s"
has "$scratch/stderr.log" 'store "locked": limits.locked: SQLSTATE 55P03'
has "$scratch/stderr.log" 'store "slow": limits.slow: SQLSTATE 57014'
is 6 'select count(*) from well'
is 20 'select count(*) from slow'
[ ! -s "$scratch/log/app.log" ] || fail "the log was not served"
[ "$(sqlite3 "$scratch/state/ledger.db" "select json_extract(data, '$.status', '$.stores.locked.failed', '$.stores.slow.failed') from entry where kind = 'end'")" = '[69,1,1]' ] ||
	fail "not on record: $(sqlite3 "$scratch/state/ledger.db" "select data from entry where kind = 'end'")"

promise "one store alone ends with its own status"
expect 75 run run --store locked >/dev/null 2>&1

promise "when they are free again they are served, too"
db -c "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()" postgres >/dev/null
wait_gone "$lock"
db -c 'drop trigger slowly on slow' limits
run run >/dev/null 2>&1
is 6 'select count(*) from locked'
is 6 'select count(*) from slow'

promise "of a database above 256 MB free pages are told, and with auto_vacuum = incremental taken out step by step"
sqlite3 "$scratch/log/large.db" >/dev/null <<-'END'
	PRAGMA page_size = 32768; PRAGMA auto_vacuum = incremental; PRAGMA secure_delete = off; PRAGMA synchronous = off; PRAGMA journal_mode = memory;
	CREATE TABLE visit (at INTEGER, who TEXT);
	INSERT INTO visit SELECT strftime('%s') - value * 86400, 'planted' || value FROM generate_series(1, 20);
	CREATE TABLE blob (data BLOB);
	INSERT INTO blob SELECT randomblob(1 << 20) FROM generate_series(1, 300);
	DELETE FROM blob WHERE rowid % 3 <> 0;
END
expect 0 run run --store large >/dev/null 2>"$scratch/stderr.log"
grep -E 'large.db: copies may be left \([0-9]{4} pages .*256 MiB were looked through, [0-9]{4} pages are free' "$scratch/stderr.log" >/dev/null || fail "$(cat "$scratch/stderr.log")"
[ "$(sqlite3 "$scratch/log/large.db" 'select count(*) from visit')" -eq 6 ] || fail "rows are left"
sed -i 's/time = "at" }$/time = "at" vacuum = "remains" }/' "$scratch/stores.d/own.conf"
sqlite3 "$scratch/log/large.db" "INSERT INTO visit VALUES (strftime('%s') - 9 * 86400, 'late')"
size=$(stat -c %s "$scratch/log/large.db")
expect 0 run run --store large >/dev/null 2>"$scratch/stderr.log"
[ "$(stat -c %s "$scratch/log/large.db")" -lt $((size / 2)) ] || fail "it has not shrunk"
[ "$(sqlite3 "$scratch/log/large.db" 'PRAGMA integrity_check; PRAGMA freelist_count; SELECT count(*) FROM blob' | tr '\n' ' ')" = 'ok 0 100 ' ] || fail "damaged"
