/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/raw_off.h"

#include <string.h>

/* The bytes of FILE, which is named from the top of the source tree, and a 0 behind them. */
#define EMBED(name, file)                                                                          \
	extern const char name[];                                                                  \
	__asm__(".pushsection .rodata\n" #name ":\n.incbin \"" file "\"\n.byte 0\n.popsection\n")

EMBED(file_akka, "conf/raw-off/bbb-apps-akka.conf");
EMBED(file_apache, "conf/raw-off/apache.conf");
EMBED(file_coredump, "conf/raw-off/coredump.conf");
EMBED(file_daily, "conf/raw-off/bigbluebutton-cron-config");
EMBED(file_docker, "conf/raw-off/daemon.json");
EMBED(file_etherpad, "conf/raw-off/etherpad-settings.txt");
EMBED(file_fail2ban, "conf/raw-off/fail2ban.local");
EMBED(file_freeswitch, "conf/raw-off/opt-freeswitch-var-log-freeswitch.mount");
EMBED(file_haproxy, "conf/raw-off/haproxy.cfg");
EMBED(file_haproxy_unit, "conf/raw-off/haproxy.service.conf");
EMBED(file_journald, "conf/raw-off/journald.conf");
EMBED(file_journald_namespace, "conf/raw-off/journald-namespace.conf");
EMBED(file_journald_scrubbed, "systemd/journald@sparsam.conf.d/sparsam.conf");
EMBED(file_logback, "conf/raw-off/logback.xml");
EMBED(file_nginx, "conf/raw-off/nginx.conf");
EMBED(file_postgresql, "conf/raw-off/postgresql.conf");
EMBED(file_redis, "conf/raw-off/redis.conf");
EMBED(file_rsyslog, "conf/raw-off/rsyslog.conf");
EMBED(file_sfu, "conf/raw-off/bbb-webrtc-sfu.yml");
EMBED(file_turnserver, "conf/raw-off/turnserver.conf");
EMBED(file_turnserver_unit, "conf/raw-off/coturn.service.conf");

const char *
raw_off(enum raw_off file)
{
	static const char *const files[] = {
		[RAW_OFF_AKKA] = file_akka,
		[RAW_OFF_APACHE] = file_apache,
		[RAW_OFF_COREDUMP] = file_coredump,
		[RAW_OFF_DAILY] = file_daily,
		[RAW_OFF_DOCKER] = file_docker,
		[RAW_OFF_ETHERPAD] = file_etherpad,
		[RAW_OFF_FAIL2BAN] = file_fail2ban,
		[RAW_OFF_FREESWITCH] = file_freeswitch,
		[RAW_OFF_HAPROXY] = file_haproxy,
		[RAW_OFF_HAPROXY_UNIT] = file_haproxy_unit,
		[RAW_OFF_JOURNALD] = file_journald,
		[RAW_OFF_JOURNALD_NAMESPACE] = file_journald_namespace,
		[RAW_OFF_JOURNALD_SCRUBBED] = file_journald_scrubbed,
		[RAW_OFF_LOGBACK] = file_logback,
		[RAW_OFF_NGINX] = file_nginx,
		[RAW_OFF_POSTGRESQL] = file_postgresql,
		[RAW_OFF_REDIS] = file_redis,
		[RAW_OFF_RSYSLOG] = file_rsyslog,
		[RAW_OFF_SFU] = file_sfu,
		[RAW_OFF_TURNSERVER] = file_turnserver,
		[RAW_OFF_TURNSERVER_UNIT] = file_turnserver_unit,
	};
	const char *body = strstr(files[file], "\n\n");

	return body ? body + 2 : files[file];
}
