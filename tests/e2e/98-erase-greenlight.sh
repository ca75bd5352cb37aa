#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One of three hundred people with Greenlight's real tables is found, erased, and stays so when a backup is restored; the others keep every byte.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
. "$root/tests/e2e/greenlight.sh"
storage=$scratch/storage
mkdir "$storage"
greenlight_begin
anna=$(ask "select id from users where email = 'planted0011@example.org'")
room=$(ask "select id from rooms where user_id = '$anna'")
meeting=$(ask "select meeting_id from rooms where id = '$room'")
key=abcdefghijklmnopqrstuvwxyz01 thumb=bacdefghijklmnopqrstuvwxyz02
file_of() { printf '%s/%s/%s/%s\n' "$storage" "${1:0:2}" "${1:2:2}" "$1"; }
put() { mkdir -p "$(dirname "$(file_of "$1")")" && echo "Anna" >"$(file_of "$1")"; }
upload() { # KEY TYPE NAME RECORD [WHO]
	ask "with b as (insert into active_storage_blobs (key, filename, service_name, byte_size, created_at)
	  values ('$1', 'Planted ' || '${5:-0011}' || '.pdf', 'local', 20, now() at time zone 'utc' - interval '1 day') returning id)
	  insert into active_storage_attachments (name, record_type, record_id, blob_id, created_at)
	  select '$3', '$2', '$4', id, now() at time zone 'utc' - interval '1 day' from b"
	put "$1"
}
upload "$key" Room presentation "$room"
variant=$(ask "insert into active_storage_variant_records (blob_id, variation_digest) select id, 'x' from active_storage_blobs where key = '$key' returning id")
upload "$thumb" ActiveStorage::VariantRecord image "$variant"
upload cdcdefghijklmnopqrstuvwxyz03 User avatar "$(ask "select id from users where email = 'planted0012@example.org'")" 0012
mid=$(printf %s "$meeting" | sha1sum | cut -c1-40)-1700000000000
raw=$scratch/var/bigbluebutton/recording/raw/$mid
mkdir -p "$raw/video" "$scratch/var/bigbluebutton/published/presentation/$mid" "$scratch/var/bigbluebutton/recording/raw/$(printf %040d 7)-1700000000001"
printf '<recording meeting_id="%s"><event timestamp="1" module="PARTICIPANT" eventname="ParticipantJoinEvent"><name>Planted 0011</name><externalUserId>gl-%s</externalUserId><userId>w_abcdefghijkl</userId></event></recording>\n' "$mid" "$anna" >"$raw/events.xml"
printf '<recording><id>%s</id><meta><meetingId>%s</meetingId></meta></recording>\n' "$mid" "$meeting" >"$scratch/var/bigbluebutton/published/presentation/$mid/metadata.xml"
# A presentation that lies at S3, an orphan that is named after her, an invitation that has no key to her account, and one of a stranger's.
ask "with b as (insert into active_storage_blobs (key, filename, service_name, byte_size, created_at)
  values ('s3key0000000000000000000001', 'slides.pdf', 'amazon', 20, now() at time zone 'utc') returning id)
  insert into active_storage_attachments (name, record_type, record_id, blob_id, created_at) select 'avatar', 'User', '$anna', id, now() at time zone 'utc' from b"
orphan=ocdefghijklmnopqrstuvwxyz04
ask "insert into active_storage_blobs (key, filename, service_name, byte_size, created_at) values ('$orphan', 'CV of Planted 0011.pdf', 'local', 20, now() at time zone 'utc')"
put "$orphan"
ask "insert into invitations (email, provider, token, created_at, updated_at) values ('Planted0011@example.org', 'other', 'tok-planted0011', now(), now()), ('stranger@example.net', 'other', 'tok-stranger', now(), now())"
# What Greenlight's sync does: it takes all rows of recordings away and asks BigBlueButton what there is (app/services/recordings_sync.rb,
# lib/tasks/server_recordings_sync.rake at ad747c1e1, app/services/recording_creator.rb).
sync() {
	local m id external
	for m in "$scratch"/var/bigbluebutton/published/*/*/metadata.xml; do
		[ -e "$m" ] || continue
		id=$(sed -n 's|.*<id>\(.*\)</id>.*|\1|p' "$m") external=$(sed -n 's|.*<meetingId>\(.*\)</meetingId>.*|\1|p' "$m")
		ask "delete from formats where recording_id in (select id from recordings where record_id = '$id'); delete from recordings where record_id = '$id';
		  insert into recordings (room_id, name, record_id, created_at, updated_at, visibility, length, participants)
		  select id, name, '$id', now(), now(), 'Published', 1, 1 from rooms where meeting_id = '$external';
		  insert into formats (recording_id, recording_type, url, created_at, updated_at)
		  select id, 'presentation', 'https://host.example/playback/$id', now(), now() from recordings where record_id = '$id'"
	done
}
ask "delete from formats where recording_id in (select id from recordings where room_id = '$room'); delete from recordings where room_id = '$room'"
sync
[ "$(ask "select count(*) from recordings where room_id = '$room' and record_id = '$mid'")" = 1 ] || fail "the stub of the sync brings nothing back"
pg_dump -h "$scratch/pg" -U postgres -Fc greenlight >"$scratch/yesterday.dump"
dump >"$scratch/before"

