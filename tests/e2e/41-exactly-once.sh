#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The service is killed again and again while it reads a file that is rotated and a journal: in the
# end each record is in its sink once.
. "$(dirname "$0")/lib.sh"
need python3
lines=${LINES_TO_WRITE:-20000}
mkdir -p "$scratch"/{in,out,state/keys,stores.d,creds}
export CREDENTIALS_DIRECTORY=$scratch/creds
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
in=$scratch/in/app.log

cat >"$scratch/stores.d/numbered.conf" <<'CONF'
format "numbered-message" {
  type    = "pattern"
  pattern = '(?<n>\d+) from (?<ip>[^ ]+)'
}
format "numbered" { type = "syslog" message = "numbered-message" }
CONF
store() { # NAME CLAIM
	cat >>"$scratch/stores.d/numbered.conf" <<CONF
store "$1" {
  type = "textlog"
  format = "numbered"
  journal = { "$2" }
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "7d"
  scrub { keep = { "time", "hostname", "appname", "procid", "n" } pseudonym = { "ip" } }
  sink { type = "file" path = "$scratch/out/$1.log" }
}
CONF
}
store even SYSLOG_IDENTIFIER=none
store odd SYSLOG_IDENTIFIER=none2
store fromjournal SYSLOG_IDENTIFIER=app
cat >"$scratch/base.conf" <<CONF
state_dir = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir = "$scratch/out"
key_dir = "$scratch/state/keys"
CONF
{
	cat "$scratch/base.conf"
	cat <<CONF
source "app" {
  type = "tail"
  paths = { "$in" }
  tag "even" { store = "even" }
  tag "odd" { store = "odd" }
}
CONF
} >"$scratch/sparsam.conf"

# Whole numbers, each once and in order, in FILE and the files that it was rotated to.
all_once() { # NAME FIRST STEP LAST
	find "$scratch/out" -name "$1.log*" -printf '%T@ %p\n' | sort -n | cut -d ' ' -f 2 |
		xargs sed 's/.*: \([0-9]*\) from .*/\1/' >"$scratch/$1.got"
	seq "$2" "$3" "$4" >"$scratch/$1.wanted"
	cmp -s "$scratch/$1.got" "$scratch/$1.wanted"
}

has_all() { # NAME FIRST STEP LAST
	WAIT_S=30 wait_for all_once "$@" || {
		printf '%s: %s wanted, %s got, %s different\n' "$1" "$(wc -l <"$scratch/$1.wanted")" \
			"$(wc -l <"$scratch/$1.got")" "$(sort -u "$scratch/$1.got" | wc -l)" >&2
		diff "$scratch/$1.wanted" "$scratch/$1.got" | head >&2
		fail "$1: not each record once"
	}
	! cat "$scratch/out/$1.log"* | grep -q '203\.0\.113' || fail "an address got through"
}

# Starts the service and kills it, until FILE is there.
kill_again_and_again() {
	kills=0
	while [ ! -e "$1" ]; do
		"$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf" >>"$scratch/run.log" 2>&1 &
		pid=$!
		sleep "0.$((RANDOM % 40 + 5))"
		[ $((RANDOM % 4)) -ne 0 ] || kill -USR1 "$pid"
		[ $((RANDOM % 6)) -ne 0 ] || [ -z "${rotate_sink:-}" ] || $rotate_sink
		kill -KILL "$pid"
		{ wait "$pid" || true; } 2>/dev/null
		kills=$((kills + 1))
	done
}

finish() { # catches up and ends in order
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	last=$!
	"$@"
	kill -TERM "$last"
	wait "$last" || fail "exit status $? at the end"
}

cat >"$scratch/write.py" <<'PY'
import os, sys, time
path, n = sys.argv[1], int(sys.argv[2])
f = open(path, "ab", buffering=0)
rotated = 0
for i in range(1, n + 1):
    word = "even" if i % 2 == 0 else "odd"
    line = f"2026-11-24T01:40:02.{i % 1000000:06d}+00:00 vm {word}[7]: {i} from 203.0.113.{i % 200 + 1}\n".encode()
    if i % 97 == 0:  # a line that comes in two pieces
        f.write(line[:20]); time.sleep(0.001); line = line[20:]
    f.write(line)
    if i % 20 == 0:
        time.sleep(0.004)
    if i % 3001 == 0:  # logrotate with "create": the old file is written to for a while
        for k in range(rotated, 0, -1):
            os.rename(f"{path}.{k}", f"{path}.{k+1}")
        os.rename(path, path + ".1"); rotated += 1
        if i % 2 == 0:
            new = open(path, "ab", buffering=0); f.close(); f = new
        else:
            f.close(); time.sleep(0.3); f = open(path, "ab", buffering=0)
