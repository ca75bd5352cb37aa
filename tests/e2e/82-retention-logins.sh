#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wtmp, btmp and lastlog are aged record by record while programs write to them, as libc does and as sshd does; last(1) reads what is left.
. "$(dirname "$0")/lib.sh"
need gpg
need last
need python3
. "$root/tests/e2e/retention.sh"
log=$scratch/log
mkdir "$log"
sed "s|/var/log|$log|g" "$root/conf/stores.d/login-records.conf" >"$scratch/stores.d/login-records.conf"
# 0, or 1 where there is something to look at
age() { run run --store "$1" >"$scratch/out" 2>"$scratch/run.log" || [ $? -eq 1 ] || fail "$1: $(cat "$scratch/run.log")"; }
cat >"$scratch/logins.py" <<'PY'
import ctypes, os, struct, sys, time
size = len(struct.pack("hi32s4s32s256shhiii4i20s", *[0, 0, b"", b"", b"", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0, b""]))
libc = ctypes.CDLL(None)
def record(user, ago, host="192.0.2.7"):
    t = int(time.time() - ago * 86400)
    return struct.pack("hi32s4s32s256shhiii4i20s", 7, os.getpid(), b"pts/1", b"ts/1", user.encode(), host.encode(), 0, 0, 0, t, 0,
        int.from_bytes(bytes([192, 0, 2, 7]), "little"), 0, 0, 0, b"")
def libc_append(path, r): # opens, locks, looks for the end, writes
    buf = ctypes.create_string_buffer(r, size)
    libc.updwtmpx(path.encode(), buf)
def sshd_append(path, r): # as OpenSSH's loginrec.c: no lock
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    assert os.write(fd, r) == size
    os.close(fd)
def users(path):
    with open(path, "rb") as f:
        data = f.read()
    assert len(data) % size == 0, "a torn record"
    every = [data[i:i + size] for i in range(0, len(data), size)]
    return [r[44:76].rstrip(b"\0").decode() for r in every if any(r)]
PY
py() { PYTHONPATH=$scratch python3 "$@"; }
users() { py -c 'import sys, logins; print("\n".join(logins.users(sys.argv[1])))' "$1"; }
fill() { # FILE NAME N AGO : N records, AGO days old
	py - "$@" <<-'PY'
		import sys, logins
		path, name, n, ago = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
		with open(path, "ab") as f:
		    for i in range(n): f.write(logins.record(f"{name}{i}", ago))
	PY
}
[ "$(py -c 'import logins; print(logins.size)')" -eq 384 ] || skip "needs this machine's records of logins to be as on amd64"

promise "past records go from the file that is written to, the others stay, and last(1) reads it"
fill "$log/wtmp" old 100 8
fill "$log/wtmp" young 10 2
fill "$log/btmp" hunter2- 40 9
chmod 640 "$log/wtmp"
inode=$(stat -c %i "$log/wtmp")
run init >/dev/null
run run --dry-run --store login-records --json >"$scratch/plan"
[ "$(jq -s 'map(select(.action == "cut" or .action == "blank") | .records) | add' "$scratch/plan")" -eq 140 ] || fail "$(cat "$scratch/plan")"
age login-records
[ "$(stat -c %i:%a "$log/wtmp")" = "$inode:640" ] || fail "another file"
users "$log/wtmp" | diff <(printf 'young%s\n' {0..9}) - >&2 || fail "not what should be left"
last -w -f "$log/wtmp" >"$scratch/last"
[ "$(grep -c ^young "$scratch/last")" -eq 10 ] || fail "$(cat "$scratch/last")"
has_not "$log/wtmp" old
has_not "$log/btmp" hunter2
case $(stat -f -c %T "$log") in
ext2/ext3 | xfs) [ "$(stat -c %s "$log/wtmp")" -le $((41 * 384)) ] || fail "it has not shrunk" ;;
*) has "$scratch/run.log" "keeps its size" ;;
esac

