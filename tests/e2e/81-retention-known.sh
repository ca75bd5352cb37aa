#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run reads no file twice a day that has not changed, and what it says is what reading says.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need strace
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
. "$root/tests/e2e/retention.sh"
log=$scratch/log/app.log
mkdir "$scratch/log"
declare_store() {
	cat >"$scratch/stores.d/app.conf" <<-END
		format "app" { type = "pattern" pattern = '(?<time>\\d{4}-\\S+) (?<text>.*)' time = "time" }
		store "app" {
		  type = "textlog" paths = { "$scratch/log/app.log*" } format = "app" period = "$1"
		  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
		}
	END
}
at() { date -u -d "$1 ago" +%FT%TZ; }
once() { "$retention" run --store app -c "$conf" >/dev/null; }
# how many bytes of $log a run has read
bytes_read() {
	strace -f -y -e trace=read,pread64 -o "$scratch/trace" "$retention" "$@" -c "$conf" >/dev/null
	grep -F "<$log>" "$scratch/trace" | awk '{ n += $NF } END { print n + 0 }'
}
# what is left is told by the ledger as reading everything tells it
honest() {
	local told
	told=$(sqlite3 "$scratch/state/ledger.db" "SELECT json_extract(data, '$.stores.app.oldest') FROM entry
		WHERE kind = 'end' ORDER BY seq DESC LIMIT 1")
	[ "$told" = "$1" ] || fail "the ledger says $told, not $1"
	rm -f "$scratch/state/known.db"
	once
	[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT json_extract(data, '$.stores.app.oldest') FROM entry
		WHERE kind = 'end' ORDER BY seq DESC LIMIT 1")" = "$told" ] || fail "reading everything says another time"
}
fill() { # 100,000 lines from $1 on
	awk -v t="$1" 'BEGIN { for (i = 0; i < 20000; i++) print t, "line", i }'
}
declare_store 7d
"$retention" init -c "$conf" >/dev/null
first=$(at '3 days')
fill "$first" >"$log"

promise "a file is read once; what is unchanged is known, also to status and check"
[ "$(bytes_read run --store app)" -gt 500000 ] || fail "not read: $(cat "$scratch/trace")"
[ "$(bytes_read run --store app)" -eq 0 ] || fail "read again"
[ "$(bytes_read status)" -eq 0 ] || fail "status reads it again"
honest "${first%Z}.000000Z"

promise "--verify-all reads it all the same"
[ "$(bytes_read run --store app --verify-all)" -gt 500000 ] || fail "not read"

promise "of a file that has grown only the rest is read, and an older line in it is found"
once
later=$(at '4 days')
echo "$later came late" >>"$log"
n=$(bytes_read run --store app)
{ [ "$n" -gt 0 ] && [ "$n" -lt 200000 ]; } || fail "$n bytes read"
honest "${later%Z}.000000Z"

promise "what is past goes, wherever it was appended"
once
echo "$(at '8 days') too late" >>"$log"
once
has_not "$log" "too late"
has "$log" "came late"
honest "${later%Z}.000000Z"

promise "a file that was overwritten in place is read, whatever its time says"
once
touch -r "$log" "$scratch/time"
printf '%s' "$(at '8 days')" | dd of="$log" conv=notrunc status=none
touch -r "$scratch/time" "$log"
once
[ "$(wc -l <"$log")" -eq 20000 ] || fail "what was written into it is still there"

promise "a shorter period counts at once"
once
declare_store 2d
once
[ ! -s "$log" ] || fail "still there: $(head -n 1 "$log")"
declare_store 7d

promise "a hold counts at once, and so does its end"
printf '%s held\n%s not\n' "$(at '6 days')" "$(at '5 days')" >"$log"
once
id=$(echo held | "$retention" hold add -c "$conf" --incident T --reason known --owner ops --expires +9d --store app --from -)
declare_store 3d
once
has "$log" held
has_not "$log" not
"$retention" hold release "$id" -c "$conf"
once
[ ! -s "$log" ] || fail "still there"
declare_store 7d

promise "a damaged cache is thrown away"
fill "$first" >"$log"
once
head -c 20000 /dev/urandom >"$scratch/state/known.db"
[ "$(bytes_read run --store app)" -gt 500000 ] || fail "not read"
[ "$(bytes_read run --store app)" -eq 0 ] || fail "not known again"

promise "the cache holds nothing personal, and is its owner's alone"
[ "$(stat -c %a "$scratch/state/known.db")" = 600 ] || fail "mode $(stat -c %a "$scratch/state/known.db")"
! grep -qaE 'line|app\.log|203\.0' "$scratch/state/known.db" || fail "there is a text of a log in it"

promise "a journal file that nobody writes to is looked at once, and again when it is another"
cat >"$scratch/stores.d/app.conf" <<-END
	store "app" {
	  type = "journal" paths = { "$scratch/log/*.journal" } period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
END
rm "$log"
written() { # FILE DAYS : three entries, one of them DAYS old
	local age
	for age in "$2" 2 1; do
		printf '__REALTIME_TIMESTAMP=%s000000\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=%032x\nMESSAGE=%s days %s\n\n' \
			"$(date -u -d "$age days ago" +%s)" "$((100 - age))" 1 "$age" "${1##*/}"
	done | /lib/systemd/systemd-journal-remote -o "$1" - 2>/dev/null
}
for n in 1 2 3; do written "$scratch/log/$n.journal" 3; done
maps() {
	strace -f -y -e trace=mmap -o "$scratch/trace" "$retention" "$@" -c "$conf" >/dev/null
	grep -cF "<$scratch/log/" "$scratch/trace" || true
}
[ "$(maps run --store app)" -ge 3 ] || fail "not read"
[ "$(maps run --store app)" -eq 0 ] || fail "read again: $(cat "$scratch/trace")"
[ "$(maps status)" -eq 0 ] || fail "status reads it again"
rm "$scratch/log/2.journal"
written "$scratch/log/2.journal" 9
[ "$(maps run --store app)" -ge 1 ] || fail "not read"
! journalctl -q --directory "$scratch/log" -o cat | grep -q '^9 days' || fail "it is still there"
[ "$(journalctl -q --directory "$scratch/log" -o cat | grep -c '^[123] days')" -eq 8 ] || fail "too much went"

if command -v faketime >/dev/null; then
	promise "the first run of another day reads everything"
	declare_store 7d
	fill "$first" >"$log"
	once
	next=$((($(date +%s) / 86400 + 1) * 86400 - $(date +%s) + 60))
	FAKETIME="+${next}s" LD_PRELOAD=$(find /usr/lib -name libfaketime.so.1 | head -n 1) \
		bytes_read run --store app --accept-clock >"$scratch/n"
	[ "$(cat "$scratch/n")" -gt 500000 ] || fail "not read: $(cat "$scratch/n")"
fi
