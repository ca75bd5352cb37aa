#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A journald that writes and seals, and three readers that follow it: journalctl -f, a program on sd-journal, and
# systemd-journal-upload. Entries are dropped under them: none crashes, and each sees every entry that stays, once.
. "$(dirname "$0")/lib.sh"
need_root
need jq
need gpg
need sqlite3
need python3
for program in journald journal-upload journal-remote; do
	[ -x /lib/systemd/systemd-$program ] || skip "needs systemd-$program"
done
unshare -m true 2>/dev/null || skip "needs a mount namespace"
mkdir -p "$scratch"/{state,varlog,remote,stores.d}
cat >"$scratch/sparsam.conf" <<CONF
state_dir   = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir     = "$scratch/none"
credential  = "$scratch/sealed"
clock       = "local"
CONF
cat >"$scratch/send.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/run/systemd/journal.raw/socket")
for i in range(int(sys.argv[1]), int(sys.argv[2])):
    s.send(f"SYSLOG_IDENTIFIER={'goes' if i % 3 == 0 else 'stays'}\nPRIORITY=5\nMESSAGE=entry {i} end\n".encode())
PY
# sd-journal by its own functions, as a program would use it that shows what comes
cat >"$scratch/follow.py" <<'PY'
import ctypes, sys
c = ctypes.CDLL("libsystemd.so.0")
j = ctypes.c_void_p()
assert c.sd_journal_open_directory(ctypes.byref(j), sys.argv[1].encode(), 0) == 0
data, n = ctypes.c_char_p(), ctypes.c_size_t()
while True:
    while c.sd_journal_next(j) > 0:
        p = ctypes.c_void_p()
        if c.sd_journal_get_data(j, b"MESSAGE", ctypes.byref(p), ctypes.byref(n)) == 0:
            print(ctypes.string_at(p, n.value)[8:].decode(errors="replace"), flush=True)
    assert c.sd_journal_wait(j, ctypes.c_uint64(1000000)) >= 0
PY
retention() { "$SPARSAM_BIN/retention" "$@" -c "$scratch/sparsam.conf"; }
wanted() { seq 0 $(($1 - 1)) | awk '$1 % 3 != 0 { print "entry " $1 " end" }' | sort; }
seen() { grep -a '^entry [0-9]* end$' "$scratch/$1.log" | awk '{ if ($2 % 3 != 0) print }' | sort; }
has_all() { [ "$(seen "$1" | sort -u | wc -l)" -eq "$(wanted "$2" | wc -l)" ]; }
uploaded() { journalctl -q --file="$scratch/remote/up.journal" -o cat --output-fields=MESSAGE >"$scratch/upload-seen.log" 2>/dev/null && has_all upload-seen "$1"; }
is_archived() { [ "$(od -An -tu1 -j16 -N1 "$file")" -eq 2 ]; }
listens() { (: </dev/tcp/127.0.0.1/19533); }
drop_now() { # the writer's files are rotated for it: all that goes until now, goes
	retention journal drop SYSLOG_IDENTIFIER=goes --directory "$journal" "$@" >"$scratch/drop.log" 2>"$scratch/drop-errors.log"
}

story() {
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	local id
	id=$(cat /etc/machine-id)
	journal=/var/log/journal/$id.raw
	mkdir -p /run/systemd/journal.raw /run/systemd/journald@raw.conf.d "$journal" "/var/log/journal/$id"
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\nSeal=%s\n' "$1" >/run/systemd/journald@raw.conf.d/t.conf
	[ "$1" = no ] || journalctl -q --setup-keys --interval=1h >"$scratch/keys" 2>&1 || [ -e "/var/log/journal/$id/fss" ] || fail "no keys"
	spawn journald /lib/systemd/systemd-journald raw
	wait_for test -S /run/systemd/journal.raw/io.systemd.journal
	if [ "$1" = yes ]; then sealed; else live; fi
}

