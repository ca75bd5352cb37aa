/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/span.h"

#define SETTINGS_MAX 100000

void
settings_init(struct settings *s, bool python)
{
	*s = (struct settings){ .python = python };
}

static void
setting_release(struct setting *v)
{
	free((char *)v->section);
	free((char *)v->key);
	free((char *)v->value);
	free((char *)v->file);
}

void
settings_release(struct settings *s)
{
	for (size_t i = 0; i < s->n; i++)
		setting_release(&s->v[i]);
	free(s->v);
	*s = (struct settings){ 0 };
}

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && (unsigned char)*s.p <= ' ')
		s = span_from(s, 1);
	while (s.len > 0 && (unsigned char)s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static char *
copy_of(struct span s)
{
	return strndup(s.p ? s.p : "", s.len);
}

static void
setting_add(struct settings *s, struct span section, struct span key, struct span value,
	const char *file, unsigned line)
{
	struct setting v;

	if (s->n == s->room) {
		const size_t room = s->room ? 2 * s->room : 64;
		struct setting *more = room <= SETTINGS_MAX
					       ? reallocarray(s->v, room, sizeof(*more))
					       : NULL;

		if (!more)
			return;
		s->v = more;
		s->room = room;
	}
	v = (struct setting){
		.section = copy_of(section),
		.key = copy_of(key),
		.value = copy_of(value),
		.file = strdup(file),
		.line = line,
	};
	if (v.section && v.key && v.value && v.file)
		s->v[s->n++] = v;
	else
		setting_release(&v);
}

/* The rest of a value on its next lines is left out: none that is asked for is as long. */
static void
line_add(struct settings *s, struct span *section, struct span line, const char *file, unsigned n)
{
	const char *equals;

	if (line.len == 0 || *line.p == '#' || *line.p == ';')
		return;
	if (*line.p == '[') {
		const char *end = memchr(line.p, ']', line.len);

		*section = trimmed(
			span_of(line.p + 1, (size_t)((end ? end : line.p + 1) - line.p) - 1));
		return;
	}
	equals = memchr(line.p, '=', line.len);
	if (!equals && s->python)
		equals = memchr(line.p, ':', line.len);
	if (!equals)
		return;
	setting_add(s, *section, trimmed(span_of(line.p, (size_t)(equals - line.p))),
		trimmed(span_from(line, (size_t)(equals - line.p) + 1)), file, n);
}

bool
settings_add(struct settings *s, struct tree *t, const char *path)
{
	size_t len;
	cleanup_mem char *text = tree_text(t, path, &len);
	struct span section = SPAN(""), rest = span_of(text, text ? len : 0);
	bool continued = false;

	for (unsigned n = 1; rest.len > 0; n++) {
		const char *end = memchr(rest.p, '\n', rest.len);
		const size_t taken = end ? (size_t)(end - rest.p) : rest.len;
		const struct span raw = span_of(rest.p, taken), line = trimmed(raw);
		const bool belongs = s->python ? raw.len > 0 && (*raw.p == ' ' || *raw.p == '\t')
					       : continued;

		continued = line.len > 0 && line.p[line.len - 1] == '\\';
		if (!belongs)
			line_add(s, &section, line, path, n);
		rest = span_from(rest, end ? taken + 1 : taken);
	}
	return text != NULL;
}

static const char *const systemd_dirs[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib" };
#define N_DIRS (sizeof(systemd_dirs) / sizeof(systemd_dirs[0]))

static bool
is_masked(struct tree *t, const char *path)
{
	char link[PATH_MAX];

	return tree_link(t, path, link) && strcmp(link, "/dev/null") == 0;
}

/* The drop-ins of all folders, by name; V[i] is what folder I has. Returns whether any was added. */
static bool
dropins_merge(struct settings *s, struct tree *t, const char *name, struct tree_names v[N_DIRS])
{
	size_t at[N_DIRS] = { 0 };
	bool any = false;

	for (;;) {
		const char *next = NULL;
		char path[PATH_MAX];
		size_t from = 0;

		for (size_t i = N_DIRS; i-- > 0;) {
			if (at[i] < v[i].n && (!next || strcmp(v[i].v[at[i]], next) <= 0)) {
				next = v[i].v[at[i]];
				from = i;
			}
		}
		if (!next)
			return any;
		(void)snprintf(path, sizeof(path), "%s/%s.d/%s", systemd_dirs[from], name, next);
		for (size_t i = 0; i < N_DIRS; i++) {
			if (i != from && at[i] < v[i].n && strcmp(v[i].v[at[i]], next) == 0)
				at[i]++;
		}
		at[from]++;
		if (strlen(next) > 5 && strcmp(next + strlen(next) - 5, ".conf") == 0 &&
			!is_masked(t, path))
			any |= settings_add(s, t, path);
	}
}

bool
settings_add_systemd(struct settings *s, struct tree *t, const char *name)
{
	struct tree_names v[N_DIRS];
	char path[PATH_MAX];
	bool any = false, found = false;

	for (size_t i = 0; i < N_DIRS; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", systemd_dirs[i], name);
		if (!found) {
			found = is_masked(t, path) || settings_add(s, t, path);
			any |= found;
		}
		(void)snprintf(path, sizeof(path), "%s/%s.d", systemd_dirs[i], name);
		tree_list(t, path, &v[i]);
	}
	any |= dropins_merge(s, t, name, v);
	for (size_t i = 0; i < N_DIRS; i++)
		tree_names_release(&v[i]);
	return any;
}

const struct setting *
settings_find(const struct settings *s, const char *section, const char *key)
{
	for (size_t i = s->n; i-- > 0;) {
		if (strcasecmp(s->v[i].key, key) == 0 &&
			(!section || strcasecmp(s->v[i].section, section) == 0))
			return &s->v[i];
	}
	return NULL;
}

/* systemd.time(7); a month is 30.44 days, a year 365.25. */
static const struct {
	const char *name;
	long long us;
} units[] = {
	{ "usec", 1 },
	{ "us", 1 },
	{ "msec", 1000 },
	{ "ms", 1000 },
	{ "seconds", 1000000 },
	{ "second", 1000000 },
	{ "sec", 1000000 },
	{ "s", 1000000 },
	{ "minutes", 60000000 },
	{ "minute", 60000000 },
	{ "min", 60000000 },
	{ "months", 2629800000000 },
	{ "month", 2629800000000 },
	{ "M", 2629800000000 },
	{ "m", 60000000 },
	{ "hours", 3600000000 },
	{ "hour", 3600000000 },
	{ "hr", 3600000000 },
	{ "h", 3600000000 },
	{ "days", 86400000000 },
	{ "day", 86400000000 },
	{ "d", 86400000000 },
	{ "weeks", 604800000000 },
	{ "week", 604800000000 },
	{ "w", 604800000000 },
	{ "years", 31557600000000 },
	{ "year", 31557600000000 },
	{ "y", 31557600000000 },
	{ "", 1000000 },
};

long long
settings_span_s(const char *value)
{
	long double us = 0;
	bool any = false;

	if (strcasecmp(value, "infinity") == 0)
		return 0;
	for (;;) {
		char *end;
		double number;
		size_t n, i;

		value += strspn(value, " \t");
		if (*value == '\0')
			return any && us < 1e18L ? (long long)(us / 1000000) : -1;
		number = strtod(value, &end);
		if (end == value || number < 0 || number > 1e15)
			return -1;
		end += strspn(end, " \t");
		n = strspn(end, "abcdefghijklmnopqrstuvwxyzM");
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strlen(units[i].name) == n && memcmp(units[i].name, end, n) == 0)
				break;
		}
		if (i == sizeof(units) / sizeof(units[0]))
			return -1;
		us += (long double)number * (long double)units[i].us;
		any = true;
		value = end + n;
	}
}
