#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever asks for German gets all of it.
. "$(dirname "$0")/lib.sh"

promise "every message of the code is translated, none by guess"
cd "$root" || exit
xgettext -o "$scratch/now.pot" --from-code=UTF-8 -k_ -kN_ -kngettext:1,2 -kerr_fail:4 -kerr_fail:5 \
	-kconf_fail:3 -kconf_fail:4 \
	lib/*/*.[ch] lib/*/*/*.[ch] {logscrub,retention,dsar}/*.[ch] {logscrub,dsar}/*/*.[ch]
msgmerge -q --no-fuzzy-matching -o "$scratch/de.po" po/de.po "$scratch/now.pot"
msgattrib --no-obsolete --untranslated --no-wrap "$scratch/de.po" >"$scratch/untranslated"
msgattrib --no-obsolete --only-fuzzy --no-wrap "$scratch/de.po" >"$scratch/fuzzy"
[ ! -s "$scratch/untranslated" ] || fail "untranslated (make pot): $(sed -n '/^msgid/,/^$/p' "$scratch/untranslated")"
[ ! -s "$scratch/fuzzy" ] || fail "fuzzy (make pot): $(sed -n '/^msgid/,/^$/p' "$scratch/fuzzy")"
msgfmt --check -o /dev/null "$scratch/de.po"

promise "an option or the locale chooses it, also where no German locale is generated"
env -u LC_ALL LANG=de_DE.UTF-8 "$SPARSAM_BIN/logscrub" --help >"$scratch/help"
has "$scratch/help" 'Aufruf: logscrub'
env LC_ALL=C "$SPARSAM_BIN/logscrub" --lang de --help >"$scratch/help"
has "$scratch/help" 'Aufruf: logscrub'
env -u LC_ALL LANG=de_DE.UTF-8 "$SPARSAM_BIN/logscrub" --lang en --help >"$scratch/help"
has "$scratch/help" 'Usage: logscrub'

promise "every command says how it is used, in both languages"
for command in run explain check-config doctor detect token keys stats suggest; do
	"$SPARSAM_BIN/logscrub" $command --help >"$scratch/help"
	has "$scratch/help" "Usage: logscrub $command"
	"$SPARSAM_BIN/logscrub" --lang de $command --help >"$scratch/help"
	has "$scratch/help" "Aufruf: logscrub $command"
done

promise "another language is a usage error"
expect 64 "$SPARSAM_BIN/logscrub" --lang fr --help 2>"$scratch/stderr"
has "$scratch/stderr" 'no such language'
