#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The doctor's readers against the programs whose configuration it reads, and the doctor on this machine.
. "$(dirname "$0")/lib.sh"
nginx=$(command -v nginx || echo /usr/sbin/nginx)
rsyslogd=$(command -v rsyslogd || echo /usr/sbin/rsyslogd)
logrotate=$(command -v logrotate || echo /usr/sbin/logrotate)
need "$nginx"
need "$rsyslogd"
need "$logrotate"
doctor() { "$SPARSAM_BIN/logscrub" doctor --json "$@" 2>"$scratch/stderr" || [ $? -eq 1 ]; }
ids() { jq -r .id | sort; }

promise "logrotate itself keeps as many days as the doctor says, for each number and age"
logs=$scratch/logs
mkdir -m 755 "$logs"
kept() { # options: how many days' lines there are just before a rotation
	rm -f "$logs"/* "$scratch/state"
	printf '"%s/a.log" {\n%s\n}\n' "$logs" "$(printf '\t%s\n' "$@")" >"$scratch/rule"
	chmod 644 "$scratch/rule"
	for day in $(seq 30); do
		echo "day $day" >>"$logs/a.log"
		# what was written before has become a day older, and a moment, for the day begins before the rotation
		find "$logs" -name 'a.log.*' -exec sh -c 'for f; do touch -d "@$(($(stat -c %Y "$f") - 86401))" "$f"; done' sh {} +
		[ "$day" -eq 30 ] || "$logrotate" -f -s "$scratch/state" "$scratch/rule" >"$scratch/logrotate.log" 2>&1
	done
	cat "$logs"/* | wc -l
}
said() {
	mkdir -p "$scratch/rot/etc/logrotate.d"
	printf '/var/log/a.log {\n%s\n}\n' "$(printf '\t%s\n' "$@")" >"$scratch/rot/etc/logrotate.d/a"
	doctor --root "$scratch/rot" | jq -r .proof | sed -n 's/.*up to \([0-9]*\) days.*/\1/p'
}
for rule in 'rotate 7' 'rotate 13' 'rotate 28' 'rotate 99;maxage 9' 'rotate 99;maxage 20'; do
	IFS=';' read -ra options <<<"daily;$rule"
	[ "$(kept "${options[@]}")" = "$(said "${options[@]}")" ] ||
		fail "$rule: logrotate keeps $(kept "${options[@]}") days, the doctor says $(said "${options[@]}")"
done
[ "$(kept daily 'rotate 6')" = 7 ] || fail "rotate 6 keeps $(kept daily 'rotate 6') days"

