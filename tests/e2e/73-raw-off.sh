#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shipped files of conf/raw-off: each is what the doctor recommends, each is understood by its product, and on a machine that has
# them, with the products' own configuration otherwise, what visitors said comes to no disk.
# shellcheck disable=SC2016 # of inner shells
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jail.sh"
need jq
need xmllint
need systemd-analyze
off=$root/conf/raw-off
body() { awk 'text { print } /^$/ { text = 1 }' "$1"; } # what is to be written, without what stands before it

promise "each file says how to undo it, and is named in the manual"
for file in "$off"/*; do
	name=${file##*/}
	[ "$name" = daemon.json ] || [ "$name" = haproxy.cfg ] || [ "$name" = journald-namespace.conf ] || has "$file" 'Undo: '
	has "$root/man/sparsam-raw-off.7" "$name"
done

promise "systemd reads the mount units and the drop-ins without a complaint"
mkdir -p "$scratch/units"
cp "$off"/*.mount "$scratch/units"
for unit in haproxy rsyslog coturn; do
	mkdir "$scratch/units/$unit.service.d"
	printf '[Service]\nExecStart=/bin/true\n' >"$scratch/units/$unit.service"
	cp "$off/$unit.service.conf" "$scratch/units/$unit.service.d/sparsam.conf"
	sed -i 's,/usr/bin/turnserver,/bin/true,' "$scratch/units/$unit.service.d/sparsam.conf"
done
(cd "$scratch/units" && SYSTEMD_UNIT_PATH=$scratch/units: systemd-analyze --man=no verify ./*.mount ./*.service) >"$scratch/verify.log" 2>&1 ||
	fail "$(cat "$scratch/verify.log")"
has_not "$scratch/verify.log" "$scratch/units"
has_not "$scratch/verify.log" "Unknown"

promise "logback.xml and daemon.json are XML and JSON"
xmllint --noout "$off/logback.xml"
jq -e '.["log-driver"] == "journald"' "$off/daemon.json" >"$scratch/null"

# --- a machine --------------------------------------------------------------------------------------------------------------------

for program in nginx haproxy rsyslogd apache2 redis-server turnserver turnutils_uclient java curl logger; do need $program; done
jars=/usr/share/java
[ -e $jars/logback-classic.jar ] || skip "needs liblogback-java"
need_root
jail_logs() { :; } # the machine has its own
jail
nsenter -t "$jail_pid" -m mount --rbind /sys "$scratch/jail/root/sys" # journald asks for its control group
share=/usr/local/share/sparsam/raw-off
in_jail make -s -C "$root" BUILD="$BUILD" VARIANT="$VARIANT" PREFIX=/usr/local DESTDIR= install >"$scratch/install.log" 2>&1
in_jail ln -sfn /usr/local/bin/logscrub /usr/bin/logscrub
in_jail sed -i 's,"systemd:syslog","unix:/run/sparsam/syslog.sock",' /etc/sparsam/sparsam.conf
in_jail mkdir -p /run/sparsam /var/log/sparsam /var/lib/sparsam
in_jail sh -c 'rm -rf /var/log/nginx/* /var/log/apache2/* /var/log/journal /var/lib/redis/* /var/log/turn* /var/log/postgresql/*
	ln -sfn /proc/self/fd /dev/fd; mkdir -p /run/haproxy /run/redis'

# The products as Debian's packages and BigBlueButton's leave them, and a site behind HAProxy.
in_jail bash -e <<'END'
mkdir -p /opt/freeswitch/etc/freeswitch/autoload_configs /usr/share/bbb-web/WEB-INF/classes /usr/share/bbb-apps-akka/conf \
	/usr/share/etherpad-lite /usr/local/bigbluebutton/bbb-webrtc-sfu/config /etc/bigbluebutton/bbb-webrtc-sfu /etc/docker \
	/opt/freeswitch/var/log/freeswitch /etc/systemd/system /etc/systemd/journald.conf.d /var/log/journal /etc/default
echo '<configuration><modules><load module="mod_logfile"/></modules></configuration>' >/opt/freeswitch/etc/freeswitch/autoload_configs/modules.conf.xml
cat >/usr/share/bbb-web/WEB-INF/classes/logback.xml <<-XML
	<configuration>
	<appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%msg%n</pattern></encoder></appender>
	<appender name="FILE" class="ch.qos.logback.core.FileAppender"><file>/var/log/bigbluebutton/bbb-web.log</file><encoder><pattern>%msg%n</pattern></encoder></appender>
	<root level="DEBUG"><appender-ref ref="STDOUT"/><appender-ref ref="FILE"/></root>
	</configuration>
XML
printf 'analytics {\n  includeChat = true\n}\n' >/usr/share/bbb-apps-akka/conf/application.conf
printf '{\n  "disableIPlogging": false,\n  "loglevel": "INFO",\n  "port": 9001\n}\n' >/usr/share/etherpad-lite/settings.json
printf 'log:\n  file: true\n  stdout: true\n' >/usr/local/bigbluebutton/bbb-webrtc-sfu/config/default.yml
printf 'history=5\nlog_history=28\n' >/etc/cron.daily/bigbluebutton
rm -rf /etc/postgresql/*
mkdir -p /etc/postgresql/15/main/conf.d
printf "data_directory = '/srv/pg'\nlisten_addresses = ''\nlog_line_prefix = '%%m [%%p] %%q%%u@%%d '\nlog_statement = 'mod'\ninclude_dir = 'conf.d'\n" \
	>/etc/postgresql/15/main/postgresql.conf
rm -f /etc/default/bigbluebutton-cron-config /etc/fail2ban/fail2ban.local /etc/rsyslog.d/00-sparsam.conf
printf 'verbose\nlog-file=/var/log/turnserver.log\nlistening-ip=127.0.0.1\nno-tls\nno-dtls\nno-cli\nlt-cred-mech\nrealm=bbb.example.org\nuser=erika:right\n' \
	>/etc/turnserver.conf
cat >>/etc/haproxy/haproxy.cfg <<-CFG
	frontend front
		bind 127.0.0.1:8000
		default_backend nginx
	backend nginx
		server nginx 127.0.0.1:80
CFG
sed -i 's/Listen 80$/Listen 127.0.0.1:8080/; /Listen 443/d' /etc/apache2/ports.conf
sed -i 's/:80>/:8080>/' /etc/apache2/sites-enabled/000-default.conf
rm -rf /etc/systemd/system/rsyslog.service /etc/systemd/system/multi-user.target.wants
END
checks='^(journald-storage|journald-cap|journald-runtime|nginx-|haproxy-|rsyslog-|apache-|logback-|coturn-|redis-keys|docker-|freeswitch-|akka-chat|etherpad-|sfu-|bigbluebutton-|fail2ban-|postgresql-)'
doctor() { in_jail /usr/bin/logscrub doctor --json --root / >"$1" 2>"$scratch/doctor.log" || [ $? -eq 1 ]; }
found() { jq -r .id "$1" | grep -E "$checks" | sort -u; }

promise "as it is, the doctor finds each, and recommends what is shipped, to the letter"
doctor "$scratch/before"
found "$scratch/before" >"$scratch/found" || true
recommends() { # CHECK FILE...
	local file
	grep -qE "^$1(:|$)" "$scratch/found" || fail "no finding $1: $(cat "$scratch/found")"
	for file in "${@:2}"; do
		jq -rj --arg id "$1" 'select(.id | startswith($id)) | .fix + "\n"' "$scratch/before" >"$scratch/fix"
		body "$off/$file" >"$scratch/body"
		[ -s "$scratch/body" ] || cp "$off/$file" "$scratch/body" # without a head
			python3 - "$scratch/fix" "$scratch/body" <<-'END' || fail "$1 recommends something else than $file: $(cat "$scratch/fix")"
			import sys
			sys.exit(open(sys.argv[2]).read() not in open(sys.argv[1]).read())
		END
	done
}
recommends journald-storage journald.conf
recommends nginx-access-log nginx.conf
recommends nginx-error-log nginx.conf
recommends haproxy-log haproxy.cfg haproxy.service.conf
recommends rsyslog-file rsyslog.conf
recommends apache-access-log apache.conf
recommends apache-error-log apache.conf
recommends logback-twice logback.xml
recommends coturn-undated turnserver.conf coturn.service.conf
recommends redis-keys redis.conf
recommends docker-log-driver daemon.json
recommends freeswitch-log opt-freeswitch-var-log-freeswitch.mount
recommends akka-chat bbb-apps-akka.conf
recommends etherpad-addresses etherpad-settings.txt
recommends sfu-log bbb-webrtc-sfu.yml
recommends bigbluebutton-daily bigbluebutton-cron-config
recommends fail2ban-database fail2ban.local
recommends postgresql-log postgresql.conf
recommends postgresql-statements postgresql.conf
recommends postgresql-clients postgresql.conf

promise "with the files applied it finds none of them"
in_jail bash -e -s "$share" <<'END'
share=$1
install -D -m 644 $share/journald.conf /etc/systemd/journald.conf.d/50-sparsam.conf
install -D -m 644 $share/rsyslog.conf /etc/rsyslog.d/00-sparsam.conf
install -D -m 644 $share/rsyslog.service.conf /etc/systemd/system/rsyslog.service.d/sparsam.conf
sed -i "s,^error_log .*,error_log stderr;," /etc/nginx/nginx.conf
sed -i "s,^\taccess_log .*,\tinclude $share/nginx.conf;," /etc/nginx/nginx.conf
sed -i "/^\tlog .*local1/d; s,^\tlog /dev/log.*,$(grep '^log' $share/haproxy.cfg)," /etc/haproxy/haproxy.cfg
install -D -m 644 $share/haproxy.service.conf /etc/systemd/system/haproxy.service.d/sparsam.conf
sed -i "s,^ErrorLog .*,Include $share/apache.conf," /etc/apache2/apache2.conf
sed -i "/ErrorLog/d; s,.*CustomLog .*,Include $share/apache.conf," /etc/apache2/sites-enabled/000-default.conf
rm -f /etc/apache2/conf-enabled/other-vhosts-access-log.conf
cp $share/logback.xml /usr/share/bbb-web/WEB-INF/classes/logback.xml
sed -i '/^verbose/d; /^log-file/d' /etc/turnserver.conf
cat $share/turnserver.conf >>/etc/turnserver.conf
install -D -m 644 $share/coturn.service.conf /etc/systemd/system/coturn.service.d/sparsam.conf
cat $share/redis.conf >>/etc/redis/redis.conf
cp $share/daemon.json /etc/docker/daemon.json
cp $share/*.mount /etc/systemd/system
cp $share/bbb-apps-akka.conf /etc/bigbluebutton/
cp $share/bbb-webrtc-sfu.yml /etc/bigbluebutton/bbb-webrtc-sfu/production.yml
cp $share/bigbluebutton-cron-config /etc/default/
sed '1,/^$/d' $share/etherpad-settings.txt >/tmp/members
sed -i "/disableIPlogging/d; /loglevel/d; 1r /tmp/members" /usr/share/etherpad-lite/settings.json
cp $share/fail2ban.local /etc/fail2ban/
install -D -m 644 $share/postgresql.conf /etc/postgresql/15/main/conf.d/50-sparsam.conf
install -D -m 644 $share/coredump.conf /etc/systemd/coredump.conf.d/50-sparsam.conf
cat $share/sparsam-tail.conf >>/etc/sparsam/sparsam.conf
END
doctor "$scratch/after"
! found "$scratch/after" || fail "still found"

# --- a day of it ------------------------------------------------------------------------------------------------------------------

personal 203.0.113.77 Quittenbaum quittenbaum kd83hs7ahd0pq4rx
client 203.0.113.77/32
visit() { # URL : as somebody
	in_jail curl -s -o /dev/null --interface 203.0.113.77 -A 'Quittenbaum/1.0' -e 'https://front.example/?name=Quittenbaum' \
		"$1/bigbluebutton/api/join?fullName=Erika+Quittenbaum&sessionToken=kd83hs7ahd0pq4rx"
}
wrote() { in_jail grep -qaE -e "$2" "/var/log/sparsam/$1.log"; }
is_up() { in_jail curl -s -o /dev/null "$1"; }

promise "rsyslog, with Debian's own rules behind the file: a store's lines come out scrubbed, nothing else is written"
keys=(env "CREDENTIALS_DIRECTORY=$scratch/credentials")
in_jail rsyslogd -N1 >"$scratch/rsyslogd.check" 2>&1 || fail "$(cat "$scratch/rsyslogd.check")"
in_jail sed -i '/imklog/d' /etc/rsyslog.conf # the kernel is not this machine's
in_jail mkdir -p /var/spool/rsyslog /var/lib/haproxy/dev /var/spool/postfix/dev
spawn rsyslogd in_jail "${keys[@]}" rsyslogd -n -i /run/rsyslogd.pid
rsyslogd=${#spawned[@]}
wait_for in_jail test -S /dev/log
in_jail logger -p auth.info -t sshd 'Failed password for invalid user Quittenbaum from 203.0.113.77 port 4711 ssh2'
in_jail logger -p authpriv.notice -t sudo 'root : PWD=/home/quittenbaum ; USER=root ; COMMAND=/usr/bin/id'
in_jail logger -p user.info -t app 'Quittenbaum came from 203.0.113.77'
in_jail logger -p mail.info -t postfix/qmgr 'BF8BC1046B9: from=<quittenbaum@example.org>, size=311, nrcpt=2 (queue active)'
in_jail logger -p local0.info -t haproxy '203.0.113.77:41328 [24/Nov/2026:01:44:48.496] nginx_or_turn nginx/localhost 1/1/2 578 -- 1/1/0/0/0 0/0 captured_user:Quittenbaum'
wait_for wrote sshd 'Failed password for invalid user - from ip4:[a-z2-7]{16}'
wait_for wrote sudo 'sudo'
wait_for wrote postfix 'size=311'
wait_for wrote haproxy 'ip4:[a-z2-7]{16}.* nginx_or_turn'
in_jail sh -c 'kill -TERM $(cat /run/rsyslogd.pid)'
wait_gone "${spawned[rsyslogd - 1]}"
in_jail rm -f /dev/log

promise "journald holds the raw journal in memory, and says nothing against its file"
spawn journald in_jail /lib/systemd/systemd-journald
wait_for in_jail test -S /run/systemd/journal/dev-log
in_jail ln -sfn /run/systemd/journal/dev-log /dev/log
in_jail journalctl -q --no-pager -t systemd-journald >"$scratch/journald.said"
has_not "$scratch/journald.said" 'Unknown'
has_not "$scratch/journald.log" 'Unknown'
grep -q 'Runtime Journal .* max 64\.0M' "$scratch/journald.said" || fail "$(cat "$scratch/journald.said")"

promise "what a program can only write to a file lies in memory"
in_jail sh -c 'getent group daemon >/dev/null; useradd -r freeswitch; groupadd -f -r bigbluebutton; useradd -r -g bigbluebutton bigbluebutton' 2>/dev/null || true
for unit in "$off"/*.mount; do
	where=$(sed -n 's/^Where=//p' "$unit")
	in_jail mkdir -p "$where"
	in_jail mount -t "$(sed -n 's/^Type=//p' "$unit")" -o "$(sed -n 's/^Options=//p' "$unit")" tmpfs "$where"
	[ "$(in_jail stat -c '%a' "$where")" = 750 ] || fail "$where is open"
done
[ "$(in_jail stat -c %U:%G /opt/freeswitch/var/log/freeswitch)" = freeswitch:daemon ] || fail "FreeSWITCH cannot write"

spawn service in_jail "${keys[@]}" /usr/bin/logscrub run
wait_for in_jail test -S /run/sparsam/syslog.sock
in_jail chmod 666 /run/sparsam/syslog.sock
echo '2026-11-24 01:40:29.123456 99.00% [NOTICE] switch_channel.c:1118 New Channel sofia/internal/Quittenbaum@203.0.113.77 [4e5a1f0c-1d2e-4f3a-8b4c-5d6e7f809102]' |
	in_jail tee /opt/freeswitch/var/log/freeswitch/freeswitch.log >"$scratch/null"
wait_for wrote freeswitch 'switch_channel.c:1118'

promise "nginx and HAProxy log to the socket, HAProxy out of its chroot"
in_jail nginx -t >"$scratch/nginx.check" 2>&1 || fail "$(cat "$scratch/nginx.check")"
in_jail haproxy -c -q -f /etc/haproxy/haproxy.cfg >"$scratch/haproxy.check" 2>&1 || fail "$(cat "$scratch/haproxy.check")"
spawn nginx in_jail nginx -e stderr -g 'daemon off;'
bind=$(sed -n 's/^BindReadOnlyPaths=//p' "$off/haproxy.service.conf")
in_jail mkdir -p "${bind#*:}"
in_jail mount --bind "${bind%:*}" "${bind#*:}"
spawn haproxy in_jail haproxy -db -f /etc/haproxy/haproxy.cfg
wait_for is_up http://127.0.0.1:8000/
visit http://127.0.0.1
visit http://127.0.0.1:8000
in_jail mkdir -p /var/www/html/Quittenbaum
in_jail curl -s -o /dev/null --interface 203.0.113.77 http://127.0.0.1/Quittenbaum/
wait_for wrote nginx-access 'ip4:[a-z2-7]{16} - - .*"GET /bigbluebutton/api/join HTTP/1.1" 404'
wait_for wrote nginx-error 'client: ip4:[a-z2-7]{16}'
wait_for wrote haproxy '"GET /bigbluebutton/api/join HTTP/1.1"'

promise "Apache pipes both of its logs"
in_jail sh -c '. /etc/apache2/envvars; mkdir -p $APACHE_RUN_DIR $APACHE_LOCK_DIR; apache2 -t' >"$scratch/apache.check" 2>&1 || fail "$(cat "$scratch/apache.check")"
spawn apache in_jail "${keys[@]}" sh -c '. /etc/apache2/envvars; exec apache2 -D FOREGROUND'
wait_for is_up http://127.0.0.1:8080/
visit http://127.0.0.1:8080
in_jail curl -s -o /dev/null --interface 203.0.113.77 http://127.0.0.1:8080/.htaccess-Quittenbaum
wait_for wrote apache-access 'ip4:[a-z2-7]{16} - - .*"GET /bigbluebutton/api/join HTTP/1.1" 404'
wait_for wrote apache-error '.'

promise "logback, in Java, writes to standard output alone"
cat >"$scratch/Say.java" <<-'END'
	import org.slf4j.LoggerFactory;
	public class Say {
		public static void main(String[] a) {
			LoggerFactory.getLogger("org.bigbluebutton.api.MeetingService").info(" --analytics-- data={\"logCode\":\"user_left_message\",\"username\":\"Erika Quittenbaum\"}");
			LoggerFactory.getLogger("org.bigbluebutton.api.MeetingService").debug("sessionToken=kd83hs7ahd0pq4rx");
			LoggerFactory.getLogger("org.bigbluebutton.api.service.ValidationService").info("Validating join request with query string fullName=Quittenbaum");
		}
	}
END
classes=$jars/logback-classic.jar:$jars/logback-core.jar:$jars/slf4j-api.jar
in_jail sh -c 'mkdir -p /tmp/app && cd /tmp/app && exec systemd-cat -t java java -cp "$1" -Dlogback.configurationFile="$2" "$3"' sh "$classes" \
	/usr/share/bbb-web/WEB-INF/classes/logback.xml "$scratch/Say.java"
said() { in_jail journalctl -q --no-pager -o cat -t java | tee "$scratch/java.said" | grep -q -e "$1"; }
wait_for said analytics
has_not "$scratch/java.said" kd83hs7ahd0pq4rx
has_not "$scratch/java.said" Validating
has_not "$scratch/java.said" logback
[ -z "$(in_jail find /tmp/app -type f)" ] || fail "logback writes files"

promise "coturn speaks to the journal, and without verbose hardly at all"
spawn coturn in_jail sh -c "exec $(sed -n 's/^ExecStart=\(.\)/\1/p' "$off/coturn.service.conf")"
turned() { in_jail turnutils_uclient -L 203.0.113.77 -u Quittenbaum -w wrong -n 1 -y 127.0.0.1; }
denied() { turned >"$scratch/turn.out" 2>&1 || true; in_jail journalctl -q --no-pager -o cat -t turnserver | grep -q .; }
wait_for denied
wait_for wrote coturn 'turnserver'

promise "Redis forgets with its end"
in_jail sed -i 's/^daemonize yes/daemonize no/; s/^supervised.*/supervised no/; s,^logfile.*,logfile "",' /etc/redis/redis.conf
spawn redis in_jail redis-server /etc/redis/redis.conf
wait_for in_jail redis-cli ping
in_jail redis-cli set meeting:info 'Erika Quittenbaum' >"$scratch/null"
promise "the doctor asks the Redis that runs, whatever stands in its file"
doctor "$scratch/after"
! found "$scratch/after" || fail "still found"
in_jail redis-cli config set save '3600 1' >"$scratch/null"
doctor "$scratch/after"
[ "$(found "$scratch/after")" = redis-keys:/var/lib/redis/dump.rdb ] || fail "not found: $(found "$scratch/after")"
in_jail redis-cli config set save '' >"$scratch/null"
in_jail redis-cli shutdown || true

