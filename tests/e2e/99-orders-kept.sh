#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What an erasure by order had to keep stays known on the node whatever else is ordered, and goes when its ground ends. What was
# taken and cannot be answered, is withdrawn, replaced or too late leaves nothing behind.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
[ -n "$faketime_lib" ] || skip "needs libfaketime"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log books=$scratch/books.log
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
	store "books" { type = "textlog" paths = "$books" format = "t" category = "contract" period = "365d" subject "email" { field = "who" } }
	duty "books" { law = "Section 147 AO" stores = { "books" } years = 8 }
END
dsar_more='backup_period = "30d"' machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
printf '%s anna@example.org bill\n%s ben@example.org bill\n' "$t" "$t" >"$books"
agent_register=$node_state/agent/register.db
of_node() { sqlite3 "$agent_register" "$1"; }
kept() { of_node "SELECT x.state || ' ' || i.at || ' ' || i.store || ' ' || i.fate FROM erasure_items i JOIN erasures x USING (number) ORDER BY i.number, i.at"; }
held() { "$retention" --json hold list -c "$node_conf" | jq -r 'select(.state == "in force") | .incident + " " + .reason' || true; }
nobody() { # WHOM: nothing of that person is left in the agent's register
	[ "$(of_node "SELECT (SELECT count(*) FROM case_file) + (SELECT count(*) FROM finds) + (SELECT count(*) FROM agent_orders WHERE state = 0)")" = 0 ] ||
		fail "a case is left: $(of_node "SELECT * FROM case_file; SELECT * FROM agent_orders")"
	! grep -qa "$1" "$agent_register" || fail "$1 is left in the agent's register"
}
# The answer cannot be encrypted as the node's configuration wants it.
no_answers() { sed 's,^agent {,& escrow_key = "/nonexistent" escrow = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",' "$node_conf" >"$scratch/bad.conf" && cp "$node_conf" "$scratch/good.conf" && cp "$scratch/bad.conf" "$node_conf"; }
answers_again() { cp "$scratch/good.conf" "$node_conf"; }
ready() { sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1 WHERE decision = 0"; }

case=$(case_new 17)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
ready
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)

promise "nothing is done that could not be answered: an erasure waits, and nothing is erased meanwhile"
erasure=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
no_answers
carry_orders
expect 66 node agent 2>"$scratch/stderr"
has "$scratch/stderr" "/nonexistent"
has "$log" "anna@example.org one"
[ "$(of_node "SELECT count(*) FROM agent_orders WHERE id = '$erasure'")" = 0 ] || fail "it is taken"
answers_again
node agent >/dev/null
has_not "$log" anna@example.org
has "$books" anna@example.org
[ "$(kept)" = "2 0 books 2" ] || fail "$(kept)"
[ "$(held)" = "$case kept from erasure" ] || fail "$(held)"
carry_results
as dpo collect >/dev/null

promise "other orders of the case, whatever they are, do not make the node forget what it has to come back to"
for kind in release search restrict 'lift --told' plan; do
	# shellcheck disable=SC2086
	as dpo order "$case" $kind --node node1 >/dev/null
	answer_orders >/dev/null
	hash=$(as dpo --json collect | jq -r .plan)
	ready
	[ "$(kept)" = "2 0 books 2" ] || fail "after $kind: $(kept)"
	held | grep -qx "$case kept from erasure" || fail "after $kind: $(held)"
	[ "$(of_node "SELECT count(*) FROM identifiers WHERE id < 0")" = 1 ] || fail "after $kind: $(of_node "SELECT * FROM identifiers")"
done

promise "a second erasure of the case takes it over, and what comes new stands beside it"
printf '%s anna@example.org second bill\n' "$t" >>"$books"
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
ready
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
as dpo order "$case" erase --node node1 --confirm "$hash" >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
[ "$(kept | tr '\n' ,)" = "2 0 books 2,2 1 books 2," ] || fail "$(kept)"
[ "$(held | grep -cx "$case kept from erasure")" -ge 1 ] || fail "$(held)"