promise "rotated files, packed ones too, lose their past records, and go when all are past"
fill "$log/wtmp.1" gone 5 8
touch -d '-8 days' "$log/wtmp.1"
fill "$log/btmp.1" gone 5 8
fill "$log/btmp.1" kept 5 1
fill "$log/wtmp-20261101" gone 5 8
fill "$log/wtmp-20261101" kept 5 1
gzip "$log/wtmp-20261101"
age login-records
[ ! -e "$log/wtmp.1" ] || fail "it is still there"
users "$log/btmp.1" | diff <(printf 'kept%s\n' {0..4}) - >&2 || fail "btmp.1"
gunzip "$log/wtmp-20261101.gz"
users "$log/wtmp-20261101" | diff <(printf 'kept%s\n' {0..4}) - >&2 || fail "the packed one"

promise "what a hold covers stays, also when logrotate takes the file away, and goes when it ends"
fill "$log/btmp" evil 5 8
fill "$log/btmp" other 5 8
id=$(echo evil | run hold add --incident T-1 --reason attack --owner ops --expires +30d --store login-records --from -)
age login-records
users "$log/btmp" | diff <(printf 'evil%s\n' {0..4}) - >&2 || fail "not what is held"
rm "$log/btmp"
run hold show "$id" --records >"$scratch/shown"
[ "$(grep -c evil "$scratch/shown")" -eq 5 ] || fail "$(cat "$scratch/shown")"
has "$scratch/shown" 192.0.2.7
run hold release "$id"
age login-records
[ -z "$(find "$scratch/state/hold/login-records" -type f)" ] || fail "copies are left"

promise "lastlog: a user's last login goes from its place, younger ones stay, and its holes stay holes"
py - "$log/lastlog" <<-'PY'
	import struct, sys, time
	with open(sys.argv[1], "wb") as f:
	    for uid, ago in ((0, 1), (1000, 8), (1001, 3), (4000000, 30)):
	        f.seek(uid * 292)
	        f.write(struct.pack("i32s256s", int(time.time() - ago * 86400), b"pts/1", f"host{uid}.example".encode()))
PY
blocks=$(stat -c %b "$log/lastlog")
age last-logins
has "$log/lastlog" host0.example
has "$log/lastlog" host1001.example
has_not "$log/lastlog" host1000.example
has_not "$log/lastlog" host4000000.example
[ "$(stat -c %b "$log/lastlog")" -le "$blocks" ] || fail "it has grown"

# race FOLDER : a writer of each kind, while their files are cut. Not both into one: libc's write lands on what sshd has appended since
# libc looked for the end, with or without us.
race() {
	local dir=$1 kind
	sed -i "s|$log|$dir|g" "$scratch/stores.d/login-records.conf"
	log=$dir
	fill "$log/wtmp" old 100 8
	fill "$log/btmp" old 100 8
	for kind in libc:wtmp sshd:btmp; do
		spawn "${kind%:*}" env PYTHONPATH="$scratch" python3 -c '
import sys, logins
kind, path = sys.argv[1:]
append = logins.libc_append if kind == "libc" else logins.sshd_append
for i in range(6000):
    append(path, logins.record(f"{kind}{i}", 0))
    if i % 100 == 0: append(path, logins.record(f"stale{i}", 9))
' "${kind%:*}" "$log/${kind#*:}"
	done
	until is_gone "${spawned[-1]}" && is_gone "${spawned[-2]}"; do
		age login-records
	done
	age login-records
	users "$log/wtmp" | diff <(printf 'libc%s\n' {0..5999}) - >"$scratch/diff" || fail "libc: $(wc -l <"$scratch/diff") records differ: $(head -n 3 "$scratch/diff")"
	users "$log/btmp" | diff <(printf 'sshd%s\n' {0..5999}) - >"$scratch/diff" || fail "sshd: $(wc -l <"$scratch/diff") records differ: $(head -n 3 "$scratch/diff")"
}

promise "no record of a live writer is lost, locked as libc does or appended as sshd does"
mkdir "$scratch/here"
race "$scratch/here"
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then # where a head cannot be taken out
	shm=$(mktemp -d /dev/shm/sparsam.XXXXXX)
	at_end() { rm -rf "$shm"; }
	race "$shm"
fi