promise "she is found from her address to the files of her room's presentation and her recordings"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo planted0011@example.org | dsar subject "$case" add email
echo 'Planted 0011' | dsar subject "$case" add name
dsar --json search "$case" >"$scratch/found"
waiting=$(dsar --json subject "$case" list | jq -r "select(.value == \"$orphan\" and (.own | not)) | .id")
[ -n "$waiting" ] || fail "the orphan's file does not wait for the officer: $(dsar subject "$case" list)"
dsar subject "$case" confirm "$waiting"
dsar --json search "$case" >"$scratch/found"
for store in users rooms recordings formats room-options files file-rows variants uploads; do
	has "$scratch/found" "\"store\":\"greenlight-$store\",\"answer\":\"found\""
done
for store in invitations files-elsewhere; do has "$scratch/found" "\"store\":\"greenlight-$store\",\"answer\":\"found\",\"found\":1"; done
has "$scratch/found" '"store":"bbb-meetings","answer":"found"'


sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log"
[ "$(jq -r 'select(.plan) | "\(.missing) \(.keep)"' "$scratch/plan")" = "0 1" ] || fail "$(cat "$scratch/plan")"
jq -r 'select(.fate == "keep") | "\(.store) \(.ground)"' "$scratch/plan" | grep 'greenlight-files-elsewhere the file lies at another processor' >/dev/null || fail "$(cat "$scratch/plan")"
order=$(jq -r 'select(.find) | .store' "$scratch/plan" | uniq | tr '\n' ' ')
[[ $order == *bbb-meetings*greenlight-formats*greenlight-recordings*greenlight-rooms*greenlight-files*greenlight-file-rows*greenlight-uploads*greenlight-users* ]] || fail "$order"

promise "she is erased, rows and files; all others keep every byte"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(jq -r 'select(.plan) | .state' "$scratch/done")" = "done" ] || fail "$(cat "$scratch/done")"
dump >"$scratch/after"
[ -z "$(comm -13 "$scratch/before" "$scratch/after")" ] || fail "rows were changed: $(comm -13 "$scratch/before" "$scratch/after" | head -n 3)"
comm -23 "$scratch/before" "$scratch/after" >"$scratch/erased"
! grep -qE "planted0011|Planted 0011|$anna|$room" "$scratch/after" || fail "$(grep -E "planted0011|$anna|$room" "$scratch/after")"
[ "$(sed 's/INSERT INTO public.\([a-z_]*\).*/\1/' "$scratch/erased" | sort | uniq -c | tr -s ' \n' ' ')" = " 3 active_storage_attachments 3 active_storage_blobs 1 active_storage_variant_records 1 formats 1 invitations 1 recordings 1 room_meeting_options 1 rooms 1 users " ] ||
	fail "$(sed 's/INSERT INTO public.\([a-z_]*\).*/\1/' "$scratch/erased" | sort | uniq -c)"
for k in "$key" "$thumb"; do [ ! -e "$(file_of "$k")" ] || fail "the file behind the blob is there"; done
[ ! -e "$(file_of "$orphan")" ] || fail "the orphan is there"
[ "$(ask "select count(*) from active_storage_blobs where key = 's3key0000000000000000000001'")" = 1 ] || fail "nothing leads to the file at S3 any more"
sync
dump | cmp -s "$scratch/after" - || fail "the sync has brought something back"
[ -e "$(file_of cdcdefghijklmnopqrstuvwxyz03)" ] || fail "another one's file is gone"
[ -z "$(find "$scratch/var" -name "$mid")" ] || fail "$(find "$scratch/var")"
[ "$(find "$scratch/var/bigbluebutton/recording/raw" -mindepth 1 | wc -l)" = 1 ]

promise "a dump of yesterday is restored: she is erased again, the others are what they were"
db -c 'drop database greenlight' -c 'create database greenlight' postgres
pg_restore -h "$scratch/pg" -U postgres -d greenlight "$scratch/yesterday.dump"
db -c "update users set last_login = now() at time zone 'utc' - interval '9 days' where id = '$anna'" greenlight # as another backup would have it
dsar reapply >"$scratch/out" 2>"$scratch/reapply.log" || fail "$(cat "$scratch/reapply.log")"
dump >"$scratch/again"
cmp -s "$scratch/after" "$scratch/again" || fail "$(diff "$scratch/after" "$scratch/again" | head -n 5)"
