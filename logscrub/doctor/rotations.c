/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/rotations.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/settings.h"
#include "logscrub/doctor/words.h"

#define DAY          86400L
#define INCLUDE_DEEP 8
#define FILES_MAX    1000 /* read at all: files may include one another */

struct rotations {
	struct rotation *v;
	size_t n, room;
	unsigned n_rules;
	bool failed;
	bool runs_hourly; /* what starts logrotate does so each hour */
};

/* What the next rule inherits, or has so far; and what of logrotate's text is read. */
struct reading {
	struct rotations *all;
	struct tree *tree;
	struct rotation defaults;
	const char *file;
	unsigned depth, n_files;
};

static void
rule_finish(const struct rotations *all, struct rotation *r)
{
	const long every = r->hourly && !all->runs_hourly ? DAY : r->every_s;
	long long by_count = -1, by_age = -1;

	if (every > 0 && !r->min_size) {
		if (r->n_kept >= 0)
			by_count = (r->n_kept + 1LL) * every;
		if (r->max_age_days > 0) /* looked at only when it rotates */
			by_age = every + (r->max_age_days * DAY + every - 1LL) / every * every;
	}
	r->keeps_s = by_count >= 0 && (by_age < 0 || by_count < by_age) ? by_count : by_age;
}

static void
rule_add(struct reading *g, const struct rotation *rule, const char *pattern, unsigned line)
{
	struct rotations *all = g->all;
	struct rotation r = *rule;

	if (all->n == all->room) {
		struct rotation *v = reallocarray(
			all->v, all->room ? 2 * all->room : 64, sizeof(*v));

		if (!v) {
			all->failed = true;
			return;
		}
		all->v = v;
		all->room = all->room ? 2 * all->room : 64;
	}
	rule_finish(all, &r);
	r.pattern = strdup(pattern);
	r.file = strdup(g->file);
	r.line = line;
	r.rule = all->n_rules;
	if (!r.pattern || !r.file) {
		free((char *)r.pattern);
		free((char *)r.file);
		all->failed = true;
		return;
	}
	all->v[all->n++] = r;
}

static void
period_set(struct rotation *r, long every_s)
{
	r->every_s = every_s;
	r->hourly = every_s == 3600;
}

/* The last of size and the periods wins. */
static void
directive_take(struct rotation *r, const char *name, const char *value)
{
	static const struct {
		const char *name;
		long every_s;
	} periods[] = { { "hourly", 3600 }, { "daily", DAY }, { "weekly", 7 * DAY },
		{ "monthly", 31 * DAY }, { "yearly", 366 * DAY } };

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		if (strcmp(name, periods[i].name) == 0)
			period_set(r, periods[i].every_s);
	}
	if (strcmp(name, "rotate") == 0)
		r->n_kept = strtol(value, NULL, 10);
	else if (strcmp(name, "maxage") == 0)
		r->max_age_days = strtol(value, NULL, 10);
	else if (strcmp(name, "size") == 0)
		period_set(r, 0);
	else if (strcmp(name, "minsize") == 0)
		r->min_size = strtol(value, NULL, 10) > 0;
	if (r->n_kept < -1 || r->n_kept > 1000000)
		r->n_kept = -1;
	if (r->max_age_days < 0 || r->max_age_days > 1000000)
		r->max_age_days = 0;
}

static bool
is_script(const struct words *w)
{
	static const char *const scripts[] = { "prerotate", "postrotate", "firstaction",
		"lastaction", "preremove" };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (strcmp(words_get(w, 0), scripts[i]) == 0)
			return true;
	}
	return false;
}

/* A script is shell, whatever braces and quotes it has: up to a line that is "endscript". */
static void
script_skip(struct words *w)
{
	while (w->at < w->end) {
		const char *end = memchr(w->at, '\n', (size_t)(w->end - w->at));
		const char *p = w->at;

		end = end ? end : w->end;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		w->at = end < w->end ? end + 1 : end;
		w->next_line++;
		if (end - p >= 9 && memcmp(p, "endscript", 9) == 0)
			return;
	}
}

/* Its name, and its value where "size=1M" has it in one word. */
static void
option_take(struct rotation *r, const struct words *w)
{
	char name[32];
	const char *word = words_get(w, 0), *value = words_get(w, 1);
	const size_t n = strcspn(word, "=");

	if (n >= sizeof(name))
		return;
	memcpy(name, word, n);
	name[n] = '\0';
	if (word[n] == '=' && word[n + 1])
		value = word + n + 1;
	else if (strcmp(value, "=") == 0)
		value = words_get(w, 2);
	directive_take(r, name, value);
}

static void
body_read(struct words *w, struct rotation *rule)
{
	while (words_next(w)) {
		if (is_script(w))
			script_skip(w);
		else
			option_take(rule, w);
		if (w->ended_by == '}')
			return;
	}
}

static void file_read(struct reading *g, const char *path);

