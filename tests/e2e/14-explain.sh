#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The operator sees what a rule does to a line before trusting it, and a bad configuration before it is used.
. "$(dirname "$0")/lib.sh"
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$scratch/sparsam.conf"
logscrub() { "$SPARSAM_BIN/logscrub" "$@" -c "$scratch/sparsam.conf"; }
line='203.0.113.77 - erika [24/Nov/2026:01:40:29 +0000] "GET /b/abc-def-ghi?t=1 HTTP/1.1" 200 12 "-" "curl/7.88.1"'

promise "explain shows before and after, field by field, with the rule that decided"
printf '%s\nnonsense\n' "$line" | logscrub explain --store nginx-access >"$scratch/out" 2>/dev/null
has "$scratch/out" "- $line"
grep -qE '^    remote_user +drop +erika -> -$' "$scratch/out" || fail "no row for remote_user"
grep -qE '^    remote_addr +pseudonym +203\.0\.113\.77 -> ip4:' "$scratch/out" || fail "no row for remote_addr"
grep -qE '^    request +method\+path +GET .* -> GET /b/:id HTTP/1.1$' "$scratch/out" || fail "no row for request"
has "$scratch/out" 'dropped: no-match'

promise "--json says the same, one fact a line"
printf '%s\nnonsense\n' "$line" | logscrub explain --json --store nginx-access 2>/dev/null >"$scratch/json"
[ "$(jq -r 'select(.field=="remote_user") | "\(.v) \(.line) \(.rule) \(.before) \(.after)"' "$scratch/json")" = "1 1 drop erika -" ] ||
	fail "the JSON differs"
[ "$(jq -r 'select(.line==2) | .result' "$scratch/json")" = no-match ] || fail "the second line has another result"

promise "control bytes of a log line do not reach the terminal"
printf '203.0.113.77 - \033]0;x\007 [24/Nov/2026:01:40:29 +0000] "GET / HTTP/1.1" 200 12 "-" "-"\n' |
	logscrub explain --store nginx-access >"$scratch/out" 2>/dev/null
! grep -qP '\x1b' "$scratch/out" || fail "an escape byte was printed"

promise "check-config lists the stores, and compiles every format and rule"
logscrub check-config >"$scratch/out"
grep -qE '^nginx-access +nginx-access +log-and-system-data +7 d' "$scratch/out" || fail "nginx-access is not in the table"
[ "$(logscrub check-config --json | jq -r 'select(.store=="sshd") | .period_s')" = 604800 ] || fail "no period in the JSON"

promise "whatever is wrong is named with file and line, and with status 78"
bad() { # expected place, then the text
	printf 'state_dir = "%s/state"\n%s\n' "$scratch" "$2" >"$scratch/bad.conf"
	expect 78 "$SPARSAM_BIN/logscrub" check-config -c "$scratch/bad.conf" 2>"$scratch/err" >/dev/null
	grep -q "bad.conf:$1" "$scratch/err" || fail "not at line $1: $(cat "$scratch/err")"
}
bad 2 'format "x" { type = "pattern" pattern = { "(" } }'
# shellcheck disable=SC2016 # a template's variables
bad 2 'format "x" { type = "template" template = "$a$b" }'
bad 2 'store "x" { type = "textlog" period = "7d" }'
bad 3 $'format "x" { type = "template" template = \'$a $b\' }\nstore "x" { type = "textlog" format = "x" category = "log-and-system-data" period = "7d" scrub { keep = { "c" } } }'
bad 3 $'format "x" { type = "template" template = \'$a [$time_local]\' }\nstore "x" { type = "textlog" format = "x" category = "log-and-system-data" period = "7d" scrub { keep = { "a" } } }'
