#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Etherpad keeps the names of those who wrote for ever, and BigBlueButton a hash an event: both are found as hers by the id of her join,
# in a real Redis under the keys that they use; the names go, and what all have written stays.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need redis-server
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
hide_shipped_stores
mkdir "$scratch/redis"
sock=$scratch/redis/redis.sock
sed "s|/run/redis/redis-server.sock|$sock|" "$root/conf/stores.d/bbb-databases.conf" >"$scratch/stores.d/bbb-databases.conf"
: >"$scratch/pg_service.conf"
export PGSERVICEFILE=$scratch/pg_service.conf
approvers_make
node_make
spawn redis redis-server --port 0 --unixsocket "$sock" --dir "$scratch/redis" --save '' --daemonize no
cli() { redis-cli -s "$sock" "$@"; }
wait_for cli ping
mid=$(printf %s room-of-carla | sha1sum | cut -c1-40)-1700000000000
# ueberdb writes JSON: etherpad-lite src/node/db/AuthorManager.ts (globalAuthor, mapper2author, token2author), Pad.ts (pad:ID, :revs:, :chat:)
cli >"$scratch/cli.log" <<END
set mapper2author:w_annaaaaaaaa1 '"a.s8oes9dhwrvt0zif"'
set mapper2author:w_bertaaaaaaa1 '"a.bertbertbertbert"'
set token2author:t.4nWmHjCK6rZ1x2YaQ3bK '"a.s8oes9dhwrvt0zif"'
set globalAuthor:a.s8oes9dhwrvt0zif '{"colorId":3,"name":"Anna Muster","timestamp":1700000000000,"padIDs":{"g.4nWmHjCK6rZ1x2Ya\$notes":1}}'
set globalAuthor:a.bertbertbertbert '{"colorId":5,"name":"Bert","timestamp":1700000000000}'
set session:s.1 '{"groupID":"g.4nWmHjCK6rZ1x2Ya","authorID":"a.s8oes9dhwrvt0zif","validUntil":1700000000}'
set session:s.2 '{"groupID":"g.4nWmHjCK6rZ1x2Ya","authorID":"a.bertbertbertbert","validUntil":1700000000}'
set author2sessions:a.s8oes9dhwrvt0zif '{"sessionIDs":{"s.1":1}}'
set pad:g.4nWmHjCK6rZ1x2Ya\$notes '{"atext":{"text":"we met","attribs":"*0+6"},"pool":{"numToAttrib":{"0":["author","a.s8oes9dhwrvt0zif"]}},"head":1}'
set pad:g.4nWmHjCK6rZ1x2Ya\$notes:revs:1 '{"changeset":"Z:1>5*0+5\$we me","meta":{"author":"a.s8oes9dhwrvt0zif","timestamp":1700000000000}}'
set pad:g.4nWmHjCK6rZ1x2Ya\$notes:revs:2 '{"changeset":"Z:6>1*1+1\$t","meta":{"author":"a.bertbertbertbert","timestamp":1700000000000}}'
hset meeting:info:$mid meetingId room-of-carla meetingName "Carla's room"
hset recording:$mid:1 module PARTICIPANT eventName ParticipantJoinEvent userId w_annaaaaaaaa1 externalUserId gl-0011 name "Anna Muster"
hset recording:$mid:2 module CHAT eventName PublicChatEvent senderId w_annaaaaaaaa1 sender "Anna Muster" message planted-words
hset recording:$mid:3 module CHAT eventName PublicChatEvent senderId w_bertaaaaaaa1 sender Bert message "Anna Muster is right"
hset recording:$mid:4 module PARTICIPANT eventName AssignPresenterEvent userid w_bertaaaaaaa1 assignedBy w_annaaaaaaaa1
END
! grep -v '^[0-9OK]*$' "$scratch/cli.log" || fail "redis"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2"

promise "from the account's id over the id of her join to her name as an author: hers as fields, not as words that are mentioned"
echo gl-0011 | dsar subject "$case" add external-id
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/found" "$scratch/search.log")"
finds=$(sqlite3 "$register" "SELECT group_concat(w, ' ') FROM (SELECT store || ':' || own || ':' || count(*) AS w FROM finds GROUP BY store, own ORDER BY store, own DESC)")
[ "$finds" = "bbb-etherpad-authors:1:1 bbb-etherpad-notes:0:2 bbb-etherpad-people:1:4 bbb-redis-recordings:1:2 bbb-redis-recordings:0:1" ] || fail "$finds"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE store = 'bbb-etherpad-authors' AND CAST(text AS TEXT) LIKE '%name=Anna Muster%'")" = 1 ]
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE CAST(text AS TEXT) GLOB '*Bert*'")" = 0 ] || fail "Bert was gathered"

promise "her name and all that leads to it goes from Redis; what all have written stays"
sqlite3 "$register" "UPDATE finds SET decision = CASE own WHEN 1 THEN 1 ELSE 3 END, ground = 'of others, too'; UPDATE case_file SET state = 4"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
cli --scan | sort >"$scratch/keys"
same "$scratch/keys" - <<-END
	globalAuthor:a.bertbertbertbert
	mapper2author:w_bertaaaaaaa1
	meeting:info:$mid
	pad:g.4nWmHjCK6rZ1x2Ya\$notes
	pad:g.4nWmHjCK6rZ1x2Ya\$notes:revs:1
	pad:g.4nWmHjCK6rZ1x2Ya\$notes:revs:2
	recording:$mid:3
	recording:$mid:4
	session:s.2
END

promise "what says a name twice, or has more members than a row has fields, is searched as it stands"
printf '{"name":"planted-twice","name":"Bert"}' | cli -x set globalAuthor:a.twicetwicetwicetw >"$scratch/cli.log"
{
	printf '{"name":"planted-many"'
	printf ',"m%s":1' {1..300}
	printf '}'
} | cli -x set globalAuthor:a.manymanymanymany >"$scratch/cli.log"
for name in planted-twice planted-many; do
	third=$(case_new 15)
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$third'"
	echo "$name" | dsar subject "$third" add name
	dsar --json search "$third" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log")"
	[ "$(sqlite3 "$register" "SELECT store || ':' || count(*) FROM finds WHERE number = '$third' AND CAST(text AS TEXT) LIKE '%$name%'")" = bbb-etherpad-authors:1 ] || fail "$(cat "$scratch/found")"
done
cli del globalAuthor:a.twicetwicetwicetw globalAuthor:a.manymanymanymany >"$scratch/cli.log"

promise "a display name alone leads to events and authors of that name, for review"
second=$(case_new 15)
sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$second'"
echo bert | dsar subject "$second" add name
dsar --json search "$second" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log")"
finds=$(sqlite3 "$register" "SELECT group_concat(w, ' ') FROM (SELECT store || ':' || own || ':' || count(*) AS w FROM finds WHERE number = '$second' GROUP BY store, own ORDER BY store, own DESC)")
[ "$finds" = "bbb-etherpad-authors:0:1 bbb-redis-recordings:0:1" ] || fail "$finds"
