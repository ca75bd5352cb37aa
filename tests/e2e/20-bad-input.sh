#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whatever comes in: bounded memory, no crash, nothing raw, and the good lines around it come out.
. "$(dirname "$0")/lib.sh"
conf=$scratch/sparsam.conf
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$conf"
good='203.0.113.77 - - [24/Nov/2026:01:40:29 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/7.88.1"'

# Runs what is in "in" through STORE; it ends with STATUS (0), and its peak of anonymous memory stays
# under 64 MiB.
through() { # STORE WHAT [STATUS]
	local store=$1 pid peak=0 now status=0
	"$SPARSAM_BIN/logscrub" -c "$conf" --store "$store" >"$scratch/out" 2>"$scratch/err" <"$scratch/in" &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		now=$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null || echo 0)
		[ "${now:-0}" -le "$peak" ] || peak=$now
	done
	wait "$pid" || status=$?
	[ "$status" -eq "${3:-0}" ] || fail "exit $status on $2"
	[ "$peak" -lt 65536 ] || fail "$peak kB of anonymous memory on $2"
	has_not "$scratch/out" 203.0.113.77
	has_not "$scratch/err" 203.0.113.77
}

promise "a line of 100 MB is dropped, its neighbours are not"
{
	echo "$good"
	head -c 100000000 /dev/zero | tr '\0' 'x'
	echo " 203.0.113.77"
	echo "$good"
} >"$scratch/in"
through nginx-access "a long line"
[ "$(wc -l <"$scratch/out")" -eq 2 ] || fail "the neighbours of a long line are gone"
has "$scratch/err" "too-long 1"

promise "NUL, invalid UTF-8, control bytes and CR LF"
{
	printf '203.0.113.77 - - [24/Nov/2026:01:40:29 +0000] "GET /\0 203.0.113.77 HTTP/1.1" 200 1 "-" "\0 203.0.113.77"\n'
	printf '203.0.113.77 - \377\376 [24/Nov/2026:01:40:29 +0000] "GET /\303 HTTP/1.1" 200 1 "-" "\001\033[31m"\n'
	printf '%s\r\n' "$good"
} >"$scratch/in"
through nginx-access "control bytes"
[ "$(wc -l <"$scratch/out")" -eq 3 ] || fail "lines with control bytes are lost"
! grep -aqP '[\x00-\x08\x0b-\x1f]' "$scratch/out" || fail "a control byte came out"

promise "binary files, in every store"
head -c 3000000 "$SPARSAM_BIN/logscrub" >"$scratch/in"
for store in nginx-access nginx-error sshd postfix bbb-web bbb-apps-akka journal-rest; do
	through "$store" "a binary file ($store)"
done

promise "lines that make a pattern backtrack do no harm, and one that meets its limit is counted"
{
	printf 'Nov 24 01:40:10 vm sshd[1]: Failed password for '
	for _ in $(seq 20000); do printf 'a from b port 1 ssh2: c '; done
	printf '203.0.113.77\n'
	printf 'Nov 24 01:40:10 vm sshd[1]: Invalid user x from 203.0.113.77 port 5\n'
} >"$scratch/in"
through sshd "a line that backtracks"
[ "$(grep -c 'Invalid user - from ip4:' "$scratch/out")" -eq 1 ] || fail "the line behind it is lost"
mkdir "$scratch/stores.d"
cat >"$scratch/stores.d/slow.conf" <<-'END'
	format "slow" { type = "pattern" pattern = '(?<time>\S+) (?<a>(?:x+x+)+)y (?<ip>\S+)' time = "time" }
	store "slow" {
	  type = "textlog" format = "slow" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  scrub { keep = { "time" } pseudonym = { "ip" } }
	}
END
{
	printf '2026-11-24T01:40:29Z %s 203.0.113.77\n' "$(head -c 200 /dev/zero | tr '\0' x)"
	printf '2026-11-24T01:40:29Z xxy 203.0.113.77\n'
} >"$scratch/in"
through slow "a pattern that doubles with each byte"
[ "$(grep -c '^2026-11-24T01:40:29Z -y ip4:' "$scratch/out")" -eq 1 ] || fail "the line behind it is lost"
has "$scratch/err" "match-limit 1"

promise "JSON bombs"
{
	printf '2024-05-20T14:46:50.902Z INFO  o.b.core2.AnalyticsActor - -- analytics -- '
	head -c 500000 /dev/zero | tr '\0' '['
	printf '203.0.113.77\n2024-05-20T14:46:50.902Z INFO  o.b.core2.AnalyticsActor - -- analytics -- {"envelope":{"name":"EndMeetingSysCmdMsg"}}\n'
} >"$scratch/in"
through bbb-apps-akka "deep JSON"
has "$scratch/out" '{"envelope":{"name":"EndMeetingSysCmdMsg"}}'

promise "an empty input is no failure"
: >"$scratch/in"
through nginx-access "nothing"
[ ! -s "$scratch/out" ] || fail "something came out of nothing"

promise "packed files that are cut short, changed within, or followed by junk: what can be read, and 65"
for i in $(seq 20000); do
	echo "203.0.113.77 - - [24/Nov/2026:01:40:29 +0000] \"GET /$i/$((i * i % 9973)) HTTP/1.1\" 200 $i \"-\" \"curl/7.88.1\""
done >"$scratch/raw"
"$SPARSAM_BIN/logscrub" -c "$conf" --store nginx-access <"$scratch/raw" 2>/dev/null | cut -d ' ' -f 2- >"$scratch/whole"
damage() { # HOW FILE
	python3 - "$1" "$2" <<-'PY'
		import sys
		d = bytearray(open(sys.argv[2], "rb").read())
		n = len(d)
		if sys.argv[1] == "cut": del d[n // 2:]
		elif sys.argv[1] == "changed": d[n * 3 // 4:n * 3 // 4 + 64] = bytes(64)
		else: d += b"203.0.113.77 is no member of it\n" * 99
		open(sys.argv[2], "wb").write(d)
	PY
}
for tool in "gzip" "xz --block-size=200000" "zstd" "bzip2 -1"; do
	for how in cut changed followed; do
		$tool -c "$scratch/raw" >"$scratch/in" 2>/dev/null
		damage $how "$scratch/in"
		through nginx-access "$tool, $how" 65
		# the last line may be the beginning of one
		cut -d ' ' -f 2- "$scratch/out" | sed '$d' >"$scratch/readable"
		n=$(wc -l <"$scratch/readable")
		[ "$n" -ge 2000 ] || fail "$tool, $how: only $n lines"
		head -n "$n" "$scratch/whole" | cmp -s - "$scratch/readable" || fail "$tool, $how: other lines"
	done
done

promise "a packed file that unpacks to a line of 100 MB"
{
	echo "$good"
	head -c 100000000 /dev/zero
	printf '\n%s\n' "$good"
} | zstd -q -c >"$scratch/in"
through nginx-access "a packed bomb"
[ "$(wc -l <"$scratch/out")" -eq 2 ] || fail "the neighbours of a long line are gone"
has "$scratch/err" "too-long 1"
