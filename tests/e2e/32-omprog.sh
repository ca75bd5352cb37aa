#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real rsyslogd hands each message to logscrub and waits for its OK: each is on disk once, whatever is killed.
# shellcheck disable=SC2016 # of inner shells
. "$(dirname "$0")/lib.sh"
need rsyslogd
mkdir -m 700 "$scratch/credentials" "$scratch/spool"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$scratch/sparsam.conf"
cat >"$scratch/rsyslog.conf" <<-EOF
	global(workDirectory="$scratch/spool")
	module(load="imuxsock" SysSock.Use="off")
	module(load="omprog")
	input(type="imuxsock" Socket="$scratch/log.sock" CreatePath="on" RateLimit.Interval="0")
	template(name="rfc3339" type="string" string="%timereported:::date-rfc3339% %HOSTNAME% %syslogtag%%msg:::sp-if-no-1st-sp%%msg%\n")
	action(type="omprog" binary="$SPARSAM_BIN/logscrub -c $scratch/sparsam.conf --store sshd -o $scratch/sshd.log --confirm"
	       template="rfc3339" confirmMessages="on" confirmTimeout="20000" action.resumeRetryCount="-1" action.resumeInterval="1"
	       output="$scratch/program.log" queue.type="LinkedList" queue.size="10000")
EOF
spawn rsyslogd rsyslogd -n -f "$scratch/rsyslog.conf" -i "$scratch/rsyslog.pid"
wait_for test -S "$scratch/log.sock"

send() { # from to
	local i
	for ((i = $1; i <= $2; i++)); do
		echo "Received disconnect from 203.0.113.$((i % 250)) port 4$((i % 1000)):$i: bye erika"
	done | logger --socket "$scratch/log.sock" -t sshd
}
numbers() { sed -nE 's/.* port -:([0-9]+): -$/\1/p' "$scratch/sshd.log" 2>/dev/null | sort -n; }
arrived() { [ "$(numbers | wc -l)" -ge "$1" ]; }

promise "messages come out scrubbed, one by one"
send 1 100
wait_for arrived 100
has_not "$scratch/sshd.log" erika
has_not "$scratch/sshd.log" 203.0.113.

promise "killed at any time, the program is begun again and each message is written once"
for round in $(seq 1 12); do
	send $((round * 100 + 1)) $((round * 100 + 100)) &
	sender=$!
	pkill -KILL -f "$SPARSAM_BIN/logscrub -c $scratch/sparsam.conf" || true
	wait "$sender"
done
WAIT_S=120 wait_for arrived 1300
seq 1 1300 >"$scratch/wanted"
numbers >"$scratch/got"
same "$scratch/wanted" "$scratch/got"

promise "a message is answered at once, also of a format whose entries go over several lines"
mkfifo "$scratch/in"
spawn postfix sh -c 'exec "$0" -c "$1" --store postfix -o "$2" --confirm <"$3"' "$SPARSAM_BIN/logscrub" "$scratch/sparsam.conf" \
	"$scratch/postfix.out" "$scratch/in"
exec 7>"$scratch/in"
echo '2026-11-24T01:40:29.000000+00:00 node postfix/qmgr[7]: BF8BC1046B9: removed' >&7
wait_for test -s "$scratch/postfix.out"
exec 7>&-
