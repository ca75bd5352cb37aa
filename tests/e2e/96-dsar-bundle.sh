#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the supervisory authority is told of one case: all that was done, and nobody else. A recipient's notice is for it alone.
. "$(dirname "$0")/lib.sh"
need gpg
need jq
. "$root/tests/e2e/dsar_answer.sh"

# keyring NAME : a stranger's key with a subkey for encryption; its fingerprint
keyring() {
	mkdir -m 700 "$scratch/$1"
	gpg --homedir "$scratch/$1" --batch -q --passphrase '' --quick-generate-key "<$1@example.org>" future-default default never 2>"$scratch/gpg.log"
	gpg --homedir "$scratch/$1" --armor --export >"$scratch/$1.asc" 2>/dev/null
	gpg --homedir "$scratch/$1" --batch --with-colons -K 2>"$scratch/gpg.log" | awk -F: '$1 == "fpr" { print $10; exit }'
}
at_end() {
	local who
	for who in authority phones check register/pgp/own; do gpgconf --homedir "$scratch/$who" --kill all 2>/dev/null || true; done
}
authority=$(keyring authority)
phones=$(keyring phones)
mkdir -m 700 "$scratch/check"

promise "a key is declared by its fingerprint and its file, or not at all"
cp "$scratch/sparsam.conf" "$scratch/plain.conf"
echo "dsar { mail = \"dpo@example.org\" authority_key = \"$scratch/authority.asc\" }" >>"$scratch/sparsam.conf"
expect 78 dsar init 2>"$scratch/stderr"
has "$scratch/stderr" "give both of authority_fingerprint and authority_key"
sed -e "s|^dsar {|dsar {\n  mail = \"dpo@example.org\"|" "$scratch/plain.conf" >"$scratch/sparsam.conf"

dsar init >/dev/null
case=$(dsar case new --article 17 --lang de | tail -n 1)
other=$(dsar case new --article 15 --lang en | tail -n 1)
searched "$case"
identifier "$case" email anna@example.org
find_put "$case" accounts "'id=7	name=Anna Muster	email=anna@example.org'"
find_put "$case" chat "'senderName=Ben Beispiel	text=the secret of Ben'"
find_put "$case" chat "'senderName=Ben Beispiel	text=another'"
find_put "$other" chat "'senderName=Carla Dritt'"
answer_put "$case" accounts found
answer_put "$case" chat found
answer_put "$case" web nothing "keys destroyed before 2026-11-20"
printf 'she called, and spoke of Ben Beispiel' | dsar case note "$case"
dsar review "$case" --list >"$scratch/list" || true # some are open
expect 1 dsar review "$case" --keep 1 >"$scratch/out"
echo 'written by Ben Beispiel' | expect 1 dsar review "$case" --exclude 3 --ground - >"$scratch/out"
dsar review "$case" --exclude 2 --ground others >"$scratch/out"
sqlite3 "$scratch/register/register.db" "INSERT INTO erasures VALUES ('$case', 'abc', 2, 1795000000000000, 1795000000000000, 1795000001000000, 0);
	INSERT INTO erasure_items VALUES ('$case', 0, 1, 'accounts', 'Anna', x'00', 2, 'hold 3 ($other)', 1895000000000000, 1)"

promise "without a key of our own, and without one of the authority's, nothing is made"
expect 78 dsar bundle "$case" --to "$scratch/a.tar" 2>"$scratch/stderr"
has "$scratch/stderr" "dsar key own --make"
dsar key own --make >"$scratch/own.asc"
expect 78 dsar bundle "$case" --to "$scratch/a.tar" --encrypt 2>"$scratch/stderr"
has "$scratch/stderr" "no key of the supervisory authority is declared"
expect 64 dsar --json bundle "$case" 2>"$scratch/stderr"
expect 64 dsar bundle "2026-9999" --to "$scratch/a.tar" 2>"$scratch/stderr"
[ ! -e "$scratch/a.tar" ] || fail "an archive"

