#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A day of a conference server, counted by its API and by its log: both come to the same numbers, and
# nothing that is kept says who was counted.
TMPDIR=/dev/shm # who is there may be kept in memory only
. "$(dirname "$0")/lib.sh"
need python3
need sqlite3
need jq
[ "$(stat -f -c %T "$scratch")" = tmpfs ] || skip "needs a tmpfs on /dev/shm"
day() { python3 "$root/tests/e2e/bbb_day.py" "$@"; }
logscrub=$SPARSAM_BIN/logscrub
begin=1795471200000
# The poller is started once a minute; sanitizers make that slow, and the night will do for them.
until=$((begin + 26 * 60 * 60000))
[ "$VARIANT" = release ] || until=$((begin + 5 * 60 * 60000))
mkdir -p "$scratch"/{state,out,prom}

conf() { # NAME ROUND URL CHECKSUM
	cat >"$scratch/$1.conf" <<-CONF
		state_dir = "$scratch/state"
		runtime_dir = "$scratch"
		metrics_dir = "$scratch/prom"
		log_dir = "$scratch/out"
		key_dir = "$scratch/state/keys"
		credential = "$scratch/none"
		source "bbb" { type = "tail" paths = { "$scratch/bbb-web.log" } store = "bbb-web" }
		statistics {
		  node = "bbb1"
		  round = $2
		  api "bbb1" { url = "$3" checksum = "$4" secret = "$scratch/secret" }
		}
	CONF
}
stats() { "$logscrub" stats -c "$scratch/exact.conf" --since 2026-11-23T00:00:00Z --until 2026-11-26T00:00:00Z "$@"; }

day log >"$scratch/all.log"
day expect >"$scratch/expect.json"
day secrets >"$scratch/secrets"
echo "$begin" >"$scratch/now"
echo sha256 >"$scratch/algorithm"
printf '8cd8ef52e8e101574e400365b55e11a6\n' >"$scratch/secret"
spawn api python3 "$root/tests/e2e/bbb_day.py" serve "$scratch"
wait_for test -s "$scratch/port"
url=http://127.0.0.1:$(cat "$scratch/port")/bigbluebutton/api
conf exact 1 "$url/" sha256
conf rounded 5 "$url" sha256

promise "before anything is counted, it says so"
expect 69 "$logscrub" stats -c "$scratch/exact.conf" 2>"$scratch/stderr"
has "$scratch/stderr" 'nothing has been counted yet'

promise "the checksum is right in all four algorithms, and only with the right secret"
for sum in sha1 sha256 sha384 sha512; do
	echo $sum >"$scratch/algorithm"
	conf sum 1 "$url" $sum
	"$logscrub" stats --poll -c "$scratch/sum.conf" >"$scratch/polled"
	has "$scratch/polled" 'bbb1: meetings 0'
done
echo sha1 >"$scratch/algorithm"
expect 77 "$logscrub" stats --poll -c "$scratch/exact.conf" 2>"$scratch/stderr"
has "$scratch/stderr" 'does not accept the checksum'
echo sha256 >"$scratch/algorithm"

promise "the secret may come as a credential, and may not be readable for others"
mkdir "$scratch/credentials"
printf '  8cd8ef52e8e101574e400365b55e11a6' >"$scratch/credentials/bbb"
chmod 440 "$scratch/credentials/bbb"
sed 's,secret = "[^"]*",secret = "bbb",' "$scratch/exact.conf" >"$scratch/credential.conf"
CREDENTIALS_DIRECTORY=$scratch/credentials "$logscrub" stats --poll -c "$scratch/credential.conf" >/dev/null
expect 78 "$logscrub" stats --poll -c "$scratch/credential.conf" 2>"$scratch/stderr"
has "$scratch/stderr" 'no credential was given'
chmod 644 "$scratch/secret"
expect 77 "$logscrub" stats --poll -c "$scratch/exact.conf" 2>"$scratch/stderr"
chmod 600 "$scratch/secret"

promise "an API that is not there, or says no, is a service that is unavailable"
conf gone 1 "http://127.0.0.1:1/bigbluebutton/api" sha256
expect 69 "$logscrub" stats --poll -c "$scratch/gone.conf" 2>"$scratch/stderr"
has "$scratch/stderr" 'cannot be reached'
conf gone 1 "${url%/bigbluebutton*}/elsewhere" sha256
expect 77 "$logscrub" stats --poll -c "$scratch/gone.conf" 2>"$scratch/stderr"

promise "a runtime_dir on a disk is refused for who is there"
disk=$(mktemp -d /var/tmp/sparsam.XXXXXX)
if [ "$(stat -f -c %T "$disk")" = tmpfs ]; then
	echo "(there is no disk here)"
