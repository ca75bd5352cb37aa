#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A key that a mail domain publishes: fetched when the officer says so, by us, from that domain alone, and no more than a candidate.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need openssl
need python3
need strace

mkdir "$scratch/h" "$scratch/www"
cat >"$scratch/sparsam.conf" <<-END
	state_dir = "$scratch"
	key_dir = "$scratch/keys"
	dsar { land = "HE" mail = "privacy@node.example" wkd_ca = "$scratch/ca.pem" }
END
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
anna() { gpg --homedir "$scratch/h" --batch -q "$@" 2>/dev/null; }
at_end() { gpgconf --homedir "$scratch/h" --kill all; }
fpr_of() { anna --with-colons -k "$1" | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1; }

# Two servers with certificates of an authority of our own, behind a proxy that leads every name to loopback: what
# stands in its log is who was asked. Names that begin with "openpgpkey.direct" do not exist.
for name in ca other; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" \
		-keyout "$scratch/$name.key" -out "$scratch/$name.pem" 2>"$scratch/openssl.log"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=wkd" -keyout "$scratch/server-$name.key" 2>>"$scratch/openssl.log" |
		openssl x509 -req -CA "$scratch/$name.pem" -CAkey "$scratch/$name.key" -CAcreateserial -days 2 -out "$scratch/server-$name.pem" \
			-extfile <(printf 'subjectAltName=DNS:openpgpkey.example.org,DNS:direct.example,DNS:openpgpkey.example.net') 2>>"$scratch/openssl.log"
done
cat >"$scratch/servers.py" <<-'END'
	import http.server, os, socket, ssl, sys, threading, time
	scratch = sys.argv[1]
	class Keys(http.server.SimpleHTTPRequestHandler):
	    def __init__(self, *a): super().__init__(*a, directory=scratch + "/www")
	    def log_message(self, *a): pass
	    def do_GET(self):
	        with open(scratch + "/asked", "a") as f: f.write(self.headers["Host"] + self.path + "\n")
	        if os.path.exists(scratch + "/flood"):
	            self.send_response(200); self.end_headers()
	            try:
	                while True: self.wfile.write(b"x" * 65536)
	            except OSError: return
	        if os.path.exists(scratch + "/elsewhere"):
	            self.send_response(302); self.send_header("Location", "https://example.net/key"); self.send_header("Content-Length", "0"); self.end_headers(); return
	        super().do_GET()
	def serve(name):
	    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
	    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(scratch + "/server-%s.pem" % name, scratch + "/server-%s.key" % name)
	    s.socket = c.wrap_socket(s.socket, server_side=True)
	    threading.Thread(target=s.serve_forever, daemon=True).start()
	    return s.server_address[1]
	ports = {"ca": serve("ca"), "other": serve("other")}
	def pump(a, b):
	    try:
	        while data := a.recv(65536): b.sendall(data)
	        b.shutdown(socket.SHUT_WR)
	    except OSError: pass
	def tunnel(c):
	    head = b""
	    while b"\r\n\r\n" not in head: head += c.recv(4096)
	    to = head.split()[1].decode()
	    with open(scratch + "/tunnels", "a") as f: f.write(to + "\n")
	    if to.startswith("openpgpkey.direct"):
	        c.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"); c.close(); return
	    s = socket.create_connection(("127.0.0.1", ports["other" if "example.net" in to else "ca"]))
	    c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
	    threading.Thread(target=pump, args=(s, c), daemon=True).start()
	    pump(c, s)
	p = socket.create_server(("127.0.0.1", 0))
	with open(scratch + "/port.new", "w") as f: f.write(str(p.getsockname()[1]))
	os.rename(scratch + "/port.new", scratch + "/port")
	while True: threading.Thread(target=tunnel, args=(p.accept()[0],), daemon=True).start()
END
spawn servers python3 "$scratch/servers.py" "$scratch"
wait_for test -s "$scratch/port"
https_proxy=http://127.0.0.1:$(cat "$scratch/port")
export https_proxy
unset no_proxy NO_PROXY all_proxy

