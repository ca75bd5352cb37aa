#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Syslog over unix, UDP and TCP: both framings, peers that trickle, flood and cut off, in bounded
# memory; a sink that is full; a reload.
. "$(dirname "$0")/lib.sh"
need python3
need logger
mkdir -p "$scratch"/{out,state,stores.d}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$scratch/stores.d/numbered.conf" <<CONF
format "numbered-message" {
  type    = "pattern"
  pattern = '(?<n>\d+) from (?<ip>[^ ]+)(?<rest>.*)'
}
format "numbered" { type = "syslog" message = "numbered-message" }
store "numbered" {
  type = "textlog"
  format = "numbered"
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "7d"
  scrub { keep = { "time", "hostname", "appname", "n" } pseudonym = { "ip" } }
}
CONF
cat >"$scratch/sparsam.conf" <<CONF
state_dir = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir = "$scratch/out"
key_dir = "$scratch/state/keys"
credential = "$scratch/sparsam-keys"
source "unix" { type = "syslog" listen = "unix:$scratch/log.sock" tag "app" { store = "numbered" } }
source "udp"  { type = "syslog" listen = "udp:127.0.0.1:$port" tag "app" { store = "numbered" } }
source "tcp"  { type = "syslog" listen = "tcp:127.0.0.1:$port" tag "app" { store = "numbered" } }
CONF
out=$scratch/out/numbered.log