promise "orders of one case wait for each other: one is taken and cannot be answered, the other is not begun"
# unanswerable ID: where its answer would be written
unanswerable() {
	blocked=$node_state/queue/results/.$1-000001.result.part
	mkdir -p "$blocked/x"
}
answerable() { rm -r "$blocked"; }
first=$(as dpo --json order "$case" search --node node1 | jq -r .order)
carry_orders
unanswerable "$first"
expect 73 node agent 2>"$scratch/stderr"
second=$(as dpo --json order "$case" release --node node1 | jq -r .order)
carry_orders
node agent >"$scratch/out" 2>&1 && fail "it did not wait"
[ "$(of_node "SELECT group_concat(id) FROM agent_orders WHERE state = 0")" = "$first" ] || fail "$(cat "$scratch/out")"
[ -e "$node_state/queue/orders/$second.order" ] || fail "$(cat "$scratch/out")"
answerable
node agent >"$scratch/out"
[ "$(grep -c 'carried out' "$scratch/out")" = 2 ] || fail "$(cat "$scratch/out")"
carry_results
as dpo collect >/dev/null
[ "$(kept | wc -l)" = 2 ] || fail "$(kept)"

promise "what is kept goes when its ground has ended, and its hold with it"
faked +9y "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null
[ "$(cat "$books")" = "$t ben@example.org bill" ] || fail "$(cat "$books")"
[ -z "$(held | grep 'kept from' || true)" ] || fail "$(held)"
nobody anna

other=$(case_new 15)
echo ben@example.org | dsar subject "$other" add email - >/dev/null
# taken KIND...: an order that is taken and done, and cannot be answered; its id is in $order
taken() {
	order=$(as dpo --json order "$other" "$@" --node node1 | jq -r .order)
	carry_orders
	unanswerable "$order"
	expect 73 node agent 2>"$scratch/stderr"
	[ "$(of_node "SELECT state FROM agent_orders WHERE id = '$order'")" = 0 ] || fail "it is not taken: $(cat "$scratch/stderr")"
	[ "$1" != search ] || grep -qa ben@example.org "$agent_register" || fail "nothing of it is there"
	answerable
}
withdrawn() { # WHAT: what the node's ledger says became of it
	rm "$node_state/queue/orders/$order.order"
	dsar order "$other" --withdraw "$order" >/dev/null
	node agent >/dev/null
	nobody ben
	[ "$(node_ledger | tail -n 1 | jq -r '.what + " " + .order')" = "$1 $order" ] || fail "$(node_ledger | tail -n 1)"
}

promise "one that is withdrawn after it was taken leaves nothing of the person, and keeps nothing"
taken search
withdrawn dropped
[ -z "$(held)" ] || fail "$(held)"

promise "… nor one whose file is replaced by another"
taken search
echo junk >"$node_state/queue/orders/$order.order"
expect 1 node agent >"$scratch/out"
has "$scratch/out" "$order: denied"
nobody ben
[ -z "$(held)" ] || fail "$(held)"

