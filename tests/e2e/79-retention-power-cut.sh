#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power is cut while retention drops what is past its period, with all that it knows on the same disk: after the
# next run nothing young and nothing held is lost, nothing due is left, and the ledger is whole. The disk forgets, by a
# seed, what was not flushed (tests/fault/powercut.c). CUTS=N cuts N times a leg, SEED=N other ones.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/powercut.sh"
need gpg
cuts=${CUTS:-4}
RANDOM=${SEED:-1}
NOW=$(date +%s)
export NOW CREDENTIALS_DIRECTORY=$scratch/creds
mkdir "$CREDENTIALS_DIRECTORY"
head -c 32 /dev/urandom >"$CREDENTIALS_DIRECTORY/sparsam-keys"
node=$disk/node
node() { python3 "$root/tests/fault/retention_node.py" "$1" "$2" "$node"; }
run() { "$SPARSAM_BIN/retention" run -c "$node/sparsam.conf"; }
no_agent() { gpgconf --homedir "$node/state/node" --kill all >/dev/null 2>&1 || true; } # which has the disk open

# One run that the Nth write of the disk ends, where it has so many, or its end.
cut_once() { # SEED N
	printf '%s %s\n' "$1" "$2" >"$plug/cut"
	timeout 60 "$SPARSAM_BIN/retention" run -c "$node/sparsam.conf" >>"$scratch/run.log" 2>&1 || true
	[ "$2" -eq 0 ] || was_cut || n_late=$((n_late + 1))
	was_cut || printf '%s 0\n' "$1" >"$plug/cut"
	wait_for was_cut
	no_agent
}

writes() { # of the disk so far
	local device
	device=$(findmnt -no SOURCE "$disk")
	awk '{ print $5 }' "/sys/block/${device##*/}/stat"
}

leg() { # FILE-SYSTEM KIND
	local i n n_late=0 n_writes
	make_disk "$1"
	mkdir -m 700 "$node"
	node begin "$2"
	no_agent
	wait_for umount "$disk"
	cp --sparse=always "$image" "$scratch/fresh"
	plug_in
	n_writes=$(writes)
	run >"$scratch/again.log" 2>&1
	n_writes=$(($(writes) - n_writes))
	no_agent
	unplug
	for ((i = 0; i < cuts; i++)); do
		cp --sparse=always "$scratch/fresh" "$image"
		plug_in
		n=$((RANDOM % n_writes + 1))
		cut_once "$RANDOM" "$n"
		unplug
		plug_in
		run >"$scratch/again.log" 2>&1 || fail "$1, $2: the next run, after a cut at write $n"
		node right "$2" || fail "$1, $2, cut at write $n: $(cat "$scratch/powercut.log")"
		no_agent
		unplug
	done
	echo "$1, $2: cut $cuts times within $n_writes writes, $n_late of them at the end of a run"
	[ $((2 * n_late)) -lt "$cuts" ] || fail "a bad test: most runs were over"
}

file_systems=ext4
! has_xfs || file_systems="ext4 xfs"
for fs in $file_systems; do
	promise "$fs: logs"
	leg "$fs" text
	promise "$fs: SQLite"
	leg "$fs" sqlite
done
