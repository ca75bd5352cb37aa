#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The owner of a log folder swaps names, links, hard links and folders while `retention run` goes through it, also folders
# above those that are declared: nothing outside of it changes, byte for byte and inode for inode. RUNS=N runs, SEED=N.
. "$(dirname "$0")/lib.sh"
need python3
need sqlite3
. "$root/tests/e2e/retention.sh"
home=$scratch/home canary=$scratch/canary
cat >"$scratch/stores.d/hostile.conf" <<-END
	format "app" { type = "pattern" pattern = '(?<time>\d{4}-\S+) (?<text>.*)' time = "time" }
	store "logs" {
	  type = "textlog" paths = { "$home/logs/*/app.log*", "$home/logs/*/*/app.log*" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
	store "fixed" {
	  type = "textlog" paths = { "$home/fixed/app.log*" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
	store "recordings" {
	  type = "tree" paths = { "$home/rec/*" } period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
END
echo "retention { max_share = 100 }" >>"$conf"
hide_shipped_stores
# a tree of the same names, all of it past
for at in "$home" "$canary"; do
	mkdir -p "$at"/logs/{a,b} "$at"/rec/u{0,1,2}/x/y "$at/fixed"
	for f in app.log.1 secret logs/{a,b}/app.log{,.1} fixed/app.log.1 rec/u{0,1,2}/{events.xml,x/a.webm,x/y/b.webm}; do
		for i in {10..50}; do echo "2026-01-02T03:04:${i}Z line $i"; done >"$at/$f"
	done
	find "$at" -depth -exec touch -d '20 days ago' {} +
done
# all but the time of the last change and the number of names, which a hard link changes from elsewhere
photo() { (cd "$1" && find . -printf '%p %y %i %m %U %G %s %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort -k 2); }
photo "$canary" >"$scratch/before"
run init >/dev/null

promise "a check that could not fail would be none: a cleaner that follows links"
cp -a "$canary" "$scratch/copy"
photo "$scratch/copy" >"$scratch/copied"
ln -s "$scratch/copy" "$home/logs/c"
find -L "$home/logs" -name 'app.log*' -mtime +7 -path '*/c/*' -delete
photo "$scratch/copy" >"$scratch/now"
! cmp -s "$scratch/copied" "$scratch/now" || fail "a bad test"
rm "$home/logs/c"

promise "undisturbed, what is past goes"
run run >"$scratch/first.log" 2>&1 || true
[ -z "$(find "$home"/{logs,fixed,rec} -type f -size +0)" ] || fail "$(find "$home" -type f)"

promise "while the owner swaps, nothing outside is touched, and no run ends but by itself"
for i in 1 2; do
	spawn "hostile$i" python3 "$root/tests/fault/hostile_owner.py" "$home" "$canary" "$((${SEED:-1} + i))"
done
wait_for test -s "$scratch/hostile1.log"
for ((i = 1; i <= ${RUNS:-25}; i++)); do
	status=0
	timeout 120 "$retention" run -c "$conf" --store "$([ $((i % 3)) -eq 0 ] && echo fixed || { [ $((i % 3)) -eq 1 ] && echo logs || echo recordings; })" \
		>"$scratch/run.log" 2>&1 || status=$?
	[ "$status" -lt 124 ] || fail "run $i ends with $status"
	photo "$canary" >"$scratch/now"
	same "$scratch/before" "$scratch/now"
done
run export-ledger "$scratch/bundle.tar"
run verify "$scratch/bundle.tar" | grep good >/dev/null || fail "the ledger is not good"
dropped=$(sqlite3 "$scratch/state/ledger.db" "SELECT sum(json_extract(data, '$.steps')) FROM entry WHERE kind = 'result'")
acts=$(tail -qn 1 "$scratch"/hostile?.log | awk '{ n += $1 } END { print n }')
[ "$dropped" -gt 20 ] || fail "a bad test: only $dropped files and units were there to drop"
echo "($((i - 1)) runs, $acts acts of the owner meanwhile, $dropped files and units dropped)"
