/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * coturn: a log file whose lines carry seconds since the start and no date, so that nobody can tell
 * how old one is. Options stand in turnserver.conf and in the unit's command line alike.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "base/conf/settings.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

struct coturn {
	char file[PATH_MAX]; /* log-file; "": coturn's own choice */
	bool is_dated, to_syslog, is_verbose;
	char place[PATH_MAX]; /* where the file is named, or the configuration */
	unsigned line;
};

/* One option, without its dashes. */
static void
option_take(struct coturn *c, const char *name, const char *value, const char *place, unsigned line)
{
	if (strcmp(name, "new-log-timestamp") == 0 ||
		strcmp(name, "new-log-timestamp-format") == 0) {
		c->is_dated = true;
	} else if (strcmp(name, "syslog") == 0) {
		c->to_syslog = true;
	} else if (strcasecmp(name, "verbose") == 0) {
		c->is_verbose = true;
	} else if (strcmp(name, "log-file") == 0) {
		(void)snprintf(c->file, sizeof(c->file), "%s", value);
		(void)snprintf(c->place, sizeof(c->place), "%s", place);
		c->line = line;
	}
}

/* "name", "name=value" or "name value" */
static void
lines_read(struct coturn *c, const char *text, size_t len, const char *place)
{
	struct words w;

	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		char name[64];
		const char *word = words_get(&w, 0);
		const size_t n = strcspn(word, "=");

		if (n >= sizeof(name))
			continue;
		memcpy(name, word, n);
		name[n] = '\0';
		option_take(c, name, word[n] ? word + n + 1 : words_get(&w, 1), place, w.line);
	}
	words_release(&w);
}

/* "… --log-file PATH --new-log-timestamp -v" */
static void
command_read(struct coturn *c, const struct setting *exec)
{
	struct words w;

	words_init(&w, exec->value, strlen(exec->value), WORDS_LINES);
	if (words_next(&w)) {
		for (size_t i = 1; i < w.n; i++) {
			const char *word = words_get(&w, i);
			char name[64];
			const size_t dashes = strspn(word, "-"), n = strcspn(word + dashes, "=");

			if (dashes == 0 || n >= sizeof(name))
				continue;
			memcpy(name, word + dashes, n);
			name[n] = '\0';
			if (dashes == 1)
				(void)snprintf(name, sizeof(name), "%s",
					word[1] == 'l'                     ? "log-file"
					: word[1] == 'v' || word[1] == 'V' ? "verbose"
									   : "");
			option_take(c, name,
				word[dashes + n] ? word + dashes + n + 1 : words_get(&w, i + 1),
				exec->file, exec->line);
		}
	}
	words_release(&w);
}

static bool
unit_read(struct coturn *c, struct tree *t)
{
	struct settings s;
	const struct setting *exec;
	bool any;

	settings_init(&s, false);
	any = settings_add_systemd(&s, t, "systemd/system/coturn.service");
	exec = settings_find(&s, "Service", "ExecStart");
	if (exec)
		command_read(c, exec);
	settings_release(&s);
	return any;
}

static void
report(struct doctor *d, const struct coturn *c)
{
	char proof[PATH_MAX + 200], lines[1000];

	(void)snprintf(proof, sizeof(proof), _("%s: lines begin with seconds since the start%s"),
		*c->file ? c->file : "/var/log/turn_*.log",
		c->is_verbose ? _(", and verbose names each peer and user") : "");
	(void)snprintf(lines, sizeof(lines), "%s%s", raw_off(RAW_OFF_TURNSERVER),
		raw_off(RAW_OFF_TURNSERVER_UNIT));
	doctor_report(d,
		&(struct doctor_finding){
			.check = "coturn-undated",
			.subject = *c->file ? c->file : NULL,
			.severity = DOCTOR_HIGH,
			.what = N_(
				"coturn writes raw lines without a date: their age cannot be told"),
			.file = c->place,
			.line = c->line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Let it log to syslog alone, and less; the second where its unit has "
				"--log-file\n(with new-log-timestamp instead, its lines at least have a "
				"date):"),
			.lines = lines,
		});
}

void
doctor_coturn(struct doctor *d)
{
	static const char *const confs[] = { "/etc/turnserver.conf", "/etc/coturn/turnserver.conf",
		"/usr/local/etc/turnserver.conf" };
	struct coturn *c = calloc(1, sizeof(*c));
	bool any;

	if (!c) {
		d->failed = true;
		return;
	}
	any = unit_read(c, &d->tree);
	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		size_t len;
		cleanup_mem char *text = tree_text(&d->tree, confs[i], &len);

		if (!text)
			continue;
		if (!*c->place)
			(void)snprintf(c->place, sizeof(c->place), "%s", confs[i]);
		lines_read(c, text, len, confs[i]);
		any = true;
	}
	if (!*c->place)
		(void)snprintf(c->place, sizeof(c->place), "%s", confs[0]);
	if (any && !c->is_dated && !c->to_syslog && !doctor_unit_is_off(d, "coturn.service") &&
		strcmp(c->file, "stdout") != 0 && (!*c->file || doctor_on_disk(d, c->file)))
		report(d, c);
	free(c);
}