else
	sed "s,^runtime_dir.*,runtime_dir = \"$disk\"," "$scratch/exact.conf" >"$scratch/disk.conf"
	expect 78 "$logscrub" stats --poll -c "$scratch/disk.conf" 2>"$scratch/stderr"
	has "$scratch/stderr" 'not in memory'
	[ -z "$(ls -A "$disk")" ] || fail "something was written"
fi
rmdir "$disk"
rm -rf "$scratch"/state/* "$scratch"/census-* "$scratch"/prom/*

promise "the API is asked each minute of the day, by a poller that is killed now and then"
day poll "$scratch" "$logscrub" "$scratch/exact.conf" "$begin" "$until" 2>"$scratch/poll.log"

# compare WAY PEAK...: the hours of the JSON are those expected; PEAK names the expectation for peaks
compare() {
	stats --json --by hour --way "$1" >"$scratch/$1.json"
	jq -S --argjson from $((begin / 1000)) --argjson until $((until / 1000)) --arg way "$1" --arg peaks "$2" '
		with_entries(select((.key | tonumber) >= $from and (.key | tonumber) < $until) | .value |= (
			{meetings, participants, breakouts, meeting_minutes, participant_minutes,
			 peak_participants: .[$peaks + "peak_participants"], peak_meetings: .[$peaks + "peak_meetings"]}
			+ if $way == "api" then {} else {} end))' "$scratch/expect.json" >"$scratch/$1.wanted"
	jq -S -s --argjson until $((until / 1000)) '
		map(select(.period == "hour" and (.from | fromdate) < $until) | {key: (.from | fromdate | tostring), value: (
			{meetings, participants, breakouts, meeting_minutes, participant_minutes, peak_participants, peak_meetings})})
		| map(select(.value | add > 0)) | from_entries' "$scratch/$1.json" >"$scratch/$1.got"
	jq -S 'map_values(select(add > 0))' "$scratch/$1.wanted" >"$scratch/$1.wanted.some"
	same "$scratch/$1.wanted.some" "$scratch/$1.got"
}

promise "by the API, each hour has the meetings, people and minutes that there were, and the peaks at its marks"
compare api ""
jq -s 'map(select(.period == "hour")) | [(map(.microphone_minutes) | add), (map(.camera_minutes) | add), (map(.peak_microphones) | max),
	(map(.peak_cameras) | max)]' "$scratch/api.json" >"$scratch/media.got"
jq --argjson until $((until / 1000)) 'with_entries(select((.key | tonumber) < $until)) | map(.) | [(map(.microphone_minutes) | add),
	(map(.camera_minutes) | add), (map(.peak_microphones) | max), (map(.peak_cameras) | max)]' "$scratch/expect.json" >"$scratch/media.wanted"
same "$scratch/media.wanted" "$scratch/media.got"

promise "the service counts the same day's lines, killed in the middle"
half=$(($(wc -l <"$scratch/all.log") / 2))
written() { [ "$(wc -l <"$scratch/out/bbb-web.log")" -ge "$1" ]; }
head -n "$half" "$scratch/all.log" >"$scratch/bbb-web.log"
spawn run "$logscrub" run -c "$scratch/exact.conf"
first=$!
wait_for written "$half"
kill -KILL "$first"
wait_gone "$first"
tail -n +$((half + 1)) "$scratch/all.log" >>"$scratch/bbb-web.log"
spawn run2 "$logscrub" run -c "$scratch/exact.conf"
second=$!
wait_for written "$(wc -l <"$scratch/all.log")"
kill -TERM "$second"
wait "$second" || fail "the service ended with $?"
until=$((begin + 26 * 60 * 60000)) # the log has all of it

promise "by the log, they are the same, and peaks are those at any time"
compare log exact_
if [ "$VARIANT" = release ]; then
	for way in api log; do
		jq -S -c 'select(.period == "all") | {meetings, participants, breakouts, meeting_minutes, participant_minutes}' \
			"$scratch/$way.json" >"$scratch/$way.all"
	done
	same "$scratch/api.all" "$scratch/log.all"
	echo "both: $(cat "$scratch/api.all")"
fi

promise "what leaves is rounded, on the terminal, as JSON, for a browser and for Prometheus"
rounded() { "$logscrub" stats -c "$scratch/rounded.conf" --since 2026-11-23 --until 2026-11-26 "$@"; }
echo "$((begin + 30000))" >"$scratch/now"
"$logscrub" stats --poll -c "$scratch/rounded.conf" >"$scratch/poll.txt"
rounded --by hour >"$scratch/rounded.txt"
rounded --by hour --json >"$scratch/rounded.json"
rounded --by day --html >"$scratch/rounded.html"
cp "$scratch/prom/sparsam_statistics.prom" "$scratch/rounded.prom"
! jq -c 'del(.v, .polls, .rounded_to) | .[] | numbers | select(. % 5 != 0)' "$scratch/rounded.json" | grep . ||
	fail "a number is not rounded"
! grep -v -e '^#' -e counted_seconds "$scratch/rounded.prom" | awk '$2 % 5 { print; found = 1 } END { exit !found }' >&2 ||
	fail "a number is not rounded"
! sed 's/^[^:]*://' "$scratch/poll.txt" | grep -oE '[0-9]+' | grep -vE '[05]$' || fail "a number is not rounded"
! grep -oE '<td>[0-9]+' "$scratch/rounded.html" | grep -vE '[05]$' || fail "a number is not rounded"
! tail -n +3 "$scratch/rounded.txt" | grep -E '^2026' | cut -c 17- | grep -oE '[0-9]+' | grep -vE '[05]$' || fail "a number is not rounded"
has "$scratch/rounded.txt" 'rounded to a multiple of 5'
has "$scratch/rounded.prom" 'Rounded to multiples of 5.'
grep -q '####' "$scratch/rounded.txt" || fail "no bars"

promise "the page is one file that asks for nothing and runs nothing"
python3 - "$scratch/rounded.html" <<'PY'
import html.parser, sys, xml.dom.minidom, re
text = open(sys.argv[1]).read()
assert text.count("<svg") == 2 and text.count("<rect") > 1 and "<title>2026-11-24: " in text
assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|javascript:|\son\w+=", text)
for svg in re.findall(r"<svg.*?</svg>", text, re.S):
    xml.dom.minidom.parseString(svg)
xml.dom.minidom.parseString(re.search(r"<table>.*?</table>", text, re.S).group())
PY
"$logscrub" --lang de stats -c "$scratch/rounded.conf" --since 2026-11-23 --until 2026-11-26 --html >"$scratch/de.html"
has "$scratch/de.html" '<html lang="de">'

promise "days are those of the time zone"
TZ=Europe/Berlin "$logscrub" stats -c "$scratch/exact.conf" --since 2026-11-20 --by day --json >"$scratch/berlin.json"
has "$scratch/berlin.json" '"from":"2026-11-23T23:00:00'

promise "nothing that is kept says who was counted: not to the detectors, not to a search for what was planted"
sqlite3 "$scratch/state/statistics.db" .dump >"$scratch/state/dump.sql"
"$logscrub" stats -c "$scratch/exact.conf" --since 2026-11-20 --by hour >"$scratch/state/exact.txt"
kept=("$scratch"/state/statistics.db "$scratch"/state/dump.sql "$scratch"/state/exact.txt "$scratch"/census-* "$scratch"/rounded.*
	"$scratch"/*.json "$scratch"/run*.log "$scratch"/poll.log "$scratch"/stderr)
[ -s "$scratch/census-api-bbb1" ] || fail "there is nothing to look at"
for f in "${kept[@]}"; do
	[ ! -s "$f" ] || [ "${f##*.}" = conf ] || expect 0 "$logscrub" detect --uuid "$f"
done
python3 - "$scratch/secrets" "${kept[@]}" <<'PY'
import base64, sys, urllib.parse
secrets = [s.encode() for s in open(sys.argv[1], newline="\n").read().split("\n") if len(s) > 3]
assert len(secrets) > 500
for path in sys.argv[2:]:
    data = open(path, "rb").read().lower()
    for s in secrets:
        forms = {s, urllib.parse.quote(s).encode(), s.hex().encode(), base64.b64encode(s)[: len(s) // 3 * 4]}
        if s.count(b"-") == 1 and len(s) == 54:
            forms |= {s[:40], bytes.fromhex(s[:40].decode())}
        for f in forms:
            assert f.lower() not in data, (path, f)
PY
has_not "$scratch/state/dump.sql" evil

promise "the database has numbers and the node's name, and no column for anything else"
sqlite3 "$scratch/state/statistics.db" "SELECT DISTINCT node, way FROM hour UNION SELECT node, way FROM now" >"$scratch/names"
printf 'bbb1|api\nbbb1|log\n' >"$scratch/names.wanted"
same "$scratch/names.wanted" "$scratch/names"
sqlite3 "$scratch/state/statistics.db" "SELECT name FROM pragma_table_info('hour') WHERE type != 'INTEGER'" | sort >"$scratch/columns"
printf 'node\nway\n' >"$scratch/columns.wanted"
same "$scratch/columns.wanted" "$scratch/columns"
