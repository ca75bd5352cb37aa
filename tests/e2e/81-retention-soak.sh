#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Simulated days at an hourly timer: nothing outlives its period, nothing goes early, what is held is there; also
# after logrotate and journald's own vacuum. DAYS=3 PERIOD_H=24; `make soak` is the month.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need python3
need gpg
need logrotate
. "$root/tests/e2e/postgres.sh"
PRELOAD=$BUILD/$VARIANT/fault/simclock.so
[ -e "$PRELOAD" ] || skip "needs $PRELOAD: make check"
mkdir -m 700 "$scratch/creds"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
head -c 8 /dev/zero >"$scratch/clock"
export scratch PRELOAD CREDENTIALS_DIRECTORY=$scratch/creds SIMCLOCK=$scratch/clock

postgres_begin 'fsync = off'
export PGHOST=$scratch/pg PGSERVICEFILE=$scratch/pg_service.conf
psql -Xq -U postgres -c 'create database soak' postgres
printf '[soak]\nhost=%s\ndbname=soak\nuser=postgres\n' "$PGHOST" >"$PGSERVICEFILE"
mkdir "$scratch/stores.d.empty"

if [ -n "${OWN_MOUNTS:-}" ]; then
	export NAMESPACE=soak JOURNAL
	JOURNAL=/var/log/journal/$(cat /etc/machine-id).soak
	mkdir "$scratch/varlog"
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	mkdir -p /run/systemd/journal.soak /run/systemd/journald@soak.conf.d "$JOURNAL"
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\nMaxFileSec=1h\nSystemMaxFiles=1000\n' >/run/systemd/journald@soak.conf.d/t.conf
	spawn journald env LD_PRELOAD="$PRELOAD" /lib/systemd/systemd-journald soak
	wait_for test -S /run/systemd/journal.soak/socket
	wait_for test -S /run/systemd/journal.soak/io.systemd.journal
fi

promise "just before each run, just after it and at random instants: nothing is late, nothing lost, what is held is there; and the check can fail"
# three days are the same ones on every machine; the month is another one each time
[ -n "${DAYS:-}" ] || export SEED="${SEED:-5}"
python3 "$root/tests/fault/soak.py" || fail "see above"
