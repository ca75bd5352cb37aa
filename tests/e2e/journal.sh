# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# journal.sh - what the stories of the collector share; sourced behind lib.sh
random="$root/tests/e2e/journal_random.py"

# The journalctl that judges; a story of another systemd has its own.
judge() { journalctl "$@"; }
drop() { "$SPARSAM_BIN/retention" journal drop -c "$scratch/none.conf" "$@"; }
: >"$scratch/none.conf"
printf 'state_dir = "%s/state"\n' "$scratch" >"$scratch/none.conf"

# kept FILE TERMS NAME : what should be left of FILE, and what is there, goes to $scratch/NAME.{json,export}
kept() {
	judge -q --file="$1" -o json --all | python3 "$random" keep json "$2" >"$scratch/$3.json"
	judge -q --file="$1" -o export --all | python3 "$random" keep export "$2" >"$scratch/$3.export"
}

# oracle FILE TERM... : drops what has the terms from FILE, and holds the result against journalctl's own word
oracle() {
	local file=$1
	shift
	printf '%s\n' "$@" >"$scratch/terms"
	printf 'NONE=none\n' >"$scratch/no-terms"
	kept "$file" "$scratch/terms" wanted
	drop --from "$scratch/terms" --file "$file" >"$scratch/drop.log"
	judge --verify --file="$file" >"$scratch/verify.log" 2>&1 || fail "journalctl --verify: $file"
	kept "$file" "$scratch/no-terms" found
	cmp -s "$scratch/wanted.json" "$scratch/found.json" || fail "other entries, as JSON: $file without $*"
	cmp -s "$scratch/wanted.export" "$scratch/found.export" || fail "other entries, exported: $file without $*"
	[ -s "$scratch/found.json" ] || fail "nothing is left: the oracle has seen nothing"
}
