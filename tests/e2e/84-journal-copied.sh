#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Journal files that were copied to another folder while journald wrote to them: theirs is no writer, and this machine's
# journald has nothing to do with them. And what whoever names one file finds under that name.
. "$(dirname "$0")/lib.sh"
need_root
need python3
need logger
for program in journald journal-remote; do
	[ -x /lib/systemd/systemd-$program ] || skip "needs systemd-$program"
done
unshare -m true 2>/dev/null || skip "needs a mount namespace"
. "$root/tests/e2e/journal.sh"
mkdir -p "$scratch"/{varlog,copy,empty}

state_of() { od -An -tu1 -j16 -N1 "$1" | tr -d ' '; }
left() { journalctl -q --file="$1" -t "$2" -o cat | wc -l; }
send() { # TAG NUMBER
	seq "$2" | sed "s/^/of $1 /" | logger --socket /run/systemd/journal/dev-log -t "$1"
}

story() {
	local id journal
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	id=$(cat /etc/machine-id)
	journal=/var/log/journal/$id
	mkdir -p /run/systemd/journal /run/systemd/journald.conf.d "$journal"
	touch /run/systemd/journal/flushed
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\nReadKMsg=no\nAudit=no\n' >/run/systemd/journald.conf.d/t.conf
	spawn journald /lib/systemd/systemd-journald
	wait_for test -S /run/systemd/journal/dev-log
	wait_for test -S /run/systemd/journal/io.systemd.journal
	send goes 20
	send stays 10
	send more 10
	journalctl -q --sync
	cp -a "$journal" "$scratch/copy/"
	cp "$journal/system.journal" "$scratch/copy/"
	# as it is while journald writes, whenever that has written last
	printf '\1' | dd of="$scratch/copy/$id/system.journal" bs=1 seek=16 conv=notrunc status=none
	printf '\1' | dd of="$scratch/copy/system.journal" bs=1 seek=16 conv=notrunc status=none

	promise "of a copy nobody is asked to let go, also where its folder is called after this machine"
	find "$journal" -name "*.journal" >"$scratch/names"
	for copy in "$scratch/copy/$id/system.journal" "$scratch/copy/system.journal"; do
		drop SYSLOG_IDENTIFIER=goes --file "$copy" >"$scratch/drop.log"
		has "$scratch/drop.log" "20 entries of 1 files"
		[ "$(left "$copy" goes) $(left "$copy" stays)" = "0 10" ] || fail "not what should be left"
		journalctl -q --verify --file="$copy" 2>"$scratch/verify.log" || fail "damaged"
	done
	drop SYSLOG_IDENTIFIER=more --directory "$scratch/copy" >/dev/null
	[ "$(left "$scratch/copy/$id/system.journal" more)" = 0 ] || fail "a folder that was copied is not cleaned"
	find "$journal" -name "*.journal" | same "$scratch/names" /dev/stdin
	[ "$(left "$journal/system.journal" goes)" = 20 ] || fail "the machine's own file was changed"

	promise "a copy that somebody writes to is told of, and left"
	exec 9<>"$scratch/copy/system.journal"
	printf '\1' | dd of="$scratch/copy/system.journal" bs=1 seek=16 conv=notrunc status=none
	expect 1 drop SYSLOG_IDENTIFIER=stays --file "$scratch/copy/system.journal" >/dev/null 2>"$scratch/stderr.log"
	has "$scratch/stderr.log" "still written to"
	exec 9>&-
	[ "$(left "$scratch/copy/system.journal" stays)" = 10 ] || fail "it was changed under its writer"

	promise "a user's file that journald has closed is rotated all the same: it may be opened again"
	cp "$journal/system.journal" "$journal/user-1500.journal"
	printf '\0' | dd of="$journal/user-1500.journal" bs=1 seek=16 conv=notrunc status=none
	drop SYSLOG_IDENTIFIER=stays --directory "$journal" >/dev/null
	[ ! -e "$journal/user-1500.journal" ] || fail "it was written anew under a name that journald opens"
	[ "$(journalctl -q -D "$journal" -t stays -o cat | wc -l)" = 0 ] || fail "entries are left"
	[ "$(left "$(echo "$journal"/user-1500@*)" goes)" = 20 ] || fail "entries are lost"
}
BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch SPARSAM_BIN root)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
	trap 'printf \"failed: line %d: %s\n\" \"\$LINENO\" \"\$BASH_COMMAND\" >&2' ERR
	story" || fail "the story ended with $?"

# --- an archive ---
archive=$scratch/system@00000000000000000000000000000001-0000000000000001-0000000000000001.journal
archived() { # a file of two entries, the first of which is to go
	printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=%032d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=text\n\n' \
		1700000000000000 1 1 goes 1800000000000000 2 1 stays |
		/lib/systemd/systemd-journal-remote -o "$scratch/new.journal" - >/dev/null 2>&1
	python3 -c 'import os, struct, sys; os.setxattr(sys.argv[1], "user.crtime_usec", struct.pack("<Q", 1700000000000000))' "$scratch/new.journal"
	mv "$scratch/new.journal" "$archive"
}
made() { python3 -c 'import os, struct, sys; print(struct.unpack("<Q", os.getxattr(sys.argv[1], "user.crtime_usec"))[0])' "$1"; }

promise "who names a file finds what stays of it under that name, as old as it was"
archived
drop SYSLOG_IDENTIFIER=goes --file "$archive" >/dev/null
[ "$(left "$archive" stays) $(left "$archive" goes)" = "1 0" ] || fail "not what should be left"
[ "$(made "$archive")" = 1700000000000000 ] || fail "another age"

promise "in a folder an archive tells journald's vacuum of the first entry that it has now"
mkdir "$scratch/archives"
archived
mv "$archive" "$scratch/archives/"
drop SYSLOG_IDENTIFIER=goes --directory "$scratch/archives" >/dev/null
found=$(echo "$scratch"/archives/system@*-"$(printf %016x 1800000000000000)".journal)
[ "$(left "$found" stays)" = 1 ] || fail "not found under its new name"
[ "$(made "$found")" = 1800000000000000 ] || fail "it is as old as what is gone"

promise "a token is looked for in values, and not in the names of fields"
archived
printf 'MESSAGE\nPRIO\nIDENTIFIER=goes\n' | drop --tokens - --file "$archive" >"$scratch/drop.log"
has "$scratch/drop.log" "0 entries"

promise "where no journal lies, that is said"
drop SYSLOG_IDENTIFIER=goes --directory "$scratch/empty" >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "no journal lies there"
drop SYSLOG_IDENTIFIER=goes --namespace no-such-namespace >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "no journal lies there"
