/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journal: where it is stored, and how long. journald looks at whole files: an archived one goes
 * when its first entry is older than MaxRetentionSec, the one in use is never looked at, and becomes
 * an archived one after MaxFileSec, which is a month unless it is set. So an entry gets as old as the
 * greater of the two (systemd 252, journal-vacuum.c, journald-server.c).
 */
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "base/conf/settings.h"

#define _(text) gettext(text)

#define DAY          86400LL
#define STORED       "/var/log/journal"
#define FILE_MONTH_S 2629800LL /* MaxFileSec by default: 1month */
#define SPACES_MAX   64

/* The default journal ("") or a namespace. */
struct journal {
	const char *name;
	const char *unit; /* "journald.conf", "journald@NAME.conf" */
	const struct setting *storage, *runtime_use;
	long long keeps_s; /* an entry's greatest age; -1: no end */
	const struct setting *retention, *max_file;
	bool is_scrubbed; /* a store's sink: only what may be kept is in it */
	bool on_disk;
};

/* What mends it: the raw journal in memory, of a namespace as well; the scrubbed one on the disk. */
static const char *
mending_of(const struct journal *j)
{
	return raw_off(j->is_scrubbed ? RAW_OFF_JOURNALD_SCRUBBED
		       : *j->name     ? RAW_OFF_JOURNALD_NAMESPACE
				      : RAW_OFF_JOURNALD);
}

/* What is set, or what systemd has by default, in seconds; 0: no limit. */
static long long
span_of_setting(const struct setting *s, long long otherwise)
{
	const long long value = s && *s->value ? settings_span_s(s->value) : otherwise;

	return value < 0 ? otherwise : value;
}

static bool
is_scrubbed(const struct doctor *d, const char *name)
{
	for (size_t i = 0; i < d->conf->n_stores; i++) {
		const struct conf_store *s = &d->conf->store[i];

		for (size_t k = 0; k < s->n_sinks; k++) {
			if (s->sink[k].type == SINK_NAMESPACE && *name &&
				strcmp(s->sink[k].namespace_, name) == 0)
				return true;
		}
	}
	return false;
}

static void
journal_look(struct doctor *d, const struct settings *s, struct journal *j)
{
	const char *storage;
	long long retention_s, file_s;

	j->storage = settings_find(s, "Journal", "Storage");
	j->runtime_use = settings_find(s, "Journal", "RuntimeMaxUse");
	j->retention = settings_find(s, "Journal", "MaxRetentionSec");
	j->max_file = settings_find(s, "Journal", "MaxFileSec");
	j->is_scrubbed = is_scrubbed(d, j->name);
	storage = j->storage ? j->storage->value : "auto";
	j->on_disk = strcmp(storage, "persistent") == 0 ||
		     (strcmp(storage, "volatile") != 0 && strcmp(storage, "none") != 0 &&
			     tree_has(&d->tree, STORED));
	retention_s = span_of_setting(j->retention, 0);
	file_s = span_of_setting(j->max_file, FILE_MONTH_S);
	j->keeps_s = retention_s == 0 || file_s == 0 ? -1
		     : retention_s > file_s          ? retention_s
						     : file_s;
}

static struct doctor_finding
finding_of(const struct journal *j, const char *check, const struct setting *at)
{
	static char file[PATH_MAX], subject[128];

	(void)snprintf(file, sizeof(file), "/etc/systemd/%s", j->unit);
	(void)snprintf(subject, sizeof(subject), "%s", j->name);
	return (struct doctor_finding){
		.check = check,
		.subject = subject,
		.severity = DOCTOR_HIGH,
		.file = at ? at->file : file,
		.line = at ? at->line : 0,
		.row = ROW_LOGS,
	};
}

static void
storage_report(struct doctor *d, const struct journal *j)
{
	struct doctor_finding f = finding_of(j, "journald-storage", j->storage);

	f.what = N_("the raw journal is written to a disk");
	f.proof = j->storage && strcmp(j->storage->value, "auto") != 0
			  ? "Storage=persistent"
			  : _("Storage=auto, and /var/log/journal is there");
	f.mend = N_("Keep the raw journal in memory, and what logscrub writes on the disk:");
	f.lines = mending_of(j);
	doctor_report(d, &f);
}

/* MaxRetentionSec and MaxFileSec as they are, for a proof. */
static void
caps_tell(const struct journal *j, char *proof, size_t len)
{
	char age[64];

	if (j->keeps_s < 0)
		(void)snprintf(age, sizeof(age), "%s", _("without an end"));
	else
		(void)snprintf(
			age, sizeof(age), _("up to %lld days"), (j->keeps_s + DAY - 1) / DAY);
	(void)snprintf(proof, len, _("MaxRetentionSec=%s, MaxFileSec=%s: an entry is kept %s"),
		j->retention && *j->retention->value ? j->retention->value : "0",
		j->max_file && *j->max_file->value ? j->max_file->value : "1month", age);
}

