/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fail2ban's database: banned addresses, and the raw lines that matched, for dbpurgeage.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "base/conf/settings.h"

#define _(text) gettext(text)

#define FOLDER  "/etc/fail2ban"
#define DAY     86400LL
#define PERIOD  (7 * DAY)
#define DEFAULT "/var/lib/fail2ban/fail2ban.sqlite3"

struct reading {
	struct settings settings;
	struct tree *tree;
	bool any;
};

static void
file_seen(void *ctx, const char *path)
{
	struct reading *g = ctx;

	g->any |= settings_add(&g->settings, g->tree, path);
}

/* In fail2ban's order: .conf, .d/ *.conf, .local, .d/ *.local. */
static void
settings_read(struct reading *g)
{
	static const char *const files[] = { FOLDER "/fail2ban.conf", FOLDER "/fail2ban.d/*.conf",
		FOLDER "/fail2ban.local", FOLDER "/fail2ban.d/*.local" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_glob(g->tree, files[i], file_seen, g);
}

/* "1d", "86400", "1mo", "1year": fail2ban's own abbreviations. -1: never purged, or not understood. */
static long long
age_s(const char *text)
{
	char plain[64];
	size_t n = 0;
	long long s;

	for (; *text && n + 2 < sizeof(plain); text++) {
		if (strncmp(text, "mo", 2) == 0 && strncmp(text, "month", 5) != 0) {
			plain[n++] = 'M';
			text++;
		} else if (strncmp(text, "mm", 2) == 0) {
			plain[n++] = 'm';
			text++;
		} else
			plain[n++] = *text;
	}
	plain[n] = '\0';
	s = settings_span_s(plain);
	return s > 0 ? s : -1;
}

static const char *
value_of(const struct setting *s, const char *otherwise)
{
	return s && *s->value ? s->value : otherwise;
}

static void
database_judge(struct doctor *d, const struct settings *s)
{
	const struct setting *file = settings_find(s, NULL, "dbfile"),
			     *age = settings_find(s, NULL, "dbpurgeage"),
			     *matches = settings_find(s, NULL, "dbmaxmatches"), *at;
	const char *path = value_of(file, DEFAULT);
	const long long kept_s = age_s(value_of(age, "1d"));
	const long n_matches = strtol(value_of(matches, "10"), NULL, 10);
	const bool too_long = kept_s < 0 || kept_s > PERIOD;
	char proof[256];

	if (strcasecmp(path, "none") == 0 || strcmp(path, ":memory:") == 0 || *path != '/' ||
		!doctor_on_disk(d, path) || (!too_long && n_matches <= 0))
		return;
	at = too_long && age ? age : file;
	(void)snprintf(proof, sizeof(proof), "dbpurgeage = %s, dbmaxmatches = %ld",
		value_of(age, "1d"), n_matches);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "fail2ban-database",
			.subject = path,
			.severity = too_long ? DOCTOR_HIGH : DOCTOR_LOW,
			.what = too_long
					? N_("fail2ban's database keeps addresses past their period")
					: N_("fail2ban's database keeps raw lines that matched"),
			.file = at ? at->file : FOLDER "/fail2ban.conf",
			.line = at ? at->line : 0,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Write this to /etc/fail2ban/fail2ban.local, restart fail2ban and delete "
				"the old file:"),
			.lines = raw_off(RAW_OFF_FAIL2BAN),
		});
}

void
doctor_fail2ban(struct doctor *d)
{
	struct reading g = { .tree = &d->tree };

	settings_init(&g.settings, true);
	settings_read(&g);
	if (g.any)
		database_judge(d, &g.settings);
	settings_release(&g.settings);
}
