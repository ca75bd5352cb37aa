#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What names a person is nowhere but in the register and in what was asked for: strace(1) sees every program's
# arguments and environment, every name of a file, and everything that is written.
. "$(dirname "$0")/lib.sh"
need_root # nobody else may look into a program that leaves no core dump
need strace
need sqlite3
need jq

. "$root/tests/e2e/retention.sh"

hide_shipped_stores # of which an ordinary user may not read all
cat >"$scratch/stores.d/t.conf" <<-EOF
	store "web" {
	  type = "textlog" paths = { "$scratch/web.log*" } format = "nginx-combined"
	  category = "log-and-system-data" period = "7d"
	  subject "ip" { field = "remote_addr" }
	}
	store "users" {
	  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
	  sqlite { table = "users" time = "created" }
	  subject "email" { field = "email" }
	  subject "account" { field = "id" }
	  link "account" { field = "id" }
	}
EOF
sqlite3 "$scratch/app.db" "CREATE TABLE users (id TEXT, email TEXT, name TEXT, created INT);
	INSERT INTO users VALUES ('u-anna-0001', 'anna@example.org', 'Anna Muster', $(date +%s))"
printf '203.0.113.7 - - [%s +0000] "GET /u/u-anna-0001 HTTP/2.0" 200 5 "-" "M"\n' "$(date -u +%d/%b/%Y:%H:%M:%S)" | tee "$scratch/web.log" | gzip >"$scratch/web.log.1.gz"
run init >/dev/null
"$SPARSAM_BIN/dsar" -c "$conf" init >/dev/null

# Each command under strace; what it says goes to a file of its own.
dsar() {
	strace -f -qq -y -v -s 1000000 -o "$scratch/trace.$((++n_traces))" -e trace=execve,%file,memfd_create,write,writev,pwrite64,pwritev,sendto,sendmsg \
		"$SPARSAM_BIN/dsar" -c "$conf" "$@" >"$scratch/said" 2>>"$scratch/stderr"
}
n_traces=0

promise "a request goes all its way"
dsar case new --article 15 --lang de
case=$(cat "$scratch/said")
echo "known by her voice" | dsar identity "$case" --by-hand
printf 'anna@example.org\n' | dsar subject "$case" add email
printf '203.0.113.7\n' | dsar subject "$case" add ip
dsar search "$case"
dsar --json review "$case" --list
mapfile -t found < <(jq .find "$scratch/said")
[ "${#found[@]}" -ge 2 ] || fail "$(cat "$scratch/said" "$scratch/stderr")"
dsar review "$case" --keep "${found[@]}"
dsar export "$case" --to "$scratch/answer.zip"
dsar answer "$case" "$scratch/answer.zip"
dsar search --settle
dsar case close "$case"

promise "what was written in clear went into the register alone, and into what was asked for"
python3 - "$scratch" >"$scratch/clear" <<-'END_OF_LOOK'
	import glob, re, sys
	scratch = sys.argv[1]
	person = re.compile(r"anna@example\.org|203\.0\.113\.7(?!\d)|u-anna-0001|Anna Muster")
	allowed = re.compile(r"^(write|writev|pwrite64|pwritev|sendto|sendmsg)\(\d+<(%s/state/register/register\.db(-journal)?|%s/said|pipe:|socket:|UNIX)" % (re.escape(scratch), re.escape(scratch)))
	in_register = 0
	for path in glob.glob(scratch + "/trace.*"):
	    for line in open(path, errors="replace"):
	        call = line.split(None, 1)[1] if line[:1].isdigit() else line
	        if person.search(call):
	            if allowed.match(call):
	                in_register += "register.db" in call
	            else:
	                print(call[:200])
	if in_register == 0:
	    print("nothing was seen in the register: this watch sees nothing")
END_OF_LOOK
[ ! -s "$scratch/clear" ] || fail "$(cat "$scratch/clear")"

promise "nor is it in what was said on standard error, or left in a file beside the register"
! grep -E 'anna@|203\.0\.113\.7|u-anna|Anna' "$scratch/stderr" || fail "an error names her"
! grep -rlaE 'anna@example|203\.0\.113\.7|u-anna-0001' "$scratch/state" || fail "she is left in the state after her case was closed"

promise "none of dsar's programs may leave a core dump"
grep -lE 'prlimit64\(0, RLIMIT_CORE|setrlimit\(RLIMIT_CORE|prctl\(PR_SET_DUMPABLE' <(strace -f -e trace=prlimit64,setrlimit,prctl "$SPARSAM_BIN/dsar" -c "$conf" case list 2>&1) >/dev/null || fail "core dumps are on"
