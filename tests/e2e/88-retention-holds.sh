#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What would have a hold pass over what it covers: another case or encoding, a hold file that is gone or old, a store
# with another name. And a bundle whose signed head is another one than the ledger's.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/retention.sh"
hide_shipped_stores
declare_store() { # NAME
	echo "format \"app\" { type = \"pattern\" pattern = '(?<time>\\d{4}-\\S+) (?<text>.*)' time = \"time\" }"
	printf 'store "%s" {\n type = "textlog" paths = { "%s" } format = "app" period = "7d"\n' "$1" "$scratch/app.log"
	printf ' category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"\n}\n'
}
log=$scratch/app.log
old=$(date -u -d '8 days ago' +%FT%TZ)
declare_store app >"$scratch/stores.d/app.conf"
run init >/dev/null
add() { run hold add --incident T-1 --reason attack --owner ops --expires +30d --store app "$@"; }
lines() {
	while read -r text; do printf '%s %b\n' "$old" "$text"; done <<-'END'
		user M\303\234LLER
		user M%C3%BCller
		{"user":"m\\\\u00fcller"}
		user m\374ller
		user mu\314\210ller
		from 2001:0DB8:0:0::0001
		from somebody else
	END
}
held() { # IDENTIFIER [OPTION]: the numbers of the lines that are left
	local id
	lines >"$log"
	id=$(echo "$1" | add --from - "${@:2}")
	run run --store app >/dev/null
	run hold release "$id"
	lines | { grep -anxFf "$log" || true; } | cut -d: -f1 | tr '\n' ' '
}

promise "an identifier and a pattern hold what has them in another case, encoding or form"
is_held() { # LINES WHAT [OPTION]
	local got
	got=$(held "${@:2}")
	[ "$got" = "$1" ] || fail "$2 holds the lines $got"
}
is_held "1 2 3 4 5 " müller
is_held "1 2 4 5 " 'M.LLER$' --pattern
is_held "1 2 3 4 5 " 'm[ü]ller' --pattern
is_held "6 " 2001:db8::1
is_held "" nobody

promise "a hold file that is gone, empty or older than the ledger: nothing is deleted or held anew, and a backup mends it"
lines >"$log"
cp "$scratch/state/hold/holds.db" "$scratch/older.db"
id=$(add)
run backup "$scratch/backup.tar"
refused() {
	expect 65 run run --store app >/dev/null 2>"$scratch/stderr.log"
	has "$scratch/stderr.log" "hold $id"
	expect 65 run run --dry-run >/dev/null 2>&1
	expect 65 add >/dev/null 2>&1
	same "$log" <(lines)
}
rm "$scratch/state/hold/holds.db"
refused
: >"$scratch/state/hold/holds.db"
refused
cp "$scratch/older.db" "$scratch/state/hold/holds.db"
refused
run restore "$scratch/backup.tar" >"$scratch/restored"
has "$scratch/restored" "holds restored"
run run --store app >/dev/null
same "$log" <(lines)

promise "what was lost although there is a backup is told, and then runs go on"
rm "$scratch/state/hold/holds.db"
lost=$((id + 1))
run restore "$scratch/backup.tar" >/dev/null
[ "$(add)" -eq "$lost" ] || fail "not the next number"
rm "$scratch/state/hold/holds.db"
expect 1 run restore "$scratch/backup.tar" >"$scratch/restored"
has "$scratch/restored" "hold $lost was added since the backup and is lost"
run run --store app >/dev/null
same "$log" <(lines)

promise "a store that has another name by now: nothing is deleted until a person says which one is held"
declare_store web >"$scratch/stores.d/app.conf"
expect 78 run run >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "hold $id, store \"app\""
same "$log" <(lines)
run hold add --incident T-1 --reason attack --owner ops --expires +30d --store web >"$scratch/id"
run hold release "$id"
run run >/dev/null
same "$log" <(lines)
run hold release "$(cat "$scratch/id")"
run run >/dev/null
[ ! -s "$log" ] || fail "what nothing holds is still there"

promise "a bundle whose head.txt or head.asc is not the newest one that was signed is not good"
run export-ledger "$scratch/bundle.tar"
mkdir "$scratch/audit"
tar -xf "$scratch/bundle.tar" -C "$scratch/audit"
"$retention" verify "$scratch/bundle.tar" >"$scratch/verified" || fail "$(cat "$scratch/verified")"
forged() { # FILE SED
	rm -rf "$scratch/t" && cp -r "$scratch/audit" "$scratch/t"
	sed -i "$2" "$scratch/t/$1"
	tar -cf "$scratch/t.tar" -C "$scratch/t" ledger.db key.asc head.txt head.asc README
	expect 1 "$retention" verify "$scratch/t.tar" >"$scratch/verified"
	has "$scratch/verified" "newest signed head"
}
forged head.txt 's/ [0-9]* / 1 /'
forged head.asc '3s/./A/'