start() {
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	service=$!
	wait_for test -S "$scratch/log.sock"
}
written() { [ "$(cat "$scratch/out/numbered.log"* | wc -l)" -eq "$1" ]; }
wait_written() { wait_for written "$1" || fail "$(cat "$out"* | wc -l) lines instead of $1"; }
rss_kb() { sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$service/status"; }
peer() { python3 "$scratch/peer.py" "$port" "$@"; }

cat >"$scratch/peer.py" <<'PY'
import socket, sys, time
port, what = int(sys.argv[1]), sys.argv[2]
def tcp():
    return socket.create_connection(("127.0.0.1", port))
def line(i, text=""):
    return f"<190>Nov 24 01:40:29 host app: {i} from 203.0.113.{i % 200 + 1}{text}".encode()
def counted(b):
    return str(len(b)).encode() + b" " + b
if what == "framings":  # 1 to 8: each way to frame, in one connection, byte by byte
    s = tcp(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = line(1) + b"\n" + counted(line(2)) + counted(line(3)) + line(4) + b"\0" + line(5) + b"\r\n"
    data += counted(line(6)) + b"\n" + line(7) + b"\n" + line(8)
    for k in range(len(data)):
        s.send(data[k:k + 1])
    s.close()
elif what == "too-long":  # and what comes behind is read all the same
    s = tcp()
    s.sendall(line(1, " " + "x" * 200000) + b"\n" + line(2) + b"\n" + counted(line(3, "y" * 200000)) + counted(line(4)))
    s.close()
elif what == "forged":
    s = tcp()
    s.sendall(counted(line(1) + b"\n" + line(666)))
    s.close()
elif what == "trickle":  # 64 peers keep a message unfinished; one more has to get through
    peers = [tcp() for _ in range(64)]
    for s in peers:
        s.send(b"<190>Nov 24 01:40:29 host app: 9")
    s = tcp()
    s.sendall(line(1) + b"\n")
    print("sent", flush=True)
    while True:
        for p in peers:
            try: p.send(b"9")
            except OSError: pass
        time.sleep(0.05)
elif what == "slow-and-fast":  # an unfinished one does not hold up its neighbour
    slow, fast = tcp(), tcp()
    slow.send(line(1)[:30])
    for i in range(2, 1002): fast.sendall(line(i) + b"\n")
    fast.close()
    print("sent", flush=True)
    sys.stdin.read()
    slow.send(line(1)[30:] + b"\n"); slow.close()
elif what == "flood":
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(("127.0.0.1", port))
    conns = [tcp() for _ in range(8)]
    junk = bytes(range(256)) * 200
    end = time.monotonic() + float(sys.argv[3])
    n = 0
    while time.monotonic() < end:
        for k in range(100):
            n += 1
            try: u.send(line(n))
            except OSError: pass
        try: u.send(junk[:60000])
        except OSError: pass
        for c in conns:
            c.setblocking(False)
            try: c.send(junk)
            except (BlockingIOError, OSError): pass
elif what == "burst":
    s = tcp()
    for i in range(int(sys.argv[3]), int(sys.argv[4]) + 1): s.sendall(line(i) + b"\n")
    s.close()
PY

promise "a message comes in by unix datagram, UDP and TCP, and no address goes out"
start
logger --socket "$scratch/log.sock" -t app '1 from 203.0.113.1'
logger --server 127.0.0.1 --port "$port" --udp --rfc5424 -t app '2 from 203.0.113.2'
logger --server 127.0.0.1 --port "$port" --tcp --octet-count --rfc5424 -t app '3 from 203.0.113.3'
logger --server 127.0.0.1 --port "$port" --tcp --rfc3164 -t app '4 from 203.0.113.4'
wait_written 4
has_not "$out" 203.0.113
: >"$out"

promise "both framings and their mixture are told apart, byte by byte"
: >"$out"
peer framings
wait_for grep -q ': 8 from' "$out" || fail "the last message is missing"
[ "$(sed 's/.*: \([0-9]*\) from .*/\1/' "$out" | paste -sd ' ')" = "1 2 3 4 5 6 7 8" ] || fail "not each message once: $(cat "$out")"

promise "a message too long is dropped and counted, and the next is found"
: >"$out"
peer too-long
wait_for grep -q ': 4 from' "$out"
[ "$(sed 's/.*: \([0-9]*\) from .*/\1/' "$out" | paste -sd ' ')" = "2 4" ] || fail "$(cut -c 1-200 "$out")"

promise "a line end inside a message forges no second one"
: >"$out"
peer forged
wait_for test -s "$out"
has_not "$out" 666
[ "$(wc -l <"$out")" -eq 1 ] || fail "more than one line"

promise "peers that trickle keep no other from being heard"
: >"$out"
spawn trickle python3 "$scratch/peer.py" "$port" trickle
trickle=$!
wait_for grep -q ': 1 from' "$out"
kill "$trickle"
{ wait "$trickle" || true; } 2>/dev/null
: >"$out"
mkfifo "$scratch/fifo"
python3 "$scratch/peer.py" "$port" slow-and-fast <"$scratch/fifo" >"$scratch/slow.out" 2>&1 &
spawned+=("$!")
exec 9>"$scratch/fifo"
wait_written 1000
exec 9>&-
wait_for grep -q ': 1 from' "$out"

promise "under a flood of datagrams and junk memory stays below 64 MiB and messages are still read"
floods=()
for n in 1 2; do
	spawn "flood$n" python3 "$scratch/peer.py" "$port" flood 4
	floods+=("$!")
done
most=0
until is_gone "${floods[0]}" && is_gone "${floods[1]}"; do
	now=$(rss_kb)
	[ "$now" -le "$most" ] || most=$now
	sleep 0.1
done
wait "${floods[@]}"
echo "at most $most kB"
[ "$most" -lt 65536 ] || fail "$most kB of anonymous memory"
is_gone "$service" && fail "the service is gone"
logger --socket "$scratch/log.sock" -t app '4711 from 203.0.113.9'
wait_for grep -q ': 4711 from' "$out"
has_not "$out" 203.0.113

promise "what was received is written before a stop in order"
kill -TERM "$service"
wait "$service" || fail "exit status $?"
[ ! -e "$scratch/log.sock" ] || fail "the socket was left behind"
rm -f "$out"
start
python3 - "$scratch/log.sock" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(sys.argv[1])
for i in range(1, 501): s.send(f"<13>Nov 24 01:40:29 host app: {i} from 203.0.113.1".encode())
PY
kill -TERM "$service"
wait "$service" || fail "exit status $?"
written 500 || fail "$(wc -l <"$out") of 500"

promise "a wrong configuration leaves the old rules in force; a right one is taken over, sockets kept"
start
cp "$scratch/sparsam.conf" "$scratch/right.conf"
echo 'nonsense' >>"$scratch/sparsam.conf"
kill -HUP "$service"
wait_for grep -q 'stays in force' "$scratch/service.log"
logger --socket "$scratch/log.sock" -t app '501 from 203.0.113.1'
wait_written 501
cp "$scratch/right.conf" "$scratch/sparsam.conf"
sed -i 's/keep = { "time", "hostname", "appname", "n" }/keep = { "time", "appname", "n" }/' "$scratch/stores.d/numbered.conf"
python3 - "$scratch/log.sock" "$service" <<'PY'
import os, signal, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(sys.argv[1])
for i in range(502, 2502):
    s.send(f"<13>Nov 24 01:40:29 secrethost app: {i} from 203.0.113.1".encode())
    if i == 1000: os.kill(int(sys.argv[2]), signal.SIGHUP)
PY
wait_written 2501
has "$scratch/service.log" 'read anew'
[ "$(tail -n 1 "$out" | grep -c secrethost)" -eq 0 ] || fail "the new rule is not in force"

promise "SIGUSR1 opens the file again after a rotation, SIGUSR2 prints the counters"
mv "$out" "$out.1"
kill -USR1 "$service"
wait_for test -e "$out"
logger --socket "$scratch/log.sock" -t app '1 from 203.0.113.1'
wait_for grep -q ': 1 from' "$out"
kill -USR2 "$service"
wait_for grep -q '^numbered' "$scratch/service.log"
kill -TERM "$service"
wait "$service" || fail "exit status $?"

[ "$(id -u)" -eq 0 ] || skip "needs root for a disk that is full"
unshare -m true 2>/dev/null || skip "needs a mount namespace for a disk that is full"
promise "a full sink makes its senders wait, is told of once, and goes on by itself"
rm -f "$out"*
full_story() {
	mount -t tmpfs -o size=64k tmpfs "$scratch/out"
	head -c 60000 /dev/zero >"$scratch/out/filler"
	start
	peer burst 1 5000 &
	wait_for grep -q 'waits for' "$scratch/service.log"
	rm "$scratch/out/filler"
	mount -o remount,size=8m "$scratch/out"
	wait_for grep -q 'goes on' "$scratch/service.log"
	wait_written 5000
	[ "$(sed 's/.*: \([0-9]*\) from .*/\1/' "$out" | sort -n | uniq | wc -l)" -eq 5000 ]
	[ "$(grep -c 'waits for' "$scratch/service.log")" -eq 1 ] || fail "told of more than once"
	kill -TERM "$service"
	wait "$service"
}
status=0
unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch out port SPARSAM_BIN root BUILD VARIANT)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done' EXIT
	full_story" || status=$?
[ "$status" -eq 0 ] || fail "a full sink: $status; $(cat "$scratch/service.log")"