PY

promise "a tailed file, rotated under a service that is killed, loses and doubles nothing"
(python3 "$scratch/write.py" "$in" "$lines" && touch "$scratch/written") &
spawned+=("$!")
n_rotated=0
rotate_out() { # logrotate on the sink's side, with and without the signal
	n_rotated=$((n_rotated + 1))
	[ ! -e "$scratch/out/even.log" ] || mv "$scratch/out/even.log" "$scratch/out/even.log.$n_rotated"
}
rotate_sink=rotate_out
kill_again_and_again "$scratch/written"
echo "killed $kills times, rotated the sink $n_rotated times"
finish_tail() {
	has_all even 2 2 "$lines"
	has_all odd 1 2 "$lines"
}
finish finish_tail

promise "after a stop in order nothing is read twice"
printf '2026-11-24T01:40:02.000001+00:00 vm even[7]: %s from 203.0.113.9\n' $((lines + 2)) >>"$in"
finish_more() { has_all even 2 2 $((lines + 2)); }
finish finish_more

promise "a stop while a file is rotated and cut loses nothing that is still there"
mv "$in" "$in-20261124"
printf '2026-11-24T01:40:02.000001+00:00 vm even[7]: %s from 203.0.113.9\n' $((lines + 4)) >>"$in-20261124"
printf '2026-11-24T01:40:02.000001+00:00 vm even[7]: %s from 203.0.113.9\n' $((lines + 6)) >"$in"
finish_more() { has_all even 2 2 $((lines + 6)); }
finish finish_more

promise "a file that was cut is read from its beginning"
spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
pid=$!
has_all even 2 2 $((lines + 6))
: >"$in"
printf '2026-11-24T01:40:02.01+00:00 vm even[7]: %s from 203.0.113.9\n' $((lines + 8)) >>"$in"
has_all even 2 2 $((lines + 8))

promise "so is one that was cut and has grown past its place meanwhile, lines of one length or not"
kill -KILL "$pid"
{ wait "$pid" || true; } 2>/dev/null
: >"$in"
for ((i = lines + 10; i <= lines + 90; i += 2)); do
	printf '2026-11-24T01:40:02.01+00:00 vm even[7]: %s from 203.0.113.9\n' "$i"
done >>"$in"
finish_more() { has_all even 2 2 $((lines + 90)); }
finish finish_more

[ "$(id -u)" -eq 0 ] || skip "needs root for a journal of its own"
unshare -m true 2>/dev/null || skip "needs a mount namespace for a journal of its own"
promise "a journal under a service that is killed loses and doubles nothing"
{
	cat "$scratch/base.conf"
	printf 'source "journal" { type = "journal" namespace = "sparsamtest" }\n'
} >"$scratch/sparsam.conf"
cat >"$scratch/send.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for i in range(1, int(sys.argv[2]) + 1):
    s.send(f"SYSLOG_IDENTIFIER=app\nPRIORITY=6\nMESSAGE={i} from 203.0.113.{i % 200 + 1}\n".encode())
    if i % 20 == 0:
        time.sleep(0.005)
PY
journal_story() {
	mkdir -p "$scratch/varlog" && mount --bind "$scratch/varlog" /var/log && mount -t tmpfs tmpfs /run
	mkdir -p /run/systemd/journal.sparsamtest "/var/log/journal/$(cat /etc/machine-id).sparsamtest"
	mkdir -p /run/systemd/journald@sparsamtest.conf.d
	printf '[Journal]\nRateLimitIntervalSec=0\nSystemMaxFileSize=2M\n' \
		>/run/systemd/journald@sparsamtest.conf.d/t.conf
	spawn journald /lib/systemd/systemd-journald sparsamtest
	wait_for test -S /run/systemd/journal.sparsamtest/socket
	rotate_sink=
	# the first start begins at the journal's end, so it has to have begun
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	first=$!
	wait_for grep -qs journal "$scratch/state/positions"
	(python3 "$scratch/send.py" /run/systemd/journal.sparsamtest/socket "$lines" && touch "$scratch/sent") &
	spawned+=("$!")
	kill -KILL "$first"
	kill_again_and_again "$scratch/sent"
	echo "killed $kills times; $(find /var/log/journal -name '*.journal' | wc -l) journal files"
	finish_journal() { has_all fromjournal 1 1 "$lines"; }
	finish finish_journal
}
export -f journal_story
# a shell of its own in a mount namespace of its own; its processes end with it
status=0
BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch lines SPARSAM_BIN root BUILD VARIANT)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
	journal_story" || status=$?
[ "$status" -eq 0 ] || fail "the journal's part ended with $status"
