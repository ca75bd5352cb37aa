#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A machine that lies in what it answers, with its own good key: whose data a case is about is never for a machine to say.
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
END
machines_make
node_ring=$(dirname "$(find "$node_state" -name private-keys-v1.d -path '*/own/*' | head -n 1)")
at_end() {
	for who in dpo second stranger; do gpgconf --homedir "$scratch/$who" --kill all 2>/dev/null || true; done
	gpgconf --homedir "$node_ring" --kill all 2>/dev/null || true
}
case=$(case_new 15)
printf 'anna@example.org\n' | dsar subject "$case" add email - >/dev/null
echo 203.0.113.7 | dsar subject "$case" add ip - --since 2026-11-20 --until 2026-11-21 >/dev/null
sibling=$(dsar case new --article 17 --lang de | tail -n 1)
sqlite3 "$register" "UPDATE case_file SET correspondence = '$case' WHERE number = '$sibling'"
ids() { dsar --json subject "$case" list | jq -r "$1"; }
mail=$(ids 'select(.kind == "email") | .id')
ip=$(ids 'select(.kind == "ip") | .id')

# A result as the machine's own program would write it, of the lines on standard input.
forge() { # ORDER
	local text
	text=$(sqlite3 "$register" "SELECT sha256 FROM orders WHERE id = '$1'")
	{
		jq -cnS --arg o "$1" --arg c "$case" --arg s "$text" \
			'{ v: 1, order: $o, case: $c, node: "node1", sha256: $s, attempt: "0123456789abcdef", seq: 1, last: true }'
		cat
	} >"$scratch/body"
	gpg --homedir "$node_ring" --batch -q --no-permission-warning -a -b -o - "$scratch/body" >"$scratch/signature" 2>/dev/null
	{
		printf 'sparsam-result-1 %d %d\n' "$(stat -c %s "$scratch/body")" "$(stat -c %s "$scratch/signature")"
		cat "$scratch/body" "$scratch/signature"
	} >"$scratch/plain"
	truncate -s %65536 "$scratch/plain"
	gpg --homedir "$scratch/dpo" --batch -q -a -r dpo -o "$scratch/state/queue/results/$1-000001.result" -e "$scratch/plain" 2>/dev/null
}
order() { as dpo --json order "$case" search --node node1 | jq -r .order; }
identifier() { # ID KIND VALUE FROM TO PARENT
	jq -cnS --argjson id "$1" --arg k "$2" --arg v "$3" --argjson from "$4" --argjson to "$5" --argjson p "$6" \
		'{ type: "identifier", id: $id, kind: $k, value: $v, from: $from, to: $to, parent: $p, store: "users", link: "id", own: true }'
}
find_of() { # IDENTIFIER TEXT
	jq -cnS --argjson id "$1" --arg t "$(printf %s "$2" | base64 -w 0)" --arg d "$(printf %s "$2" | sha256sum | cut -c 1-64)" --arg p "$(printf /x | base64)" \
		'{ type: "find", store: "users", place: $p, offset: 0, size: 9, digest: $d, identifier: $id, own: true, text: $t }'
}
answer='{"answer":"found","begun":1,"ended":2,"found":2,"note":"","read":9,"store":"users","type":"answer"}'
end='{"type":"end"}'

promise "somebody else whom it calls hers waits for the officer's word, and so does what it has found by him"
o=$(order)
{
	identifier 1000 account u-bert-0002 0 4102444800000000 "$mail"
	find_of "$mail" '{"id":"u-anna-0001","email":"anna@example.org"}'
	find_of 1000 '{"id":"u-bert-0002","email":"bert@example.org"}'
	echo "$answer"
	echo "$end"
} | forge "$o"
as dpo collect >"$scratch/out"
has "$scratch/out" '1 identifiers wait for your word'
[ "$(ids 'select(.kind == "account") | "\(.own) \(.confirmed)"')" = "false false" ] || fail "$(ids .)"
dsar --json review "$case" | jq -r 'select(.store) | "\(.own)"' | sort >"$scratch/own"
[ "$(tr '\n' , <"$scratch/own")" = "false,true," ] || fail "$(dsar --json review "$case")"
dsar review "$case" --rule own >/dev/null 2>&1 || true
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE decision = 0")" = 1 ] || fail "$(sqlite3 "$register" 'SELECT * FROM finds')"

