#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For each check of the doctor a tree with the fault, and its twin without; each told by its id.
# shellcheck disable=SC2016 # the configurations' own variables
. "$(dirname "$0")/lib.sh"

tree=$scratch/tree
empty() { rm -rf "$tree" && mkdir "$tree"; }

# put PATH: writes standard input to PATH of the tree
put() { mkdir -p "$tree$(dirname "$1")" && cat >"$tree$1"; }
link() { mkdir -p "$tree$(dirname "$2")" && ln -sfn "$1" "$tree$2"; }

doctor() { "$SPARSAM_BIN/logscrub" doctor --root "$tree" "$@" 2>"$scratch/stderr"; }

# bad ID [WHERE]: the tree has the finding ID, at WHERE
bad() {
	expect 1 doctor --json >"$scratch/found"
	jq --arg id "$1" 'select(.id == $id)' "$scratch/found" >"$scratch/one"
	[ -s "$scratch/one" ] ||
		fail "no finding $1 among: $(jq -r .id "$scratch/found")"
	[ -z "${2:-}" ] || [ "$(jq -r .where "$scratch/one")" = "$2" ] ||
		fail "$1 is at $(jq -r .where "$scratch/one") instead of $2"
}

# good: the tree has no finding
good() {
	doctor --json >"$scratch/found" || fail "found: $(cat "$scratch/found" "$scratch/stderr")"
	[ ! -s "$scratch/found" ] || fail "found: $(cat "$scratch/found")"
}

# proof TEXT: the last finding's proof holds TEXT
proof() { jq -re .proof "$scratch/one" | grep -qF -e "$1" || fail "the proof is: $(jq -r .proof "$scratch/one")"; }

promise "an empty tree has nothing to mend"
empty
good

promise "journald: a raw journal on the disk, by default where its folder is there"
empty
mkdir -p "$tree/var/log/journal"
printf '[Journal]\n#Storage=auto\n' | put /etc/systemd/journald.conf
bad journald-storage /etc/systemd/journald.conf
bad journald-cap
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\nMaxRetentionSec=1day\nMaxFileSec=1h\n' |
	put /etc/systemd/journald.conf.d/50-sparsam.conf
good
promise "journald: a later drop-in takes it back, an earlier one does not, one of the same name hides"
printf '[Journal]\nStorage=persistent\n' | put /etc/systemd/journald.conf.d/90-late.conf
bad journald-storage /etc/systemd/journald.conf.d/90-late.conf:2
rm "$tree/etc/systemd/journald.conf.d/90-late.conf"
printf '[Journal]\nStorage=persistent\n' | put /usr/lib/systemd/journald.conf.d/10-early.conf
good
printf '[Journal]\nStorage=persistent\n' | put /usr/lib/systemd/journald.conf.d/50-sparsam.conf
good
printf '[Journal]\nStorage=persistent\n' | put /usr/lib/systemd/journald.conf.d/95-vendor.conf
bad journald-storage /usr/lib/systemd/journald.conf.d/95-vendor.conf:2
link /dev/null /etc/systemd/journald.conf.d/95-vendor.conf
good
promise "journald: MaxRetentionSec alone leaves the file in use for a month"
empty
printf '[Journal]\nStorage=persistent\nMaxRetentionSec=7day\n' | put /etc/systemd/journald.conf
bad journald-cap /etc/systemd/journald.conf:3
proof 'up to 31 days'
promise "journald: in memory it needs a limit, too"
printf '[Journal]\nStorage=volatile\n' | put /etc/systemd/journald.conf
bad journald-runtime
promise "journald: a namespace of its own is raw, one that logscrub writes to is not"
empty
printf '[Service]\nLogNamespace=web\n' | put /etc/systemd/system/web.service
printf '[Journal]\nStorage=persistent\nMaxFileSec=1day\nMaxRetentionSec=8day\n' | put /etc/systemd/journald@web.conf
bad journald-storage:web /etc/systemd/journald@web.conf:2
put /etc/sparsam/sparsam.conf <<-'END'
	store "all" {
	  type = "journal" format = "syslog" category = "log-and-system-data" period = "7d"
	  scrub { keep = { "time" } }
	  sink { type = "namespace" namespace = "web" }
	}
END
good
promise "journald: what it no longer tends is left over"
empty
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=9M\n' | put /etc/systemd/journald.conf
put /var/log/journal/0123456789abcdef0123456789abcdef/hold-1-1.journal </dev/null
good
put /var/log/journal/0123456789abcdef0123456789abcdef/system.journal </dev/null
bad journald-leftover:/var/log/journal/0123456789abcdef0123456789abcdef

promise "rsyslog: selectors, property filters and RainerScript, in files that are included"
empty
printf '%s\n' '$IncludeConfig /etc/rsyslog.d/*.conf' '*.emerg :omusrmsg:*' 'kern.* |/dev/xconsole' \
	'*.* action(type="omprog" binary="/usr/bin/logscrub -s sshd -o /x --confirm")' | put /etc/rsyslog.conf
good
printf '# a\nauth,authpriv.*\t-/var/log/auth.log\n' | put /etc/rsyslog.d/a.conf
bad rsyslog-file:/var/log/auth.log /etc/rsyslog.d/a.conf:2
printf '%s\n' ':programname, startswith, "haproxy" {' '  /var/log/haproxy.log' '  stop' '}' | put /etc/rsyslog.d/a.conf
bad rsyslog-file:/var/log/haproxy.log /etc/rsyslog.d/a.conf:2
printf '%s\n' ':msg,contains,"[UFW " /var/log/ufw.log' '& stop' | put /etc/rsyslog.d/a.conf
bad rsyslog-file:/var/log/ufw.log /etc/rsyslog.d/a.conf:1
put /etc/rsyslog.d/a.conf <<-'END'
	ruleset(name="r") { /* a
	  comment */
	  if $programname == 'nginx' and ($msg contains "then") then {
	    action(type="omfile"
	      file="/var/log/web.log")
	  }
	}
