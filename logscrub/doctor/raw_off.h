/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * raw_off.h - the shipped files of conf/raw-off, by which a product's raw lines reach no disk
 *
 * They are part of the program, so that what the doctor recommends is what is shipped, to the letter,
 * wherever it was installed. Each begins with what it is for and how it is undone, and after the first
 * empty line stands what is to be written.
 */
#pragma once

enum raw_off {
	RAW_OFF_AKKA,
	RAW_OFF_APACHE,
	RAW_OFF_COREDUMP,
	RAW_OFF_DAILY,
	RAW_OFF_DOCKER,
	RAW_OFF_ETHERPAD,
	RAW_OFF_FAIL2BAN,
	RAW_OFF_FREESWITCH,
	RAW_OFF_HAPROXY,
	RAW_OFF_HAPROXY_UNIT,
	RAW_OFF_JOURNALD,
	RAW_OFF_JOURNALD_NAMESPACE,
	RAW_OFF_JOURNALD_SCRUBBED, /* systemd/journald@sparsam.conf.d/sparsam.conf */
	RAW_OFF_LOGBACK,
	RAW_OFF_NGINX,
	RAW_OFF_POSTGRESQL,
	RAW_OFF_REDIS,
	RAW_OFF_RSYSLOG,
	RAW_OFF_SFU,
	RAW_OFF_TURNSERVER,
	RAW_OFF_TURNSERVER_UNIT,
};

/* What is to be written, without what stands before it. It lives as long as the program. */
const char *raw_off(enum raw_off file);
