/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/journald.h"

#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/conf/settings.h"
#include "retention/due.h"
#include "retention/session.h"
#include "retention/standing.h"
#include "store/journal/journal_map.h"

#define _(text) gettext(text)

#define DAY_S     86400
#define MONTH_S   2629800 /* MaxFileSec by default */
#define FILES_MAX 100     /* SystemMaxFiles by default */
#define USE_MAX   (UINT64_C(4) << 30)
#define ID_LEN    32

struct journald {
	struct session *s;
	struct tree tree;
	char id[ID_LEN + 1];
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

/* One journald's files in one folder. */
struct folder {
	const char *name; /* of the namespace; "": the machine's own */
	bool volatile_;   /* below /run */
	char path[PATH_MAX];
	uint64_t bytes, largest;
	size_t n_files;
	int64_t oldest_us; /* the first entry of any file */
	bool is_first;     /* … is the first that its journald has written */
};

/* What its journald is told to do. */
struct limits {
	int64_t wanted_s; /* that an entry should be there */
	int64_t file_s;   /* 0: no limit */
	uint64_t files, use;
	bool use_is_set;
};

/* --- configuration ---------------------------------------------------------------------------- */

/* "500M", by 1024, as systemd reads it; 0: none. */
static uint64_t
bytes_of(const char *value)
{
	static const char units[] = "KMGTPE";
	char *end;
	const unsigned long long n = strtoull(value, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

	return n <= UINT64_MAX >> shift ? (uint64_t)n << shift : UINT64_MAX;
}

static uint64_t
number_of(const struct settings *s, const char *key, uint64_t otherwise)
{
	const struct setting *v = settings_find(s, "Journal", key);

	return v && *v->value ? bytes_of(v->value) : otherwise;
}

static int64_t
seconds_of(const struct settings *s, const char *key, int64_t otherwise)
{
	const struct setting *v = settings_find(s, "Journal", key);
	const long long is = v && *v->value ? settings_span_s(v->value) : -1;

	return is >= 0 ? is : otherwise;
}

/* journald's own limit, where it is told none. */
static uint64_t
use_by_default(struct journald *j, const char *path)
{
	struct statvfs v;
	const int fd = tree_fd(&j->tree, path, O_RDONLY | O_DIRECTORY, NULL);
	uint64_t use = USE_MAX;

	if (fd >= 0 && fstatvfs(fd, &v) == 0 && v.f_blocks * v.f_frsize / 10 < USE_MAX)
		use = v.f_blocks * v.f_frsize / 10;
	if (fd >= 0)
		(void)close(fd);
	return use;
}

static void
limits_read(struct journald *j, const struct folder *f, int64_t period_s, struct limits *ret)
{
	char name[300];
	struct settings s;
	int64_t retention_s;

	settings_init(&s, false);
	(void)snprintf(name, sizeof(name),
		*f->name ? "systemd/journald@%s.conf" : "systemd/journald%s.conf", f->name);
	(void)settings_add_systemd(&s, &j->tree, name);
	retention_s = seconds_of(&s, "MaxRetentionSec", 0);
	*ret = (struct limits){
		.wanted_s = retention_s > 0 && retention_s < period_s ? retention_s : period_s,
		.file_s = seconds_of(&s, "MaxFileSec", MONTH_S),
		.files = number_of(
			&s, f->volatile_ ? "RuntimeMaxFiles" : "SystemMaxFiles", FILES_MAX),
		.use = number_of(&s, f->volatile_ ? "RuntimeMaxUse" : "SystemMaxUse", 0),
	};
	ret->use_is_set = ret->use > 0;
	if (!ret->use_is_set)
		ret->use = use_by_default(j, f->path);
	settings_release(&s);
}

/* --- files ------------------------------------------------------------------------------------ */

static void
file_see(struct journald *j, struct folder *f, const char *name)
{
	char path[PATH_MAX];
	struct journal_map m;
	struct err ignored;
	struct stat st;
	uint64_t bytes;
	int64_t head_us;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", f->path, name) >= (int)sizeof(path))
		return;
	fd = tree_fd(&j->tree, path, O_RDONLY, &st);
	if (fd < 0)
		return;
	bytes = (uint64_t)st.st_blocks * 512;
	f->bytes += bytes;
	f->largest = bytes > f->largest ? bytes : f->largest;
	f->n_files++;
	if (journal_map_open(fd, 0, &m, &ignored) == 0) {
		head_us = (int64_t)le64toh(m.header.head_entry_realtime);
		if (head_us > 0 && head_us < f->oldest_us) {
			f->oldest_us = head_us;
			f->is_first = le64toh(m.header.head_entry_seqnum) <= 1;
		}
		journal_map_release(&m);
	}
	(void)close(fd);
}

static bool
ends_with(const char *name, const char *end)
{
	const size_t n = strlen(name), k = strlen(end);

	return n >= k && strcmp(name + n - k, end) == 0;
}

static void
folder_see(struct journald *j, struct folder *f)
{
	struct tree_names names;

	f->oldest_us = INT64_MAX;
	tree_list(&j->tree, f->path, &names);
	for (size_t i = 0; i < names.n; i++)
		if (ends_with(names.v[i], ".journal") || ends_with(names.v[i], ".journal~"))
			file_see(j, f, names.v[i]);
	tree_names_release(&names);
}

/* --- judging ---------------------------------------------------------------------------------- */

static void
say(struct journald *j, const struct folder *f, const char *what)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "journald%s%s: %s", *f->name ? "@" : "", f->name, what);
	j->say(j->ctx, text);
}

