#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The policy's table and the register of Art. 30 come from what is declared, whole, in both languages.
. "$(dirname "$0")/lib.sh"
retention=$SPARSAM_BIN/retention
conf=$scratch/sparsam.conf
mkdir "$scratch/log" "$scratch/stores.d"
printf '2026-11-24T00:00:00Z x\n' >"$scratch/log/app.log"
cat >"$conf" <<-END
	state_dir  = "$scratch/state"
	log_dir    = "$scratch/none"
	controller = "Verein Beispiel e. V."
	dpo        = "datenschutz@example.org"
	authority  = "the Land's <authority>"
END
store() { # NAME OPTIONS
	cat <<-END
		store "$1" {
		  type = "textlog" paths = { "$scratch/log/$1.log*" } format = "app" purpose = "test" basis = "none"
		  $2
		}
	END
}
declare_stores() {
	{
		printf '%s\n' "format \"app\" { type = \"pattern\" pattern = '(?<time>\\d{4}-\\S+) (?<text>.*)' time = \"time\" }"
		for category in conference-data account contract contact; do
			store "app-$category" "category = \"$category\" period = \"1d\""
			touch "$scratch/log/app-$category.log"
		done
		store app 'category = "log-and-system-data"'
		echo 'duty "books" { law = "Section 147 AO" categories = { "contract" } years = 10 }'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$scratch/stores.d/app.conf"
}
declare_stores
policy() { "$retention" policy "$@" -c "$conf"; }

promise "every row of the policy is there, also those of which nothing is stored here"
policy --json >"$scratch/policy.json"
for row in log-and-system-data conference-data account contract contact third-party-transfer cookies transport statistics; do
	jq -se --arg row "$row" 'any(.[]; .category == $row and .title != "" and .kept != "")' "$scratch/policy.json" >/dev/null ||
		fail "no row $row"
done

promise "a store has what its row says where it says nothing itself"
jq -se 'any(.[]; .store == "app" and .period_s == 604800 and .start_event == "collection" and
	.deletion_class == "7 days from collection")' "$scratch/policy.json" >/dev/null || fail "$(grep '"app"' "$scratch/policy.json")"

promise "the table and the register, in text, Markdown and as a page, in both languages"
policy >"$scratch/text"
has "$scratch/text" "Art. 6(1)(f) GDPR"
has "$scratch/text" "restricted under: Section 147 AO"
policy --lang de --md >"$scratch/md"
has "$scratch/md" "Art. 6 Abs. 1 lit. f DSGVO"
has "$scratch/md" "Verzeichnis von Verarbeitungstätigkeiten"
has "$scratch/md" "7 Tage ab Erhebung"
[ "$(grep -c '^| ' "$scratch/md")" -eq 20 ] || fail "not two tables of a head and nine rows"
policy --html >"$scratch/html"
has "$scratch/html" "Verein Beispiel e. V."
has "$scratch/html" "the Land's &lt;authority&gt;"
! grep -niE '<script|<link|<img|https?:|url\(' "$scratch/html" || fail "the page asks for something"

promise "a row whose store is not on this machine is a finding"
rm "$scratch/log/app-contract.log"
sed -i 's,app-contract.log,gone/x.log,' "$scratch/stores.d/app.conf"
expect 1 policy >/dev/null 2>"$scratch/findings"
same "$scratch/findings" <(echo "retention: contract: the policy has this row, and no store of it is on this machine")

promise "an absent store that is required is a finding, and one that keeps longer than its row"
declare_stores "$(store longer 'category = "log-and-system-data" period = "8d"')" \
	"$(store needed 'category = "account" required = true' | sed "s,log/needed,gone/needed,; s/required/period = \"1d\" required/")"
touch "$scratch/log/longer.log"
expect 1 policy >/dev/null 2>"$scratch/findings"
has "$scratch/findings" "longer: the store keeps longer than its row of the policy says"
has "$scratch/findings" "needed: store is required and not there"
[ "$(wc -l <"$scratch/findings")" -eq 2 ] || fail "$(cat "$scratch/findings")"

promise "a store without a category, and a duty without an end or a law, are refused with their place"
declare_stores "$(store none '')"
expect 78 policy 2>"$scratch/refused"
has "$scratch/refused" "store without a category"
for wrong in 'law = "x"' 'years = 3'; do
	declare_stores "duty \"d\" { categories = { \"account\" } $wrong }"
	expect 78 policy 2>"$scratch/refused"
	has "$scratch/refused" "app.conf"
done