static bool
is_taboo(const char *name)
{
	static const char *const ends[] = { ".rpmsave", ".rpmorig", "~", ".disabled", ".dpkg-old",
		".dpkg-dist", ".dpkg-new", ".dpkg-bak", ".dpkg-del", ".dpkg-tmp", ".cfsaved",
		".ucf-old", ".ucf-dist", ".ucf-new", ".rpmnew", ".swp", ",v", ".bak", ".old" };
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t k = strlen(ends[i]);

		if (n >= k && strcmp(name + n - k, ends[i]) == 0)
			return true;
	}
	return name[0] == '.';
}

static void
folder_read(struct reading *g, const char *folder)
{
	struct tree_names names;
	char path[PATH_MAX];

	tree_list(g->tree, folder, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (is_taboo(names.v[i]) || strlen(folder) + strlen(names.v[i]) + 2 > sizeof(path))
			continue;
		(void)stpcpy(stpcpy(stpcpy(path, folder), "/"), names.v[i]);
		file_read(g, path);
	}
	tree_names_release(&names);
}

static void
include_read(struct reading *g, const char *path)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (g->depth == 0)
		return;
	g->depth--;
	fd = tree_fd(g->tree, path, O_PATH, &st);
	if (fd >= 0 && S_ISDIR(st.st_mode))
		folder_read(g, path);
	else if (fd >= 0)
		file_read(g, path);
	g->depth++;
}

/* The files of a rule stand before its brace, over several lines. */
struct patterns {
	char *v[256];
	unsigned line[256];
	size_t n;
};

static void
patterns_take(struct patterns *p, const struct words *w)
{
	for (size_t i = 0; i < w->n && p->n < sizeof(p->v) / sizeof(p->v[0]); i++) {
		p->v[p->n] = strdup(words_get(w, i));
		p->line[p->n] = w->line;
		p->n += p->v[p->n] != NULL;
	}
}

static void
rule_read(struct reading *g, struct words *w, struct patterns *p)
{
	struct rotation rule = g->defaults;

	body_read(w, &rule);
	g->all->n_rules++;
	for (size_t i = 0; i < p->n; i++) {
		rule_add(g, &rule, p->v[i], p->line[i]);
		free(p->v[i]);
	}
	p->n = 0;
}

static void
file_read(struct reading *g, const char *path)
{
	size_t len;
	cleanup_mem char *text = g->n_files++ < FILES_MAX ? tree_text(g->tree, path, &len) : NULL;
	const char *outer = g->file;
	struct patterns p = { .n = 0 };
	struct words w;

	if (!text)
		return;
	g->file = path;
	words_init(&w, text, len, WORDS_BRACES);
	while (words_next(&w)) {
		const char *first = words_get(&w, 0);

		if (*first == '/' || w.ended_by == '{')
			patterns_take(&p, &w);
		else if (strcmp(first, "include") == 0)
			include_read(g, words_get(&w, 1));
		else if (is_script(&w))
			script_skip(&w);
		else
			option_take(&g->defaults, &w);
		if (w.ended_by == '{')
			rule_read(g, &w, &p);
	}
	for (size_t i = 0; i < p.n; i++)
		free(p.v[i]);
	words_release(&w);
	g->file = outer;
}

/* Debian starts it once a day, by a timer or by cron.daily. */
static bool
runs_hourly(struct tree *t)
{
	struct settings timer;
	bool hourly = tree_has(t, "/etc/cron.hourly/logrotate");

	settings_init(&timer, false);
	(void)settings_add_systemd(&timer, t, "systemd/system/logrotate.timer");
	for (size_t i = 0; i < timer.n; i++) {
		const char *when = timer.v[i].value;

		if (strcmp(timer.v[i].key, "OnCalendar") == 0)
			hourly |= strcmp(when, "hourly") == 0 || strcmp(when, "minutely") == 0 ||
				  strncmp(when, "*:", 2) == 0 || strstr(when, " *:");
	}
	settings_release(&timer);
	return hourly;
}

struct rotations *
rotations_read(struct tree *t)
{
	struct rotations *all = calloc(1, sizeof(*all));
	/* logrotate's own defaults: when it has grown to a MiB, and then nothing is kept */
	struct reading g = { .all = all, .tree = t, .depth = INCLUDE_DEEP };

	if (!all)
		return NULL;
	all->runs_hourly = runs_hourly(t);
	if (tree_has(t, "/etc/logrotate.conf"))
		file_read(&g, "/etc/logrotate.conf");
	else
		folder_read(&g, "/etc/logrotate.d");
	return all->failed ? rotations_free(all) : all;
}

struct rotations *
rotations_free(struct rotations *r)
{
	for (size_t i = 0; r && i < r->n; i++) {
		free((char *)r->v[i].pattern);
		free((char *)r->v[i].file);
	}
	if (r)
		free(r->v);
	free(r);
	return NULL;
}

size_t
rotations_count(const struct rotations *r)
{
	return r->n;
}

const struct rotation *
rotations_get(const struct rotations *r, size_t i)
{
	return &r->v[i];
}

const struct rotation *
rotations_find(const struct rotations *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++) {
		if (fnmatch(r->v[i].pattern, path, FNM_PATHNAME) == 0)
			return &r->v[i];
	}
	return NULL;
}
