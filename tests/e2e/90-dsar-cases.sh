#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A data protection officer enters requests and watches their dates.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq

printf 'state_dir = "%s"\nkey_dir = "%s"\ndsar { land = "HE" }\n' "$scratch" "$scratch/keys" >"$scratch/sparsam.conf"
y=$(date +%Y) # cases are numbered by it
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
ledger() { sqlite3 "$scratch/register/ledger.db" "SELECT kind || ' ' || data FROM entry"; }

promise "without a register it says what to do"
expect 78 dsar case list 2>"$scratch/stderr"
has "$scratch/stderr" "say \`dsar init\`"
dsar init >"$scratch/out"

promise "several rights in one letter are several cases of one correspondence"
echo 'ann@example.org' | dsar case new --article 15 --article 17 --article=21 --received 2026-11-25 --lang de \
	--address - >"$scratch/out"
[ "$(tr "\n" " " <"$scratch/out")" = "$y-0001 $y-0002 $y-0003 " ] || fail "$(cat "$scratch/out")"
dsar --json case list >"$scratch/list"
[ "$(jq -r '[.correspondence, .article] | join(" ")' "$scratch/list" | tr '\n' ,)" = \
	"$y-0001 15,$y-0001 17,$y-0001 21," ] || fail "$(cat "$scratch/list")"

promise "two dates, and the one that is not moved"
[ "$(jq -r 'select(.article == 15) | [.due, .due_suspended, .due_raw] | join(" ")' "$scratch/list")" = \
	"2026-12-28 2026-12-28 2026-12-25" ] || fail "$(cat "$scratch/list")"

promise "an objection stops the processing at once"
dsar --json case show "$y-0003" >"$scratch/show"
has "$scratch/show" '"event":"stop"'
