# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# greenlight.sh - a Greenlight of three hundred accounts in a PostgreSQL of the story's own; sourced behind postgres.sh,
# retention.sh and dsar.sh. Its shipped stores stand in $scratch/stores.d, with their folders in $scratch.
export PGSERVICEFILE=$scratch/pg_service.conf
hide_shipped_stores
for f in greenlight bbb-files; do cp "$root/conf/stores.d/$f.conf" "$scratch/stores.d/$f.conf"; done
sed -i "s|/var/|$scratch/var/|g; s|/usr/share/red5|$scratch/red5|g" "$scratch/stores.d/bbb-files.conf"
sed -i "s|/root/greenlight-v3/data/greenlight-v3/storage|$scratch/storage|" "$scratch/stores.d/greenlight.conf"
at_end() { agents_end && postgres_end; }

greenlight_begin() {
	approvers_make
	node_make
	postgres_begin 'fsync = off'
	db -c 'create database greenlight' -c 'create role retention login superuser' postgres
	db -f "$root/tests/data/greenlight.sql" greenlight
	printf '[greenlight]\nhost=%s\ndbname=greenlight\nuser=retention\n' "$scratch/pg" >"$PGSERVICEFILE"
}
dump() { pg_dump -h "$scratch/pg" -U postgres --data-only --inserts greenlight | grep '^INSERT' | sort; }
ask() { db -c "$1" greenlight; }