END
bad rsyslog-file:/var/log/web.log /etc/rsyslog.d/a.conf:4
printf '%s\n' 'mail.* @@192.0.2.9:514' '*.* action(type="omfwd" target="127.0.0.1" port="514")' | put /etc/rsyslog.d/a.conf
bad rsyslog-remote:/etc/rsyslog.d/a.conf /etc/rsyslog.d/a.conf:1
printf '%s\n' '*.* @127.0.0.1' '*.* /dev/console' '*.* -/run/fast.log' | put /etc/rsyslog.d/a.conf
good
promise "rsyslog: what a stop does not let through is no finding, what a filter may let through is"
written_by() { # lines in front of Debian's rules
	printf '%s\n' '$IncludeConfig /etc/rsyslog.d/*.conf' 'auth,authpriv.* /var/log/auth.log' '*.*;auth,authpriv.none -/var/log/syslog' |
		put /etc/rsyslog.conf
	printf '%s\n' "$@" | put /etc/rsyslog.d/a.conf
}
prog='action(type="omprog" binary="/usr/bin/logscrub -s sshd -o /x --confirm")'
for lines in 'stop' '*.* stop' '*.* ~' "*.* $prog%& stop" "*.* { $prog% stop }" 'auth,authpriv.* stop%*.* ~' \
	'auth.*;authpriv.* { if $msg contains "x" then { stop } stop }%*.*;auth,authpriv.none stop' 'kern.info stop%stop%*.* /var/log/late.log'; do
	written_by "${lines//%/$'\n'}"
	good
done
for block in '!sshd' '+web1' '-web1'; do # rsyslog itself passes over them since 7: what follows is for all
	written_by "$block" '*.* /var/log/block.log' '*.* stop'
	bad rsyslog-file:/var/log/block.log /etc/rsyslog.d/a.conf:2
	written_by '*.* stop' "$block" '*.* /var/log/block.log'
	good
done
written_by 'if $programname == "sshd" then' '{' "$prog" 'stop' '}'
bad rsyslog-file:/var/log/auth.log
bad rsyslog-file:/var/log/syslog
written_by 'auth,authpriv.* stop'
bad rsyslog-file:/var/log/syslog
[ "$(jq -rs length "$scratch/found")" = 1 ] || fail "what was stopped is a finding"
written_by '*.info stop' '*.*;mail.none ~'
bad rsyslog-file:/var/log/syslog
[ "$(jq -rs length "$scratch/found")" = 1 ] || fail "what was stopped is a finding"
written_by '*.!err stop' ':programname, isequal, "a" stop'
bad rsyslog-file:/var/log/auth.log
written_by 'ruleset(name="remote") { *.* /var/log/remote.log' 'stop }' 'stop'
bad rsyslog-file:/var/log/remote.log /etc/rsyslog.d/a.conf:1
[ "$(jq -rs length "$scratch/found")" = 1 ] || fail "what was stopped is a finding"
promise "rsyslog: what filters ask of program, facility and severity is followed, in each of its languages"
reached() { # what is left (!: certain, ?: cannot be told), lines in front of Debian's rules
	written_by "${@:2}"
	doctor --json >"$scratch/found" || true
	jq -r '.id + (if .severity == "high" then "!" else "?" end)' "$scratch/found" | sed -n 's,rsyslog-file:/var/log/,,p' | sort | tr '\n' ' ' >"$scratch/left"
	[ "$(cat "$scratch/left")" = "${1:+$1 }" ] || fail "$(printf '%s\n' "${@:2}") leaves $(cat "$scratch/left"), not $1"
}
for lines in "if \$syslogfacility-text == 'auth' or \$syslogfacility-text == \"authpriv\" then {%$prog%stop%}" \
	"if \$syslogfacility-text == ['auth', 'authpriv'] then stop" 'if prifilt("auth,authpriv.*") then stop' \
	"if (\$syslogfacility==4) then stop%if \$syslogfacility == '10' then {stop}" \
	':syslogfacility-text, isequal, "auth" ~%:syslogfacility-text,startswith,"authp" stop' \
	'auth.* /run/a.log%& stop%if $syslogfacility == 10 and $syslogseverity <= 7 then stop' \
	"if \$syslogfacility-text startswith 'auth' then /* then */ # then%{%if \$programname == 'a' then stop%else { stop }%}"; do
	reached 'syslog!' "${lines//%/$'\n'}"
done
for lines in "if not (\$syslogfacility-text == 'auth') and \$syslogfacility-text != 'authpriv' then stop" \
	"if \$syslogfacility-text startswith 'auth' then { } else stop" ':syslogfacility-text, !startswith, "auth" stop'; do
	reached 'auth.log!' "${lines//%/$'\n'}"
done
for lines in "if \$programname == 'a' then stop else stop" \
	"if \$programname == 'a' then { stop } else if \$syslogseverity < 4 then { stop } else { if \$syslogseverity >= 4 then stop }" \
	':programname, isequal, "a" stop%:programname, !isequal, "a" stop' "if \$msg contains 'x' or not (\$programname == 'a' and \$programname == 'b') then stop"; do
	reached '' "${lines//%/$'\n'}"
done
reached 'auth.log! b.log! syslog!' ':programname, isequal, "a" stop' 'if $programname == "a" then /var/log/a.log' 'if $programname == ["a", "b"] then /var/log/b.log'
reached 'auth.log! syslog!' ':programname, startswith, "haproxy" {' "$prog" 'stop' '}' "if \$programname == 'haproxy' then -/var/log/h.log"
reached 'auth.log! syslog!' ':programname, startswith, "haproxy" stop' "if \$programname == 'haproxy-2' then -/var/log/h.log"
reached 'auth.log! syslog! x.log!' "if \$msg contains 'x' then stop" ':msg, contains, "y" stop' ':syslogtag, startswith, "z" { /var/log/x.log' 'stop }'
reached 'auth.log! h.log! syslog!' ':programname, startswith, "haproxy-" stop' "if \$programname == 'haproxy' then -/var/log/h.log"
promise "rsyslog: what cannot be told is said so"
for lines in "if \$fromhost-ip == '127.0.0.1' then { $prog stop }" ':hostname, isequal, "node" stop' "if re_match(\$msg, '.*') then stop" \
	"if re_match(\$msg, '.*') == 1 then stop" 'call other' "if \$programname == 'a' or \$!b == 'c' then stop" 'if $a + then stop' 'if ( then stop' \
	':programname, regex, ".*" stop' "if \$programname != ['a', 'b'] then stop"; do
	reached 'auth.log? syslog?' "${lines//%/$'\n'}"