promise "no other machine is asked for him before that, and her own erasure in the same letter does not get him either"
"$SPARSAM_BIN/dsar" -c "$conf" --json subject "$sibling" list >"$scratch/out"
has_not "$scratch/out" bert
carry_orders
rm -f "$node_state"/queue/orders/*
o=$(order)
gpg --homedir "$node_ring" --batch -q --no-permission-warning -d "$scratch/state/queue/orders/$o.order" >"$scratch/order.txt" 2>/dev/null
has "$scratch/order.txt" anna@example.org
grep -o 'u-bert-0002[^}]*' "$scratch/order.txt" >"$scratch/out" || true
! grep -qE 'own\\?":(true|1)|confirmed\\?":(true|1)' "$scratch/out" || fail "$(cat "$scratch/out")"

promise "an identifier of hers does not become another time's by what it says"
{
	identifier "$ip" ip 203.0.113.7 0 4102444800000000 "$mail"
	echo "$answer"
	echo "$end"
} | forge "$o"
as dpo collect >/dev/null
[ "$(ids 'select(.kind == "ip") | "\(.since[:10]) \(.until[:10]) \(.parent)"')" = "2026-11-20 2026-11-21 0" ] || fail "$(ids .)"

promise "it does not speak in her name: what no identifier of the case has led to is not taken"
for parent in 0 4711; do
	o=$(order)
	{
		identifier 1001 email carl@example.org 0 1 $parent
		echo "$answer"
		echo "$end"
	} | forge "$o"
	expect 65 as dpo collect 2>"$scratch/stderr"
	has "$scratch/stderr" 'not as they are written'
	rm "$scratch/state/queue/results"/*
done
[ "$(ids 'select(.value == "carl@example.org")')" = "" ] || fail "$(ids .)"

promise "nor does it fill the disk: how often a record stands there is believed within bounds, all together"
records() { # N TEXT
	find_of "$mail" "$2" | jq -c --argjson n "$1" '.records = $n'
}
long=$(printf '%02000d' 1)
for n in 20000000 '600000 500001' 2000000000000000 '400000 400000'; do
	o=$(order)
	{
		for k in $n; do
			if [ "$n" = '400000 400000' ]; then records "$k" "$long$((i = ${i:-0} + 1))"; else records "$k" "one $k"; fi
		done
		echo "$answer"
		echo "$end"
	} | forge "$o"
	expect 65 as dpo collect 2>"$scratch/stderr"
	has "$scratch/stderr" 'more records that are alike than are believed'
	rm "$scratch/state/queue/results"/*
done
[ "$(sqlite3 "$register" "SELECT max(n) FROM finds")" = 1 ] || fail "$(sqlite3 "$register" 'SELECT n FROM finds')"
o=$(order)
{
	records 1000001 'alike'
	echo "$answer"
	echo "$end"
} | forge "$o"
as dpo collect >/dev/null
[ "$(sqlite3 "$register" "SELECT max(n) FROM finds")" = 1000001 ] || fail "$(sqlite3 "$register" 'SELECT n FROM finds')"
promise "nor by one answer after the other"
o=$(order)
{
	records 2 'one more'
	echo "$answer"
	echo "$end"
} | forge "$o"
expect 65 as dpo collect 2>"$scratch/stderr"
has "$scratch/stderr" 'more records that are alike than are believed'
rm "$scratch/state/queue/results"/*
[ "$(sqlite3 "$register" "SELECT sum(n - 1) FROM finds")" = 1000000 ] || fail "$(sqlite3 "$register" 'SELECT n FROM finds')"
sqlite3 "$register" "DELETE FROM finds WHERE n > 1"

promise "no number of it is below nothing"
for line in "$(find_of "$mail" below | jq -c '.offset = -1')" "$(find_of "$mail" below | jq -c '.size = -1')" \
	"${answer/\"found\":2/\"found\":-2}" "${answer/\"read\":9/\"read\":-9}"; do
	o=$(order)
	printf '%s\n' "$line" "$end" | forge "$o"
	expect 65 as dpo collect 2>"$scratch/stderr"
	has "$scratch/stderr" 'not as they are written'
	rm "$scratch/state/queue/results"/*
done

promise "what the officer confirms is hers, and what was found by it; what she drops stays dropped, whatever is said again"
account=$(ids 'select(.kind == "account") | .id')
dsar subject "$case" confirm "$account" "$mail"
[ "$(dsar --json review "$case" | jq -r 'select(.store) | "\(.own)"' | sort -u)" = true ] || fail "$(dsar --json review "$case")"
dsar subject "$case" drop "$account"
o=$(order)
{
	identifier 1000 account U-BERT-0002 0 1 "$mail"
	identifier 1002 account u-bert-0002 0 1 "$mail"
	find_of 1002 '{"id":"u-bert-0002","email":"bert@example.org"}'
	echo "$answer"
	echo "$end"
} | forge "$o"
as dpo collect >/dev/null
[ "$(ids 'select(.value == "u-bert-0002")')" = "" ] || fail "$(ids .)"
[ "$(dsar --json review "$case" | jq -r 'select(.store) | "\(.own)"' | sort | tr '\n' ,)" = "false,true," ] || fail "$(dsar --json review "$case")"

promise "of what is to be rectified it cannot say that a plan has done it, nor give a hash of its own, nor change another find"
sqlite3 "$register" "UPDATE case_file SET identity = 2; UPDATE finds SET decision = 1 WHERE number = '$case'"
mine=$(dsar --json review "$case" | jq -r 'select(.store) | .find' | head -n 1)
others=$(dsar --json review "$case" | jq -r 'select(.store) | .find' | tail -n 1)
[ "$mine" != "$others" ] || fail "there is one find only"
dsar rectify "$case" --find "$mine" --field name <<<"Anna"
kept() { sqlite3 "$register" "SELECT group_concat(fate || ground) FROM rectified" && sqlite3 "$register" "SELECT hex(digest), text FROM finds ORDER BY id"; }
kept >"$scratch/before"
item() { jq -cnS --argjson f "$mine" --arg w "$1" '{ type: "item", find: $f, field: "name", fate: $w, ground: "" }'; }
digest() { sqlite3 "$register" "SELECT lower(hex(digest)) FROM finds WHERE id = $1"; }
sha256() { sha256sum | cut -c 1-64; }
plan() { printf '{"type":"plan","hash":"%s"}\n' "$1"; }
good=$(printf 'sparsam-rectification-1 %s\nset %s %s name %s\n' "$case" "$mine" "$(digest "$mine")" "$(printf Anna | sha256)" | sha256)
became() { jq -cnS --argjson f "$1" --arg d "$(printf b%.0s {1..64})" '{ type: "became", find: $f, digest: $d, size: 1, text: "YQ==" }'; }
for lie in "$(item set)
$(plan "${good//[0-9]/0}")" "$(item "done")" "$(became "$others")" "$(item set)
$(became "$others")" "$(item set)
$(became "$mine")" "$(item undone)" "$(item set | jq -c '.x = 1')"; do
	o=$(as dpo --json order "$case" rectify-plan --node node1 | jq -r .order)
	case $lie in *'"plan"'*) ;; *) lie+=$'\n'$(plan "$good") ;; esac
	printf '%s\n' "$lie" "$end" | forge "$o"
	expect 65 as dpo collect 2>"$scratch/stderr"
	has "$scratch/stderr" "not what was ordered of that machine's finds"
	kept | cmp -s - "$scratch/before" || fail "$lie: $(kept)"
	rm "$scratch/state/queue/results"/*
done
o=$(as dpo --json order "$case" rectify-plan --node node1 | jq -r .order)
printf '%s\n' "$(item set)" "$(plan "$good")" "$end" | forge "$o"
[ "$(as dpo --json collect | jq -r .plan)" = "$good" ] || fail "the truth is not taken, either"
