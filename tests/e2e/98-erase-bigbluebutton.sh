#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who was in a conference is found in BigBlueButton's own tables by the account's id, and erased from them: the words before an edit, too,
# though others have answered her and no foreign key leads to her; the others keep every byte.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
at_end() { agents_end && postgres_end; }
export PGSERVICEFILE=$scratch/pg_service.conf
hide_shipped_stores
cp "$root/conf/stores.d/bbb-databases.conf" "$scratch/stores.d/bbb-databases.conf"
sed -i "s|/run/redis/redis-server.sock|$scratch/redis.sock|" "$scratch/stores.d/bbb-databases.conf"
approvers_make
node_make

postgres_begin 'fsync = off'
db -c 'create database bbb' postgres
db -f "$root/tests/data/bbb_graphql.sql" bbb
printf '[bbb-graphql]\nhost=%s\ndbname=bbb\nuser=postgres\n' "$scratch/pg" >"$PGSERVICEFILE"
dump() { pg_dump -h "$scratch/pg" -U postgres --data-only --inserts bbb 2>"$scratch/dump.log" | grep '^INSERT' | sort; }
ask() { db -c "$1" bbb; }
# anna joined twice (w_anna…1, w_anna…2) and let bert in; she wrote, edited, was answered, drew, asked, noted and dialled in
db bbb <<'END'
insert into meeting values ('m1-1700000000000', 'room-of-carla', 'Carla''s room', false, 'tok', 1700000000000, null, null, null);
insert into "user" ("meetingId", "userId", "extId", name, role, "registeredOn") values
  ('m1-1700000000000', 'w_annaaaaaaaa1', 'gl-0011', 'Anna Muster', 'MODERATOR', 1700000000000),
  ('m1-1700000000000', 'w_annaaaaaaaa2', 'gl-0011', 'Anna Muster', 'MODERATOR', 1700000060000),
  ('m1-1700000000000', 'w_carlaaaaaaa1', 'gl-0012', 'Carla', 'MODERATOR', 1700000000000);
insert into "user" ("meetingId", "userId", "extId", name, role, "registeredOn", "guestStatusSetByModerator") values
  ('m1-1700000000000', 'w_bertaaaaaaa1', 'w_bertaaaaaaa1', 'Bert', 'VIEWER', 1700000000000, 'w_annaaaaaaaa1');
insert into "user_sessionToken" ("meetingId", "userId", "sessionToken") values
  ('m1-1700000000000', 'w_annaaaaaaaa1', 'annatoken1234567'), ('m1-1700000000000', 'w_bertaaaaaaa1', 'berttoken1234567');
insert into "user_graphqlConnection" ("sessionToken", "establishedAt", "closedAt") values
  ('annatoken1234567', now(), now()), ('berttoken1234567', now(), now());
