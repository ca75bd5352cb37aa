# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# powercut.sh - a disk whose power can be cut, for the stories that cut it; sourced behind lib.sh, in mounts of its
# own (OWN_MOUNTS). $image is its content, $plug/cut cuts (tests/fault/powercut.c), $disk is where it is mounted.
need_root
need python3
[ -n "${OWN_MOUNTS:-}" ] || skip "needs a mount namespace"
[ -c /dev/fuse ] || skip "needs /dev/fuse"
losetup -f >/dev/null 2>&1 || skip "needs loop devices"
powercut=$BUILD/$VARIANT/fault/powercut
[ -x "$powercut" ] || skip "needs $powercut: make check"
image=$scratch/image plug=$scratch/plug disk=$scratch/disk
mkdir "$plug" "$disk"
at_end() { umount -l "$disk" "$plug" 2>/dev/null; }
has_xfs() { command -v mkfs.xfs >/dev/null && grep -qw xfs /proc/filesystems; }

# An empty disk, mounted without the plug.
make_disk() { # FILE-SYSTEM
	rm -f "$image"
	case $1 in
	ext4) truncate -s 96M "$image" && mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$image" ;;
	xfs) truncate -s 320M "$image" && mkfs.xfs -q "$image" ;;
	esac
	mount -o loop "$image" "$disk"
}

plug_in() {
	spawn powercut "$powercut" "$image" "$plug"
	power=$!
	wait_for test -e "$plug/disk.img"
	mount -o loop "$plug/disk.img" "$disk"
}

unplug() {
	wait_for umount "$disk"
	wait_for umount "$plug" # once the loop device let go of it
	wait "$power"
}

was_cut() { grep -q ^cut "$scratch/powercut.log"; }
