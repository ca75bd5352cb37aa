#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Rows and keys past their period go from SQLite, PostgreSQL and Redis, with all that hangs on them; held ones stay.
. "$(dirname "$0")/lib.sh"
need redis-server
need sqlite3
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
mkdir "$scratch/f2b" "$scratch/redis"
# retention of one store: 0, or 1 where there is something to look at
age() { run run --store "$1" >"$scratch/$1.out" 2>"$scratch/$1.err" || [ $? -eq 1 ] || fail "$1: $(cat "$scratch/$1.err")"; }
run init >/dev/null

promise "fail2ban's own database, as fail2ban makes it: bans of a week and their log lines go, and nothing of them is left in its files"
sed "s|/var/lib/fail2ban|$scratch/f2b|" "$root/conf/stores.d/fail2ban.conf" >"$scratch/stores.d/fail2ban.conf"
PYTHONPATH=/usr/lib/python3/dist-packages python3 - "$scratch/f2b/fail2ban.sqlite3" <<-'END' >"$scratch/f2b.log" 2>&1 || skip "needs fail2ban"
	import sys, time
	from fail2ban.server.database import Fail2BanDb
	from fail2ban.server.ticket import FailTicket
	class Jail:
	    name = 'sshd'
	    class actions: getBanTime = staticmethod(lambda: -1)
	db = Fail2BanDb(sys.argv[1])
	db.addJail(Jail)
	for day in range(1, 21):
	    t = FailTicket('203.0.113.%d' % day, time.time() - day * 86400 + 7200, ['Failed password for planted%02d from 203.0.113.%d' % (day, day)])
	    t.setBanTime(-1)
	    db.addBan(Jail, t)
