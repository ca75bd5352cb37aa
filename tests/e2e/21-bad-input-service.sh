#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever a file or a journal holds that the service reads: bounded memory, no crash, each loss counted
# by its reason, nothing raw, and the good records around it come out.
. "$(dirname "$0")/lib.sh"
need python3
need jq
mkdir -p "$scratch"/{in,out,state,stores.d,journal}
in=$scratch/in/app.log out=$scratch/out/numbered.log
cat >"$scratch/stores.d/numbered.conf" <<CONF
format "numbered-message" { type = "pattern" pattern = '(?<n>\d+) from (?<ip>[^ ]+)' }
format "numbered" { type = "syslog" message = "numbered-message" }
format "evil-message" { type = "pattern" pattern = '(?<n>(x+x+)+y)(?<rest>.*)' }
format "evil" { type = "syslog" message = "evil-message" }
CONF
store() { # NAME FORMAT
	cat >>"$scratch/stores.d/numbered.conf" <<CONF
store "$1" {
  type = "textlog"
  format = "$2"
  journal = { "SYSLOG_IDENTIFIER=$1" }
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "3650d"
  scrub { keep = { "time", "hostname", "appname", "procid", "n" } }
}
CONF
}
store numbered numbered
store evil evil
cat >"$scratch/sparsam.conf" <<CONF
state_dir = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir = "$scratch/out"
key_dir = "$scratch/state/keys"
credential = "$scratch/sparsam-keys"
source "files" { type = "tail" paths = { "$in" } tag "numbered" { store = "numbered" } tag "evil" { store = "evil" } }
source "journal" { type = "journal" directory = "$scratch/journal" }
CONF
address=203.0.113.77
good() { printf '2026-11-24T01:40:02+00:00 vm numbered[7]: %s from %s\n' "$1" $address; }

start() {
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	service=$!
	most=0
}

# Until number N is out; keeps the peak of anonymous memory.
is_out() { grep -q ": $1 from" "$out" 2>/dev/null; }
wait_out() {
	local now end=$((SECONDS + 30))
	until is_out "$1"; do
		now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$service/status")
		[ "${now:-0}" -le "$most" ] || most=$now
		[ "$SECONDS" -lt "$end" ] || fail "number $1 never came out"
	done
}

# The counters as the service says them.
counted() { # METRIC-WITH-LABELS AT-LEAST
	awk -v want="$1 " -v least="$2" 'index($0, want) == 1 { n = $NF } END { exit !(n >= least) }' \
		"$scratch/sparsam_logscrub.prom" || fail "not counted: $1 $2"
}

stop() {
	kill -TERM "$service"
	wait "$service" || fail "exit status $?"
	[ "$most" -lt 65536 ] || fail "$most kB of anonymous memory"
	for f in "$out" "$scratch/service.log" "$scratch/sparsam_logscrub.prom"; do
		has_not "$f" $address
	done
}

promise "in a tailed file: a line of 100 MB, NUL, bytes that are no UTF-8, CR LF, a program"
start
good 1 >"$in"
wait_out 1
{
	head -c 100000000 /dev/zero | tr '\0' 'x'
	echo " numbered: 666 from $address"
	good 2
	printf '2026-11-24T01:40:02+00:00 vm numbered[7]: 3\0 from %s\n' $address
	printf '2026-11-24T01:40:02+00:00 v\377\376m numbered[7]: 4 from %s\n' $address
	printf '2026-11-24T01:40:02+00:00 \001\033[31mvm numbered[7]: 5 from %s\n' $address
	good 6 | sed 's/$/\r/'
	head -c 3000000 "$SPARSAM_BIN/logscrub"
	printf '\n%s' "$address without an end, "
	good 7
	good 8
} >>"$in"
wait_out 8
{ is_out 2 && is_out 6; } || fail "good lines are lost"
! is_out 666 || fail "the end of a long line passed for a line"
! grep -qaP '[\x00-\x08\x0b-\x1f]' "$out" || fail "a control byte came out"

