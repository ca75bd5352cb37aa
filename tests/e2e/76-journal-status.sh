#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How old the oldest entry of a journal is, and whether that is late: each by the period of whose entry it is.
. "$(dirname "$0")/lib.sh"
need jq
need gpg
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
mkdir -p "$scratch"/{state,stores.d,journal,none}
cat >"$scratch/sparsam.conf" <<CONF
state_dir   = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir     = "$scratch/none"
credential  = "$scratch/sealed"
clock       = "local"
CONF
cat >"$scratch/stores.d/apps.conf" <<CONF
store "apps" {
  type = "journal"
  paths = { "$scratch/journal/*.journal" }
  category = "log-and-system-data"
  period = "7d"
}
store "debug" {
  type = "journal"
  paths = { "$scratch/none/*.journal" }
  journal = { "PRIORITY=7 + !_SYSTEMD_UNIT=quiet*" }
  category = "log-and-system-data"
  period = "2d"
}
store "audit" {
  type = "journal"
  paths = { "$scratch/none/audit/*.journal" }
  journal = { "SYSLOG_IDENTIFIER=audit" }
  category = "contract"
  period = "30d"
}
CONF
retention() { "$SPARSAM_BIN/retention" "$@" -c "$scratch/sparsam.conf"; }
file=$scratch/journal/a.journal
at=0
entry() { # DAYS[-MINUTES] FIELD=VALUE... : an entry of so many days ago, less so many minutes
	local days=${1%-*} minutes=0
	[ "$days" = "$1" ] || minutes=${1#*-}
	shift
	at=$((at + 1))
	printf '__REALTIME_TIMESTAMP=%s000000\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=%032d\n' \
		$(($(date +%s) - days * 86400 + minutes * 60)) $at 1
	printf '%s\n' "$@" MESSAGE=text ''
}
write() { /lib/systemd/systemd-journal-remote -o "$file" - >/dev/null 2>&1; }
status() { retention status --json | jq -c 'select(.store == "apps") | [.light, .late, ((.oldest_s // 0) / 86400 | floor)]'; }
is() { [ "$(status)" = "$1" ] || fail "$(status), not $1"; }

promise "the oldest entry of a journal has its age, and what may stay for longer is not late"
{
	entry 20 SYSLOG_IDENTIFIER=audit
	entry 4 PRIORITY=6
	entry 3 PRIORITY=7 _SYSTEMD_UNIT=quiet.service
	entry 3 PRIORITY=7 _SYSTEMD_UNIT=other.service
	entry 3 PRIORITY=7
	entry 1 PRIORITY=7
} | write
retention init >/dev/null
is '["green",false,4]'

promise "a rule with a not takes what it claims, and nothing else"
retention run >"$scratch/run.log" 2>&1
[ "$(journalctl -q --file="$file" -o json | jq -r '[.SYSLOG_IDENTIFIER, .PRIORITY, ._SYSTEMD_UNIT] | join(",")' | paste -sd ' ')" = \
	"audit,, ,6, ,7,quiet.service ,7," ] || fail "other entries: $(journalctl -q --file="$file" -o json)"
is '["green",false,4]'
retention report --text >"$scratch/report"
has "$scratch/report" "apps: oldest record ever 4.0 d"

promise "an entry that is past its period is late"
rm "$file"
entry 9 PRIORITY=6 | write
is '["red",true,9]'
expect 2 retention check >"$scratch/check"
has "$scratch/check" "'apps'=7776"
retention run >"$scratch/run.log" 2>&1
[ ! -e "$file" ] || fail "it is left"
[ -z "$(status)" ] || fail "$(status) of an empty store"

promise "an entry of a store that keeps its own for longer is late when it is past that store's period, too"
{
	entry 40 SYSLOG_IDENTIFIER=audit
	entry 20 SYSLOG_IDENTIFIER=audit
	entry 4 PRIORITY=6
} | write
is '["red",true,40]'
expect 2 retention check >"$scratch/check"
has "$scratch/check" "'apps'=34560"
retention run >"$scratch/run.log" 2>&1
is '["green",false,4]'

promise "what the next run takes from such a store is not late"
rm "$file"
{
	entry 30-20 SYSLOG_IDENTIFIER=audit
	entry 4 PRIORITY=6
} | write
is '["green",false,4]'
retention run >"$scratch/run.log" 2>&1
[ "$(journalctl -q --file="$file" -o cat | wc -l)" = 1 ] || fail "the next run does not take it"
