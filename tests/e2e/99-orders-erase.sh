#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Erasing on another machine takes a plan of that machine and two persons; every order that is not as it has to be is denied.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
dsar_more='second_person = true backup_period = "30d"' machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n%s anna@example.org three\n' "$t" "$t" "$t" >"$log"
cp "$log" "$scratch/before.copy"
case=$(case_new 17)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"

promise "the machine says what an erasure would do, and erases nothing; what is signed is that plan's hash"
expect 77 as dpo order "$case" erase --node node1 --confirm "$(printf a%.0s {1..64})" 2>"$scratch/stderr"
has "$scratch/stderr" "not the plan of that machine"
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
[ "${#hash}" = 64 ] || fail "no hash: $hash"
[ "$(as dpo --json order "$case" --items node1 | jq -r .fate | tr '\n' ,)" = "erase,erase," ] || fail "$(as dpo order "$case" --items node1)"
same "$log" "$scratch/before.copy"

promise "one person's order waits for the second's, who must be another"
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
[ -z "$(ls "$scratch/state/queue/orders")" ] || fail "it is sent"
expect 77 as dpo order "$case" --sign "$order" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "another person has to"
expect 77 as stranger order "$case" --sign "$order" 2>"$scratch/stderr"
has "$scratch/stderr" "no key that may approve"

denied() { # WHY ID
	expect 1 timeout 60 "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out"
	has "$scratch/out" "$2: denied"
	[ "$(jq -r .fault <(head -n 1 "$node_state/queue/results/$2.denied"))" = "$1" ] || fail "$(cat "$node_state/queue/results/$2.denied")"
	[ "$(node_ledger | tail -n 1 | jq -r '.what + " " + .fault')" = "denied $1" ] || fail "$(node_ledger | tail -n 1)"
	same "$log" "$scratch/before.copy"
	[ ! -e "$node_state/queue/orders/$2.order" ] || fail "it lies there still"
	rm "$node_state/queue/results/$2.denied"
}
text=$scratch/order.text
sqlite3 "$register" "SELECT writefile('$text', text) FROM orders WHERE id = '$order'" >/dev/null
other() { # jq has no whole numbers of 64 bits
	python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); exec(sys.argv[2]); sys.stdout.write(json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False))' \
		"$text" "$1" >"$scratch/other.text"
}

promise "denied and on record: one signature missing, the same person's twice, a stranger's, a bad one first"
paper "$text" dpo | put_order "$order"
denied second "$order"
paper "$text" dpo dpo | put_order "$order"
denied second "$order"
paper "$text" dpo stranger | put_order "$order"
denied signature "$order"
paper "$text" | put_order "$order"
denied signature "$order"
other 'o["not_after"] += 1'
{ paper "$scratch/other.text" dpo second | jq -c --rawfile o "$text" '.order = $o'; } | put_order "$order"
denied signature "$order"

promise "… for another machine, too late, under another's name, in another form, not for its key, truncated"
for what in 'node o["node"] = "node2"' 'late o["not_after"] = o["not_before"] + 1' 'form o["v"] = 2' 'form o["kind"] = "run"'; do
	other "${what#* }"
	paper "$scratch/other.text" dpo second | put_order "$order"
	denied "${what%% *}" "$order"
done
paper "$text" dpo second | put_order "${order//[0-9]/0}"
denied form "${order//[0-9]/0}"
echo junk | put_order "$order"
denied form "$order"
key_of dpo >"$node_state/queue/orders/$order.order"
denied unreadable "$order"
ln -s "$text" "$node_state/queue/orders/$order.order"
denied unreadable "$order"