promise "a pattern that would backtrack for ever"
{
	printf '2026-11-24T01:40:02+00:00 vm evil[7]: '
	head -c 5000 /dev/zero | tr '\0' 'x'
	echo " y from $address" # without an y it would not even begin
	good 9
} >>"$in"
wait_out 9
stop
echo "at most $most kB"
counted 'sparsam_lines_dropped_total{store="",reason="too-long"}' 1
counted 'sparsam_lines_dropped_total{store="numbered",reason="no-match"}' 1
counted 'sparsam_lines_dropped_total{store="",reason="unclaimed"}' 1
counted 'sparsam_lines_dropped_total{store="evil",reason="match-limit"}' 1
[ ! -s "$scratch/out/evil.log" ] || fail "what met the limit was written"

writer=/lib/systemd/systemd-journal-remote
[ -x "$writer" ] || skip "needs systemd-journal-remote"
cat >"$scratch/export.py" <<'PY'
import sys
for i in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
    print(f"__REALTIME_TIMESTAMP={int(sys.argv[3]) * 1000000 + i * 1000}\n__MONOTONIC_TIMESTAMP={i * 1000}\n"
          f"_BOOT_ID={1:032x}\n_MACHINE_ID={1:032x}\n_HOSTNAME=vm\nSYSLOG_IDENTIFIER=numbered\n"
          f"PRIORITY=6\nMESSAGE={i} from 203.0.113.77\n")
PY
now=$(date +%s) # later than the service has begun with the journal, which was empty
journal() { # FILE FROM TO
	python3 "$scratch/export.py" "$2" "$3" "$now" | "$writer" -o "$1" - 2>/dev/null
}
# Writes the journal file FROM as TO, damaged in some WAY (systemd.io/JOURNAL_FILE_FORMAT).
cat >"$scratch/tear.py" <<'PY'
import random, struct, sys
source, to, way, seed = sys.argv[1:]
random.seed(int(seed))
d = bytearray(open(source, "rb").read())
u64 = lambda at: struct.unpack_from("<Q", d, at)[0]
tail, first = u64(136), max(u64(104) + u64(112), u64(120) + u64(128))
some = lambda: random.randrange(first, tail)
if way == "entry":  # one in the middle is none any more
    at, n = u64(88), 0
    while at < tail:
        if d[at] == 3:
            n += 1
            if n == 500:
                struct.pack_into("<Q", d, at + 8, 1)
                break
        at = (at + u64(at + 8) + 7) & ~7
elif way == "cut": del d[some():]
elif way == "zeros":
    for _ in range(5):
        at = some() & ~4095
        d[at:at + 4096] = bytes(4096)
elif way == "bits":
    for _ in range(300): d[some()] ^= 1 << random.randrange(8)
elif way == "noise":
    at = some()
    d[at:at + 20000] = random.randbytes(20000)
elif way == "sizes":
    for _ in range(20): struct.pack_into("<Q", d, some() & ~7, random.choice((0, 1, 17, 64, 1 << 32, 1 << 63)))
elif way == "junk": d[:] = random.randbytes(500000)
open(to + ".part", "wb").write(d)
import os
os.rename(to + ".part", to)
PY

promise "a journal that is torn, in many ways: what can be read of it, and all that comes behind it"
journal "$scratch/journal/start.journal" 1000 1001
journal "$scratch/whole.journal" 2000 2999
rm -f "$out"
start
began() { grep -qs journal "$scratch/state/positions"; }
wait_for began
n=3000
for way in entry cut zeros bits noise sizes junk; do
	for seed in ${SEEDS:-1 2}; do
		python3 "$scratch/tear.py" "$scratch/whole.journal" "$scratch/journal/$way-$seed.journal" "$way" "$seed"
		n=$((n + 1))
		journal "$scratch/next.journal" $n $n
		mv "$scratch/next.journal" "$scratch/journal/next-$n.journal"
		wait_out $n
	done
done
stop
echo "at most $most kB"
counted 'sparsam_lines_dropped_total{store="",reason="missing"}' 1
counted 'sparsam_source_failures_total{source="journal"}' 4
[ "$(grep -c 'torn journal file' "$scratch/service.log")" -eq 1 ] || fail "told of torn files other than once"
