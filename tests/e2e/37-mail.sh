#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real Postfix with a real Dovecot: mail is taken, sent on, bounced and refused, and nobody's address, name or host comes out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
jail
client 203.0.113.77 203.0.113.78 2001:db8::77
personal quittenbaum xaver 203.0.113.77 203.0.113.78 203-0-113 2001:db8::77 198.51.100.9 hunter2 recipient.example laptop 4Abc Greylisted

in_jail bash -ec '
	useradd -m quittenbaum
	echo quittenbaum:Quitten-7 | chpasswd
	sed -i "s/pam_unix.so nullok/& nodelay/" /etc/pam.d/common-auth
	cat >>/etc/hosts <<-X
		203.0.113.77 dsl-203-0-113-77.quittenbaum.example
		127.0.0.5 mx.recipient.example
	X
	: >/etc/postfix/main.cf
	postconf -e compatibility_level=3.6 myhostname=node.example.org "mydestination=node.example.org localhost" \
		smtp_host_lookup=native smtp_dns_support_level=disabled mynetworks=127.0.0.0/8 inet_protocols=all \
		smtpd_sasl_auth_enable=yes smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth smtpd_helo_required=yes \
		"transport_maps=inline:{recipient.example=smtp:[127.0.0.5]:2526, dead.example=smtp:[127.0.0.6]:2527}" \
		header_checks=regexp:/etc/postfix/header_checks smtpd_delay_reject=no recipient_delimiter=+ \
		"alias_maps=inline:{info=quittenbaum}" "smtpd_client_restrictions=check_client_access inline:{203.0.113.78=REJECT}" \
		message_size_limit=20000 smtpd_error_sleep_time=0 smtpd_tls_security_level=may smtpd_tls_loglevel=1 \
		smtpd_tls_cert_file=/etc/dovecot/cert.pem smtpd_tls_key_file=/etc/dovecot/key.pem
	printf "/^Subject: warn/ WARN look\n/^Subject: spam/ REJECT no\n/^Subject: hold/ HOLD\n" >/etc/postfix/header_checks
	postconf -F "*/*/chroot=n"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=node -days 9 -keyout /etc/dovecot/key.pem -out /etc/dovecot/cert.pem 2>/dev/null
	cat >/etc/dovecot/dovecot.conf <<-X
		protocols = imap
		ssl = yes
		ssl_cert = </etc/dovecot/cert.pem
		ssl_key = </etc/dovecot/key.pem
		auth_verbose = yes
		auth_failure_delay = 0
		disable_plaintext_auth = no
		auth_mechanisms = plain login
		mail_location = maildir:~/Maildir
		passdb {
		  driver = pam
		}
		userdb {
		  driver = passwd
		}
		service auth {
		  unix_listener /var/spool/postfix/private/auth {
		    mode = 0660
		    user = postfix
		  }
		}
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		service imap-login {
		  inet_listener imap {
		    port = 1143
		  }
		}
	X
	postfix start >/dev/null 2>&1
	dovecot'

