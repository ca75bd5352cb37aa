#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is wrong on another machine is put right by order, by a plan of that machine; and what is objected to is restricted there, and
# erased once the objection is upheld. Killed at its steps it is done when it is said again. STRIDE=1 tries each step.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
need_killat
need_tracing
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
data=$scratch/data log=$scratch/data/web.log db=$scratch/data/app.db
mkdir "$data"
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	store "app" { type = "sqlite" paths = "$db" category = "account" period = "365d" rectify = { "name" } sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
dsar_more='second_person = true backup_period = "30d"' machines_make
s=$(date -u -d -2days +%s)
t=$(date -u -d "@$s" +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org Ana says\n%s ben@example.org Ben says\n' "$t" "$t" >"$log"
cp "$log" "$scratch/log.copy"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, name TEXT, email TEXT);
	INSERT INTO people VALUES ($s, 'Ana', 'anna@example.org'), ($s, 'Ben', 'ben@example.org')"
of_node() { sqlite3 "$node_state/agent/register.db" "$1"; }
rows() { sqlite3 "$db" "SELECT name FROM people" | tr '\n' ,; }
find_in() { as dpo --json review "$case" | jq -r "select(.store == \"$1\") | .find"; }
items() { as dpo --json order "$case" --items node1 | jq -r '.store + " " + .field + " " + .fate' | tr '\n' ,; }
searched() { # ARTICLE
	case=$(case_new "$1")
	echo anna@example.org | dsar subject "$case" add email - >/dev/null
	as dpo order "$case" search --node node1 >/dev/null
	answer_orders >/dev/null
	as dpo collect >/dev/null
	sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1 WHERE decision = 0"
}
denied() { # WHY
	expect 1 node agent >"$scratch/out"
	[ "$(jq -r .fault <(head -n 1 "$node_state/queue/results/$order.denied"))" = "$1" ] || fail "$(cat "$node_state/queue/results/$order.denied")"
	[ "$(node_ledger | tail -n 1 | jq -r '.what + " " + .fault')" = "denied $1" ] || fail "$(node_ledger | tail -n 1)"
	[ "$(rows)" = Ana,Ben, ] || fail "$(rows)"
	rm "$node_state/queue/results/$order.denied"
}

searched 16
promise "what is to stand there is not this machine's to put right, and that machine is asked for what it would do"
expect 64 as dpo order "$case" rectify-plan --node node1 2>"$scratch/stderr"
has "$scratch/stderr" "to be rectified"
dsar rectify "$case" --find "$(find_in app)" --field name <<<"Anna"
dsar rectify "$case" --find "$(find_in web)" --field text <<<"Anna says"
expect 64 as dpo rectify "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "nothing is to be rectified in this case yet"
expect 77 as dpo order "$case" rectify --node node1 --confirm "$(printf a%.0s {1..64})" 2>"$scratch/stderr"
has "$scratch/stderr" "not the plan of that machine"
as dpo order "$case" rectify-plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
[ "${#hash}" = 64 ] || fail "no hash: $hash"
[ "$(items)" = "app name set,web text statement," ] || fail "$(items)"
[ "$(rows)" = Ana,Ben, ] || fail "a plan has changed it: $(rows)"

promise "a plan is of what is wished for when it was made: another wish needs another plan"
as dpo order "$case" rectify-plan --node node1 >/dev/null
dsar rectify "$case" --find "$(find_in app)" --field email <<<"anna.m@example.org"
answer_orders >/dev/null
expect 1 as dpo collect >"$scratch/out"
has "$scratch/out" "order another one"
expect 77 as dpo order "$case" rectify --node node1 --confirm "$hash" 2>/dev/null
dsar rectify "$case" --find "$(find_in app)" --field email --drop
as dpo order "$case" rectify-plan --node node1 >/dev/null
answer_orders >/dev/null
[ "$(as dpo --json collect | jq -r .plan)" = "$hash" ] || fail "the same wishes have another plan"

promise "one person's signature is not enough where two have to sign, nor is a stranger's; all is on record"
order=$(as dpo --json order "$case" rectify --node node1 --confirm "$hash" | jq -r .order)
[ -z "$(ls "$scratch/state/queue/orders")" ] || fail "it is sent"
text=$scratch/order.text
sqlite3 "$register" "SELECT writefile('$text', text) FROM orders WHERE id = '$order'" >/dev/null
paper "$text" dpo | put_order "$order"
denied second
paper "$text" dpo stranger | put_order "$order"
denied signature
python3 - "$text" "$scratch/other.text" <<-'END'
	import json, sys
	o = json.load(open(sys.argv[1]))
	o["wishes"][0]["value"] = "Mallory"
	open(sys.argv[2], "w").write(json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
END
{ paper "$text" dpo second | jq -c --rawfile o "$scratch/other.text" '.order = $o'; } | put_order "$order"
denied signature
sed 's/"kind":"rectify"/"kind":"erase"/' "$text" >"$scratch/other.text"
paper "$scratch/other.text" dpo second | put_order "$order"
denied form

promise "what two have signed is not done where what is stored, or what is wished, is not what the plan was made of"
python3 - "$text" "$scratch/other.text" <<-'END'
	import json, sys
	o = json.load(open(sys.argv[1]))
	o["wishes"][0]["value"] = "Mallory"
	o["id"] = "0" * 32
	open(sys.argv[2], "w").write(json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
END
real=$order order=00000000000000000000000000000000
paper "$scratch/other.text" dpo second | put_order "$order"
denied plan
order=$real

# killed WHAT STRIDE RIGHT: what lies in the node's queue, by an agent killed at each step and said again
killed() {
	local n i
	rm -rf "$scratch/snapshot"
	mkdir "$scratch/snapshot"
	cp -a "$data" "$node_state" "$scratch/snapshot"
	"$killat" 0 "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null 2>"$scratch/steps" || fail "$(grep -a dsar: "$scratch/steps")"
	"$2" "whole"
	n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
	[ "$n" -gt 50 ] || fail "$(cat "$scratch/steps")"
	for ((i = 1; i <= n; i += ${STRIDE:-$1})); do
		rm -rf "$data" "$node_state"
		cp -a "$scratch/snapshot/data" "$scratch/snapshot/node" "$scratch"
		"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null 2>&1 || [ $? -eq 137 ]
		gpgconf --homedir "$node_state/agent/pgp/own" --kill all 2>/dev/null || true
		gpgconf --homedir "$node_state/node" --kill all 2>/dev/null || true
		node agent >/dev/null 2>"$scratch/stderr" || fail "step $i of $n: $(cat "$scratch/stderr")"
		"$2" "step $i of $n"
	done
}
right() {
	[ "$(rows)" = Anna,Ben, ] || fail "$1: $(rows)"
	same "$log" "$scratch/log.copy"
	[ "$(find "$node_state/queue" -type f)" = "$node_state/queue/results/$order-000001.result" ] || fail "$1: $(find "$node_state/queue" -type f)"
	[ "$(of_node "SELECT state FROM agent_orders WHERE id = '$order'")" = 2 ] || fail "$1: it is not done"
	[ "$(of_node "SELECT (SELECT count(*) FROM case_file) + (SELECT count(*) FROM rectified) + (SELECT count(*) FROM statements)")" = 0 ] || fail "$1: the case is left"
}
promise "what two have signed is done once, killed at each step as well, and nobody else's record is touched"
as second order "$case" --sign "$order" --confirm "$hash" >/dev/null
cp "$scratch/state/queue/orders/$order.order" "$scratch/replay"
carry_orders
killed 61 right

promise "what became of it is in the case: the record as it is, the statement, the letter, and where it was"
carry_results
as dpo --json collect >"$scratch/out"
[ "$(jq -r '"\(.what) \(.kind) \(.found)"' "$scratch/out")" = "answered rectify 1" ] || fail "$(cat "$scratch/out")"
[ "$(items)" = "app name done,web text attached," ] || fail "$(items)"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE store = 'app' AND CAST(text AS TEXT) LIKE '%name=Anna%' AND n = 1")" = 1 ] || fail "$(sqlite3 "$register" "SELECT CAST(text AS TEXT) FROM finds")"
[ "$(sqlite3 "$register" "SELECT s.text FROM statements s JOIN finds f USING (digest) WHERE f.store = 'web'")" = "Anna says" ] || fail "$(sqlite3 "$register" "SELECT * FROM statements")"
[ "$(sqlite3 "$register" "SELECT json_extract(data, '\$.node') || ' ' || json_extract(data, '\$.what') FROM case_event WHERE kind = 'rectification' ORDER BY 1" | tr '\n' ,)" = "node1 attached,node1 done," ] || fail "$(sqlite3 "$register" "SELECT data FROM case_event WHERE kind = 'rectification'")"
dsar letter "$case" rectification --form text --to "$scratch/letter" >/dev/null
has "$scratch/letter" "Anna says"

promise "a search there finds the record as it is, and it is the find that it was"
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
[ "$(sqlite3 "$register" "SELECT count(*) || ' ' || sum(decision = 1) FROM finds WHERE number = '$case'")" = "2 2" ] || fail "$(sqlite3 "$register" "SELECT id, store, decision FROM finds")"

promise "a replay is denied, and changes nothing"
sqlite3 "$db" "UPDATE people SET name = 'Ana' WHERE name = 'Anna'"
cp "$scratch/replay" "$node_state/queue/orders/$order.order"
denied replayed

promise "a backup that has the old value is put right on that machine, until no backup can have it"
[ "$(of_node "SELECT count(*) > 0 FROM corrections")" = 1 ] || fail "nothing is known of it"
node agent reapply >/dev/null
[ "$(rows)" = Anna,Ben, ] || fail "$(rows)"
of_node "UPDATE corrections SET until_us = 1"
node agent >/dev/null
[ "$(of_node "SELECT count(*) FROM corrections")" = 0 ] || fail "it is kept past its time"

promise "what is objected to is restricted on the other machine, and not erased before the objection is upheld"
as dpo order "$case" release --node node1 >/dev/null # else its own search keeps that record from the other's erasure
answer_orders >/dev/null
as dpo collect >/dev/null
searched 21
dsar object "$case" >/dev/null
order=$(as dpo --json order "$case" restrict --node node1 | jq -r .order)
answer_orders >/dev/null
as dpo collect >/dev/null
"$retention" --json hold list -c "$node_conf" | jq -r 'select(.state == "in force") | .incident + " " + .reason' >"$scratch/out"
has "$scratch/out" "$case restriction (Art. 18 GDPR)"
expect 77 as dpo order "$case" plan --node node1 2>"$scratch/stderr"
has "$scratch/stderr" "the objection is not upheld"
[ -z "$(ls "$scratch/state/queue/orders")" ] || fail "it is sent"
dsar object "$case" --uphold >/dev/null
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
as second order "$case" --sign "$order" --confirm "$hash" >/dev/null
answer_orders >/dev/null
as dpo --json collect >"$scratch/out"
[ "$(jq -r '"\(.what) \(.left)"' "$scratch/out")" = "answered 0" ] || fail "$(cat "$scratch/out")"
[ "$(rows)$(cat "$log")" = "Ben,$t ben@example.org Ben says" ] || fail "$(rows) $(cat "$log")"
