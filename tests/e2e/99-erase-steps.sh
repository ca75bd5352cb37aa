#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An erasure that is killed at each step that it takes goes on where it was. STRIDE=1 tries each step, otherwise each STRIDEth.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need_killat
need_tracing
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

data=$scratch/data log=$scratch/data/web.log db=$scratch/data/app.db tree=$scratch/data/tree books=$scratch/data/books.log
mkdir "$data"
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" erase_after = "files" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
	store "books" { type = "textlog" paths = "$books" format = "t" category = "contract" period = "365d" }
	duty "books" { law = "Section 147 AO" stores = { "books" } years = 8 }
	store "files" { type = "tree" paths = "$tree/*" category = "account" period = "365d" tree { unit = '^(?<unit>\w+)' } }
END
approvers_make
node_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
us=$(($(date -u -d "$t" +%s) * 1000000))
printf '%s anna says one\n%s ben says two\n%s anna says three\n' "$t" "$t" "$t" >"$log"
printf '%s anna has paid\n' "$t" >"$books"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT, note TEXT);
	INSERT INTO people VALUES ($((us / 1000000)), 'anna@example.org', 'a'), ($((us / 1000000)), 'ben@example.org', 'b')"
mkdir -p "$tree/anna/deep" "$tree/ben"
echo x | tee "$tree/anna/a" "$tree/anna/deep/b" "$tree/ben/c" >/dev/null
find "$tree" -exec touch -d "$t" {} +
case=$(case_new 17)
case_ready "$case"
identified "$case" email anna@example.org
found "$case" web keep "$log" "$us" < <(grep anna "$log")
found "$case" books keep "$books" "$us" < <(grep anna "$books")
found "$case" app keep "$db" "$us" < <(printf 't=%s\temail=anna@example.org\tnote=a\n' "$((us / 1000000))")
found_tree "$case" files keep anna "$us" "unit=anna"$'\n'"$tree/anna"$'\n'
dsar --json erase "$case" >"$scratch/plan"
hash=$(plan_of "$scratch/plan")
approve "$case" "$hash"
agents_end
mkdir "$scratch/snapshot"
cp -a "$data" "$scratch/state" "$scratch/snapshot"
anew() {
	rm -rf "$data" "$scratch/state"
	cp -a "$scratch/snapshot/data" "$scratch/snapshot/state" "$scratch"
}
held() { run --json hold list | jq -r 'select(.state == "in force") | .reason'; }
right() {
	[ "$(cat "$log")" = "$t ben says two" ] || fail "step $1: $(cat "$log")"
	[ "$(sqlite3 "$db" "SELECT email FROM people")" = ben@example.org ] || fail "step $1: the table"
	if [ -e "$tree/anna" ] || [ ! -e "$tree/ben/c" ]; then fail "step $1: $(find "$tree")"; fi
	[ "$(sqlite3 "$register" "SELECT state FROM erasures")" = 2 ] || fail "step $1: it is not done"
	[ "$(sqlite3 "$register" "SELECT count(*) FROM erasure_items WHERE fate = 4")" = 4 ] || fail "step $1: not all is gone"
	[ "$(cat "$books")$(held)" = "$t anna has paidkept from erasure" ] || fail "step $1: what had to be kept: $(cat "$books") $(held)"
	[ "$(find "$data" | wc -l)" = 7 ] || fail "step $1: $(find "$data")"
}

promise "killed at each step, said again: what was approved is gone, all else is there, nothing else lies about"
"$killat" 0 "$SPARSAM_BIN/dsar" -c "$conf" erase "$case" --confirm "$hash" >/dev/null 2>"$scratch/steps"
right 0
n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
[ "$n" -gt 50 ] || fail "$(cat "$scratch/steps")"
for ((i = 1; i <= n; i += ${STRIDE:-29})); do
	anew
	# how often gpg is waited for is not always the same: the last steps may not come
	"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$conf" erase "$case" --confirm "$hash" >/dev/null 2>&1 || [ $? -eq 137 ]
	dsar erase "$case" --confirm "$hash" >/dev/null 2>"$scratch/stderr" || fail "step $i of $n: $(cat "$scratch/stderr")"
	right "$i"
done

promise "what had to be kept is restricted before every store is searched again, which may be ended"
proved() { [ "$(sqlite3 "$register_dir/ledger.db" "SELECT count(*) FROM entry WHERE kind = 'proof'")" -gt 0 ]; }
killed_at() {
	anew
	"$killat" "$1" "$SPARSAM_BIN/dsar" -c "$conf" erase "$case" --confirm "$hash" >/dev/null 2>&1 || [ $? -eq 137 ]
}
first=1 last=$n
while [ "$first" -lt "$last" ]; do # the first step behind which that search is on record
	killed_at $(((first + last) / 2))
	if proved; then last=$(((first + last) / 2)); else first=$(((first + last) / 2 + 1)); fi
done
killed_at "$first"
proved || fail "no step behind that search: $first of $n"
[ "$(sqlite3 "$register" "SELECT state FROM erasures")" = 1 ] || fail "it was done by then"
[ "$(held)" = "kept from erasure" ] || fail "step $first of $n: nothing restricts what is kept: $(held)"
