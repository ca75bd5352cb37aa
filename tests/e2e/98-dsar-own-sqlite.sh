#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A file of SQLite that nobody here has designed is mapped as sparsam-own-database(7) says: keys that no cascade follows, somebody whom
# others' rows mention, a name over two columns; and what is misspelt does not pass for "nothing found".
. "$(dirname "$0")/lib.sh"
need gpg
need jq
need sqlite3
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"
at_end() { agents_end; }
hide_shipped_stores
shop=$scratch/chinook.db
sqlite3 "$shop" <"$root/tests/data/chinook.sql"
# the page's own text, but for where the file lies
sed -n '/^# Whom she is looked after by/,/^\.Ed/p' "$root/man/sparsam-own-database.7" | sed "\$d; s|/var/lib/chinook/chinook.db|$shop|" >"$scratch/stores.d/chinook.conf"
[ "$(grep -c '^store' "$scratch/stores.d/chinook.conf")" = 4 ] || fail "$(cat "$scratch/stores.d/chinook.conf")"
approvers_make
node_make
rows() { sqlite3 "$shop" "SELECT (SELECT group_concat(CustomerId || '/' || coalesce(SupportRepId, '-')) FROM Customer), (SELECT group_concat(InvoiceId) FROM Invoice),
	(SELECT group_concat(InvoiceLineId) FROM InvoiceLine), (SELECT group_concat(EmployeeId || '/' || coalesce(ReportsTo, '-')) FROM Employee)"; }
finds() { sqlite3 "$register" "SELECT group_concat(w, ' ') FROM (SELECT store || ':' || own || ':' || count(*) AS w FROM finds WHERE number = '$1' GROUP BY store, own ORDER BY store, own DESC)"; }
search() { # KIND VALUE ARTICLE : $case
	case=$(case_new "$3")
	sqlite3 "$register" "UPDATE case_file SET identity = 2 WHERE number = '$case'"
	echo "$2" | dsar subject "$case" add "$1"
	dsar --json search "$case" >"$scratch/found" 2>"$scratch/search.log" || fail "$(cat "$scratch/search.log" "$scratch/found")"
}
erase() {
	sqlite3 "$register" "UPDATE finds SET decision = CASE own WHEN 1 THEN 1 ELSE 3 END, ground = 'hers, too' WHERE number = '$case'; UPDATE case_file SET state = 4 WHERE number = '$case'"
	dsar --json erase "$case" >"$scratch/plan" 2>"$scratch/plan.log" || fail "$(cat "$scratch/plan.log")"
	approve "$case" "$(plan_of "$scratch/plan")" 2>"$scratch/approve.log"
	dsar --lang en erase "$case" --confirm "$(plan_of "$scratch/plan")" >"$scratch/done" 2>"$scratch/act.log"
}

promise "her address leads to invoices and their lines, whose tables have no word of her; of her clerk nothing is gathered"
search email Anna@EXAMPLE.org 17
[ "$(finds "$case")" = "chinook-customers:1:1 chinook-invoices:1:2 chinook-lines:1:3" ] || fail "$(finds "$case")"

promise "erased is what is hers, and nothing of others"
erase || fail "$(cat "$scratch/act.log" "$scratch/done")"
has "$scratch/done" 'nothing of the person is left'
[ "$(rows)" = "2/2|11|102|1/-,2/1,3/1" ] || fail "$(rows)"

promise "a name over two columns is found, in any order and case, and goes to review"
search name "BEISPIEL bert" 15
[ "$(finds "$case")" = "chinook-customers:0:1" ] || fail "$(finds "$case")"
search name "Anna Beispiel" 15
[ -z "$(finds "$case")" ] || fail "$(finds "$case")"

promise "a field that is no column of this spelling is named with its place, and the search is not complete"
sed 's/field = "Email"/field = "email"/' "$scratch/stores.d/chinook.conf" >"$scratch/right" && mv "$scratch/stores.d/chinook.conf" "$scratch/kept"
mv "$scratch/right" "$scratch/stores.d/chinook.conf"
expect 69 dsar search "$case" >"$scratch/found" 2>"$scratch/search.log"
has "$scratch/search.log" "$scratch/stores.d/chinook.conf:2: store \"chinook-customers\": $shop: email"
mv "$scratch/kept" "$scratch/stores.d/chinook.conf"

promise "whom others' rows mention is not erased without a word, and it is said which word of the declaration is missing"
sed -i 's/ untie = "[^"]*"//' "$scratch/stores.d/chinook.conf"
search email rita@example.com 17
[ "$(finds "$case")" = "chinook-customers:0:1 chinook-employees:1:1" ] || fail "$(finds "$case")"
erase && fail "it is said to be done"
has "$scratch/act.log" "chinook-employees: cannot be erased here: $shop: rows of another table, or of the same, point to them"
has "$scratch/done" 'Of these 1 were to go and stay'
has_not "$scratch/done" 'What came after the search'

promise "with it she goes by a case of its own, and who was mentioned with her stays"
sed -i 's/table = "Employee"/table = "Employee" untie = "Customer.SupportRepId, Employee.ReportsTo"/' "$scratch/stores.d/chinook.conf"
search email rita@example.com 17
erase || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(rows)" = "2/-|11|102|1/-,3/1" ] || fail "$(rows)"
search email edith@example.com 17
erase || fail "$(cat "$scratch/act.log" "$scratch/done")"
[ "$(rows)" = "2/-|11|102|3/-" ] || fail "$(rows)"
[ -z "$(sqlite3 "$shop" 'PRAGMA foreign_key_check')" ]
