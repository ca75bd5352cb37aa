#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real PostgreSQL and a real redis at their most talkative: no value, statement, user, key or address comes out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
jail
client 203.0.113.77 2001:db8::77
personal quittenbaum xaver 203.0.113.77 203-0-113 2001:db8::77 hunter2

promise "PostgreSQL: levels, heads of messages, durations; from file and syslog"
cluster=$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)
bin=${cluster%/initdb}
cat >"$scratch/all.sql" <<-'EOF'
	create table users(id serial primary key, email text unique, name text not null);
	insert into users(email,name) values('quittenbaum@example.org','Anna Quittenbaum');
	insert into users(email,name) values('quittenbaum@example.org','Anna Two');
	insert into users(email) values('xaver@example.org');
	select * from users
		where email = 'quittenbaum@example.org' and nope;
	select * from "Quittenbaum
	2026-11-24 01:00:00.000 UTC [1] quittenbaum@quittenbaum ERROR:  quittenbaum";
	select 'quittenbaum' + 1;
	selec quittenbaum;
	create role quittenbaum login password 'hunter2';
	do $$ begin raise warning 'Anna Quittenbaum is %', 'here'; raise exception 'xaver has no right' using detail='quittenbaum', hint='xaver'; end $$;
	prepare p as select * from users where email=$1;
	execute p('quittenbaum@example.org');
	select 1/0;
	create database gl;
	set statement_timeout=50;
	select pg_sleep(5), 'quittenbaum';
	checkpoint;
	select pg_terminate_backend(pg_backend_pid());
EOF
chmod 644 "$scratch/all.sql"
mkdir -m 777 "$scratch/pg"
in_jail bash -ec "
	echo '203.0.113.77 dsl-203-0-113-77.quittenbaum.example' >>/etc/hosts
	runuser -u postgres -- $bin/initdb -D /tmp/data -A trust >/dev/null
	cat >>/tmp/data/postgresql.conf <<-X
		listen_addresses = '*'
		unix_socket_directories = '/tmp'
		logging_collector = on
		log_directory = '$scratch/pg'
		log_filename = 'pg.log'
		log_file_mode = 0644
		log_destination = 'stderr,syslog'
		log_line_prefix = '%m [%p] %q%u@%d '
		log_connections = on
		log_disconnections = on
		log_checkpoints = on
		log_min_duration_statement = 0
		log_statement = all
		fsync = off
	X
	echo 'host all all 0.0.0.0/0 scram-sha-256' >/tmp/data/pg_hba.conf
	echo 'local all all trust' >>/tmp/data/pg_hba.conf
	cd /tmp
	runuser -u postgres -- $bin/pg_ctl -s -w -D /tmp/data start
	runuser -u postgres -- psql -qh /tmp -f $scratch/all.sql postgres || true
	PGPASSWORD=wrong psql -h 203.0.113.77 -U quittenbaum gl -c 'select 1' || true
	PGPASSWORD=hunter2 psql -h 203.0.113.77 -U quittenbaum gl -c \"select 'xaver'\"
	PGPASSWORD=wrong psql -h 203.0.113.77 -U 'x LOG:  quittenbaum' 'gl STATEMENT:  x' || true
	psql -h ::1 -U quittenbaum gl || true
	# they may close before the last line: SIGPIPE
	(printf 'GET /quittenbaum HTTP/1.1\r\n\r\n' >/dev/tcp/203.0.113.77/5432) || true
	runuser -u postgres -- psql -qh /tmp -c 'select pg_reload_conf()' postgres
	runuser -u postgres -- $bin/pg_ctl -s -D /tmp/data stop -m fast
	" >"$scratch/psql.log" 2>&1 || fail "PostgreSQL's part does not end"
