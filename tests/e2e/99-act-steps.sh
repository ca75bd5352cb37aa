#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A rectification, a restriction, an approval and an answer that are killed at each step that they take are done when they are
# said again. STRIDE=1 tries each step, otherwise each STRIDEth.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need_killat
need_tracing
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

data=$scratch/data log=$scratch/data/web.log db=$scratch/data/app.db
mkdir "$data"
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" rectify = { "name", "email" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
approvers_make
node_make
s=$(date -u -d -2days +%s) us=${s}000000
t=$(date -u -d "@$s" +%Y-%m-%dT%H:%M:%SZ)
printf '%s Ana says one\n%s ben says two\n' "$t" "$t" >"$log"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, name TEXT, email TEXT);
	INSERT INTO people VALUES ($s, 'Ana', 'anna@example.org'), ($s, 'Ben', 'ben@example.org')"
case=$(case_new 16)
case_ready "$case"
identified "$case" email anna@example.org
found "$case" app keep "$db" "$us" < <(printf 't=%s\tname=Ana\temail=anna@example.org\n' "$s")
found "$case" web keep "$log" "$us" < <(grep Ana "$log")
dsar rectify "$case" --find 1 --field name <<<"Anna"
dsar rectify "$case" --find 1 --field email <<<"anna.m@example.org"
dsar rectify "$case" --find 2 --field text <<<"Anna says one"
dsar --json rectify "$case" >"$scratch/plan"
hash=$(plan_of "$scratch/plan")
GNUPGHOME=$scratch/second dsar approve "$case" "$hash" >/dev/null

snapshot() {
	agents_end
	rm -rf "$scratch/snapshot"
	mkdir "$scratch/snapshot"
	cp -a "$data" "$scratch/state" "$scratch/snapshot"
}
anew() {
	rm -rf "$data" "$scratch/state"
	cp -a "$scratch/snapshot/data" "$scratch/snapshot/state" "$scratch"
}
ask() { sqlite3 "$register" "$1"; }
in_force() { run --json hold list | jq -r 'select(.state == "in force") | .incident' | wc -l; }
# steps RIGHT MAY COMMAND... : killed at each step and said again (MAY: 77, where it may have been done whole already), RIGHT holds
steps() {
	local right=$1 may=$2 i n status
	shift 2
	snapshot
	"$killat" 0 "$SPARSAM_BIN/dsar" -c "$conf" "$@" >/dev/null 2>"$scratch/steps" || fail "$1: $(grep -a dsar: "$scratch/steps")"
	"$right" "$1, whole"
	n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
	[ "$n" -gt 20 ] || fail "$(cat "$scratch/steps")"
	for ((i = 1; i <= n; i += ${STRIDE:-37})); do
		anew
		# how often gpg is waited for is not always the same: the last steps may not come
		"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$conf" "$@" >/dev/null 2>&1 || [ $? -eq 137 ]
		status=0
		dsar "$@" >/dev/null 2>"$scratch/stderr" || status=$?
		[ "$status" -eq 0 ] || [ "$status" = "$may" ] || fail "$1, step $i of $n: $status $(cat "$scratch/stderr")"
		"$right" "$1, step $i of $n"
	done
	printf '%s: %s steps\n' "$1" "$n"
}

promise "an approval is there once, and counts"
approved() { [ "$(ask "SELECT count(DISTINCT fingerprint) || ' ' || count(*) FROM approvals")" = "2 2" ] || fail "$1: $(ask "SELECT fingerprint FROM approvals")"; }
export GNUPGHOME=$scratch/dpo
steps approved 0 approve "$case" "$hash"
unset GNUPGHOME

promise "a restriction is in force once, in the holds and in the register"
restricted() {
	[ "$(in_force)" = 1 ] || fail "$1: $(run --json hold list)"
	[ "$(ask "SELECT count(*) FROM restricted")" = 2 ] || fail "$1: $(ask "SELECT count(*) FROM restricted") records"
}
steps restricted 0 restrict "$case"

promise "what was approved is rectified, and what is restricted is so as it is by now"
rectified() {
	[ "$(sqlite3 "$db" "SELECT name, email FROM people" | tr '\n' ,)" = "Anna|anna.m@example.org,Ben|ben@example.org," ] || fail "$1: $(sqlite3 "$db" .dump)"
	[ "$(ask "SELECT state FROM rectifications")$(ask "SELECT group_concat(fate, '') FROM (SELECT fate FROM rectified ORDER BY find)")" = 2223 ] || fail "$1: $(ask "SELECT * FROM rectified")"
	[ "$(ask "SELECT text FROM statements")" = "Anna says one" ] || fail "$1: the statement"
	[ "$(ask "SELECT CAST(text AS TEXT) LIKE '%name=Anna%' FROM finds WHERE id = 1")" = 1 ] || fail "$1: the find"
	[ "$(ask "SELECT count(*) FROM finds JOIN restricted USING (digest)")" = 2 ] || fail "$1: it is not restricted as it is"
	[ "$(find "$data" | wc -l)" = 3 ] || fail "$1: $(find "$data")"
}
steps rectified 0 rectify "$case" --confirm "$hash"

promise "a restriction that is lifted is gone from both"
dsar restrict "$case" --told
lifted() {
	[ "$(in_force)" = 0 ] || fail "$1: $(run --json hold list)"
	[ "$(ask "SELECT count(*) FROM restricted")" = 0 ] || fail "$1: it is on record"
}
steps lifted 64 restrict "$case" --lift

promise "an answer is out once"
dsar letter "$case" rectification --to "$scratch/letter.txt"
answered() {
	[ "$(ask "SELECT state FROM case_file WHERE number = '$case'")" = 6 ] || fail "$1: $(ask "SELECT state FROM case_file")"
	[ "$(ask "SELECT count(*) FROM case_event WHERE kind = 'moved' AND json_extract(data, '\$.to') = 'answered'")" = 1 ] || fail "$1: answered twice"
}
steps answered 77 answer "$case" "$scratch/letter.txt"