static void
caps_report(struct doctor *d, const struct journal *j)
{
	struct doctor_finding f = finding_of(j, "journald-cap",
		j->retention  ? j->retention
		: j->max_file ? j->max_file
			      : j->storage);
	char proof[256];

	caps_tell(j, proof, sizeof(proof));
	f.proof = proof;
	f.severity = j->is_scrubbed ? DOCTOR_MEDIUM : DOCTOR_HIGH;
	f.what = N_("the journal keeps entries past their period");
	f.mend = N_(
		"Set both limits: the one in use is never looked at before MaxFileSec is over.");
	f.lines = mending_of(j);
	doctor_report(d, &f);
}

static void
runtime_report(struct doctor *d, const struct journal *j)
{
	struct doctor_finding f = finding_of(j, "journald-runtime", j->storage);
	char proof[256];

	caps_tell(j, proof, sizeof(proof));
	f.proof = proof;
	f.severity = DOCTOR_LOW;
	f.what = N_("the raw journal in memory has no limit of time or size");
	f.mend = N_("Set a short limit: logscrub has read an entry within moments.");
	f.lines = mending_of(j);
	doctor_report(d, &f);
}

static void
journal_check(struct doctor *d, struct journal *j)
{
	/* whole files go, so a scrubbed journal is allowed a day beyond; retention ends that */
	const long long allowed_s = 7 * DAY + (j->is_scrubbed ? DAY : 0);
	const bool too_long = j->keeps_s < 0 || j->keeps_s > allowed_s;

	if (j->storage && strcmp(j->storage->value, "none") == 0)
		return;
	if (j->on_disk && !j->is_scrubbed)
		storage_report(d, j);
	if (j->on_disk && too_long)
		caps_report(d, j);
	if (!j->on_disk && too_long && !(j->runtime_use && *j->runtime_use->value))
		runtime_report(d, j);
}

/* Where systemd looks for NAME's configuration. */
static void
journal_read(struct doctor *d, const char *name)
{
	char unit[300], path[320];
	struct settings s;
	struct journal j = { .name = name, .unit = unit };
	bool any;

	if (*name)
		(void)snprintf(unit, sizeof(unit), "journald@%s.conf", name);
	else
		(void)snprintf(unit, sizeof(unit), "journald.conf");
	(void)snprintf(path, sizeof(path), "systemd/%s", unit);
	settings_init(&s, false);
	any = settings_add_systemd(&s, &d->tree, path);
	if (any || *name || tree_has(&d->tree, STORED) ||
		tree_has(&d->tree, "/usr/lib/systemd/systemd-journald")) {
		journal_look(d, &s, &j);
		journal_check(d, &j);
		if (!*name)
			d->journal_on_disk = j.on_disk ? DOCTOR_YES : DOCTOR_NO;
	}
	settings_release(&s);
}

/* --- namespaces ------------------------------------------------------------------------------- */

struct spaces {
	struct tree *tree;
	char *v[SPACES_MAX];
	size_t n;
};

static void
space_add(struct spaces *s, const char *name, size_t len)
{
	if (len == 0 || len > 200 || memchr(name, '%', len) || memchr(name, '/', len) ||
		s->n == SPACES_MAX)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->v[i]) == len && memcmp(s->v[i], name, len) == 0)
			return;
	}
	s->v[s->n] = strndup(name, len);
	s->n += s->v[s->n] != NULL;
}

/* "…/journald@NAME.conf" and "…/journald@NAME.conf.d" */
static void
conf_seen(void *ctx, const char *path)
{
	const char *at = strchr(path, '@'), *end = at ? strstr(at, ".conf") : NULL;

	if (end)
		space_add(ctx, at + 1, (size_t)(end - at) - 1);
}

/* "/var/log/journal/MACHINE.NAME" */
static void
folder_seen(void *ctx, const char *path)
{
	const char *dot = strchr(path + sizeof(STORED), '.');

	if (dot)
		space_add(ctx, dot + 1, strlen(dot + 1));
}

static void
unit_seen(void *ctx, const char *path)
{
	struct spaces *spaces = ctx;
	struct settings s;
	const struct setting *v;

	settings_init(&s, false);
	(void)settings_add(&s, spaces->tree, path);
	v = settings_find(&s, "Service", "LogNamespace");
	if (v)
		space_add(spaces, v->value, strlen(v->value));
	settings_release(&s);
}

