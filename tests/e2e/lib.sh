# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# lib.sh - what every story begins with:  . "$(dirname "$0")/lib.sh"
#
# A story runs alone (bash tests/e2e/NN-name.sh) and in parallel with others, as root and as an
# ordinary user. It gets
#   $root        the source tree               $SPARSAM_BIN   the folder of the built programs
#   $scratch     a folder of its own, mode 0700, gone at the end with every process begun by `spawn`
# and stops at the first command that fails. However it ends, its function `at_end` is called, if it
# has one. `promise` says what comes next is meant to show.
set -euo pipefail
root=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
VARIANT=${VARIANT:-release}
BUILD=${BUILD:-$root/build}
SPARSAM_BIN=${SPARSAM_BIN:-$BUILD/$VARIANT/bin}
export SPARSAM_BIN BUILD VARIANT
export LC_ALL=C.UTF-8 TZ=UTC
export PATH=$PATH:/usr/sbin:/sbin # where daemons are, also for an ordinary user
unset SPARSAM_CONF LANGUAGE MAKEFLAGS MFLAGS MAKELEVEL
umask 077
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sparsam.XXXXXX")
spawned=()

cleanup() {
	local status=$? pid
	trap - EXIT ERR
	! declare -F at_end >/dev/null || at_end || true # what a story has to undo itself
	for pid in "${spawned[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in "${spawned[@]}"; do
		wait_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || show_logs
	rm -rf "$scratch"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'printf "failed: %s line %d: %s\n" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR

show_logs() {
	local log
	for log in "$scratch"/*.log; do
		[ ! -s "$log" ] || { printf -- '--- %s\n' "${log##*/}" && tail -n 20 "$log"; }
	done >&2
}

promise() { printf '%s\n' "- $*"; }

fail() {
	printf 'failed: %s\n' "$*" >&2
	exit 1
}

# What is missing has to be said: tests/run shows the last line, and fails it on the CI machine.
skip() {
	printf '%s\n' "$*"
	exit 77
}

need_root() { [ "$(id -u)" -eq 0 ] || skip "needs root"; }
need() { command -v "$1" >/dev/null || skip "needs $1"; }
need_tracing() {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "needs to be allowed to trace"
}
need_killat() { # tests/fault: $killat, which ends a program at its Nth step
	killat=$BUILD/$VARIANT/fault/killat
	[ -x "$killat" ] || skip "needs $killat: make check"
}

# spawn LOG COMMAND... : begins COMMAND in the background; its id is in $!
spawn() {
	local log=$1
	shift
	"$@" >"$scratch/$log.log" 2>&1 </dev/null &
	spawned+=("$!")
}

# wait_for COMMAND... : until COMMAND is true, at most 20 seconds
wait_for() {
	local end=$((SECONDS + ${WAIT_S:-20}))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { printf 'waited in vain for: %s\n' "$*" >&2 && return 1; }
		sleep 0.05
	done
}

is_gone() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; }
wait_gone() { wait_for is_gone "$1"; }

# takes_signals PID : the service has got so far that HUP, INT, USR1, USR2 and TERM do not just end it
takes_signals() { grep -q '^SigBlk:.*4a03$' "/proc/$1/status"; }

# faked OFFSET COMMAND... : COMMAND with its clock OFFSET (+31d) away. Not by faketime(1): what it makes in /dev/shm is named by process
# id and stays, so that it fails for whoever gets that id next.
faketime_lib=$(find /usr/lib/*/faketime -name libfaketime.so.1 2>/dev/null | head -n 1 || true)
faked() { env LD_PRELOAD="$faketime_lib" FAKETIME="$1" "${@:2}"; }

# expect STATUS COMMAND... : COMMAND ends with STATUS
expect() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -eq "$wanted" ] || fail "exit $status instead of $wanted: $*"
}

# has / has_not FILE TEXT : does FILE hold TEXT (no pattern)?
has() { grep -qaF -e "$2" "$1" || fail "$1 does not hold: $2"; }
has_not() { ! grep -aF -e "$2" "$1" >&2 || fail "$1 holds: $2"; }

same() { diff -u "$1" "$2" >&2 || fail "$1 and $2 differ"; }
