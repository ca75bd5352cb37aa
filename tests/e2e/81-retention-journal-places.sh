#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every place where journald and its like put files is found and aged: /var and /run, every namespace, users' own files, and what
# came from other machines.
. "$(dirname "$0")/lib.sh"
need_root
need jq
need gpg
need python3
[ -x /lib/systemd/systemd-journal-remote ] || skip "needs systemd-journal-remote"
unshare -m true 2>/dev/null || skip "needs a mount namespace"
faketime=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$faketime" ] || skip "needs faketime"
mkdir -p "$scratch"/{creds,state,stores.d,varlog}
export CREDENTIALS_DIRECTORY=$scratch/creds
head -c 32 /dev/urandom >"$scratch/creds/sparsam-keys"
cat >"$scratch/sparsam.conf" <<CONF
state_dir   = "$scratch/state"
runtime_dir = "$scratch"
metrics_dir = "$scratch"
log_dir     = "$scratch/none"
credential  = "$scratch/sealed"
clock       = "local"
CONF
cat >"$scratch/send.py" <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1] + "/socket")
if len(sys.argv) > 3: # as that user
    os.setgroups([])
    os.setuid(int(sys.argv[3]))
for i in range(1, 21):
    s.send(f"SYSLOG_IDENTIFIER=app\nMESSAGE={sys.argv[2]} {i} from 203.0.113.7\n".encode())
PY
id=$(cat /etc/machine-id)

retention() { "$SPARSAM_BIN/retention" "$@" -c "$scratch/sparsam.conf"; }
run() { retention run --store journal-rest >"$scratch/run.log" 2>&1; }
# count PATTERN TEXT : entries with TEXT in the files that PATTERN names, each read for itself
count() {
	local f n=0
	for f in $1; do
		[ ! -e "$f" ] || n=$((n + $(journalctl -q --no-pager --file="$f" -o json --all | jq -r .MESSAGE | grep -c "^$2 ")))
	done
	printf '%s\n' "$n"
}
is() { [ "$(count "$1" "$2")" -eq "$3" ] || fail "$1: $(count "$1" "$2") of $2, not $3"; }
has_entries() { [ "$(count "$1" "$2")" -eq "$3" ]; }

# The daemons: "" is the machine's own, on /var; "vol" one whose journal stays on /run.
dir_of() { printf '/run/systemd/journal%s\n' "${1:+.$1}"; }
daemons=()
begin() { # NAMESPACE [OFFSET]
	local d
	d=$(dir_of "$1")
	spawn "journald$1" env ${2:+LD_PRELOAD=$faketime FAKETIME=$2 DONT_FAKE_MONOTONIC=1} /lib/systemd/systemd-journald ${1:+"$1"}
	daemons+=("$!")
	wait_for test -S "$d/socket"
	wait_for test -S "$d/io.systemd.journal"
}
stop() {
	local d
	for d in "${daemons[@]}"; do
		kill "$d"
		wait "$d" || true
	done
	daemons=()
	rm -f /run/systemd/journal*/socket /run/systemd/journal*/io.systemd.journal
}
send() { # NAMESPACE TEXT [USER]
	python3 "$scratch/send.py" "$(dir_of "$1")" "${@:2}"
}
remote() { # FILE DAYS TEXT... : what systemd-journal-remote writes of another machine, DAYS old
	local file=$1 days=$2 text i
	shift 2
	for text; do
		for i in {1..20}; do
			printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID=fedcba98765432100123456789abcdef\nSYSLOG_IDENTIFIER=app\nMESSAGE=%s %s from 203.0.113.7\n\n' \
				$((($(date +%s) - days * 86400 + i) * 1000000)) $((1000000 * (86400 * (30 - days) + i))) "$text" "$i"
		done
		days=$((days > 3 ? 2 : days))
	done | /lib/systemd/systemd-journal-remote -o "$file" - >"$scratch/remote.log" 2>&1
}

