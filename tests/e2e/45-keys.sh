#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A person asks what is stored about her: her token is found while its day's key lives, and never after.
. "$(dirname "$0")/lib.sh"
logscrub=$SPARSAM_BIN/logscrub
conf=$scratch/sparsam.conf
keys=$scratch/state/keys
export CREDENTIALS_DIRECTORY=$scratch/creds
mkdir "$scratch/creds"
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
cat >"$conf" <<-END
	state_dir   = "$scratch/state"
	metrics_dir = "$scratch"
	credential  = "$scratch/sealed/sparsam-keys"
END
today=$(date -u +%F) yesterday=$(date -u -d '1 day ago' +%F)
clf=$(LC_ALL=C date -u -d "$yesterday 12:00" +%d/%b/%Y:%T)

promise "the token of an address finds its records of that day"
printf '%s - - [%s +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"\n' 203.0.113.7 "$clf" 2001:db8::7 "$clf" |
	"$logscrub" -c "$conf" --store nginx-access >"$scratch/clean.log"
printf '%s\n' 203.0.113.7 2001:DB8:0::7 | "$logscrub" token -c "$conf" --at "$yesterday" >"$scratch/tokens"
[ "$(grep -cFf "$scratch/tokens" "$scratch/clean.log")" -eq 2 ] || fail "not found: $(cat "$scratch/tokens" "$scratch/clean.log")"
[ "$(sort -u "$scratch/tokens" | wc -l)" -eq 2 ] || fail "two addresses have one token"

promise "a mapped address has the same one, a time counts as its day, and another day differs"
echo ::ffff:203.0.113.7 | "$logscrub" token -c "$conf" --at "${yesterday}T23:59:59Z" >"$scratch/mapped"
same "$scratch/mapped" <(head -n 1 "$scratch/tokens")
echo 203.0.113.7 | "$logscrub" token -c "$conf" --at now >"$scratch/other"
has_not "$scratch/tokens" "$(cat "$scratch/other")"

promise "an address is no argument, and what is none is answered in its place"
expect 64 "$logscrub" token -c "$conf" --at now 203.0.113.7 2>"$scratch/stderr.log"
has_not "$scratch/stderr.log" 203.0.113.7
expect 64 "$logscrub" token -c "$conf" </dev/null 2>>"$scratch/stderr.log"
expect 64 "$logscrub" token -c "$conf" --at 2026-02-30 </dev/null 2>>"$scratch/stderr.log"
printf '%s\n' 203.0.113.7 anna 2001:db8::7 >"$scratch/asked"
expect 65 "$logscrub" token -c "$conf" --at "$yesterday" <"$scratch/asked" >"$scratch/answers" 2>"$scratch/stderr.log"
same "$scratch/answers" <(sed -e 1p -e '1s/.*/-/' "$scratch/tokens")
has_not "$scratch/stderr.log" anna
{ head -c 1000000 /dev/zero && printf '\n203.0.113.7\n'; } >"$scratch/asked"
expect 65 "$logscrub" token -c "$conf" --at "$yesterday" <"$scratch/asked" >"$scratch/answers" 2>"$scratch/stderr.log"
same "$scratch/answers" <(echo - && head -n 1 "$scratch/tokens")

promise "--id finds a meeting's records in the same way"
meeting=183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1716216409672
printf '%sT01:02:03.004Z INFO  o.b.api.MeetingService -  --analytics-- data={"logCode":"meeting_ended","meetingId":"%s"}\n' \
	"$yesterday" "$meeting" | "$logscrub" -c "$conf" --store bbb-web >"$scratch/meeting.log"
has_not "$scratch/meeting.log" "$meeting"
has "$scratch/meeting.log" "$(echo "$meeting" | "$logscrub" token -c "$conf" --at "$yesterday" --id)"

promise "--json tells the day, the /64, and whether the key lasts"
echo 2001:db8::7 | "$logscrub" token -c "$conf" --at "$yesterday" --json >"$scratch/json"
jq -e --arg day "$yesterday" '.v == 1 and .day == $day and (.token | startswith("ip6:")) and
	(.net | startswith("net6:")) and .throwaway == false' "$scratch/json" >"$scratch/jq.log"

promise "--json tells how a store that renders tokens as addresses has it; networks to keep stay"
mkdir "$scratch/stores.d"
cat >"$scratch/stores.d/rendered.conf" <<-'END'
	store "rendered" {
	  type     = "textlog"
	  format   = "nginx-combined"
	  category = "log-and-system-data"
	  purpose  = "test"
	  basis    = "test"
	  period   = "7d"
	  scrub {
	    keep          = { "time_local" }
	    pseudonym     = { "remote_addr" }
	    keep_networks = { "10.0.0.0/8" }
	    render        = "address"
	  }
	}
END
printf '%s - - [%s +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"\n' 2001:db8::7 "$clf" ::ffff:10.1.2.3 "$clf" |
	"$logscrub" -c "$conf" --store rendered >"$scratch/rendered.log"
