#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Keycloak's tables: no foreign key deletes along, sessions and events have none, and an administrator's event keeps the account as it was.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
at_end() { agents_end && postgres_end; }
export PGSERVICEFILE=$scratch/pg_service.conf
hide_shipped_stores
cp "$root/conf/stores.d/greenlight.conf" "$root/conf/stores.d/bbb-files.conf" "$scratch/stores.d/"
sed -i "s|/root/greenlight-v3|$scratch/none|" "$scratch/stores.d/greenlight.conf"
sed -i "s|/var/|$scratch/none/|g; s|/usr/share/red5|$scratch/none|g" "$scratch/stores.d/bbb-files.conf"
approvers_make
node_make
postgres_begin 'fsync = off'
db -c 'create database keycloakdb' postgres
db -f "$root/tests/data/keycloak.sql" keycloakdb
printf '[keycloak]\nhost=%s\ndbname=keycloakdb\nuser=postgres\n' "$scratch/pg" >"$PGSERVICEFILE"
dump() { pg_dump -h "$scratch/pg" -U postgres --data-only --inserts keycloakdb | grep '^INSERT' | sort; }
person() { # ID NAME
	db keycloakdb <<-END
		insert into user_entity (id, email, email_constraint, realm_id, username, first_name, created_timestamp) values ('$1', '$2@example.org', '$2@example.org', 'r', '$2', '$2', 1795000000000);
		insert into user_attribute (id, name, value, user_id) values ('at-$2', 'phone', '+49 30 111 $2', '$1');
		insert into credential (id, type, user_id, created_date, secret_data) values ('cr-$2', 'password', '$1', 1795000000000, '{"value":"hash-$2"}');
		insert into user_required_action values ('$1', 'VERIFY_EMAIL');
		insert into user_role_mapping values ('role', '$1');
		insert into user_group_membership values ('group', '$1', 'UNMANAGED');
		insert into federated_identity (identity_provider, realm_id, federated_user_id, federated_username, user_id) values ('uni', 'r', 'x-$2', '$2', '$1');
		insert into user_consent (id, client_id, user_id, created_date) values ('co-$2', 'greenlight', '$1', 1795000000000);
		insert into user_consent_client_scope values ('co-$2', 'profile');
		insert into event_entity (id, ip_address, event_time, type, user_id, details_json) values ('ev-$2', '203.0.113.7', 1795000000000, 'LOGIN', '$1', '{"username":"$2"}');
		insert into offline_user_session (user_session_id, user_id, realm_id, created_on, offline_flag) values ('se-$2', '$1', 'r', 1795000000, '1');
	END
}
person 11111111-1111-4111-8111-111111111111 anna
person 22222222-2222-4222-8222-222222222222 bert
db -c "insert into admin_event_entity (id, admin_event_time, auth_user_id, resource_path, representation) values ('ad-1', 1795000000000, '22222222-2222-4222-8222-222222222222',
  'users/11111111-1111-4111-8111-111111111111', '{\"firstName\":\"anna\",\"email\":\"anna@example.org\"}')" keycloakdb
dump >"$scratch/before"

promise "from her address to all that is Keycloak's of her; secrets and what an administrator did go to review"
case=$(case_new 17)
sqlite3 "$register" "UPDATE case_file SET identity = 2"
echo Anna@example.org | dsar subject "$case" add email
dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log" "$scratch/found")"
finds=$(sqlite3 "$register" "SELECT group_concat(w, ' ') FROM (SELECT substr(store, 10) || ':' || own || ':' || count(*) AS w FROM finds GROUP BY store, own ORDER BY store, own DESC)")
[ "$finds" = "admin-events:0:1 attributes:1:1 consents:1:1 credentials:0:1 events:1:1 identities:1:1 sessions:1:1 users:1:1" ] || fail "$finds"

promise "all of it goes, and nothing of the other account"
sqlite3 "$register" "UPDATE finds SET decision = 1; UPDATE case_file SET state = 4"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
dump >"$scratch/after"
! grep -E 'anna|11111111' "$scratch/after" || fail "something of her is left"
[ -z "$(comm -13 "$scratch/before" "$scratch/after")" ] || fail "rows were changed"
[ "$(wc -l <"$scratch/after")" = 11 ] || fail "$(cat "$scratch/after")"
