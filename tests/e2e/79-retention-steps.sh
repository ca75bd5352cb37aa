#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run of retention that is killed, or meets a full or broken disk or a server that goes, at each step that it
# takes: the next run mends all, record for record. STRIDE=1 tries each fault, otherwise each STRIDEth.
. "$(dirname "$0")/lib.sh"
need python3
need gpg
export killat scratch
need_killat
need_tracing
mkdir -m 700 "$scratch/creds"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/creds
steps() { KIND=$1 STRIDE=${STRIDE:-$2} python3 "$root/tests/fault/retention_steps.py" || fail "not at each step"; }

promise "text logs; killed, torn, ENOSPC, EIO: what is past its period goes, all else is there once, and the ledger is whole"
steps text 20
promise "SQLite, with a write-ahead log and without; nothing is left of a row in its files, either"
steps sqlite 60
promise "PostgreSQL; killed, its connection lost, the server's process ended, the server crashed"
. "$root/tests/e2e/postgres.sh"
postgres_begin 'fsync = off' 'max_connections = 30' 'log_min_messages = fatal'
export PGHOST=$scratch/pg
steps postgres 100