wait_for said "database system is shut down"
lines postgresql "$scratch/pg/pg.log"
cp "$scratch/postgresql.out" "$scratch/from-file.out"
when='^[0-9-]{10} [0-9:]{8}\.[0-9]{3} [A-Z+0-9]+ \[[0-9]+\]'
kept postgresql "$when LOG:  starting PostgreSQL [0-9.]+ -\$" "$when LOG:  database system is ready to accept connections\$" \
	"$when - LOG:  connection received: host=\[local\]\$" "$when - LOG:  connection received: host=ip4:[a-z2-7]{16} port=-\$" \
	"$when - LOG:  connection authorized: user" "$when - LOG:  duration: [0-9.]+ ms\$" "$when - LOG:  statement: -\$" \
	"$when - ERROR:  duplicate key value violates unique constraint\$" "$when - ERROR:  null value in column\$" \
	"$when - ERROR:  syntax error at or near\$" "$when - ERROR:  division by zero\$" "$when - WARNING:  - is -\$" \
	"$when - ERROR:  canceling statement due to statement timeout\$" "$when - FATAL:  terminating connection due to administrator command\$" \
	"$when - FATAL:  password authentication failed for user\$" "$when - FATAL:  no pg_hba.conf entry for host \"ip6:[a-z2-7]{16}\", -\$" \
	"$when - LOG:  disconnection: session time: 0:00:[0-9.]+ user=- database=- host=\[local\]\$" \
	"$when LOG:  checkpoint complete: wrote [0-9]+ buffers -\$" "$when LOG:  received fast shutdown request\$" "$when LOG:  database system is shut down\$"
! grep -aE '(DETAIL|STATEMENT|HINT|CONTEXT|QUERY): ' "$scratch/postgresql.out" >&2 || fail "details are left"
for form in 3164 3339; do
	grep -aE ' postgres\[[0-9]+\]: ' "$raw/$form.log" >"$scratch/pg.$form"
	through postgresql "$scratch/pg.$form"
done
kept postgresql 'node postgres\[[0-9]+\]: \[[0-9]+-1\] [0-9-]+ .* - ERROR:  duplicate key value violates unique constraint$'
! grep -aE '(DETAIL|STATEMENT|HINT|CONTEXT|QUERY): |-2\]' "$scratch/postgresql.out" >&2 || fail "details are left"

promise "redis: its life, its clients as pseudonyms; no key, value, name or script"
in_jail bash -ec "
	redis-server --port 6390 --bind '*' --protected-mode no --loglevel debug --logfile $scratch/redis.log --dir /tmp --save '1 1' --daemonize yes
	redis-server --port 6391 --loglevel verbose --syslog-enabled yes --dir /tmp --dbfilename b --replicaof 127.0.0.1 6390 --daemonize yes
	cli() { redis-cli -p 6390 \"\$@\"; }
	until cli ping; do sleep 0.05; done
	cli set quittenbaum xaver@example.org
	cli client setname quittenbaum
	redis-cli -h 203.0.113.77 -p 6390 get quittenbaum
	cli eval 'redis.log(redis.LOG_WARNING, \"Anna Quittenbaum said hunter2\")' 0
	cli acl setuser quittenbaum on '>hunter2' '~*' +get
	cli auth quittenbaum wrong || true
	cli bgrewriteaof
	(printf 'POST / HTTP/1.1\r\nHost: quittenbaum\r\n\r\n' >/dev/tcp/127.0.0.1/6390) || true
	(printf '*1\r\n\$-5\r\nquittenbaum' >/dev/tcp/127.0.0.1/6390) || true
	timeout 1 redis-cli -p 6390 monitor >$scratch/monitor.log & sleep 0.3; cli set xaver quittenbaum
	until grep -q 'Finished with success' $raw/3339.log; do sleep 0.05; done
	redis-cli -p 6391 shutdown || true
	cli shutdown || true
	chmod 644 $scratch/redis.log
	" >"$scratch/redis-cli.log" 2>&1 || fail "redis's part does not end"
wait_for grep -q 'bye bye' "$scratch/redis.log"
wait_for said "bye bye"
lines redis "$scratch/redis.log"
programs redis 'redis|redis-server'
when='^[0-9]+:[MC] [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:.]{12}'
kept redis "$when # Redis version=[0-9.]+, bits=64, -\$" "$when \* Ready to accept connections\$" "$when - Accepted ip4:[a-z2-7]{16}:-\$" \
	"$when - Client closed connection id=- addr=ip4:[a-z2-7]{16}:- -\$" "$when # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis." \
	"$when # - -?\$|$when # -\$" "$when \* Background append only file rewriting started by pid [0-9]+\$" "$when # Redis is now ready to exit, bye bye...\$" \
	'node redis\[[0-9]+\]: MASTER <-> REPLICA sync started$' 'node redis\[[0-9]+\]: Connecting to MASTER'
has "$scratch/monitor.log" quittenbaum
expect 0 "$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store redis "$scratch/monitor.log" >"$scratch/monitor.out" 2>/dev/null
[ ! -s "$scratch/monitor.out" ] || fail "MONITOR is no log"
! grep -raiFf "$scratch/personal" "$scratch/log" >&2 || fail "the service leaks"
