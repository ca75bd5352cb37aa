#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What was found about a person is erased: by a plan that was approved, record by record, and nothing else goes.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

log=$scratch/web.log db=$scratch/app.db tree=$scratch/tree
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" erase_after = "files" }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
	store "files" { type = "tree" paths = "$tree/*" category = "account" period = "365d" tree { unit = '^(?<unit>\w+)' } }
END
approvers_make
node_make

t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
us=$(($(date -u -d "$t" +%s) * 1000000))
fill() {
	printf '%s anna says one\n%s ben says two\n%s anna says three\n%s anna says four\n' "$t" "$t" "$t" "$t" >"$log"
	rm -rf "$db" "$tree"
	sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT, note TEXT);
		INSERT INTO people VALUES ($((us / 1000000)), 'anna@example.org', 'a'), ($((us / 1000000)), 'ben@example.org', 'b')"
	mkdir -p "$tree/anna/deep" "$tree/ben"
	echo x | tee "$tree/anna/a" "$tree/anna/deep/b" "$tree/ben/c" >/dev/null
	find "$tree" -exec touch -d "$t" {} +
}
fill

promise "nothing is planned before the person's identity is verified, every store has answered and each find was looked at"
case=$(case_new 17)
expect 77 dsar erase "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "identity is not verified"
case_ready "$case"
expect 77 dsar erase "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "not every store has answered"

identified "$case" email anna@example.org
found "$case" web keep "$log" "$us" < <(grep anna "$log" | head -n 2)
found "$case" web exclude "$log" "$us" < <(grep four "$log")
found "$case" app keep "$db" "$us" < <(printf 't=%s\temail=anna@example.org\tnote=a\n' "$((us / 1000000))")
found_tree "$case" files keep anna "$us" "unit=anna"$'\n'"$tree/anna"$'\n'

promise "the plan says of each find what is done, in the order of the acts, and changes nothing"
before=$(sha256sum <"$log")
dsar --json erase "$case" --dry-run >"$scratch/plan"
hash=$(plan_of "$scratch/plan")
[ "$(jq -r 'select(.find) | .store + " " + .fate' "$scratch/plan" | tr '\n' ,)" = "files erase,web erase,web erase,web exclude,app erase," ] || fail "$(cat "$scratch/plan")"
[ "$before" = "$(sha256sum <"$log")" ] || fail "the log was changed"
dsar erase "$case" >"$scratch/out"
has "$scratch/out" "backups"
has "$scratch/out" "$hash"

promise "without a signature nothing is erased, and with one of somebody else neither"
expect 77 dsar erase "$case" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "not approved"
GNUPGHOME=$scratch/stranger expect 77 dsar approve "$case" "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "no key that may approve"
expect 77 dsar approve "$case" "${hash//[0-9]/0}" 2>"$scratch/stderr"

promise "where two persons have to approve, one who signs twice is one"
GNUPGHOME=$scratch/dpo dsar approve "$case" "$hash" >/dev/null
GNUPGHOME=$scratch/dpo dsar approve "$case" "$hash" >/dev/null
sqlite3 "$register" "INSERT INTO approvals SELECT number, hash, 'somebody else', signature, public_key, made_us FROM approvals"
expect 77 dsar erase "$case" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "second person"
GNUPGHOME=$scratch/second dsar approve "$case" "$hash" >/dev/null

promise "what is stored is not what the plan was made of: a message, and nothing is lost"
cp -a "$db" "$scratch/yesterday.db"
sqlite3 "$db" "UPDATE people SET note = 'z' WHERE email LIKE 'anna%'"
expect 77 dsar erase "$case" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "nothing was erased"
[ "$(grep -c anna "$log")" -eq 3 ] || fail "$(cat "$log")"
cp -a "$scratch/yesterday.db" "$db"

