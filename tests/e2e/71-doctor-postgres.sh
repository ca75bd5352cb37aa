#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a real PostgreSQL keeps for single roles and databases is found in the files of its cluster, copied to a tree.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/postgres.sh"

tree=$scratch/tree
data=/var/lib/postgresql/data
# The cluster's files as they are after a checkpoint, and the doctor's finding among them.
look() {
	db -c CHECKPOINT
	rm -rf "$tree" && mkdir -p "$tree$data"
	cp -r "$scratch"/pg/data/{postgresql.conf,global,pg_xact} "$tree$data"
	"$SPARSAM_BIN/logscrub" doctor --root "$tree" --json >"$scratch/found" 2>"$scratch/stderr" || [ $? -eq 1 ]
	jq 'select(.id == "postgresql-roles:'$data'")' "$scratch/found" >"$scratch/one"
}
bad() { # TEXT: of its proof
	look
	jq -re .proof "$scratch/one" | grep -qF -e "$1" || fail "not found: $1: $(cat "$scratch/found")"
}
good() {
	look
	jq -e 'select(.id | startswith("postgresql-log:"))' "$scratch/found" >/dev/null || fail "a bad test"
	[ ! -s "$scratch/one" ] || fail "found: $(cat "$scratch/one")"
}

postgres_begin "log_min_messages = warning"
db -c 'CREATE ROLE canary' -c 'CREATE DATABASE pond'
role=$(db -c "SELECT oid FROM pg_roles WHERE rolname = 'canary'")
pond=$(db -c "SELECT oid FROM pg_database WHERE datname = 'pond'")

promise "a new cluster has none, nor one whose roles say nothing or less"
good
db -c "ALTER ROLE canary SET search_path = 'a, b'" -c 'ALTER ROLE canary SET log_error_verbosity = terse'
good

promise "a role's statements, among its other settings, without its name"
db -c "ALTER ROLE canary SET log_statement = 'all'"
bad "log_statement = all (setrole $role, setdatabase 0)"
jq -r .where "$scratch/one" | grep -qx "$data/global/[0-9]*" || fail "where: $(cat "$scratch/one")"
has_not "$scratch/found" canary

promise "what was taken back, or never committed, is not found, though it lies in the file"
db -c 'ALTER ROLE canary RESET log_statement'
db -c BEGIN -c "ALTER ROLE canary SET log_statement = 'ddl'" -c ROLLBACK
good
grep -qaF log_statement=all "$tree$data"/global/* || fail "a bad test"

promise "a database's, and a role's in one database"
db -c 'ALTER DATABASE pond SET log_min_duration_statement = 0'
bad "log_min_duration_statement = 0 (setrole 0, setdatabase $pond)"
db -c "ALTER ROLE canary IN DATABASE pond SET log_parameter_max_length_on_error = '-1'"
bad "log_parameter_max_length_on_error = -1 (setrole $role, setdatabase $pond)"

promise "the catalog's file may have another number"
db -c 'VACUUM FULL pg_db_role_setting'
[ "$(db -c "SELECT pg_relation_filenode('pg_db_role_setting')")" -ne 2964 ] || fail "a bad test"
bad "log_min_duration_statement = 0 (setrole 0, setdatabase $pond)"
db -c 'ALTER DATABASE pond RESET ALL' -c 'ALTER ROLE canary IN DATABASE pond RESET ALL'
good

promise "a file that is cut off or holds anything harms nobody"
for file in "$tree$data"/global/[0-9]*; do head -c 16384 /dev/urandom >"$file"; done
"$SPARSAM_BIN/logscrub" doctor --root "$tree" >/dev/null 2>&1 || [ $? -eq 1 ] || fail "exit $?"
