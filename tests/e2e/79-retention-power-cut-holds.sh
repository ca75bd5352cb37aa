#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power is cut while a hold is added, or just after: once the command has returned, all that the hold covers lies in
# its own folder, whatever becomes of the logs; if it has not, a second one finds everything.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/powercut.sh"
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
. "$root/tests/e2e/retention_cut.sh"

# Each second cut comes when the command has returned, with whatever it left unflushed.
leg_hold() { # FILE-SYSTEM
	local i n n_added=0
	begin "$1" held node hold held
	for ((i = 0; i < cuts; i++)); do
		cp --sparse=always "$scratch/fresh" "$image"
		plug_in
		n=$((i % 2 ? 100000 : RANDOM % n_writes + 1))
		unset HOLD_ADDED
		! cut_once "$RANDOM" "$n" node hold held || export HOLD_ADDED=1 n_added=$((n_added + 1))
		unplug
		plug_in
		node mended held || fail "$1, held${HOLD_ADDED:+, added}, cut at write $n: $(cat "$scratch/powercut.log")"
		no_agent
		unplug
	done
	echo "$1, held: cut $cuts times within $n_writes writes, $n_added times when the hold was added"
	[ "$n_added" -gt 0 ] || fail "a bad test: never added"
	[ "$n_added" -lt "$cuts" ] || fail "a bad test: always added"
}

for fs in $(file_systems); do
	promise "$fs: logs and a journal"
	leg_hold "$fs"
done
