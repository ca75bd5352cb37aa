# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# orders.sh - two machines for the stories of orders; sourced behind lib.sh, retention.sh and dsar.sh
#   $conf       the data protection officer's: a register, no store
#   $node_conf  the node's: stores and an agent, called node1; no register of requests
# Files go from one queue to the other by hand: carry_orders, carry_results.
node_conf=$scratch/node.conf node_state=$scratch/node
node() { "$SPARSAM_BIN/dsar" -c "$node_conf" "$@"; }
as() { GNUPGHOME=$scratch/$1 dsar "${@:2}"; }

# A person's key, of the usual kind: what comes back is encrypted to it.
order_key_make() {
	mkdir -m 700 "$scratch/$1"
	gpg --homedir "$scratch/$1" --batch -q --passphrase '' --quick-generate-key "$1" "${2:-future-default}" default never 2>"$scratch/gpg.log"
	gpg --homedir "$scratch/$1" --batch --with-colons -K 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }'
}

machines_make() { # $dsar_more: more lines for dsar { … }
	local dpo second
	dpo=$(order_key_make dpo)
	second=$(order_key_make second)
	order_key_make stranger >/dev/null
	sed "s,\"$scratch/state\",\"$node_state\"," "$conf" >"$node_conf"
	printf 'dsar { approvers = { "%s", "%s" } %s }\n' "$dpo" "$second" "${dsar_more:-}" | tee -a "$node_conf" >>"$conf"
	echo 'agent { node = "node1" }' >>"$node_conf"
	tee -a "$node_conf" <"$scratch/node.stores" >>"$conf" # the same is declared on both
	"$retention" init -c "$node_conf" >/dev/null
	node agent init >"$scratch/agent.key"
	sed 1d "$scratch/agent.key" >"$scratch/node1.asc"
	printf 'node "node1" { fingerprint = "%s" key = "%s" }\n' "$(sed -n 1p "$scratch/agent.key")" "$scratch/node1.asc" >>"$conf"
	run init >/dev/null
	dsar init >/dev/null
}

carry_orders() { find "$scratch/state/queue/orders" -name '*.order' -exec mv -t "$node_state/queue/orders" {} +; }
carry_results() { find "$node_state/queue/results" -type f -exec mv -t "$scratch/state/queue/results" {} +; }
answer_orders() { carry_orders && node agent && carry_results; }
node_ledger() { sqlite3 "$node_state/ledger.db" "SELECT data FROM entry WHERE kind = 'order' ORDER BY seq"; }

# Orders as somebody would make them who has the queue and the node's public key, and not two persons' keys: PAPER is
# JSON as order.h says, and goes into the queue under ID.
put_order() { # ID <PAPER
	[ -d "$scratch/evil" ] || { mkdir -m 700 "$scratch/evil" && gpg --homedir "$scratch/evil" --batch -q --import "$scratch/node1.asc" 2>/dev/null; }
	gpg --homedir "$scratch/evil" --batch -q --trust-model always -r "$(sed -n 1p "$scratch/agent.key")" -a -e 2>/dev/null >"$node_state/queue/orders/$1.order"
}
signed() { gpg --homedir "$scratch/$1" --batch -q -a -b -o - "$2" 2>/dev/null; }
key_of() { gpg --homedir "$scratch/$1" --batch -q -a --export; }
paper() { # TEXT-FILE WHO...
	local who file=$1 list='[]'
	for who in "${@:2}"; do
		list=$(jq -c --arg s "$(signed "$who" "$file")" --arg k "$(key_of "$who")" '. + [{ signature: $s, key: $k }]' <<<"$list")
	done
	jq -n -c --rawfile o "$file" --argjson l "$list" '{ v: 1, order: $o, signatures: $l }'
}

at_end() {
	local who
	for who in dpo second stranger; do gpgconf --homedir "$scratch/$who" --kill all 2>/dev/null || true; done
}