promise "what was approved goes, and nothing else"
dsar --json erase "$case" --confirm "$hash" >"$scratch/done"
[ "$(sed 's/ says.*//; s/.* //' "$log" | tr -d '\n')" = benanna ] || fail "$(cat "$log")"
has "$log" "anna says four"
[ "$(sqlite3 "$db" "SELECT email FROM people")" = ben@example.org ] || fail "$(sqlite3 "$db" .dump)"
if [ -e "$tree/anna" ] || [ ! -e "$tree/ben/c" ]; then fail "$(find "$tree")"; fi
[ "$(jq -r 'select(.plan) | "\(.state) \(.gone) \(.erase)"' "$scratch/done")" = "done 4 0" ] || fail "$(cat "$scratch/done")"

promise "each step stands in both ledgers before its result, by case number alone"
for l in "$register_dir/ledger.db" "$scratch/state/ledger.db"; do
	[ "$(sqlite3 "$l" "SELECT kind FROM entry WHERE kind IN ('erase', 'erased') ORDER BY seq" | tr '\n' ,)" = "erase,erased,erase,erased,erase,erased," ] ||
		fail "$(sqlite3 "$l" "SELECT kind, data FROM entry")"
	! sqlite3 "$l" "SELECT data FROM entry" | grep -qiE "anna|$scratch" || fail "personal data in $l"
done

promise "a backup that is brought back does not bring her back: the row as it was earlier, the lines as they were"
fill
sqlite3 "$db" "UPDATE people SET note = 'as it was last week'"
dsar reapply --dry-run >"$scratch/out"
has "$scratch/out" "web: 2 records"
dsar reapply >/dev/null
[ "$(sed 's/ says.*//; s/.* //' "$log" | tr -d '\n')" = benanna ] || fail "$(cat "$log")"
[ "$(sqlite3 "$db" "SELECT email FROM people")" = ben@example.org ] || fail "$(sqlite3 "$db" .dump)"
[ "$(dsar --json reapply | wc -l)" -eq 0 ] || fail "there is more"
if [ "$(id -u)" -eq 0 ]; then # she comes again of her own will
	sqlite3 "$db" "INSERT INTO people VALUES ($(date +%s) + 10, 'anna@example.org', 'new')"
	dsar reapply >/dev/null
	[ "$(sqlite3 "$db" "SELECT count(*) FROM people")" = 2 ] || fail "a new account was taken for an old one"
fi
! grep -qa anna@ "$register_dir"/*.key "$scratch/state/tombstone.key" 2>/dev/null || fail "a key with a name"

promise "what is restricted stays, and is named with its case; it is lifted only after the person was told"
fill
[ "$(id -u)" -ne 0 ] || sqlite3 "$db" "DELETE FROM people WHERE note = 'new'"
other=$(case_new 18)
case_ready "$other"
found "$other" web keep "$log" "$us" < <(grep three "$log")
dsar restrict "$other" >/dev/null
rounds=$(case_new 17)
case_ready "$rounds"
found "$rounds" web keep "$log" "$us" < <(grep anna "$log")
dsar --json erase "$rounds" >"$scratch/plan"
[ "$(jq -r 'select(.fate == "keep") | .ground' "$scratch/plan")" = "hold 1 ($other)" ] || fail "$(cat "$scratch/plan")"
approve "$rounds" "$(plan_of "$scratch/plan")"
dsar erase "$rounds" --confirm "$(plan_of "$scratch/plan")" >/dev/null
[ "$(grep -c anna "$log")" = 1 ] || fail "$(cat "$log")"
sed -i 's/period = "365d" erase_after/period = "1d" erase_after/' "$scratch/stores.d/t.conf"
run run --store web >/dev/null 2>&1 || true
has "$log" "anna says three"
expect 77 dsar restrict "$other" --lift 2>"$scratch/stderr"
has "$scratch/stderr" "has to be told"
dsar erase --due
has "$log" "anna says three"

promise "when the ground ends it is erased by itself"
dsar restrict "$other" --told
dsar restrict "$other" --lift
dsar erase --due >/dev/null
has_not "$log" "anna says three"
[ -z "$(run --json hold list | jq -r 'select(.state == "in force") | .incident')" ] || fail "$(run --json hold list)"
