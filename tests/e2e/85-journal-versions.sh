#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd 254 and 257 each write journals, with each compression they know; we drop entries, and they, not we, say what is
# left and that the file is whole. Their programs come from the archive that apt uses; without it this has not been tested.
. "$(dirname "$0")/lib.sh"
need_root
need python3
need mmdebstrap
. "$root/tests/e2e/journal.sh"
need apt-get
# the one that this machine takes its own packages from
# shellcheck disable=SC2016 # apt's own variables
archive=$(apt-get indextargets --format '$(CODENAME) $(SITE)' | awk '$1 == "bookworm" { print $2; exit }')
[ -n "$archive" ] || fail "apt knows no archive with bookworm"

# fetch NAME SUITE [PIN] : a folder with nothing but the programs and their libraries
fetch() {
	local tree=$scratch/$1 pin=${3:-} d
	local -a from=("deb $archive $2 main")
	[ -z "$pin" ] || from+=("deb $archive $pin main")
	printf 'Package: *systemd*\nPin: release n=%s\nPin-Priority: 900\n' "${pin:-$2}" >"$scratch/pin"
	chmod 755 "$scratch" && chmod 644 "$scratch/pin"
	for try in 1 2 3; do
		rm -rf "$tree"
		! mmdebstrap --variant=extract --include=systemd,systemd-journal-remote \
			--setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\" && cp $scratch/pin \"\$1/etc/apt/preferences.d/pin\"" \
			"$2" "$tree" "${from[@]}" >"$scratch/mmdebstrap-$1.log" 2>&1 || return 0
		echo "(archive: try $try has failed)"
	done
	fail "systemd $1 is not to be had"
}

ready() { # what base-files would bring
	local d
	for d in bin sbin lib lib64; do
		if [ ! -e "$1/$d" ]; then ln -s "usr/$d" "$1/$d"; fi
	done
	mkdir -p "$1/tmp" "$1/var/tmp" "$1/dev" "$1/usr/bin"
	[ -x "$1/usr/bin/journalctl" ] || ln -s ../../bin/journalctl "$1/usr/bin/journalctl"
}

seed=20
story() { # VERSION
	local tree=$scratch/$1 writer=/usr/lib/systemd/systemd-journal-remote file packed
	ready "$tree"
	chroot "$tree" journalctl --version >"$scratch/version"
	has "$scratch/version" "systemd $1"
	[ -x "$tree$writer" ] || writer=/lib/systemd/systemd-journal-remote
	judge() { # the tree's own journalctl, with the file's path as it stands in the tree
		chroot "$tree" journalctl "${@//$tree/}"
	}
	for packed in 0 ZSTD LZ4 XZ; do
		promise "systemd $1, compression $packed: it finds what should be left, and the file whole"
		rm -rf "$tree/tmp/j" && mkdir "$tree/tmp/j"
		file=$tree/tmp/j/a.journal
		python3 "$random" make $((++seed)) 1500 1 >"$tree/tmp/random.export"
		SYSTEMD_JOURNAL_COMPRESS=$packed chroot "$tree" "$writer" -o /tmp/j/a.journal /tmp/random.export 2>/dev/null
		judge --header --file="$file" >"$scratch/header"
		[ $packed = 0 ] || has "$scratch/header" "COMPRESSED-$packed"
		judge -q --file="$file" -o cat --output-fields=MESSAGE | grep -ao '^gone-[0-9a-f]*' >"$scratch/gone"
		oracle "$file" _SYSTEMD_UNIT=gone.service
		! grep -qaF -f "$scratch/gone" "$file" || fail "a dropped text lies in the file"
		oracle "$file" _UID=1003 PRIORITY=2 PRIORITY=3 PRIORITY=4
	done
}

promise "254 (bookworm-backports) and 257 (trixie) can be had"
fetch 254 bookworm bookworm-backports
fetch 257 trixie
story 254
story 257
