#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real coturn, with each of its prefixes, and a real fail2ban that bans: no user, origin or address comes out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
jail
client 203.0.113.77 203.0.113.78 2001:db8::77
personal quittenbaum xaver 203.0.113.77 203.0.113.78 2001:db8::77 192.0.2.9 hunter2 origin.example

# LOG OPTION...: a server of its own, and clients that are served, refused and gone
turn() {
	local log=$1 port=$2
	shift 2
	spawn "turn-$port" in_jail turnserver -n "$@" --use-auth-secret --static-auth-secret=hunter2 --realm=bbb.example.org \
		--listening-port="$port" --listening-ip=203.0.113.77 --listening-ip=2001:db8::77 --relay-ip=127.0.0.1 --no-stdout-log \
		--simple-log --log-file="$log" --allow-loopback-peers --no-cli --pidfile="/run/turn-$port.pid" \
		--denied-peer-ip=192.0.2.0-192.0.2.255 --db="/tmp/turndb-$port" --no-tls --no-dtls
	wait_for in_jail bash -c ": </dev/tcp/203.0.113.77/$port"
}
served() {
	local c=(in_jail timeout 20 turnutils_uclient -p "$1" -r 3481)
	"${c[@]}" -n 2 -c -y -u quittenbaum@example.org -W hunter2 -e 127.0.0.1 203.0.113.77 &
	"${c[@]}" -n 2 -t -c -u 'quittenbaum>: realm' -W hunter2 -e 127.0.0.1 203.0.113.77 || true
	"${c[@]}" -n 1 -u xaver -w wrong -e 127.0.0.1 203.0.113.77 || true
	"${c[@]}" -n 1 -c -u xaver -W hunter2 -e 192.0.2.9 203.0.113.77 || true
	"${c[@]}" -n 1 -c -u xaver -W hunter2 -e ::1 2001:db8::77 || true
	in_jail bash -c "printf 'GET /quittenbaum HTTP/1.1\r\n\r\n' >/dev/tcp/203.0.113.77/$1"
	wait $!
} >>"$scratch/uclient.log" 2>&1 </dev/null

promise "coturn: seconds since its start, a time, syslog, and what is left without verbose"
spawn peer in_jail turnutils_peer -L 127.0.0.1 -p 3481
turn "$scratch/turn-3478.txt" 3478 --verbose
turn "$scratch/turn-3488.txt" 3488 --verbose --new-log-timestamp
turn "$scratch/turn-3498.txt" 3498
turn "$scratch/turn-3508.txt" 3508 --verbose --syslog
served 3478 &
others=($!)
served 3488 &
others+=($!)
served 3498 &
others+=($!)
served 3508
wait "${others[@]}"
closed() { grep -qa 'closed (2nd stage), user <[0-9]*:quittenbaum@' "$1"; }
wait_for closed "$scratch/turn-3478.txt"
wait_for closed "$scratch/turn-3488.txt"
wait_for closed "$raw/3339.log"
for port in 3478 3488 3498; do
	lines coturn "$scratch/turn-$port.txt"
done
programs coturn turnserver
for prefix in '^[0-9]+: : ' '^[0-9T:-]{19}\+0000: ' 'node turnserver(\[[0-9]+\])?: [0-9]+: : '; do
	s="$prefix(session [0-9]{18}: )?"
	kept coturn "${s}realm <-> user <->: incoming packet message processed, error 401: Unauthorized\$" \
		"${s}new, realm=<->, username=<->, lifetime=-\$" "${s}realm <-> user <->: incoming packet ALLOCATE processed, success\$" \
		"${s}usage: realm=<->, username=<->, rp=[0-9]+, rb=[0-9]+, sp=[0-9]+, sb=[0-9]+\$" \
		"${s}closed \(2nd stage\), user <-> realm <-> origin <->, local ip4:[a-z2-7]{16}:[0-9]+, remote ip4:[a-z2-7]{16}:-, reason: allocation timeout\$" \
		"${s}closed .* reason: TCP connection closed by client \(callback\)\$|${s}closed .* reason: general\$" \
		"${s}delete: realm=<->, username=<->\$" "${s}IPv4. tcp or tls connected to: ip4:[a-z2-7]{16}:-\$" \
		"${prefix}ERROR: A peer IP ip4:[a-z2-7]{16} denied in the range: -\$" \
		"${prefix}ERROR: check_stun_auth: (Cannot find credentials of user|wrong username:) -\$"
