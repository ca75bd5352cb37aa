# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# retention_cut.sh - a node of retention (tests/fault/retention_node.py) on a disk whose power is cut; sourced behind
# powercut.sh. The disk forgets, by a seed, what was not flushed (tests/fault/powercut.c). CUTS=N cuts N times a leg,
# SEED=N other ones.
need gpg
cuts=${CUTS:-4}
RANDOM=${SEED:-1}
NOW=$(date +%s)
export NOW CREDENTIALS_DIRECTORY=$scratch/creds
mkdir "$CREDENTIALS_DIRECTORY"
head -c 32 /dev/urandom >"$CREDENTIALS_DIRECTORY/sparsam-keys"
node=$disk/node
node() { timeout 120 python3 "$root/tests/fault/retention_node.py" "$1" "$2" "$node"; }
run() { timeout 120 "$SPARSAM_BIN/retention" run -c "$node/sparsam.conf"; }
# What else a story has on the disk, while it is plugged in.
make_other() { :; }
begin_other() { :; }
end_other() { :; }
no_agent() { gpgconf --homedir "$node/state/node" --kill all >/dev/null 2>&1 || true; } # which has the disk open

# One act that the Nth write of the disk ends, where it has so many, or its end.
cut_once() { # SEED N COMMAND...
	local status=0
	printf '%s %s\n' "$1" "$2" >"$plug/cut"
	"${@:3}" >>"$scratch/run.log" 2>&1 || status=$?
	was_cut || n_late=$((n_late + 1))
	was_cut || printf '%s 0\n' "$1" >"$plug/cut"
	wait_for was_cut
	no_agent
	return "$status"
}

writes() { # of the disk so far
	local device
	device=$(findmnt -no SOURCE "$disk")
	awk '{ print $5 }' "/sys/block/${device##*/}/stat"
}

# A node on a new disk, in $scratch/fresh, and how often COMMAND writes to it, in $n_writes.
begin() { # FILE-SYSTEM KIND COMMAND...
	make_disk "$1"
	mkdir -m 700 "$node"
	make_other
	node begin "$2"
	no_agent
	end_other
	wait_for umount "$disk"
	cp --sparse=always "$image" "$scratch/fresh"
	plug_in
	begin_other
	n_writes=$(writes)
	"${@:3}" >"$scratch/again.log" 2>&1
	n_writes=$(($(writes) - n_writes))
	no_agent
	end_other
	unplug
	n_late=0
}

leg() { # FILE-SYSTEM KIND
	local i n
	begin "$1" "$2" run
	for ((i = 0; i < cuts; i++)); do
		cp --sparse=always "$scratch/fresh" "$image"
		plug_in
		begin_other
		n=$((RANDOM % n_writes + 1))
		cut_once "$RANDOM" "$n" run || true
		end_other
		unplug
		plug_in
		begin_other
		node claims "$2" || fail "$1, $2, cut at write $n: $(cat "$scratch/powercut.log")"
		run >"$scratch/again.log" 2>&1 || fail "$1, $2: the next run, after a cut at write $n"
		node right "$2" || fail "$1, $2, cut at write $n: $(cat "$scratch/powercut.log")"
		no_agent
		end_other
		unplug
	done
	echo "$1, $2: cut $cuts times within $n_writes writes, $n_late of them at the end of a run"
	[ $((2 * n_late)) -lt "$cuts" ] || fail "a bad test: most runs were over"
}

file_systems() { # to go through
	echo ext4
	! has_xfs || echo xfs
}
