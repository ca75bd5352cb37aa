#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Where queues are carried by copies, an answer stays on its machine until an order of the case says that it was taken, or until it is old;
# then nothing of the case lies there.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
[ -n "$faketime_lib" ] || skip "needs libfaketime"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/orders.sh"
hide_shipped_stores
log=$scratch/web.log
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
results=$node_state/queue/results
carry_results() { find "$results" -type f -exec cp -t "$scratch/state/queue/results" {} +; } # and they stay
removed() { node_ledger | jq -r 'select(.what == "answer removed") | .order + " " + .why'; }
ordered() { as dpo --json order "$case" "$@" --node node1 | jq -r .order; }
lies() { find "$results" -mindepth 1 -printf '%f\n' | cut -c -32 | sort -u; }

promise "an answer that was copied lies there still, by its order's number alone, and nothing else of the case that is not sealed"
case=$(case_new 15)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
first=$(ordered search)
answer_orders >/dev/null
[ "$(ls -A "$results")" = "$first-000001.result" ] || fail "$(ls -A "$results")"
! grep -rqaF anna@example.org "$node_state" || fail "$(grep -rlaF anna@example.org "$node_state")"
[ -z "$(find "$node_state/queue/orders" -type f)" ] || fail "$(find "$node_state/queue")"

promise "nobody has said that it was taken: it stays, whatever else is ordered"
other=$(case_new 15)
echo ben@example.org | dsar subject "$other" add email - >/dev/null
second=$(ordered search)
carry_orders
node agent >/dev/null
[ "$(lies)" = "$(printf '%s\n' "$first" "$second" | sort)" ] || fail "$(lies)"

promise "once it was collected, the next order of its case takes it away, and no other case's; the node's ledger has it before"
carry_results
as dpo collect >/dev/null
mine=$case case=$other
third=$(ordered search)
carry_orders
node agent >/dev/null
[ "$(lies)" = "$(printf '%s\n' "$first" "$second" "$third" | sort)" ] || fail "$(lies)"
case=$mine
printf 'left by an agent that was killed' >"$results/.$first-000002.result.part"
printf 'not ours' >"$scratch/elsewhere"
ln -s "$scratch/elsewhere" "$results/$first-000003.result"
release=$(ordered release)
carry_orders
node agent >/dev/null
[ "$(lies)" = "$(printf '%s\n' "$third" "$release" | sort)" ] || fail "$(lies), not $third $release"
[ "$(removed | sort)" = "$(printf '%s taken\n' "$first" "$second" | sort)" ] || fail "$(removed)"
has "$scratch/elsewhere" "not ours"

promise "it is not for somebody else to say, nor can an order say more than ids"
text=$scratch/order.text
forged=$(ordered search)
sqlite3 "$register" "SELECT writefile('$text', text) FROM orders WHERE id = '$forged'" >/dev/null
rm "$scratch/state/queue/orders/$forged.order"
sed "s/\"answered\":\[[^]]*\]/\"answered\":[\"$third\"]/" "$text" >"$scratch/other.text"
cmp -s "$text" "$scratch/other.text" && fail "nothing is forged: $(cat "$text")"
paper "$scratch/other.text" stranger | put_order "$forged"
expect 1 node agent >/dev/null
sed 's,"answered":\[[^]]*\],"answered":["../../../register"],' "$text" >"$scratch/other.text"
paper "$scratch/other.text" dpo | put_order "$forged"
expect 1 node agent >"$scratch/out"
has "$scratch/out" "no order as they are written"
[ "$(lies)" = "$(printf '%s\n' "$third" "$release" "$forged" | sort)" ] || fail "$(lies)"

promise "what nobody comes for goes 30 days after it was written, and after its order's time; also what denies an order"
late=$(ordered search --not-after 60d)
carry_orders
node agent >/dev/null
faked +29d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null
[ "$(lies)" = "$(printf '%s\n' "$third" "$release" "$forged" "$late" | sort)" ] || fail "$(lies)"
faked +31d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null
[ "$(lies)" = "$late" ] || fail "$(lies)"
faked +61d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >/dev/null
[ -z "$(ls -A "$results")" ] || fail "$(lies)"
[ "$(removed | tail -n 1)" = "$late old" ] || fail "$(removed)"
