#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power is cut, for PostgreSQL and for retention alike, while rows go that are past their period: the ledger tells of
# nothing as gone that the server has again, and after the next run all is as it has to be.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/powercut.sh"
. "$root/tests/e2e/postgres.sh"
at_end() {
	[ -z "${postmaster:-}" ] || kill -KILL "$postmaster" 2>/dev/null || true
	umount -l "$disk" "$plug" 2>/dev/null
}
. "$root/tests/e2e/retention_cut.sh"

PGHOST=$scratch/pg PGSERVICEFILE=$node/pg_service.conf
export PGHOST PGSERVICEFILE
server() { (cd / && as_owner "$bin/pg_ctl" -s -w -D "$disk/pg/data" -l "$PGHOST/server" "$@"); }
make_other() {
	chmod 711 "$scratch" "$disk"
	install -d -o postgres -g postgres "$disk/pg" "$PGHOST"
	(cd / && as_owner "$bin/initdb" --no-sync --wal-segsize=1 -D "$disk/pg/data" -U postgres -A trust >"$scratch/initdb.log" 2>&1)
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" 'max_connections = 10' 'shared_buffers = 16MB' \
		'max_wal_size = 8MB' 'min_wal_size = 2MB' |
		as_owner tee -a "$disk/pg/data/postgresql.conf" >/dev/null
	begin_other
}
begin_other() {
	rm -f "$disk/pg/data/postmaster.pid" "$PGHOST"/.s.* # whoever has its number by now is another one
	server start || fail "$(tail "$PGHOST/server")"
	postmaster=$(head -n 1 "$disk/pg/data/postmaster.pid")
}
end_other() { # as hard as the power, which may be off; who works for it goes with it
	kill -KILL "$postmaster"
	wait_for is_gone "$postmaster"
}

for fs in $(file_systems); do
	promise "$fs: a table with another one, and one in partitions"
	leg "$fs" postgres
done
