#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at each step that it takes (tests/fault), and in the middle of each write to a file, the
# service and the filter behind rsyslog lose and double nothing: into files, a journal file and a
# namespace, which are rotated meanwhile.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need python3
need_killat
WRITER=/lib/systemd/systemd-journal-remote
[ -x "$WRITER" ] || WRITER=
mkdir -m 700 "$scratch/creds"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/creds scratch killat WRITER
every_step() { python3 "$root/tests/fault/every_step.py" "$1" || fail "$1"; }

promise "a tailed file into two files and a journal file"
every_step tail

promise "rsyslog's omprog, which sends again what was not confirmed, into a file"
every_step omprog

[ "$(id -u)" -eq 0 ] || skip "needs root for a journal of its own"
[ -n "${OWN_MOUNTS:-}" ] || skip "needs a mount namespace for a journal of its own"
[ -n "$WRITER" ] || skip "needs systemd-journal-remote"
promise "a journal into a file and a namespace"
mkdir "$scratch/varlog"
mount --bind "$scratch/varlog" /var/log
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal.everystep /run/systemd/journald@everystep.conf.d \
	"/var/log/journal/$(cat /etc/machine-id).everystep"
printf '[Journal]\nRateLimitIntervalSec=0\n' >/run/systemd/journald@everystep.conf.d/t.conf
spawn journald /lib/systemd/systemd-journald everystep
export JOURNALD=$!
wait_for test -S /run/systemd/journal.everystep/socket
every_step journal