dsar init >/dev/null
case_new() { printf '%s\n' "$1" | dsar case new --article 15 --lang en --address - | tail -n 1; }
publish() { # FOLDER HASH ADDRESS-OF-THE-KEY
	mkdir -p "$scratch/www/.well-known/openpgpkey/$1"
	anna --export "$3" >"$scratch/www/.well-known/openpgpkey/$1/$2"
}
anna --passphrase '' --quick-gen-key 'Joe <joe.doe@example.org>' future-default
anna --passphrase '' --quick-gen-key 'Ben <ben@direct.example>' future-default
joe=$(fpr_of joe.doe@example.org)
publish example.org/hu iy9q119eutrkn8s1mk4r39qejnbu3n5q joe.doe@example.org

promise "by the advanced method: a candidate, and neither the address nor the domain in any argument"
c=$(case_new Joe.Doe@example.org)
strace -f -qq -e trace=execve -s 4096 -o "$scratch/execs" "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" key "$c" fetch
dsar --json key "$c" list >"$scratch/list"
[ "$(jq -r '[.fingerprint, .source, .usable, .confirmed] | join(" ")' "$scratch/list")" = "$joe wkd true false" ] || fail "$(cat "$scratch/list")"
has "$scratch/asked" 'openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe'
! grep -iE 'joe|doe|example\.org' "$scratch/execs" || fail "it is in an argument"
has "$scratch/execs" gpg

promise "it is on record that it was fetched, without the address"
sqlite3 "$scratch/register/ledger.db" "SELECT data FROM entry" >"$scratch/ledger"
has "$scratch/ledger" '"what":"fetch"'
has "$scratch/ledger" '"what":"fetched"'
has_not "$scratch/ledger" joe

promise "where the one name does not exist, by the direct method; else not"
publish hu "$(printf ben | openssl sha1 -binary | python3 -c '
import sys
n = int.from_bytes(sys.stdin.buffer.read(), "big")
print("".join("ybndrfg8ejkmcpqxot1uwisza345h769"[n >> 155 - 5 * i & 31] for i in range(32)))')" ben@direct.example
c=$(case_new ben@direct.example)
dsar key "$c" fetch
[ "$(dsar --json key "$c" list | jq -r .fingerprint)" = "$(fpr_of ben@direct.example)" ] || fail "not fetched"
has "$scratch/tunnels" direct.example:443
has_not "$scratch/tunnels" ' example.org:443'

promise "nothing published is said; a key of another address is none; nor is what is no key"
c=$(case_new nobody@example.org)
expect 69 dsar key "$c" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'no key is published'
has_not "$scratch/stderr" nobody
nobody=$(grep -o 'hu/[a-z0-9]*?l=nobody' "$scratch/asked" | sed 's,hu/\(.*\)?.*,\1,')
publish example.org/hu "$nobody" joe.doe@example.org
expect 65 dsar key "$c" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'of another address'
echo 'no key' >"$scratch/www/.well-known/openpgpkey/example.org/hu/$nobody"
expect 65 dsar key "$c" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'there is no key in it'
[ -z "$(dsar key "$c" list)" ] || fail "$(dsar key "$c" list)"

promise "a server without end, one that leads elsewhere, a stranger's certificate, none at all: refused, and soon"
touch "$scratch/flood"
expect 69 timeout 30 "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" key "$c" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'sends too much'
rm "$scratch/flood"
touch "$scratch/elsewhere"
expect 69 dsar key "$c" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'HTTP 302'
rm "$scratch/elsewhere"
d=$(case_new joe@example.net)
expect 69 dsar key "$d" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'does not answer'
has_not "$scratch/asked" example.net
https_proxy=http://127.0.0.1:1 expect 69 dsar key "$d" fetch 2>"$scratch/stderr"

promise "no name of a machine is asked, and a case without an address asks nobody"
d=$(case_new joe@127.0.0.1)
expect 65 dsar key "$d" fetch 2>"$scratch/stderr"
has "$scratch/stderr" 'no key can be looked up'
d=$(dsar case new --article 15 --lang en | tail -n 1)
expect 77 dsar key "$d" fetch 2>"$scratch/stderr"
expect 64 dsar key "$d" fetch joe.doe@example.org 2>"$scratch/stderr"
