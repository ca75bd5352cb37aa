#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A database that nobody here has designed is mapped as sparsam-own-database(7) says: who paid for her is not gathered, and
# what is of others, too, goes to review.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/postgres.sh"
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
at_end() { agents_end && postgres_end; }
export PGSERVICEFILE=$scratch/pg_service.conf
hide_shipped_stores
# the page's own text, to the letter
sed -n '/^# Her address leads/,/^\.Ed/p' "$root/man/sparsam-own-database.7" | sed '$d' >"$scratch/stores.d/pagila.conf"
sed -n '/^duty "books"/,$p' "$scratch/stores.d/pagila.conf" >>"$conf"
sed -i '/^# Books are kept/,$d' "$scratch/stores.d/pagila.conf"
approvers_make
node_make

postgres_begin 'fsync = off'
db -c 'create database pagila' -c 'create role retention login' postgres
db -f "$root/tests/data/pagila.sql" pagila
db -c 'grant select, update, delete on all tables in schema public to retention' pagila
sed -n '/^\[pagila\]/,/^user=/p' "$root/man/sparsam-own-database.7" | sed "s|^host=.*|host=$scratch/pg|" >"$PGSERVICEFILE"
finds() { sqlite3 "$register" "SELECT group_concat(w, ' ') FROM (SELECT store || ':' || own || ':' || count(*) AS w FROM finds WHERE number = '$1' GROUP BY store, own ORDER BY store, own DESC)"; }
search() { # ADDRESS : $case
	case=$(case_new "$2")
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
	echo "$1" | dsar subject "$case" add email
	dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log" "$scratch/found")"
}

promise "her address, in any case, leads to her rentals and payments; a friend's payment for her goes to review"
search anna.muster@EXAMPLE.org 15
[ "$(finds "$case")" = "pagila-addresses:1:1 pagila-customers:1:1 pagila-payments:1:1 pagila-payments:0:1 pagila-rentals:1:2" ] || fail "$(finds "$case")"

promise "of the friend, of who lives with her, and of the clerk nothing is gathered; the friend's number waits for the officer's word"
dsar --json subject "$case" list >"$scratch/list"
[ "$(jq -r 'select(.own | not) | "\(.kind) \(.value)"' "$scratch/list")" = "customer 2" ] || fail "$(cat "$scratch/list")"
for name in BERT BEISPIEL CARL Mike 'Bert Street' bert@; do
	[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE CAST(text AS TEXT) LIKE '%$name%'")" = 0 ] || fail "$name was gathered"
done

promise "a number is looked for in the columns of its kind, and nowhere else"
[ "$(sqlite3 "$register" "SELECT count(*) FROM finds WHERE store = 'pagila-rentals' AND CAST(text AS TEXT) NOT LIKE '%customer_id=1%'")" = 0 ]

promise "whoever has left is erased, payments first; at whose address another customer lives, it stays"
search carl@example.org 17
[ "$(finds "$case")" = "pagila-addresses:1:1 pagila-customers:1:1 pagila-payments:1:1 pagila-rentals:1:1" ] || fail "$(finds "$case")"
sqlite3 "$register" "UPDATE finds SET decision = CASE store WHEN 'pagila-addresses' THEN 3 ELSE 1 END, ground = 'hers, too' WHERE number = '$case'; UPDATE case_file SET state = 4 WHERE number = '$case'"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
[ "$(jq -r 'select(.find) | "\(.store) \(.fate)"' "$scratch/plan" | tr '\n' ,)" = "pagila-payments erase,pagila-rentals erase,pagila-customers erase,pagila-addresses exclude," ] || fail "$(cat "$scratch/plan")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(db -c "select (select count(*) from customer), (select count(*) from rental), (select count(*) from payment), (select count(*) from address)" pagila)" = "2|3|3|4" ]
[ "$(db -c "select count(*) from customer where email = 'carl@example.org'" pagila)" = 0 ]

promise "what the books need is kept, under which paragraph and until when; so is what another's case still waits for"
anna=$(date +%Y)-0001
search bert@example.org 17
sqlite3 "$register" "UPDATE finds SET decision = 1 WHERE number = '$case'; UPDATE case_file SET state = 4 WHERE number = '$case'"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
jq -r 'select(.store == "pagila-payments") | "\(.fate) \(.ground) \(.until // "-" | .[0:4])"' "$scratch/plan" >"$scratch/kept"
same "$scratch/kept" - <<-END
	keep hold 1 ($anna); Section 147 AO (books) -
	keep Section 147 AO (books) 2035
END

promise "rows of a table that inherits from hers are found and erased with it, and those of others stay"
db -c 'create table rental_before () inherits (rental); grant select, update, delete on rental_before to retention' pagila
db -c "insert into rental_before select (r).* from (select (jsonb_populate_record(null::rental, to_jsonb(r) || jsonb_build_object('rental_id', r.rental_id + 1000, 'customer_id', c))) as r from rental r, (values (77), (78)) v(c) where r.rental_id = (select min(rental_id) from rental)) x" pagila
db -c "insert into customer select (c).* from (select (jsonb_populate_record(null::customer, to_jsonb(c) || '{\"customer_id\": 77, \"email\": \"dora@example.org\", \"address_id\": 4}')) as c from customer c where customer_id = 1) x" pagila
search dora@example.org 17
[ "$(finds "$case" | tr ' ' '\n' | grep rentals)" = "pagila-rentals:1:1" ] || fail "$(finds "$case")"
sqlite3 "$register" "UPDATE finds SET decision = CASE store WHEN 'pagila-addresses' THEN 3 ELSE 1 END, ground = 'hers, too' WHERE number = '$case'; UPDATE case_file SET state = 4 WHERE number = '$case'"
dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
approve "$case" "$(plan_of "$scratch/plan")"
dsar --json erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log" || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(db -c "select tableoid::regclass, customer_id from rental where customer_id > 70" -c "select count(*) from customer where customer_id = 77" pagila | tr '\n' ,)" = "rental_before|78,0," ] ||
	fail "$(db -c 'select tableoid::regclass, * from rental' pagila)"

promise "rows that a policy hides are not said to be none"
db -c 'alter table customer enable row level security' pagila
expect 69 dsar search "$case" >"$scratch/found" 2>"$scratch/search.log"
has "$scratch/found" 'no right to read or delete in the table'
