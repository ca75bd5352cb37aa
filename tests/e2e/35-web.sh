#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The real nginx, Apache and HAProxy through the shipped stores, by file, pipe and syslog socket: what a store promises to keep is
# there, what the visitors said is gone, and the readers of such logs still read them.
. "$(dirname "$0")/lib.sh"
need nginx
need apache2
need haproxy
need goaccess
need curl
mkdir -p "$scratch"/{www,out,state,tmp}
mkdir -m 700 "$scratch/credentials"
head -c 32 /dev/urandom >"$scratch/credentials/sparsam-keys"
export CREDENTIALS_DIRECTORY=$scratch/credentials
free_ports='
import socket
held = [socket.socket() for _ in range(6)]
for s in held:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])'
mapfile -t port < <(python3 -c "$free_ports")
nobody_listens=${port[4]}
syslog_port=${port[5]}
user=$(id -un)
[ "$(id -u)" -ne 0 ] || user=www-data
chmod 711 "$scratch" "$scratch/tmp"
chmod 755 "$scratch/www"
echo page >"$scratch/www/index.html"
printf 'erika.muster@example.org:{PLAIN}right\n' >"$scratch/www/users"
chmod 644 "$scratch/www"/*

# nginx logs to the service's socket, HAProxy by UDP: it never waits, and where the kernel lets only ten datagrams queue in a unix
# socket (net.unix.max_dgram_qlen), the dozen that it says in one breath at its end would not all arrive.
cat >"$scratch/sparsam.conf" <<-EOF
	state_dir   = "$scratch/state"
	runtime_dir = "$scratch"
	metrics_dir = "$scratch"
	log_dir     = "$scratch/out"
	source "syslog" {
	  type   = "syslog"
	  listen = "unix:$scratch/log.sock"
	  tag "nginx"       { store = "nginx-access" }
	  tag "nginx_error" { store = "nginx-error" }
	}
	source "udp" { type = "syslog" listen = "udp:127.0.0.1:$syslog_port" tag "haproxy" { store = "haproxy" } }
EOF
spawn service "$SPARSAM_BIN/logscrub" run -c "$scratch/sparsam.conf"
wait_for test -S "$scratch/log.sock"
chmod 666 "$scratch/log.sock"
scrub() { "$SPARSAM_BIN/logscrub" -c "$scratch/sparsam.conf" --store "$@"; }

cat >"$scratch/nginx.conf" <<-EOF
	daemon off;
	$([ "$(id -u)" -ne 0 ] || echo "user $user;")
	worker_processes 1;
	pid $scratch/nginx.pid;
	error_log $scratch/nginx-error.raw info;
	error_log syslog:server=unix:$scratch/log.sock,tag=nginx_error,nohostname info;
	events { worker_connections 64; }
	http {
	  client_body_temp_path $scratch/tmp/a; proxy_temp_path $scratch/tmp/b; fastcgi_temp_path $scratch/tmp/c;
	  uwsgi_temp_path $scratch/tmp/d; scgi_temp_path $scratch/tmp/e;
	  log_format main '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent '
	                  '"\$http_referer" "\$http_user_agent" "\$http_x_forwarded_for"';
	  log_format more '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent '
	                  '"\$http_referer" "\$http_user_agent" "\$http_x_forwarded_for" rt=\$request_time host=\$host';
	  log_format json escape=json '{"time":"\$time_iso8601","remote_addr":"\$remote_addr","remote_user":"\$remote_user",'
	                  '"request":"\$request","status":\$status,"body_bytes_sent":\$body_bytes_sent,'
	                  '"http_referer":"\$http_referer","http_user_agent":"\$http_user_agent",'
	                  '"http_x_forwarded_for":"\$http_x_forwarded_for","request_time":\$request_time}';
	  access_log $scratch/combined.raw combined;
	  access_log $scratch/main.raw main;
	  access_log $scratch/more.raw more;
	  access_log $scratch/json.raw json;
	  access_log syslog:server=unix:$scratch/log.sock,tag=nginx combined;
	  server {
	    listen 127.0.0.1:${port[0]};
	    listen unix:$scratch/nginx.sock;
	    server_name bbb.example.org;
	    root $scratch/www;
	    client_max_body_size 10;
	    location /priv { auth_basic x; auth_basic_user_file $scratch/www/users; }
	    location /deny { deny all; }
	    location /rooms { return 200 "room\n"; }
	    location /bigbluebutton/api/join { return 302 /html5client/join?sessionToken=kd83hs7ahd0pq4rx; }
	    location /html5client { proxy_pass http://127.0.0.1:$nobody_listens; }
	  }
	}
EOF
nginx=${#spawned[@]}
spawn nginx nginx -p "$scratch" -e "$scratch/nginx-start.raw" -c "$scratch/nginx.conf"
answers() { curl -s -o "$scratch/page" "$1"; }
wait_for answers "http://127.0.0.1:${port[0]}/"

modules=/usr/lib/apache2/modules
builtin=$(apache2 -f /dev/null -l 2>/dev/null)
load_modules() {
	local m
	for m in mpm_event authn_core authn_file auth_basic authz_core authz_user log_config; do
		[[ $builtin == *mod_$m.c* ]] || echo "LoadModule ${m}_module $modules/mod_$m.so"
	done
}
cat >"$scratch/apache.conf" <<-EOF
	ServerRoot $scratch
	ServerName bbb.example.org
	Listen 127.0.0.1:${port[1]}
	PidFile $scratch/apache.pid
	$(load_modules)
	User $user
	DocumentRoot $scratch/www
	LogLevel info
	ErrorLog $scratch/apache-error.raw
	LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined
	LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
	LogFormat "%h %l %u %t \"%r\" %>s %O" common
	CustomLog $scratch/apache-vhost.raw vhost_combined
	CustomLog $scratch/apache-combined.raw combined
	CustomLog $scratch/apache-common.raw common
	CustomLog "|$SPARSAM_BIN/logscrub -c $scratch/sparsam.conf --store apache-access -o $scratch/out/apache-access.log" combined
	<Location /priv>
	  AuthType Basic
	  AuthName x
	  AuthUserFile $scratch/www/users
	  Require valid-user
	</Location>
	<Location /deny>
	  Require all denied
	</Location>
EOF
apache=${#spawned[@]}
spawn apache apache2 -f "$scratch/apache.conf" -D FOREGROUND
wait_for answers "http://127.0.0.1:${port[1]}/"

# bbb-install's format in front of nginx; httplog with captures
cat >"$scratch/haproxy.cfg" <<-EOF
	global
	  log 127.0.0.1:$syslog_port local0 info
	defaults
	  log global
	  timeout connect 1s
	  timeout client 2s
	  timeout server 2s
	frontend nginx_or_turn
	  mode tcp
	  bind 127.0.0.1:${port[2]}
	  log-format "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq captured_user:%{+X}[capture.req.hdr(0)]"
	  default_backend nginx
	backend nginx
	  mode tcp
	  server localhost 127.0.0.1:${port[0]}
	frontend fe_bbb
	  mode http
	  option httplog
	  bind 127.0.0.1:${port[3]}
	  capture request header X-Forwarded-For len 60
	  capture request header User-Agent len 60
	  use_backend be_down if { path_beg /down }
	  default_backend be_bbb
	backend be_bbb
	  mode http
	  server bbb01 127.0.0.1:${port[0]}
	backend be_down
	  mode http
	  server down01 127.0.0.1:$nobody_listens
EOF
haproxy=${#spawned[@]}
spawn haproxy haproxy -db -f "$scratch/haproxy.cfg"
wait_for answers "http://127.0.0.1:${port[3]}/"

promise "visitors come, with names, tokens, passwords and forged headers"
firefox='Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
visit() {
	curl -s -m 10 -o "$scratch/page" -A "$firefox" -e 'https://front.example/rooms/erika-muster?u=erika' \
		-H 'X-Forwarded-For: 203.0.113.7, erika, 2001:db8::7' "$@" || true
}
for p in "${port[@]:0:4}"; do
	url=http://127.0.0.1:$p
	visit "$url/bigbluebutton/api/join?fullName=Erika+Muster&meetingID=musterraum&password=hunter2&userID=erika%40example.org"
	visit "$url/html5client/join?sessionToken=kd83hs7ahd0pq4rx"
	visit "$url/rooms/eri-kam-ust/join?n=Erika"
	visit -u erika.muster@example.org:hunter2 "$url/priv"
	visit -u 'erika [muster:hunter2' "$url/priv"
	visit "$url/deny?n=erika"
	visit "$url/x/Erika%22Muster%0Aerika%1b?n=%C3%BC"
	visit -X POST --data-binary 'erika muster is here' "$url/bigbluebutton/api/insertDocument?meetingID=musterraum"
	visit -X ERIKA "$url/b/erika-muster"
	visit -A $'evil "erika" \\ muster \xc3\xbc' "$url/u/erika"
	visit -A $'evil \x01 erika' "$url/u/erika"
	visit "$url/down?n=erika"
	visit --path-as-is "$url/a%2fb/../erika/Muster"
	{ printf '\x16\x03\x01\x02\x00"erika\\\r\n\r\n' >&3 && cat <&3 >"$scratch/page"; } 3<>"/dev/tcp/127.0.0.1/$p" || true
done
visit --unix-socket "$scratch/nginx.sock" http://bbb.example.org/html5client/erika
# They end in good order, so that each has written all it has to say.
kill -QUIT "${spawned[nginx]}"
kill -TERM "${spawned[apache]}"
kill -USR1 "${spawned[haproxy]}"
for daemon in nginx apache haproxy; do wait_gone "${spawned[$daemon]}"; done

promise "each line of each daemon is of a form that its store knows"
n_lines() { [ "$(wc -l <"$2")" -eq "$1" ]; }
through() { # STORE LOG : all of LOG.raw comes out, as out/LOG.log
	scrub "$1" "$scratch/$2.raw" >"$scratch/out/$2.log" 2>"$scratch/out/$2.said"
	n_lines "$(wc -l <"$scratch/$2.raw")" "$scratch/out/$2.log" || fail "$2: $(cat "$scratch/out/$2.said")"
}
for log in combined main more; do through nginx-access $log; done
for log in vhost combined common; do through apache-access apache-$log; done
through apache-error apache-error
# JSON has to be UTF-8, and nginx copies what is not: the one line in Latin-1 or TLS goes
scrub nginx-access "$scratch/json.raw" >"$scratch/out/json.log" 2>"$scratch/out/json.said"
n_lines "$(iconv -f UTF-8 -t UTF-8 -c "$scratch/json.raw" | wc -l)" "$scratch/out/json.log" || fail "json: $(cat "$scratch/out/json.said")"
# a line feed in a request (%0A) cuts an entry in two, whose second half is of no form
scrub nginx-error "$scratch/nginx-error.raw" >"$scratch/out/nginx-errors.log" 2>"$scratch/out/nginx-errors.said"
n_lines "$(grep -cE '^[0-9]{4}/' "$scratch/nginx-error.raw")" "$scratch/out/nginx-errors.log" || fail "$(cat "$scratch/out/nginx-errors.said")"
# sockets and pipes brought the same as the files
wait_for n_lines "$(wc -l <"$scratch/combined.raw")" "$scratch/out/nginx-access.log"
same "$scratch/out/combined.log" "$scratch/out/nginx-access.log"
wait_for n_lines "$(wc -l <"$scratch/apache-combined.raw")" "$scratch/out/apache-access.log"
same "$scratch/out/apache-combined.log" "$scratch/out/apache-access.log"
wait_for grep -q 'access forbidden' "$scratch/out/nginx-error.log"
wait_for grep -q 'fe_bbb fe_bbb/<NOSRV>' "$scratch/out/haproxy.log"
wait_for grep -q 'Proxy - stopped (cumulated conns: FE: 0, BE: 0)' "$scratch/out/haproxy.log"

promise "what the stores keep is there"
ip4='ip4:[a-z2-7]{16}'
day='[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}:[0-9:]{8}'
front='"https://front\.example" "Firefox/128 Linux"'
keeps() { grep -qE -e "$2" "$scratch/out/$1.log" || fail "$1 has no line like $2: $(tail -n 30 "$scratch/out/$1.log")"; }
for log in combined main more nginx-access apache-combined; do
	keeps $log "^$ip4 - - \[$day \+0000\] \"GET /bigbluebutton/api/join HTTP/1.1\" [34]0[24] [0-9]+ $front"
	keeps $log "\"GET /rooms/:id/join HTTP/1.1\" [24]0[04] [0-9]+ $front"
	keeps $log "\"GET /priv HTTP/1.1\" 401 [0-9]+ $front"
	keeps $log "\"GET /x/:id HTTP/1.1\" 404 [0-9]+ $front"
	keeps $log "\"GET /u/:id HTTP/1.1\" 404 [0-9]+ \"https://front.example\" \"other\""
	keeps $log '"-" 400 '
done
keeps main "$front \"$ip4, -, ip6:[a-z2-7]{16}\"\$"
keeps more "$front \"$ip4, -, ip6:[a-z2-7]{16}\" rt=[0-9.]+ -\$"
keeps json "^\{\"time\":\"[0-9T:+-]+\",\"remote_addr\":\"$ip4\",\"request\":\"GET /rooms/:id/join HTTP/1.1\",\"status\":200,\"body_bytes_sent\":5,\"http_referer\":\"https://front.example\",\"http_user_agent\":\"Firefox/128 Linux\",\"http_x_forwarded_for\":\"$ip4, -, ip6:[a-z2-7]{16}\",\"request_time\":[0-9.]+\}\$"
for log in nginx-errors nginx-error; do
	keeps $log "^20[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[error\] [0-9#]+: \*[0-9]+ connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: $ip4, server: bbb.example.org, request: \"GET /html5client/join HTTP/1.1\", upstream: \"http://$ip4:[0-9]+\", -\$"
	keeps $log "user - password mismatch, client: $ip4, server: bbb.example.org, request: \"GET /priv HTTP/1.1\""
	keeps $log "access forbidden by rule, client: $ip4, server: bbb.example.org, request: \"GET /deny HTTP/1.1\""
	keeps $log "client intended to send too large body: - bytes, client: $ip4"
	keeps $log 'while connecting to upstream, client: unix:, server: bbb.example.org'
done
keeps apache-vhost "^bbb.example.org:[0-9]+ $ip4 - - \[$day \+0000\] \"GET /rooms/:id/join HTTP/1.1\" 404 [0-9]+ $front\$"
keeps apache-common "^$ip4 - - \[$day \+0000\] \"GET /rooms/:id/join HTTP/1.1\" 404 [0-9]+\$"
apache_error='\[[A-Z][a-z]{2} [A-Z][a-z]{2} .* 20[0-9]{2}\]'
keeps apache-error "^$apache_error \[authz_core:error\] \[pid [0-9]+:tid [0-9]+\] \[client $ip4:-\] AH01630: client denied by server configuration: -, referer: https://front.example\$"
keeps apache-error "^$apache_error \[auth_basic:error\] \[pid [0-9]+:tid [0-9]+\] \[client $ip4:-\] AH0161[78]: user - (not found|authentication failure)"
keeps apache-error "^$apache_error \[mpm_event:notice\] \[pid [0-9]+:tid [0-9]+\] AH00489: Apache/2\.[0-9.]+ \(Debian\) configured -- resuming normal operations\$"
haproxy=" haproxy\[[0-9]+\]: $ip4:- \[$day\.[0-9]{3}\]"
keeps haproxy "$haproxy nginx_or_turn nginx/localhost [0-9]+/[0-9]+/[0-9]+ [0-9]+ -- [0-9/]+ 0/0 captured_user:-\$"
keeps haproxy "$haproxy fe_bbb be_bbb/bbb01 [0-9/]+ 200 [0-9]+ - - ---- [0-9/]+ 0/0 \{-\} \"GET /rooms/:id/join HTTP/1.1\"\$"
keeps haproxy "$haproxy fe_bbb be_down/down01 [0-9/-]+ 503 [0-9]+ - - SC-- [0-9/+]+ 0/0 \{-\} \"GET /down HTTP/1.1\"\$"
keeps haproxy "$haproxy fe_bbb fe_bbb/<NOSRV> [0-9/-]+ 400 [0-9]+ - - PR-- [0-9/]+ 0/0 (\{-\} )?\"-\"\$"

promise "what the visitors said is nowhere"
cat >"$scratch/words" <<-'EOF'
	erika
	muster
	hunter2
	kd83hs7ahd
	front\.example/
	example\.org@
	127\.0\.0
	203\.0\.113
	2001:0?db8
	evil
EOF
! grep -raniEf "$scratch/words" "$scratch/out" "$scratch/service.log" >&2 || fail "a visitor is in the logs"
for raw in combined json nginx-error apache-combined apache-error; do
	grep -qiE 'erika|hunter2' "$scratch/$raw.raw" || fail "$raw.raw had nothing to leak"
done

promise "a second pass changes no byte"
again() { scrub "$1" "$scratch/out/$2.log" >"$scratch/twice" && same "$scratch/out/$2.log" "$scratch/twice"; }
for log in combined main more json; do again nginx-access $log; done
for log in vhost combined common; do again apache-access apache-$log; done
again nginx-error nginx-errors
again apache-error apache-error
again haproxy haproxy

promise "GoAccess reads the access logs of nginx and Apache, each line of them"
goes_in() { # LOG FORMAT : as many requests are valid as there are lines
	goaccess "$scratch/out/$1.log" --no-global-config --no-progress --log-format="$2" --no-ip-validation -o "$scratch/report.json" \
		>"$scratch/goaccess.log" 2>&1 || fail "goaccess: $(tail -n 3 "$scratch/goaccess.log")"
	grep -oE '"(total|valid|failed)_requests": [0-9]+' "$scratch/report.json" >"$scratch/requests"
	has "$scratch/requests" "\"valid_requests\": $(wc -l <"$scratch/out/$1.log")"
	has "$scratch/requests" '"failed_requests": 0'
}
goes_in combined COMBINED
goes_in apache-combined COMBINED
goes_in apache-vhost VCOMBINED
goes_in apache-common COMMON
