#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What would go too far waits for a person: a store that lies on an unexpected mount, and much of a store at once. The others go on.
names=-rm
[ "$(id -u)" -ne 0 ] || names=-m
if [ -z "${own_mounts-}" ] && unshare $names true 2>/dev/null; then
	own_mounts=1 exec unshare $names --propagation private -- bash "$0"
fi
. "$(dirname "$0")/lib.sh"
[ -n "${own_mounts-}" ] || skip "needs a mount namespace"
need gpg
need jq
need sqlite3
. "$root/tests/e2e/retention.sh"
mkdir "$scratch/one" "$scratch/two" "$scratch/three"
hide_shipped_stores
store() { # NAME PATHS
	printf 'store "%s" {\n type = "textlog" paths = { %s } format = "app" period = "7d"\n' "$1" "$2"
	printf ' category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"\n}\n'
}
{
	echo "format \"app\" { type = \"pattern\" pattern = '(?<time>\\d{4}-\\S+) (?<text>.*)' time = \"time\" }"
	store one "\"$scratch/one/*.log\", \"$scratch/one/*/*.log\""
	store two "\"$scratch/two/*.log*\""
} >"$scratch/stores.d/app.conf"
old=$(date -u -d '8 days ago' +%FT%TZ) young=$(date -u -d '2 days ago' +%FT%TZ)
at_end() { umount -ql "$scratch/one/sub" "$scratch/one" "$scratch/tmp/root/log" "$scratch/tmp/root" "$scratch/tmp" 2>/dev/null; }
fill() { printf '%s old\n%s young\n' "$old" "$young" | tee "$scratch/one/app.log" >"$scratch/two/app.log"; }
entries() { sqlite3 "$scratch/state/ledger.db" "SELECT $2 FROM entry WHERE kind = '$1' ORDER BY seq DESC LIMIT 1"; }
hash_of() { run run --dry-run --store "$1" --json 2>/dev/null | jq -r 'select(.plan) | .plan'; }

promise "where stores lie is noted by the first run, without a path, and once"
fill
run init >/dev/null
run run >/dev/null
has_not "$scratch/one/app.log" old
before=$(entries mount seq)
fill
run run >/dev/null
[ "$(entries mount seq)" = "$before" ] || fail "noted twice"
has_not <(entries mount data) "$scratch"

promise "another file system over a store: it is refused, the others go on, and it is on record"
fill
mount -t tmpfs tmpfs "$scratch/one"
printf '%s hidden\n%s young\n' "$old" "$young" >"$scratch/one/app.log"
expect 77 run run >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "store \"one\": refused: it lies on an unexpected mount: $scratch/one (tmpfs)"
has "$scratch/one/app.log" hidden
has_not "$scratch/two/app.log" old
[ "$(entries refusal "json_extract(data, '$.store', '$.why', '$.accepted')")" = '["one","mount",false]' ] || fail "not on record"
expect 2 run check >"$scratch/check"
has "$scratch/check" "one: on an unexpected mount"
expect 1 run status >"$scratch/status"
grep -q '^MOVED *one ' "$scratch/status" || fail "no red light: $(cat "$scratch/status")"
{ run status --json || true; } | jq -es 'map({(.store // "-"): [.moved, .light]}) | add | .one == [true, "red"] and .two == [false, "green"]' >"$scratch/said" || fail "$(cat "$scratch/said")"

promise "a dry run says so; a wrong hash opens nothing"
expect 77 run run --dry-run --store one >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "unexpected mount"
expect 77 run run --store one --confirm 0000 >/dev/null 2>&1
has "$scratch/one/app.log" hidden

promise "the plan's hash lifts it for one run, on record"
run run --store one --confirm "$(hash_of one)" >/dev/null 2>&1
has_not "$scratch/one/app.log" hidden
[ "$(entries refusal "json_extract(data, '$.store', '$.why', '$.accepted')")" = '["one","mount",true]' ] || fail "not on record"
expect 77 run run --store one >/dev/null 2>&1

promise "a person can say that it belongs there; then the old place is the wrong one"
expect 64 run run --store one --accept-mount >/dev/null 2>&1
run run --store one --confirm "$(hash_of one)" --accept-mount >/dev/null 2>&1
run run --store one >/dev/null
umount "$scratch/one"
has "$scratch/one/app.log" old
expect 77 run run --store one >/dev/null 2>&1
has "$scratch/one/app.log" old
run run --store one --confirm "$(hash_of one)" --accept-mount >/dev/null 2>&1
has_not "$scratch/one/app.log" old

