#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a machine finds when it searches again after an erasure by order reaches who has ordered; while it cannot, it is not done.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log db=$scratch/third.db
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	store "third" { type = "sqlite" paths = "$db" category = "account" period = "365d" sqlite { table = "people" time = "t" } subject "email" { field = "email" } }
END
dsar_more='backup_period = "30d"' machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ) s=$(date -u -d -2days +%s)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
sqlite3 "$db" "CREATE TABLE people (t INTEGER, email TEXT); INSERT INTO people VALUES ($s, 'ben@example.org')"
of_node() { sqlite3 "$node_state/agent/register.db" "$1"; }
database_breaks() { cp "$db" "$scratch/good.db" && printf 'no database at all, and longer than a header is: %0100d' 0 >"$db"; }
database_mends() { cp "$scratch/good.db" "$db"; }

# planned WHOM: a case of hers that was searched, decided and planned on the node; $case, $hash
planned() {
	case=$(case_new 17)
	echo "$1" | dsar subject "$case" add email - >/dev/null
	as dpo order "$case" search --node node1 >/dev/null
	answer_orders >/dev/null
	as dpo collect >/dev/null
	sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1 WHERE decision = 0"
	as dpo order "$case" plan --node node1 >/dev/null
	answer_orders >/dev/null
	hash=$(as dpo --json collect | jq -r .plan)
}

promise "an erasure of which a store cannot be searched again is not answered, and goes on when it can"
planned anna@example.org
sqlite3 "$db" "INSERT INTO people VALUES ($s, 'anna@example.org')"
database_breaks
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
carry_orders
expect 69 node agent >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "third was not searched again"
has "$scratch/stderr" "order $order: "
[ -e "$node_state/queue/orders/$order.order" ] || fail "the order is gone"
[ -z "$(ls "$node_state/queue/results")" ] || fail "it is answered"
[ "$(of_node "SELECT state FROM erasures WHERE number = '$case'")" = 1 ] || fail "it is not begun"
has_not "$log" anna@example.org
database_mends
node agent >"$scratch/out"
has "$scratch/out" "order $order: carried out"

promise "what came after that machine was searched is told, and the certificate does not say otherwise"
carry_results
expect 1 as dpo --json collect >"$scratch/collected"
[ "$(jq -r '"\(.what) \(.left) \(.failed)"' "$scratch/collected")" = "answered 1 0" ] || fail "$(cat "$scratch/collected")"
[ "$(sqlite3 "$register_dir/ledger.db" "SELECT data FROM entry WHERE kind = 'proof'" | jq -r '"\(.node) \(.left) \(.failed)"')" = "node1 1 0" ] || fail "it is not in the ledger"
[ "$(sqlite3 "$db" "SELECT count(*) FROM people WHERE email LIKE 'anna%'")" = 1 ] || fail "nobody has approved that"
dsar certificate "$case" --to "$scratch/certificate"
has "$scratch/certificate" "1 Eintrag, der kam"