promise "letters are enclosed that were made here for this case, and nothing else"
dsar letter "$case" receipt --to "$scratch/receipt.txt"
dsar letter "$other" receipt --to "$scratch/other.txt"
expect 65 dsar bundle "$case" "$scratch/other.txt" --to "$scratch/a.tar" 2>"$scratch/stderr"
has "$scratch/stderr" "was not made here for the case"
register "INSERT INTO made (number, what, sha256, len, made_us) VALUES ('$case', 'archive', '$(sha256sum <"$scratch/list" | cut -d' ' -f1)', 1, 1)"
expect 77 dsar bundle "$case" "$scratch/list" --to "$scratch/a.tar" 2>"$scratch/stderr"
has "$scratch/stderr" "what was found does not go to the authority"
[ ! -e "$scratch/a.tar" ] || fail "an archive"
# a step that names the other case, as a restriction may
python3 - "$scratch/register/ledger.db" "$case" "$other" <<-'END'
	import hashlib, sqlite3, sys
	path, case, other = sys.argv[1:]
	db = sqlite3.connect(path)
	seq, prev = db.execute("SELECT seq, hash FROM entry ORDER BY seq DESC").fetchone()
	data = '{"by":"%s","case":"%s"}' % (other, case)
	time = "2026-11-27T12:00:00.000000Z"
	text = "sparsam-ledger-1\n%d\n%s\n%s\n%s\n%s\n" % (seq + 1, prev, time, "restriction", data)
	names = [c[1] for c in db.execute("PRAGMA table_info(entry)")]
	row = dict(seq=seq + 1, prev=prev, time=time, kind="restriction", data=data, hash=hashlib.sha256(text.encode()).hexdigest())
	db.execute("INSERT INTO entry (%s) VALUES (%s)" % (",".join(row), ",".join("?" * len(row))), list(row.values()))
	db.commit()
END

promise "it has the dates, the search, the decisions and their grounds, and what was made"
dsar --json bundle "$case" "$scratch/receipt.txt" --to "$scratch/a.tar" >"$scratch/out"
[ "$(jq -r '[.case, .enclosed, .encrypted] | join(" ")' "$scratch/out")" = "$case 1 false" ] || fail "$(cat "$scratch/out")"
[ "$(stat -c %a "$scratch/a.tar")" = 600 ] || fail "others may read it"
mkdir "$scratch/a"
tar -xf "$scratch/a.tar" -C "$scratch/a"
f=$scratch/a/case.json
[ "$(jq -r '[.article, .months, .identity] | join(" ")' "$f")" = "17 1 verified" ] || fail "$(cat "$f")"
[ "$(jq -r '.searched[] | select(.store == "web") | [.answer, .bytes_read, .note] | join("|")' "$f")" = "nothing|1000|keys destroyed before 2026-11-20" ] ||
	fail "$(jq .searched "$f")"
[ "$(jq -r '.decisions[] | select(.store == "chat") | [.decision, .ground, .n] | join(" ")' "$f")" = "exclude others 1"$'\n'"exclude text 1" ] ||
	fail "$(jq .decisions "$f")"
[ "$(jq -r '.plans[0].items[0] | [.fate, .ground] | join(" ")' "$f")" = "keep hold 3 ([…])" ] || fail "$(jq .plans "$f")"
[ "$(jq -r '.made[] | select(.what == "letter receipt") | .sha256' "$f")" = "$(sha256sum <"$scratch/receipt.txt" | cut -d' ' -f1)" ] ||
	fail "$(jq .made "$f")"
cmp "$scratch/receipt.txt" "$scratch/a/sent-1.txt"
has "$scratch/a/README.txt" "Auskunft an die Aufsichtsbehörde"
has "$scratch/a/README.txt" "The answer to the supervisory authority"

promise "no find, no person and no other case is in it"
for word in "Anna Muster" anna@ "Ben Beispiel" "secret of" Carla "$other"; do
	! grep -rl -e "$word" "$scratch/a" || fail "$word is in it"
done
[ "$(jq -r '.account[] | select(.event == "note") | keys | join(" ")' "$f")" = "event time" ] || fail "$(jq .account "$f")"

promise "what is in it is signed by our own key, and gpg says so"
gpg --homedir "$scratch/check" -q --import "$scratch/own.asc" 2>/dev/null
for file in statement.txt head; do
	gpg --homedir "$scratch/check" --verify "$scratch/a/$file.asc" "$scratch/a/${file%.txt}.txt" 2>"$scratch/verify"
	has "$scratch/verify" "Good signature"
done
(cd "$scratch/a" && grep -E '^[0-9a-f]{64}  ' statement.txt | sha256sum --quiet -c)
[ "$(grep -cE '^[0-9a-f]{64}  ' "$scratch/a/statement.txt")" = 7 ] || fail "$(tail "$scratch/a/statement.txt")"
echo >>"$f"
! (cd "$scratch/a" && grep -E '^[0-9a-f]{64}  ' statement.txt | sha256sum --status -c) 2>/dev/null || fail "not seen"