static void
judge_files(struct journald *j, const struct folder *f, const struct limits *l)
{
	char lasts[32], wanted[32], text[300];

	/* divided, since whoever writes a great number means none */
	if (l->file_s == 0 || l->files == 0 || l->files >= (uint64_t)(l->wanted_s / l->file_s))
		return;
	standing_age((int64_t)l->files * l->file_s, lasts);
	standing_age(l->wanted_s, wanted);
	(void)snprintf(text, sizeof(text), _("MaxFileSec is too small: %llu files last %s of %s"),
		(unsigned long long)l->files, lasts, wanted);
	say(j, f, text);
}

/* By what has come in at least a day: the first file is made long before it is full. */
static bool
judge_size(struct journald *j, const struct folder *f, const struct limits *l)
{
	const int64_t span_s = (j->s->now_us - f->oldest_us) / 1000000;
	const double per_s = span_s > 0 ? (double)f->bytes / (double)span_s : 0;
	const uint64_t needed = (uint64_t)(per_s * (double)l->wanted_s);
	char wanted[32], text[300];

	if (f->n_files < 2 || span_s < DAY_S || span_s >= l->wanted_s || needed <= l->use)
		return false;
	standing_age(l->wanted_s, wanted);
	(void)snprintf(text, sizeof(text), _("%s (%llu MiB) is too small: %s take %llu MiB"),
		f->volatile_ ? "RuntimeMaxUse" : "SystemMaxUse", (unsigned long long)(l->use >> 20),
		wanted, (unsigned long long)(needed >> 20));
	say(j, f, text);
	return true;
}

/* What retention itself drops is nearly as old as the period; a folder that has room was not vacuumed. */
static void
judge_vacuum(struct journald *j, const struct folder *f, const struct limits *l)
{
	const int64_t age_s = (j->s->now_us - f->oldest_us) / 1000000;
	const bool is_full = f->bytes + f->largest >= l->use || f->n_files >= l->files;
	char age[32], wanted[32], text[300];

	if (!is_full || f->is_first ||
		age_s >= l->wanted_s * 9 / 10 - 2 * j->s->conf->run_interval_s)
		return;
	standing_age(age_s, age);
	standing_age(l->wanted_s, wanted);
	(void)snprintf(text, sizeof(text),
		_("it is full and has deleted entries of less than %s: the oldest is of %s ago"),
		wanted, age);
	say(j, f, text);
}

static void
folder_judge(struct journald *j, const char *name, bool volatile_, int64_t period_s)
{
	struct folder f = { .name = name, .volatile_ = volatile_ };
	struct limits l;

	(void)snprintf(f.path, sizeof(f.path), "%s/log/journal/%s%s%s", volatile_ ? "/run" : "/var",
		j->id, *name ? "." : "", name);
	folder_see(j, &f);
	if (f.n_files == 0)
		return;
	limits_read(j, &f, period_s, &l);
	judge_files(j, &f, &l);
	if (f.oldest_us == INT64_MAX)
		return;
	if (!judge_size(j, &f, &l))
		judge_vacuum(j, &f, &l);
}

/* --- which ------------------------------------------------------------------------------------ */

/* The longest period of what may lie in the journal NAME: of a sink what its stores say. */
static int64_t
period_of(const struct conf *c, const char *name)
{
	int64_t longest_s = 0, sinks_s = 0;

	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *st = &c->store[i];

		if (!due_applies(st))
			continue;
		for (size_t k = 0; k < st->n_sinks; k++)
			if (st->sink[k].type == SINK_NAMESPACE &&
				strcmp(st->sink[k].namespace_, name) == 0 && st->period_s > sinks_s)
				sinks_s = st->period_s;
		if ((st->journal.n > 0 || strcmp(st->type, "journal") == 0) &&
			st->period_s > longest_s)
			longest_s = st->period_s;
	}
	return sinks_s > 0 ? sinks_s : longest_s;
}

static void
space_look(struct journald *j, const char *name)
{
	const int64_t period_s = period_of(j->s->conf, name);

	if (period_s == 0)
		return;
	folder_judge(j, name, false, period_s);
	folder_judge(j, name, true, period_s);
}

/* "ID" and "ID.NAMESPACE" below /var and /run, each name once. */
static void
spaces_look(struct journald *j, const char *home, bool volatile_)
{
	struct tree_names names;

	tree_list(&j->tree, home, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i] + ID_LEN;
		char other[PATH_MAX];

		if (strncmp(names.v[i], j->id, ID_LEN) != 0 || (*name != '\0' && *name != '.'))
			continue;
		(void)snprintf(other, sizeof(other), "/var/log/journal/%s", names.v[i]);
		if (!volatile_ || !tree_has(&j->tree, other))
			space_look(j, *name ? name + 1 : "");
	}
	tree_names_release(&names);
}

static bool
has_journal(const struct conf *c)
{
	for (size_t i = 0; i < c->n_stores; i++)
		if (strcmp(c->store[i].type, "journal") == 0 && c->store[i].paths.n == 0 &&
			due_applies(&c->store[i]))
			return true;
	return false;
}

void
journald_look(struct session *s, void (*say_)(void *ctx, const char *text), void *ctx)
{
	struct journald j = { .s = s, .say = say_, .ctx = ctx };
	struct err ignored;
	char *id;
	size_t len;

	if (!has_journal(s->conf) || tree_open("/", &j.tree, &ignored) < 0)
		return;
	id = tree_text(&j.tree, "/etc/machine-id", &len);
	if (id && len >= ID_LEN) {
		memcpy(j.id, id, ID_LEN);
		spaces_look(&j, "/var/log/journal", false);
		spaces_look(&j, "/run/log/journal", true);
	}
	free(id);
	tree_release(&j.tree);
}