promise "nginx reads the same logs out of its includes, quotes and comments"
tree=$scratch/tree
mkdir -p "$tree/etc/nginx/conf.d" "$tree/etc/nginx/more"
cat >"$tree/etc/nginx/nginx.conf" <<-'END'
	error_log "/srv/logs/e one.log" notice; # access_log /srv/logs/no.log;
	events {}
	http {
	    log_format  quoted  '$remote_addr "$request" '
	                        "${status} # no comment";
	    include conf.d/*.conf; include
	        more/last;
	}
END
cat >"$tree/etc/nginx/conf.d/a.conf" <<-END
	server { listen unix:$scratch/s; access_log "/srv/logs/two words.log" quoted; }
END
cat >"$tree/etc/nginx/conf.d/b.conf" <<-END
	server { listen unix:$scratch/s; server_name b;
	  location ~ "^/a{2}" { access_log
	/srv/logs/b.log combined buffer=4k; } access_log /srv/logs/c.log; }
END
printf 'access_log /srv/logs/never-read.log;\n' >"$tree/etc/nginx/conf.d/c.conf.off"
cat >"$tree/etc/nginx/more/last" <<-END
	server { listen unix:$scratch/s; server_name c; access_log '/srv/logs/d;{}.log'; error_log /srv/logs/f.log; }
END
mkdir "$scratch/prefix"
sed "s,/srv/logs,$scratch/prefix,g" -i "$tree/etc/nginx/nginx.conf" "$tree"/etc/nginx/conf.d/*.conf "$tree/etc/nginx/more/last"
"$nginx" -t -q -p "$scratch/prefix" -g "pid $scratch/pid;" -c "$tree/etc/nginx/nginx.conf" >"$scratch/nginx.log" 2>&1 || fail "$(cat "$scratch/nginx.log")"
# nginx opens each log when it tests its configuration
find "$scratch/prefix" -type f -name '*.log' | sort >"$scratch/opened"
doctor --root "$tree" | jq -r 'select(.id | startswith("nginx-")) | .id' | sed 's/^nginx-[a-z]*-log://' | sort >"$scratch/said"
same "$scratch/opened" "$scratch/said"

promise "rsyslog writes to the files that the doctor names"
mkdir -p "$tree/etc/rsyslog.d" "$scratch/out"
cat >"$tree/etc/rsyslog.conf" <<-END
	module(load="imuxsock" SysSock.Use="off")
	input(type="imuxsock" Socket="$scratch/log")
	\$IncludeConfig $tree/etc/rsyslog.d/*.conf
	*.*;auth,authpriv.none	-$scratch/out/syslog
	auth,authpriv.*		$scratch/out/auth.log;RSYSLOG_FileFormat
	*.emerg			:omusrmsg:nobody
END
cat >"$tree/etc/rsyslog.d/10-a.conf" <<-END
	# $scratch/out/none
	:programname, startswith, "haproxy" {
	  $scratch/out/haproxy.log
	  stop
	}
	:msg,contains,"[UFW " $scratch/out/ufw.log
	& stop
	if (\$programname == "web" and /* then $scratch/out/none */ \$msg contains 'then') then
	{
	  action(type="omfile" name="x"
	         file="$scratch/out/web.log")
	} else if \$programname == 'other' then $scratch/out/other.log
	mail.* ~
	:programname, isequal, "gone" stop
	if \$syslogfacility-text == 'local3' then stop
	if \$programname == 'gone' then $scratch/out/never-1.log
	local3.* $scratch/out/never-2.log
	if \$syslogseverity-text == 'debug' and prifilt("local4.*") then { stop }
	local4.=debug $scratch/out/never-3.log
	if \$programname == ['l1', "l2"] then $scratch/out/list.log
	& stop
	if \$programname == "l2" then $scratch/out/never-4.log
	if \$programname == 'e1' then {
	  $scratch/out/e1.log
	  stop
	} else if \$syslogfacility == 21 and not (\$syslogseverity > 6) then { $scratch/out/e2.log
	  stop }
	local5.info $scratch/out/never-5.log
	:programname, startswith, "pre" {
	  :programname, !startswith, "prefix" stop
	  if \$syslogfacility-text startswith 'loc' then stop else $scratch/out/prefix.log
	}
	if \$programname == 'pre' then $scratch/out/never-6.log
	if \$programname == 'prefix' and \$syslogfacility >= '16' then $scratch/out/never-7.log
	template(name="dyn" type="string" string="$scratch/out/%programname%.dyn")
	if \$programname == "dynamic" then action(type="omfile" dynaFile="dyn")
END
spawn rsyslogd "$rsyslogd" -n -i "$scratch/rsyslogd.pid" -f "$tree/etc/rsyslog.conf"
wait_for test -S "$scratch/log"
say() { logger -u "$scratch/log" -t "$@"; }
for tag in haproxy web other dynamic app; do say "$tag" "a message, then nothing"; done
say app "[UFW BLOCK] IN=eth0"
say login -p auth.info "a login"
for tag in gone l1 l2 e1 pre prefix; do
	for level in user.info local3.info local4.debug local5.err local5.info; do say "$tag" -p "$level" "of $level"; done
done
for file in syslog auth.log haproxy.log ufw.log web.log other.log list.log e1.log e2.log prefix.log dynamic.dyn; do wait_for test -s "$scratch/out/$file"; done
[ ! -e "$scratch/out/none" ] || fail "rsyslog wrote to what stands in a comment"
# the doctor reads below a root: there the included folder has the same path
mkdir -p "$tree$tree/etc"
cp -r "$tree/etc/rsyslog.d" "$tree$tree/etc/"
doctor --root "$tree" | jq -r 'select(.id | startswith("rsyslog-file:")) | .id | sub("rsyslog-file:"; "")' | sort >"$scratch/said"
{ find "$scratch/out" -type f ! -name '*.dyn'; echo '?dyn'; } | sort >"$scratch/written"
same "$scratch/written" "$scratch/said"