cat >"$scratch/mail.py" <<-'EOF'
	import base64, socket, socketserver, ssl, struct, threading, time

	class Recipient(socketserver.StreamRequestHandler):
	    """A mail server that takes some mail and refuses some, with names in its words."""
	    def handle(self):
	        def say(line):
	            self.wfile.write(line.encode() + b"\r\n")
	        say("220 mx.recipient.example")
	        data = False
	        for line in self.rfile:
	            line = line.decode("latin1").strip()
	            word = line.upper()[:4]
	            if data:
	                data = line != "."
	                if not data:
	                    say("250 2.0.0 Ok: queued as 4Abc for quittenbaum")
	            elif word == "EHLO":
	                say("250-mx.recipient.example"); say("250 DSN")
	            elif word == "RCPT" and "nobody" in line:
	                say("550 5.1.1 <nobody@recipient.example>: quittenbaum unknown")
	            elif word == "RCPT" and "later" in line:
	                say("450 4.2.0 <later@recipient.example>: Greylisted by xaver")
	            elif word == "DATA":
	                data = True; say("354 go")
	            elif word == "QUIT":
	                say("221 bye"); return
	            else:
	                say("250 2.1.0 Ok")

	socketserver.ThreadingTCPServer.allow_reuse_address = True
	server = socketserver.ThreadingTCPServer(("127.0.0.5", 2526), Recipient)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	CLIENT = "203.0.113.77"

	def talk(source, lines, port=25, reset=False):
	    six = ":" in source
	    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
	    s.settimeout(15)
	    s.bind((source, 0))
	    s.connect(("::1" if six else "127.0.0.1", port))
	    f = s.makefile("rb")
	    def answer():
	        while True:
	            line = f.readline()
	            if len(line) < 4 or line[3:4] != b"-":
	                return line
	    answer()
	    try:
	        for line in lines:
	            s.sendall(line.encode() + b"\r\n")
	            answer()
	            if line == "STARTTLS":
	                tls = ssl.create_default_context()
	                tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
	                s = tls.wrap_socket(s)
	                f = s.makefile("rb")
	    except OSError:
	        pass
	    if reset:
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    s.close()

	def mail(source, sender, recipients, subject="x", before=()):
	    talk(source, ["EHLO laptop.quittenbaum.example", *before, "MAIL FROM:<%s>" % sender,
	        *("RCPT TO:<%s>" % r for r in recipients), "DATA",
	        "Subject: %s\r\nMessage-ID: <abc123@laptop.quittenbaum.example>\r\n\r\nhi\r\n." % subject, "QUIT"])

	me, here = "quittenbaum@example.org", "quittenbaum@node.example.org"
	mail("127.0.0.1", me, [here, "quittenbaum+x@node.example.org", "info@node.example.org", "xaver@node.example.org"])
	mail("127.0.0.1", me, ["carol@recipient.example", "nobody@recipient.example", "later@recipient.example", "c@dead.example"])
	mail("127.0.0.1", "", ["quittenbaum@recipient.example"])
	for subject in ("warn quittenbaum", "spam quittenbaum", "hold quittenbaum"):
	    mail("127.0.0.1", me, [here], subject)
	mail("127.0.0.1", '"x>, size=1, nrcpt=5 (queue active)"@example.org', [here])
	mail("127.0.0.1", me, ['"x>, relay=quittenbaum, delay=1, delays=1/1/1/1, dsn=2.0.0, status=sent ("@recipient.example'])
	mail(CLIENT, me, ["dave@recipient.example"])
	mail(CLIENT, me, [here], before=["STARTTLS", "EHLO quittenbaum"])
	mail("203.0.113.78", me, [here])
	mail("2001:db8::77", me, [here])
	def code(text):
	    return base64.b64encode(text.encode()).decode()
	talk(CLIENT, ["EHLO x", "AUTH PLAIN " + code("\0quittenbaum\0wrong"), "QUIT"])
	talk(CLIENT, ["EHLO x", "AUTH LOGIN " + code("hunter2-quittenbaum"), code("wrong"), "QUIT"])
	talk(CLIENT, ["EHLO x", "AUTH PLAIN " + code("\0quittenbaum\0Quitten-7"), "MAIL FROM:<%s>" % me,
	    "RCPT TO:<carol@recipient.example>", "DATA", "Subject: y\r\n\r\nx\r\n.", "QUIT"])
	talk(CLIENT, ["EHLO x", "AUTH FOO", "QUIT"])
	talk(CLIENT, ["GET / HTTP/1.1", "Host: quittenbaum"])
	talk(CLIENT, ["EHLO [203.0.113.77]", "VRFY quittenbaum", "MAIL FROM:<quittenbaum", "QUIT"])
	talk(CLIENT, ["EHLO x", "MAIL FROM:<%s>" % me], reset=True)
	talk("127.0.0.1", ["EHLO x", "MAIL FROM:<%s> SIZE=999999" % me, "QUIT"])

	def imap(commands, reset=False):
	    s = socket.create_connection(("127.0.0.1", 1143), 15, (CLIENT, 0))
	    f = s.makefile("rb")
	    f.readline()
	    for c in commands:
	        s.sendall(c.encode() + b"\r\n")
	        tag = c.split()[0].encode()
	        while not f.readline().startswith((tag, b"* BYE")):
	            pass
	    if reset:
	        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    s.close()

	imap(["a login quittenbaum Quitten-7", "b select inbox", "c fetch 1 body[]", "d logout"])
	imap(["a login quittenbaum wrong", "b logout"])
	imap(["a login hunter2-quittenbaum x", 'b login "xaver, rip=198.51.100.9, lip=1" x', "c logout"])
	imap([])
	imap(["a login quittenbaum Quitten-7"], reset=True)
	deadline = time.monotonic() + 20
	while "status=bounced" not in open("raw/3339.log", errors="replace").read() and time.monotonic() < deadline:
	    time.sleep(0.1)
