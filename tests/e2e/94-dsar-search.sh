#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A person asks what is stored about her: her address leads to her account, that to her rooms, and these to log lines.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq

. "$root/tests/e2e/retention.sh"

dsar() { "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }
retention() { "$SPARSAM_BIN/retention" -c "$conf" "$@"; }
finds() { sqlite3 "$scratch/state/register/register.db" "SELECT $1 FROM finds $2"; }

[ "$(id -u)" -eq 0 ] || hide_shipped_stores # of which an ordinary user may not read all
cat >>"$conf" <<END
retention { max_share = 100 }
store "web" {
  type = "textlog" paths = { "$scratch/web.log*" } format = "nginx-combined"
  category = "log-and-system-data" period = "7d"
  scrub { keep = { "time_local", "request", "status" } pseudonym = { "remote_addr" } }
  subject "ip" { field = "remote_addr" pseudonym = true }
}
store "users" {
  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
  sqlite { table = "users" time = "created" }
  subject "email"   { field = "email" }
  subject "account" { field = "id" }
  link    "account" { field = "id" }
}
store "rooms" {
  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
  sqlite { table = "rooms" time = "created" }
  subject "account" { field = "owner" }
  subject "meeting" { field = "meeting" }
  link    "meeting" { field = "meeting" from = "account" }
}
store "shares" {
  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
  sqlite { table = "shares" time = "created" }
  subject "account" { field = "guest" }
  subject "meeting" { field = "meeting" review = true }
  link    "meeting" { field = "meeting" from = "account" review = true }
  link    "account" { field = "guest" from = "meeting" review = true }
}
store "gone" {
  type = "sqlite" paths = { "$scratch/none.db" } category = "account" period = "300d"
  sqlite { table = "t" time = "t" }
}
END
now=$(date +%s)
sqlite3 "$scratch/app.db" <<END
CREATE TABLE users (id TEXT, email TEXT, name TEXT, created INT);
INSERT INTO users VALUES ('u-anna-0001', 'Anna@example.org', 'Anna Muster', $now), ('u-bert-0002', 'bert@example.org', 'Bert', $now);
CREATE TABLE rooms (id INT, owner TEXT, meeting TEXT, created INT);
INSERT INTO rooms VALUES (1, 'u-anna-0001', 'meeting-of-anna', $now), (2, 'u-bert-0002', 'meeting-of-bert', $now);
CREATE TABLE shares (guest TEXT, meeting TEXT, created INT);
INSERT INTO shares VALUES ('u-anna-0001', 'meeting-of-bert', $now), ('u-carl-0003', 'meeting-of-anna', $now);
END
line() { printf '%s - - [%s +0000] "GET %s HTTP/2.0" 200 5 "-" "M"\n' "$1" "$(date -u -d "@$2" +%d/%b/%Y:%H:%M:%S)" "$3"; }
{
	line 203.0.113.7 $((now - 30)) /b/meeting-of-anna
	line 203.0.113.8 $((now - 20)) '/b/x?mail=anna%40example.org'
	line 203.0.113.9 $((now - 10)) /b/meeting-of-bert
	line 203.0.113.11 $((now - 5)) /b/of-nobody-asked
} >"$scratch/web.log"
line 203.0.113.7 $((now - 90000)) /b/meeting-of-anna/old | gzip >"$scratch/web.log.1.gz"
retention init >/dev/null
dsar init >/dev/null
dsar --lang de case new --article 15 >"$scratch/out"

promise "without an identifier there is nothing to search by"
expect 64 dsar search 2026-0001 2>"$scratch/stderr"
year=$(date +%Y)
case=$(cat "$scratch/out")
[ "$case" = "$year-0001" ]

promise "the address leads to account, rooms and log lines, and not to others'"
echo anna@example.org | dsar subject "$case" add email
expect 0 dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "web" or .store == "users" or .store == "rooms" or .store == "shares")
	| [.store, .answer, .found] | join(" ")' "$scratch/found" | sort | tr '\n' ,)" = \
	"rooms found 1,shares found 2,users found 1,web found 3," ] || fail "$(cat "$scratch/found")"
[ "$(jq -r 'select(.case) | [.complete, .held, .waiting] | join(" ")' "$scratch/found")" = "true true 2" ] ||
	fail "$(tail -n 1 "$scratch/found")"
[ "$(finds 'count(*)' "WHERE CAST(text AS TEXT) LIKE '%bert@%'")" = 0 ]

promise "each store answers, also one that is not there"
[ "$(jq -r 'select(.store == "gone") | .answer' "$scratch/found")" = absent ]
[ "$(id -u)" -ne 0 ] || [ "$(jq -r 'select(.store) | .answer' "$scratch/found" | grep -c .)" -gt 40 ]

