#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each shipped store reads its product's own lines, writes what its rule keeps, and nothing that names a person.
#
# For each store a pair of files in tests/data/stores:
#   STORE.log       lines as the product writes them, with invented values: in each form in which it delivers them (file, syslog,
#                   journal), with each time stamp, each trap of the product once, lines of no known form at the end. What a person
#                   could have put there holds "canary" or "secret", an address is 203.0.113.x or 2001:db8::x, a password hunter2.
#   STORE.expected  what the rule makes of them, by eye; tokens as ip4:TOKEN, ip6:TOKEN, id:TOKEN
# (STORE.rendered.log and .rendered.expected where no line of the product was at hand, but its source),
# and tests/data/canaries, patterns of what must not come out of any. 11-canaries.sh takes the same lines and plants other values
# into every place of them: so what a kept field may hold has to be narrow in the format's grammar (numbers, enumerations, short
# fixed words); for a member of JSON, which has no grammar, the rule says so (number, flag, one-of).
. "$(dirname "$0")/lib.sh"
data=$root/tests/data
conf=$scratch/sparsam.conf
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >"$conf"
mkdir -m 700 "$scratch/credentials"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
grep -v '^#' "$data/canaries" >"$scratch/canaries"

# Tokens depend on the day's key: what is compared with the expectation has them all alike.
tokens() { sed -E 's/(^|[^a-z])(ip4|ip6|net6|id):[a-z2-7]{16}/\1\2:TOKEN/g'; }

for file in "$data"/stores/*.log; do
	store=$(basename "$file" .log)
	store=${store%.rendered}
	promise "$store: what its rule keeps comes out, and nothing else"
	"$SPARSAM_BIN/logscrub" -c "$conf" --store "$store" "$file" >"$scratch/$store.once" 2>"$scratch/$store.err"
	tokens <"$scratch/$store.once" >"$scratch/$store.seen"
	same "${file%.log}.expected" "$scratch/$store.seen"

	promise "$store: no planted value comes out, in any case or encoding"
	! grep -aniEf "$scratch/canaries" "$scratch/$store.once" >&2 || fail "$store leaks"
	! grep -aniEf "$scratch/canaries" "$scratch/$store.err" >&2 || fail "$store leaks into its messages"

	promise "$store: a second pass changes no byte"
	"$SPARSAM_BIN/logscrub" -c "$conf" --store "$store" "$scratch/$store.once" >"$scratch/$store.twice"
	same "$scratch/$store.once" "$scratch/$store.twice"
done

promise "two addresses of a line stay two, also where both are known from the line before"
line=$(grep 'Auto Changing audio port' "$data/stores/freeswitch.log")
printf '%s\n' "$line" "$line" | "$SPARSAM_BIN/logscrub" -c "$conf" --store freeswitch >"$scratch/two"
[ "$(grep -oE 'ip4:[a-z2-7]{16}' "$scratch/two" | sort | uniq -c | awk '{ print $1 }' | xargs)" = "2 2" ] ||
	fail "$(cat "$scratch/two")"

promise "one address has one token, in every store and form, on one day"
tok=$(echo 203.0.113.77 | "$SPARSAM_BIN/logscrub" token -c "$conf" --at 2026-11-24T12:00:00Z)
case $(date -u +%F) in
2026-11-2[4-9] | 2026-11-30) has "$scratch/nginx-access.once" "$tok" ;;
esac
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
tok=$(echo ::ffff:203.0.113.77 | "$SPARSAM_BIN/logscrub" token -c "$conf" --at "$now")
printf '%s vm sshd[1]: Invalid user x from 203.0.113.77 port 5\n' "$now" |
	"$SPARSAM_BIN/logscrub" -c "$conf" --store sshd >"$scratch/now"
has "$scratch/now" "from $tok port"
