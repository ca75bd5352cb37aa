#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A hold by identifier and a journal's large fields: what is too large to be read is held.
. "$(dirname "$0")/lib.sh"
need gpg
need python3
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
. "$root/tests/e2e/retention.sh"
hide_shipped_stores
mkdir "$scratch/journal"
file=$scratch/journal/x.journal
cat >"$scratch/stores.d/rest.conf" <<CONF
store "rest" {
  type = "journal" paths = { "$scratch/journal/*.journal" } period = "7d"
  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
}
CONF
run init >/dev/null

# An entry for each DAYS:MESSAGE; DAYS:MESSAGE:MIB:TEXT has a field of so many MiB of the text, and the name, besides.
cat >"$scratch/write.py" <<'PYTHON'
import sys, time
out = sys.stdout.buffer
for i, entry in enumerate(sys.argv[1:]):
    days, message, *large = entry.split(":")
    fields = [(b"MESSAGE", message.encode())]
    if large:
        text = large[1].encode("latin-1")
        fields.append((b"DUMP", text * ((int(large[0]) << 20) // len(text)) + b" anna@example.org "))
    us = int((time.time() - int(days) * 86400) * 1e6) + i
    out.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n" % (us, i + 1, 1))
    for name, value in fields:
        out.write(name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
    out.write(b"\n")
PYTHON
written() {
	rm -f "$file"
	python3 "$scratch/write.py" "$@" | /lib/systemd/systemd-journal-remote --compress=yes -o "$file" - >/dev/null 2>&1
}
# the messages that are left, wherever they lie
left() {
	find "$scratch/journal" "$scratch/state/hold" -name '*.journal' -exec \
		journalctl -q -o cat --output-fields=MESSAGE --file '{}' ';' | sort -u | paste -sd ' '
}
held() { # WANTED : what is left while anna@example.org is held
	local id
	id=$(echo anna@example.org | run hold add --incident T-1 --reason attack --owner ops --expires +30d --store rest --from -)
	run run >/dev/null
	[ "$(left)" = "$1" ] || fail "left: $(left)"
	run hold release "$id"
	run run >/dev/null
}

promise "an entry with a field that is too large to be unpacked is held, in a file that goes and in one that stays"
written 9:named-anna@example.org 9:large:40:a 9:nobody
held "large named-anna@example.org"
[ -z "$(left)" ] || fail "left without a hold: $(left)"
written 9:named-anna@example.org 9:large:40:a 9:nobody 1:young
held "large named-anna@example.org young"
[ "$(left)" = young ] || fail "left without a hold: $(left)"
