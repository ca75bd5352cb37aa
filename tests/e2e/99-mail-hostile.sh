#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Mail that is meant to do harm: whatever it is, it is taken or refused within 256 MB and 10 s, and the next one is taken as ever.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need python3

. "$root/tests/e2e/dsar_mail.sh"
printf '#!/bin/sh\ncat >%s/sent.$$\n' "$scratch" >"$scratch/sendmail"
chmod +x "$scratch/sendmail"
at_end() { gpgconf --homedir "$scratch/h" --kill all; }
n_sent() { find "$scratch" -name 'sent.*' | wc -l; }
dsar init >/dev/null
dsar key own --make >"$scratch/own.asc"
mkdir "$scratch/h"
gpg --homedir "$scratch/h" --batch -q --import "$scratch/own.asc" 2>/dev/null

cat >"$scratch/take.py" <<-'END'
	"""take.py STATUS COMMAND... <MAIL : the command, within what one mail may cost: processor time and memory of the largest process"""
	import os, resource, subprocess, sys
	run = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
	u = resource.getrusage(resource.RUSAGE_CHILDREN)
	cost = "%.1f s, %d MiB" % (u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)
	if str(run.returncode) not in sys.argv[1].split(",") or u.ru_utime + u.ru_stime > 10 or u.ru_maxrss > 256 << 10:
	    sys.exit("exit %d, %s: %s" % (run.returncode, cost, run.stderr.decode(errors="replace")))
	print("  " + cost)
