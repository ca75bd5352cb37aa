# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# dsar.sh - cases ready to be carried out, for the stories of erasing; sourced behind lib.sh and retention.sh
# Its functions stand in for what stories of their own are about: identity, search, review.
register_dir=$scratch/state/register register=$register_dir/register.db
dsar() { "$SPARSAM_BIN/dsar" -c "$conf" "$@"; }

# Two persons who approve, and a stranger with a key.
key_make() {
	mkdir -m 700 "$scratch/$1"
	gpg --homedir "$scratch/$1" --batch -q --passphrase '' --quick-generate-key "$1" ed25519 sign never 2>"$scratch/gpg.log"
	gpg --homedir "$scratch/$1" --batch --with-colons -K | awk -F: '$1 == "fpr" { print $10; exit }'
}
approvers_make() {
	local dpo second
	dpo=$(key_make dpo)
	second=$(key_make second)
	key_make stranger >/dev/null
	printf 'dsar { approvers = { "%s", "%s" } second_person = true backup_period = "30d" }\n' "$dpo" "$second" >>"$conf"
}
agents_end() {
	local who
	for who in dpo second stranger; do gpgconf --homedir "$scratch/$who" --kill all 2>/dev/null || true; done
}
node_make() {
	run init >/dev/null
	dsar init >/dev/null
}

case_new() { dsar case new --article "$1" --lang de | tail -n 1; }
case_ready() { sqlite3 "$register" "UPDATE case_file SET identity = 2, state = 4 WHERE number = '$1'"; }

identified() { # CASE KIND VALUE
	sqlite3 "$register" "INSERT INTO identifiers (number, kind, value, folded, from_us, to_us, parent, store, link, own, confirmed)
		VALUES ('$1', '$2', CAST('$3' AS BLOB), CAST('$3' AS BLOB), -9223372036854775808, 9223372036854775807, 0, '', '', 1, 0)"
}
found() { # CASE STORE DECISION PLACE TIME_US <LINES
	python3 "$root/tests/e2e/found.py" "$register_dir" "$@"
}
found_tree() { # CASE STORE DECISION UNIT TIME_US TEXT
	python3 "$root/tests/e2e/found.py" "$register_dir" "$1" "$2" "$3" --text "$4" "$5" "$6"
}
plan_of() { jq -r 'select(.plan) | .plan' "$1"; }
approve() { # CASE HASH
	GNUPGHOME=$scratch/dpo dsar approve "$1" "$2" >/dev/null
	GNUPGHOME=$scratch/second dsar approve "$1" "$2" >/dev/null
}
at_end() { agents_end; }
