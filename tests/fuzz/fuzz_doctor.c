/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The doctor's checks over a tree whose one file is any text, at a place that the first byte chooses:
 * each reader of configuration and every check is reached by its own way in. Whatever it finds has an id, a
 * place and a mending, and no address in clear.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf/conf-private.h"
#include "logscrub/doctor/disks.h"
#include "logscrub/doctor/doctor_checks.h"
#include "logscrub/doctor/doctor_findings.h"
#include "logscrub/doctor/rotations.h"
#include "record/detect/detect.h"

static const struct {
	const char *path;
	doctor_check *check;
} places[] = {
	{ "etc/nginx/nginx.conf", doctor_nginx },
	{ "etc/apache2/apache2.conf", doctor_apache },
	{ "etc/haproxy/haproxy.cfg", doctor_haproxy },
	{ "etc/rsyslog.conf", doctor_rsyslog },
	{ "etc/logrotate.conf", doctor_logrotate },
	{ "etc/systemd/journald.conf", doctor_journald },
	{ "usr/share/bbb-web/logback.xml", doctor_logback },
	{ "etc/turnserver.conf", doctor_coturn },
	{ "etc/docker/daemon.json", doctor_docker },
	{ "etc/fail2ban/fail2ban.conf", doctor_fail2ban },
	{ "etc/redis/redis.conf", doctor_redis },
	{ "etc/systemd/coredump.conf", doctor_cores },
	{ "etc/sysctl.conf", doctor_cores },
	{ "etc/fstab", doctor_swap },
	{ "etc/crypttab", doctor_swap },
	{ "usr/share/bbb-apps-akka/conf/application.conf", doctor_bigbluebutton },
	{ "usr/share/etherpad-lite/settings.json", doctor_bigbluebutton },
	{ "usr/local/bigbluebutton/bbb-webrtc-sfu/config/default.yml", doctor_bigbluebutton },
	{ "etc/cron.daily/bigbluebutton", doctor_bigbluebutton },
	{ "var/log/wtmp", doctor_logins },
	{ "var/log/lastlog", doctor_logins },
	{ "var/log/app.log.1.gz", doctor_files },
	{ "etc/default/apport", doctor_cores },
	{ "etc/security/limits.conf", doctor_cores },
	{ "opt/freeswitch/etc/freeswitch/autoload_configs/modules.conf.xml", doctor_bigbluebutton },
	{ "etc/systemd/system/coturn.service", doctor_coturn },
	{ "proc/swaps", doctor_swap },
	{ "etc/postgresql/15/main/postgresql.conf", doctor_postgres },
	{ "opt/app/docker-compose.yml", doctor_compose },
};
#define N_PLACES (sizeof(places) / sizeof(places[0]))

static char root[] = "/tmp/sparsam-fuzz-XXXXXX";
static struct conf_draft *draft;

/* The folders above PLACE, from the root down; then, at the end, from the last one up. */
static void
folders(int fd, const char *place, bool make)
{
	char path[128];

	for (size_t i = 0; place[i]; i++) {
		if (place[i] != '/')
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", (int)i, place);
		if (make && mkdirat(fd, path, 0700) < 0 && errno != EEXIST)
			abort();
	}
	for (size_t i = strlen(place); !make && i-- > 0;) {
		if (place[i] != '/')
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", (int)i, place);
		(void)unlinkat(fd, path, AT_REMOVEDIR); /* another place may need it yet */
	}
}

static void
tree_remove(void)
{
	const int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < N_PLACES; i++)
		folders(fd, places[i].path, false);
	(void)close(fd);
	(void)rmdir(root);
	(void)conf_free(&draft->conf);
}

static void
tree_make(void)
{
	int fd;

	draft = conf_draft_new(NULL);
	if (!draft || !mkdtemp(root))
		abort();
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < N_PLACES; i++)
		folders(fd, places[i].path, true);
	(void)close(fd);
	(void)atexit(tree_remove);
}

static void
check(const struct doctor_record *r)
{
	struct detect d;
	struct finding f;

	if (!r->id || !*r->id || !r->where || !*r->where || !r->what || !r->mend || !r->row)
		abort();
	detect_start(&d, span_str(r->proof), DETECT_ADDRESSES | DETECT_BIT(DETECT_EMAIL));
	if (r->proof && detect_next(&d, &f))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct doctor d = { .now_s = 1795000000 };
	const char *place;
	int fd;

	if (size < 1 || size > 1u << 16)
		return 0;
	if (!draft)
		tree_make();
	place = places[(size_t)(data[0] - ' ') % N_PLACES].path;
	if (tree_open(root, &d.tree, NULL) < 0)
		abort();
	d.conf = &draft->conf;
	fd = openat(d.tree.fd, place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	(void)close(fd);
	d.disks = disks_read(&d.tree);
	d.rotations = rotations_read(&d.tree);
	places[(size_t)(data[0] - ' ') % N_PLACES].check(&d);
	(void)doctor_findings_judge(&d);
	for (size_t i = 0; i < d.n; i++)
		check(&d.record[i]);
	(void)unlinkat(d.tree.fd, place, 0);
	doctor_checks_release(&d);
	doctor_findings_release(&d);
	tree_release(&d.tree);
	return 0;
}