promise "each entry of the ledger gives its hash, by the README's own commands"
[ "$(jq -s length "$scratch/a/ledger.jsonl")" = "$(jq .entries "$scratch/out")" ] || fail "entries"
[ "$(jq -r 'select(.withheld) | .kind' "$scratch/a/ledger.jsonl")" = restriction ] || fail "not withheld"
jq -e -s 'any(.kind == "made") and any(.kind == "done")' "$scratch/a/ledger.jsonl" >/dev/null || fail "$(cat "$scratch/a/ledger.jsonl")"
check() { (cd "$1" && bash <(sed -n '/jq -r .select/,/done$/p' README.txt)); }
[ -z "$(check "$scratch/a")" ] || fail "$(check "$scratch/a")"
sed -i '1s/case/cose/' "$scratch/a/ledger.jsonl"
[ -n "$(check "$scratch/a")" ] || fail "an edit is not seen"

promise "encrypted, only the authority reads it, and with a wrong fingerprint nothing is written"
sed -i "s|^dsar {|dsar {\n  authority_fingerprint = \"$phones\"\n  authority_key = \"$scratch/authority.asc\"|" "$scratch/sparsam.conf"
expect 77 dsar bundle "$case" --to "$scratch/b.tar.asc" --encrypt 2>"$scratch/stderr"
[ ! -e "$scratch/b.tar.asc" ] || fail "an archive"
sed -i "s|authority_fingerprint = .*|authority_fingerprint = \"$authority\"|" "$scratch/sparsam.conf"
dsar bundle "$case" --encrypt >"$scratch/b.tar.asc"
gpg --homedir "$scratch/authority" --batch -q -d "$scratch/b.tar.asc" 2>/dev/null | tar -xO statement.txt >"$scratch/statement"
has "$scratch/statement" "$case"
expect 2 gpg --homedir "$scratch/phones" --batch -q -d "$scratch/b.tar.asc" >"$scratch/out" 2>&1
dsar --lang de bundle "$case" --to "$scratch/de.tar" >/dev/null
tar -xOf "$scratch/de.tar" statement.txt >"$scratch/statement"
has "$scratch/statement" "Auskunft an die Aufsichtsbehörde"
[ "$(ledger | grep -c '"what":"bundle"')" = 3 ] || fail "$(ledger)"

promise "a notice is encrypted to the recipient whose key is declared, else it is as before"
dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --to "$scratch/notice.txt"
has "$scratch/notice.txt" "Beispiel Telefon GmbH"
sed -i "/^recipient \"Beispiel/a fingerprint = \"$phones\" key = \"$scratch/phones.asc\"" "$scratch/sparsam.conf"
dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --to "$scratch/notice.asc"
has "$scratch/notice.asc" "BEGIN PGP MESSAGE"
gpg --homedir "$scratch/phones" --batch -q -d "$scratch/notice.asc" 2>/dev/null >"$scratch/notice"
cmp "$scratch/notice.txt" "$scratch/notice"
[ "$(register "SELECT count(*) FROM made WHERE sha256 = '$(sha256sum <"$scratch/notice.asc" | cut -d' ' -f1)'")" = 1 ] || fail "not known by its hash"
sed -i "s|fingerprint = \"$phones\" key|fingerprint = \"$authority\" key|" "$scratch/sparsam.conf"
expect 77 dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --to "$scratch/notice2.asc" 2>"$scratch/stderr"
[ ! -e "$scratch/notice2.asc" ] || fail "a notice to a wrong key"

promise "a case that is closed has lost its finds, and the account of what was done is there still"
echo 'the number is not known there any more' | dsar notify "$case" --recipient 'Beispiel Telefon GmbH' --impossible
register "UPDATE case_file SET state = 6 WHERE number = '$case'" # as when the letter is out
dsar case close "$case"
dsar bundle "$case" --to "$scratch/c.tar" >"$scratch/out"
tar -xOf "$scratch/c.tar" case.json >"$scratch/closed.json"
[ "$(jq -r '[.state, (.decisions | length), (.searched | length)] | join(" ")' "$scratch/closed.json")" = "shrunk 0 0" ] ||
	fail "$(cat "$scratch/closed.json")"
[ "$(jq -r '.notices[] | [.state, .ground] | join(": ")' "$scratch/closed.json")" = "impossible: the number is not known there any more" ] ||
	fail "$(jq .notices "$scratch/closed.json")"
