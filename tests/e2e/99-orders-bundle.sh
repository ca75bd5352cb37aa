#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real erasure, here and on another machine by order, then what the recipients and the authority are told of it: all, and of nobody else.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log desk=$scratch/desk.log
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
dsar_more='second_person = true backup_period = "30d" mail = "privacy@node.example" land = "HE"' machines_make
phones=$(order_key_make phones)
gpg --homedir "$scratch/phones" --batch -q -a --export >"$scratch/phones.asc" 2>/dev/null
at_end() {
	local who
	for who in dpo second stranger phones check state/register/pgp/own; do gpgconf --homedir "$scratch/$who" --kill all 2>/dev/null || true; done
}
cat >>"$conf" <<-END
	store "desk" { type = "textlog" paths = "$desk" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	recipient "Beispiel Telefon GmbH" {
	  stores = { "web" } address = "Beispielweg 2, 12345 Beispielstadt" country = "DE" fingerprint = "$phones" key = "$scratch/phones.asc"
	  text "en" { what = "phone number" } text "de" { what = "Telefonnummer" }
	}
	recipient "Example Desk Ltd." {
	  stores = { "desk" } address = "Example Street 1, Springfield" country = "DE"
	  text "en" { what = "notes" } text "de" { what = "Notizen" }
	}
	recipient "Example Unasked Inc." {
	  stores = { "elsewhere" } address = "Example Street 2, Springfield" country = "DE"
	  text "en" { what = "nothing of hers" } text "de" { what = "nichts von ihr" }
	}
	store "elsewhere" { type = "textlog" paths = "$scratch/elsewhere.log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
dsar key own --make >"$scratch/own.asc"
case=$(case_new 17)
other=$(case_new 15)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
echo carla@example.net | dsar subject "$other" add email - >/dev/null
echo 'known for years' | dsar identity "$case" --by-hand

promise "her records are found here and there, and go by plans that two persons have signed"
printf '%s anna@example.org at the desk\n%s ben@example.org at the desk\n' "$t" "$t" >"$desk"
dsar search "$case" >"$scratch/out"
printf '%s anna@example.org one\n%s ben@example.org two\n%s carla@example.net three\n' "$t" "$t" "$t" >"$log"
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
dsar review "$case" --rule own >/dev/null
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
there=$(as dpo --json collect | jq -r .plan)
dsar --json erase "$case" --dry-run >"$scratch/plan" || true
here=$(plan_of "$scratch/plan")
approve "$case" "$here"
mv "$log" "$log.there" # of the other machine, which is this one, too: the search that ends an erasure would find it here
dsar erase "$case" --confirm "$here" >/dev/null
mv "$log.there" "$log"
order=$(as dpo --json order "$case" erase --node node1 --confirm "$there" | jq -r .order)
as second order "$case" --sign "$order" --confirm "$there" >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
[ "$(cat "$desk")" = "$t ben@example.org at the desk" ] || fail "$(cat "$desk")"
[ "$(cat "$log")" = "$t ben@example.org two"$'\n'"$t carla@example.net three" ] || fail "$(cat "$log")"

promise "each recipient of what was erased is told, also of what was erased on the other machine, and nobody who had nothing"
expect 1 dsar --json notify "$case" >"$scratch/recipients"
[ "$(jq -r .recipient "$scratch/recipients" | sort | tr '\n' ,)" = "Beispiel Telefon GmbH,Example Desk Ltd.," ] || fail "$(cat "$scratch/recipients")"
dsar letter "$case" erasure --form text --to "$scratch/letter.txt" >/dev/null
dsar answer "$case" "$scratch/letter.txt"
expect 77 dsar case close "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "were not told"
dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --to "$scratch/notice.asc"
gpg --homedir "$scratch/phones" --batch -q -d "$scratch/notice.asc" 2>/dev/null >"$scratch/notice.txt"
dsar notify "$case" --recipient 'Example Desk Ltd.' --form text --to "$scratch/notice2.txt"
for f in notice.txt notice2.txt; do
	has "$scratch/$f" "$case"
	for word in ben@ carla "$other"; do has_not "$scratch/$f" "$word"; done
done
expect 64 dsar notify "$case" --recipient 'Example Unasked Inc.' --to "$scratch/notice3.txt" 2>"$scratch/stderr"
dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --sent
expect 1 dsar notify "$case" >"$scratch/out"
dsar notify "$case" --recipient 'Example Desk Ltd.' --sent
dsar notify "$case" >"$scratch/out"

promise "the authority is told all of it: both searches, decisions, both erasures, who has signed, orders, letters, notices"
dsar bundle "$case" "$scratch/letter.txt" --to "$scratch/a.tar" >"$scratch/out"
mkdir "$scratch/a" && tar -xf "$scratch/a.tar" -C "$scratch/a"
f=$scratch/a/case.json
is() { [ "$(jq -r "$1" "$f" | sort | tr '\n' ,)" = "$2" ] || fail "$1: $(jq "$1" "$f")"; }
is '.searched[] | select(.answer == "found") | .node + " " + .store' ' desk,node1 web,'
is '.decisions[] | "\(.node) \(.store) \(.decision) \(.n)"' ' desk keep 1,node1 web keep 1,'
is '.plans[] | .of + " " + .node + " " + .state + " " + (.items[] | .store + " " + .fate + " " + (.n | tostring))' 'erasure  done desk gone 1,erasure node1 done web gone 1,'
is '.orders[] | .kind + " " + .node + " " + .state' 'erase node1 answered,plan node1 answered,search node1 answered,'
[ "$(jq -r '.orders[] | select(.kind == "plan") | .plan' "$f")" = "$there" ] || fail "$(jq .orders "$f")"
[ "$(jq -r '.plans[] | select(.node == "") | .hash' "$f")" = "$here" ] || fail "$(jq .plans "$f")"
[ "$(jq '.approvals | length' "$f")" = 2 ] || fail "$(jq .approvals "$f")"
is '.notices[] | .recipient + " " + .state' 'Beispiel Telefon GmbH sent,Example Desk Ltd. sent,'
jq -e --arg h "$(sha256sum <"$scratch/letter.txt" | cut -d' ' -f1)" 'any(.made[]; .sha256 == $h and .given != null)' "$f" >/dev/null || fail "$(jq .made "$f")"
cmp "$scratch/letter.txt" "$scratch/a/sent-1.txt"
jq -e -s 'any(.kind == "order") and any(.kind == "erase" or .kind == "act" or .kind == "result")' "$scratch/a/ledger.jsonl" >/dev/null ||
	fail "$(jq -r .kind "$scratch/a/ledger.jsonl" | sort | uniq -c)"

promise "nobody else is in it, nor she herself but by her letter; and gpg and sha256sum say that it is whole"
for word in ben@ carla "$other" "at the desk"; do
	! grep -rl -e "$word" "$scratch/a" || fail "$word is in it"
done
! grep -l anna@ "$scratch"/a/*.json* "$scratch/a/statement.txt" || fail "she is in it"
mkdir -m 700 "$scratch/check"
gpg --homedir "$scratch/check" -q --import "$scratch/own.asc" 2>/dev/null
gpg --homedir "$scratch/check" --verify "$scratch/a/statement.txt.asc" "$scratch/a/statement.txt" 2>"$scratch/verify"
(cd "$scratch/a" && grep -E '^[0-9a-f]{64}  ' statement.txt | sha256sum --quiet -c)

promise "closed, with nothing of her left here, it still says what was done"
dsar case close "$case"
dsar bundle "$case" --to "$scratch/b.tar" >"$scratch/out"
tar -xOf "$scratch/b.tar" case.json >"$scratch/closed.json"
[ "$(jq -r '[.state, (.notices | length), (.approvals | length)] | join(" ")' "$scratch/closed.json")" = "shrunk 2 2" ] || fail "$(cat "$scratch/closed.json")"
[ "$(jq -r '.plans[] | select(.node == "") | .state' "$scratch/closed.json")" = "done" ] || fail "$(jq .plans "$scratch/closed.json")"
