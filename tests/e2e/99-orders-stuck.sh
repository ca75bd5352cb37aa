#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An erasure by order that is half done, and at which each agent was ended, waits for a person: that is said by each run, and it is
# taken up again when what ended them is mended.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log sockets=$scratch/sockets
mkdir "$sockets"
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	store "people" { type = "postgres" category = "account" period = "365d" postgres { socket = "$sockets" database = "app" user = "app" table = "people" time = "t" } subject "email" { field = "email" } }
END
dsar_more='backup_period = "30d"' machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
of_node() { sqlite3 "$node_state/agent/register.db" "$1"; }
noted() { node_ledger | jq -r "select(.order == \"$order\") | .what" | tr '\n' ' '; }

# A database that takes each connection, answers none, and writes down that it was asked.
cat >"$scratch/mute.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1] + "/.s.PGSQL.5432")
	s.listen(8)
	held = []
	while True:
	    held.append(s.accept()[0])
	    open(sys.argv[2], "w").close()
END
database_is_mute() {
	spawn mute python3 "$scratch/mute.py" "$sockets" "$scratch/asked"
	mute=$!
	wait_for test -S "$sockets/.s.PGSQL.5432"
}
database_mends() { # it is away: then it has nothing of anybody
	kill "$mute"
	wait_gone "$mute"
	rm -f "$sockets/.s.PGSQL.5432"
}
# An agent that is ended while it waits for the database, as its unit's time ends it.
ended() {
	rm -f "$scratch/asked"
	spawn agent setsid "$SPARSAM_BIN/dsar" -c "$node_conf" agent
	wait_for test -e "$scratch/asked"
	kill -KILL -- "-$!"
	wait_gone $!
}

case=$(case_new 17)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
carry_orders
node agent status >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
database_is_mute

promise "four agents that were ended in it are no reason to give up: the next one goes on"
for _ in 1 2 3 4; do ended; done
has_not "$log" anna@example.org
node agent status >"$scratch/out"
has "$scratch/out" "$order $case erase: not finished"
expect 64 node agent retry "$order" 2>"$scratch/stderr"
has "$scratch/stderr" "is stuck"

promise "after five it is not tried any more, and each run says so, with its case and what to do"
ended
rm -f "$scratch/asked"
for _ in 1 2 3; do
	expect 69 node agent >"$scratch/out" 2>"$scratch/stderr"
	has "$scratch/stderr" "order $order: $case"
	has "$scratch/stderr" "dsar agent retry"
done
[ ! -e "$scratch/asked" ] || fail "it was tried"
[ -e "$node_state/queue/orders/$order.order" ] || fail "it is half done, and its order is gone"
[ -z "$(ls "$node_state/queue/results")" ] || fail "it is half done, and denied: $(ls "$node_state/queue/results")"

promise "the node's ledger has it once"
[ "$(noted)" = "taken stuck " ] || fail "$(noted)"

promise "it is shown by the agent's status, and by the doctor of a machine with both"
expect 1 node --json agent status >"$scratch/out"
[ "$(jq -r '"\(.order) \(.case) \(.kind) \(.stuck) \(.attempts)"' "$scratch/out")" = "$order $case erase true 5" ] || fail "$(cat "$scratch/out")"
node init >/dev/null # a register of requests
expect 1 node --json doctor --no-mail >"$scratch/out"
jq -r 'select(.id == "order-stuck") | .severity + " " + .fix' "$scratch/out" >"$scratch/finding"
has "$scratch/finding" "high see \`dsar agent status\`"

promise "another order of its case waits for it"
as dpo order "$case" search --node node1 >/dev/null
carry_orders
expect 69 node agent >/dev/null 2>"$scratch/stderr"
has "$scratch/stderr" "another order of the same case is not finished"

promise "once that is mended root takes it up again: it is done, answered, and its case goes on"
database_mends
expect 64 node agent retry 0123456789abcdef0123456789abcdef 2>"$scratch/stderr"
expect 64 node agent retry 2>/dev/null
node agent retry "$order" >"$scratch/out"
has "$scratch/out" "order $order: carried out"
[ "$(grep -c 'carried out' "$scratch/out")" = 2 ] || fail "the other one waits still: $(cat "$scratch/out")"
[ "$(noted)" = "taken stuck retried answered " ] || fail "$(noted)"
[ "$(of_node "SELECT count(*) FROM agent_attempts")$(of_node "SELECT count(*) FROM case_file")" = 00 ] || fail "something is left"
node agent status >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
carry_results
as dpo --json collect >"$scratch/out"
[ "$(jq -r 'select(.kind == "erase") | "\(.what) \(.left) \(.failed)"' "$scratch/out")" = "answered 0 0" ] || fail "$(cat "$scratch/out")"
