# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# dsar_answer.sh - a case with finds, for the stories of review, export and answer: sourced after lib.sh
#
# Finds are written into the register as a search leaves them, so that each story has just those that it is about.
need sqlite3
need jq

mkdir -p "$scratch/stores.d"
cat >"$scratch/sparsam.conf" <<EOF_
state_dir = "$scratch"
key_dir = "$scratch/keys"
clock = "local"
controller = "Verein für datensparsame Konferenzen und freie Kommunikationsinfrastruktur Rhein-Main-Neckar e. V."
dpo = "datenschutz@example.org"
authority = "Der Hessische Beauftragte für Datenschutz und Informationsfreiheit"
dsar {
  land = "HE"
  address = { "Donaudampfschifffahrtsgesellschaftskapitänsplatz 1", "12345 Beispielstadt" }
  backup_period = "14d"
}
recipient "Beispiel Telefon GmbH" {
  stores = { "accounts" }
  address = "Beispielweg 2, 12345 Beispielstadt"
  country = "DE"
  text "en" { what = "phone number and audio of whoever dials in" }
  text "de" { what = "Telefonnummer und Ton von Eingewählten" }
}
recipient "Example Transcripts Inc." {
  stores = { "chat" }
  address = "Example Street 1, Springfield"
  country = "US"
  safeguards = "Standard contractual clauses (Commission Decision 2021/914)"
  processor = true
  text "en" { what = "chat texts" }
  text "de" { what = "Chattexte" }
}
EOF_
cat >"$scratch/stores.d/test.conf" <<EOF_
store "accounts" {
  type = "sqlite"  paths = { "$scratch/accounts.db" }  category = "account"  purpose = "use of the service"
  basis = "Art. 6(1)(a) and (b) GDPR"  period = "30d"
  sqlite { table = "users" time = "created_at" }
  subject "email" { field = "email" }
  subject "name" { field = "name" }
}
store "chat" {
  type = "sqlite"  paths = { "$scratch/chat.db" }  category = "conference-data"  purpose = "the conference"
  basis = "Art. 6(1)(a) and (b) GDPR"  period = "1d"
  sqlite { table = "chat" time = "sent_at" }
  subject "name" { field = "senderName" }
}
store "web" {
  type = "textlog"  paths = { "$scratch/web.log" }  format = "nginx-combined"  category = "log-and-system-data"
  purpose = "operation of the service"  basis = "Art. 6(1)(f) GDPR"  period = "7d"
  subject "ip" { field = "remote_addr" }
}
store "events" {
  type = "tree"  paths = { "$scratch/recordings/*" }  category = "conference-data"  purpose = "recordings"
  basis = "Art. 6(1)(a) GDPR"  period = "30d"
  tree { age = "mtime" }
}
EOF_
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
register() { sqlite3 "$scratch/register/register.db" "$@"; }
ledger() { sqlite3 "$scratch/register/ledger.db" "SELECT kind || ' ' || data FROM entry"; }

# identifier CASE KIND VALUE [OWN] : as `dsar subject` and `dsar search` leave one
identifier() {
	register "INSERT INTO identifiers (number, kind, value, folded, from_us, to_us, parent, store, link, own, confirmed)
		VALUES ('$1', '$2', CAST('$3' AS BLOB), CAST(lower('$3') AS BLOB), -9223372036854775808, 9223372036854775807, 0, '', '', ${4:-1}, 0)"
}

# find CASE STORE TEXT [OWN] [PLACE] : TEXT in SQL's quotes, or NULL
find_put() {
	register "INSERT INTO finds (number, store, place, offset, time_us, text, size, digest, identifier, own)
		VALUES ('$1', '$2', '${5:-place}', 0, 1795000000000000 + 60000000 * (SELECT count(*) FROM finds), CAST($3 AS BLOB), 100, randomblob(32), 1, ${4:-1})"
}

# answer CASE STORE found|nothing|absent|failed [NOTE]
answer_put() {
	local word=0
	case $3 in nothing) word=1 ;; absent) word=2 ;; failed) word=3 ;; esac
	register "INSERT OR REPLACE INTO answers (number, store, answer, n_found, n_read, note, begun_us, ended_us) VALUES ('$1', '$2', $word, 1, 1000, '${4-}', 1795000000000000, 1795000001000000)"
}

# searched CASE : it is verified and has been searched
searched() {
	register "UPDATE case_file SET identity = 2, state = 2 WHERE number = '$1'"
}
