#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The data protection officer, who is not root, has another machine search; its agent answers, and the finds are in her case.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need python3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
cat >"$scratch/node.stores" <<-END
	store "users" {
	  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
	  sqlite { table = "users" time = "created" }
	  subject "email"   { field = "email" }
	  subject "account" { field = "id" }
	  link    "account" { field = "id" }
	}
	store "rooms" {
	  type = "sqlite" paths = { "$scratch/app.db" } category = "account" period = "300d"
	  sqlite { table = "rooms" time = "created" }
	  subject "account" { field = "owner" }
	}
END
machines_make
now=$(date +%s)
sqlite3 "$scratch/app.db" "CREATE TABLE users (id TEXT, email TEXT, note TEXT, created INT);
	INSERT INTO users VALUES ('u-anna-0001', 'anna@example.org', 'hers', $now), ('u-bert-0002', 'bert@example.org', 'his', $now);
	CREATE TABLE rooms (owner TEXT, name TEXT, created INT);
	INSERT INTO rooms VALUES ('u-anna-0001', 'a room', $now), ('u-bert-0002', 'another', $now)"
case=$(case_new 15)
echo anna@example.org | dsar subject "$case" add email - >/dev/null

promise "an order is one file, named by its id, that nobody but the node can read"
order=$(as dpo --json order "$case" search --node node1 | jq -r .order)
file=$scratch/state/queue/orders/$order.order
[ "$(ls "$scratch/state/queue/orders")" = "$order.order" ] || fail "$(ls "$scratch/state/queue/orders")"
! grep -qE 'anna|2026-' "$file" || fail "it is in the clear"
expect 2 gpg --homedir "$scratch/dpo" --batch -q -d "$file" >/dev/null 2>&1

[ "$(as dpo --json order "$case" | jq -r .state)" = sent ] || fail "$(as dpo --json order "$case")"

