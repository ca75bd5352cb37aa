#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who asks shows who she is, or does not; and a request is refused only as the law lets it.
. "$(dirname "$0")/lib.sh"
need sqlite3
need jq
need gpg
[ -n "$faketime_lib" ] || skip "needs faketime"

printf 'state_dir = "%s"\nkey_dir = "%s"\n' "$scratch" "$scratch/keys" >"$scratch/sparsam.conf"
y=$(date +%Y) # cases are numbered by it
dsar() { "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" "$@"; }
identity() { dsar --json case show "$1" | jq -r 'select(.case).identity'; }
is() { [ "$(identity "$1")" = "$2" ] || fail "$1 is $(identity "$1"), not $2"; }
refused() { expect 77 "$@" 2>"$scratch/stderr"; }
dsar init >/dev/null
dsar case new --article 15 --article 17 --lang de >/dev/null
dsar case new --article 15 --lang de >/dev/null # somebody else, or the same person again

export GNUPGHOME=$scratch/gnupg
mkdir -m 700 "$GNUPGHOME"
at_end() { gpgconf --kill gpg-agent; }
for who in ann eve; do
	gpg --batch --quiet --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
	gpg --armor --export "$who@example.org" >"$scratch/$who.asc"
done
sign_as() { gpg --batch --quiet -u "$1@example.org" "${@:2}" 2>/dev/null; }
ann=$(gpg --with-colons -k ann@example.org 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')

promise "a key is pinned by its fingerprint, and it is one public key"
echo "I ask about $y-0001." | sign_as ann --clearsign >"$scratch/statement"
refused dsar identity "$y-0001" --signature "$scratch/statement"
cat "$scratch/ann.asc" "$scratch/eve.asc" >"$scratch/both.asc"
expect 65 dsar identity "$y-0001" --pin "$scratch/both.asc" 2>/dev/null
gpg --armor --export-secret-keys ann@example.org >"$scratch/secret.asc" 2>/dev/null
expect 65 dsar identity "$y-0001" --pin "$scratch/secret.asc" 2>/dev/null
[ "$(dsar --json identity "$y-0001" --pin "$scratch/ann.asc" | jq -r .fingerprint)" = "$ann" ] || fail "another key"

promise "another key's statement, one for another purpose, and one that was tampered with show nothing"
echo "I ask about $y-0001." | sign_as eve --clearsign >"$scratch/eve"
refused dsar identity "$y-0001" --signature "$scratch/eve"
echo "I ask about $y-00011." | sign_as ann --clearsign >"$scratch/other"
refused dsar identity "$y-0001" --signature "$scratch/other"
{ echo "about $y-0001" && cat "$scratch/other"; } >"$scratch/around"
refused dsar identity "$y-0001" --signature "$scratch/around"
sed 's/ask/beg/' "$scratch/statement" >"$scratch/tampered"
refused dsar identity "$y-0001" --signature "$scratch/tampered"
is "$y-0001" open

promise "her statement does, for all cases of her letter and for no other"
dsar identity "$y-0001" --signature "$scratch/statement"
is "$y-0001" verified
is "$y-0002" verified
is "$y-0003" open
echo "about $y-0003" >"$scratch/text"
sign_as ann --detach-sign -o "$scratch/text.sig" "$scratch/text"
refused dsar identity "$y-0003" --signature "$scratch/text.sig" --statement "$scratch/text"
dsar identity "$y-0003" --pin "$scratch/ann.asc" >/dev/null
dsar identity "$y-0003" --signature "$scratch/text.sig" --statement "$scratch/text"
is "$y-0003" verified

promise "a code is in the register as a keyed hash only, and serves once"
dsar case new --article 17 --lang en >/dev/null
code=$(dsar identity "$y-0004" --code)
[[ $code =~ ^[A-Z2-7]{5}-[A-Z2-7]{5}$ ]] || fail "$code"
is "$y-0004" asked
! grep -rqaF -e "$code" -e "${code/-/}" "$scratch/register" || fail "the code lies in the register"
echo AAAAA-AAAAA | refused dsar identity "$y-0004" --check-code
echo "${code,,}" | sed 's/-/ /' | dsar identity "$y-0004" --check-code
is "$y-0004" verified
echo "$code" | refused dsar identity "$y-0004" --check-code

promise "five wrong ones and it is dead, however right the sixth is; an old one, too"
dsar case new --article 17 --lang en >/dev/null
code=$(dsar identity "$y-0005" --code)
for _ in 1 2 3 4 5; do echo AAAAA-AAAAA | refused dsar identity "$y-0005" --check-code; done
echo "$code" | refused dsar identity "$y-0005" --check-code
has "$scratch/stderr" 'no code that may be tried'
is "$y-0005" asked
code=$(dsar identity "$y-0005" --code)
echo "$code" | refused faked +15d "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" identity "$y-0005" --check-code
code=$(dsar identity "$y-0005" --code)
echo "$code" | dsar identity "$y-0005" --check-code
is "$y-0005" verified

promise "what was asked moves the second date, and never the first"
dsar case new --article 15 --received 2026-11-02 --lang en >/dev/null
echo 'the address is not the one that we know' | faked '@2026-11-03 12:00:00' "$SPARSAM_BIN/dsar" -c "$scratch/sparsam.conf" \
	identity "$y-0006" --ask
echo 'she called from the number of her account' | faked '@2026-11-09 12:00:00' "$SPARSAM_BIN/dsar" -c \
	"$scratch/sparsam.conf" identity "$y-0006" --by-hand
[ "$(dsar --json case show "$y-0006" | jq -r 'select(.case) | .due + " " + .due_suspended')" = "2026-12-02 2026-12-08" ] ||
	fail "$(dsar case show "$y-0006")"

promise "who acts for a person is recorded, and to whom the answer goes"
echo 'power of attorney of 2026-11-20, seen' | dsar identity "$y-0006" --authority representative --answer-to representative
dsar --json case show "$y-0006" | grep -q '"event":"authority"' || fail "no authority"
expect 64 dsar identity "$y-0006" --authority friend --answer-to person 2>/dev/null </dev/null

promise "a withdrawal cannot be refused; what is excessive needs a second person"
dsar case new --article 7 --article 15 --lang en >/dev/null
echo 'we would rather not' | refused dsar refuse "$y-0007" --ground unfounded
echo 'the fifth this week' | dsar refuse "$y-0008" --ground excessive 2>/dev/null
refused dsar refuse "$y-0008" --agree
has "$scratch/stderr" 'second person'
[ "$(dsar --json case show "$y-0008" | jq -r 'select(.case).refused')" = false ] || fail "refused by one"
if [ "$(id -u)" -eq 0 ]; then
	SUDO_UID=4711 dsar refuse "$y-0008" --agree
	[ "$(dsar --json case show "$y-0008" | jq -r 'select(.case).refused')" = true ] || fail "not refused by two"
fi
refused dsar refuse "$y-0001" --agree

promise "the ledger knows of all this by number only"
sqlite3 "$scratch/register/ledger.db" 'SELECT kind, data FROM entry' >"$scratch/ledger"
for secret in example.org "$ann" "$code" "${code/-/}" 'power of attorney' 'rather not' 'number of her'; do
	has_not "$scratch/ledger" "$secret"
done
grep -c '^refusal|' "$scratch/ledger" >/dev/null || fail "no refusal is on record"