promise "PostgreSQL has the settings that the doctor reads out of its files"
postgres=$(find /usr/lib/postgresql -name postgres -type f 2>/dev/null | sort -V | tail -n 1)
if [ -n "$postgres" ]; then
	cluster=$tree/var/lib/pgsql/15/data
	mkdir -p "$cluster/conf.d" "$cluster/more"
	touch "$cluster/pg_hba.conf"
	cat >"$cluster/postgresql.conf" <<-'END'
		# log_statement = 'all'
		LOG_Connections='off'
		log_connections yes # a
		log_disconnections = t
		log_line_prefix = '%m ''[%p]'' %-5h '
		include_dir 'conf.d'
		log_min_duration_statement= '1min'
		include='more/a'
		include_if_exists = 'more/gone'
		logging_collector = 1
		log_truncate_on_rotation = on
	END
	printf "log_hostname = 'tru'\nlog_statement=ddl\n" >"$cluster/conf.d/20.conf"
	printf 'log_statement = none\n' >"$cluster/conf.d/10.conf"
	printf 'log_hostname = off\n' >"$cluster/conf.d/30.off"
	printf "log_rotation_age = 36h\ninclude 'b'\n" >"$cluster/more/a"
	printf "log_filename = 'x-%%a.log' # c" >"$cluster/more/b"
	printf "log_disconnections = 'off'\nlog_parameter_max_length = 16\n" >"$cluster/postgresql.auto.conf"
	echo 15 >"$cluster/PG_VERSION"
	as_owner=()
	if [ "$(id -u)" -eq 0 ]; then
		chown -R postgres "$cluster"
		chmod 711 "$scratch"
		chmod -R a+X "$tree"
		as_owner=(runuser -u postgres --)
	fi
	set_to() { (cd / && "${as_owner[@]}" "$postgres" -D "$cluster" -C "$1" 2>>"$scratch/postgres.log"); }
	doctor --root "$tree" >"$scratch/postgres"
	proof_of() { jq -r --arg id "$1" 'select(.id | startswith($id)) | .proof' "$scratch/postgres"; }
	[ "$(proof_of postgresql-clients:)" = "log_connections = yes, log_hostname = tru, log_line_prefix = %h" ] || fail "$(proof_of postgresql-clients:)"
	[ "$(set_to log_connections) $(set_to log_disconnections) $(set_to log_hostname) $(set_to log_line_prefix)" = "on off on %m '[%p]' %-5h " ] ||
		fail "PostgreSQL reads otherwise: $(set_to log_connections) $(set_to log_disconnections) $(set_to log_hostname) $(set_to log_line_prefix)"
	[ "$(proof_of postgresql-statements:)" = "log_statement = ddl, log_min_duration_statement = 1min, log_parameter_max_length = 16" ] ||
		fail "$(proof_of postgresql-statements:)"
	[ "$(set_to log_statement) $(set_to log_min_duration_statement) $(set_to log_parameter_max_length)" = "ddl 60000 16" ] ||
		fail "PostgreSQL reads otherwise: $(set_to log_statement) $(set_to log_min_duration_statement) $(set_to log_parameter_max_length)"
	[ "$(proof_of postgresql-age:)" = "log_filename = x-%a.log, log_rotation_age = 36h, log_truncate_on_rotation = on: a line gets up to 14 days old, its period is 7" ] ||
		fail "$(proof_of postgresql-age:)"
	[ "$(set_to log_filename) $(set_to log_rotation_age) $(set_to log_truncate_on_rotation)" = "x-%a.log 2160 on" ] || fail "PostgreSQL reads otherwise"
fi

promise "this machine's own nginx, rsyslog and journal are read"
doctor >"$scratch/machine"
jq -es 'length > 0 and all(.v == 1 and .id != "" and .what != "" and .where != "" and .fix != "")' "$scratch/machine" >/dev/null ||
	fail "incomplete: $(cat "$scratch/machine")"
if [ "$(id -u)" -eq 0 ] && "$nginx" -T >"$scratch/dump" 2>/dev/null; then
	grep -oE '^[[:space:]]*access_log[[:space:]]+/[^ ;]+' "$scratch/dump" | awk '$2 !~ /^\/dev\// { print $2 }' | sort -u >"$scratch/logs.nginx"
	while read -r log; do
		[ -n "$(jq -r --arg id "nginx-access-log:$log" 'select(.id == $id) | .id' "$scratch/machine")" ] ||
			fail "nginx writes $log, and the doctor does not say so"
	done <"$scratch/logs.nginx"
fi

promise "a log that some process has open is found wherever it is, also when it is deleted"
# a memory file system would not count
if [ "$(stat -f -c %T "$scratch")" != tmpfs ]; then
	# shellcheck disable=SC2016 # of the inner shell
	spawn writer bash -c 'echo "from 203.0.113.7 port 1" >&7; exec sleep 1000' 7>>"$scratch/some.thing"
	wait_for grep -q 203 "$scratch/some.thing"
	doctor >"$scratch/machine"
	name=$(jq -r --arg path "$scratch/some.thing" 'select(.where == $path) | .id' "$scratch/machine")
	[[ $name == log-raw:* ]] || fail "not found: $(ids <"$scratch/machine")"
	has_not "$scratch/machine" 203.0.113
	rm "$scratch/some.thing"
	doctor >"$scratch/machine"
	jq -r --arg path "$scratch/some.thing" 'select(.where == $path) | .proof' "$scratch/machine" | grep -q 'deleted, but still open' ||
		fail "the deleted one is not found"
fi