promise "the agent finds what is there, also over links, and answers to her alone"
answer_orders >"$scratch/agent.out"
has "$scratch/agent.out" "carried out"
[ "$(ls "$scratch/state/queue/results")" = "$order-000001.result" ] || fail "$(ls "$scratch/state/queue/results")"
! grep -qE 'anna|2026-' "$scratch/state/queue/results"/* || fail "it is in the clear"
[ -z "$(find "$node_state/queue" -type f)" ] || fail "something is left in the queue"
cp -r "$scratch/state/queue/results" "$scratch/results"
as dpo collect >"$scratch/out"
has "$scratch/out" "answered, 2 records"
stands() { dsar --json review "$case" | jq -r 'select(.store) | "\(.node) \(.store) \(.own)"' | sort | tr '\n' ,; }
[ "$(stands)" = "node1 rooms false,node1 users true," ] || fail "$(stands)"
[ "$(sqlite3 "$register" "SELECT f.store FROM finds f JOIN identifiers i ON i.id = f.identifier WHERE i.value = CAST('u-anna-0001' AS BLOB)")" = rooms ] ||
	fail "the way over which it was found is lost"
[ "$(as dpo --json order "$case" | jq -r .state)" = answered ] || fail "$(as dpo --json order "$case")"
[ "$(dsar --json case show "$case" | jq -r 'select(.state) | .state' | head -n 1)" = review ] || fail "$(dsar --json case show "$case")"
dsar --json review "$case" | jq -r .node | grep -qx node1 || fail "the find does not say where it is"
[ -z "$(ls "$scratch/state/queue/results")" ] || fail "what was taken lies about"

promise "whose account it is that led to the room, the officer says, and not the machine"
has "$scratch/out" "1 identifiers wait for your word"
dsar subject "$case" confirm "$(dsar --json subject "$case" list | jq -r 'select(.kind == "account") | .id')"
[ "$(stands)" = "node1 rooms true,node1 users true," ] || fail "$(stands)"

promise "what she was found by is not left on the node, nor in what its ledger says; what was found is kept there for her"
for f in "$node_state"/agent/*.db "$node_state"/*.db; do ! grep -qa anna "$f" || fail "$f"; done
[ "$(sqlite3 "$node_state/agent/register.db" "SELECT count(*) FROM case_file")" = 0 ] || fail "the case is left"
"$retention" --json hold list -c "$node_conf" >"$scratch/holds" || true
[ "$(jq -r 'select(.state == "in force") | .incident' "$scratch/holds")" = "$case" ] || fail "$(cat "$scratch/holds")"

promise "a result that comes again is of no use, and one of another order neither"
cp "$scratch/results"/* "$scratch/state/queue/results"
as dpo collect
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds")" = 2 ] || fail "taken twice"
again=$(as dpo --json order "$case" search --node node1 | jq -r .order)
cp "$scratch/results/$order-000001.result" "$scratch/state/queue/results/$again-000001.result"
expect 65 as dpo collect 2>"$scratch/stderr"
has "$scratch/stderr" "not a result of that machine for that order"
rm "$scratch/state/queue/results"/*
answer_orders >/dev/null
as dpo collect >/dev/null
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds")" = 2 ] || fail "the same finds came twice"

promise "much comes in pieces; one of them missing or of another attempt, nothing of it is taken"
sqlite3 "$scratch/app.db" "INSERT INTO users SELECT 'u-anna-0001', 'anna@example.org', hex(randomblob(500000)), $now FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3)"
order=$(as dpo --json order "$case" search --node node1 | jq -r .order)
answer_orders >/dev/null
[ "$(find "$scratch/state/queue/results" -type f | wc -l)" -ge 4 ] || fail "$(ls "$scratch/state/queue/results")"
mv "$scratch/state/queue/results/$order-000002.result" "$scratch/kept"
as dpo collect
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds")" = 2 ] || fail "half of it was taken"
cp "$scratch/state/queue/results/$order-000003.result" "$scratch/state/queue/results/$order-000002.result"
expect 65 as dpo collect 2>"$scratch/stderr"
mv "$scratch/kept" "$scratch/state/queue/results/$order-000002.result"
as dpo collect >/dev/null
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds")" = 5 ] || fail "$(sqlite3 "$register" "SELECT count(*) FROM finds")"

promise "an order that nobody answers in time is named, and its case is not complete until it is withdrawn or repeated"
late=$(as dpo --json order "$case" search --node node1 --not-after 1s | jq -r .order)
is_late() { ! as dpo order "$case" >/dev/null; }
wait_for is_late
expect 1 as dpo collect >"$scratch/out"
has "$scratch/out" "no answer in time"
expect 1 as dpo order "$case" >"$scratch/out"
has "$scratch/out" "no answer in time"
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"
expect 77 dsar erase "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "a machine has not answered"
expect 1 answer_orders >"$scratch/out"
carry_results
has "$scratch/out" "it is too late"
expect 1 as dpo collect >"$scratch/out"
has "$scratch/out" "denied: it is too late"
expect 77 dsar erase "$case" 2>"$scratch/stderr"
as dpo order "$case" --withdraw "$late"
dsar erase "$case" >/dev/null

promise "the controller's own key, where the node has one, can read an answer as well, and a stranger's cannot"
escrow=$(gpg --homedir "$scratch/second" --batch --with-colons -K 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --homedir "$scratch/second" --batch -q -a --export "$escrow" >"$scratch/escrow.asc"
sed -i "s,^agent {,& escrow = \"$escrow\" escrow_key = \"$scratch/escrow.asc\"," "$node_conf"
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
for result in "$scratch/state/queue/results"/*; do
	for who in dpo second; do
		gpg --homedir "$scratch/$who" --batch -q -d "$result" >"$scratch/plain" 2>/dev/null || fail "$who cannot read it"
		has "$scratch/plain" "sparsam-result-1 "
	done
	! gpg --homedir "$scratch/stranger" --batch -q -d "$result" >/dev/null 2>&1 || fail "the stranger can read it"
done
as dpo collect >/dev/null

promise "what a machine has found in a store that is not declared here is not taken, rather than lost"
sed -i 's/^store "rooms"/store "rooms-elsewhere"/' "$conf"
as dpo order "$case" search --node node1 >/dev/null
answer_orders >/dev/null
expect 78 as dpo collect 2>"$scratch/stderr"
has "$scratch/stderr" "not declared here: "
sed -i 's/^store "rooms-elsewhere"/store "rooms"/' "$conf"
as dpo collect >/dev/null

promise "files stay where they are, and the answer says so"
sqlite3 "$register" "INSERT INTO finds (number, node, store, place, offset, size, digest, identifier, own)
	VALUES ('$case', 'node1', 'rooms', '/srv/a.webm', 0, 9, x'00', 1, 1); UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
dsar export "$case" --to "$scratch/answer.zip" >/dev/null 2>"$scratch/stderr"
has "$scratch/stderr" "lie on other machines, and are not in it: 1"
python3 -m zipfile -e "$scratch/answer.zip" "$scratch/answer"
[ "$(find "$scratch/answer" -name files.json -exec jq -r '.[].node' {} +)" = node1 ] || fail "$(find "$scratch/answer")"

promise "each order stands in the ledgers of both, by numbers and hashes alone"
[ "$(node_ledger | jq -r .what | sort -u | tr '\n' ,)" = "answered,denied,taken," ] || fail "$(node_ledger)"
for l in "$register_dir/ledger.db" "$node_state/ledger.db" "$node_state/agent/ledger.db"; do
	! sqlite3 "$l" "SELECT data FROM entry" | grep -qiE "anna|u-|$scratch" || fail "personal data in $l"
done
