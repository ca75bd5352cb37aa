#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Real sshd, sudo, su, cron and the programs that change accounts: what they log of people does not come out, what happened does.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
jail
client 203.0.113.77 2001:db8::77
key=$scratch/key
personal quittenbaum xaver 203.0.113.77 198.51.100.9 2001:db8::77 hunter2 'Quitten 7' SHA256:

promise "accounts: which program changed one"
in_jail bash -ec '
	useradd -m -s /bin/bash quittenbaum
	useradd -m xaver
	echo "quittenbaum:Quitten 7" | chpasswd
	usermod -c "Anna Quittenbaum" quittenbaum
	chfn -f "A. Quittenbaum" quittenbaum
	chsh -s /bin/dash xaver
	passwd -l xaver >/dev/null
	groupadd quittenraum; gpasswd -a xaver quittenraum >/dev/null; groupdel quittenraum
	# no waiting after a wrong password
	sed -i "s/pam_unix.so nullok/& nodelay/" /etc/pam.d/common-auth
	sed -i "/pam_faildelay/d" /etc/pam.d/*
	printf "%s ALL=(ALL) NOPASSWD: ALL\n" anna >/etc/sudoers.d/anna
	useradd -m anna; useradd -m bert
	mkdir -p /run/sshd'
wait_for said "new user: name=bert"
programs shadow-utils 'useradd|usermod|chpasswd|chfn|chsh|passwd|groupadd|groupdel|gpasswd'
kept shadow-utils 'useradd\[[0-9]+\]: new user: -$' 'chpasswd\[[0-9]+\]: pam_unix\(chpasswd:chauthtok\): password changed for -$' \
	'chfn\[[0-9]+\]: changed user -$' 'gpasswd\[[0-9]+\]: user -$' 'groupdel\[[0-9]+\]: group -$'

promise "sshd: which kind of login had which result, from which pseudonym"
ssh-keygen -q -t ed25519 -N '' -f "$key"
printf '%s\n' UsePAM=yes MaxAuthTries=3 "Subsystem sftp internal-sftp" | sed 's/=/ /' >"$scratch/sshd_config"
printf '#!/bin/sh\ncat %s/password\n' "$scratch" >"$scratch/ask"
chmod 755 "$scratch/ask"
in_jail bash -ec "mkdir -m 700 /home/quittenbaum/.ssh; cp $key.pub /home/quittenbaum/.ssh/authorized_keys; chown -R quittenbaum /home/quittenbaum/.ssh"
in_jail /usr/sbin/sshd -f "$scratch/sshd_config" -p 2222
in_jail /usr/sbin/sshd -f "$scratch/sshd_config" -p 2223 -o LogLevel=VERBOSE -o AllowUsers=nobody -o PidFile=none
wait_for said "port 2223"
try() { # password, arguments of ssh: what comes of it, the log says
	echo "$1" >"$scratch/password"
	chmod 644 "$scratch/password"
	shift
	in_jail env SSH_ASKPASS="$scratch/ask" SSH_ASKPASS_REQUIRE=force timeout 20 ssh -F none -b 203.0.113.77 -p "${port:-2222}" -i "$key" \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o NumberOfPasswordPrompts=1 "$@" \
		>>"$scratch/ssh.log" 2>&1 </dev/null || true
}
no_key=(-o PubkeyAuthentication=no -o PreferredAuthentications=password)
try x quittenbaum@127.0.0.1 true
try x -o BindAddress=2001:db8::77 -6 -b 2001:db8::77 quittenbaum@::1 true
try 'Quitten 7' "${no_key[@]}" quittenbaum@127.0.0.1 true
try x -s quittenbaum@127.0.0.1 sftp
try wrong "${no_key[@]}" quittenbaum@127.0.0.1 true
try wrong "${no_key[@]}" hunter2-Quittenbaum@127.0.0.1 true
try wrong "${no_key[@]}" -l 'x from 198.51.100.9 port 22 ssh2' 127.0.0.1 true
try wrong "${no_key[@]}" -l 'quittenbaum 198.51.100.9 port 1 [preauth]' 127.0.0.1 true
try wrong "${no_key[@]}" -l 'quittenbaum ünd "x"' 127.0.0.1 true
port=2223 try wrong quittenbaum@127.0.0.1 true
try x -o HostKeyAlgorithms=ssh-dss quittenbaum@127.0.0.1 true
in_jail /usr/bin/python3 - <<-'EOF'
	import socket, struct
	def say(what, reset=False):
	    s = socket.create_connection(("127.0.0.1", 2222), source_address=("203.0.113.77", 0))
	    s.recv(99)
	    s.sendall(what)
	    if reset:
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    else:
	        try: # sshd may have closed already
	            s.shutdown(socket.SHUT_WR)
	            while s.recv(9999):
	                pass
	        except OSError:
	            pass
	    s.close()
	say(b"GET /quittenbaum HTTP/1.1\r\n\r\n")
	say(b"SSH-1.0-quittenbaum\r\n")
	say(b"\x16\x03\x01quittenbaum\x00\xff\r\n")
	say(b"SSH-2.0-quittenbaum\r\n" + b"x" * 300)
	say(b"SSH-2.0-quittenbaum\r\n", reset=True)
	say(b"")
EOF
wait_for said "kex_exchange_identification: Connection closed by remote host"
programs sshd sshd
token='from ip4:[a-z2-7]{16} port -'
kept sshd 'Server listening on ip4:[a-z2-7]{16} port 2222' "Accepted publickey for - $token ssh2: -\$" \
	'Accepted publickey for - from ip6:[a-z2-7]{16} port -' "Accepted password for - $token ssh2\$" \
	"Failed password for - $token" "Failed password for invalid user - $token" "Invalid user - $token\$" \
	'rhost=ip4:[a-z2-7]{16}  user=-$' 'session opened for user - by -$' 'check pass; user unknown$' \
	"Unable to negotiate with ip4:[a-z2-7]{16} port -: no matching host key type found" \
	"User - from ip4:[a-z2-7]{16} not allowed because not listed in AllowUsers" \
	'banner exchange: Connection from ip4:[a-z2-7]{16} port -: invalid format$' 'Disconnected from user - ip4:[a-z2-7]{16} port -$' \
	'Received disconnect from ip4:[a-z2-7]{16} port -:11: disconnected by user$'
tok=$(echo 203.0.113.77 | "$SPARSAM_BIN/logscrub" token -c "$scratch/sparsam.conf" --at "$(date -u +%FT%TZ)")
grep -aoE 'Invalid user - from ip4:[a-z2-7]{16}' "$scratch/sshd.out" | sort -u >"$scratch/invalid"
same <(echo "Invalid user - from $tok") "$scratch/invalid"

promise "sudo and su: who, as root or not, and with which program; nothing of its arguments"
as() { in_jail setpriv --reuid "$1" --regid "$1" --init-groups env -C "/home/$1" HOME="/home/$1" "${@:2}" >>"$scratch/sudo.log" 2>&1 </dev/null || true; }
as anna sudo ls /home/quittenbaum
as anna sudo -u nobody env MYSQL_PWD=hunter2 true
as anna sudo -u xaver id
as anna sudo PASSWORD=hunter2 sh -c 'echo quittenbaum@example.org; true'
as anna sudo id "x ; USER=root ; COMMAND=/usr/bin/quittenbaum"
in_jail mkdir -p -m 777 "/tmp/a ; USER=root ; COMMAND=quittenbaum"
as anna sh -c 'cd "/tmp/a ; USER=root ; COMMAND=quittenbaum" && sudo id'
as anna sudo -u quittenmus id
as anna sudo /bin/echo "$(printf 'quittenbaum %.0s' {1..200})"
as bert sudo id
as bert sh -c 'echo hunter2 | sudo -S ls'
as anna su quittenbaum -c true
in_jail su - quittenbaum -c true </dev/null
in_jail runuser -u quittenbaum true
wait_for said "(to quittenbaum) root"
wait_for said "runuser:session): session closed"
programs sudo sudo
programs su su
programs pam runuser
kept sudo ' +anna : PWD=- ; USER=root ; COMMAND=/usr/bin/ls -$' ' +anna : PWD=- ; USER=- ; COMMAND=/usr/bin/env -$' \
	' +anna : PWD=- ; USER=- ; COMMAND=/usr/bin/id$' ' +anna : \(command continued\) -$' ' +anna : unknown user -' \
	' +bert : user NOT in sudoers ; PWD=- ; USER=root ; COMMAND=/usr/bin/ls$' 'session opened for user - by -$'
has_not "$scratch/sudo.out" COMMAND=/usr/bin/quittenbaum
kept su 'FAILED SU \(to -\) anna on -$' '\(to -\) root on -$' 'session closed for user -$'
kept pam 'pam_unix\(runuser:session\): session opened for user - by -$'

promise "cron: that a job ran, and its program"
in_jail bash -ec '
	printf "@reboot /bin/true mail=quittenbaum@example.org\n" | crontab -u quittenbaum -
	printf "@reboot root /usr/bin/env quittenbaum\n@reboot root PASSWORD=hunter2 true | mail quittenbaum\n" >/etc/cron.d/all
	printf "* * * * quittenbaum x\n" >/etc/cron.d/wrong
	rm -f /run/crond.reboot'
spawn cron in_jail cron -f -L 15
wait_for said "(quittenbaum) END"
wait_for said "true | mail"
programs cron 'cron|CRON|crontab'
kept cron '\(root\) REPLACE \(-\)$' '\(-\) CMD \(\[[0-9]+\] /bin/true -\)$' '\(root\) CMD \(\[[0-9]+\] /usr/bin/env -\)$' \
	'\(root\) CMD \(\[[0-9]+\] -\)$' '\(CRON\) INFO \(Running @reboot jobs\)$' \
	'\(\*system\*-\) ERROR \(Syntax error, this crontab file will be ignored\)$' 'pam_unix\(cron:session\): session opened for user - by -$'

promise "rsyslog: that it began, and opened its files again"
in_jail bash -c "kill -HUP \$(cat $raw/rsyslog.pid)"
wait_for said "HUPed"
programs rsyslog rsyslogd
kept rsyslog 'swVersion="[0-9.]+" x-pid="[0-9]+" x-info="https://www.rsyslog.com"\] rsyslogd was HUPed$'

promise "the service with the shipped tags wrote the same of each program"
for store in sshd sudo su cron rsyslog; do
	wait_for test -s "$scratch/log/$store.log"
done
grep -qaE "Invalid user - from $tok port -" "$scratch/log/sshd.log" || fail "the service has no failed login"
! grep -raiFf "$scratch/personal" "$scratch/log" >&2 || fail "the service leaks"
