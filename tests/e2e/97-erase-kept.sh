#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What an incident's hold or a law keeps from an erasure is named with its paragraph and its end, restricted, and erased by
# itself when the ground has ended: years later, when its case is closed and forgotten.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
[ -n "$faketime_lib" ] || skip "needs faketime"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

db=$scratch/app.db books=$scratch/books.db
cat >"$scratch/stores.d/t.conf" <<-END
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
	store "books" { type = "sqlite" paths = "$books" category = "contract" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
printf 'duty "books" { law = "Section 147(1) no. 1 AO" years = 8 stores = { "books" } }\n' >>"$conf"
approvers_make
node_make
s=$(date -u -d -2days +%s) us=${s}000000 year=$(date -u -d -2days +%Y)
for f in "$db" "$books"; do
	sqlite3 "$f" "CREATE TABLE people (t INTEGER, email TEXT);
		INSERT INTO people VALUES ($s, 'anna@example.org'), ($s, 'ben@example.org'), ($s, 'anna@example.org bis')"
done
people() { sqlite3 "$1" "SELECT count(*) FROM people WHERE email LIKE 'anna%'"; }
after() { faked "$1" "$SPARSAM_BIN/dsar" -c "$conf" "${@:2}"; }

promise "a hold and a law are both named, with the end of the later"
case=$(case_new 17)
case_ready "$case"
found "$case" app keep "$db" "$us" < <(printf 't=%s\temail=anna@example.org\n' "$s")
found "$case" books keep "$books" "$us" < <(printf 't=%s\temail=anna@example.org\n' "$s")
run hold add --incident T-1 --reason attack --owner ops --expires +30d --store app --store books >/dev/null
dsar --json erase "$case" >"$scratch/plan"
[ "$(jq -r 'select(.store == "app") | "\(.fate) \(.ground)"' "$scratch/plan")" = "keep hold 1 (T-1)" ] || fail "$(cat "$scratch/plan")"
[ "$(jq -r 'select(.store == "books") | "\(.fate) \(.ground) \(.until)"' "$scratch/plan")" = "keep hold 1 (T-1); Section 147(1) no. 1 AO (books) $((year + 9))-01-01T00:00:00Z" ] || fail "$(cat "$scratch/plan")"
[ "$(jq -r 'select(.store == "app") | .until[0:10]' "$scratch/plan")" = "$(date -u -d +30days +%Y-%m-%d)" ] || fail "$(cat "$scratch/plan")"
dsar --lang de erase "$case" >"$scratch/out"
has "$scratch/out" "Section 147(1) no. 1 AO"

promise "what is kept is restricted, also in the answer to somebody else"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(jq -r 'select(.plan) | "\(.state) \(.keep) \(.gone)"' "$scratch/done")" = "done 2 0" ] || fail "$(cat "$scratch/done")"
[ "$(people "$db")$(people "$books")" = 22 ] || fail "something was erased"
other=$(case_new 15)
case_ready "$other"
found "$other" books open "$books" "$us" < <(printf 't=%s\temail=anna@example.org\n' "$s")
[ "$(dsar --json review "$other" --list | jq -r 'select(.find) | .restricted')" = "$case" ] || fail "$(dsar --json review "$other" --list)"
dsar letter "$case" erasure >"$scratch/letter"
has "$scratch/letter" "Section 147(1) no. 1 AO"
has "$scratch/letter" "1. Januar $((year + 9))"

promise "it outlives its case's closing, and nothing else of the case does"
sqlite3 "$register" "UPDATE case_file SET state = 6 WHERE number = '$case'"
dsar case close "$case"
[ "$(sqlite3 "$register" "SELECT count(*) FROM erasure_items WHERE number = '$case'")" = 2 ] || fail "what is kept is forgotten"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE number = '$case'")" = 0 ] || fail "finds are left"
run run >/dev/null 2>&1 || true
dsar erase --due >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
[ "$(people "$db")$(people "$books")" = 22 ] || fail "it was erased too soon"

promise "when the hold has ended, what it alone has kept is erased; what the law keeps stays"
after +29d erase --due >"$scratch/out"
[ "$(people "$db")$(people "$books")" = 22 ] || fail "the hold had not ended"
after +31d --json erase --due >"$scratch/out"
[ "$(people "$db")$(people "$books")" = 12 ] || fail "$(cat "$scratch/out")"
has "$scratch/out" "\"gone\":1"
! sqlite3 "$register" "SELECT place FROM erasure_items" | grep -q app.db || fail "where it lay is still on record"

promise "and that when its time is over, although the case is forgotten since years"
after +1500d case tidy >"$scratch/out"
has "$scratch/out" "$case"
[ "$(sqlite3 "$register" "SELECT count(*) FROM case_file WHERE number = '$case'")" = 0 ] || fail "the case is not forgotten"
after "+$((($(date -u -d "$((year + 8))-12-31 12:00" +%s) - $(date +%s)) / 86400))d" erase --due >"$scratch/out"
[ "$(people "$books")" = 2 ] || fail "on the last day of the period it is gone"
[ "$(sqlite3 "$register" "SELECT at || ' ' || fate FROM erasure_items WHERE number = '$case'")" = "0 2" ] || fail "the gap that the first has left: $(sqlite3 "$register" "SELECT at, fate FROM erasure_items")"
after "+$((($(date -u -d "$((year + 9))-01-02 12:00" +%s) - $(date +%s)) / 86400))d" erase --due >"$scratch/out"
[ "$(people "$db")$(people "$books")" = 11 ] || fail "$(cat "$scratch/out")"
[ "$(sqlite3 "$register" "SELECT (SELECT count(*) FROM erasures WHERE number = '$case') + (SELECT count(*) FROM erasure_items WHERE number = '$case')")" = 0 ] || fail "something of it is left"
[ -z "$(run --json hold list | jq -r "select(.state == \"in force\" and .incident == \"$case\") | .incident")" ] || fail "$(run --json hold list)"
