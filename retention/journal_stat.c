/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "record/record.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/journal.h"
#include "retention/session.h"

#define _(text) gettext(text)

#define UNITS_MAX 100000 /* a program that makes names up may not fill the memory */

struct unit {
	char *name;
	uint64_t n, bytes;
	int64_t oldest_us;
};

struct stat_of {
	struct unit **unit; /* by name */
	size_t n, max;
	void *tree;
	struct unit others; /* beyond UNITS_MAX */
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct unit *)a)->name, ((const struct unit *)b)->name);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct unit *x = *(struct unit *const *)a, *y = *(struct unit *const *)b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : by_name(x, y);
}

/* The unit; of what has none (the kernel, early boot) its identifier. */
static struct span
name_of(const struct record *r)
{
	static const char *const fields[] = { "_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT",
		"SYSLOG_IDENTIFIER", "_TRANSPORT" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct span v = r->field(r, fields[i]);

		if (v.p && v.len > 0 && v.len < 256 && !memchr(v.p, '\0', v.len))
			return v;
	}
	return SPAN("-");
}

static struct unit *
unit_new(struct stat_of *t, const char *name)
{
	const size_t max = t->max ? 2 * t->max : 64;
	struct unit **more, *u;

	if (t->n == UNITS_MAX)
		return &t->others;
	if (t->n == t->max) {
		more = realloc(t->unit, max * sizeof(struct unit *));
		if (!more)
			return NULL;
		t->unit = more;
		t->max = max;
	}
	u = calloc(1, sizeof(*u));
	if (!u || !(u->name = strdup(name)) || !tsearch(u, &t->tree, by_name)) {
		free(u ? u->name : NULL);
		free(u);
		return NULL;
	}
	u->oldest_us = INT64_MAX;
	t->unit[t->n++] = u;
	return u;
}

static int
see(void *ctx, const struct record *r, struct err *e)
{
	struct stat_of *t = ctx;
	const struct span v = name_of(r);
	char name[257];
	struct unit *const *found, *u;

	memcpy(name, v.p, v.len);
	name[v.len] = '\0';
	found = tfind(&(struct unit){ .name = name }, &t->tree, by_name);
	u = found ? *found : unit_new(t, name);
	if (!u)
		return err_memory(e);
	u->n++;
	u->bytes += r->size;
	if (r->time_us < u->oldest_us)
		u->oldest_us = r->time_us;
	return 0;
}

static void
unit_say(struct session *s, struct print_table *t, const struct unit *u)
{
	struct print *o = &s->out;
	char oldest[28];

	print_begin(o);
	print_str(o, "unit", span_str(u->name));
	print_int(o, "entries", (int64_t)u->n);
	print_int(o, "bytes", (int64_t)u->bytes);
	print_time(o, "oldest", u->oldest_us);
	print_end(o);
	if (!t)
		return;
	timestamp_format(u->oldest_us, oldest);
	print_table_cell(t, false, "%s", u->name);
	print_table_cell(t, true, "%llu", (unsigned long long)u->n);
	print_table_cell(t, true, "%llu", (unsigned long long)u->bytes);
	print_table_cell(t, false, "%.16sZ", oldest);
}

static void
say(struct session *s, struct stat_of *t)
{
	static const char *const head[] = { N_("unit"), N_("entries"), N_("bytes"), N_("oldest") };
	struct print_table *table = s->out.json ? NULL : print_table_new(4);

	if (t->n > 0)
		qsort(t->unit, t->n, sizeof(struct unit *), by_bytes);
	for (size_t i = 0; table && i < 4; i++)
		print_table_cell(table, i == 1 || i == 2, "%s", _(head[i]));
	for (size_t i = 0; i < t->n; i++)
		unit_say(s, table, t->unit[i]);
	if (t->others.n > 0)
		unit_say(s, table, &t->others);
	if (table)
		print_table_free(table, &s->out);
}

static void
nothing(void *unit)
{
	(void)unit; /* they are in the list, too */
}

int
journal_stat(struct session *s, struct journal_asked *a, struct err *e)
{
	struct stat_of t = { .others = { .name = (char *)"...", .oldest_us = INT64_MAX } };
	const struct selector since = select_since(a->since_us);
	const struct selector until = select_before(a->until_us);
	const struct selector both = select_and(&since, &until);
	struct store *store = NULL;
	int rc = store_open(&s->env, &a->conf, &store, e);

	if (rc != 0)
		return rc < 0 ? -1
			      : err_fail(e, EX_NOINPUT, 0, N_("no journal lies there"), NULL, NULL);
	rc = store_scan(store, &both, see, &t, e);
	if (rc == 0)
		say(s, &t);
	tdestroy(t.tree, nothing);
	for (size_t i = 0; i < t.n; i++) {
		free(t.unit[i]->name);
		free(t.unit[i]);
	}
	free(t.unit);
	store_free(store);
	if (rc < 0)
		return -1;
	return s->n_notes[NOTE_DAMAGED] + s->n_notes[NOTE_NOT_POSSIBLE] > 0 ? 1 : 0;
}
