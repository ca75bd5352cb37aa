#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Entries are dropped from random journals of every layout by `retention journal drop`, without a configuration or a
# ledger; journalctl says what should be left, cursors included, and what is.
. "$(dirname "$0")/lib.sh"
need python3
writer=/lib/systemd/systemd-journal-remote
[ -x "$writer" ] || skip "needs systemd-journal-remote"
. "$root/tests/e2e/journal.sh"

write() { # SEED ENTRIES HUGE COMPACT KEYED FILE [MUCH]
	python3 "$random" make "$1" "$2" "$3" "${7:-0}" >"$scratch/random.export"
	SYSTEMD_JOURNAL_COMPACT=$4 SYSTEMD_JOURNAL_KEYED_HASH=$5 "$writer" -o "$6" "$scratch/random.export" 2>/dev/null
	rm "$scratch/random.export"
	[ "$(find "${6%/*}" -name '*.journal' | wc -l)" -eq 1 ] || fail "more than one file"
}

seed=0
for compact in 0 1; do
	for keyed in 0 1; do
		promise "compact $compact, keyed hash $keyed: what does not match is as it was, cursor and all"
		mkdir "$scratch/journal"
		file=$scratch/journal/a.journal
		write $((++seed)) 1500 1 $compact $keyed "$file"
		judge -q --file="$file" -o cat --output-fields=MESSAGE | grep -ao '^gone-[0-9a-f]*' >"$scratch/gone"
		[ "$(wc -l <"$scratch/gone")" -gt 100 ] || fail "a bad test"
		id=$(od -An -tx1 -j24 -N16 "$file")
		chmod 640 "$file"
		oracle "$file" _SYSTEMD_UNIT=gone.service
		[ "$(od -An -tx1 -j24 -N16 "$file")" = "$id" ] || fail "another file id"
		[ "$(od -An -tu1 -j16 -N1 "$file")" -eq 2 ] || fail "not archived"
		[ "$(stat -c %a "$file")" = 640 ] || fail "another mode"

		promise "compact $compact, keyed hash $keyed: nothing that was theirs alone is in the file"
		! grep -qaF -f "$scratch/gone" "$file" || fail "a dropped text lies in the file"
		oracle "$file" _UID=1007 _UID=1008 PRIORITY=6
		oracle "$file" MESSAGE='alone 1'
		[ $compact$keyed != 11 ] || oracle "$file" TAG=tag3
		oracle "$file" EMPTY=
		rm -r "$scratch/journal"
	done
done

promise "50 MB of them, by what goes, with cursors: as journalctl says"
bytes=0
for layout in '0 0' '0 1' '1 0' '1 1'; do
	mkdir "$scratch/journal"
	file=$scratch/journal/a.journal
	# shellcheck disable=SC2086 # two words
	write $((++seed)) 3200 2 $layout "$file" 7000
	bytes=$((bytes + $(stat -c '%b * 512' "$file")))
	oracle "$file" _UID="$((1000 + seed))" PRIORITY=1 PRIORITY=2 PRIORITY=3
	has "$scratch/found.json" __CURSOR
	rm -r "$scratch/journal"
done
[ "$bytes" -gt 50000000 ] || fail "only $bytes bytes"

promise "a reader with a cursor goes on as if nothing had happened, also where the entry itself is gone"
mkdir "$scratch/journal"
file=$scratch/journal/a.journal
write 9 2000 0 1 1 "$file"
cursors() { judge -q --file="$file" -o json | jq -r "select(._SYSTEMD_UNIT $1 \"gone.service\") | .__CURSOR" | sed -n 50p; }
stays=$(cursors '!=')
gone=$(cursors '==')
from() { judge -q --file="$file" "$@" -o json --all | jq -cS 'select(._SYSTEMD_UNIT != "gone.service")'; }
from --after-cursor="$stays" >"$scratch/stays"
from --cursor="$gone" >"$scratch/gone" # --after-cursor passes over one more where its own is not there
if [ ! -s "$scratch/stays" ] || [ ! -s "$scratch/gone" ]; then fail "a bad test"; fi
drop _SYSTEMD_UNIT=gone.service --file "$file" >/dev/null
from --after-cursor="$stays" | cmp - "$scratch/stays" || fail "another way on"
from --cursor="$gone" | cmp - "$scratch/gone" || fail "another way on"

promise "times, tokens, not, and or: as asked"
before() { judge -q --file="$file" -o json --all | jq -cS .; }
before >"$scratch/all"
at=$(sed -n 700p "$scratch/all" | jq -r '.__REALTIME_TIMESTAMP | tonumber / 1000000 | floor | todate')
jq -c --arg at "$at" 'select((.__REALTIME_TIMESTAMP | tonumber) >= ($at | fromdate) * 1000000)' "$scratch/all" >"$scratch/wanted"
drop --until "$at" --file "$file" >/dev/null
before | cmp - "$scratch/wanted" || fail "--until"
jq -c 'select((.PRIORITY == "5" and ._SYSTEMD_UNIT != "unit3.service" or .PRIORITY == "1" and ._TRANSPORT == "journal") | not)' \
	"$scratch/wanted" >"$scratch/wanted2"
drop PRIORITY=5 '!_SYSTEMD_UNIT=unit3.service' + PRIORITY=1 _TRANSPORT=journal --file "$file" >/dev/null
jq -c 'select(.PRIORITY == null or true)' "$scratch/wanted2" >"$scratch/wanted3"
before | cmp - "$scratch/wanted3" || fail "and, or, not"
token=$(jq -r 'select(.MESSAGE | type == "string") | .MESSAGE | select(startswith("text ")) | .[5:12]' "$scratch/wanted3" | sed -n 40p)
printf '%s\n' "$token" | drop --tokens - --file "$file" >"$scratch/drop.log"
before >"$scratch/found"
! grep -aF "$token" "$scratch/found" >/dev/null || fail "the token is left"
[ "$(wc -l <"$scratch/found")" -ge $(($(wc -l <"$scratch/wanted3") - 5)) ] || fail "too much went with a token"

promise "of which nothing is dropped is not touched, and a dry run changes nothing"
stat -c '%i %s %Y %Z' "$file" >"$scratch/stat"
stat -c '%Y %Z' "$scratch/journal" >>"$scratch/stat"
drop _SYSTEMD_UNIT=none.service --file "$file" >/dev/null
drop _SYSTEMD_UNIT=unit1.service --dry-run --file "$file" >"$scratch/plan"
grep -q unit1 <(before) || fail "a bad test"
has "$scratch/plan" "would go"
{ stat -c '%i %s %Y %Z' "$file" && stat -c '%Y %Z' "$scratch/journal"; } | same "$scratch/stat" /dev/stdin

promise "stat tells of each unit what journalctl counts"
"$SPARSAM_BIN/retention" journal stat --json --directory "$scratch/journal" -c "$scratch/none.conf" |
	jq -r 'select(.unit | startswith("unit")) | "\(.entries) \(.unit)"' | sort >"$scratch/stat.found"
before | jq -r '._SYSTEMD_UNIT | select(. != null and startswith("unit"))' | sort | uniq -c | awk '{ print $1, $2 }' | sort |
	same "$scratch/stat.found" /dev/stdin

promise "what may name a person is refused on the command line, and nothing of it is repeated"
expect 64 drop _UID=1000 --file "$file" 2>"$scratch/stderr.log"
has "$scratch/stderr.log" --from
has_not "$scratch/stderr.log" 1000
expect 64 drop --file "$file" 2>/dev/null
expect 64 drop MESSAGE --file "$file" 2>/dev/null

promise "a file from which all goes, goes; one that is torn or has a bit turned over is told of and left"
cp "$file" "$scratch/journal/torn.journal"
truncate -s $(($(stat -c %s "$file") * 2 / 3)) "$scratch/journal/torn.journal"
cp "$file" "$scratch/journal/bit.journal"
offset=$(grep -aboF -m 1 '_SYSTEMD_UNIT=unit1.service' "$file" | head -n 1 | cut -d: -f1)
printf '_SYSTEMD_UNIT=unit9.service' | dd of="$scratch/journal/bit.journal" bs=1 seek="$offset" conv=notrunc status=none
sha256sum "$scratch"/journal/{torn,bit}.journal >"$scratch/sums"
expect 1 drop _SYSTEMD_UNIT=unit9.service + _SYSTEMD_UNIT=unit1.service --directory "$scratch/journal" >/dev/null 2>"$scratch/stderr.log"
sha256sum --quiet -c "$scratch/sums" || fail "a damaged file was changed"
has "$scratch/stderr.log" bit.journal
has "$scratch/stderr.log" torn.journal
! before | grep -q 'unit[19]\.service' || fail "the file beside them was not cleaned"
rm "$scratch"/journal/{torn,bit}.journal
drop --until +1000d --file "$file" >/dev/null
[ ! -e "$file" ] || fail "an empty file is left"
[ -z "$(ls -A "$scratch/journal")" ] || fail "something is left"
[ ! -e "$scratch/state" ] || fail "it has made a state folder"