story() {
	mount --bind "$scratch/varlog" /var/log
	mount -t tmpfs tmpfs /run
	mkdir -p /run/systemd/journal /run/systemd/journal.vol /run/systemd/journald.conf.d /run/systemd/journald@vol.conf.d \
		"/var/log/journal/$id" /var/log/journal/remote
	touch /run/systemd/journal/flushed
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=persistent\nReadKMsg=no\nAudit=no\n' >/run/systemd/journald.conf.d/t.conf
	printf '[Journal]\nRateLimitIntervalSec=0\nStorage=volatile\n' >/run/systemd/journald@vol.conf.d/t.conf
	system="/var/log/journal/$id/system*.journal" user="/var/log/journal/$id/user-1500*.journal"
	volatile="/run/log/journal/$id.vol/system*.journal" other="/var/log/journal/remote/*.journal"
	for when in -10d:old -2d:young :now; do
		begin "" "${when%:*}"
		begin vol "${when%:*}"
		send "" "${when#*:}"
		send "" "${when#*:}" 1500
		send vol "${when#*:}"
		wait_for has_entries "$system" "${when#*:}" 20
		wait_for has_entries "$user" "${when#*:}" 20
		wait_for has_entries "$volatile" "${when#*:}" 20
		[ "$when" = :now ] || stop
	done
	remote /var/log/journal/remote/remote-web1.journal 10 old young
	remote "/var/log/journal/remote/remote-web2@0123456789abcdef0123456789abcdef-0000000000000001-0005ed0000000000.journal" 9 old
	mkdir "/var/log/journal/fedcba98765432100123456789abcdef" # of a machine that this one was cloned from
	remote /var/log/journal/fedcba98765432100123456789abcdef/system.journal 20 old
	is "$other" old 40

	promise "past entries go from each of them, and the others stay: /var and /run, a user's own file, a namespace's, a remote machine's"
	retention init >/dev/null
	run || fail "exit $? $(cat "$scratch/run.log")"
	for place in "$system" "$user" "$volatile" "$other" "/var/log/journal/fedcba98765432100123456789abcdef/*.journal"; do
		is "$place" old 0
	done
	for place in "$system" "$user" "$volatile"; do
		is "$place" young 20
		is "$place" now 20
	done
	is "$other" young 20
	! find /var/log/journal /run/log/journal -type f -exec cat {} + | grep -qa 'old [0-9]* from' || fail "they lie in a file"

	promise "a user's own file stays his to read"
	for f in $user; do
		getfacl -cp "$f" 2>/dev/null | grep -qx 'user:1500:r--' || fail "$f: $(getfacl -cp "$f")"
	done

	promise "the daemons go on"
	for ns in "" vol; do
		send "$ns" after
	done
	wait_for has_entries "$system" after 20
	wait_for has_entries "$volatile" after 20
	for f in $system $user $volatile $other; do
		case $f in
		*/system.journal | */user-1500.journal) ;;
		*) journalctl --verify --file="$f" >"$scratch/verify.log" 2>&1 || fail "damaged: $f" ;;
		esac
	done

	promise "check: limits of journald's own that leave entries their time are fine"
	check() { retention check >"$scratch/check" 2>&1 || true; }
	limit() { # NAMESPACE LINE... : one more file for its journald, read by check at once, by journald when it begins again
		mkdir -p "/run/systemd/journald${1:+@$1}.conf.d"
		{ echo '[Journal]' && printf '%s\n' "${@:2}"; } >"/run/systemd/journald${1:+@$1}.conf.d/u.conf"
	}
	check
	has_not "$scratch/check" journald
	limit "" SystemMaxUse=10G SystemMaxFiles=200 MaxFileSec=1h
	limit vol RuntimeMaxUse=64M MaxFileSec=1h MaxRetentionSec=1day
	check
	has_not "$scratch/check" journald

	promise "check: a size, or a number of files, that does not last is a finding, by namespace"
	limit "" SystemMaxUse=16M MaxFileSec=1day
	limit vol MaxFileSec=1h
	check
	has "$scratch/check" 'journald: SystemMaxUse (16 MiB) is too small: 7.0 d take'
	has "$scratch/check" 'journald@vol: MaxFileSec is too small: 100 files last 4.2 d of 7.0 d'
	has_not "$scratch/check" 'journald: MaxFileSec'
	limit vol RuntimeMaxUse=17M
	check
	has "$scratch/check" 'journald@vol: RuntimeMaxUse (17 MiB) is too small: 7.0 d take'

	promise "check: so is a folder that is full and has lost young entries"
	limit "" SystemMaxUse=8M SystemKeepFree=1M
	limit vol
	stop
	begin ""
	begin vol
	journalctl -q --rotate
	is_gone() { [ "$(count "$system" young)" -eq 0 ]; }
	wait_for is_gone
	check
	has "$scratch/check" 'journald: it is full and has deleted entries of less than 7.0 d: the oldest is of'
	has_not "$scratch/check" 'journald@vol'
	limit ""

	promise "drop by hand: a namespace, which lies on /run and is written to, and no other"
	by_hand() { retention journal drop "$@" >"$scratch/drop.log" 2>&1 || fail "exit $? $(cat "$scratch/drop.log")"; }
	for ns in "" vol; do
		send "$ns" hand
	done
	wait_for has_entries "$system" hand 20
	wait_for has_entries "$volatile" hand 20
	by_hand SYSLOG_IDENTIFIER=app --namespace vol --dry-run
	is "$volatile" hand 20
	by_hand SYSLOG_IDENTIFIER=app --namespace vol
	is "$volatile" hand 0
	is "$volatile" now 0
	is "$system" hand 20
	! cat /run/log/journal/"$id.vol"/* | grep -qa 'hand [0-9]* from' || fail "they lie in a file"
	send vol later
	wait_for has_entries "$volatile" later 20

	promise "drop by hand: what other machines sent, alone and with all that is this one's"
	remote /var/log/journal/remote/remote-web3.journal 10 old young
	by_hand --until -5d --directory /var/log/journal/remote
	is "$other" old 0
	[ "$(count "$other" young)" -ge 20 ] || fail "too much went"
	by_hand SYSLOG_IDENTIFIER=app
	for place in "$system" "$user" "$volatile" "$other"; do
		[ "$(count "$place" '[a-z]*')" -eq "$(count "$place" 'none')" ] || fail "something is left in $place"
	done

	promise "what a process still reads of a file that was replaced is told, and a run tells it until it ends"
	remote /var/log/journal/remote/remote-web4.journal 4 one two
	spawn reader sh -c 'exec sleep 1000 </var/log/journal/remote/remote-web4.journal'
	reader=$!
	wait_for grep -q sleep "/proc/$reader/comm"
	is "$other" one 20
	by_hand --until -60h --directory /var/log/journal/remote
	has "$scratch/drop.log" remote-web4.journal
	has "$scratch/drop.log" 'still has it open (sleep'
	is "$other" one 0
	is "$other" two 20
	expect 1 run
	has "$scratch/run.log" 'still has it open'
	kill "$reader"
	wait "$reader" || true
	run || fail "exit $? $(cat "$scratch/run.log")"
	has_not "$scratch/run.log" 'still has it open'

	promise "what a killed run has left goes with the next one, an empty folder as well"
	mkdir "/var/log/journal/$id/.sparsam-new" /var/log/journal/remote/.sparsam-new
	echo half >/var/log/journal/remote/.sparsam-new/out.journal
	retention run --dry-run --store journal-rest >"$scratch/run.log"
	has "$scratch/run.log" "/var/log/journal/$id/.sparsam-new"
	[ -d "/var/log/journal/$id/.sparsam-new" ] || fail "a dry run has removed it"
	run || fail "exit $? $(cat "$scratch/run.log")"
	[ -z "$(find /var/log/journal -name .sparsam-new)" ] || fail "it is still there"
	rm /var/log/journal/remote/*

	promise "a hold on what came from another machine keeps it"
	remote /var/log/journal/remote/remote-web3.journal 10 old
	hold=$(echo 203.0.113.7 | retention hold add --incident T-1 --reason attack --owner ops --expires +30d --store journal-rest --from -)
	run || fail "exit $? $(cat "$scratch/run.log")"
	is "$other" old 0
	is "$scratch/state/hold/journal-rest/*.journal" old 20

	promise "drop by hand leaves what a hold covers, and takes what none does"
	remote /var/log/journal/remote/remote-web5.journal 3 mine
	by_hand SYSLOG_IDENTIFIER=app --directory /var/log/journal/remote
	is "$other" mine 20
	retention hold release "$hold"
	hold=$(echo 'mine 7 from' | retention hold add --incident T-2 --reason attack --owner ops --expires +30d --store journal-rest --from -)
	by_hand SYSLOG_IDENTIFIER=app --directory /var/log/journal/remote
	is "$other" mine 1
	retention hold release "$hold"
	by_hand SYSLOG_IDENTIFIER=app --directory /var/log/journal/remote
	is "$other" mine 0
	remote /var/log/journal/remote/remote-web6.journal 10 old
	run || fail "exit $? $(cat "$scratch/run.log")"
	is "$other" old 0
	is "$scratch/state/hold/journal-rest/*.journal" old 0
	stop
}
status=0
BASH_ENV='' unshare -m --propagation private bash -c "$(declare -f); $(declare -p scratch SPARSAM_BIN root faketime id daemons)
	set -euo pipefail; spawned=(); trap 'for p in \"\${spawned[@]}\"; do kill \"\$p\" 2>/dev/null || true; done; wait' EXIT
	trap 'printf \"failed: line %d: %s\n\" \"\$LINENO\" \"\$BASH_COMMAND\" >&2' ERR
	story" || status=$?
[ "$status" -eq 0 ] || fail "the story ended with $status"
