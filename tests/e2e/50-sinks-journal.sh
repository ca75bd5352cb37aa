#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A journal goes through the service into a namespace of its own and into a journal file: with its
# fields, with tokens to search by, the file with the original times too, and, however often the
# service is killed, each record once.
. "$(dirname "$0")/lib.sh"
need_root
need jq
need python3
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
unshare -m true 2>/dev/null || skip "needs a mount namespace"
lines=${LINES_TO_WRITE:-3000}
mkdir -p "$scratch"/{creds,out,state/keys,stores.d,varlog}
export CREDENTIALS_DIRECTORY=$scratch/creds
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"

cat >"$scratch/stores.d/app.conf" <<CONF
format "app-message" { type = "pattern" pattern = '(?<n>\d+) from (?<ip>[^ ]+) by (?<user>[^ ]+)' }
format "app" { type = "syslog" message = "app-message" }
store "app" {
  type = "textlog"
  format = "app"
  journal = { "SYSLOG_IDENTIFIER=app" }
  category = "log-and-system-data"
  purpose = "test"
  basis = "Art. 6(1)(f) GDPR"
  period = "7d"
  scrub { keep = { "time", "hostname", "appname", "procid", "n" } pseudonym = { "ip" } }
  sink { type = "namespace" namespace = "scrubbed" }
  sink { type = "journal" path = "$scratch/out/app.journal" }
}
CONF
cat >"$scratch/sparsam.conf" <<CONF
state_dir = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch/out"
log_dir = "$scratch/out"
key_dir = "$scratch/state/keys"
source "raw" { type = "journal" namespace = "raw" }
CONF
cat >"$scratch/send.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/run/systemd/journal.raw/socket")
for i in range(1, int(sys.argv[1]) + 1):
    s.send(f"SYSLOG_IDENTIFIER=app\nPRIORITY=5\nMESSAGE={i} from 203.0.113.{i % 20 + 1} by alice\n".encode())
    if i % 20 == 0:
        time.sleep(0.01)
PY

namespace() { # NAME : a real journald of that name
	mkdir -p "/run/systemd/journal.$1" "/run/systemd/journald@$1.conf.d" \
		"/var/log/journal/$(cat /etc/machine-id).$1"
	# the shipped settings are tried along
	cp "$root/systemd/journald@sparsam.conf.d/sparsam.conf" "/run/systemd/journald@$1.conf.d/"
	spawn "journald-$1" /lib/systemd/systemd-journald "$1"
	wait_for test -S "/run/systemd/journal.$1/socket"
}

scrubbed() { journalctl -q --no-pager --namespace=scrubbed SPARSAM_STORE=app "$@"; }
file() { journalctl -q --no-pager --file="$scratch/out/app*.journal*" SPARSAM_STORE=app "$@"; }

# Each number once in what COMMAND prints.
all_once() { # NAME COMMAND
	"$2" -o json | jq -r '.SPARSAM_F_N // empty' | sort -n >"$scratch/$1.got"
	cmp -s "$scratch/$1.got" "$scratch/wanted"
}

sinks_story() {
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	namespace raw
	namespace scrubbed
	seq 1 "$lines" >"$scratch/wanted"

	# the first start begins at the journal's end, so it has to have begun
	spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	local pid=$!
	wait_for grep -qs raw "$scratch/state/positions"
	(python3 "$scratch/send.py" "$lines" && touch "$scratch/sent") &
	spawned+=("$!")
	local kills=0
	while [ ! -e "$scratch/sent" ]; do
		sleep "0.$((RANDOM % 40 + 20))"
		kill -KILL "$pid"
		{ wait "$pid" || true; } 2>/dev/null
		kills=$((kills + 1))
		spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
		pid=$!
	done
	echo "killed $kills times"

	promise "each record is in the namespace and in the file once"
	for out in scrubbed file; do
		wait_for all_once $out $out || {
			diff "$scratch/wanted" "$scratch/$out.got" | head >&2
			fail "$out: not each record once"
		}
	done

	promise "they are found by the token of an address, and the address is nowhere"
	token=$(printf '203.0.113.7\n' | "$SPARSAM_BIN/logscrub" token -c "$scratch/sparsam.conf" --at now)
	seq 6 20 "$lines" >"$scratch/of-token"
	for out in scrubbed file; do
		$out "SPARSAM_TOKEN=$token" -o json | jq -r .SPARSAM_F_N | sort -n >"$scratch/$out.token"
		same "$scratch/of-token" "$scratch/$out.token"
		$out -o export >"$scratch/$out.export"
		has_not "$scratch/$out.export" 203.0.113
		has_not "$scratch/$out.export" alice
		has "$scratch/$out.export" "PRIORITY=5"
		has "$scratch/$out.export" "SYSLOG_IDENTIFIER=app"
	done

	promise "the file has the original times"
	journalctl -q --no-pager --namespace=raw SYSLOG_IDENTIFIER=app -o json |
		jq -r '"\(.__REALTIME_TIMESTAMP) \(._BOOT_ID) \(.MESSAGE | split(" ")[0])"' | sort >"$scratch/raw.times"
	file -o json | jq -r 'select(.SPARSAM_F_N) | "\(.__REALTIME_TIMESTAMP) \(._BOOT_ID) \(.SPARSAM_F_N)"' |
		sort >"$scratch/file.times"
	same "$scratch/raw.times" "$scratch/file.times"

	promise "the journal's own check finds nothing wrong"
	kill -TERM "$pid"
	wait "$pid" || fail "exit status $? at the end"
	journalctl --verify --file="$scratch/out/app.journal" >"$scratch/verify.log" 2>&1 || fail "a damaged file"
}
# a shell of its own in a mount namespace of its own; its processes end with it
status=0
BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch lines SPARSAM_BIN root BUILD VARIANT)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
	sinks_story" || status=$?
[ "$status" -eq 0 ] || fail "the story ended with $status"
