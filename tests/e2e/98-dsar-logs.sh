#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What others say of her in logs, and what stands of others in hers: PostgreSQL quotes her address in an error that a real server
# wrote, Greenlight's mail jobs hold the addresses of whoever else was invited.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
at_end() { agents_end && postgres_end; }
hide_shipped_stores
mkdir "$scratch/log" "$scratch/gl"
sed "s|/var/log/postgresql|$scratch/log|" "$root/conf/stores.d/postgresql.conf" >"$scratch/stores.d/postgresql.conf"
sed '/^# What Greenlight 3 keeps/,$d; s|^  journal .*|  paths    = { "'"$scratch"'/gl/greenlight*" }|' "$root/conf/stores.d/greenlight.conf" >"$scratch/stores.d/greenlight.conf"
approvers_make
node_make

# --- PostgreSQL's own words ---
postgres_begin 'fsync = off' "log_line_prefix = '%m [%p] %q%u@%d '" 'log_min_duration_statement = -1'
db() { psql -XqAt -h "$scratch/pg" -U postgres "$@"; }
db -c 'create database greenlight' postgres
db -v ON_ERROR_STOP=1 -f "$root/tests/data/greenlight.sql" greenlight
again() { db -c "insert into users (name, email, provider, language, created_at, updated_at) values ('$1', '$2', 'greenlight', 'en', now(), now())" greenlight 2>/dev/null || true; }
again 'Planted Twice' planted0011@example.org
again 'Somebody Else' planted0012@example.org
cp "$scratch/pg/server" "$scratch/log/postgresql-15-main.log"
has "$scratch/log/postgresql-15-main.log" 'Key (email, provider)=(planted0011@example.org, greenlight) already exists.'

# --- Greenlight's mail jobs (lib: rails activejob log_subscriber.rb; app/mailers/user_mailer.rb) ---
stamp() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.123456; }
job() { # WHEN ADDRESS NAME
	printf 'I, [%s #1]  INFO -- : [0b6f3d0e-7a1c-4d7e-9d55-0c9a5c1f7a10] [ActiveJob] Enqueued ActionMailer::MailDeliveryJob (Job ID: 5f0a3c1e-2b6d-4a8e-9c1f-7d2e3b4a5c6d) to Async(greenlight_v3_production_mailing) with arguments: "UserMailer", "invitation_email", "deliver_now", {:params=>{:email=>"%s", :name=>"%s", :signup_url=>"https://host.example/?inviteToken=abc", :provider=>"greenlight"}, :args=>[]}\n' "$(stamp "$1")" "$2" "$3"
}
{
	job '3 hours ago' stranger@example.net 'Planted 0011'
	job '2 hours ago' planted0011@example.org 'Inviting Admin'
	job '1 hour ago' other@example.net 'Inviting Admin'
	printf 'E, [%s #1] ERROR -- : [0b6f3d0e-7a1c-4d7e-9d55-0c9a5c1f7a10] Failed to send invitations to planted0011@example.org,stranger@example.net - Net::ReadTimeout\n' "$(stamp '30 min ago')"
} >"$scratch/gl/greenlight.log"

# --- mail to the service ---
sed "s|/var/vmail/\*/contact/Maildir|$scratch/vmail|g; s|/home/contact/Maildir|$scratch/none|g" "$root/conf/stores.d/contact-mail.conf" >"$scratch/stores.d/contact-mail.conf"
mkdir -p "$scratch"/vmail/{cur,new,tmp}
mail() { printf 'From: %s\nTo: %s\nSubject: A question\nDate: Thu, 26 Nov 2026 10:00:00 +0000\n\n%s\n' "$2" "$3" "$4" >"$scratch/vmail/cur/$1.host:2,S"; }
mail 1795687200.1 'Planted Person <planted0011@example.org>' contact@service.example 'Where is my recording?'
mail 1795687200.2 planted0011@example.org contact@service.example 'Again.'
mail 1795687200.3 'Joe <x.planted0011@example.org>' contact@service.example 'Not she.'
mail 1795687200.4 'Bert <bert@example.net>' contact@service.example 'Ask planted0011@example.org about it.'

case=$(case_new 15)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo Planted0011@example.org | dsar subject "$case" add email
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/found" "$scratch/search.log")"
texts() { sqlite3 "$register" "SELECT CAST(text AS TEXT) FROM finds WHERE store = '$1' ORDER BY id"; }

promise "PostgreSQL's error is one find with its DETAIL and its STATEMENT, and the other person's error is none"
texts postgresql >"$scratch/pg.texts"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE store = 'postgresql'")" = 1 ] || fail "$(cat "$scratch/pg.texts")"
for part in 'duplicate key value' 'Key (email, provider)=(planted0011@example.org' "values ('Planted Twice', 'planted0011@example.org'"; do has "$scratch/pg.texts" "$part"; done
has_not "$scratch/pg.texts" planted0012

promise "lines of mail jobs are found where her address stands; none is given without being looked at"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE store = 'greenlight'")" = 2 ] || fail "$(texts greenlight)"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE own AND store <> 'contact-mail'")" = 0 ]
expect 77 dsar export "$case" --to "$scratch/answer.zip" 2>"$scratch/stderr"
expect 1 dsar review "$case" --rule own >"$scratch/out" 2>"$scratch/stderr"

promise "what she wrote is hers, what others wrote of her goes to review, and who has a like address is somebody else"
sqlite3 "$register" "SELECT own || ' ' || CAST(text AS TEXT) FROM finds WHERE store = 'contact-mail' ORDER BY id" >"$scratch/mails"
[ "$(grep -c '^1 ' "$scratch/mails") $(grep -c '^0 ' "$scratch/mails")" = "2 1" ] || fail "$(cat "$scratch/mails")"
has_not "$scratch/mails" Joe

promise "the stranger's address is proposed for blackening, hers is not; in the answer he is nowhere"
mapfile -t ids < <(sqlite3 "$register" "SELECT id FROM finds WHERE store = 'greenlight' ORDER BY time_us")
dsar review "$case" --show "${ids[1]}" >"$scratch/shown"
has "$scratch/shown" 'planted0011@example.org,[stranger@example.net]'
for id in $(sqlite3 "$register" "SELECT id FROM finds"); do dsar review "$case" --blacken "$id" >"$scratch/out" 2>"$scratch/stderr" || true; done
dsar export "$case" --to "$scratch/answer.zip" >"$scratch/out" 2>"$scratch/export.log" || fail "$(cat "$scratch/export.log")"
python3 -m zipfile -e "$scratch/answer.zip" "$scratch/answer"
grep -raqF planted0011@example.org "$scratch/answer" || fail "the answer is without her"
! grep -raF stranger "$scratch/answer" || fail "the stranger is in the answer"