promise "noise of a megabyte, where a key, a signature, an order or an answer should be, holds nobody up"
soon() { timeout 60 "$@"; }
noise() { # WORD: an armour of it, of bytes that begin as a key and are none; gpg ends in the midst of them
	printf -- '-----BEGIN PGP %s-----\n\n' "$1"
	python3 -c 'import random, sys; sys.stdout.buffer.write(b"\x99\x01\x0d\x04" + random.Random(2).randbytes(1500000))' | base64
}
noise "PUBLIC KEY BLOCK" >"$scratch/noise"
paper "$text" dpo second | python3 -c 'import json, sys; p = json.load(sys.stdin); p["signatures"][0]["key"] = open(sys.argv[1]).read(); json.dump(p, sys.stdout)' "$scratch/noise" | put_order "$order"
denied form "$order"
other 'o["identifiers"] *= 5000'
paper "$scratch/other.text" dpo second | python3 -c 'import json, sys; p = json.load(sys.stdin); p["signatures"][0]["signature"] = "noise"; json.dump(p, sys.stdout)' | put_order "$order"
denied signature "$order"
noise MESSAGE >"$node_state/queue/orders/$order.order"
denied unreadable "$order"
noise MESSAGE >"$scratch/state/queue/results/$order-000001.result"
GNUPGHOME=$scratch/dpo expect 65 soon "$SPARSAM_BIN/dsar" -c "$conf" collect 2>"$scratch/stderr"
rm "$scratch/state/queue/results/$order-000001.result"

promise "the second person signs by the plan's hash, and nothing that the first has put in its place"
expect 77 as second order "$case" --sign "$order" 2>"$scratch/stderr"
has "$scratch/stderr" "signed by its plan's hash"
other 'o["not_after"] += 86400000000'
sqlite3 "$register" "UPDATE orders SET text = readfile('$scratch/other.text') WHERE id = '$order'"
expect 65 as second order "$case" --sign "$order" --confirm "$hash" 2>"$scratch/stderr"
has "$scratch/stderr" "not what the register says"
sqlite3 "$register" "UPDATE orders SET text = readfile('$text') WHERE id = '$order'"
[ -z "$(ls "$scratch/state/queue/orders")" ] || fail "it is sent"

promise "with both signatures it is sent, done once, and answered; nobody else's record goes"
as second order "$case" --sign "$order" --confirm "$hash" >/dev/null
cp "$scratch/state/queue/orders/$order.order" "$scratch/replay"
head -c 700 "$scratch/replay" >"$node_state/queue/orders/$order.order"
denied unreadable "$order"
answer_orders >/dev/null
[ "$(cat "$log")" = "$t ben@example.org two" ] || fail "$(cat "$log")"
as dpo collect >/dev/null
[ "$(as dpo --json order "$case" --items node1 | jq -r '.fate + " \(.erased)"' | sort -u)" = "gone true" ] || fail "$(as dpo --json order "$case" --items node1)"
[ "$(dsar --json case show "$case" | jq -r 'select(.state) | .state' | head -n 1)" = executing ] || fail "the case is not where it should be"
dsar letter "$case" erasure --form text --to "$scratch/letter" >/dev/null
has "$scratch/letter" "web (node1)"

promise "a replay is denied, also under another id, and changes nothing"
cp "$log" "$scratch/before.copy"
cp "$scratch/replay" "$node_state/queue/orders/$order.order"
denied replayed "$order"
other 'o["not_after"] += 1'
paper "$scratch/other.text" dpo second | put_order "$order"
denied replayed "$order"

promise "what a backup brings back on the node is erased there again, and nothing of her is left in its register"
printf '%s anna@example.org one\n' "$t" >>"$log"
node agent reapply >/dev/null
same "$log" "$scratch/before.copy"
for f in "$node_state"/agent/*.db "$node_state"/*.db; do ! grep -qa anna "$f" || fail "$f"; done

promise "what is restricted by order stays there, until that is lifted by one"
printf '%s carl@example.org one\n' "$t" >>"$log"
other=$(case_new 18)
echo carl@example.org | dsar subject "$other" add email - >/dev/null
as dpo order "$other" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"
as dpo order "$other" restrict --node node1 >/dev/null
as dpo order "$other" release --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
held() { "$retention" --json hold list -c "$node_conf" | jq -r 'select(.state == "in force") | .incident + " " + .reason'; }
[ "$(held)" = "$other restriction (Art. 18 GDPR)" ] || fail "$(held)"
expect 77 as dpo order "$other" lift --node node1 2>"$scratch/stderr"
as dpo order "$other" lift --told --node node1 >/dev/null
answer_orders >/dev/null
[ -z "$(held)" ] || fail "$(held)"