live() {
	local n=0
	python3 "$scratch/send.py" 0 300
	n=300
	spawn follow journalctl -q -f -n all --directory="$journal" -o cat
	reader=$!
	spawn program python3 "$scratch/follow.py" "$journal"
	program=$!
	spawn remote /lib/systemd/systemd-journal-remote --listen-http=127.0.0.1:19533 --split-mode=none -o "$scratch/remote/up.journal"
	wait_for listens
	spawn upload /lib/systemd/systemd-journal-upload --url=http://127.0.0.1:19533 --directory="$journal" --follow --save-state="$scratch/upload.state"
	upload=$!

	promise "journalctl -f, sd-journal and journal-upload lose no entry that stays while others are dropped under them"
	wait_for has_all follow $n
	for _ in 1 2 3 4 5; do
		python3 "$scratch/send.py" $n $((n + 300))
		n=$((n + 300))
		drop_now || fail "exit $?: $(cat "$scratch/drop-errors.log")"
		python3 "$scratch/send.py" $n $((n + 50))
		n=$((n + 50))
	done
	wait_for has_all follow $n
	wait_for has_all program $n
	WAIT_S=40 wait_for uploaded $n
	! is_gone $reader || fail "journalctl has ended"
	! is_gone $program || fail "the program has ended"
	! is_gone $upload || fail "journal-upload has ended"
	[ -z "$(seen follow | uniq -d)" ] || fail "journalctl -f has shown one twice"
	drop_now
	[ "$(journalctl -q --directory="$journal" -o cat | grep -c '^entry')" -eq "$(wanted $n | wc -l)" ] || fail "not what should be left"
	[ -z "$(journalctl -q --directory="$journal" -t goes -o cat)" ] || fail "entries are left"
}

sealed() {
	python3 "$scratch/send.py" 0 300
	journalctl -q --namespace=raw --rotate
	file=$(find "$journal" -name 'system@*' | head -n 1)
	wait_for is_archived # journald goes on writing to it for a moment
	journalctl --header --file="$file" >"$scratch/header"
	has "$scratch/header" SEALED

	promise "a sealed file is left, and told of, unless it is said that its seal may be broken"
	sum=$(sha256sum <"$file")
	expect 1 drop_now
	has "$scratch/drop-errors.log" seal
	[ "$(sha256sum <"$file")" = "$sum" ] || fail "it was changed"

	promise "said, it is done; a dry run tells before, and the ledger has the hashes of both"
	retention init >/dev/null
	drop_now --break-seal --dry-run
	has "$scratch/drop-errors.log" "breaks the seal"
	[ "$(sha256sum <"$file")" = "$sum" ] || fail "a dry run has changed it"
	drop_now --break-seal || fail "exit $?: $(cat "$scratch/drop-errors.log")"
	has "$scratch/drop.log" "the seal of $file is broken: SHA-256 ${sum%% *} became"
	sqlite3 "$scratch/state/ledger.db" "SELECT data FROM entry WHERE kind = 'seal'" >"$scratch/seals"
	has "$scratch/seals" "\"before\":\"${sum%% *}\""
	for f in "$journal"/system@*; do
		! grep -qF "$(sha256sum <"$f" | cut -d' ' -f1)" "$scratch/seals" || found=$f
	done
	[ -n "${found:-}" ] || fail "no file has a hash of the ledger"
	journalctl --verify --file="$found" >"$scratch/verify.log" 2>&1 || fail "damaged"
	[ -z "$(journalctl -q --file="$found" -t goes -o cat)" ] || fail "entries are left"
	[ "$(journalctl -q --file="$found" -t stays -o cat | wc -l)" -eq 200 ] || fail "entries are lost"
	retention export-ledger "$scratch/bundle.tar" >/dev/null
	"$SPARSAM_BIN/retention" verify "$scratch/bundle.tar" >/dev/null
}

for seal in no yes; do
	rm -rf "$scratch"/varlog/*
	status=0
	BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch SPARSAM_BIN root)
		set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
		trap 'printf \"failed: line %d: %s\n\" \"\$LINENO\" \"\$BASH_COMMAND\" >&2' ERR
		story $seal" || status=$?
	[ "$status" -eq 0 ] || fail "the story ended with $status"
done