END
take() { python3 "$scratch/take.py" "$1" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" intake; }
mail() { python3 -c "
import sys
w = sys.stdout.buffer.write
head = b'From: eve@example.net\nMessage-ID: <%d@example.net>\n' % $RANDOM
def multipart(n):
    w(b''.join(b'Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n' % (i, i) for i in range(n)) + b'\nx\n')
$1"; }
alive() { # the next honest mail is taken
	local before
	before=$(n_sent)
	printf 'From: anna%s@example.org\nMessage-ID: <a%s@example.org>\n\nPlease send me a copy of my data.\n' "$RANDOM$RANDOM" "$RANDOM$RANDOM" | dsar intake >/dev/null
	[ "$(n_sent)" -eq $((before + 1)) ] || fail "no receipt"
}

promise "headers: ten thousand, one of 40 kB, groups within groups, an Autocrypt key of noise"
mail 'w(head + b"X: y\n" * 10000 + b"\nx\n")' | take 65
mail 'w(head + b"Subject: " + b"a" * 40000 + b"\n\nx\n")' | take 65
mail 'w(b"To: " + b"a:" * 60000 + b"\n" + head + b"\nx\n")' | take 65
mail 'import base64, random; w(head + b"Autocrypt: addr=eve@example.net; keydata=" + base64.b64encode(random.Random(1).randbytes(20000)) + b"\n\nmy data\n")' | take 0
mail 'w(head + b"Subject: " + b"=?utf-8?Q?=FF?= " * 1900 + b"\n\nmy data\n")' | take 0
alive

promise "parameters: a name of 70 bytes, ten thousand of them, a value of 30 kB, continuations out of order"
mail 'w(head + b"Content-Type: text/plain; " + b"a" * 70 + b"=b\n\nx\n")' | take 65
mail 'w(head + b"Content-Type: text/plain" + b";a=b" * 7000 + b"\n\nmy data\n")' | take 0
mail 'w(head + b"Content-Type: text/plain; charset=\"" + b"c" * 30000 + b"\"\n\nmy data\n")' | take 0
mail 'w(head + b"Content-Type: text/plain; " + b"; ".join(b"charset*%d*=%%41" % (9000 - i) for i in range(1500)) + b"\n\nmy data\n")' | take 0
alive

promise "charsets that are none, or not what the text is in"
for charset in x-none utf-7 utf-16 iso-2022-jp gb18030 hz unicode-1-1 '"../../../etc/passwd"' ''; do
	mail "w(head + b'Content-Type: text/plain; charset=$charset\n\n' + bytes(range(1, 256)) * 200)" | take 0
done
alive

promise "nesting and many parts"
mail 'w(head); multipart(200000)' | take 65
mail 'w(head); multipart(450)' | take 0
mail 'w(head + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1000000)' | take 65
mail 'w(head + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 990)' | take 0
mail 'w(head + b"Content-Type: message/rfc822\n\n" * 900 + b"x\n")' | take 0,65
alive

promise "a text of 49 MB, and 1 GB without an end"
mail 'w(head + b"\n" + b"word word word word word word word word word word\n" * 1000000)' | take 0
mail 'w(head + b"\n")
for _ in range(1024):
    try: w(b"a line of a mail that does not end, or not soon enough at least.\n" * 16384)
    except BrokenPipeError: break
try: sys.stdout.flush()
except BrokenPipeError: import os; os._exit(0)' 2>/dev/null | take 65
truncate -s 1G "$scratch/sparse" # NUL bytes, all of it
take 65 <"$scratch/sparse"
alive

promise "OpenPGP that grows, one within another, symmetric, and noise in its place"
pgp() { # an encrypted mail from standard input's ciphertext
	printf 'From: eve@example.net\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
	printf -- '--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n'
	cat
	printf -- '\n--b--\n'
}
seal() { gpg --homedir "$scratch/h" --batch -q --trust-model always --armor -r privacy@node.example "$@" -e 2>/dev/null; }
head -c 300M /dev/zero | seal --compress-algo bzip2 | pgp >"$scratch/bomb"
[ "$(stat -c %s "$scratch/bomb")" -lt 20000 ] || fail "it is no bomb"
take 65 <"$scratch/bomb"
{ printf 'Content-Type: text/plain\n\n' && head -c 45M /dev/zero | tr '\0' 'a'; } | seal --compress-algo zlib | pgp | take 0,65
echo x | seal | pgp | seal | pgp | take 0
echo x | gpg --homedir "$scratch/h" --batch -q --pinentry-mode loopback --passphrase x --armor --symmetric | pgp | take 65
{ printf -- '-----BEGIN PGP MESSAGE-----\n\n' && head -c 3000 /dev/urandom | base64 && printf -- '-----END PGP MESSAGE-----\n'; } | pgp | take 65
alive

promise "eight attached keys of noise"
mail 'import base64, random
w(head + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nmy data\n")
for i in range(8): w(b"--b\nContent-Type: application/pgp-keys\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"\x99" + random.Random(i).randbytes(90000)))
w(b"--b--\n")' | take 0
alive

promise "a bounce, and a bounce of one, get no receipt"
before=$(n_sent)
report() { # BODY
	printf 'Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nContent-Type: multipart/report; report-type=delivery-status; boundary=r%s\n\n--r%s\n\nIt could not be delivered; my data.\n' "$1" "$1"
	printf -- '--r%s\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.net\n\nAction: failed\nStatus: 5.1.1\n' "$1"
	printf -- '--r%s\nContent-Type: message/rfc822\n\n' "$1"
	cat
	printf -- '\n--r%s--\n' "$1"
}
printf 'From: privacy@node.example\nSubject: x\n\nx\n' | report 1 >"$scratch/bounce"
take 0,65 <"$scratch/bounce"
report 2 <"$scratch/bounce" | take 0,65
{ printf 'Auto-Submitted: auto-replied\n' && cat "$scratch/bounce"; } | take 0,65
[ "$(n_sent)" -eq "$before" ] || fail "a bounce was answered"

promise "nothing is left of all that but what was kept, sealed"
! find /tmp /dev/shm -maxdepth 1 -user "$(id -u)" -newer "$scratch/sendmail" -name 'sparsam-*' | grep . || fail "it is left"
! find "$scratch/register" -size +60M -not -name 'register.db*' | grep . || fail "large"
