#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Logs are cut while programs write to them, 20,000 lines a second: no line is lost, none is late; by
# collapse on ext4 and xfs, by blanks and a hole on btrfs and tmpfs. LINES, RATE, RUNS: cut_writers.py.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
need python3
need gpg
mkdir -m 700 "$scratch/creds"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/creds
at_end() { umount -l "$scratch"/disk.* 2>/dev/null; }

cut() { # FOLDER WAY [HELD]
	mkdir "$1"
	python3 "$root/tests/fault/cut_writers.py" "$@" || fail "$*"
}

promise "as the file system at hand lets us: a writer that appends, a second one that does not, and held lines between"
cut "$scratch/append" append
cut "$scratch/seek" seek
cut "$scratch/held" append HELD
promise "a log that is rotated by its name meanwhile"
cut "$scratch/rotate" rotate
promise "a log that is opened, appended to and closed for each line"
cut "$scratch/open" open
if strace -o /dev/null true 2>/dev/null; then
	promise "and who opens it in the last moment before a new file takes its name loses nothing either"
	LINES=60 RATE=20 RUNS=2 UNDER="strace -qq -o /dev/null -e trace=renameat -e inject=renameat:delay_enter=200000" \
		cut "$scratch/late" open
fi

[ "$(id -u)" -eq 0 ] || skip "needs root for file systems of its own"
[ -n "${OWN_MOUNTS:-}" ] || skip "needs a mount namespace"
losetup -f >/dev/null 2>&1 || skip "needs loop devices"

disk() { # FILE-SYSTEM SIZE : a new one, mounted at $scratch/disk.FILE-SYSTEM
	mkdir "$scratch/disk.$1"
	if [ "$1" = tmpfs ]; then
		mount -t tmpfs -o "size=$2" tmpfs "$scratch/disk.tmpfs"
		return
	fi
	truncate -s "$2" "$scratch/$1.img"
	"mkfs.$1" -q "$scratch/$1.img" >"$scratch/mkfs.log" 2>&1 || fail "mkfs.$1"
	mount -o loop "$scratch/$1.img" "$scratch/disk.$1"
}

for fs in ext4 xfs; do
	need "mkfs.$fs"
	grep -qw "$fs" /proc/filesystems || modprobe "$fs" 2>/dev/null || skip "needs $fs"
	promise "$fs: the head is taken out, and the file shrinks while it is written"
	disk $fs 320M
	COLLAPSES=1 cut "$scratch/disk.$fs/append" append
	cut "$scratch/disk.$fs/seek" seek
	wait_for umount "$scratch/disk.$fs"
done
for fs in btrfs tmpfs; do
	[ $fs = tmpfs ] || need mkfs.btrfs
	grep -qw "$fs" /proc/filesystems || modprobe "$fs" 2>/dev/null || skip "needs $fs"
	promise "$fs: the head is blanked and becomes a hole, which is told"
	disk $fs 320M
	cut "$scratch/disk.$fs/append" append
	wait_for umount "$scratch/disk.$fs"
done
