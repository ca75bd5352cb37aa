/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/print/print.h"
#include "base/utf8.h"

struct cell {
	char *text;
	bool right;
	enum print_ink ink;
};

struct print_table {
	unsigned n_columns;
	struct cell *cell; /* row by row */
	size_t n, room;
};

struct print_table *
print_table_new(unsigned n_columns)
{
	struct print_table *t = calloc(1, sizeof(*t));

	if (t)
		t->n_columns = n_columns;
	return t;
}

static char *
safe_copy(const char *s)
{
	char *safe = NULL;
	size_t len;
	struct print p = { .f = open_memstream(&safe, &len) };

	if (!p.f)
		return NULL;
	print_safe(&p, span_str(s));
	return fclose(p.f) == 0 ? safe : NULL;
}

void
print_table_cell(struct print_table *t, bool right, const char *fmt, ...)
{
	cleanup_mem char *text = NULL;
	va_list ap;
	int n;

	if (!t)
		return;
	if (t->n == t->room) {
		const size_t room = t->room ? 2 * t->room : 64;
		struct cell *v = reallocarray(t->cell, room, sizeof(*v));

		if (!v)
			return;
		t->cell = v;
		t->room = room;
	}
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		text = NULL;
	t->cell[t->n++] = (struct cell){ .text = text ? safe_copy(text) : NULL, .right = right };
}

void
print_table_ink(struct print_table *t, enum print_ink ink)
{
	if (t && t->n > 0)
		t->cell[t->n - 1].ink = ink;
}

/* Columns on a terminal: one a character. */
static size_t
text_width(const char *text)
{
	struct span s = span_str(text);
	size_t width = 0;

	for (; s.len > 0; width++) {
		const size_t n = utf8_length(s);

		s = span_from(s, n ? n : 1);
	}
	return width;
}

static size_t
column_width(const struct print_table *t, unsigned column)
{
	size_t width = 0;

	for (size_t i = column; i < t->n; i += t->n_columns) {
		const size_t w = text_width(t->cell[i].text);

		width = w > width ? w : width;
	}
	return width;
}

static void
cell_print(const struct cell *c, size_t width, bool last, struct print *p)
{
	const size_t w = text_width(c->text);
	const int pad = w < width ? (int)(width - w) : 0;

	fprintf(p->f, "%*s%s%s%s", c->right ? pad : 0, "",
		c->ink != INK_PLAIN ? print_ink(p, c->ink) : "", c->text ? c->text : "",
		c->ink != INK_PLAIN ? print_ink(p, INK_PLAIN) : "");
	if (!last)
		fprintf(p->f, "%*s", (c->right ? 0 : pad) + 2, "");
}

static void
table_print(const struct print_table *t, struct print *p)
{
	cleanup_mem size_t *width = calloc(t->n_columns, sizeof(*width));

	if (!width)
		return;
	for (unsigned k = 0; k < t->n_columns; k++)
		width[k] = column_width(t, k);
	for (size_t i = 0; i < t->n; i++) {
		const unsigned k = (unsigned)(i % t->n_columns);
		const bool last = k + 1 == t->n_columns || i + 1 == t->n;

		if (i == 0)
			fputs(print_ink(p, INK_BOLD), p->f);
		cell_print(&t->cell[i], width[k], last, p);
		if (last)
			fprintf(p->f, "%s\n", i < t->n_columns ? print_ink(p, INK_PLAIN) : "");
	}
}

void
print_table_free(struct print_table *t, struct print *p)
{
	if (!t)
		return;
	if (p)
		table_print(t, p);
	for (size_t i = 0; i < t->n; i++)
		free(t->cell[i].text);
	free(t->cell);
	free(t);
}
