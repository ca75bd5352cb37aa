/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What several checks ask.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "logscrub/doctor/disks.h"
#include "logscrub/doctor/doctor.h"

#define LOGS_PERIOD_S  (7 * 86400)                   /* the policy's row for logs */
#define UNTIL_ERASED_S (INT64_C(1000) * 365 * 86400) /* nothing ages there */

bool
doctor_on_disk(struct doctor *d, const char *path)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (disks_is_memory(d->disks, &d->tree, path))
		return false;
	fd = tree_fd(&d->tree, path, O_PATH, &st);
	return fd < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

bool
doctor_syslog_on_disk(const struct doctor *d)
{
	if (d->journal_on_disk == DOCTOR_UNKNOWN && d->rsyslog_on_disk == DOCTOR_UNKNOWN)
		return true;
	return d->journal_on_disk == DOCTOR_YES || d->rsyslog_on_disk == DOCTOR_YES;
}

static void
wanted_seen(void *ctx, const char *path)
{
	(void)path;
	*(bool *)ctx = true;
}

bool
doctor_unit_is_off(struct doctor *d, const char *unit)
{
	static const char *const shipped[] = { "/usr/lib/systemd/system", "/lib/systemd/system" };
	char path[PATH_MAX], link[PATH_MAX];
	bool installed = false, wanted = false;

	(void)snprintf(path, sizeof(path), "/etc/systemd/system/%s", unit);
	if (tree_link(&d->tree, path, link) && strcmp(link, "/dev/null") == 0)
		return true;
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", shipped[i], unit);
		installed |= tree_has(&d->tree, path);
	}
	(void)snprintf(path, sizeof(path), "/etc/systemd/system/*.wants/%s", unit);
	tree_glob(&d->tree, path, wanted_seen, &wanted);
	/* of packages that are only unpacked no unit is enabled yet */
	return installed && !wanted &&
	       tree_has(&d->tree, "/etc/systemd/system/multi-user.target.wants");
}

/* PATH is FILE, or a rotated one of it ("FILE.1.gz", "FILE-20261124"). */
static bool
is_file_or_rotated(const char *path, const char *file)
{
	const size_t n = strlen(file);

	return strncmp(path, file, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '-');
}

/* Most patterns differ from PATH long before their first wildcard. */
static bool
pattern_matches(const char *pattern, const char *path)
{
	const size_t literal = strcspn(pattern, "*?[\\");

	return strncmp(pattern, path, literal) == 0 &&
	       fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

static bool
store_writes(const struct doctor *d, const struct conf_store *s, const char *path)
{
	const size_t n = strlen(d->conf->log_dir);
	char own[PATH_MAX];

	for (size_t i = 0; i < s->n_sinks; i++) {
		if ((s->sink[i].type == SINK_FILE || s->sink[i].type == SINK_JOURNAL) &&
			is_file_or_rotated(path, s->sink[i].path))
			return true;
	}
	if (s->n_sinks > 0 || strncmp(path, d->conf->log_dir, n) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "%s/%s.log", d->conf->log_dir, s->name);
	return is_file_or_rotated(path, own);
}

const struct conf_store *
doctor_store_of(const struct doctor *d, const char *path)
{
	for (size_t i = 0; i < d->conf->n_stores; i++) {
		const struct conf_store *s = &d->conf->store[i];

		for (size_t k = 0; k < s->paths.n; k++) {
			if (pattern_matches(s->paths.v[k], path))
				return s;
		}
		if (store_writes(d, s, path))
			return s;
	}
	return NULL;
}

int64_t
doctor_period_s(const struct doctor *d, const char *path)
{
	const struct conf_store *s = doctor_store_of(d, path);

	return !s ? LOGS_PERIOD_S : s->until_erased ? UNTIL_ERASED_S : s->period_s;
}

bool
doctor_is_impersonal(const char *path)
{
	static const char *const logs[] = { "/var/log/dpkg.log*", "/var/log/alternatives.log*",
		"/var/log/apt/*", "/var/log/aptitude*", "/var/log/bootstrap.log",
		"/var/log/unattended-upgrades/*", "/var/log/boot.log*", "/var/log/dmesg*",
		"/var/log/fontconfig.log", "/var/log/ubuntu-advantage*", "/var/log/ubuntu-pro*" };

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		if (pattern_matches(logs[i], path))
			return true;
	}
	return false;
}

json_t *
doctor_json(struct doctor *d, const char *path)
{
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, path, &len);

	return text ? json_loadb(text, len, 0, NULL) : NULL;
}
