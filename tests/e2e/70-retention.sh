#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Lines past their period go, those that an incident holds stay until it ends, and the ledger proves it.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
. "$root/tests/e2e/retention.sh"
log=$scratch/log/app.log
mkdir "$scratch/log"
cat >"$scratch/stores.d/app.conf" <<-'END'
	format "app" { type = "pattern" pattern = '(?<time>\d{4}-\S+) (?<text>.*)' time = "time" }
END
cat >>"$scratch/stores.d/app.conf" <<-END
	store "app" {
	  type = "textlog" paths = { "$scratch/log/app.log*" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	}
END
old=$(date -u -d '8 days ago' +%FT%TZ) young=$(date -u -d '2 days ago' +%FT%TZ)
lines() { printf '%s from 203.0.113.7\n%s other\n  at a.b.C\n%s young\n' "$old" "$old" "$young"; }

promise "without a ledger nothing is deleted"
lines >"$log"
expect 78 run run 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "retention init"
same "$log" <(lines)
run init >"$scratch/init"
expect 73 run init 2>/dev/null

promise "a dry run shows the plan, and changes nothing"
run run --dry-run --store app --json >"$scratch/plan"
[ "$(jq -s '.[0].records' "$scratch/plan")" -eq 2 ] || fail "$(cat "$scratch/plan")"
same "$log" <(lines)

promise "a hold by an identifier keeps its lines, and nobody can read it"
id=$(echo 203.0.113.7 | run hold add --incident T-1 --reason attack --owner ops --expires +30d --store app --from -)
run run --store app >/dev/null
same "$log" <(lines | sed -n '1p;4p')
run hold show "$id" --records | grep "from 203.0.113.7" >/dev/null || fail "not shown"
run hold list >"$scratch/list"
has_not "$scratch/list" 203.0.113.7
! grep -qaF 203.0.113.7 "$scratch"/state/ledger.db "$scratch"/state/hold/holds.db* || fail "the identifier lies in the state folder"

promise "a hold past its store's ceiling, without a reason or without an end is refused"
expect 77 run hold add --incident T --reason x --owner o --expires +100d --store app 2>/dev/null
expect 64 run hold add --incident T --owner o --expires +10d --store app 2>/dev/null
expect 64 run hold add --incident T --reason x --owner o --store app 2>/dev/null

promise "overlapping holds free a record only when all are gone"
two=$(run hold add --incident T-2 --reason both --owner ops --expires +1d --store app)
run hold release "$id"
run run --store app >/dev/null
has "$log" "from 203.0.113.7"
run hold release "$two"
run run --store app >/dev/null
same "$log" <(lines | sed -n 4p)
expect 64 run hold release "$two" 2>/dev/null

promise "held lines are copied before hold add returns, with the log's rights, and outlive logrotate"
gzip -c <(printf '%s from 203.0.113.9 packed\n' "$young") >"$log.2.gz"
lines >"$log"
chmod 640 "$log"
setfacl -m u:65534:r "$log" 2>/dev/null || true
id=$(printf '203.0.113' | run hold add --incident T-3 --reason rotated --owner ops --expires +30d --store app --from -)
copies=$scratch/state/hold/app
cat "$copies"/* | sort | diff - <(printf '%s from 203.0.113.7\n%s from 203.0.113.9 packed\n' "$old" "$young" | sort) >&2 ||
	fail "not what is held"
[ "$(getfacl -cp "$copies/hold-$id-1.log" 2>/dev/null)" = "$(getfacl -cp "$log" 2>/dev/null)" ] || fail "other rights"
[ "$(stat -c %a:%u:%g:%Y "$copies/hold-$id-1.log")" = "$(stat -c %a:%u:%g:%Y "$log")" ] || fail "another owner, mode or time"
rm "$log" "$log.2.gz" # as logrotate would
printf '%s from 203.0.113.7 later\n' "$young" >"$log"
run run --store app >/dev/null
run run --store app >/dev/null
run hold show "$id" --records | sort >"$scratch/shown"
[ "$(grep -c 'from 203.0.113' "$scratch/shown")" -eq 4 ] || fail "$(cat "$scratch/shown")"
[ "$(grep -c later "$scratch/shown")" -eq 2 ] || fail "what came later is not copied once: $(cat "$scratch/shown")"

promise "copies go when no hold covers them any more, by a step that is on the ledger"
two=$(printf 'from 203.0.113.7' | run hold add --incident T-4 --reason overlap --owner ops --expires +30d --store app --from -)
[ "$(find "$copies" -type f | wc -l)" -eq 3 ] || fail "copied twice"
run hold release "$id"
run run --store app >/dev/null
has_not <(cat "$copies"/*) packed
[ "$(cat "$copies"/* | grep -c 203.0.113.7)" -eq 2 ] || fail "the second hold has lost its records"
run hold release "$two"
before=$(sqlite3 "$scratch/state/ledger.db" "SELECT count(*) FROM entry WHERE kind = 'result'")
run run --store app >/dev/null
[ -z "$(ls -A "$copies")" ] || fail "copies are left"
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT count(*) FROM entry WHERE kind = 'result'")" -eq $((before + 1)) ] ||
	fail "not on the ledger"
has "$log" later

promise "a day's key goes with the last log that used it, and never while a hold needs it"
hide_shipped_stores
cat >"$scratch/stores.d/scrubbed.conf" <<-END
	store "scrubbed" {
	  type = "textlog" paths = { "$scratch/log/scrubbed.log*" } format = "app" period = "7d"
	  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
	  scrub { keep = { "time" } pseudonym = { "text" } }
	}
END
rm -f "$scratch"/state/keys/*.key
echo 203.0.113.7 | "$SPARSAM_BIN/logscrub" token -c "$conf" --at now >/dev/null # makes today's
keys() { (cd "$scratch/state/keys" && printf '%s\n' *.key); }
days() { for ago in "$@"; do date -u -d "$ago days ago" +%F.key; done; }
for key in $(days 12 10 8 3); do
	cp "$scratch/state/keys/$(days 0)" "$scratch/state/keys/$key" # nobody reads it here
done
printf '%s a\n%s b\n' "$(date -u -d '10 days ago' +%FT%TZ)" "$young" >"$scratch/log/scrubbed.log"
two=$(run hold add --incident T-5 --reason keys --owner ops --expires +30d --store scrubbed)
run run --json >"$scratch/keys"
[ "$(jq -s '.[-1].keys' "$scratch/keys")" -eq 1 ] || fail "another plan: $(cat "$scratch/keys")"
keys | diff <(days 10 8 3 0) - >&2 || fail "not the keys that are needed"
run hold release "$two"
[ "$(run run --dry-run --json | jq -s '.[-1].keys')" -eq 2 ] || fail "a dry run shows other keys"
run run --store scrubbed >/dev/null
keys | diff <(days 10 8 3 0) - >&2 || fail "a run of one store has touched keys"
run run >/dev/null
keys | diff <(days 3 0) - >&2 || fail "keys outlive their logs"
[ "$(sqlite3 "$scratch/state/ledger.db" "SELECT group_concat(json_extract(data, '$.what')) FROM entry
	WHERE kind = 'keys' AND data LIKE '%crypto-erased%'")" = destroy,destroyed,destroy,destroyed ] || fail "not on the ledger"

promise "a damaged hold file: nothing is deleted"
lines >"$log"
cp "$scratch/state/hold/holds.db" "$scratch/good.db"
head -c 4096 /dev/urandom >"$scratch/state/hold/holds.db"
expect 65 run run --store app 2>/dev/null
same "$log" <(lines)
cp "$scratch/good.db" "$scratch/state/hold/holds.db"

promise "a clock that jumps ahead deletes nothing until a person says that it is right"
if [ -n "$faketime_lib" ]; then
	lines >"$log"
	run run --store app >/dev/null
	expect 77 faked +40d "$retention" run -c "$conf" --store app 2>"$scratch/stderr.log"
	has "$scratch/stderr.log" --accept-clock
	has "$log" young
	run run --store app >/dev/null # and the clock that is right is not held against it
fi

promise "what runs did is in the ledger, which an auditor checks with us and without us"
run export-ledger "$scratch/bundle.tar"
"$retention" verify "$scratch/bundle.tar" >"$scratch/verified"
has "$scratch/verified" good
mkdir "$scratch/audit" "$scratch/gnupg"
tar -xf "$scratch/bundle.tar" -C "$scratch/audit"
cd "$scratch/audit" || exit
gpg --homedir "$scratch/gnupg" -q --import key.asc 2>/dev/null
gpg --homedir "$scratch/gnupg" --verify head.asc head.txt 2>"$scratch/gpg.log"
has "$scratch/gpg.log" "Good signature"
gpgconf --homedir "$scratch/gnupg" --kill all
sed -n '/prev=/,/done$/p' README >"$scratch/recipe"
bash "$scratch/recipe" >"$scratch/said"
[ ! -s "$scratch/said" ] || fail "the recipe finds: $(cat "$scratch/said")"

promise "each edit, gap, reordering or cut is found by both"
tampered() { # SQL
	rm -rf "$scratch/t" && cp -r "$scratch/audit" "$scratch/t"
	sqlite3 "$scratch/t/ledger.db" "DROP TRIGGER entry_update; DROP TRIGGER entry_delete; DROP TRIGGER entry_next;
		DROP TRIGGER head_delete; DROP TRIGGER head_update; $1"
	tar -cf "$scratch/t.tar" -C "$scratch/t" ledger.db key.asc head.txt head.asc README
	expect 1 "$retention" verify "$scratch/t.tar" >/dev/null
}
tampered "UPDATE entry SET data = replace(data, 'app', 'abc') WHERE kind = 'plan'"
(cd "$scratch/t" && bash "$scratch/recipe") | grep edited >/dev/null || fail "the recipe misses an edit"
tampered "DELETE FROM entry WHERE seq = 3"
(cd "$scratch/t" && bash "$scratch/recipe") | grep gap >/dev/null || fail "the recipe misses a gap"
tampered "UPDATE entry SET time = '2026-01-01T00:00:00.000000Z' WHERE seq = 2"
tampered "UPDATE entry SET seq = -1 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = -1"
head=$(cut -d' ' -f2- head.txt)
"$retention" verify "$scratch/bundle.tar" --head "$head" >/dev/null
rm -rf "$scratch/t" && cp -r "$scratch/audit" "$scratch/t"
sqlite3 "$scratch/t/ledger.db" "DROP TRIGGER entry_delete; DROP TRIGGER head_delete;
	DELETE FROM head WHERE seq > 2; DELETE FROM entry WHERE seq > 2"
tar -cf "$scratch/t.tar" -C "$scratch/t" ledger.db key.asc head.txt head.asc README
expect 1 "$retention" verify "$scratch/t.tar" --head "$head" >/dev/null

promise "the ledger holds nothing personal"
sqlite3 "$scratch/audit/ledger.db" .dump >"$scratch/dump"
expect 0 "$SPARSAM_BIN/logscrub" detect -c "$conf" <(grep "INTO entry" "$scratch/dump" | sed "s/'[0-9A-Fa-f]\{64\}'//g; s/\"\(plan\|key\|boot\)\":\"[0-9A-Fa-f]*\"//g")
