#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `retention journal drop` is killed at each of its steps, and runs on disks of each size that is too small: afterwards
# a file is the old one or the new one, whole, no entry is there twice, and the next run ends it.
. "$(dirname "$0")/lib.sh"
need python3
writer=/lib/systemd/systemd-journal-remote
[ -x "$writer" ] || skip "needs systemd-journal-remote"
need_killat
. "$root/tests/e2e/journal.sh"
name=system@0123456789abcdef0123456789abcdef-0000000000000001-0000000000000001.journal
python3 "$random" make 30 300 0 >"$scratch/random.export"
"$writer" -o "$scratch/old.journal" "$scratch/random.export" 2>/dev/null
home=$scratch/journal
again() { rm -rf "$home" && mkdir "$home" && cp --sparse=always "$scratch/old.journal" "$home/$name"; }
entries() { journalctl -q --directory="$home" -o json --all | jq -r .__CURSOR | sort; }
go() { "$@" "$SPARSAM_BIN/retention" journal drop -c "$scratch/none.conf" _SYSTEMD_UNIT=gone.service --directory "$home"; }
again
entries >"$scratch/before"
go >/dev/null
entries >"$scratch/after"
! cmp -s "$scratch/before" "$scratch/after" || fail "a bad test"
[ "$(find "$home" -type f | wc -l)" -eq 1 ] || fail "more than one file"
old_or_new() {
	entries >"$scratch/now"
	cmp -s "$scratch/now" "$scratch/before" || cmp -s "$scratch/now" "$scratch/after" || fail "$1: neither the old nor the new"
	[ "$(find "$home" -maxdepth 1 -name '*.journal' | wc -l)" -eq 1 ] || fail "$1: two names"
	for f in "$home"/*.journal; do
		journalctl --verify --file="$f" >"$scratch/verify.log" 2>&1 || fail "$1: not whole"
	done
}

promise "killed at each step: the old file or the new one, and the next run ends it"
again
go "$killat" 0 >/dev/null 2>"$scratch/steps"
steps=$(grep -c '^[0-9]* [a-z]' "$scratch/steps")
[ "$steps" -ge 8 ] || fail "only $steps steps: $(cat "$scratch/steps")"
for ((n = 1; n <= steps; n++)); do
	again
	go "$killat" "$n" >/dev/null 2>&1 || true
	old_or_new "killed at step $n"
	go >/dev/null 2>&1 || fail "the next run fails after step $n"
	entries | cmp -s - "$scratch/after" || fail "the next run has not ended it, after step $n"
	# an empty folder of ours may stay until the next file is rewritten
	[ "$(find "$home" -type f | wc -l)" -eq 1 ] || fail "leftovers after step $n: $(ls -A "$home")"
done
echo "($steps steps)"

promise "on a disk that is full the old file stays, and it is said"
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	full() { # KB that are free
		mount -t tmpfs -o size=32m tmpfs "$home"
		cp --sparse=never "$scratch/old.journal" "$home/$name"
		local free
		free=$(df --output=avail -k "$home" | tail -n 1)
		head -c $(((free - $1) * 1024)) /dev/zero >"$home/ballast"
		go >/dev/null 2>"$scratch/stderr.log" || status=$?
		old_or_new "$1 KB free"
		cmp -s "$scratch/now" "$scratch/before" || [ "${status:-0}" -eq 0 ] || fail "$1 KB: it has failed, and is done"
		! cmp -s "$scratch/now" "$scratch/before" || [ "${status:-0}" -ne 0 ] || fail "$1 KB: it says nothing"
		[ -z "$(find "$home" -name '.sparsam*' -o -name '*.journal' -newer "$home/ballast" ! -name "$name" -size 0)" ] || fail "leftovers"
	}
	for kb in 0 4 16 64 256 1024 2048 3072 3600 3800 4096 4400; do
		BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch SPARSAM_BIN home name); set -eu; full $kb" || fail "$kb KB free"
	done
else
	echo "(not as an ordinary user)"
fi
