#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A data protection officer looks at each find, and decides what leaves the house and without which bytes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dsar_answer.sh"

dsar init >/dev/null
dsar case new --article 15 --received 2026-11-25 --lang de >/dev/null
c=2026-0001
searched $c
identifier $c email erika.mustermann@example.org
identifier $c name 'Erika Mustermann'
identifier $c account 7c9e1f20-aaaa-4bbb-8ccc-000000000001 0
find_put $c accounts "'email=erika.mustermann@example.org' || char(9) || 'name=Erika Mustermann' || char(10)"
find_put $c chat "'senderName=Erika Mustermann' || char(9) || 'message=Frag doch Zoë Großkopf (zoe@example.com)' || char(10)"
find_put $c chat "'senderName=Zoë Großkopf' || char(9) || 'message=Danke, Erika Mustermann!' || char(10)" 0
find_put $c web "'{\"a\":\"erika.mustermann@example.org\",\"b\":\"192.0.2.77\",\"n\":\"Zo\\u00eb Gro\\u00dfkopf\"}'"
find_put $c events NULL 1 "$scratch/recordings/4711"
for store in accounts chat web events; do answer_put $c $store found; done

promise "each find is listed, with how much is proposed to go"
dsar --json review $c --list >"$scratch/list"
[ "$(jq -r '[.store, .own, .covers] | join(" ")' "$scratch/list" | tr '\n' ,)" = \
	"accounts true 0,chat true 2,chat false 1,events true 0,web true 2," ] || fail "$(cat "$scratch/list")"
dsar --json review $c >"$scratch/again" </dev/null
same "$scratch/list" "$scratch/again"

promise "one is shown with its context, how it was found and what would go"
dsar review $c --show 2 >"$scratch/show"
has "$scratch/show" 'Frag doch [Zoë Großkopf] ([zoe@example.com])'
has "$scratch/show" 'email erika.mustermann@example.org'
dsar --json review $c --show 2 >"$scratch/show"
[ "$(jq -r 'select(.why) | .why' "$scratch/show" | tr '\n' ' ')" = "name email " ] || fail "$(cat "$scratch/show")"

promise "what came over another's key is never kept by store or rule"
expect 1 dsar review $c --keep --store chat >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "1 finds came over a path that is not the person's own"
[ "$(register "SELECT group_concat(decision, '') FROM finds WHERE store = 'chat'")" = 10 ] || fail "kept"
expect 1 dsar review $c --undo 2 >"$scratch/out"
expect 1 dsar review $c --rule own >"$scratch/out" 2>"$scratch/stderr"
[ "$(register "SELECT group_concat(decision, '') FROM (SELECT decision FROM finds ORDER BY id)")" = 12021 ] ||
	fail "$(register 'SELECT id, decision FROM finds')"

promise "what is left out needs a ground, which is kept"
expect 64 dsar review $c --exclude 3 2>"$scratch/stderr"
has "$scratch/stderr" 'what is left out needs a --ground'
echo 'Zoë hat widersprochen' | dsar review $c --exclude 3 --ground - >"$scratch/out"
[ "$(register 'SELECT ground FROM finds WHERE id = 3')" = 'Zoë hat widersprochen' ] || fail "no ground"

promise "all looked at, and every store has answered: the case goes on"
dsar --json case show $c >"$scratch/show"
has "$scratch/show" '"state":"decided"'

promise "a decision is taken back with the covers that it had, and the case with it"
printf 'Frag doch\n' | dsar review $c --blacken 2 --only - >"$scratch/out"
[ "$(register "SELECT count(*) FROM cover WHERE set_id = (SELECT max(id) FROM cover_set WHERE find = 2)")" = 1 ] || fail "covers"
dsar review $c --undo >"$scratch/out"
[ "$(register "SELECT count(*) FROM cover WHERE set_id = (SELECT max(id) FROM cover_set WHERE find = 2)")" = 2 ] || fail "covers"
expect 1 dsar review $c --undo 2 >"$scratch/out"
has "$scratch/out" 'the case is review'
dsar review $c --blacken 2 >"$scratch/out"

promise "a store that could not be searched keeps the case where it is"
answer_put $c web failed 'cannot open'
expect 77 dsar review $c --keep 1 >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" 'not every store has answered'
answer_put $c web found

promise "the ledger has the steps, and nothing of the person"
ledger >"$scratch/ledger"
has "$scratch/ledger" 'review {"case":"2026-0001","covers":2,"decision":"blacken","find":2,"ground":"others"}'
has "$scratch/ledger" '"ground":"text"'
has_not "$scratch/ledger" Erika
has_not "$scratch/ledger" Zoë
has_not "$scratch/ledger" example.org

promise "at a terminal one find after the other, by one letter each"
dsar case new --article 15 --received 2026-11-25 --lang en >/dev/null
searched 2026-0002
identifier 2026-0002 name 'Erika Mustermann'
find_put 2026-0002 web "'one Erika Mustermann'"
find_put 2026-0002 web "'two a@example.com'"
answer_put 2026-0002 web found
printf 'k\n\nx\nb\n\n' | script -qec "$SPARSAM_BIN/dsar -c $scratch/sparsam.conf review 2026-0002" /dev/null >"$scratch/out"
has "$scratch/out" 'one Erika Mustermann'
[ "$(register "SELECT group_concat(decision || ground, ',') FROM finds WHERE number = '2026-0002'")" = 1hers,2others ] || fail "answers: $(cat "$scratch/out")"
