#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An objection restricts what was found until it is decided; what one person has restricted goes into nobody else's answer
# without a ground of Art. 18(2).
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

log=$scratch/web.log
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" purpose = "statistics" basis = "Art. 6(1)(f) GDPR" }
END
approvers_make
node_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ) us=$(($(date -u -d "$t" +%s) * 1000000))
printf '%s anna meets ben\n%s anna alone\n%s ben alone\n' "$t" "$t" "$t" >"$log"
holds() { run --json hold list | jq -r 'select(.state == "in force") | .incident' | sort | tr '\n' ,; }

promise "an objection is noted for a verified person, in a case of Article 21; before a search there is nothing to restrict"
case=$(case_new 21)
expect 77 dsar object "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "identity is not verified"
case_ready "$case"
expect 77 dsar object "$case" --uphold 2>"$scratch/stderr"
has "$scratch/stderr" "not noted yet"
dsar --lang de object "$case" >"$scratch/out"
has "$scratch/out" "Noch wurde nichts gefunden"
[ "$(holds)" = "" ] || fail "$(holds)"

promise "what is found is restricted until it is decided, and erased by nobody before"
found "$case" web keep "$log" "$us" < <(grep anna "$log")
[ "$(dsar --json object "$case" | jq -r '"\(.objection) \(.restricted)"')" = "noted 2" ] || fail "$(dsar --json object "$case")"
dsar object "$case" >/dev/null
[ "$(holds)" = "$case," ] || fail "$(holds)"
[ "$(sqlite3 "$register" "SELECT count(*) FROM case_event WHERE kind = 'objection'")" = 1 ] || fail "noted twice"
expect 77 dsar erase "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "the objection is not upheld"

promise "in the answer to somebody else it is marked, and left out but on a ground of Art. 18(2)"
ben=$(case_new 15)
case_ready "$ben"
sqlite3 "$register" "UPDATE case_file SET state = 3 WHERE number = '$ben'"
found "$ben" web open "$log" "$us" < <(grep ben "$log")
shared=$(dsar --json review "$ben" --list | jq -r 'select(.restricted) | .find')
[ "$(dsar --json review "$ben" --show "$shared" | jq -r 'select(.text) | .restricted + .text')" = "$case$t anna meets ben" ] || fail "$(dsar --json review "$ben" --list)"
dsar --lang de review "$ben" --list >"$scratch/out"
has "$scratch/out" "$case"
expect 77 dsar review "$ben" --keep "$shared" 2>"$scratch/stderr"
has "$scratch/stderr" "restricted on behalf of another case"
expect 1 dsar review "$ben" --rule own >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "or are restricted"
sqlite3 "$register" "UPDATE finds SET decision = 1, ground = 'hers' WHERE id = $shared; UPDATE case_file SET state = 4 WHERE number = '$ben'"
[ "$(dsar --json export "$ben" --to "$scratch/a.zip" | jq -r .records)" = 1 ] || fail "it went out"
mkdir "$scratch/a"
python3 -m zipfile -e "$scratch/a.zip" "$scratch/a"
! grep -rqa "anna meets" "$scratch/a" || fail "it went out"
has "$scratch/a/letter.txt" "für eine andere Person eingeschränkt"
sqlite3 "$register" "UPDATE case_file SET state = 3 WHERE number = '$ben'"
dsar review "$ben" --keep "$shared" --ground rights >/dev/null
[ "$(dsar --json export "$ben" --to "$scratch/b.zip" | jq -r .records)" = 2 ] || fail "it did not go out"
has <(sqlite3 "$register_dir/ledger.db" "SELECT data FROM entry WHERE kind = 'review'") '"ground":"rights"'

promise "in her own letter's other cases it is nobody else's"
own=$(case_new 15)
case_ready "$own"
sqlite3 "$register" "UPDATE case_file SET correspondence = '$case' WHERE number = '$own'"
found "$own" web keep "$log" "$us" < <(grep anna "$log")
[ "$(dsar --json review "$own" --list | jq -r 'select(.restricted) | .find')" = "" ] || fail "$(dsar --json review "$own" --list)"

promise "upheld, it is erased by the case's own plan, and the restriction ends with it"
dsar object "$case" --uphold >/dev/null
expect 77 dsar object "$case" --uphold 2>"$scratch/stderr"
dsar --json erase "$case" >"$scratch/plan"
approve "$case" "$(plan_of "$scratch/plan")"
dsar erase "$case" --confirm "$(plan_of "$scratch/plan")" >/dev/null
[ "$(cat "$log")" = "$t ben alone" ] || fail "$(cat "$log")"
[ "$(holds)" = "" ] || fail "$(holds)"
dsar letter "$case" objection >"$scratch/letter"
has "$scratch/letter" "web: statistics"

promise "rejected, on grounds that the letter gives, by a person who is on record; against direct marketing never"
other=$(case_new 21)
case_ready "$other"
found "$other" web keep "$log" "$us" < <(grep ben "$log")
dsar object "$other" --marketing >/dev/null
expect 77 dsar object "$other" --reject <<<"We want to." 2>"$scratch/stderr"
has "$scratch/stderr" "direct marketing"
third=$(case_new 21)
case_ready "$third"
found "$third" web keep "$log" "$us" < <(grep ben "$log")
dsar object "$third" >/dev/null
expect 65 dsar object "$third" --reject </dev/null 2>"$scratch/stderr"
dsar object "$third" --reject <<<"Abuse of the service is being worked on." >/dev/null
dsar letter "$third" refusal >"$scratch/letter"
has "$scratch/letter" "Abuse of the service"
[ "$(sqlite3 "$register" "SELECT json_extract(data, '\$.by') FROM case_event WHERE number = '$third' AND kind = 'objection' ORDER BY id DESC LIMIT 1")" = "$(id -u)" ] || fail "by whom?"
expect 77 dsar restrict "$third" --lift 2>"$scratch/stderr"
dsar restrict "$third" --told
dsar restrict "$third" --lift
[ "$(holds)" = "$other," ] || fail "$(holds)"
! sqlite3 "$register_dir/ledger.db" "SELECT data FROM entry" | grep -qi "abuse" || fail "the ledger quotes the grounds"
