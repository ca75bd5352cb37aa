#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Greenlight's uploads, as Active Storage keeps them: what a deleted account or room leaves goes, rows and files, what is in use stays.
. "$(dirname "$0")/lib.sh"
need gpg
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
storage=$scratch/storage
export PGSERVICEFILE=$scratch/pg_service.conf
mkdir "$storage"
sed "s|/root/greenlight-v3/data/greenlight-v3/storage|$storage|" "$root/conf/stores.d/greenlight.conf" >"$scratch/stores.d/greenlight.conf"
# one run of these stores: 0, or 1 where there is something to look at
age() {
	local store
	for store in greenlight-attachments greenlight-blobs greenlight-uploads; do
		run run --store "$store" >"$scratch/out" 2>"$scratch/$store.err" || [ $? -eq 1 ] || fail "$store: $(cat "$scratch/$store.err")"
	done
}

postgres_begin 'fsync = off'
db -c 'create database greenlight' -c 'create role retention login' postgres
db -f "$root/tests/data/greenlight.sql" greenlight
db -c 'grant select, update, delete on all tables in schema public to retention' greenlight
printf '[greenlight]\nhost=%s\ndbname=greenlight\nuser=retention\n' "$scratch/pg" >"$PGSERVICEFILE"
is() { # WANTED QUERY
	local got
	got=$(db -c "$2" greenlight)
	[ "$got" = "$1" ] || fail "$2: $got instead of $1"
}

# An upload as Rails makes it: the blob's row, what it is attached to, and the file below storage/ab/cd/.
file_of() { printf '%s/%s/%s/%s\n' "$storage" "${1:0:2}" "${1:2:2}" "$1"; }
put_file() { # KEY
	mkdir -p "$(dirname "$(file_of "$1")")"
	printf 'upload %s of Anna Example' "$1" >"$(file_of "$1")"
	touch -d '-30 days' "$(file_of "$1")"
}
upload() { # KEY TYPE NAME RECORD [SERVICE]
	db greenlight <<-END
		with b as (insert into active_storage_blobs (key, filename, content_type, service_name, byte_size, created_at)
		  values ('$1', 'Anna Example $1.pdf', 'application/pdf', '${5:-local}', 20, now() at time zone 'utc' - interval '30 days') returning id)
		insert into active_storage_attachments (name, record_type, record_id, blob_id, created_at)
		  select '$3', '$2', '$4', id, now() at time zone 'utc' - interval '30 days' from b;
	END
	put_file "$1"
}
key() { printf '%028d\n' "$1" | tr 0-9 a-j; }
there() { for k; do [ -e "$(file_of "$k")" ] || fail "$k is gone"; done; }
gone() { for k; do [ ! -e "$(file_of "$k")" ] || fail "$k is still there"; done; }

anna=$(db -c "select id from users order by email limit 1" greenlight)
room=$(db -c "select id from rooms where user_id = '$anna'" greenlight)
nobody=00000000-0000-4000-8000-000000000001
avatar=$(key 1) pres=$(key 2) old_avatar=$(key 3) old_pres=$(key 4) thumb=$(key 5) old_thumb=$(key 6) purged=$(key 7) stray=$(key 8) cloud=$(key 9) brand=$(key 10)
upload "$avatar" User avatar "$anna"
upload "$pres" Room presentation "$room"
upload "$old_avatar" User avatar "$nobody"
upload "$old_pres" Room presentation "$nobody"
for pair in "$pres $thumb" "$old_pres $old_thumb"; do # the small picture of a presentation's first page
	variant=$(db -c "insert into active_storage_variant_records (blob_id, variation_digest)
		select id, 'x' from active_storage_blobs where key = '${pair% *}' returning id" greenlight)
	upload "${pair#* }" ActiveStorage::VariantRecord image "$variant"
done
upload "$purged" User avatar "$nobody" # the row of its attachment went with the account, the job for the rest died
db -c "delete from active_storage_attachments where blob_id = (select id from active_storage_blobs where key = '$purged')" greenlight
put_file "$stray" # … and here the job had come as far as the blob's row
upload "$cloud" User avatar "$nobody" amazon
upload "$brand" SiteSetting image "$(db -c "with s as (insert into settings (name, created_at, updated_at) values ('BrandingImage', now(), now()) returning id)
	insert into site_settings (setting_id, value, provider, created_at, updated_at) select id, '', 'greenlight', now(), now() from s returning id" greenlight)"
run init >/dev/null

promise "a hold by the name of the file keeps what is left of it"
hold=$(echo "Anna Example $old_avatar" | run hold add --incident T-1 --reason abuse --owner ops --expires +30d --store greenlight-blobs --from -)
age
gone "$stray" "$purged"
for _ in 1 2 3; do age; done # variants hang on blobs that hang on attachments: a step each run
there "$old_avatar"
run hold release "$hold"
age
gone "$old_avatar"

promise "what a deleted account and room have left goes: attachments, blobs, the pictures made of them, files"
gone "$old_pres" "$old_thumb"
is 0 "select count(*) from active_storage_blobs where key in ('$old_avatar', '$old_pres', '$old_thumb', '$purged')"
is 0 "select count(*) from active_storage_attachments where record_id = '$nobody'"

promise "what is in use stays, and so does what lies elsewhere"
there "$avatar" "$pres" "$thumb" "$brand"
is 4 "select count(*) from active_storage_attachments"
is "$cloud" "select key from active_storage_blobs where service_name = 'amazon'"

promise "an account that is deleted now: its uploads go without Greenlight's help"
db -c "begin" -c "delete from shared_accesses where user_id = '$anna' or room_id = '$room'" -c "delete from formats where recording_id in (select id from recordings where room_id = '$room')" \
	-c "delete from recordings where room_id = '$room'" -c "delete from room_meeting_options where room_id = '$room'" \
	-c "delete from rooms where id = '$room'" -c "delete from users where id = '$anna'" -c "commit" greenlight
for _ in 1 2 3; do age; done
gone "$avatar" "$pres" "$thumb"
there "$brand"

promise "a database that has lost its rows, or is not there, takes no file along"
put_file "$stray"
db -c "set client_min_messages = warning" -c "truncate active_storage_blobs cascade" greenlight
expect 1 run run --store greenlight-uploads >/dev/null 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "no row at all"
there "$brand" "$stray"
(cd / && as_owner "$bin/pg_ctl" -s -D "$scratch/pg/data" stop -m fast)
expect 69 run run --store greenlight-uploads >/dev/null 2>"$scratch/stderr.log"
there "$brand" "$stray"
: >"$PGSERVICEFILE"
run run --store greenlight-uploads >/dev/null 2>"$scratch/stderr.log"
[ ! -s "$scratch/stderr.log" ] || fail "it speaks: $(cat "$scratch/stderr.log")"
there "$brand" "$stray"