done
bad rsyslog-file:/var/log/syslog
proof 'could not be told'
rm "$tree/etc/rsyslog.conf"
promise "rsyslog: masked it writes nothing"
printf '*.* /var/log/syslog\n' | put /etc/rsyslog.conf
printf '*.* /var/log/syslog\n' | put /etc/rsyslog.d/a.conf
bad rsyslog-file:/var/log/syslog
link /dev/null /etc/systemd/system/rsyslog.service
good

promise "logrotate: rotate 7 daily keeps eight days, 6 keep seven"
rule() { # options
	empty
	printf 'weekly\nrotate 4\ninclude /etc/logrotate.d\n' | put /etc/logrotate.conf
	{ printf '"/var/log/app/*.log"\n{\n\tmissingok\n\tnotifempty\n'; printf '\t%s\n' "$@"
	  printf '\tpostrotate\n\t\tif [ -x /a ]; then { b; } fi\n\t\t# weekly\n\tendscript\n}\n'; } | put /etc/logrotate.d/app
}
too_long() { rule "$@" && bad 'logrotate-age:/var/log/app/*.log' /etc/logrotate.d/app:1; }
in_time() { rule "$@" && good; }
too_long daily 'rotate 7'
proof 'up to 8 days'
in_time daily 'rotate 6'
promise "logrotate: weekly, monthly, maxage, sizes, what is inherited"
in_time weekly 'rotate 0'
too_long weekly 'rotate 1'
too_long monthly 'rotate 0'
too_long daily 'rotate 99' 'maxage 7'
in_time daily 'rotate 99' 'maxage 6'
too_long weekly 'rotate 99' 'maxage 3'
proof 'up to 14 days'
too_long 'size 100M' 'rotate 2'
proof 'no greatest age'
too_long daily 'rotate -1'
too_long daily 'rotate 2' 'minsize 1M'
too_long 'rotate 3'
in_time hourly 'rotate 6'
too_long hourly 'rotate 100'
printf '#!/bin/sh\n' | put /etc/cron.hourly/logrotate
good
printf 'daily\nrotate 6\n/var/log/a.log {\n}\n' | put /etc/logrotate.conf
good
promise "logrotate: what tells of packages alone may be kept, and left-over files of dpkg are no rules"
empty
printf '/var/log/dpkg.log {\n monthly\n rotate 12\n}\n' | put /etc/logrotate.d/dpkg
printf '/var/log/x.log {\n monthly\n rotate 12\n}\n' | put /etc/logrotate.d/x.dpkg-old
good

