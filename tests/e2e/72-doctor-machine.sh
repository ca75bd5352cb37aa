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
	template(name="dyn" type="string" string="$scratch/out/%programname%.dyn")
	if \$programname == "dynamic" then action(type="omfile" dynaFile="dyn")
END
spawn rsyslogd "$rsyslogd" -n -i "$scratch/rsyslogd.pid" -f "$tree/etc/rsyslog.conf"
wait_for test -S "$scratch/log"
say() { logger -u "$scratch/log" -t "$@"; }
for tag in haproxy web other dynamic app; do say "$tag" "a message, then nothing"; done
say app "[UFW BLOCK] IN=eth0"
say login -p auth.info "a login"
for file in syslog auth.log haproxy.log ufw.log web.log other.log dynamic.dyn; do wait_for test -s "$scratch/out/$file"; done
[ ! -e "$scratch/out/none" ] || fail "rsyslog wrote to what stands in a comment"
# the doctor reads below a root: there the included folder has the same path
mkdir -p "$tree$tree/etc"
cp -r "$tree/etc/rsyslog.d" "$tree$tree/etc/"
doctor --root "$tree" | jq -r 'select(.id | startswith("rsyslog-file:")) | .id | sub("rsyslog-file:"; "")' | sort >"$scratch/said"
{ find "$scratch/out" -type f ! -name '*.dyn'; echo '?dyn'; } | sort >"$scratch/written"
same "$scratch/written" "$scratch/said"

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
