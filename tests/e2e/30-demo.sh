#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make demo: real nginx and a real journald feed the service; it shows what it promises and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
need_root
need nginx
need redis-server
need psql
chmod 711 "$scratch" # its PostgreSQL is not root
export TMPDIR=$scratch

promise "raw and scrubbed stand side by side, and nothing personal is in the scrubbed files"
"$root/tools/demo" >"$scratch/out" 2>"$scratch/demo.log" </dev/null
has "$scratch/out" 'GET /rooms/:id/join HTTP/1.1" 200'
has "$scratch/out" 'GET /b/:id HTTP/1.1'
has "$scratch/out" '+ ip6:'
has "$scratch/out" 'Failed password for invalid user - from ip4:'
has "$scratch/out" '"logCode":"join_api"}'
has "$scratch/out" 'newcomer[4711]: -'
has "$scratch/out" 'sparsam_lines_dropped_total{store="nginx-access",reason="no-match"} 1'
has "$scratch/out" 'nothing: no name, address, token'
! grep -a '^+' "$scratch/out" | grep -aiE 'erika|mustermann|beispiel|hunter2|127\.0\.0|203\.0|2001:db8' || fail "a scrubbed line names a person"
[ -z "$(find "$scratch" -name 'sparsam-demo.*')" ] || fail "the demo left its folder"

promise "a person is answered from what lies there, and her account is erased by an approved plan"
letter=$(python3 -c 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read("letter.txt").decode())' "$(echo "$scratch"/sparsam-demo-requests.*/*-0001.zip)")
for store in 'nginx-access: 3 Einträge' 'greenlight-users: 1 Eintrag' 'bbb-graphql-chat: 1 Eintrag' 'bbb-redis-recordings: 2 Einträge' \
	'bbb-etherpad-authors: 1 Eintrag' 'bbb-recordings: 1 Eintrag'; do
	[[ $letter == *"$store"* ]] || fail "$store: $letter"
done
has "$scratch/out" 'Bert|bert@example.org'
! grep -q 'anna@example.org' "$scratch/out" || fail "she is still there"
has "$(echo "$scratch"/sparsam-demo-requests.*/certificate.txt.asc)" 'BEGIN PGP SIGNATURE'
has "$(echo "$scratch"/sparsam-demo-requests.*/report.html)" '</html>'

promise "days go by: what is past its period goes, a hold keeps its lines, and the report is there"
if command -v faketime >/dev/null; then
	has "$scratch/out" 'day 8  nginx-access: 6 lines  sshd: gone'
	has "$scratch/out" 'kept 6 by hold 1 (DEMO-1'
	has "$(echo "$scratch"/sparsam-demo-report.*.html)" '<polyline'
fi

promise "a request by PGP mail is answered by one, which notmuch decrypts and shows"
if command -v notmuch >/dev/null; then
	has "$scratch/out" 'opened, receipt sent'
	has "$scratch/out" 'Subject:    Our answer to your request'
	has "$scratch/out" 'decrypted:  full'
	grep -qE '^attached:   [0-9]{4}-0003.zip$' "$scratch/out" || fail "nothing is attached"
fi

promise "interrupted, it cleans up as well"
spawn interrupted setsid "$root/tools/demo"
wait_for grep -q 'Visitors come' "$scratch/interrupted.log"
kill -TERM -- "-${spawned[-1]}"
wait_gone "${spawned[-1]}"
wait_for test -z "$(find "$scratch" -name 'sparsam-demo.*')"
! pgrep -f "$scratch/sparsam-demo" || fail "a process of the demo is left"