promise "a denial of what somebody has put there is none of the order: it is waited for"
carry_results
expect 65 as dpo collect 2>"$scratch/stderr"
has "$scratch/stderr" "not the order as it was sent"
[ "$(as dpo --json order "$other" | jq -r "select(.order == \"$order\") | .state")" = sent ] || fail "$(as dpo order "$other")"
dsar order "$other" --withdraw "$order" >/dev/null

promise "an order's file that cannot be looked for is not taken for gone"
# Whoever reads a folder and may not search it sees names and no files; root may, by two capabilities.
blind=()
[ "$(id -u)" != 0 ] || blind=(setpriv "--inh-caps=-dac_override,-dac_read_search" "--bounding-set=-dac_override,-dac_read_search")
taken search
mode=$(stat -c %a "$node_state/queue/orders")
chmod 400 "$node_state/queue/orders"
expect 74 "${blind[@]}" "$SPARSAM_BIN/dsar" -c "$node_conf" agent 2>"$scratch/stderr"
chmod "$mode" "$node_state/queue/orders"
has "$scratch/stderr" "$order.order"
[ "$(of_node "SELECT state FROM agent_orders WHERE id = '$order'")" = 0 ] || fail "$(node_ledger | tail -n 1)"

promise "a folder by an order's name is no order: what was taken of it goes, and no run stumbles over it"
rm "$node_state/queue/orders/$order.order"
mkdir "$node_state/queue/orders/$order.order"
node agent >/dev/null
nobody ben
[ "$(node_ledger | tail -n 1 | jq -r '.what + " " + .order')" = "dropped $order" ] || fail "$(node_ledger | tail -n 1)"
lines=$(node_ledger | wc -l)
node agent >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
[ "$(node_ledger | wc -l)" = "$lines" ] || fail "$(node_ledger | tail -n 1)"
rmdir "$node_state/queue/orders/$order.order"
dsar order "$other" --withdraw "$order" >/dev/null

promise "what was taken and has not begun in time is too late, and leaves nothing"
taken search --not-after 3d
expect 1 faked +4d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out"
has "$scratch/out" "it is too late"
nobody ben
[ -z "$(held)" ] || fail "$(held)"
carry_results
expect 1 as dpo collect >"$scratch/out"
has "$scratch/out" "denied: it is too late"

promise "one that comes before its time waits in the queue, and nothing else waits for it"
order=$(as dpo --json order "$other" search --node node1 --not-before 2h | jq -r .order)
carry_orders
lines=$(node_ledger | wc -l)
node agent >"$scratch/out"
[ ! -s "$scratch/out" ] || fail "$(cat "$scratch/out")"
[ -e "$node_state/queue/orders/$order.order" ] || fail "it does not lie there: $(ls "$node_state/queue/results")"
[ "$(node_ledger | wc -l)" = "$lines" ] || fail "$(node_ledger | tail -n 1)"
as dpo order "$other" release --node node1 >/dev/null
carry_orders
[ "$(node agent | grep -c 'carried out')" = 1 ] || fail "$(node_ledger | tail -n 1)"
faked +3h "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out"
has "$scratch/out" "$order: carried out"
carry_results
as dpo collect >/dev/null

promise "a restriction that was done and is withdrawn unanswered is taken back, but for one that stood before"
ready
restricted="$other restriction (Art. 18 GDPR)" answered="$other answer to a request"
[ "$(held)" = "$answered" ] || fail "$(held)"
taken restrict
held | grep -qxF "$restricted" || fail "it is not done: $(held)"
withdrawn dropped
[ "$(held)" = "$answered" ] || fail "$(held)"
as dpo order "$other" restrict --node node1 >/dev/null
answer_orders >/dev/null
as dpo collect >/dev/null
taken restrict
withdrawn unanswered
held | grep -qxF "$restricted" || fail "$(held)"

promise "… and the ledger says that what was lifted or released before it was withdrawn is so"
taken lift --told
withdrawn unanswered
[ "$(held)" = "$answered" ] || fail "$(held)"
taken release
withdrawn unanswered
[ -z "$(held)" ] || fail "$(held)"

promise "an order with which each agent ends is denied, and the others are carried out"
order=$(as dpo --json order "$other" search --node node1 | jq -r .order)
carry_orders
sqlite3 "$agent_register" "INSERT INTO agent_attempts (id, n) VALUES ('$order', 4)"
cp "$node_state/queue/orders/$order.order" "$scratch/copy"
node agent >/dev/null # the fifth comes to an end
cp "$scratch/copy" "$node_state/queue/orders/$order.order"
sqlite3 "$agent_register" "INSERT INTO agent_attempts (id, n) VALUES ('$order', 5)"
expect 1 node agent >"$scratch/out"
has "$scratch/out" "ended by it each time"
[ "$(of_node "SELECT count(*) FROM agent_attempts")" = 0 ] || fail "$(of_node "SELECT * FROM agent_attempts")"
[ "$(jq -r .sha256 <(head -n 1 "$node_state/queue/results/$order.denied"))" = "$(sha256sum <"$scratch/copy" | cut -d' ' -f1)" ] || fail "it does not say what it denies"
