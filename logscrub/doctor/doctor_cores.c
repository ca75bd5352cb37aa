/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Core dumps: the memory of a crashed program, with all that it knew. Where the kernel gives them
 * (core_pattern), what systemd-coredump and apport do with them, and those that are there.
 */
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "base/conf/settings.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define DAY 86400

/* --- the kernel's pattern --------------------------------------------------------------------- */

struct pattern {
	struct tree *tree;
	char value[512];
	char file[PATH_MAX];
	unsigned line;
};

/* The first word of the value: "name=value", "name = value", "name =value". REST is what the first
 * word has behind the name. */
static const char *
value_of(const struct words *w, const char *rest)
{
	size_t next = 1;

	if (*rest == '\0')
		rest = words_get(w, next++);
	if (*rest == '=')
		rest++;
	return *rest ? rest : words_get(w, next);
}

static void
sysctl_seen(void *ctx, const char *path)
{
	struct pattern *p = ctx;
	size_t len;
	cleanup_mem char *text = tree_text(p->tree, path, &len);
	struct words w;

	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		const char *word = words_get(&w, 0) + (*words_get(&w, 0) == '-');
		const size_t n = strcspn(word, "=");

		if (n != 19 || (strncmp(word, "kernel.core_pattern", n) != 0 &&
				       strncmp(word, "kernel/core_pattern", n) != 0))
			continue;
		(void)snprintf(p->value, sizeof(p->value), "%s", value_of(&w, word + n));
		(void)snprintf(p->file, sizeof(p->file), "%s", path);
		p->line = w.line;
	}
	words_release(&w);
}

/* What is in force; in a tree that does not run, what its sysctl files will set. */
static void
pattern_read(struct doctor *d, struct pattern *p)
{
	static const char *const files[] = { "/usr/lib/sysctl.d/*.conf",
		"/usr/local/lib/sysctl.d/*.conf", "/run/sysctl.d/*.conf", "/etc/sysctl.d/*.conf",
		"/etc/sysctl.conf" };
	size_t len;
	cleanup_mem char *now = tree_text(&d->tree, "/proc/sys/kernel/core_pattern", &len);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_glob(&d->tree, files[i], sysctl_seen, p);
	if (!now)
		return;
	if (strncmp(p->value, now, strcspn(now, " \n")) != 0) {
		(void)snprintf(p->file, sizeof(p->file), "/proc/sys/kernel/core_pattern");
		p->line = 0;
	}
	(void)snprintf(p->value, sizeof(p->value), "%.*s", (int)strcspn(now, "\n"), now);
}

/* --- systemd-coredump ------------------------------------------------------------------------- */

static void
coredump_report(struct doctor *d, const char *storage, const struct setting *at)
{
	char proof[64];

	(void)snprintf(proof, sizeof(proof), "Storage=%s", storage);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "coredump-storage",
			.severity = DOCTOR_HIGH,
			.what = N_(
				"systemd-coredump writes the memory of crashed programs to a disk"),
			.file = at ? at->file : "/etc/systemd/coredump.conf",
			.line = at ? at->line : 0,
			.proof = proof,
			.row = ROW_CONFERENCE,
			.mend = N_("Have it tell of the crash alone:"),
			.lines = raw_off(RAW_OFF_COREDUMP),
		});
}

static void
coredump_check(struct doctor *d, const struct pattern *p)
{
	struct settings s;
	const struct setting *storage;
	const char *value;
	bool any;

	settings_init(&s, false);
	any = settings_add_systemd(&s, &d->tree, "systemd/coredump.conf");
	storage = settings_find(&s, "Coredump", "Storage");
	value = storage && *storage->value ? storage->value : "external";
	/* installed, or in force; another pattern keeps it idle */
	if ((any && *p->value == '\0') || strstr(p->value, "systemd-coredump")) {
		if (strcmp(value, "none") != 0 &&
			(strcmp(value, "journal") != 0 || d->journal_on_disk != DOCTOR_NO))
			coredump_report(d, value, storage);
	}
	settings_release(&s);
}

/* --- apport ----------------------------------------------------------------------------------- */

static void
apport_check(struct doctor *d, const struct pattern *p)
{
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, "/etc/default/apport", &len);
	bool enabled = false;
	unsigned line = 0;
	struct words w;

	if (text) {
		words_init(&w, text, len, WORDS_LINES);
		while (words_next(&w)) {
			if (strncmp(words_get(&w, 0), "enabled=", 8) != 0)
				continue;
			enabled = strcmp(words_get(&w, 0) + 8, "1") == 0;
			line = w.line;
		}
		words_release(&w);
	}
	enabled = enabled && !doctor_unit_is_off(d, "apport.service");
	if (!enabled && !strstr(p->value, "/apport"))
		return;
	doctor_report(
		d, &(struct doctor_finding){
			   .check = "apport",
			   .severity = DOCTOR_HIGH,
			   .what = N_("apport writes the memory of crashed programs to /var/crash"),
			   .file = text ? "/etc/default/apport" : p->file,
			   .line = text ? line : p->line,
			   .proof = enabled ? "enabled=1" : p->value,
			   .row = ROW_CONFERENCE,
			   .mend = N_("Switch it off, in /etc/default/apport and now:"),
			   .lines = "enabled=0\n"
				    "# systemctl disable --now apport.service",
		   });
}

