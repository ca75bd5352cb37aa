#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Logs that no shipped store knows: what is proposed for them loads, runs, keeps no one's data, and
# repeats none itself.
. "$(dirname "$0")/lib.sh"
logscrub=$SPARSAM_BIN/logscrub
data=$root/tests/data/suggest
mkdir -p "$scratch/stores.d"
cat >"$scratch/sparsam.conf" <<-CONF
	state_dir = "$scratch"
	metrics_dir = "$scratch"
	key_dir = "$scratch/keys"
	credential = "$scratch/none"
CONF

# propose NAME FILE: a proposal that loads, into stores.d; what it lets through, into NAME.out
propose() {
	local name=$1 file=$2
	"$logscrub" suggest --name "$name" "$file" >"$scratch/stores.d/$name.conf"
	"$logscrub" check-config -c "$scratch/sparsam.conf" >"$scratch/checked"
	has "$scratch/checked" "$name"
	"$logscrub" -c "$scratch/sparsam.conf" -s "$name" "$file" >"$scratch/$name.out" 2>"$scratch/$name.err"
	"$logscrub" -c "$scratch/sparsam.conf" -s "$name" "$scratch/$name.out" 2>/dev/null | cmp - "$scratch/$name.out" ||
		fail "$name: a second pass changes something"
	"$logscrub" explain -c "$scratch/sparsam.conf" -s "$name" --json "$file" >"$scratch/$name.explained"
	has "$scratch/$name.explained" '"result":"written"'
}

# Nothing that was planted stands in FILE: no name, address, mail address, phone number, secret.
clean() { # FILE [EXCEPT]
	local planted
	sed -E 's/ip[46]:[a-z2-7]{16}//g' "$1" >"$scratch/looked-at" # tokens may spell anything
	while read -r planted; do
		! grep -iF -e "$planted" "$scratch/looked-at" >&2 || fail "$1 holds $planted"
	done < <(grep -vE -e "^(${2:-nothing})\$" "$data/planted")
}

lines() { [ "$(wc -l <"$scratch/$1.out")" -eq "$2" ] || fail "$1: $(wc -l <"$scratch/$1.out") lines instead of $2"; }

promise "each proposal loads and runs, a second pass changes nothing, and neither holds what was planted"
for file in "$data"/*.log "$data"/*.csv; do
	name=$(basename "$file" | tr . -)
	case $name in
	apt-history-log) # nothing in it may be kept by itself
		"$logscrub" suggest --name "$name" "$file" >"$scratch/stores.d/$name.conf"
		"$logscrub" check-config -c "$scratch/sparsam.conf" >/dev/null
		clean "$scratch/stores.d/$name.conf"
		continue
		;;
	esac
	propose "$name" "$file"
	clean "$scratch/stores.d/$name.conf"
	case $name in
	syslog-log) clean "$scratch/$name.out" 'doord|vm1' ;; # as of every program in syslog
	*) clean "$scratch/$name.out" ;;
	esac
	expect 0 "$logscrub" detect "$scratch/stores.d/$name.conf"
	"$logscrub" --lang de suggest --name "$name" "$file" >"$scratch/german"
	clean "$scratch/german"
done

promise "what is read is what is there: each line of each form"
lines dpkg-log 60
lines squid-log 60
lines keyvalue-log 60
lines nginx-own-log 60
lines json-log 60
lines syslog-log 50
lines app-log 60
has "$scratch/stores.d/json-log.conf" 'type = "json"'
has "$scratch/stores.d/syslog-log.conf" 'type    = "syslog"'
has "$scratch/stores.d/table-csv.conf" ';(?<'

promise "what may be kept is kept: times, statuses, durations, levels, addresses as tokens"
grep -qxE 'time=2026-11-23T22:00:00Z level=(info|warn|error|debug) msg="-" user=- ip=ip[46]:[a-z2-7]{16} status=[0-9]{3} duration=[0-9.]+ ok=(true|false) session=-' \
	"$scratch/keyvalue-log.out" || fail "$(head -n 1 "$scratch/keyvalue-log.out")"
grep -qE '^ip[46]:[a-z2-7]{16} - \[23/Nov/2026:22:00:00 \+0000\] "(GET|POST) /:rest HTTP/[12].[01]" [0-9]{3} - [0-9.]+ "-" "(Firefox/128 Linux|curl/8)" host=- rt=' \
	"$scratch/nginx-own-log.out" || fail "$(head -n 1 "$scratch/nginx-own-log.out")"
grep -qE '"ctx":\{"ip":"ip[46]:[a-z2-7]{16}","req":\{"method":"(GET|POST)","status":(200|404)\}\}' "$scratch/json-log.out" ||
	fail "$(head -n 1 "$scratch/json-log.out")"
has "$scratch/syslog-log.out" 'doord['

promise "the names of people are no words of a pattern, even where every line has the same"
for i in 1 2 3 4 5 6; do
	printf 'Erika: hello, n=%s Erika door opened for Erika\n' "$i"
done >"$scratch/same.log"
"$logscrub" suggest "$scratch/same.log" >"$scratch/same.conf"
! grep -E 'Erika|door|opened' "$scratch/same.conf" || fail "a word of the log stands there"

promise "a path is repeated only where it says nothing of anybody"
mkdir "$scratch/erika"
cp "$data/keyvalue.log" "$scratch/erika/app.log"
"$logscrub" suggest "$scratch/erika/app.log" >"$scratch/path.conf"
has_not "$scratch/path.conf" erika

promise "packed files and standard input are read as well; nothing to read is said"
gzip -c "$data/squid.log" >"$scratch/squid.gz"
"$logscrub" suggest --name squid "$scratch/squid.gz" >"$scratch/1.conf"
"$logscrub" suggest --name squid <"$data/squid.log" >"$scratch/2.conf"
same "$scratch/1.conf" "$scratch/2.conf"
expect 65 "$logscrub" suggest </dev/null 2>"$scratch/stderr"
has "$scratch/stderr" 'no line to look at'
expect 66 "$logscrub" suggest "$scratch/none.log" 2>/dev/null
expect 64 "$logscrub" suggest --name '../x' "$data/squid.log" 2>/dev/null

promise "bytes without form give no proposal, or one that reads nothing it should not"
head -c 200000 /dev/urandom >"$scratch/random"
"$logscrub" suggest --name random "$scratch/random" >"$scratch/stores.d/random.conf" 2>/dev/null ||
	rm "$scratch/stores.d/random.conf"
"$logscrub" check-config -c "$scratch/sparsam.conf" >/dev/null