done
cat "$scratch/turn-3498.txt" >"$scratch/quiet.raw"
through coturn "$scratch/quiet.raw"
has "$scratch/quiet.raw.once" "ERROR: A peer IP ip4:"
has_not "$scratch/quiet.raw.once" "session"

promise "fail2ban: which jail found, banned and freed which pseudonym; from file and syslog"
process=0
now() { in_jail date '+%b %e %H:%M:%S'; }
for target in "$scratch/fail2ban.txt" SYSLOG; do
	in_jail bash -ec "
		rm -rf /tmp/f2b; cp -r /etc/fail2ban /tmp/f2b; rm -f /tmp/f2b/jail.d/*
		: >/tmp/auth.log
		printf '[Definition]\ndbfile = /tmp/f2b.sqlite3\n' >/tmp/f2b/fail2ban.local
		cat >/tmp/f2b/jail.local <<-X
			[DEFAULT]
			banaction = none
			banaction_allports = none
			[sshd]
			enabled = true
			backend = polling
			logpath = /tmp/auth.log
			maxretry = 2
			ignoreself = false
			action = none
		X
		printf '[Definition]\nactionban = echo quittenbaum <matches> >&2; false\nactionunban = true\nactionstart =\nactionstop =\nactioncheck =\n' >/tmp/f2b/action.d/none.conf
		fail2ban-client -c /tmp/f2b -s /run/f2b.sock -p /run/f2b.pid --logtarget '$target' start" >"$scratch/fail2ban-client.log" 2>&1 || fail "fail2ban does not start"
	for address in 203.0.113.78 2001:db8::77; do
		for _ in 1 2 3; do # fail2ban takes one process for one address
			in_jail bash -c "echo \"$(now) node sshd[$((++process))]: Failed password for invalid user quittenbaum from $address port 22 ssh2\" >>/tmp/auth.log"
		done
	done
	banned() { [ "$(in_jail fail2ban-client -s /run/f2b.sock get sshd banip | wc -w)" -eq 2 ]; }
	wait_for banned
	in_jail fail2ban-client -s /run/f2b.sock set sshd unbanip 203.0.113.78 >/dev/null
	in_jail fail2ban-client -s /run/f2b.sock set sshd banip 203.0.113.78 >/dev/null
	in_jail fail2ban-client -s /run/f2b.sock stop >/dev/null
	gone() { ! in_jail test -e /run/f2b.sock; }
	wait_for gone
done
has "$scratch/fail2ban.txt" quittenbaum
lines fail2ban "$scratch/fail2ban.txt"
wait_for said "Exiting Fail2ban"
programs fail2ban 'fail2ban\.[A-Za-z]+'
own='^[0-9-]{10} [0-9:]{8},[0-9]{3} fail2ban.[a-z]+ +\[[0-9]+\]: '
kept fail2ban "${own}INFO    Starting Fail2ban v[0-9.]+\$" "${own}INFO    \[sshd\] Found ip4:[a-z2-7]{16} - -\$" \
	"${own}INFO    \[sshd\] Found ip6:[a-z2-7]{16} - -\$" "${own}NOTICE  \[sshd\] Ban ip4:[a-z2-7]{16}\$" "${own}NOTICE  \[sshd\] Unban ip4:[a-z2-7]{16}\$" \
	"${own}NOTICE  \[sshd\] Ban ip6:[a-z2-7]{16}\$" "${own}ERROR   -\$|${own}ERROR   [A-Z][a-z]+ .*-\$" "${own}INFO    Exiting Fail2ban\$" \
	'node fail2ban.filter\[[0-9]+\]: INFO \[sshd\] Found ip4:[a-z2-7]{16} - -$' 'node fail2ban.actions\[[0-9]+\]: NOTICE \[sshd\] Ban ip4:[a-z2-7]{16}$'
! grep -raiFf "$scratch/personal" "$scratch/log" >&2 || fail "the service leaks"
