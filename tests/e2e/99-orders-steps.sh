#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An agent that is killed at each step of an order goes on where it was: done once, answered once. STRIDE=1 tries each step.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need_killat
need_tracing
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
data=$scratch/data log=$scratch/data/web.log
mkdir "$data"
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n%s anna@example.org three\n' "$t" "$t" "$t" >"$log"
case=$(case_new 17)
echo anna@example.org | dsar subject "$case" add email - >/dev/null

# killed SNAPSHOT-NAME STRIDE: the orders that lie in the node's queue, by an agent killed at each step
killed() {
	local n i
	rm -rf "$scratch/snapshot"
	mkdir "$scratch/snapshot"
	cp -a "$data" "$node_state" "$scratch/snapshot"
	"$killat" 0 "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null 2>"$scratch/steps"
	right 0
	n=$(grep -cE '^[0-9]+ [a-z]' "$scratch/steps")
	[ "$n" -gt 50 ] || fail "$(cat "$scratch/steps")"
	for ((i = 1; i <= n; i += ${STRIDE:-$1})); do
		rm -rf "$data" "$node_state"
		cp -a "$scratch/snapshot/data" "$scratch/snapshot/node" "$scratch"
		"$killat" "$i" "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null 2>&1 || [ $? -eq 137 ]
		gpgconf --homedir "$node_state/agent/pgp/own" --kill all 2>/dev/null || true
		gpgconf --homedir "$node_state/node" --kill all 2>/dev/null || true
		node agent >/dev/null 2>"$scratch/stderr" || fail "step $i of $n: $(cat "$scratch/stderr")"
		right "$i of $n"
	done
}
right() {
	[ -z "$(find "$node_state/queue/orders" -type f)" ] || fail "step $1: the order lies there still"
	[ "$(find "$node_state/queue/results" -type f)" = "$node_state/queue/results/$order-000001.result" ] || fail "step $1: $(find "$node_state/queue")"
	[ "$(sqlite3 "$node_state/agent/register.db" "SELECT state FROM agent_orders WHERE id = '$order'")" = 2 ] || fail "step $1: it is not done"
	[ "$(sqlite3 "$node_state/agent/register.db" "SELECT count(*) FROM case_file")" = 0 ] || fail "step $1: the case is left"
	[ "$(node_ledger | jq -r "select(.order == \"$order\" and .what == \"denied\") | .fault")" = "" ] || fail "step $1: denied"
	"right_$kind" "$1"
}
right_search() {
	[ "$("$retention" --json hold list -c "$node_conf" | jq -r 'select(.state == "in force") | .incident')" = "$case" ] || fail "step $1: what was found is not held once"
}
right_erase() {
	[ "$(cat "$log")" = "$t ben@example.org two" ] || fail "step $1: $(cat "$log")"
	[ "$(find "$data" | wc -l)" = 2 ] || fail "step $1: $(find "$data")"
	[ "$(sqlite3 "$node_state/agent/register.db" "SELECT count(DISTINCT mac) FROM tombstones")" = 3 ] || fail "step $1: tombstones"
}

kind=search
promise "a search, killed at each step and said again, is answered once and held once"
order=$(as dpo --json order "$case" search --node node1 | jq -r .order)
carry_orders
killed 67
carry_results
[ "$(as dpo --json collect | jq -r .found)" = 2 ] || fail "it was not answered rightly"

kind=erase
promise "an erasure, killed at each step and said again, has erased what was ordered and nothing else"
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
carry_orders
killed 61
carry_results
[ "$(as dpo --json collect | jq -r .found)" = 2 ] || fail "it was not answered rightly"