same <(cut -d ' ' -f 1 "$scratch/rendered.log") <(jq -r .rendered "$scratch/json" && echo 10.1.2.3)
"$logscrub" -c "$conf" --store rendered "$scratch/rendered.log" >"$scratch/again.log"
same "$scratch/rendered.log" "$scratch/again.log"

promise "the key is that of a record's own day in UTC, whatever its zone"
midnight=$(LC_ALL=C date -u -d "$today" +%d/%b/%Y:00:30:00)
printf '203.0.113.7 - - [%s +0100] "GET / HTTP/1.1" 200 12 "-" "curl/8"\n' "$midnight" |
	"$logscrub" -c "$conf" --store nginx-access >"$scratch/zone.log"
has "$scratch/zone.log" "$(head -n 1 "$scratch/tokens")"
echo 203.0.113.7 | "$logscrub" token -c "$conf" --at "${today}T00:30:00+01:00" >"$scratch/zone"
same "$scratch/zone" <(head -n 1 "$scratch/tokens")

promise "a day past the longest period, or to come, has a throw-away key, which is said"
for at in 2020-01-01 2999-01-01; do
	echo 203.0.113.7 >"$scratch/asked"
	expect 1 "$logscrub" token -c "$conf" --at $at <"$scratch/asked" >"$scratch/answers" 2>"$scratch/stderr.log"
	has "$scratch/stderr.log" "throw-away key serves: $at"
done

promise "the key folder is for its owner alone, marked, and listed"
[ "$(stat -c %a "$keys" "$keys/$today.key" | paste -sd ' ')" = "700 600" ] || fail "the keys are open"
head -c 43 "$keys/CACHEDIR.TAG" | grep -qxF 'Signature: 8a477f597d28d172789f06886806bc55'
"$logscrub" keys -c "$conf" >"$scratch/list"
same "$scratch/list" <(printf '%s  live\n' "$yesterday" "$today")

promise "a destruction does what its plan says, and the day's tokens can't be made again"
"$logscrub" keys -c "$conf" --destroy-before "$today" --dry-run >"$scratch/plan"
same "$scratch/plan" <(echo "$yesterday  destroy")
[ -e "$keys/$yesterday.key" ] || fail "a dry run destroyed a key"
"$logscrub" keys -c "$conf" --destroy-before "$today" >"$scratch/done"
same "$scratch/plan" <(head -n 1 "$scratch/done")
[ ! -e "$keys/$yesterday.key" ] || fail "the key is still there"
"$logscrub" keys -c "$conf" --json >"$scratch/json"
same "$scratch/json" <(printf '{"v":1,"destroyed_before":"%s"}\n{"v":1,"day":"%s","state":"live"}\n' "$today" "$today")
echo 203.0.113.7 >"$scratch/asked"
expect 1 "$logscrub" token -c "$conf" --at "$yesterday" <"$scratch/asked" >"$scratch/after" 2>"$scratch/stderr.log"
has "$scratch/stderr.log" "destroyed: a throw-away key serves: $yesterday"
has_not "$scratch/clean.log" "$(cat "$scratch/after")"
expect 77 "$logscrub" keys -c "$conf" --destroy-before 2999-01-01 --dry-run 2>"$scratch/stderr.log"

promise "without a key the filter still writes no address, and says that its tokens do not last"
env -u CREDENTIALS_DIRECTORY "$logscrub" -c "$conf" --store nginx-access >"$scratch/clean.log" 2>"$scratch/stderr.log" \
	<<<"203.0.113.7 - - [$clf +0000] \"GET / HTTP/1.1\" 200 12 \"-\" \"curl/8\""
has "$scratch/clean.log" ip4:
has_not "$scratch/clean.log" 203.0.113.7
[ "$(grep -c 'throw-away' "$scratch/stderr.log")" -eq 1 ] || fail "$(cat "$scratch/stderr.log")"

need_root
need systemd-creds
unshare -m true 2>/dev/null || skip "needs a mount namespace"
promise "the wrapping key is made once, sealed with the host's key, and root's commands unseal it"
# The host's key is made in this place, so that none is left behind.
# shellcheck disable=SC2016 # expanded by the inner shell
unshare -m bash -euc '
	mount -t tmpfs tmpfs /var/lib/systemd
	unset CREDENTIALS_DIRECTORY
	"$1" keys -c "$2" --init 2>&1
	[ "$(stat -c %a "$3/sealed/sparsam-keys")" = 600 ]
	! "$1" keys -c "$2" --init 2>"$3/again"
	rm -r "$3/state"
	echo 203.0.113.7 | "$1" token -c "$2" --at now >"$3/one" 2>"$3/stderr.log"
	echo 203.0.113.7 | "$1" token -c "$2" --at now >"$3/two" 2>>"$3/stderr.log"
' bash "$logscrub" "$conf" "$scratch"
has "$scratch/again" "there is a wrapping key already"
same "$scratch/one" "$scratch/two"
[ ! -s "$scratch/stderr.log" ] || fail "$(cat "$scratch/stderr.log")"
