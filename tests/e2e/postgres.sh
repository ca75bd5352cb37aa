# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# postgres.sh - a PostgreSQL of a story's own, on a socket in $scratch/pg; sourced behind lib.sh
# Skips where there is none. Its at_end stops the server.
need psql
initdb=$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)
[ -n "$initdb" ] || skip "needs PostgreSQL"
bin=${initdb%/initdb}

# initdb and postgres refuse to be root
as_owner() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi; }

postgres_begin() { # SETTING...
	chmod 711 "$scratch"
	mkdir -m 700 "$scratch/pg"
	[ "$(id -u)" -ne 0 ] || chown postgres "$scratch/pg"
	(cd / && as_owner "$bin/initdb" -D "$scratch/pg/data" -U postgres -A trust >"$scratch/initdb.log" 2>&1)
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch/pg'" "$@" |
		as_owner tee -a "$scratch/pg/data/postgresql.conf" >/dev/null
	(cd / && as_owner "$bin/pg_ctl" -s -w -D "$scratch/pg/data" -l "$scratch/pg/server" start)
	[ "$(id -u)" -ne 0 ] || chmod 711 "$scratch/pg"
}
postgres_end() { (cd / && as_owner "$bin/pg_ctl" -s -D "$scratch/pg/data" stop -m immediate 2>/dev/null) || true; }
at_end() { postgres_end; }
db() { psql -XqAt -v ON_ERROR_STOP=1 -h "$scratch/pg" -U postgres "$@"; }
