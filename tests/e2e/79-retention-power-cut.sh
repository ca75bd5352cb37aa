#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The power is cut while retention drops what is past its period, with all that it knows on the same disk: after the
# next run nothing young and nothing held is lost, nothing due is left, and the ledger is whole.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	# mounts of its own: they end with it, however it ends
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/powercut.sh"
. "$root/tests/e2e/retention_cut.sh"
for fs in $(file_systems); do
	promise "$fs: logs"
	leg "$fs" text
	promise "$fs: SQLite"
	leg "$fs" sqlite
	if [ -x /lib/systemd/systemd-journal-remote ]; then
		promise "$fs: a journal, with what a hold keeps of it, and what it kept until it ended"
		leg "$fs" journal
	fi
done
