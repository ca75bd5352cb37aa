#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A hold file that is gone, or a hold of a store with another name by now: nothing of a person is erased or corrected
# either, by whichever command, until somebody has mended it.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

db=$scratch/app.db holds=$scratch/state/hold/holds.db
declare_stores() { # NAME...
	local name
	for name in "$@"; do
		printf 'store "%s" { type = "sqlite" paths = "%s" category = "account" period = "365d" ' "$name" "$scratch/$name.db"
		printf 'sqlite { table = "people" time = "t" } subject "email" { field = "email" } rectify = { "name" } }\n'
	done >"$scratch/stores.d/t.conf"
}
declare_stores app
approvers_make
node_make
s=$(date -u -d -2days +%s) us=${s}000000
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT, name TEXT); INSERT INTO people VALUES ($s, 'anna@example.org', 'Ana')"
rows() { sqlite3 "$db" "SELECT group_concat(name) FROM people"; }

right=$(case_new 16)
case_ready "$right"
found "$right" app keep "$db" "$us" < <(printf 't=%s\temail=anna@example.org\tname=Ana\n' "$s")
echo Anna | dsar rectify "$right" --find 1 --field name >/dev/null
dsar --json rectify "$right" --dry-run >"$scratch/right"
approve "$right" "$(plan_of "$scratch/right")"
case=$(case_new 17)
case_ready "$case"
found "$case" app keep "$db" "$us" < <(printf 't=%s\temail=anna@example.org\tname=Ana\n' "$s")
dsar --json erase "$case" >"$scratch/plan"
approve "$case" "$(plan_of "$scratch/plan")"
dsar agent init >/dev/null
id=$(run hold add --incident T-1 --reason attack --owner ops --expires +30d --store app)

refused() { # STATUS WHAT
	local -a commands=("erase $case --dry-run" "erase $case --confirm $(plan_of "$scratch/plan")" "rectify $right --dry-run"
		"rectify $right --confirm $(plan_of "$scratch/right")" reapply "reapply --dry-run")
	local command
	for command in "${commands[@]}" "${@:3}"; do
		# shellcheck disable=SC2086 # a command's words
		expect "$1" dsar $command >/dev/null 2>"$scratch/stderr.log"
		has "$scratch/stderr.log" "$2"
	done
	[ "$(rows)" = Ana ] || fail "now there is: $(rows)"
}

promise "the hold file is gone, empty or an older one: 65, and nothing is erased, corrected or held anew"
cp "$holds" "$scratch/holds.db"
rm "$holds"
refused 65 "hold $id" "erase --due" agent "restrict $case" "search $case"
: >"$holds"
refused 65 "hold $id"
cp "$scratch/holds.db" "$holds"
dsar --json erase "$case" --dry-run >"$scratch/plan"
[ "$(jq -r 'select(.find) | .fate' "$scratch/plan")" = keep ] || fail "the hold does not count: $(cat "$scratch/plan")"

promise "a hold of a store with another name: 78, until somebody says which one is held"
declare_stores other
refused 78 "hold $id, store \"app\""
declare_stores app
run hold release "$id"

promise "a hold of a case's own that is lost is missed as well, but not once it has ended"
lost() { # STATUS : restores, and says how many
	expect "$1" run restore "$scratch/backup.tar" --json >"$scratch/restored"
	jq .holds_lost "$scratch/restored"
}
run backup "$scratch/backup.tar"
dsar restrict "$case" >/dev/null
held=$(run hold list --json | jq -s 'map(select(.state == "in force") | .hold) | max')
[ "$held" -gt "$id" ] || fail "nothing is held"
rm "$holds"
refused 65 "hold $held" "restrict $case"
[ "$(lost 1)" = 1 ] || fail "not told: $(cat "$scratch/restored")"
dsar restrict "$case" >/dev/null # which ends nothing: what was lost it knows nothing of
dsar restrict "$case" >/dev/null # and this ends the one before
rm "$holds"
[ "$(lost 1)" = 2 ] || fail "what has ended is missed: $(cat "$scratch/restored")"
dsar restrict "$case" >/dev/null
dsar restrict "$case" --told >/dev/null
dsar restrict "$case" --lift >/dev/null

promise "what a case itself holds of a store that is declared no more does not stop its own erasure, but another's"
declare_stores app old
sqlite3 "$scratch/old.db" "CREATE TABLE people (t INTEGER, email TEXT, name TEXT); INSERT INTO people VALUES ($s, 'anna@example.org', 'Ana')"
found "$case" old keep "$scratch/old.db" "$us" < <(printf 't=%s\temail=anna@example.org\tname=Ana\n' "$s")
dsar restrict "$case" >/dev/null
declare_stores app
expect 78 dsar rectify "$right" --dry-run >/dev/null 2>&1
dsar --json erase "$case" --dry-run >"$scratch/plan"
[ "$(jq -rs '[.[] | select(.find) | .fate] | sort | join(" ")' "$scratch/plan")" = "erase missing" ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar erase "$case" --confirm "$(plan_of "$scratch/plan")" >/dev/null || true
[ -z "$(rows)" ] || fail "still there: $(rows)"
