#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of a real journald's files entries past their period go one by one, while it writes; those that an incident holds outlive
# journald's own vacuum; a run that is killed anywhere is run again, and a torn file is told of and left.
. "$(dirname "$0")/lib.sh"
need_root
need jq
need gpg
need python3
unshare -m true 2>/dev/null || skip "needs a mount namespace"
faketime=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$faketime" ] || skip "needs faketime"
mkdir -p "$scratch"/{creds,state,stores.d,varlog}
export CREDENTIALS_DIRECTORY=$scratch/creds
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
cat >"$scratch/stores.d/app.conf" <<CONF
format "app" { type = "syslog" }
store "app" {
  type = "textlog" format = "app" journal = { "SYSLOG_IDENTIFIER=app" } period = "7d"
  paths = { "$scratch/none/*.log" }
  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
}
store "short" {
  type = "textlog" format = "app" journal = { "SYSLOG_IDENTIFIER=short" } period = "1d"
  paths = { "$scratch/none/*.short" }
  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
}
CONF
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
name, n, ident = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for i in range(1, n + 1):
    big = "x" * 3000 if i % 50 == 0 else ""
    text = f"{name} {i} from 203.0.113.{i % 10} by alice\nsecond line {big}".encode()
    s.send(f"SYSLOG_IDENTIFIER={ident}\nPRIORITY=5\nMESSAGE\n".encode() + len(text).to_bytes(8, "little") + text + b"\n")
PY

retention() { "$SPARSAM_BIN/retention" "$@" -c "$scratch/sparsam.conf"; }
run() { retention run --store journal-rest >"$scratch/run.log" 2>&1; }
entries() { # of what lies in all folders of the journal, hold's folder included if HOLD
	journalctl -q --no-pager -m --directory="$journal" -o json --all
}
held_entries() { journalctl -q --no-pager --directory="$scratch/state/hold/journal-rest" -o json --all; }
names() { jq -r 'select(.SYSLOG_IDENTIFIER == "app" or .SYSLOG_IDENTIFIER == "short") | .MESSAGE | split("\n")[0]' | sort; }
bare() { jq -cS 'select(.SYSLOG_IDENTIFIER == "app")' | sort; } # with its cursor

journald() { # [OFFSET] : begins it, and waits until it takes messages; its clock is OFFSET off
	if [ -n "${1:-}" ]; then
		spawn journald env LD_PRELOAD="$faketime" FAKETIME="$1" DONT_FAKE_MONOTONIC=1 /lib/systemd/systemd-journald raw
	else
		spawn journald /lib/systemd/systemd-journald raw
	fi
	daemon=$!
	wait_for test -S /run/systemd/journal.raw/socket
	wait_for test -S /run/systemd/journal.raw/io.systemd.journal
}
stop() {
	kill "$daemon"
	wait "$daemon" || true
	rm -f /run/systemd/journal.raw/socket /run/systemd/journal.raw/io.systemd.journal
}
has_entries() { [ "$(entries | names | grep -c "^$1 ")" -eq "$2" ]; }

