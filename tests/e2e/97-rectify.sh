#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is wrong about a person is set right where a store lets that be done, by a plan that was approved; everywhere
# else her statement stands beside the record.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

log=$scratch/web.log db=$scratch/app.db
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" rectify = { "name", "email", "age" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
	store "kept" { type = "sqlite" paths = "$scratch/kept.db" category = "contract" period = "365d" rectify = { "name" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
cat >>"$conf" <<-END
	duty "books" { law = "Section 147 AO" years = 8 stores = { "kept" } }
	recipient "Example Telefon GmbH" { stores = { "app" } country = "DE" }
END
approvers_make
node_make

t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
s=$(date -u -d "$t" +%s) us=${s}000000
table="CREATE TABLE people (t INTEGER, name TEXT, email TEXT, age INTEGER, note TEXT);
	INSERT INTO people VALUES ($s, 'Ana Muster', 'anna@example.org', 7, 'name=Ana'), ($s, 'Ben', 'ben@example.org', 9, 'b')"
printf '%s Ana joins\n%s Ben joins\n' "$t" "$t" >"$log"
sqlite3 "$db" "$table"
sqlite3 "$scratch/kept.db" "$table"
row=$(printf 't=%s\tname=Ana Muster\temail=anna@example.org\tage=7\tnote=name=Ana' "$s")

promise "nothing is noted before the person's identity is verified, nor of a find that is not hers"
case=$(case_new 16)
expect 77 dsar rectify "$case" --find 1 --field name <<<"Anna" 2>"$scratch/stderr"
has "$scratch/stderr" "identity is not verified"
case_ready "$case"
identified "$case" email anna@example.org
found "$case" app keep "$db" "$us" <<<"$row"
found "$case" web keep "$log" "$us" < <(grep Ana "$log")
found "$case" kept keep "$scratch/kept.db" "$us" <<<"$row"
found "$case" web exclude "$log" "$us" < <(grep Ben "$log")
expect 77 dsar rectify "$case" --find 4 --field text <<<"Anna" 2>"$scratch/stderr"
expect 64 dsar rectify "$case" --find 9 --field text <<<"Anna" 2>"$scratch/stderr"
expect 64 dsar rectify "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "nothing is to be rectified"

promise "the plan says of each field what is done, and why not; it changes nothing"
dsar rectify "$case" --find 1 --field name <<<"Anna-Zoë O'Muster"
dsar rectify "$case" --find 1 --field email <<<"anna.muster@example.org"
dsar rectify "$case" --find 1 --field note <<<"x"
dsar rectify "$case" --find 1 --field age <<<"70"
dsar rectify "$case" --find 1 --field age --drop
dsar rectify "$case" --find 2 --field text <<<"Anna joins"
dsar rectify "$case" --find 2 --statement <<<"It was her sister."
dsar rectify "$case" --find 3 --field name <<<"Anna Muster"
before=$(sqlite3 "$db" .dump | sha256sum)
dsar --json rectify "$case" --dry-run >"$scratch/plan"
hash=$(plan_of "$scratch/plan")
[ "$(jq -r 'select(.find) | "\(.find) \(.field) \(.fate)"' "$scratch/plan" | sort | tr '\n' ,)" = "1 email set,1 name set,1 note statement,2 * statement,2 text statement,3 name statement," ] || fail "$(cat "$scratch/plan")"
[ "$(jq -r 'select(.find == 3) | .ground' "$scratch/plan")" = "Section 147 AO (books)" ] || fail "$(cat "$scratch/plan")"
dsar --lang de rectify "$case" >"$scratch/out"
has "$scratch/out" "bleiben, wie sie geschrieben wurden"
has "$scratch/out" "$hash"
[ "$before" = "$(sqlite3 "$db" .dump | sha256sum)" ] || fail "the database was changed"

promise "without approval nothing is changed, and what is wished for since needs another one"
expect 77 dsar rectify "$case" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "not approved"
expect 77 dsar approve "$case" "${hash//[0-9]/0}" 2>"$scratch/stderr"
approve "$case" "$hash"
dsar rectify "$case" --find 1 --field age <<<"8"
expect 77 dsar rectify "$case" --confirm "$hash" 2>"$scratch/stderr"
dsar rectify "$case" --find 1 --field age --drop
expect 77 dsar rectify "$case" --confirm "$hash" 2>"$scratch/stderr"
dsar rectify "$case" >/dev/null

promise "what is stored is not what the plan was made of: a message, and nothing is changed"
sqlite3 "$db" "UPDATE people SET age = 8 WHERE age = 7"
expect 77 dsar rectify "$case" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "nothing was changed"
sqlite3 "$db" "UPDATE people SET age = 7 WHERE age = 8"

promise "what was approved is changed, and nothing else; what is restricted stays so as it becomes"
dsar restrict "$case" >/dev/null
dsar --json rectify "$case" --confirm "$hash" >"$scratch/done"
[ "$(sqlite3 "$db" "SELECT name, email, age, note FROM people" | tr '\n' ,)" = "Anna-Zoë O'Muster|anna.muster@example.org|7|name=Ana,Ben|ben@example.org|9|b," ] || fail "$(sqlite3 "$db" .dump)"
! grep -qa "Ana Muster" "$db" || fail "the old name lies in the file"
[ "$(grep -c "Ana joins" "$log")" = 1 ] || fail "the log was changed"
[ "$(sqlite3 "$scratch/kept.db" "SELECT count(*) FROM people WHERE name = 'Ana Muster'")" = 1 ] || fail "a voucher was changed"
[ "$(jq -r 'select(.plan) | "\(.state) \(.done) \(.attached) \(.set)"' "$scratch/done")" = "done 2 4 0" ] || fail "$(cat "$scratch/done")"
sed -i 's/period = "365d" rectify = { "name", "email", "age" }/period = "1d" rectify = { "name", "email", "age" }/' "$scratch/stores.d/t.conf"
run run --store app >/dev/null 2>&1 || true
[ "$(sqlite3 "$db" "SELECT name FROM people")" = "Anna-Zoë O'Muster" ] || fail "what is restricted was deleted: $(sqlite3 "$db" .dump)"

promise "each act stands in both ledgers before its result, by case number and find alone"
for l in "$register_dir/ledger.db" "$scratch/state/ledger.db"; do
	[ "$(sqlite3 "$l" "SELECT kind FROM entry WHERE kind IN ('rectify', 'rectified') ORDER BY seq LIMIT 2" | tr '\n' ,)" = "rectify,rectified," ] ||
		fail "$(sqlite3 "$l" "SELECT kind, data FROM entry")"
	! sqlite3 "$l" "SELECT data FROM entry" | grep -qiE "anna|muster|sister" || fail "personal data in $l"
done

promise "search and review show the new value, and the statement beside what stayed"
dsar --json review "$case" --show 1 >"$scratch/out"
has "$scratch/out" "anna.muster@example.org"
[ "$(dsar --json review "$case" --show 2 | jq -r 'select(.statement) | .statement' | tr '\n' ,)" = "It was her sister.,text: Anna joins," ] || fail "$(dsar --json review "$case" --show 2)"

promise "the letter tells it in the person's language, and the recipients have to be told"
dsar letter "$case" rectification >"$scratch/letter"
has "$scratch/letter" "app: name lautet jetzt: Anna-Zoë O'Muster"
has "$scratch/letter" "Section 147 AO"
expect 1 dsar notify "$case" >"$scratch/out"
has "$scratch/out" "Example Telefon GmbH"

promise "another case of hers waits for the restriction's end, and says so"
sed -i 's/period = "1d" rectify/period = "365d" rectify/' "$scratch/stores.d/t.conf"
other=$(case_new 16)
case_ready "$other"
found "$other" app keep "$db" "$us" < <(printf "t=%s\tname=Anna-Zoë O'Muster\temail=anna.muster@example.org\tage=7\tnote=name=Ana\n" "$s")
id=$(dsar --json review "$other" --list | jq -r 'select(.find) | .find')
dsar rectify "$other" --find "$id" --field age <<<"007"
dsar --json rectify "$other" >"$scratch/plan"
[ "$(jq -r 'select(.find) | "\(.fate) \(.ground)"' "$scratch/plan")" = "statement hold 2 ($case)" ] || fail "$(cat "$scratch/plan")"
dsar restrict "$case" --told
dsar restrict "$case" --lift

promise "a value of which the column would make another is not set but attached; a better one may follow"
dsar --json rectify "$other" >"$scratch/plan"
approve "$other" "$(plan_of "$scratch/plan")"
dsar --json rectify "$other" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(jq -r 'select(.find) | "\(.fate) \(.ground)"' "$scratch/done")" = "attached the store does not take the value" ] || fail "$(cat "$scratch/done")"
[ "$(sqlite3 "$db" "SELECT age FROM people WHERE name LIKE 'Anna%'")" = 7 ] || fail "$(sqlite3 "$db" .dump)"
dsar rectify "$other" --find "$id" --field age <<<"8"
dsar --json rectify "$other" >"$scratch/plan"
approve "$other" "$(plan_of "$scratch/plan")"
dsar --json rectify "$other" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done"
[ "$(sqlite3 "$db" "SELECT age FROM people WHERE name LIKE 'Anna%'")" = 8 ] || fail "$(sqlite3 "$db" .dump)"
[ -z "$(run --json hold list | jq -r 'select(.state == "in force") | .incident')" ] || fail "$(run --json hold list)"

promise "of a record that is too large to be set a field is stated, as what is said of all of it"
sqlite3 "$db" "INSERT INTO people VALUES ($s, 'Ana', 'anna@example.net', 7, printf('%.*c', 1200000, 'x'))"
large=$(case_new 16)
case_ready "$large"
found "$large" app keep "$db" "$us" < <(sqlite3 "$db" "SELECT 't=' || t || char(9) || 'name=Ana' || char(9) || 'email=' || email || char(9) || 'age=7' || char(9) || 'note=' || note FROM people WHERE name = 'Ana'")
id=$(dsar --json review "$large" --list | jq -r 'select(.find) | .find')
dsar rectify "$large" --find "$id" --statement <<<"It was her sister."
dsar rectify "$large" --find "$id" --field name <<<"Anna"
dsar --json rectify "$large" >"$scratch/plan" 2>"$scratch/stderr" || fail "$(cat "$scratch/stderr")"
[ "$(jq -r 'select(.find) | "\(.field) \(.ground)"' "$scratch/plan" | sort | tr '\n' ,)" = "* a statement,name the record has no such field, or is too large," ] || fail "$(cut -c 1-200 "$scratch/plan")"