promise "a mount that comes below a store's folder hides records: refused; a folder that comes is none"
mkdir "$scratch/one/sub"
fill
run run --store one >/dev/null
mount -t tmpfs tmpfs "$scratch/one/sub"
: >"$scratch/one/sub/x.log"
fill
expect 77 run run --store one >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "$scratch/one/sub"
has "$scratch/one/app.log" old
umount "$scratch/one/sub"
run run --store one >/dev/null

promise "the same folder bound onto itself, as a unit's sandbox does, is expected; another one is not"
fill
mount --bind "$scratch/one" "$scratch/one"
run run --store one >/dev/null
has_not "$scratch/one/app.log" old
umount "$scratch/one"
mount --bind "$scratch/three" "$scratch/one"
printf '%s hidden\n' "$old" >"$scratch/one/app.log"
expect 77 run run --store one >/dev/null 2>&1
has "$scratch/one/app.log" hidden
umount "$scratch/one"

promise "an overlay is a file system like another: its files are not taken for foreign, one put over a store is"
mkdir -p "$scratch/tmp"
mount -t tmpfs tmpfs "$scratch/tmp"
mkdir "$scratch"/tmp/{low,up,work,root} "$scratch/tmp/low/log"
printf '%s old\n%s young\n' "$old" "$young" >"$scratch/tmp/low/log/below.log"
if mount -t overlay -o "lowerdir=$scratch/tmp/low,upperdir=$scratch/tmp/up,workdir=$scratch/tmp/work" overlay "$scratch/tmp/root" 2>/dev/null; then
	store three "\"$scratch/tmp/root/log/*.log\"" >>"$scratch/stores.d/app.conf"
	for _ in 1 2; do
		printf '%s old\n%s young\n' "$old" "$young" >"$scratch/tmp/root/log/above.log"
		run run --store three >/dev/null
		has_not <(cat "$scratch"/tmp/root/log/*) old
	done
	mkdir "$scratch"/tmp/{up2,work2}
	mount -t overlay -o "lowerdir=$scratch/tmp/low,upperdir=$scratch/tmp/up2,workdir=$scratch/tmp/work2" overlay "$scratch/tmp/root/log"
	expect 77 run run --store three >/dev/null 2>&1
	umount "$scratch/tmp/root/log"
	run run --store three >/dev/null
	umount "$scratch/tmp/root"
fi
umount "$scratch/tmp"

promise "more than max_share of a store: refused, told how to go on, and the hash of what was refused serves, also for a log that grows"
{
	yes "$old $(printf '%01000d' 0 | tr 0 x)" | head -n 66000 || true
	printf '%s young\n' "$young"
} >"$scratch/two/app.log"
fill_one=$(wc -l <"$scratch/two/app.log")
printf '%s old\n%s young\n' "$old" "$young" >"$scratch/one/app.log"
expect 77 run run >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "more than 90 % of it would go"
[ "$(wc -l <"$scratch/two/app.log")" -eq "$fill_one" ] || fail "lines went"
has_not "$scratch/one/app.log" old
[ "$(entries refusal "json_extract(data, '$.store', '$.why', '$.accepted')")" = '["two","share",false]' ] || fail "not on record"
hash=$(grep -o 'confirm [0-9a-f]*' "$scratch/stderr.log" | cut -d' ' -f2)
# one line more, within its period, which was not due when the plan was refused and is now
cutoff=$(entries refusal "strftime('%s', time) * 1000000 + substr(time, 21, 6) + json_extract(data, '$.longest_us') - 601110000000 + 1000")
printf '%s now due\n%s young\n' "$(date -u -d "$(printf '@%d.%06d' $((cutoff / 1000000)) $((cutoff % 1000000)))" +%FT%T.%6NZ)" "$young" >>"$scratch/two/app.log"
run run --store two --confirm "$hash" >/dev/null 2>"$scratch/stderr.log" || fail "$(cat "$scratch/stderr.log")"
has_not "$scratch/two/app.log" xxx
[ "$(entries refusal "json_extract(data, '$.store', '$.why', '$.accepted')")" = '["two","share",true]' ] || fail "not on record"

promise "a packed log is weighed as it lies on the disk"
{
	yes "$old $(printf '%04000d' 0 | tr 0 x)" | head -n 10000 || true
	head -c 66M /dev/urandom | base64 -w 4000 | sed "s/^/$young /"
} | gzip -1 >"$scratch/two/app.log.1.gz"
[ "$(stat -c %s "$scratch/two/app.log.1.gz")" -gt $((64 << 20)) ] || fail "not enough"
run run --store two >/dev/null 2>"$scratch/stderr.log" || fail "$(cat "$scratch/stderr.log")"
[ "$(zcat "$scratch/two/app.log.1.gz" | grep -c xxxxxxxx)" -eq 0 ] || fail "it is still there"
