#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a journal a person is looked for in the values, not in the entries: what is found is what a reader of each entry finds.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
remote=/lib/systemd/systemd-journal-remote
[ -x "$remote" ] || skip "needs systemd-journal-remote"
dsar() { "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }
register=$scratch/state/register/register.db
hide_shipped_stores
cat >>"$conf" <<END
store "journal" {
  type = "journal" paths = { "$scratch/logs/*.journal" } category = "log-and-system-data" period = "30d"
  subject "uid" { field = "_UID" }
}
END
mkdir "$scratch/logs"
write() { # COMPACT : a second file has other times, or its entries would be the same records
	python3 - "$1" <<'END'
import random, struct, sys, time
rnd, out = random.Random(94), sys.stdout.buffer
forms = ["anna@example.org", "Anna@Example.ORG", "anna%40example.org", "anna+x@example.org", "<anna@example.org>",
         "joanna@example.org", "anna@example.organic", "anna at example.org", "203.0.113.7", "1203.0.113.7", "203.0.113.71",
         "\u00c4nne Muster", "\\u00e4nne muster", "nobody"]
begin = (int(time.time()) - 86400 - 3600 * int(sys.argv[1])) * 1000000
for i in range(6000):
    text = "%s %d " % (rnd.choice(forms) if rnd.random() < .03 else "a line", i)
    if rnd.random() < .1: # what journald packs
        text = "x" * rnd.randrange(2000) + " " + text + "line " * rnd.randrange(500)
    data = text.encode()
    out.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n_UID=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n%s%s\n\n" % (
        begin + i * 1000, i + 1, 1, 1000 + i % 40, rnd.choice(["app", "anna@example.org", "x"] + ["y"] * 60).encode(), struct.pack("<Q", len(data)), data))
END
}
for compact in 0 1; do
	write $compact >"$scratch/export"
	SYSTEMD_JOURNAL_COMPACT=$compact "$remote" -o "$scratch/logs/c$compact.journal" - <"$scratch/export" 2>/dev/null
done
"$retention" init -c "$conf" >/dev/null
dsar init >/dev/null
case_of() { # KIND VALUE...
	local case
	case=$(dsar case new --article 15 --lang en | tail -n 1)
	while [ $# -gt 0 ]; do
		printf %s "$2" | dsar subject "$case" add "$1"
		shift 2
	done
	echo "$case"
}
search() { # CASE : places and digests go to $scratch/CASE
	dsar --json search "$1" >"$scratch/json"
	[ "$(jq -r 'select(.case) | .complete' "$scratch/json")" = true ] || fail "$(cat "$scratch/json")"
	sqlite3 "$register" "SELECT place, offset, time_us, hex(digest) FROM finds WHERE number = '$1' ORDER BY 1, 2" >"$scratch/$1"
}

promise "all entries are found, packed ones, too, at the same place as by a reader of each"
all=(email anna@example.org ip 203.0.113.7 name 'änne muster')
quick=$(case_of "${all[@]}")
slow=$(case_of "${all[@]}" pattern 'stands-nowhere-[0-9]{40}') # of which nobody knows what a text has to have
search "$quick"
search "$slow"
same "$scratch/$quick" "$scratch/$slow"
[ "$(grep -c . "$scratch/$quick")" -gt 300 ] || fail "only $(grep -c . "$scratch/$quick") were found"

promise "a user's number is found by the index of its field, as journalctl finds it, and nowhere else"
number=$(case_of uid 1007)
search "$number"
n=$(journalctl -q -D "$scratch/logs" _UID=1007 -o cat --output-fields=_UID | wc -l)
[ "$n" -gt 0 ]
[ "$(grep -c . "$scratch/$number")" = "$n" ] || fail "$(grep -c . "$scratch/$number") found, journalctl has $n"

promise "a file that is damaged is not searched, which is told; the others are"
cp "$scratch/logs/c0.journal" "$scratch/logs/c2.journal"
python3 - "$scratch/logs/c2.journal" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    f.seek(136) # where its last object is
    f.seek(struct.unpack("<Q", f.read(8))[0] - 300000)
    f.write(b"\xff" * 100000)
END
expect 69 dsar --json search "$quick" >"$scratch/json"
[ "$(jq -r 'select(.store == "journal") | .answer' "$scratch/json")" = failed ] || fail "$(cat "$scratch/json")"
