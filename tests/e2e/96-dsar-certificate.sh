#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What was erased is told to the person and certified, recipients are told, and the year is told of to auditors.
. "$(dirname "$0")/lib.sh"
need gpg
need sqlite3
need jq
need pdftotext
. "$root/tests/e2e/retention.sh"
. "$root/tests/e2e/dsar.sh"

log=$scratch/web.log
cat >"$scratch/stores.d/t.conf" <<-END
	format "t" { type = "pattern" pattern = '(?<time>\S+) (?<text>.*)' time = "time" }
	store "web" { type = "textlog" paths = "$log" format = "t" category = "account" period = "365d" }
END
approvers_make
cat >>"$conf" <<-END
	controller = "Beispiel e. V."
	recipient "Beispiel Telefon GmbH" { stores = { "web" } country = "DE" text "de" { what = "Telefonnummer" } }
END
node_make
t=$(date -u -d -2days +%Y-%m-%dT%H:%M:%SZ)
us=$(($(date -u -d "$t" +%s) * 1000000))
printf '%s anna says one\n%s ben says two\n' "$t" "$t" >"$log"
case=$(case_new 17)
case_ready "$case"
identified "$case" name anna
found "$case" web keep "$log" "$us" < <(grep anna "$log")

promise "there is no letter and no certificate of an erasure that was not carried out"
expect 77 dsar letter "$case" erasure >"$scratch/out" 2>"$scratch/stderr"
has "$scratch/stderr" "nothing was erased in this case yet"
expect 77 dsar certificate "$case" --to "$scratch/c.txt" 2>"$scratch/stderr"
[ ! -e "$scratch/c.txt" ] || fail "a certificate of nothing"

dsar --json erase "$case" --dry-run >"$scratch/plan"
hash=$(plan_of "$scratch/plan")
approve "$case" "$hash"
dsar erase "$case" --confirm "$hash" >"$scratch/out"

promise "the letter says what was erased, what not and why, and until when backups may hold it"
dsar letter "$case" erasure >"$scratch/letter"
has "$scratch/letter" "web: 1 Eintrag"
has "$scratch/letter" "Sicherungskopien"
has "$scratch/letter" "Beispiel Telefon GmbH"
has "$scratch/letter" "Art. 77 DSGVO"

promise "the certificate is signed by the node, with the head of the ledger that has the steps; gpg checks it"
dsar certificate "$case" --to "$scratch/c.txt"
has "$scratch/c.txt" "Nachweis über die Löschung"
has_not "$scratch/c.txt" anna
mkdir -m 700 "$scratch/check"
run export-key >"$scratch/node.asc" 2>/dev/null || gpg --homedir "$scratch/state/node" --armor --export >"$scratch/node.asc"
gpg --homedir "$scratch/check" -q --import "$scratch/node.asc" 2>/dev/null
gpg --homedir "$scratch/check" --verify "$scratch/c.txt.asc" "$scratch/c.txt" 2>"$scratch/verify"
has "$scratch/verify" "Good signature"
sed 's/web: 1/web: 2/' "$scratch/c.txt" >"$scratch/forged.txt"
expect 1 gpg --homedir "$scratch/check" --verify "$scratch/c.txt.asc" "$scratch/forged.txt" 2>"$scratch/verify"
gpgconf --homedir "$scratch/check" --kill all 2>/dev/null || true
[ "$(sqlite3 "$register_dir/ledger.db" "SELECT count(*) FROM entry WHERE lower(hex(hash)) = '$(sed -n 's/^SHA-256 //p' "$scratch/c.txt")'
	OR hash = '$(sed -n 's/^SHA-256 //p' "$scratch/c.txt")'")" = 1 ] || fail "no such entry"

promise "the case is not closed before the recipients were told"
dsar letter "$case" erasure --form pdf --to "$scratch/letter.pdf"
dsar answer "$case" "$scratch/letter.pdf"
expect 77 dsar case close "$case" 2>"$scratch/stderr"
has "$scratch/stderr" "the recipients of the data were not told"
expect 1 dsar notify "$case" >"$scratch/out"
dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --sent
dsar case close "$case"

promise "the year in figures, in each form, with nothing of a person"
dsar --json report >"$scratch/report"
[ "$(jq -r 'select(.article == 17) | [.received, .answered, .in_time, .late] | join(" ")' "$scratch/report")" = "1 1 1 0" ] ||
	fail "$(cat "$scratch/report")"
[ "$(jq -r 'select(.refused_for == "notified") | .times' "$scratch/report")" -ge 1 ] || fail "$(cat "$scratch/report")"
dsar report >"$scratch/report.txt"
has "$scratch/report.txt" "erasure (17)"
dsar --lang de report --html >"$scratch/report.html"
has "$scratch/report.html" "Löschung (17)"
has "$scratch/report.html" "<svg"
dsar --lang de report --pdf >"$scratch/report.pdf"
pdftotext "$scratch/report.pdf" "$scratch/report.pdf.txt"
has "$scratch/report.pdf.txt" "Löschung (17)"
has "$scratch/report.pdf.txt" "eingegangen, nach Monaten"
for form in report report.txt report.html report.pdf.txt; do has_not "$scratch/$form" anna; done
expect 64 dsar report --year 26 2>"$scratch/stderr"
