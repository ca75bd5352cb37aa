#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What keeps requests from being read, or answers from leaving, is found before somebody writes.
. "$(dirname "$0")/lib.sh"
need gpg
need jq

. "$root/tests/e2e/dsar_mail.sh"
at_end() { gpgconf --homedir "$scratch/register/pgp/own" --kill gpg-agent; }
plays() { # a mail server, COMMAND of which gets the mail
	# shellcheck disable=SC2016 # of the script
	printf '#!/bin/sh\nexport PATH=$PATH:%s\n%s\n' "$(dirname "$(command -v gpg)")" "$1" >"$scratch/sendmail"
	chmod +x "$scratch/sendmail"
}
ids() {
	expect 1 dsar --json doctor --wait "${2:-1}" >"$scratch/out"
	[ "$(jq -r .id "$scratch/out" | sort | paste -sd' ')" = "$1" ] || fail "$(cat "$scratch/out")"
}
dsar init >/dev/null

promise "without a key of our own nothing can be read"
plays 'cat >/dev/null'
ids no-own-key

promise "a mail that is taken and never arrives; one that is not taken; no mail server at all"
dsar key own --make >/dev/null
own=$(dsar --json key own | jq -r .fingerprint)
ids 'mail-not-read own-key-copy'
plays 'exit 75'
ids 'mail-not-sent own-key-copy'
rm "$scratch/sendmail"
ids 'mail-not-sent no-sendmail own-key-copy'

promise "one that comes back to dsar intake is read, of no case, and known by nobody else's key"
plays "cat >$scratch/mail; $SPARSAM_BIN/dsar -c $scratch/sparsam.conf --json intake <$scratch/mail >$scratch/taken 2>&1"
ids own-key-copy 30
[ "$(jq -r '[.test, .opened] | join(" ")' "$scratch/taken")" = "true false" ] || fail "$(cat "$scratch/taken")"
has_not "$scratch/mail" 'tries the way'
[ -z "$(dsar case list --json)" ] || fail "there is a case"
# it is awaited no more: a mail like any other
[ "$(dsar --json intake <"$scratch/mail" | jq -r .test)" = false ] || fail "it is taken for a test again"

promise "all in order, in both languages"
sed -i "s/dsar { /&key_copy = \"$own\" /" "$scratch/sparsam.conf"
dsar doctor >"$scratch/out"
has "$scratch/out" 'nothing found'
dsar --lang de doctor --no-mail >"$scratch/out"
has "$scratch/out" 'nicht geprüft'

promise "another own key, whose copy was not declared, is told by it; one that ends soon; a register that is open"
gpg --homedir "$scratch/register/pgp/own" --batch -q --passphrase '' --quick-set-expire "$own" 10d 2>"$scratch/gpg.log"
chmod 2775 "$scratch/register"
sed -i "s/key_copy = \"....../key_copy = \"000000/" "$scratch/sparsam.conf"
ids 'own-key-copy own-key-ends register-open' 30
dsar --lang de doctor --no-mail >"$scratch/out" || true
has "$scratch/out" 'hoch'
[ "$(sed -n 2p "$scratch/out" | cut -d' ' -f1)" = hoch ] || fail "not the worst first: $(cat "$scratch/out")"
