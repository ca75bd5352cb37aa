#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What goes wrong on a node is no fault of an order: a full /tmp, a full disk, a wrong clock, a machine that was cloned.
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
data=$scratch/data log=$scratch/data/web.log
mkdir "$data"
cat >"$scratch/node.stores" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<who>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" subject "email" { field = "who" } }
END
machines_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
printf '%s anna@example.org one\n%s ben@example.org two\n' "$t" "$t" >"$log"
case=$(case_new 17)
echo anna@example.org | dsar subject "$case" add email - >/dev/null
search_ordered() { as dpo --json order "$case" search --node node1 "$@" | jq -r .order; }
export node_conf SPARSAM_BIN

promise "a clock that is a day behind takes an order for one of the future: nothing is done, and it waits for the right time"
order=$(search_ordered)
carry_orders
expect 75 faked -1d "$SPARSAM_BIN/dsar" -c "$node_conf" agent 2>"$scratch/stderr"
has "$scratch/stderr" "the clock right"
[ -e "$node_state/queue/orders/$order.order" ] || fail "it is gone"
[ -z "$("$retention" --json hold list -c "$node_conf" || true)" ] || fail "something was done"
expect 1 faked +8d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out"
has "$scratch/out" "it is too late"
carry_results
expect 1 as dpo collect >/dev/null

promise "one that is a day ahead makes an order late, and nothing is done"
order=$(search_ordered --not-after 12h)
carry_orders
expect 1 faked +1d "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out"
has "$scratch/out" "it is too late"
carry_results
expect 1 as dpo collect >/dev/null
[ -z "$("$retention" --json hold list -c "$node_conf" || true)" ] || fail "something was done"

promise "an order that was done is known as done when the clock goes back, and when the agent's folder was cloned before"
order=$(search_ordered)
cp "$scratch/state/queue/orders/$order.order" "$scratch/copy"
cp -a "$node_state" "$scratch/clone"
answer_orders >/dev/null
cp "$scratch/copy" "$node_state/queue/orders/$order.order"
expect 75 faked -1h "$SPARSAM_BIN/dsar" -c "$node_conf" agent 2>/dev/null
[ ! -e "$node_state/queue/results/$order-000001.result" ] || fail "it is done again"
expect 1 node agent >"$scratch/out"
has "$scratch/out" "carried out already"
rm "$node_state/queue/results/$order.denied"
as dpo collect >"$scratch/out"
has "$scratch/out" "answered, 1 records"

promise "of a clone, which has the same name and the same key, nothing is taken that is answered already; it is named"
sed "s,\"$node_state\",\"$scratch/clone\"," "$node_conf" >"$scratch/clone.conf"
cp "$scratch/copy" "$scratch/clone/queue/orders/$order.order"
printf '%s anna@example.org elsewhere\n' "$t" >>"$log"
"$SPARSAM_BIN/dsar" -c "$scratch/clone.conf" agent >/dev/null
mv "$scratch/clone/queue/results/$order-000001.result" "$scratch/state/queue/results/"
expect 65 as dpo collect 2>"$scratch/stderr"
has "$scratch/stderr" "answered twice"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds")" = 1 ] || fail "it is taken"
as dpo collect
sed -i '$d' "$log"

promise "what comes back on the same way twice is no clone"
order=$(search_ordered)
answer_orders >/dev/null
cp "$scratch/state/queue/results/$order-000001.result" "$scratch/copy"
as dpo collect >/dev/null
cp "$scratch/copy" "$scratch/state/queue/results/$order-000001.result"
as dpo collect

need_root
unshare -m true 2>/dev/null || skip "needs to be allowed to mount"
temporary=/tmp # as base/file/scratch.h says
[ ! -w /run/sparsam ] || temporary=/run/sparsam
# small SIZE COMMAND...: the folder for what is temporary being a file system of SIZE; what the story has in it stays where it is
small() {
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount --bind "$3" /mnt && mount -t tmpfs -o size="$1" tmpfs "$2" && mkdir -p "$3" &&
		mount --bind /mnt "$3" && shift 3 && exec "$@"' - "$1" "$temporary" "$scratch" "${@:2}"
}

promise "where the folder for what is temporary is full, a good order is never denied: it waits, and is done when there is room"
order=$(search_ordered)
carry_orders
waited=0
for size in 16k 24k 32k 48k 64k 96k 128k 512k; do
	status=0
	small "$size" "$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out" 2>&1 || status=$?
	[ ! -e "$node_state/queue/results/$order.denied" ] || fail "$size: it is denied: $(cat "$node_state/queue/results/$order.denied")"
	[ -e "$node_state/queue/orders/$order.order" ] || break
	[ "$status" -gt 1 ] || fail "$size: it waits, and that is not said ($status): $(cat "$scratch/out")"
	waited=$((waited + 1))
done
[ "$waited" -gt 1 ] || fail "there was room: $waited"
node agent >/dev/null
carry_results
as dpo collect >"$scratch/out"
has "$scratch/out" "answered, 1 records"

promise "where the node's disk is full an erasure waits, is done once there is room, and nothing else goes"
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1"
as dpo order "$case" plan --node node1 >/dev/null
answer_orders >/dev/null
hash=$(as dpo --json collect | jq -r .plan)
order=$(as dpo --json order "$case" erase --node node1 --confirm "$hash" | jq -r .order)
carry_orders
mkdir "$scratch/disk"
cat >"$scratch/full.sh" <<-'END'
	set -e
	n=0
	mount -t tmpfs -o size=8m tmpfs "$scratch/disk"
	for left in 0 4 12 24 40 64 100 160 240 400; do
		rm -rf "$scratch/disk"/*
		cp -a "$data" "$node_state" "$scratch/disk"
		mount --bind "$scratch/disk/data" "$data"
		mount --bind "$scratch/disk/node" "$node_state"
		dd if=/dev/zero of="$scratch/disk/filler" bs=4k 2>/dev/null || true
		truncate -s "-${left}k" "$scratch/disk/filler"
		"$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out" 2>&1 || n=$((n + 1))
		[ ! -e "$node_state/queue/results/$order.denied" ] || { echo "$left: denied" && exit 1; }
		rm "$scratch/disk/filler"
		"$SPARSAM_BIN/dsar" -c "$node_conf" agent >"$scratch/out" 2>&1 || { echo "$left: $(cat "$scratch/out")" && exit 1; }
		[ "$(cat "$log")" = "$t ben@example.org two" ] || { echo "$left: $(cat "$log")" && exit 1; }
		[ -e "$node_state/queue/results/$order-000001.result" ] || { echo "$left: no answer" && exit 1; }
		umount -l "$data" "$node_state" # gpg-agent ends in its own time
	done
	[ "$n" -gt 2 ] || { echo "it was full at $n runs only" && exit 1; }
END
export scratch data log node_state order t
unshare -m bash "$scratch/full.sh" || fail "disk full"
answer_orders >/dev/null
[ "$(cat "$log")" = "$t ben@example.org two" ] || fail "$(cat "$log")"
