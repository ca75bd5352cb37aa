#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power of the sink's disk is cut again and again: in the end each record that the source still
# has is in the sink once, and no line is torn. The disk is a loop device on tests/fault/powercut.c,
# which forgets, by a seed, what was not flushed. CUTS=N cuts N times a leg.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/powercut.sh"
cuts=${CUTS:-3}
RANDOM=${SEED:-1}
mkdir "$scratch/stores.d" "$scratch/state" "$scratch/in"

configure() { # SOURCE-FOLDER STATE-FOLDER SINK
	cat >"$scratch/stores.d/numbered.conf" <<CONF
format "numbered-message" {
  type    = "pattern"
  pattern = '(?<n>\d+) from (?<ip>[^ ]+) end'
}
format "numbered" { type = "syslog" message = "numbered-message" }
store "numbered" {
  type = "textlog"
  format = "numbered"
  journal = { "SYSLOG_IDENTIFIER=none" }
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "7d"
  scrub { keep = { "time", "hostname", "appname", "procid", "n" } pseudonym = { "ip" } }
  sink { $3 }
}
CONF
	cat >"$scratch/sparsam.conf" <<CONF
state_dir = "$2"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir = "$disk/out"
key_dir = "$2/keys"
credential = "$scratch/sparsam-keys"
source "app" { type = "tail" paths = { "$1/app.log" } store = "numbered" }
CONF
}

# Writes lines until its disk is gone or STOP is there. What a power cut left of a line gets an end.
cat >"$scratch/write.py" <<'PY'
import os, random, sys, time
path, counter, stop, seed = sys.argv[1:]
random.seed(int(seed))
i = int(open(counter).read())
try:
    f = open(path, "a+b", buffering=0)
    if f.seek(0, os.SEEK_END) > 0:
        f.seek(-1, os.SEEK_END)
        if f.read(1) != b"\n":
            f.write(b"\n")
    while not os.path.exists(stop):
        text = b""
        for _ in range(random.choice((1, 3, 40, 3000))):
            i += 1
            text += f"2026-11-24T01:40:02.{i % 1000000:06d}+00:00 vm app[7]: {i} from 203.0.113.{i % 200 + 1} end\n".encode()
        open(counter, "w").write(str(i))  # before: no number is used twice
        k = random.randrange(len(text) + 1)
        f.write(text[:k]); time.sleep(0.001); f.write(text[k:])
        time.sleep(random.choice((0.001, 0.02, 0.1)))
except OSError:
    pass
PY

# The numbers in whole lines of FILES, in order; everything else is said, but for what a source's cut
# left whole of a line: a header without a message.
cat >"$scratch/numbers.py" <<'PY'
import re, sys
pattern = re.compile(rb"2026-11-24T01:40:02\.\d{6}\+00:00 vm app\[7\]: (\d+) from " + sys.argv[1].encode() + rb" end")
for name in sys.argv[2:]:
    with open(name, "rb") as f:
        for line in f:
            if line == line[:33] + b"vm app[7]:\n":
                continue
            m = pattern.fullmatch(line.rstrip(b"\n"))
            if m and line.endswith(b"\n"):
                print(m[1].decode())
            else:
                print("torn:", name, repr(line[:80]), file=sys.stderr)
PY

rotate() {
	[ "$sink" = file ] || return 0 # its writer does it
	n_rotated=$((n_rotated + 1))
	mv "$disk/out/app.log" "$disk/out/app.log.$n_rotated" || return
	[ $((RANDOM % 2)) -eq 0 ] || kill -USR1 "$service"
}

# Lines come, the sink is rotated, the power goes.
cut_once() { # SOURCE-FOLDER SEED
	local writer
	rm -f "$scratch/stop"
	"$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf" >>"$scratch/run.log" 2>&1 &
	service=$!
	spawn writer python3 "$scratch/write.py" "$1/app.log" "$scratch/counter" "$scratch/stop" "$2"
	writer=$!
	wait_for takes_signals $service
	wait_for test -s "$written"
	[ $((RANDOM % 3)) -ne 0 ] || rotate
	sleep "0.$((RANDOM % 40 + 10))"
	[ $((RANDOM % 2)) -ne 0 ] || sync -f "$disk"
	printf '%s %s\n' "$2" $((RANDOM % 400 + 1)) >"$plug/cut"
	[ $((RANDOM % 3)) -ne 0 ] || rotate 2>/dev/null || true
	wait_for was_cut
	kill -KILL "$service"
	touch "$scratch/stop"
	{ wait "$service" "$writer" || true; } 2>/dev/null
	cat "$scratch/powercut.log"
}

numbers() { # what the sources have, and the sinks
	python3 "$scratch/numbers.py" '203\.0\.113\.\d+' "$1/app.log" >"$scratch/wanted" 2>/dev/null
	if [ "$sink" = journal ]; then
		# one by one: a file of which a cut left a piece of its header ends journalctl
		for f in "$disk"/out/app*.journal*; do
			journalctl -q --no-pager --file="$f" -o json 2>/dev/null || true
		done |
			jq -r 'select(.SPARSAM_F_N) | "\(.SPARSAM_POSITION | split(" ")[0]) \(.SPARSAM_F_N)"' | sort -n |
			cut -d' ' -f2 >"$scratch/got"
		return
	fi
	find "$disk/out" -name 'app.log.*' | sort -V | xargs -r python3 "$scratch/numbers.py" \
		'ip4:[a-z2-7]{16}' >"$scratch/got"
	python3 "$scratch/numbers.py" 'ip4:[a-z2-7]{16}' "$disk/out/app.log" >>"$scratch/got"
}

all_once() { numbers "$1" 2>"$scratch/torn.log" && [ ! -s "$scratch/torn.log" ] &&
	cmp -s "$scratch/wanted" "$scratch/got"; }

# Starts again, catches up, ends in order.
finish() { # SOURCE-FOLDER
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	service=$!
	wait_for all_once "$1" || {
		diff "$scratch/wanted" "$scratch/got" | head >&2 || true
		ls -l "$1" "$disk/out" >&2
		fail "not each record once"
	}
	kill -TERM "$service"
	wait "$service" || fail "exit status $? at the end"
	all_once "$1" || fail "the stop in order wrote something"
	echo "$(wc -l <"$scratch/got") records, each once"
}

leg() { # FILE-SYSTEM SOURCE-FOLDER STATE-FOLDER SINK
	local i
	sink=$4
	case $sink in
	file) written=$disk/out/app.log ;;
	journal) written=$disk/out/app.journal ;;
	esac
	make_disk "$1"
	mkdir -p "$disk/out" "$2" "$3"
	: >"$2/app.log"
	wait_for umount "$disk"
	configure "$2" "$3" "type = \"$sink\" path = \"$written\""
	echo 0 >"$scratch/counter"
	n_rotated=0
	for ((i = 0; i < cuts; i++)); do
		plug_in
		cut_once "$2" "$RANDOM"
		unplug
	done
	plug_in
	finish "$2"
	unplug
	echo "$1: cut $cuts times, rotated $n_rotated times"
}

promise "ext4: a file beside the disk, and positions in the sink"
leg ext4 "$scratch/in" "$scratch/state" file
promise "ext4: everything on one disk, where the source loses its end too"
leg ext4 "$disk/in" "$disk/state" file
if [ -x /lib/systemd/systemd-journal-remote ]; then
	promise "ext4: a journal file"
	leg ext4 "$scratch/in" "$scratch/state" journal
fi
if has_xfs; then
	promise "xfs: everything on one disk"
	leg xfs "$disk/in" "$disk/state" file
fi