EOF
in_jail /usr/bin/python3 "$scratch/mail.py"
wait_for said 'status=deferred'
in_jail postfix stop >"$scratch/stop.log" 2>&1
in_jail doveadm stop
wait_for said 'Killed with signal'

promise "Postfix: each queue id from client to result, and why"
programs postfix 'postfix/[a-z-]+'
token='-\[ip[46]:[a-z2-7]{16}\]'
id='[0-9A-F]{6,12}'
kept postfix 'daemon started -- version [0-9.]+, configuration -$' "connect from $token\$" \
	"smtpd\[[0-9]+\]: $id: client=$token\$" "cleanup\[[0-9]+\]: $id: message-id=-\$" "qmgr\[[0-9]+\]: $id: from=<->, size=[0-9]+, nrcpt=4 \(queue active\)\$" \
	"local\[[0-9]+\]: $id: to=<->, orig_to=<->, relay=local, delay=[0-9.]+, delays=[0-9./]+, dsn=2.0.0, status=sent \(-\)|status=sent \(delivered to mailbox\)" \
	"smtp\[[0-9]+\]: $id: to=<->, relay=$token:-, (conn_use=[0-9]+, )?delay=[0-9.]+, delays=[0-9./]+, dsn=2.0.0, status=sent \(-\)\$" \
	"dsn=5.1.1, status=bounced \(-\)\$" "dsn=4.2.0, status=deferred \(-\)\$" "relay=none, .*status=deferred" \
	"bounce\[[0-9]+\]: $id: sender non-delivery notification: $id\$" "qmgr\[[0-9]+\]: $id: removed\$" \
	"NOQUEUE: reject: RCPT from $token: 454 4.7.1 <->: Relay access denied" "NOQUEUE: reject: CONNECT from $token: 554 5.7.1 <->: Client host rejected" \
	"NOQUEUE: reject: MAIL from $token: 552 5.3.4 Message size exceeds fixed limit" \
	"warning: $token: SASL PLAIN authentication failed: -\$" "warning: $token: SASL LOGIN authentication failed: -\$" \
	"client=$token, sasl_method=PLAIN, -\$" "$id: (warning|reject|hold): header -\$" "TLS connection established from $token: TLSv1.[23] with cipher [A-Z0-9_-]+ -\$" \
	"warning: non-SMTP command from $token: -\$" "lost connection after MAIL from $token\$" \
	"disconnect from $token ehlo=1 auth=0/1 quit=1 commands=2/3\$" 'terminating on signal 15$'
has_not "$scratch/postfix.out" 'nrcpt=5'

promise "Dovecot: which kind of login had which result; and PAM of its auth"
programs dovecot dovecot
programs pam auth
kept dovecot 'master: Dovecot v[0-9.]+ \([0-9a-f]+\) starting up for -$' \
	'imap-login: Login: user=<->, method=PLAIN, rip=ip4:[a-z2-7]{16}, lip=ip4:[a-z2-7]{16}, mpid=[0-9]+, -$' \
	'imap\(-\)<[0-9]+><->: Disconnected: Logged out in=[0-9]+ out=[0-9]+ deleted=0' \
	'Disconnected: (Connection closed|Aborted login by logging out|Auth process broken)?.*\(auth failed, 1 attempts in [0-9]+ secs\): user=<->, method=PLAIN, rip=ip4:' \
	'auth-worker\([0-9]+\): .*: pam\(-,ip4:[a-z2-7]{16}(,<->)?\): pam_authenticate\(\) failed|auth-worker\(-\): .*: pam\(-,ip4:[a-z2-7]{16}(,<->)?\): pam_authenticate\(\) failed' \
	'no auth attempts in [0-9]+ secs\): user=<->, rip=ip4:' 'Warning: Killed with signal 15 \(-\)$'
has_not "$scratch/dovecot.out" 'session=<'
kept pam 'pam_unix\(dovecot:auth\): authentication failure; logname=- uid=- euid=- tty=- ruser=- rhost=ip4:[a-z2-7]{16}'
! grep -raiFf "$scratch/personal" "$scratch/log" >&2 || fail "the service leaks"