story() {
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	journal=/var/log/journal/$(cat /etc/machine-id).raw
	mkdir -p /run/systemd/journal.raw /run/systemd/journald@raw.conf.d "$journal"
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\n' >/run/systemd/journald@raw.conf.d/t.conf
	journald -10d
	python3 "$scratch/send.py" old 200 app
	wait_for has_entries old 200
	stop
	journald -2d
	python3 "$scratch/send.py" young 100 app
	python3 "$scratch/send.py" brief 10 short
	wait_for has_entries brief 10
	stop
	journald
	python3 "$scratch/send.py" now 100 app
	wait_for has_entries now 100
	retention init >/dev/null
	entries | names >"$scratch/before"
	entries | bare >"$scratch/before.json"
	entries | names | grep -v -e '^brief' | grep -e '^young' -e '^now' >"$scratch/within"
	grep -e ' from 203.0.113.7 ' "$scratch/before" | grep '^old' >"$scratch/held"
	[ -e "$journal/system.journal" ] || fail "no active file"

	promise "held entries are copied before hold add returns, into files that journalctl reads"
	id=$(echo 203.0.113.7 | retention hold add --incident T-1 --reason attack --owner ops --expires +30d --store app --until -5d --from -)
	held_entries | names >"$scratch/copied"
	same "$scratch/held" "$scratch/copied"
	[ -e "$scratch/state/hold/journal-rest/hold-$id-1.journal" ] || fail "another name"
	journalctl --verify --file="$scratch/state/hold/journal-rest/hold-$id-1.journal" >"$scratch/verify.log" 2>&1 || fail "a damaged file"

	promise "a dry run shows the plan and changes nothing"
	find "$journal" -type f -printf "%i %s %f\n" | sort >"$scratch/files"
	retention run --dry-run --store journal-rest --json >"$scratch/plan"
	jq -es 'any(.action == "rewrite" and .records >= 190)' "$scratch/plan" >/dev/null || fail "$(cat "$scratch/plan")"
	find "$journal" -type f -printf "%i %s %f\n" | sort | diff "$scratch/files" - >&2 || fail "files were changed"

	promise "past entries go from the file that journald has open, the rest stays as it was"
	run || fail "exit $? $(cat "$scratch/run.log")"
	entries | names >"$scratch/after"
	same "$scratch/within" "$scratch/after"
	held_entries | names | diff "$scratch/held" - >&2 || fail "held entries were lost"
	entries | bare >"$scratch/after.json"
	[ -z "$(comm -13 "$scratch/before.json" "$scratch/after.json")" ] || fail "entries have changed"
	for f in "$journal"/*.journal; do
		[ "$f" = "$journal/system.journal" ] || journalctl --verify --file="$f" >"$scratch/verify.log" 2>&1 || fail "damaged: $f"
	done
	python3 "$scratch/send.py" after 20 app
	wait_for has_entries after 20

	promise "a second run has nothing to do, and copies nothing twice"
	retention run --dry-run --store journal-rest --json | jq -e 'select(.plan) | .steps == 0' >/dev/null
	run
	held_entries | names | diff "$scratch/held" - >&2 || fail "copied twice"

	promise "journald's own vacuum takes no young entry with a held one at its file's head, and later leaves the copies"
	journalctl -q --namespace=raw --rotate
	journalctl -q --namespace=raw --vacuum-time=4d >/dev/null 2>&1
	entries | names | grep '^young' | diff <(grep '^young' "$scratch/within") - >&2 || fail "young entries were vacuumed"
	journalctl -q --namespace=raw --vacuum-time=1s --vacuum-files=1 >/dev/null 2>&1
	! entries | names | grep -q '^young' || fail "the vacuum does not work here"
	held_entries | names | diff "$scratch/held" - >&2 || fail "held entries were lost"
	[ "$(retention hold show "$id" --records --json | grep -c 'old [0-9]* from 203.0.113.7')" -eq 20 ] || fail "hold show does not find them"
	run
	held_entries | names | diff "$scratch/held" - >&2 || fail "a run has taken held copies"

	promise "killed anywhere and run again: the same as if it had not been"
	stop
	for delay in 0.00 0.02 0.05 0.08 0.12 0.18 0.25; do
		journald -10d
		python3 "$scratch/send.py" "stale$delay" 200 app
		wait_for has_entries "stale$delay" 200
		stop
		journald
		python3 "$scratch/send.py" "fresh$delay" 50 app
		wait_for has_entries "fresh$delay" 50
		entries | names | grep -v '^stale' >"$scratch/wanted"
		spawn killed "$SPARSAM_BIN/retention" run --store journal-rest -c "$scratch/sparsam.conf"
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		run || fail "exit $? $(cat "$scratch/run.log")"
		entries | names | diff "$scratch/wanted" - >&2 || fail "killed after $delay s: not what should be left"
		[ "$(held_entries | names | grep -c "^stale$delay .*203.0.113.7 ")" -eq 20 ] || fail "killed after $delay s: held entries were lost"
		[ -z "$(find "$journal" -name .sparsam-new)" ] || fail "leftovers"
		stop
	done

	promise "a torn file is told of and left, and the others are cleaned"
	journald -10d
	python3 "$scratch/send.py" torn 200 app
	wait_for has_entries torn 200
	stop
	journald
	journalctl -q --namespace=raw --rotate
	whole=$(find "$journal" -name 'system@*' -newer "$scratch/plan" | sort | tail -n 1)
	head -c 30000 "$whole" >"$journal/system@0000000000000000-0000000000000000.journal~"
	head -c 100 /dev/urandom >"$journal/system@0000000000000001-0000000000000001.journal~"
	expect 1 run
	has "$scratch/run.log" damaged
	[ -e "$journal/system@0000000000000000-0000000000000000.journal~" ] || fail "it was removed"
	rm "$journal"/*~

	promise "when the hold ends its copies go, and no file has an old entry any more"
	retention hold release "$id"
	run || fail "exit $? $(cat "$scratch/run.log")"
	[ -z "$(find "$scratch/state/hold/journal-rest" -type f)" ] || fail "copies are left"
	! entries | names | grep -e '^old' -e '^stale' -e '^torn' || fail "old entries are left"
	! find "$journal" -name '*.journal' -exec cat {} + | grep -qa 'old [0-9]* from' || fail "they lie in a file"
	stop
}
status=0
BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch SPARSAM_BIN root faketime)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
	trap 'printf \"failed: line %d: %s\n\" \"\$LINENO\" \"\$BASH_COMMAND\" >&2' ERR
	story" || status=$?
[ "$status" -eq 0 ] || fail "the story ended with $status"
