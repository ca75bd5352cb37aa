/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wtmp, btmp, lastlog and their successors: who logged in from which address, and what was typed as a
 * user's name. Judged by their oldest record, and by whether anything takes old ones away.
 */
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmp.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/rotations.h"

#define _(text) gettext(text)

#define DAY         86400LL
#define PERIOD      (7 * DAY)
#define RECORDS_MAX 100000 /* looked at of one file */

struct logins {
	const char *path;
	enum { KIND_UTMP, KIND_LASTLOG, KIND_OTHER } kind;
};

/* The oldest record's time in seconds; 0: none, or it cannot be told. */
static int64_t
oldest_utmp(int fd)
{
	int64_t oldest = 0;
	struct utmp u;

	for (unsigned n = 0; n < RECORDS_MAX && read(fd, &u, sizeof(u)) == (ssize_t)sizeof(u);
		n++) {
		const int64_t at = u.ut_tv.tv_sec;

		if (at > 0 && (oldest == 0 || at < oldest))
			oldest = at;
	}
	return oldest;
}

/* lastlog has a place for each uid, most of them holes. */
static int64_t
oldest_lastlog(int fd)
{
	int64_t oldest = 0;
	off_t at = 0;

	for (unsigned n = 0; n < RECORDS_MAX; n++) {
		struct lastlog l;
		off_t data = lseek(fd, at, SEEK_DATA);

		if (data < 0)
			break;
		if (data > at)
			at = data / (off_t)sizeof(l) * (off_t)sizeof(l);
		if (pread(fd, &l, sizeof(l), at) != (ssize_t)sizeof(l))
			break;
		if (l.ll_time > 0 && (oldest == 0 || l.ll_time < oldest))
			oldest = l.ll_time;
		at += (off_t)sizeof(l);
	}
	return oldest;
}

static void
logins_report(struct doctor *d, const char *path, int64_t oldest_s, const struct rotation *rule)
{
	const long long days = oldest_s > 0 ? (d->now_s - oldest_s) / DAY : 0;
	char proof[256];
	size_t n;

	n = (size_t)snprintf(proof, sizeof(proof), "%s",
		rule ? _("rotated, but not in time") : _("nothing takes old records away"));
	if (oldest_s > 0 && n < sizeof(proof))
		(void)snprintf(proof + n, sizeof(proof) - n,
			ngettext("; the oldest is %lld day old", "; the oldest is %lld days old",
				(unsigned long)days),
			days);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "login-records",
			.subject = path,
			.severity = days * DAY > PERIOD ? DOCTOR_HIGH : DOCTOR_MEDIUM,
			.what = N_("records of logins, with addresses, outlive their period"),
			.file = path,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Write this to /etc/logrotate.d/logins, in the place of the rules wtmp and "
				"btmp there:"),
			.lines = "/var/log/wtmp /var/log/btmp /var/log/lastlog /var/log/faillog {\n"
				 "  daily\n"
				 "  rotate 6\n"
				 "  missingok\n"
				 "  ifempty\n"
				 "  create 0660 root utmp\n"
				 "}",
		});
}

static void
logins_check(struct doctor *d, const struct logins *l)
{
	struct stat st;
	cleanup_fd int fd = tree_fd(&d->tree, l->path, O_RDONLY, &st);
	const struct rotation *rule = rotations_find(d->rotations, l->path);
	const bool in_time = rule && rule->keeps_s >= 0 && rule->keeps_s <= PERIOD;
	int64_t oldest_s = 0;

	if (fd < 0 || st.st_size == 0 || !doctor_on_disk(d, l->path))
		return;
	if (l->kind == KIND_UTMP)
		oldest_s = oldest_utmp(fd);
	else if (l->kind == KIND_LASTLOG)
		oldest_s = oldest_lastlog(fd);
	if (l->kind == KIND_LASTLOG && oldest_s == 0)
		return; /* places for users who never logged in */
	if (!in_time || (oldest_s > 0 && d->now_s - oldest_s > PERIOD + DAY))
		logins_report(d, l->path, oldest_s, rule);
}

void
doctor_logins(struct doctor *d)
{
	static const struct logins files[] = {
		{ "/var/log/wtmp", KIND_UTMP },
		{ "/var/log/btmp", KIND_UTMP },
		{ "/var/log/lastlog", KIND_LASTLOG },
		{ "/var/log/faillog", KIND_OTHER },
		{ "/var/lib/wtmpdb/wtmp.db", KIND_OTHER },
		{ "/var/lib/lastlog/lastlog2.db", KIND_OTHER },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		logins_check(d, &files[i]);
}