static void
spaces_find(struct spaces *s)
{
	static const char *const confs[] = { "/etc/systemd/journald@*", "/run/systemd/journald@*",
		"/usr/lib/systemd/journald@*" };
	static const char *const units[] = { "/etc/systemd/system/*.service",
		"/etc/systemd/system/*.service.d/*.conf" };

	for (size_t i = 0; i < sizeof(confs) / sizeof(confs[0]); i++)
		tree_glob(s->tree, confs[i], conf_seen, s);
	tree_glob(s->tree, STORED "/*", folder_seen, s);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		tree_glob(s->tree, units[i], unit_seen, s);
}

/* --- files that nobody deletes any more ------------------------------------------------------- */

struct stored {
	struct doctor *doctor;
	const char *folder;
	unsigned n;
	int64_t oldest_s; /* 0: unknown */
};

#define HEAD_REALTIME 184 /* head_entry_realtime, le64; JOURNAL_FILE_FORMAT.md */

static void
file_seen(void *ctx, const char *path)
{
	struct stored *s = ctx;
	const char *name = strrchr(path, '/') + 1;
	unsigned char head[HEAD_REALTIME + 8];
	cleanup_fd int fd = -1;
	uint64_t us = 0;
	int64_t at_s;

	/* what an incident holds, and what logscrub wrote itself */
	if (strncmp(name, "hold-", 5) == 0 || doctor_store_of(s->doctor, path))
		return;
	fd = tree_fd(&s->doctor->tree, path, O_RDONLY, NULL);
	if (fd < 0)
		return;
	s->n++;
	if (read(fd, head, sizeof(head)) != (ssize_t)sizeof(head) ||
		memcmp(head, "LPKSHHRH", 8) != 0)
		return;
	for (int i = 7; i >= 0; i--)
		us = us << 8 | head[HEAD_REALTIME + i];
	at_s = (int64_t)(us / 1000000);
	if (at_s > 0 && (s->oldest_s == 0 || at_s < s->oldest_s))
		s->oldest_s = at_s;
}

static void
leftover_report(struct doctor *d, const struct stored *s)
{
	char proof[200], lines[PATH_MAX + 16];

	if (s->oldest_s > 0)
		(void)snprintf(proof, sizeof(proof),
			ngettext("%u file, whose first entry is %lld days old",
				"%u files, whose first entry is %lld days old", s->n),
			s->n, (long long)(d->now_s - s->oldest_s) / DAY);
	else
		(void)snprintf(proof, sizeof(proof), ngettext("%u file", "%u files", s->n), s->n);
	(void)snprintf(lines, sizeof(lines), "rm -r %s", s->folder);
	doctor_report(d, &(struct doctor_finding){
				 .check = "journald-leftover",
				 .subject = s->folder,
				 .severity = DOCTOR_HIGH,
				 .what = N_("raw journal files that nothing deletes any more"),
				 .file = s->folder,
				 .proof = proof,
				 .row = ROW_LOGS,
				 .mend = N_("Delete them, unless an incident needs them:"),
				 .lines = lines,
			 });
}

/* Does journald still look after this folder? */
static bool
is_tended(struct doctor *d, const char *folder)
{
	const char *name = folder + sizeof(STORED);
	const size_t id_len = strcspn(name, ".");
	size_t len;
	cleanup_mem char *id = tree_text(&d->tree, "/etc/machine-id", &len);

	if (name[id_len] == '.') /* a namespace: what there is of it is told by its own findings */
		return true;
	if (d->journal_on_disk != DOCTOR_YES)
		return false;
	if (!id || len < 32 || id_len != 32)
		return id_len == 32;
	return memcmp(id, name, 32) == 0;
}

static void
stored_seen(void *ctx, const char *folder)
{
	struct stored s = { .doctor = ctx, .folder = folder };
	char pattern[PATH_MAX];

	if (is_tended(ctx, folder) || strlen(folder) + 16 > sizeof(pattern))
		return;
	(void)stpcpy(stpcpy(pattern, folder), "/*.journal");
	tree_glob(&s.doctor->tree, pattern, file_seen, &s);
	(void)stpcpy(stpcpy(pattern, folder), "/*.journal~");
	tree_glob(&s.doctor->tree, pattern, file_seen, &s);
	if (s.n > 0)
		leftover_report(ctx, &s);
}

void
doctor_journald(struct doctor *d)
{
	struct spaces spaces = { .tree = &d->tree };

	journal_read(d, "");
	spaces_find(&spaces);
	for (size_t i = 0; i < spaces.n; i++) {
		journal_read(d, spaces.v[i]);
		free(spaces.v[i]);
	}
	tree_glob(&d->tree, STORED "/*", stored_seen, d);
}