END
id=$(echo 203.0.113.15 | run hold add --incident T-1 --reason attack --owner ops --expires +30d --store fail2ban-bans --store fail2ban-bips --from -)
bans() { sqlite3 "$scratch/f2b/fail2ban.sqlite3" "select group_concat(ip, ' ') from (select ip from $1 order by timeofban desc)"; }
all=$(for i in {1..7} 15; do printf '203.0.113.%d ' "$i"; done)
age fail2ban-bans
age fail2ban-bips
[ "$(bans bans) " = "$all" ] || fail "bans: $(bans bans)"
[ "$(bans bips) " = "$all" ] || fail "bips: $(bans bips)"
for i in {8..14} {16..20}; do
	! grep -aF "planted$(printf %02d "$i")" "$scratch"/f2b/* >&2 || fail "ban $i is left in the file"
done
has "$scratch/f2b/fail2ban.sqlite3" planted15
run hold show "$id" --records | grep planted15 >/dev/null || fail "the held one is not shown"

# --- PostgreSQL -----------------------------------------------------------------------------------

postgres_begin 'fsync = off' 'log_statement = all' 'max_connections = 30'
export PGSERVICEFILE=$scratch/pg_service.conf
db() { psql -XqAt -h "$scratch/pg" -U postgres "$@"; }
is() { # DATABASE WANTED QUERY
	local got
	got=$(db -c "$3" "$1")
	[ "$got" = "$2" ] || fail "$3: $got instead of $2"
}

promise "without a service of that name the shipped stores are silent"
: >"$PGSERVICEFILE"
run run --store greenlight-invitations 2>"$scratch/stderr.log" >/dev/null
[ ! -s "$scratch/stderr.log" ] || fail "it speaks"
for name in greenlight bbb-graphql parts; do
	printf '[%s]\nhost=%s\ndbname=%s\nuser=%s\n' "$name" "$scratch/pg" "$name" "$([ $name = greenlight ] && echo retention || echo postgres)"
done >"$PGSERVICEFILE"

promise "a user that the server does not know is told; a database that is not there is silent again"
expect 77 run run --store greenlight-invitations 2>"$scratch/stderr.log" >/dev/null
has "$scratch/stderr.log" 28000
db -c 'create role retention login' postgres
run run --store greenlight-invitations 2>"$scratch/stderr.log" >/dev/null
[ ! -s "$scratch/stderr.log" ] || fail "it speaks: $(cat "$scratch/stderr.log")"

promise "a user without the right is told, by a number and not by the server's words"
db -c 'create database greenlight' postgres
db -v ON_ERROR_STOP=1 -f "$root/tests/data/greenlight.sql" greenlight
expect 77 run run --store greenlight-invitations >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" 42501
db -c 'grant select, update, delete on all tables in schema public to retention' greenlight

promise "Greenlight: a dry run shows what goes, and changes nothing"
for store in invitations unverified logins sessions resets verifications; do
	run run --dry-run --store "greenlight-$store" --json 2>/dev/null >"$scratch/plan"
	jq -rs '"\(.[0].store) \(.[0].action) \(.[0].technique) \(.[0].place) \(.[0].records)"' "$scratch/plan"
done >"$scratch/plans"
same "$scratch/plans" - <<-'END'
	greenlight-invitations delete unlinked greenlight.invitations 277
	greenlight-unverified delete unlinked greenlight.users 71
	greenlight-logins blank unlinked greenlight.users 186
	greenlight-sessions blank unlinked greenlight.rooms 186
	greenlight-resets blank unlinked greenlight.users 295
	greenlight-verifications blank unlinked greenlight.users 295
END
is greenlight 300 'select count(*) from users'

promise "held accounts stay, with all that hangs on them, though they are named only there"
room=$(echo "Planted 0150's room" | run hold add --incident T-2 --reason evidence --owner ops --expires +30d --store greenlight-unverified --from -)
user=$(echo planted0200@example.org | run hold add --incident T-3 --reason evidence --owner ops --expires +30d --store greenlight-logins --from -)
age greenlight-unverified
is greenlight 230 'select count(*) from users'
is greenlight 1 "select count(*) from users where email = 'planted0150@example.org'"
for table in rooms room_meeting_options recordings formats; do
	is greenlight 230 "select count(*) from $table"
done
is greenlight 0 'select count(*) from shared_accesses s where not exists (select from users u where u.id = s.user_id)'
is greenlight 0 "select count(*) from users where not verified and created_at < (now() at time zone 'utc') - interval '719 hours' and email not like '%150@%'"
run hold show "$room" --records | grep 'rec-meeting-planted0150' >/dev/null || fail "the recording is not shown"
grep 'write-ahead log: until it is recycled' "$scratch/greenlight-unverified.err" >/dev/null || fail "the log's horizon is not told"

promise "a login's time goes where the account stays; invitations go; others keep theirs"
age greenlight-logins
is greenlight 15 'select count(last_login) from users'
is greenlight 1 "select count(last_login) from users where email = 'planted0200@example.org'"
age greenlight-invitations
is greenlight 23 'select count(*) from invitations'
age greenlight-resets
is greenlight 0 "select count(reset_digest) from users where reset_sent_at < (now() at time zone 'utc') - interval '47 hours'"
is greenlight 5 'select count(reset_digest) from users'
run hold release "$room" && run hold release "$user"
age greenlight-unverified
is greenlight 229 'select count(*) from users'

promise "what another table points to stays, and is told"
cat >"$scratch/stores.d/own.conf" <<-'END'
	store "greenlight-roles" {
	  type = "postgres" period = "7d" category = "account" purpose = "test" basis = "Art. 6(1)(b) GDPR"
	  postgres { service = "greenlight" table = "roles" time = "created_at" }
	}
	store "greenlight-away" {
	  type = "postgres" period = "7d" category = "account" purpose = "test" basis = "Art. 6(1)(b) GDPR"
	  postgres { service = "greenlight" table = "public.users" time = "signed_up_at" }
	}
	store "parts" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "parts" table = "visit" time = "at" }
	}
	store "locked" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "parts" table = "locked" time = "at" time_format = "ms" vacuum = "full" }
	}
END
db -c "update roles set created_at = now() - interval '1 year'; insert into roles(name, provider, created_at, updated_at) values ('Idle', 'greenlight', now() - interval '1 year', now())" greenlight
expect 1 run run --store greenlight-roles >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "point to them"
is greenlight User 'select name from roles'

promise "a column that is not there: refused with its place, and the others are served"
expect 78 run run --store greenlight-away >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "own.conf:5"
has "$scratch/stderr.log" "signed_up_at"

promise "BigBlueButton: a meeting goes with what the database deletes with it; who is held in its chat keeps it"
db -c 'create database "bbb-graphql"' postgres
db -v ON_ERROR_STOP=1 bbb-graphql <<-'END'
	create unlogged table meeting ("meetingId" varchar(100) primary key, name varchar(100), "createdTime" bigint, "endedAt" timestamptz);
	create unlogged table "user" ("meetingId" varchar(100) references meeting ("meetingId") on delete cascade, "userId" varchar(50) not null,
	  name varchar(255), "guestStatusSetByModerator" varchar(50), primary key ("meetingId", "userId"),
	  foreign key ("meetingId", "guestStatusSetByModerator") references "user" ("meetingId", "userId") on delete set null);
	create unlogged table user_voice ("meetingId" varchar(100), "userId" varchar(50), "callerNum" varchar(100), primary key ("meetingId", "userId"),
	  foreign key ("meetingId", "userId") references "user" ("meetingId", "userId") on delete cascade);
	create unlogged table chat ("chatId" varchar(100), "meetingId" varchar(100) references meeting ("meetingId") on delete cascade,
	  primary key ("chatId", "meetingId"));
	create unlogged table chat_message ("messageId" varchar(100) primary key, "chatId" varchar(100), "meetingId" varchar(100), message text,
	  "senderName" varchar(255), foreign key ("chatId", "meetingId") references chat ("chatId", "meetingId") on delete cascade);
	create unlogged table "user_graphqlConnection" ("graphqlConnectionId" serial primary key, "sessionToken" varchar(16), "closedAt" timestamptz);
	insert into meeting select 'm' || i, 'Room ' || i, 0, case when i > 2 then now() - i * interval '12 hours' end from generate_series(1, 6) i;
	insert into "user" select "meetingId", 'w_' || "meetingId", 'Anna ' || "meetingId" from meeting;
	insert into user_voice select "meetingId", "userId", '+493000000' from "user";
	insert into chat select 'public', "meetingId" from meeting;
	insert into chat_message select 'x' || "meetingId", 'public', "meetingId", 'hello', 'Berta ' || "meetingId" from meeting;
	insert into "user_graphqlConnection" ("sessionToken", "closedAt") select "meetingId", "endedAt" from meeting;
END
echo 'Berta m5' | run hold add --incident T-4 --reason evidence --owner ops --expires +30d --store bbb-graphql-meetings --from - >/dev/null
age bbb-graphql-meetings
[ ! -s "$scratch/bbb-graphql-meetings.err" ] || grep 'unlogged' "$scratch/bbb-graphql-meetings.err" >/dev/null || fail "$(cat "$scratch/bbb-graphql-meetings.err")"
for table in meeting '"user"' user_voice chat chat_message; do
	is bbb-graphql "m1 m2 m5" "select string_agg(\"meetingId\", ' ' order by \"meetingId\") from $table"
done
age bbb-graphql-connections
is bbb-graphql "m1 m2" "select string_agg(\"sessionToken\", ' ' order by 1) from \"user_graphqlConnection\""

promise "whole partitions past the period are dropped; of one with a held row only the others go"
db -c 'create database parts' postgres
db -v ON_ERROR_STOP=1 parts <<-'END'
	create table visit (at timestamptz not null, who text) partition by range (at);
	select format('create table visit_%s partition of visit for values from (%L) to (%L)', i, d - i, d - i + 1)
	  from generate_series(0, 20) i, (select (now() at time zone 'utc')::date as d) x \gexec
	create table visit_later partition of visit default;
	insert into visit select now() - i * interval '6 hours', 'planted' || i from generate_series(0, 79) i;
END
echo planted50 | run hold add --incident T-5 --reason evidence --owner ops --expires +30d --store parts --from - >/dev/null
run run --store parts --json 2>"$scratch/parts.err" >"$scratch/plan"
[ "$(jq -s 'map(select(.action == "drop")) | length' "$scratch/plan")" -ge 10 ] || fail "$(cat "$scratch/plan")"
is parts 29 'select count(*) from visit'
is parts planted50 'select who from visit order by at limit 1'
[ "$(db -c "select count(*) from pg_inherits where inhparent = 'visit'::regclass" parts)" -le 12 ] || fail "partitions are left"
age parts
is parts 29 'select count(*) from visit'

promise "rows that another session has locked are left and told, the rest goes; then they go, too"
db parts <<-'END'
	create table locked (id serial primary key, at bigint, who text);
	insert into locked (at, who) select (extract(epoch from now()) * 1000)::bigint - i * 3600000, 'planted' || i from generate_series(1, 400) i;
	insert into locked (at, who) values (null, 'when?');
END
spawn lock psql -Xqh "$scratch/pg" -U postgres parts -c 'begin' -c 'select * from locked where id = 300 for update' -c 'select pg_sleep(600)'
lock=$!
wait_for grep -q planted300 "$scratch/lock.log" || wait_for test "$(db -c "select count(*) from pg_locks where relation = 'locked'::regclass and mode = 'RowShareLock'" parts)" = 1
expect 1 run run --store locked >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "another session has rows locked"
has "$scratch/stderr.log" "has no times of its own"
is parts "planted300" "select who from locked where at is not null order by at limit 1"
is parts 167 'select count(at) from locked'
db -c "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()" postgres >/dev/null
wait_gone "$lock"
age locked
is parts 166 'select count(at) from locked'
is parts 1 'select count(*) from locked where at is null'

promise "rows that a trigger puts back do not keep a run from its end, and are told; without it they go"
cat >"$scratch/stores.d/undone.conf" <<-'END'
	store "undone" {
	  type = "postgres" period = "7d" category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  postgres { service = "parts" table = "undone" time = "at" }
	}
END
db -v ON_ERROR_STOP=1 parts <<-'END'
	create table undone (at timestamptz not null, who text);
	create index on undone (at);
	insert into undone select now() - i * interval '1 hour', 'planted' || i from generate_series(100, 400) i;
	create function undo() returns trigger language plpgsql as 'begin insert into undone values (old.at, old.who); return old; end';
	create trigger undo after delete on undone for each row execute function undo();
END
expect 1 timeout 300 "$retention" run -c "$conf" --store undone >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "a trigger puts them back"
is parts 301 'select count(*) from undone'
db -c 'drop trigger undo on undone' parts
age undone
is parts 67 'select count(*) from undone'

promise "a run that is killed at any point leaves whole rows, and runs again"
db greenlight <<-'END'
	truncate users, rooms, roles, invitations, formats, recordings, shared_accesses, room_meeting_options, meeting_options, role_permissions, rooms_configurations cascade;
END
sed '/^CREATE \(TABLE\|INDEX\)/,/;$/d' "$root/tests/data/greenlight.sql" | sed 's/generate_series(1, 300)/generate_series(1, 3000)/' | db -v ON_ERROR_STOP=1 -f - greenlight
db -v ON_ERROR_STOP=1 greenlight <<-'END'
	create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(0.002); return old; end';
	create trigger slowly before delete on users for each row execute function slowly();
END
erasing() { [ "$(db -c "select count(*) from pg_stat_activity where state = 'active' and query like 'DELETE FROM users%'" postgres)" = 1 ]; }
idle() { [ "$(db -c "select count(*) from pg_stat_activity where application_name = 'sparsam'" postgres)" = 0 ]; }
fewer() { [ "$(db -c 'select count(*) from users' greenlight)" -lt "$1" ]; }
for _ in 1 2 3; do
	spawn killed "$retention" run -c "$conf" --store greenlight-unverified
	wait_for erasing
	kill -KILL "$!"
	wait_for idle
	is greenlight 0 'select count(*) from users u where (select count(*) from rooms r join recordings c on c.room_id = r.id join formats f on f.recording_id = c.id where r.user_id = u.id) <> 1'
done
! fewer 2030 || fail "it was not killed"
db -c 'drop trigger slowly on users' greenlight
age greenlight-unverified
is greenlight "2029 2029 2029" "select (select count(*) from users) || ' ' || (select count(*) from rooms) || ' ' || (select count(*) from formats)"

promise "no name, address or row of the server's stands in the ledger or in what is said"
! grep -aiE 'planted[0-9]|example\.(org|net)|anna|berta' "$scratch"/*.err "$scratch/stderr.log" >&2 || fail "it says too much"
run export-ledger "$scratch/bundle.tar"
tar -xf "$scratch/bundle.tar" -C "$scratch" ledger.db
! grep -aiE 'planted[0-9]|example\.(org|net)|anna|berta' "$scratch/ledger.db" >&2 || fail "the ledger knows too much"

# --- Redis ----------------------------------------------------------------------------------------

promise "BigBlueButton's and Etherpad's keys: by the name's time, by a field of JSON, by their last use; over a socket, as a user with a password"
sock=$scratch/redis/redis.sock
redis-server --port 0 --unixsocket "$sock" --dir "$scratch/redis" --save '' --appendonly yes --daemonize no >"$scratch/redis.log" 2>&1 </dev/null &
spawned+=("$!")
cli() { redis-cli -s "$sock" "$@"; }
wait_for cli ping
printf 'not-a-real-secret\n' >"$scratch/creds/redis"
sed "s|socket = \"/run/redis/redis-server.sock\"|socket = \"$sock\" user = \"retention\" password = \"redis\"|" \
	"$root/conf/stores.d/bbb-databases.conf" >"$scratch/stores.d/bbb-databases.conf"
expect 77 run run --store bbb-redis-meetings >/dev/null 2>"$scratch/stderr.log"
cli acl setuser retention on '>not-a-real-secret' '~*' -@all +scan +type +object +pttl +get +hget +hgetall +lrange +smembers \
	+zrange +zrangebyscore +zrem +xrange +unlink +watch +unwatch +multi +exec +select +info '+memory|usage' +bgrewriteaof >/dev/null
now=$(date +%s)
for day in {1..20}; do
	ms=$((now - day * 86400 + 7200))000
	mid=$(printf '%040d' "$day")-$ms
	cli hset "meeting:info:$mid" meetingName "planted room $day" >/dev/null
	cli rpush "meeting:$mid:recordings" 1 2 >/dev/null
	cli hset "recording:$mid:1" name "planted person $day" >/dev/null
	cli set "globalAuthor:a.$day" "{\"colorId\":1,\"name\":\"planted author $day\",\"timestamp\":$ms}" >/dev/null
done
cli set globalAuthor:a.none '{"colorId":1,"name":"planted nobody"}' >/dev/null
cli set globalAuthor:a.ttl '{"colorId":1}' EX 3600 >/dev/null
cli set pad:fresh '{"atext":"planted"}' >/dev/null
cli set other:key planted >/dev/null
cli config resetstat >/dev/null
echo 'planted room 12' | run hold add --incident T-6 --reason evidence --owner ops --expires +30d --store bbb-redis-meetings --from - >/dev/null
for store in bbb-redis-meetings bbb-redis-recordings bbb-etherpad-authors bbb-etherpad-pads; do age $store; done
[ "$(cli keys 'meeting:info:*' | wc -l)" -eq 8 ] || fail "$(cli keys 'meeting:info:*')"
[ "$(cli keys 'meeting:*:recordings' | wc -l)" -eq 7 ] || fail "$(cli keys 'meeting:*:recordings')"
[ "$(cli keys 'recording:*' | wc -l)" -eq 7 ] || fail "$(cli keys 'recording:*')"
[ "$(cli keys 'globalAuthor:a.*' | wc -l)" -eq 4 ] || fail "$(cli keys 'globalAuthor:*')"
[ "$(cli exists pad:fresh other:key)" -eq 2 ] || fail "young or foreign keys went"
cli info commandstats | tr -d '\r' | grep '^cmdstat_keys:calls=4,' >/dev/null || fail "KEYS was used: $(cli info commandstats | grep keys)"
has "$scratch/bbb-redis-meetings.err" "append-only file: until it is rewritten"
has "$scratch/bbb-etherpad-authors.err" "they have no TTL"
! grep -aiE 'planted|[0-9]{13}' "$scratch"/bbb-*.err >&2 || fail "keys are named"

promise "what nobody has used for two days goes, and reading about it does not make it young"
cli set pad:old '{"atext":"planted"}' >/dev/null
python3 - "$sock" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
	def cmd(*a):
	    s.sendall(b'*%d\r\n' % len(a) + b''.join(b'$%d\r\n%s\r\n' % (len(x), x) for x in a)); return s.recv(65536)
	d = cmd(b'DUMP', b'pad:old'); n = int(d[1:d.index(b'\r\n')]); body = d[d.index(b'\r\n') + 2:][:n]
	assert cmd(b'RESTORE', b'pad:old', b'0', body, b'REPLACE', b'IDLETIME', b'180000').startswith(b'+OK')
END
echo nobody | run hold add --incident T-7 --reason evidence --owner ops --expires +1d --store bbb-etherpad-pads --from - >"$scratch/id"
run run --dry-run --store bbb-etherpad-pads >/dev/null 2>&1
[ "$(cli object idletime pad:old)" -ge 180000 ] || fail "it was read"
age bbb-etherpad-pads
[ "$(cli exists pad:old)" -eq 1 ] || fail "a hold that cannot be decided does not hold"
run hold release "$(cat "$scratch/id")"
age bbb-etherpad-pads
[ "$(cli exists pad:old pad:fresh)" -eq 1 ] || fail "it is still there"