promise "PostgreSQL, to the journal and without values"
database=$(in_jail sh -c 'ls -d /usr/lib/postgresql/*/bin' | tail -n 1)
in_jail sh -c 'mkdir -p /srv/pg /run/postgresql && chown postgres /srv/pg /run/postgresql'
in_jail runuser -u postgres -- "$database/initdb" -D /srv/pg >"$scratch/initdb.log" 2>&1
spawn postgres in_jail runuser -u postgres -- "$database/postgres" -D /srv/pg -c config_file=/etc/postgresql/15/main/postgresql.conf -k /run/postgresql
sql() { in_jail runuser -u postgres -- psql -q -h /run/postgresql -c "$1"; }
wait_for sql 'select 1'
sql 'create table users (name text unique)' 2>"$scratch/null"
sql "insert into users values ('gone')" && sql 'delete from users'
sql "select 'Quittenbaum'::int" >"$scratch/psql.out" 2>&1 || true
sql "select 1/(length('Quittenbaum') - 11)" >"$scratch/psql.out" 2>&1 || true
wait_for wrote postgresql 'ERROR:'
has_not "$scratch/postgres.log" Quittenbaum

promise "of all that no raw value is on a disk, and the scrubbed form is"
kill -TERM "${spawned[@]:1}" 2>/dev/null || true
disk=$scratch/jail/up # all that was written outside of /run, /tmp, /dev and the two mounts; in /usr is what was installed
nsenter -t "$jail_pid" -m sh -c 'cd "$1" && exec grep -raliFf "$2" $(ls | grep -vx usr)' sh "$disk" "$scratch/personal" >"$scratch/leaks" || true
sort "$scratch/leaks" >"$scratch/where"
[ ! -s "$scratch/where" ] || fail "raw values in $(cat "$scratch/where")"
[ -z "$(nsenter -t "$jail_pid" -m find "$disk/var/log/journal" "$disk/var/lib/redis" -type f 2>/dev/null)" ] || fail "a journal or a dump is on the disk"
for log in auth.log syslog mail.log user.log haproxy.log nginx/access.log nginx/error.log apache2/access.log apache2/error.log; do
	[ -z "$(nsenter -t "$jail_pid" -m find "$disk/var/log/$log" -type f -size +0 2>/dev/null)" ] || fail "$log is written"
done
for log in sshd sudo postfix haproxy nginx-access nginx-error apache-access apache-error freeswitch coturn postgresql; do
	nsenter -t "$jail_pid" -m test -s "$disk/var/log/sparsam/$log.log" || fail "nothing of $log is kept"
done