promise "what is of others, too, is not her own: mentions, shares"
[ "$(finds "group_concat(store || own, ' ')" "WHERE store IN ('users', 'shares', 'rooms') ORDER BY store, own")" != "" ]
[ "$(finds "count(*)" "WHERE own AND store IN ('users', 'rooms')")" = 2 ]
[ "$(finds "count(*)" "WHERE own AND store = 'shares'")" = 1 ] # she is the guest
[ "$(finds "count(*)" "WHERE own AND store = 'web'")" = 0 ]

promise "a path that leaves her own key waits for the officer's word"
dsar --json subject "$case" list >"$scratch/list"
bert=$(jq -r 'select(.value == "meeting-of-bert" and (.own | not)) | .id' "$scratch/list")
[ -n "$bert" ] || fail "$(cat "$scratch/list")"
dsar subject "$case" confirm "$bert"
dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "web") | .found' "$scratch/found")" = 4 ]
dsar subject "$case" drop "$bert"
dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "web") | .found' "$scratch/found")" = 3 ]

promise "pseudonymised lines are found by the tokens of days whose keys live"
"$SPARSAM_BIN/logscrub" -c "$conf" --in-place --store web "$scratch/web.log" 2>/dev/null
has_not "$scratch/web.log" 203.0.113.9
echo 203.0.113.9 | dsar subject "$case" add ip --since "$(date -u -d '1 hour ago' +%FT%TZ)"
dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "web") | .found' "$scratch/found")" = 4 ] || fail "$(grep '"web"' "$scratch/found")"
[ "$(finds "count(*)" "WHERE CAST(text AS TEXT) LIKE '%meeting-of-bert%' AND CAST(text AS TEXT) LIKE 'ip4:%' AND store = 'web'")" = 1 ]

promise "what was found is held against routine deletion until the case is answered"
[ "$(retention --json hold list | jq -r 'select(.state == "in force") | .incident' | sort -u)" = "$case" ] ||
	fail "$(retention --json hold list)"
sed -i 's/period = "7d"/period = "1min"/' "$conf"
retention run >/dev/null 2>&1 || true
[ "$(zcat "$scratch/web.log.1.gz" | grep -c meeting-of-anna)" = 1 ]
[ "$(grep -c meeting-of-bert "$scratch/web.log")" = 1 ]
has_not "$scratch/web.log" of-nobody-asked
sqlite3 "$scratch/state/register/register.db" "UPDATE case_file SET state = 6"
dsar search --settle
[ -z "$(retention --json hold list | jq -r 'select(.state == "in force") | .incident')" ]
sed -i 's/period = "1min"/period = "7d"/' "$conf"
sqlite3 "$scratch/state/register/register.db" "UPDATE case_file SET state = 2"

promise "a store that cannot be searched is named, and the search is not complete"
cp "$scratch/app.db" "$scratch/app.good"
head -c 5000 /dev/urandom >"$scratch/app.db"
expect 69 dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "users") | .answer' "$scratch/found")" = failed ]
[ "$(jq -r 'select(.case) | .complete' "$scratch/found")" = false ]
dsar --json case show "$case" >"$scratch/show"
[ "$(jq -r 'select(.state) | .state' "$scratch/show")" = searching ] || fail "$(cat "$scratch/show")"
cp "$scratch/app.good" "$scratch/app.db"

promise "identifiers that are hostile are refused or are themselves"
hostile() { printf '%b' "$2" | expect "$3" dsar subject "$case" add "$1" 2>>"$scratch/stderr"; }
hostile name 'a\0b' 65
hostile name '\xff\xfe' 65
hostile pattern '(' 65
hostile email 'no address' 65
head -c 65536 /dev/zero | tr '\0' a | expect 65 dsar subject "$case" add name 2>>"$scratch/stderr"
hostile name "Robert'); DROP TABLE finds; --" 0
hostile name '.*' 0
dsar --json search "$case" >"$scratch/found"
[ "$(jq -r 'select(.store == "users") | .found' "$scratch/found")" = 1 ]

promise "no identifier stands in a ledger, an error or another file"
for f in "$scratch/state/ledger.db" "$scratch/state/register/ledger.db" "$scratch/stderr"; do
	has_not "$f" anna@
	has_not "$f" u-anna
done
[ -z "$(find "$scratch/state" -iname '*anna*')" ]

promise "what is given for one case of a letter is given for the others that are not decided, and a slip is refused"
mapfile -t letter < <(dsar case new --article 15 --article 17 --lang en)
echo anna@example.org | dsar subject "${letter[0]}" add email >/dev/null
[ "$(dsar --json subject "${letter[1]}" list | jq -r .kind)" = email ] || fail "the other case has it not"
echo anna@example.org | expect 64 dsar subject "${letter[0]}" add emial 2>"$scratch/err"
has "$scratch/err" 'not a kind of identifier'