promise "nginx: the configuration with its includes, relative paths, globs and absolute links"
empty
put /etc/nginx/nginx.conf <<-'END'
	error_log stderr;
	events { }
	http {
	  log_format bare '$time_iso8601 $status '
	    '"$request_method" ${body_bytes_sent}';
	  log_format full '$remote_addr_anon "$request"';
	  include sites-enabled/*;
	}
END
printf 'server {\n  listen 80;\n  access_log off;\n}\n' | put /etc/nginx/sites-available/a
link /etc/nginx/sites-available/a /etc/nginx/sites-enabled/a
good
printf 'server {\n  # access_log off;\n  access_log /var/log/nginx/a.log; location ~ "^/x{2}" { }\n}\n' | put /etc/nginx/sites-available/a
bad nginx-access-log:/var/log/nginx/a.log /etc/nginx/sites-enabled/a:3
proof '$remote_addr'
printf 'server {\n  access_log /var/log/nginx/a.log full;\n}\n' | put /etc/nginx/sites-available/a
bad nginx-access-log:/var/log/nginx/a.log
proof 'full: $request'
for target in '/var/log/nginx/a.log bare' /dev/null '/run/nginx/a.log' \
	syslog:server=unix:/run/sparsam/syslog.sock,tag=nginx 'memory:32m'; do
	printf 'server {\n  access_log %s;\n}\n' "$target" | put /etc/nginx/sites-available/a
	good
done
promise "nginx: a path that a map, a split or a set gives is each path that it can give"
mapped() { # values of the map, path
	{ printf 'map $scheme $target {\n'; printf '  %s;\n' "${@:2}"; printf '}\nserver {\n  access_log %s;\n}\n' "$1"; } |
		put /etc/nginx/sites-available/a
}
mapped '$target' 'default /dev/null' '"~^x" /run/nginx/x.log' volatile
good
mapped '${target}' 'default /dev/null' 'https /var/log/nginx/tls.log'
bad nginx-access-log:/var/log/nginx/tls.log /etc/nginx/sites-enabled/a:6
mapped '/var/log/nginx/$target.log' 'default a' 'https b'
bad nginx-access-log:/var/log/nginx/a.log
bad nginx-access-log:/var/log/nginx/b.log
mapped '/run/nginx/$target.log' 'default a' 'https b'
good
mapped '$target' 'default $other' && printf 'split_clients $request_id $other { 10%% /var/log/nginx/some.log; * /dev/null; }\n' >>"$tree/etc/nginx/sites-available/a"
bad nginx-access-log:/var/log/nginx/some.log
printf 'server {\n  set $target /dev/null;\n  access_log $target;\n}\n' | put /etc/nginx/sites-available/a
good
printf 'server {\n  access_log /var/log/nginx/$host.log;\n}\n' | put /etc/nginx/sites-available/a
bad 'nginx-access-log:/var/log/nginx/$host.log'
mapped '$target' 'default $target'
bad 'nginx-access-log:/usr/share/nginx/$target'
promise "nginx: without a word it logs to a file; one server's own log is not another's"
printf 'server {\n}\n' | put /etc/nginx/sites-available/a
bad nginx-access-log:/var/log/nginx/access.log /etc/nginx/nginx.conf:3
printf 'server {\n  access_log off;\n}\n' | put /etc/nginx/sites-available/a
sed -i '3a access_log /var/log/nginx/all.log;' "$tree/etc/nginx/nginx.conf"
good
printf 'server {\n  access_log off;\n}\nserver {\n}\n' | put /etc/nginx/sites-available/a
bad nginx-access-log:/var/log/nginx/all.log /etc/nginx/nginx.conf:4
promise "nginx: error logs, another machine, and syslog that comes to a disk"
printf 'server {\n  access_log off;\n  error_log /var/log/nginx/e.log warn;\n}\n' | put /etc/nginx/sites-available/a
bad nginx-error-log:/var/log/nginx/e.log /etc/nginx/sites-enabled/a:3
printf 'server {\n  access_log off;\n  error_log /var/log/nginx/e.log emerg;\n}\n' | put /etc/nginx/sites-available/a
good
printf 'server {\n  access_log syslog:server=192.0.2.9;\n}\n' | put /etc/nginx/sites-available/a
bad nginx-remote-log:access
printf 'server {\n  access_log syslog:server=unix:/dev/log;\n}\n' | put /etc/nginx/sites-available/a
bad nginx-access-log:syslog
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=9M\n' | put /etc/systemd/journald.conf
good
printf 'events { }\nhttp { server { access_log off; content_by_lua_block { local a = "{" } } } }\n' | put /etc/nginx/nginx.conf
bad nginx-error-log:/var/log/nginx/error.log /etc/nginx/nginx.conf

promise "Apache: variables, included folders, formats by name, pipes"
empty
put /etc/apache2/apache2.conf <<-'END'
	ErrorLog /dev/null
	LogFormat "%t %>s \"%m\" %O" bare
	LogFormat "%h %l %u %t \"%r\" %>s %O" vhost
	IncludeOptional sites-enabled/*.conf
END
printf 'export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\n' | put /etc/apache2/envvars
site() { printf '<VirtualHost *:80>\n\t%s\n</VirtualHost>\n' "$1" | put /etc/apache2/sites-available/a.conf; }
link ../sites-available/a.conf /etc/apache2/sites-enabled/a.conf
site '# CustomLog /var/log/x combined'
good
site 'CustomLog ${APACHE_LOG_DIR}/a.log vhost'
bad apache-access-log:/var/log/apache2/a.log /etc/apache2/sites-enabled/a.conf:2
proof '%h, %l, %u, %r'
site 'customlog "| /usr/bin/rotatelogs /var/log/a 86400" vhost'
bad 'apache-access-log:|/usr/bin/rotatelogs'
site 'TransferLog logs/a.log'
bad apache-access-log:/etc/apache2/logs/a.log
site 'ErrorLog /var/log/apache2/e.log'
bad apache-error-log:/var/log/apache2/e.log /etc/apache2/sites-enabled/a.conf:2
for target in '/var/log/a.log bare' '"|/usr/bin/logscrub -s apache-access -o /x" vhost' '/dev/null vhost'; do
	site "CustomLog $target"
	good
done
sed -i 1d "$tree/etc/apache2/apache2.conf"
bad apache-error-log:/etc/apache2/logs/error_log /etc/apache2/apache2.conf

promise "HAProxy: frontends that log to syslog, in a format that names the client"
haproxy() { # frontend's lines
	empty
	{ printf 'global\n\tlog /dev/log local0 # a\n\tlog /dev/log local1 notice\ndefaults\n\tlog global\n\toption httplog\n'
	  printf 'frontend a\n\tbind :443\n'; printf '\t%s\n' "$@"; printf 'backend b\n\tserver s 127.0.0.1:80\n'; } | put /etc/haproxy/haproxy.cfg
}
haproxy
bad haproxy-log:/dev/log '/etc/haproxy/haproxy.cfg:2, /etc/haproxy/haproxy.cfg:3'
proof 'httplog: %ci'
haproxy 'no log'
good
haproxy 'log /run/sparsam/syslog.sock local0'
good
haproxy 'log-format "[%t] %ft %b/%s %Tw/%Tc %B"'
good
haproxy 'log-format "%ci:%cp [%t] %ft %{+X}[capture.req.hdr(0)]"'
bad haproxy-log:/dev/log
proof '%ci, %cp, %[capture.req.hdr(0)]'
haproxy 'log 192.0.2.9:514 local0'
bad haproxy-remote-log /etc/haproxy/haproxy.cfg:9
haproxy
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=9M\n' | put /etc/systemd/journald.conf
good
printf '*.* /var/log/syslog\n' | put /etc/rsyslog.conf
bad haproxy-log:/dev/log

promise "logback: files, and the same lines twice"
empty
logback() { # references of the root logger
	put /usr/share/bbb-web/WEB-INF/classes/logback.xml <<-END
		<?xml version="1.0"?>
		<configuration>
		<!-- <appender-ref ref="FILE"/> -->
		<root level="ERROR">$1</root>
		<appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender"><layout/></appender>
		<appender name="FILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
		  <File>logs/bbb-web.log</File>
		  <rollingPolicy class="x.TimeBasedRollingPolicy">
		    <FileNamePattern>/var/log/bigbluebutton/bbb-web.%d{yyyy-MM-dd}.log</FileNamePattern>
		    <MaxHistory>14</MaxHistory>
		  </rollingPolicy>
		</appender>
		<appender name="ASYNC" class="ch.qos.logback.classic.AsyncAppender"><appender-ref ref="FILE"/></appender>
		</configuration>
	END
}
logback '<appender-ref ref="STDOUT"/>'
good
logback '<appender-ref ref="STDOUT"/><appender-ref ref="FILE"/>'
bad logback-twice:/var/log/bigbluebutton/bbb-web.log /usr/share/bbb-web/WEB-INF/classes/logback.xml:6
proof 'up to 15 days'
logback '<appender-ref ref="ASYNC"/>'
bad logback-file:/var/log/bigbluebutton/bbb-web.log
printf 'tmpfs /var/log/bigbluebutton tmpfs size=64M 0 0\n' | put /etc/fstab
good

promise "coturn: a log file whose lines have no date"
empty
printf '# verbose\nverbose\nlog-file=/var/log/turnserver/turn.log\n' | put /etc/turnserver.conf
bad coturn-undated:/var/log/turnserver/turn.log /etc/turnserver.conf:3
printf 'new-log-timestamp\n' >>"$tree/etc/turnserver.conf"
good
printf 'verbose\n' | put /etc/turnserver.conf
bad coturn-undated /etc/turnserver.conf
printf 'syslog\nno-stdout-log\n' | put /etc/turnserver.conf
good
printf 'realm=x\n' | put /etc/turnserver.conf
printf '[Service]\nExecStart=\nExecStart=/usr/bin/turnserver --simple-log --log-file /var/log/t.log\n' |
	put /etc/systemd/system/coturn.service.d/override.conf
bad coturn-undated:/var/log/t.log /etc/systemd/system/coturn.service.d/override.conf:3
sed -i 's/--simple-log/--new-log-timestamp/' "$tree/etc/systemd/system/coturn.service.d/override.conf"
good

promise "Docker: drivers that write files, by default and of each container"
empty
mkdir -p "$tree/etc/docker"
bad docker-log-driver:daemon /etc/docker/daemon.json
printf '{\n  "log-driver": "json-file",\n  "log-opts": { "max-size": "10m", "max-file": "3" }\n}\n' | put /etc/docker/daemon.json
bad docker-log-driver:daemon /etc/docker/daemon.json:2
proof 'max-size 10m, max-file 3'
printf '{"log-driver":"journald"}\n' | put /etc/docker/daemon.json
good
id=4f5a0c11d5f0aabbccdd
printf '{"LogConfig":{"Type":"json-file","Config":{}}}' | put /var/lib/docker/containers/$id/hostconfig.json
bad docker-log-driver:4f5a0c11d5f0 "/var/lib/docker/containers/$id/hostconfig.json:1"
proof 'grows without an end'
printf '{"LogConfig":{"Type":"journald","Config":{}}}' | put /var/lib/docker/containers/$id/hostconfig.json
good
printf '{"log-driver":"syslog","log-opts":{"syslog-address":"tcp://192.0.2.9:514"}}' | put /etc/docker/daemon.json
bad docker-remote-log:daemon
printf '{"log-driver":"syslog","log-opts":{"syslog-address":"unixgram:///run/sparsam/syslog.sock"}}' | put /etc/docker/daemon.json
good

promise "compose files: drivers that write files, whether or not there are containers yet"
empty
put /opt/app/docker-compose.yml <<-'END'
	services:
	  web:
	    image: example/web
	    logging:
	      driver: json-file
END
bad docker-compose-driver:/opt/app/docker-compose.yml:web /opt/app/docker-compose.yml:5
proof 'grows without an end'
jq -re .fix "$scratch/one" | grep -qF 'driver: journald' || fail "$(cat "$scratch/one")"
sed -i 's/json-file/journald/' "$tree/opt/app/docker-compose.yml"
good
promise "compose files: without a driver it is Docker's own, by default a file"
printf 'services:\n  web: { image: example/web }\n' | put /opt/app/docker-compose.yml
bad docker-compose-driver:/opt/app/docker-compose.yml:web /opt/app/docker-compose.yml:2
printf '{"log-driver":"journald"}\n' | put /etc/docker/daemon.json
good
promise "compose files: anchors, merge keys, variables and .env, and what overrides"
put /opt/app/docker-compose.yml <<-'END'
	x-log: &log { driver: "${DRIVER:-json-file}", options: { max-size: 10m, max-file: "3" } }
	x-base: &base
	  logging: *log
	services:
	  web:
	    <<: *base
END
bad docker-compose-driver:/opt/app/docker-compose.yml:web /opt/app/docker-compose.yml:1
proof 'max-size 10m, max-file 3'
printf '# of the site\nDRIVER="journald"\n' | put /opt/app/.env
good
printf 'services: { web: { logging: { driver: local } } }\n' | put /opt/app/docker-compose.override.yml
bad docker-compose-driver:/opt/app/docker-compose.override.yml:web /opt/app/docker-compose.override.yml:1
rm "$tree/opt/app/docker-compose.override.yml" "$tree/opt/app/.env"
printf 'services: { web: { logging: { driver: syslog, options: { syslog-address: "tcp://192.0.2.9:514" } } } }\n' |
	put /opt/app/docker-compose.yml
bad docker-compose-remote:/opt/app/docker-compose.yml:web
sed -i 's,tcp://192.0.2.9:514,unixgram:///run/sparsam/syslog.sock,' "$tree/opt/app/docker-compose.yml"
good
promise "compose files: folders under which raw logs land, on a disk, undeclared"
put /opt/app/docker-compose.yml <<-'END'
	services:
	  web:
	    logging: { driver: journald }
	    volumes:
	      - ./data:/data
	      - ./x/../log:/usr/src/app/log
	      - /dev/log:/dev/log
	      - /var/log:/var/log:ro
	      - type: volume
	        source: logs
	        target: /var/log/nginx
	volumes:
	  logs:
	    driver_opts: { type: "${TYPE:-none}" }
END
bad docker-compose-logs:/opt/app/docker-compose.yml:web:/usr/src/app/log /opt/app/docker-compose.yml:6
proof /opt/app/log
bad docker-compose-logs:/opt/app/docker-compose.yml:web:/var/log/nginx /opt/app/docker-compose.yml:9
proof /var/lib/docker/volumes/app_logs/_data
printf 'TYPE=tmpfs\n' | put /opt/app/.env
printf 'tmpfs /opt/app/log tmpfs size=64m 0 0\n' | put /etc/fstab
good
rm "$tree/etc/fstab"
put /etc/sparsam/sparsam.conf <<-'END'
	store "app" {
	  type = "textlog" paths = { "/opt/app/log/*.log" } format = "nginx-combined" category = "log-and-system-data"
	  period = "7d" scrub { keep = { "time_local" } }
	}
END
good
promise "compose files: those that containers name, wherever they lie"
empty
printf '{"log-driver":"journald"}\n' | put /etc/docker/daemon.json
printf 'services: { web: { logging: { driver: json-file } } }\n' | put /var/spool/odd/a.yml
printf 'services: { web: { logging: { driver: journald } } }\n' | put /var/spool/odd/b.yml
labels() {
	printf '{"Config":{"Labels":{"com.docker.compose.project.working_dir":"/var/spool/odd","%s":"%s"}}}' \
		com.docker.compose.project.config_files "$1" | put /var/lib/docker/containers/$id/config.v2.json
}
labels /var/spool/odd/a.yml
bad docker-compose-driver:/var/spool/odd/a.yml:web /var/spool/odd/a.yml:1
labels a.yml
bad docker-compose-driver:/var/spool/odd/a.yml:web
labels /var/spool/odd/a.yml,/var/spool/odd/b.yml
good
promise "compose files: what is no YAML, too large, or made to explode is said, and soon"
unread() { # what is put there
	put /opt/app/compose.yaml
	expect 1 timeout 10 "$SPARSAM_BIN/logscrub" doctor --root "$tree" --json >"$scratch/found" 2>"$scratch/stderr"
	[ "$(jq -r .id "$scratch/found")" = docker-compose-unread:/opt/app/compose.yaml ] || fail "$(cat "$scratch/found")"
}
printf 'services:\n\tweb: 1\n' | unread
head -c 4000 /dev/urandom | unread
{ printf 'services: { web: { logging: { driver: json-file } } }\n' && head -c 10000000 /dev/zero | tr '\0' '#'; } | unread
printf 'services: &a [ *b ]\n' | unread
{ printf 'services: '; head -c 200000 /dev/zero | tr '\0' '['; } | unread
{
	echo 'a0: &a0 { x: 1 }'
	for i in $(seq 30); do echo "a$i: &a$i { <<: [ *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)) ] }"; done
	printf 'services:\n  web: { <<: *a30, logging: { driver: journald } }\n'
} | unread
promise "compose files: lists of aliases are looked at once"
{
	echo 'x0: &x0 [ a, a, a, a, a, a, a, a, a, a ]'
	for i in $(seq 40); do echo "x$i: &x$i [ *x$((i - 1)), *x$((i - 1)), *x$((i - 1)), *x$((i - 1)), *x$((i - 1)) ]"; done
	printf 'services:\n  web: { logging: { driver: json-file }, volumes: *x40 }\n'
} | put /opt/app/compose.yaml
bad docker-compose-driver:/opt/app/compose.yaml:web
printf 'services: &s\n  web: { <<: *s, logging: { driver: journald } }\n' | put /opt/app/compose.yaml
good

promise "fail2ban: how long its database keeps what"
empty
printf '[DEFAULT]\ndbfile = /var/lib/fail2ban/fail2ban.sqlite3\ndbpurgeage = 1d\ndbmaxmatches = 10\n' | put /etc/fail2ban/fail2ban.conf
bad fail2ban-database:/var/lib/fail2ban/fail2ban.sqlite3 /etc/fail2ban/fail2ban.conf:2
printf '[Definition]\ndbpurgeage = 1mo\ndbmaxmatches = 0\n' | put /etc/fail2ban/fail2ban.local
bad fail2ban-database:/var/lib/fail2ban/fail2ban.sqlite3 /etc/fail2ban/fail2ban.local:2
printf '[DEFAULT]\ndbpurgeage = 604800\ndbmaxmatches = 0\n' | put /etc/fail2ban/fail2ban.local
good
printf '[DEFAULT]\ndbfile = :memory:\n' | put /etc/fail2ban/fail2ban.local
good

promise "Redis: what has no end does not go to a disk"
empty
printf 'dir /var/lib/redis\nappendonly no\n# save ""\n' | put /etc/redis/redis.conf
bad redis-keys:/var/lib/redis/dump.rdb /etc/redis/redis.conf
printf 'save 900 1\nsave ""\nappendonly yes\n' | put /etc/redis/redis.conf
bad redis-keys:/var/lib/redis/appendonlydir /etc/redis/redis.conf:3
printf 'include /etc/redis/late.conf\n' | put /etc/redis/redis.conf
printf 'save ""\nappendonly no\n' | put /etc/redis/late.conf
good

promise "PostgreSQL: where a cluster's log goes, what its settings put there, how long its collector keeps it"
empty
postgres() { printf '%s\n' "$@" | put /etc/postgresql/15/main/postgresql.conf; }
postgres "include_dir = 'conf.d'"
bad postgresql-log:/var/log/postgresql/postgresql-15-main.log /etc/postgresql/15/main/postgresql.conf
proof 'log_min_error_statement = error'
printf 'disabled\n' | put /etc/postgresql/15/main/start.conf
good
rm "$tree/etc/postgresql/15/main/start.conf"
link /run/postgresql/raw.log /etc/postgresql/15/main/log
good
rm "$tree/etc/postgresql/15/main/log"
printf '%s\n' '# a' "log_statement = 'ddl'" 'log_min_duration_statement = 250ms' | put /etc/postgresql/15/main/conf.d/a.conf
bad postgresql-statements:15/main /etc/postgresql/15/main/conf.d/a.conf:2
proof 'log_statement = ddl, log_min_duration_statement = 250ms, log_parameter_max_length = -1'
printf '%s\n' "log_line_prefix = '%m %h %q%u '" | put /etc/postgresql/15/main/conf.d/a.conf
bad postgresql-clients:15/main /etc/postgresql/15/main/conf.d/a.conf:1
proof 'log_line_prefix = %h %u'
printf '%s\n' 'log_connections = on' 'log_hostname = on' | put /etc/postgresql/15/main/conf.d/a.conf
bad postgresql-clients:15/main
proof 'log_connections = on, log_hostname = on'
printf "log_statement = 'all'\n" | put /var/lib/postgresql/15/main/postgresql.auto.conf
bad postgresql-statements:15/main /var/lib/postgresql/15/main/postgresql.auto.conf:1
rm "$tree/var/lib/postgresql/15/main/postgresql.auto.conf"
cp "$root/conf/raw-off/postgresql.conf" "$tree/etc/postgresql/15/main/conf.d/z.conf"
bad postgresql-log:syslog /etc/postgresql/15/main/conf.d/z.conf:6
! jq -r .id "$scratch/found" | grep -E 'postgresql-(statements|clients)' || fail "the shipped file leaves findings"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=9M\n' | put /etc/systemd/journald.conf
good
collector() { postgres 'logging_collector = on' "log_directory = '/srv/log'" 'log_truncate_on_rotation = on' "$@"; }
collector "log_filename = 'postgresql-%d.log'"
bad 'postgresql-age:/srv/log/postgresql-%d.log' /etc/postgresql/15/main/postgresql.conf:3
proof 'up to 31 days'
collector "log_filename = 'postgresql-%Y-%m-%d.log'"
bad 'postgresql-age:/srv/log/postgresql-%Y-%m-%d.log'
proof 'no greatest age'
collector "log_filename = 'postgresql-%a.log'" 'log_file_mode = 0644'
bad 'postgresql-mode:/srv/log/postgresql-%a.log' /etc/postgresql/15/main/postgresql.conf:5
! jq -r .id "$scratch/found" | grep -F postgresql-age || fail "a week of files is too long"
printf 'tmpfs /srv/log tmpfs size=64M 0 0\n' | put /etc/fstab
good

promise "core dumps, as far as they are written"
empty
printf '[Coredump]\n#Storage=external\n' | put /etc/systemd/coredump.conf
bad coredump-storage /etc/systemd/coredump.conf
printf '[Coredump]\nStorage=none\n' | put /etc/systemd/coredump.conf.d/s.conf
good
printf 'enabled=1\n' | put /etc/default/apport
bad apport /etc/default/apport:1
printf 'enabled=0\n' | put /etc/default/apport
good
printf '# a\n*  soft  core  unlimited\n' | put /etc/security/limits.conf
bad core-files /etc/security/limits.conf:2
printf 'kernel.core_pattern = |/bin/false\n' | put /etc/sysctl.d/60-x.conf
good
printf 'x' | put /var/lib/systemd/coredump/core.app.1000.x.zst
bad core-dumps:/var/lib/systemd/coredump

promise "swap: encrypted, in memory, or a finding"
empty
printf 'Filename Type Size Used Priority\n/dev/vda2 partition 99 0 -2\n' | put /proc/swaps
bad swap-unencrypted:/dev/vda2 /proc/swaps:2
printf 'Filename Type Size Used Priority\n/dev/zram0 partition 99 0 -2\n/dev/mapper/cryptswap partition 9 0 -3\n/dev/dm-1 partition 9 0 -4\n' | put /proc/swaps
printf 'cryptswap /dev/vda3 /dev/urandom swap\n' | put /etc/crypttab
printf 'CRYPT-PLAIN-x\n' | put /sys/class/block/dm-1/dm/uuid
good
empty
printf '/dev/vda1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n' | put /etc/fstab
bad swap-unencrypted:/swap.img /etc/fstab:2
printf '/dev/mapper/root / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n' | put /etc/fstab
printf 'root UUID=x none luks\n' | put /etc/crypttab
good

promise "BigBlueButton's own switches"
empty
printf '<configuration><modules>\n<!-- <load module="mod_cdr_csv"/> -->\n<load module="mod_logfile"/>\n</modules></configuration>\n' |
	put /opt/freeswitch/etc/freeswitch/autoload_configs/modules.conf.xml
bad freeswitch-log:/opt/freeswitch/var/log/freeswitch/freeswitch.log
printf '[Mount]\nWhat=tmpfs\nWhere=/opt/freeswitch/var/log/freeswitch\nType=tmpfs\n' |
	put /etc/systemd/system/opt-freeswitch-var-log-freeswitch.mount
good
printf 'analytics {\n  includeChat = true\n}\n' | put /usr/share/bbb-apps-akka/conf/application.conf
bad akka-chat /usr/share/bbb-apps-akka/conf/application.conf:2
printf 'analytics.includeChat=false\n' | put /etc/bigbluebutton/bbb-apps-akka.conf
good
printf '/* "disableIPlogging": true */\n{\n  // "disableIPlogging": true\n  "disableIPlogging": false,\n}\n' | put /usr/share/etherpad-lite/settings.json
bad etherpad-addresses /usr/share/etherpad-lite/settings.json:4
printf '{ "disableIPlogging": true }\n' | put /usr/share/etherpad-lite/settings.json
good
printf 'x: 1\nlog:\n  filename: a\n  file: true\n  stdout: true\nother:\n  file: false\n' | put /usr/local/bigbluebutton/bbb-webrtc-sfu/config/default.yml
bad sfu-log:/var/log/bbb-webrtc-sfu/bbb-webrtc-sfu.log /usr/local/bigbluebutton/bbb-webrtc-sfu/config/default.yml:4
printf 'log:\n  file: false\n' | put /etc/bigbluebutton/bbb-webrtc-sfu/production.yml
good
printf 'history=5\nlog_history=28\n' | put /etc/cron.daily/bigbluebutton
bad bigbluebutton-daily /etc/cron.daily/bigbluebutton:2
printf 'log_history=5\n' | put /etc/default/bigbluebutton-cron-config
good

promise "logins: records that nothing takes away"
empty
python3 - 1700000000 >"$scratch/utmp" <<-'END'
	import struct, sys
	sys.stdout.buffer.write(struct.pack("<hxxi32s4s32s256shhiii16s20s", 7, 1, b"pts/0", b"0", b"anna", b"203.0.113.7", 0, 0, 0,
	                                    int(sys.argv[1]), 0, b"", b""))
END
put /var/log/wtmp <"$scratch/utmp"
bad login-records:/var/log/wtmp /var/log/wtmp
proof 'nothing takes old records away'
[ "$(jq -r .severity "$scratch/one")" = high ] || fail "an old record is not a high finding"
head -c 292 /dev/zero | put /var/log/lastlog
: | put /var/log/wtmp
good

promise "log files: raw ones, those that no store declares, those past their period"
empty
printf 'Nov 24 01:40:02 app: hello\n' | put /var/log/app/app.log
bad log-unclaimed:/var/log/app/app.log /var/log/app/app.log
printf 'Nov 24 01:40:02 app: from 203.0.113.7, a@b.example\n' | gzip | put /var/log/app/app.log.2.gz
bad log-raw:/var/log/app/app.log /var/log/app/app.log.2.gz
proof 'ipv4: 1, email: 1'
rm "$tree/var/log/app/app.log.2.gz"
put /etc/sparsam/sparsam.conf <<-'END'
	store "app" {
	  type = "textlog" paths = { "/var/log/app/*.log*" } category = "log-and-system-data" period = "7d"
	}
END
good
printf 'x\n' | put /var/log/app/app.log.9
touch -d '-20 days' "$tree/var/log/app/app.log.9"
bad log-outlived:/var/log/app/app.log
rm "$tree/var/log/app/app.log.9"
promise "log files: an image is judged by the time at which it was taken"
empty
printf 'x\n' | put /var/log/app/app.log
touch -d '-90 days' "$tree/var/log/app/app.log"
bad log-unclaimed:/var/log/app/app.log
printf 'x\n' | put /var/log/app/late.log
bad log-unclaimed:/var/log/app/late.log
[ "$(jq -rs length "$scratch/found")" = 1 ] || fail "what nobody wrote to for long is said to grow"
put /etc/sparsam/sparsam.conf <<-'END'
	store "app" {
	  type = "textlog" paths = { "/var/log/app/*.log*" } category = "log-and-system-data" period = "7d"
	}
END
rm "$tree/var/log/app/late.log"
good
promise "log files: the machine's own, loopback, unspecified and pseudonym addresses are nobody's"
printf '198.51.100.1 node\n' | put /etc/hosts
token=$(printf '203.0.113.7\n' | "$SPARSAM_BIN/logscrub" token --at now -c "$tree/etc/sparsam/sparsam.conf" 2>/dev/null || true)
printf 'from 198.51.100.1, 127.0.0.1, ::1, 0.0.0.0, ::, %s\n' "$token" | put /var/log/app/app.log
good
promise "log files: package tools write versions, not addresses"
printf 'upgrade a 1.2.3.4 5.6.7.8\n' | put /var/log/dpkg.log
good
promise "a file a meeting is one log, and its name holds no id"
mkdir -p "$tree/var/log/rap"
for n in 1 2 3; do
	echo x >"$tree/var/log/rap/archive-$(printf '%040x' "$n")-170000000000$n.log"
done
bad 'log-unclaimed:/var/log/rap/archive-*.log'

promise "no proof, place or id repeats an address"
empty
printf 'from 203.0.113.77 and 2001:db8::77, anna@example.org\n' | put /var/log/203.0.113.77/anna@example.org.log
expect 1 doctor --json >"$scratch/found"
[ "$(jq -r .id "$scratch/found")" = 'log-raw:/var/log/*/*' ] || fail "$(cat "$scratch/found")"
[ "$(jq -r .where "$scratch/found")" = '/var/log/[ipv4]/[email].log' ] || fail "$(cat "$scratch/found")"
has_not "$scratch/found" 203.0.113
has_not "$scratch/found" anna

promise "links of a tree do not lead out of it"
empty
mkdir -p "$scratch/outside"
printf 'server { access_log /var/log/nginx/x.log; }\n' >"$scratch/outside/site"
printf 'from 203.0.113.7\n' >"$scratch/outside/raw.log"
printf 'error_log stderr;\nhttp { include /etc/nginx/sites-enabled/*; }\n' | put /etc/nginx/nginx.conf
link "$scratch/outside/site" /etc/nginx/sites-enabled/site
link "../../../../../../../../../../..$scratch/outside" /var/log/out
link "$scratch/outside/raw.log" /var/log/raw.log
good

promise "an accepted finding is none, until its day is over"
empty
printf '[Journal]\nStorage=volatile\n' | put /etc/systemd/journald.conf
bad journald-runtime
accept() { printf 'accept "%s" { reason = "moves in May" until = "%s" }\n' "$1" "$2" | put /etc/sparsam/sparsam.conf; }
accept journald-runtime "$(date -u +%F)"
good
has "$scratch/stderr" 'moves in May'
accept 'journald-*' 2999-12-31
good
accept journald-runtime "$(date -u -d yesterday +%F)"
bad journald-runtime
[ "$(jq -r .accepted_until "$scratch/one")" = "$(date -u -d yesterday +%F)" ] || fail "the JSON does not tell"
accept journald-storage 2999-12-31
bad journald-runtime
has "$scratch/stderr" 'accepts nothing that is found'
printf 'accept "x" { reason = "y" }\n' | put /etc/sparsam/sparsam.conf
expect 78 doctor
has "$scratch/stderr" '/etc/sparsam/sparsam.conf:1'

promise "worst first, each with all of its keys; the table for people says the same"
empty
printf '[Journal]\nStorage=volatile\n' | put /etc/systemd/journald.conf
printf '/dev/vda2 none swap sw 0 0\n' | put /etc/fstab
printf '*.* /var/log/syslog\n' | put /etc/rsyslog.conf
expect 1 doctor --json >"$scratch/found"
[ "$(jq -r .severity "$scratch/found" | tr '\n' ' ')" = 'high medium low ' ] || fail "the order is $(jq -r .severity "$scratch/found")"
jq 'select(.v == 1 and ([.id, .severity, .what, .where, .policy_row, .fix] | all(type == "string" and . != "")) | not)' \
	"$scratch/found" >"$scratch/odd"
[ ! -s "$scratch/odd" ] || fail "incomplete: $(cat "$scratch/odd")"
expect 1 doctor >"$scratch/table"
[ "$(sed -n '2,4s/ .*//p' "$scratch/table" | tr '\n' ' ')" = 'high medium low ' ] || fail "another table"
while read -r id; do has "$scratch/table" "$id"; done < <(jq -r .id "$scratch/found")
! grep -q $'\033' "$scratch/table" || fail "colour, but no terminal"
if command -v script >/dev/null; then
	colour() { # variable=value...
		script -qec "env TERM=xterm $* $SPARSAM_BIN/logscrub doctor --root $tree 2>/dev/null" /dev/null </dev/null >"$scratch/terminal" || true
	}
	colour A=1
	grep -q $'\033\[31m' "$scratch/terminal" || fail "no colour on a terminal"
	colour NO_COLOR=1
	! grep -q $'\033\[31m' "$scratch/terminal" || fail "colour in spite of NO_COLOR"
fi
"$SPARSAM_BIN/logscrub" --lang de doctor --root "$tree" >"$scratch/table" 2>/dev/null || true
has "$scratch/table" 'hoch'

promise "usage"
expect 64 doctor --frobnicate
expect 64 doctor argument
expect 66 "$SPARSAM_BIN/logscrub" doctor --root "$scratch/gone" 2>"$scratch/stderr"
