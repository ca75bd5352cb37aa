#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A real Apache pipes its access log through logscrub, in a format pasted from its own configuration.
. "$(dirname "$0")/lib.sh"
need apache2
modules=/usr/lib/apache2/modules
cat >"$scratch/sparsam.conf" <<-'EOF'
	format "apache-combined" {
	  type     = "template"
	  dialect  = "apache"
	  template = '%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'
	}
	store "apache" {
	  type     = "textlog"
	  format   = "apache-combined"
	  category = "log-and-system-data"
	  period   = "7d"
	  scrub {
	    keep      = { "time_local", "status" }
	    pseudonym = { "remote_addr" }
	    reduce "request"         { to = "method+path" }
	    reduce "http_referer"    { to = "host-only" }
	    reduce "http_user_agent" { to = "browser-family" }
	  }
	}
EOF
printf 'state_dir = "%s/state"\nmetrics_dir = "%s"\n' "$scratch" "$scratch" >>"$scratch/sparsam.conf"
port=8439
cat >"$scratch/apache.conf" <<-EOF
	ServerRoot $scratch
	ServerName bbb.example.org
	Listen 127.0.0.1:$port
	PidFile $scratch/apache.pid
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	User www-data
	Group www-data
	DocumentRoot $scratch
	ErrorLog $scratch/error.log
	LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
	CustomLog "|$SPARSAM_BIN/logscrub -c $scratch/sparsam.conf --store apache -o $scratch/clean.log" combined
EOF
# built in where Debian builds it in
apache2 -f /dev/null -l 2>/dev/null | grep -q log_config ||
	sed -i "6i LoadModule log_config_module $modules/mod_log_config.so" "$scratch/apache.conf"
spawn apache apache2 -f "$scratch/apache.conf" -D FOREGROUND
wait_for curl -s -o /dev/null "http://127.0.0.1:$port/"

promise "what the pipe writes has the shape of the log and names nobody"
curl -s -o /dev/null --interface 127.0.0.5 -A 'evil "quoted" \agent of erika' -e 'https://front.example/rooms/erika?x=1' \
	"http://127.0.0.1:$port/rooms/abc-def-ghi/join?fullName=Erika+Muster"
written() { grep -q 'rooms' "$scratch/clean.log"; }
wait_for written
grep -qE '^ip4:[a-z2-7]{16} - - \[[^]]+\] "GET /rooms/:id/join HTTP/1.1" 40[34] - "https://front.example" "other"$' "$scratch/clean.log" ||
	fail "unexpected: $(tail -n 1 "$scratch/clean.log")"
has_not "$scratch/clean.log" 127.0.0.5
! grep -ai erika "$scratch/clean.log" || fail "a name came through"

promise "a second pass changes no byte"
"$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store apache "$scratch/clean.log" >"$scratch/twice" 2>/dev/null
same "$scratch/clean.log" "$scratch/twice"

promise "the program ends with Apache"
kill -TERM "${spawned[0]}"
wait_gone "${spawned[0]}"
wait_for test -z "$(pgrep -f "$scratch/sparsam.conf")"