/* --- plain files ------------------------------------------------------------------------------ */

struct limits {
	struct tree *tree;
	bool raised;
	char file[PATH_MAX];
	unsigned line;
};

/* limits.conf: "* soft core unlimited" */
static void
limits_seen(void *ctx, const char *path)
{
	struct limits *l = ctx;
	size_t len;
	cleanup_mem char *text = tree_text(l->tree, path, &len);
	struct words w;

	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		if (!words_is(&w, 2, "core") || words_is(&w, 1, "hard") || words_is(&w, 3, "0"))
			continue;
		l->raised = true;
		(void)snprintf(l->file, sizeof(l->file), "%s", path);
		l->line = w.line;
	}
	words_release(&w);
}

/* system.conf and units: "LimitCORE=infinity", "DefaultLimitCORE=0:infinity" (soft:hard) */
static void
unit_seen(void *ctx, const char *path)
{
	struct limits *l = ctx;
	struct settings s;

	settings_init(&s, false);
	(void)settings_add(&s, l->tree, path);
	for (size_t i = 0; i < s.n; i++) {
		const char *key = s.v[i].key, *value = s.v[i].value;

		if ((strcmp(key, "LimitCORE") != 0 && strcmp(key, "DefaultLimitCORE") != 0) ||
			*value == '\0' || strcmp(value, "0") == 0 || strncmp(value, "0:", 2) == 0)
			continue;
		l->raised = true;
		(void)snprintf(l->file, sizeof(l->file), "%s", path);
		l->line = s.v[i].line;
	}
	settings_release(&s);
}

/* A pattern that names a file writes one where the soft limit is not 0, which it is by default. */
static void
plain_check(struct doctor *d, const struct pattern *p)
{
	static const char *const limits[] = { "/etc/security/limits.conf",
		"/etc/security/limits.d/*.conf" };
	static const char *const units[] = { "/etc/systemd/system.conf",
		"/etc/systemd/system.conf.d/*.conf", "/etc/systemd/system/*.service",
		"/etc/systemd/system/*.service.d/*.conf",
		"/usr/lib/systemd/system/freeswitch.service",
		"/usr/lib/systemd/system/bbb-*.service", "/usr/lib/systemd/system/coturn.service" };
	struct limits l = { .tree = &d->tree };

	if (*p->value == '|' || (*p->value == '/' && !doctor_on_disk(d, p->value)))
		return;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		tree_glob(&d->tree, limits[i], limits_seen, &l);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		tree_glob(&d->tree, units[i], unit_seen, &l);
	if (!l.raised)
		return;
	doctor_report(
		d, &(struct doctor_finding){
			   .check = "core-files",
			   .severity = DOCTOR_HIGH,
			   .what = N_("crashed programs leave their memory in files"),
			   .file = l.file,
			   .line = l.line,
			   .proof = *p->value ? p->value : "core",
			   .row = ROW_CONFERENCE,
			   .mend = N_("Take the limit back, or have the kernel throw dumps away:"),
			   .lines = "# /etc/sysctl.d/60-sparsam.conf, then: sysctl --system\n"
				    "kernel.core_pattern=|/bin/false",
		   });
}

/* --- those that are there --------------------------------------------------------------------- */

struct dumps {
	struct doctor *doctor;
	unsigned n;
	int64_t oldest_s;
};

static void
dump_seen(void *ctx, const char *path)
{
	struct dumps *dumps = ctx;
	struct stat st;
	cleanup_fd int fd = tree_fd(&dumps->doctor->tree, path, O_PATH, &st);

	if (fd < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return;
	dumps->n++;
	if (dumps->oldest_s == 0 || st.st_mtime < dumps->oldest_s)
		dumps->oldest_s = st.st_mtime;
}

static void
dumps_check(struct doctor *d, const char *folder, const char *pattern)
{
	struct dumps dumps = { .doctor = d };
	char proof[128], lines[200];

	tree_glob(&d->tree, pattern, dump_seen, &dumps);
	if (dumps.n == 0)
		return;
	(void)snprintf(proof, sizeof(proof),
		ngettext("%u file, %lld days old", "%u files, the oldest %lld days old", dumps.n),
		dumps.n, (long long)(d->now_s - dumps.oldest_s) / DAY);
	(void)snprintf(lines, sizeof(lines), "rm %s", pattern);
	doctor_report(d, &(struct doctor_finding){
				 .check = "core-dumps",
				 .subject = folder,
				 .severity = DOCTOR_HIGH,
				 .what = N_("dumps of programs' memory lie on a disk"),
				 .file = folder,
				 .proof = proof,
				 .row = ROW_CONFERENCE,
				 .mend = N_("Delete them, unless an incident needs them:"),
				 .lines = lines,
			 });
}

void
doctor_cores(struct doctor *d)
{
	struct pattern p = { .tree = &d->tree };

	pattern_read(d, &p);
	coredump_check(d, &p);
	apport_check(d, &p);
	plain_check(d, &p);
	dumps_check(d, "/var/lib/systemd/coredump", "/var/lib/systemd/coredump/core*");
	dumps_check(d, "/var/lib/apport/coredump", "/var/lib/apport/coredump/*");
	dumps_check(d, "/var/crash", "/var/crash/*.crash");
}
