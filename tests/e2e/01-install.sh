#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A packager installs into a staging folder; what lies there works where it is meant to stand.
. "$(dirname "$0")/lib.sh"
stage=$scratch/stage
prefix=$stage/usr/local

promise "make install puts everything below DESTDIR and PREFIX"
make -s -C "$root" BUILD="$BUILD" VARIANT="$VARIANT" PREFIX=/usr/local DESTDIR="$stage" install >"$scratch/install.log" 2>&1
for f in bin/logscrub bin/retention bin/dsar share/man/man8/retention.8 share/man/man8/dsar.8 share/sparsam/stores.d/nginx.conf share/sparsam/formats.d/nginx.conf \
	share/doc/sparsam/README.md share/sparsam/raw-off/journald.conf share/man/man7/sparsam-raw-off.7 share/man/man7/sparsam-own-database.7 share/man/man8/logscrub.8 share/man/man5/sparsam-json.5 share/locale/de/LC_MESSAGES/sparsam.mo \
	share/bash-completion/completions/logscrub; do
	[ -s "$prefix/$f" ] || fail "$f is not installed"
done
[ -z "$(find "$stage" -perm /022 ! -type l)" ] || fail "something is writable for others"
[ -z "$(find "$stage" -type f -path '*/share/*' -perm /111)" ] || fail "data is executable"
[ "$(find "$stage" -mindepth 1 -maxdepth 1 | sort | xargs -n 1 basename | paste -sd ' ')" = "etc usr" ] ||
	fail "something lies outside of etc and usr"

promise "a second install keeps the operator's configuration"
if [ -e "$root/conf/sparsam.conf" ]; then
	echo '# mine' >"$stage/etc/sparsam/sparsam.conf"
	make -s -C "$root" BUILD="$BUILD" VARIANT="$VARIANT" DESTDIR="$stage" install >>"$scratch/install.log" 2>&1
	has "$stage/etc/sparsam/sparsam.conf" '# mine'
fi

promise "the units name the program where it was installed"
for unit in "$prefix"/lib/systemd/system/*.service; do
	[ ! -e "$unit" ] || has_not "$unit" =/usr/bin/
done

# With /usr/local replaced, in a mount namespace of its own, the program sees what was installed.
# shellcheck disable=SC2016 # expanded by the inner shell
in_place() { unshare -rm sh -c 'mount --bind "$1" /usr/local && shift && exec "$@"' sh "$prefix" "$@"; }
in_place true 2>"$scratch/unshare.log" || skip "needs a mount namespace: $(cat "$scratch/unshare.log")"

promise "the installed program finds the installed stores and the German catalogue"
printf '%s\n' '203.0.113.7 - anna [24/Nov/2026:01:40:29 +0000] "GET /b/abc-def?t=1 HTTP/1.1" 200 12 "-" "curl/8"' \
	>"$scratch/access.log"
cat >"$scratch/sparsam.conf" <<-EOF
	state_dir   = "$scratch/state"
	metrics_dir = "$scratch"
EOF
in_place /usr/local/bin/logscrub -c "$scratch/sparsam.conf" --store nginx-access "$scratch/access.log" \
	>"$scratch/clean.log" 2>"$scratch/stderr.log"
has "$scratch/clean.log" '[24/Nov/2026:01:40:29 +0000]'
has "$scratch/clean.log" 'ip4:'
has_not "$scratch/clean.log" 203.0.113.7
has_not "$scratch/clean.log" anna
in_place /usr/local/bin/logscrub --lang de --help >"$scratch/help"
has "$scratch/help" Aufruf