insert into user_metadata values ('m1-1700000000000', 'w_annaaaaaaaa1', '', 'bbb_custom', 'planted-metadata');
insert into user_voice ("meetingId", "userId", "callerName", "callerNum") values ('m1-1700000000000', 'w_annaaaaaaaa2', 'Anna Muster', '+4930111222');
insert into chat values ('m1-1700000000000', 'MAIN-PUBLIC-GROUP-CHAT', 'PUBLIC_ACCESS', 'system', 0);
insert into chat_user ("chatId", "meetingId", "userId") values ('MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'w_annaaaaaaaa1'),
  ('MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'w_bertaaaaaaa1');
insert into chat_message ("messageId", "chatId", "meetingId", message, "replyToMessageId", "senderId", "senderName", "createdAt") values
  ('x-anna-1', 'MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'planted-before', null, 'w_annaaaaaaaa1', 'Anna Muster', now()),
  ('x-anna-2', 'MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'planted-answer', 'x-anna-1', 'w_annaaaaaaaa2', 'Anna Muster', now()),
  ('x-bert-1', 'MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'I agree', 'x-anna-1', 'w_bertaaaaaaa1', 'Bert', now());
-- what she wrote much later is not in the same page: what it answers goes before
insert into chat_message ("messageId", "chatId", "meetingId", message, "senderId", "senderName", "createdAt")
  select 'y-bert-' || n, 'MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', repeat('and so on ', 100), 'w_bertaaaaaaa1', 'Bert', now() from generate_series(1, 100) n;
insert into chat_message ("messageId", "chatId", "meetingId", message, "replyToMessageId", "senderId", "senderName", "createdAt") values
  ('x-anna-3', 'MAIN-PUBLIC-GROUP-CHAT', 'm1-1700000000000', 'planted-late-answer', 'x-anna-1', 'w_annaaaaaaaa2', 'Anna Muster', now());
update chat_message set message = 'planted-after' where "messageId" = 'x-anna-1';
insert into chat_message_reaction values ('m1-1700000000000', 'x-anna-1', 'w_annaaaaaaaa1', 'smile', now()),
  ('m1-1700000000000', 'x-anna-1', 'w_bertaaaaaaa1', 'smile', now()), ('m1-1700000000000', 'x-bert-1', 'w_annaaaaaaaa1', 'smile', now());
insert into pres_presentation ("presentationId", "meetingId", "uploadUserId", name) values ('p1', 'm1-1700000000000', 'w_carlaaaaaaa1', 'slides.pdf');
insert into pres_page values ('p1/1', 'p1', 1, 'Slide');
insert into pres_annotation values ('s1', 'p1/1', 'm1-1700000000000', 'w_annaaaaaaaa1', '{"text":"planted-drawing"}', now()),
  ('s2', 'p1/1', 'm1-1700000000000', 'w_bertaaaaaaa1', '{"text":"his"}', now());
insert into pres_annotation_history ("annotationId", "pageId", "meetingId", "userId", "annotationInfo") values ('s1', 'p1/1', 'm1-1700000000000', 'w_annaaaaaaaa1', '{"text":"planted-undone"}');
insert into poll ("pollId", "meetingId", "ownerId", "questionText") values ('q1', 'm1-1700000000000', 'w_annaaaaaaaa1', 'planted-question');
insert into poll_option values ('q1', 0, 'Yes'), ('q1', 1, 'No');
insert into poll_response values ('q1', 0, 'm1-1700000000000', 'w_bertaaaaaaa1');
insert into "sharedNotes_rev" values ('m1-1700000000000', 'notes', 1, 'w_annaaaaaaaa1', 'Z:1>5+5$planted-note', 0, 0, 'planted-note', now()),
  ('m1-1700000000000', 'notes', 2, 'w_bertaaaaaaa1', 'Z:6>1+1$!', 0, 0, '!', now());
insert into caption ("captionId", "meetingId", "captionType", "userId", "captionText") values ('c1', 'm1-1700000000000', 'TYPED', 'w_annaaaaaaaa1', 'planted-caption');
END
dump >"$scratch/before"

promise "from the account's id to each join, and to what has no foreign key to her"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo gl-0011 | dsar subject "$case" add external-id
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/found" "$scratch/search.log")"
counts=$(jq -r 'select(.answer == "found") | "\(.store) \(.found)"' "$scratch/found" | sort | tr '\n' ,)
[ "$counts" = "bbb-graphql-chat 4,bbb-graphql-chats 1,bbb-graphql-connections 1,bbb-graphql-drawings 1,bbb-graphql-drawings-before 1,bbb-graphql-notes 1,bbb-graphql-sessions 1,bbb-graphql-uploads 1,bbb-graphql-users 3,bbb-graphql-voice 1," ] || fail "$counts"
is_own() { sqlite3 "$register" "SELECT own FROM finds WHERE store = 'bbb-graphql-$1' AND CAST(text AS TEXT) LIKE '%$2%'"; }
[ "$(is_own users gl-0011 | sort -u) $(is_own users 'name=Bert') $(is_own chat planted-before) $(is_own chat 'message=I agree')" = "1 0 1 0" ] ||
	fail "$(is_own users gl-0011) $(is_own users 'name=Bert') $(is_own chat planted-before) $(is_own chat 'message=I agree')"

promise "what others are in is left out by the officer; the plan goes from what points to her to her"
sqlite3 "$register" "UPDATE finds SET decision = CASE own WHEN 1 THEN 1 ELSE 3 END, ground = 'of Bert'; UPDATE case_file SET state = 4"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
[ "$(jq -r 'select(.plan) | "\(.erase) \(.missing) \(.keep)"' "$scratch/plan")" = "12 0 0" ] || fail "$(cat "$scratch/plan")"

promise "she is gone, with the words before her edit; who answered her, and what he was let in by, stays"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(jq -r 'select(.plan) | .state' "$scratch/done")" = "done" ] || fail "$(cat "$scratch/done")"
dump >"$scratch/after"
! grep -E 'w_anna|planted|Anna|annatoken|gl-0011|4930111222' "$scratch/after" || fail "something of her is left"
# of the others' rows only those that pointed to her are changed, and their chat has fewer messages
comm -13 "$scratch/before" "$scratch/after" >"$scratch/changed"
[ "$(wc -l <"$scratch/changed")" = 3 ] || fail "$(cat "$scratch/changed")"
has "$scratch/changed" "'Bert', NULL, NULL, 'VIEWER'"
has "$scratch/changed" "'I agree', NULL, NULL"
grep -q "INTO public.chat VALUES.*, 101);" "$scratch/changed" || fail "$(cat "$scratch/changed")"
[ "$(ask "select count(*) from chat_message_history") $(ask "select count(*) from poll") $(ask "select count(*) from pres_annotation")" = "0 0 1" ]

promise "searched again, nothing is found"
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || true
second=$(case_new 15)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
for i in "external-id gl-0011" "user w_annaaaaaaaa1" "session annatoken1234567"; do echo "${i#* }" | dsar subject "$second" add "${i% *}"; done
dsar --json search "$second" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log")"
[ -z "$(jq -r 'select(.answer == "found") | .store' "$scratch/found")" ] || fail "$(cat "$scratch/found")"
