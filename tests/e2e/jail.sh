# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# jail.sh - a machine for daemons that insist on one:  . "$(dirname "$0")/jail.sh"  behind lib.sh
#
#   jail                  begins namespaces (files, processes, network, host name) whose files are the machine's
#                         with a layer in memory on top: users, /etc, /var and /dev/log can be changed, and nothing
#                         of it is left when the story ends. An rsyslogd inside writes what comes to /dev/log to
#                         $raw/3164.log and $raw/3339.log, each line in one of the two forms that are met, and
#                         hands it to a `logscrub run` with the shipped configuration.
#   in_jail COMMAND...    runs it inside; the current folder is $scratch, which is the same inside and outside
#   client ADDRESS...     lets programs inside connect from ADDRESS to loopback
#   personal VALUE...     what must not come out of any store, from here on
#   said TEXT             has it arrived in the raw log? for wait_for
#   programs STORE TAGS   the lines of these programs (an extended regular expression) go through the shipped STORE, in both
#                         forms: none is lost, a second pass changes nothing, no personal value is left; the
#                         result is $scratch/STORE.out
#   lines STORE FILE      the same for a file that a product wrote itself; lines may be lost
#   kept STORE PATTERN... each extended regular expression matches a line of $scratch/STORE.out
# Needs root.
raw=$scratch/raw

in_jail() {
	(umask 022 && exec nsenter -t "$jail_pid" -m -u -n -p -i --root --wdns="$scratch" -- "$@")
}

client() {
	local address
	for address; do
		in_jail ip address add "$address" dev lo
	done
}

# Runs in its own namespaces, as their first process.
jail_inside() {
	local r=$scratch/jail/root d
	umask 022
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 tmpfs "$scratch/jail"
	mkdir "$scratch"/jail/{up,work,root}
	mount -t overlay -o "lowerdir=/,upperdir=$scratch/jail/up,workdir=$scratch/jail/work" overlay "$r"
	mount -t proc proc "$r/proc"
	mount -t tmpfs -o mode=755 tmpfs "$r/run"
	mount -t tmpfs -o mode=1777 tmpfs "$r/tmp"
	mount -t tmpfs -o mode=755 tmpfs "$r/dev"
	mknod -m 666 "$r/dev/null" c 1 3
	mknod -m 666 "$r/dev/zero" c 1 5
	mknod -m 666 "$r/dev/random" c 1 8
	mknod -m 666 "$r/dev/urandom" c 1 9
	mknod -m 666 "$r/dev/tty" c 5 0
	mkdir -m 1777 "$r/dev/shm"
	mkdir "$r/dev/pts"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$r/dev/pts"
	ln -s pts/ptmx "$r/dev/ptmx"
	ln -s /proc/self/fd "$r/dev/fd"
	for d in "$scratch" "$root" "$BUILD"; do # which may lie below what is covered by now
		mkdir -p "$r$d"
		mount --bind "$d" "$r$d"
	done
	hostname node
	echo "127.0.0.1 node localhost" >"$r/etc/hosts"
	ip link set lo up
	cd "$r" || exit
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec chroot . bash -c 'trap "exit 0" TERM; : >"$0"; while :; do sleep 1000 & wait $!; done' "$scratch/jail.ready"
}

jail() {
	local parent
	need_root
	mkdir -p "$scratch/jail" "$raw"
	chmod 711 "$scratch" # what runs as another user goes through it
	export -f jail_inside
	scratch=$scratch root=$root unshare --mount --pid --fork --net --uts --ipc --kill-child bash -euc jail_inside >"$scratch/jail.log" 2>&1 &
	parent=$!
	spawned+=("$parent")
	wait_for test -e "$scratch/jail.ready"
	jail_pid=$(pgrep -P "$parent")
	spawned=("$jail_pid" "${spawned[@]}") # its end is the end of all inside
	jail_keys
	jail_logs
}

jail_keys() {
	mkdir -m 700 "$scratch/credentials" "$scratch/state"
	head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
	export CREDENTIALS_DIRECTORY=$scratch/credentials
	sed -e "s,systemd:syslog,unix:$scratch/scrub.sock," -e '/^source "journal"/,/^}/d' "$root/conf/sparsam.conf" >"$scratch/sparsam.conf"
	printf '%s = "%s"\n' state_dir "$scratch/state" metrics_dir "$scratch" log_dir "$scratch/log" \
		runtime_dir "$scratch" >>"$scratch/sparsam.conf"
	mkdir "$scratch/log"
	: >"$scratch/personal"
}

jail_logs() {
	spawn service in_jail env CREDENTIALS_DIRECTORY="$scratch/credentials" "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
	wait_for test -S "$scratch/scrub.sock"
	cat >"$scratch/rsyslog.conf" <<-EOF
		global(workDirectory="$raw")
		module(load="imuxsock" SysSock.RateLimit.Interval="0")
		module(load="omuxsock")
		\$OMUxSockSocket $scratch/scrub.sock
		action(type="omfile" file="$raw/3164.log" template="RSYSLOG_TraditionalFileFormat")
		action(type="omfile" file="$raw/3339.log" template="RSYSLOG_FileFormat")
		*.* :omuxsock:;RSYSLOG_ForwardFormat
	EOF
	spawn rsyslogd in_jail rsyslogd -n -f "$scratch/rsyslog.conf" -i "$raw/rsyslog.pid"
	wait_for in_jail test -S /dev/log
}

personal() { printf '%s\n' "$@" >>"$scratch/personal"; }
said() { grep -qaF -e "$1" "$raw/3339.log"; }

# STORE FILE: through the rule, twice
through() {
	"$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store "$1" "$2" >"$2.once" 2>"$2.err"
	"$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store "$1" "$2.once" >"$2.twice" 2>>"$2.err"
	same "$2.once" "$2.twice"
	! grep -aiFf "$scratch/personal" "$2.once" "$2.err" >&2 || fail "$1 leaks"
	cat "$2.once" >>"$scratch/$1.out"
}

programs() {
	local form
	for form in 3164 3339; do
		grep -aE "^([A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9-]{10}T[^ ]+) node ($2)(\[[0-9]+\])?:" "$raw/$form.log" \
			>"$scratch/$1.$form" || fail "nothing of $2 in the raw log"
		through "$1" "$scratch/$1.$form"
		[ "$(wc -l <"$scratch/$1.$form")" -eq "$(wc -l <"$scratch/$1.$form.once")" ] || fail "$1 loses lines"
	done
	[ ! -e "$scratch/log/$1.log" ] || ! grep -aiFf "$scratch/personal" "$scratch/log/$1.log" >&2 || fail "$1 leaks, as a service"
}

lines() {
	cp "$2" "$scratch/$1.raw"
	through "$1" "$scratch/$1.raw"
}

kept() {
	local store=$1 pattern
	shift
	for pattern; do
		grep -qaE -e "$pattern" "$scratch/$store.out" || fail "$store does not keep: $pattern"
	done
}
