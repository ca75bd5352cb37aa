#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What dsar prints with --json stands in sparsam-json(5), command by command; and nothing else stands there.
. "$(dirname "$0")/lib.sh"
need jq
need sqlite3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

# COMMAND KEY, as the page has them: each paragraph of the part on dsar begins with its commands
awk '/^\.Ss /{part = $2} part == "dsar" && /^\.Pp/{new = 1; next}
	part == "dsar" && new && /^\.Cm/ {n = 0; for (i = 2; i <= NF; i++) if ($i ~ /^[a-z]/) cmd[n++] = $i; new = 0}
	part == "dsar" && /Va / { on = 0; for (i = 1; i <= NF; i++) { if ($i ~ /\.?Va$/) on = 1; else if ($i == "No" || $i == "or") on = 0; else if (on && $i ~ /^[a-z_0-9]+$/) for (k = 0; k < n; k++) print cmd[k], $i } }' \
	"$root/man/sparsam-json.5" | sort -u >"$scratch/page"

promise "each key that the sources print stands in the page, and each that stands there is printed"
cut -d ' ' -f 2 "$scratch/page" | sort -u >"$scratch/keys"
grep -rhoE 'print_(str|int|bool|time|day)\([^,]+, "[a-z_0-9]+"' "$root/dsar" | sed 's/.*"\(.*\)"/\1/' | sort -u >"$scratch/printed"
comm -13 "$scratch/keys" "$scratch/printed" >"$scratch/missing"
[ ! -s "$scratch/missing" ] || fail "not in the page: $(cat "$scratch/missing")"
# named by arrays: fates, and the columns of a report
grep -rhoE '"[a-z_]+"' "$root/dsar/act/erasure.c" "$root/dsar/act/rectification.c" "$root/dsar/report.c" | tr -d '"' | sort -u >>"$scratch/printed"
sort -u -o "$scratch/printed" "$scratch/printed"
comm -23 "$scratch/keys" "$scratch/printed" >"$scratch/surplus"
[ ! -s "$scratch/surplus" ] || fail "in the page alone: $(cat "$scratch/surplus")"

db=$scratch/app.db
cat >"$scratch/stores.d/t.conf" <<-END
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" rectify = { "name" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } link "account" { field = "name" } }
END
cat >>"$conf" <<-END
	recipient "Example Telefon GmbH" { stores = { "app" } country = "DE" }
END
approvers_make
run init >/dev/null
sqlite3 "$db" "CREATE TABLE people (t INTEGER, name TEXT, email TEXT);
	INSERT INTO people VALUES ($(($(date +%s) - 86400)), 'Ana', 'anna@example.org'), ($(($(date +%s) - 86400)), 'Ben', 'ben@example.org')"

# json COMMAND …: each of its keys is one of the command's; at least one object
json() {
	local cmd=$1
	dsar --json "$@" >"$scratch/out" 2>"$scratch/stderr" || [ $? -eq 1 ] || fail "$*: $(cat "$scratch/stderr")"
	jq -r 'del(.v) | keys[]' "$scratch/out" | sort -u | sed "s/^/$cmd /" >"$scratch/got"
	[ -s "$scratch/got" ] || fail "dsar --json $*: nothing"
	comm -13 "$scratch/page" "$scratch/got" >"$scratch/missing"
	[ ! -s "$scratch/missing" ] || fail "dsar --json $*: not in the page: $(cat "$scratch/missing")"
	ran="$ran $cmd"
}
ran=

promise "what the commands print stands in their paragraph"
json init
json case new --article 16 --lang de
case=$(jq -r .case "$scratch/out")
json case list
json case show "$case"
json identity "$case"
echo anna@example.org | dsar subject "$case" add email
json subject "$case" list
json search "$case"
sqlite3 "$register" "UPDATE case_file SET identity = 2"
json review "$case" --list
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
json review "$case" --show 1
dsar rectify "$case" --find 1 --field name <<<"Anna"
json rectify "$case"
hash=$(plan_of "$scratch/out")
GNUPGHOME=$scratch/dpo json approve "$case" "$hash"
GNUPGHOME=$scratch/second json approve "$case" "$hash"
json rectify "$case" --confirm "$hash"
json notify "$case"
dsar case new --article 17 --lang de >/dev/null
dsar case new --article 21 --lang de >"$scratch/number"
for n in 2 3; do
	new=$(date +%Y)-000$n
	case_ready "$new"
	sqlite3 "$register" "UPDATE case_file SET state = 2 WHERE number = '$new'"
	echo ben@example.org | dsar subject "$new" add email
	dsar search "$new" >/dev/null || [ $? -eq 1 ]
	sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4 WHERE number = '$new'"
done
json erase "$(date +%Y)-0002" --dry-run
json object "$(date +%Y)-0003" <<<"I object."
dsar case new --article 15 --lang de --received "$(date -d '-25 days' +%F)" >/dev/null
json report
json remind
for cmd in init case identity subject search review rectify approve notify erase object report remind; do
	[[ " $ran " = *" $cmd "* ]] || fail "$cmd was not tried"
done
