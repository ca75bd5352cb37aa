/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/row.h"

#include <stdlib.h>
#include <string.h>

#include "store/store-private.h"

/* 9999-12-31 and as far before 1970: what lies outside is no time, and can be added to safely. */
#define TIME_MAX_US   (INT64_C(253402300800) * 1000000)
#define JULIAN_EPOCH  2440587.5
#define JULIAN_DAY_US 86400e6

void
row_init(struct row *r, size_t max)
{
	buf_init(&r->text, max);
	row_clear(r);
}

void
row_release(struct row *r)
{
	buf_wipe(&r->text);
}

void
row_clear(struct row *r)
{
	buf_clear(&r->text);
	r->n = 0;
	r->n_nulls = 0;
	r->own = 0;
	r->size = 0;
}

void
row_add(struct row *r, const char *name, struct span value)
{
	r->size += value.len;
	if (!value.p) {
		if (r->n_nulls < ROW_COLUMNS_MAX)
			r->null[r->n_nulls++] = (struct row_null){ name, r->text.len, r->own == 0 };
		return;
	}
	if (r->n == ROW_COLUMNS_MAX) {
		r->text.failed = true;
		return;
	}
	if (r->n > 0)
		buf_char(&r->text, '\t');
	buf_str(&r->text, name);
	buf_char(&r->text, '=');
	r->column[r->n++] = (struct row_column){ name, r->text.len, value.len };
	buf_span(&r->text, value);
}

static struct span
row_field(const struct record *rec, const char *name)
{
	const struct row *r = rec->driver;

	for (size_t i = 0; rec->text.p && i < r->n; i++)
		if (strcmp(r->column[i].name, name) == 0)
			return span_of(r->text.p + r->column[i].from, r->column[i].len);
	return SPAN_NONE;
}

const struct row_null *
row_null(const struct record *rec, const char *name)
{
	const struct row *r = rec->driver;

	for (size_t i = 0; rec->text.p && i < r->n_nulls; i++)
		if (strcmp(r->null[i].name, name) == 0)
			return &r->null[i];
	return NULL;
}

struct record
row_record(struct row *r, const struct conf_store *s, const char *place, int64_t time_us,
	uint64_t offset)
{
	if (r->n > 0)
		buf_char(&r->text, '\n');
	return (struct record){ .store = s,
		.time_us = time_us,
		.text = r->n > 0 && !r->text.failed ? span_of(r->text.p, r->text.len) : SPAN_NONE,
		.known_by = r->text.failed ? 0 : r->own,
		.size = r->size,
		.place = place,
		.offset = offset,
		.field = row_field,
		.driver = r };
}

/* --- times ------------------------------------------------------------------------------------ */

static const char *const forms[] = { "s", "ms", "us", "iso", "julian" };

int
row_time_declared(
	const struct conf_store *s, enum row_time otherwise, enum row_time *ret, struct err *e)
{
	const char *word = store_option(s, "time_format", forms[otherwise]);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(word, forms[i]) == 0) {
			*ret = (enum row_time)i;
			return 0;
		}
	}
	return conf_fail(e, &s->where, N_("no such time_format"),
		N_("one of \"s\", \"ms\", \"us\", \"iso\", \"julian\""), "store \"%s\": %s",
		s->name, word);
}

static int64_t
unit_us(enum row_time form)
{
	return form == ROW_TIME_S ? 1000000 : form == ROW_TIME_MS ? 1000 : 1;
}

int64_t
row_time_of(enum row_time form, double n)
{
	const double us = form == ROW_TIME_JULIAN ? (n - JULIAN_EPOCH) * JULIAN_DAY_US
						  : n * (double)unit_us(form);

	if (!(us > -(double)TIME_MAX_US && us < (double)TIME_MAX_US)) /* NaN neither */
		return RECORD_NO_TIME;
	return (int64_t)us - (us < (double)(int64_t)us);
}

int64_t
row_time_of_int(enum row_time form, int64_t n)
{
	if (form == ROW_TIME_JULIAN)
		return row_time_of(form, (double)n);
	if (n > TIME_MAX_US / unit_us(form) || n < -TIME_MAX_US / unit_us(form))
		return RECORD_NO_TIME;
	return n * unit_us(form);
}

/* A day alone is its first moment: what is coarse ages from its start. */
static int64_t
time_of_iso(struct timestamp *ts, struct span text)
{
	static const char midnight[] = "T00:00:00";
	char day[10 + sizeof(midnight)];
	int64_t us;

	if (text.len == 10) {
		memcpy(day, text.p, 10);
		memcpy(day + 10, midnight, sizeof(midnight));
		text = span_of(day, 10 + sizeof(midnight) - 1);
	}
	return timestamp_parse(ts, text, &us) ? us : RECORD_NO_TIME;
}

int64_t
row_time_of_text(enum row_time form, struct timestamp *ts, struct span text)
{
	char copy[64], *end;
	int64_t us;
	double n;

	if (form == ROW_TIME_ISO)
		return time_of_iso(ts, text);
	if (text.len == 0 || text.len >= sizeof(copy))
		return RECORD_NO_TIME;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	us = strtoll(copy, &end, 10);
	if (!*end)
		return row_time_of_int(form, us);
	n = strtod(copy, &end);
	return *end ? RECORD_NO_TIME : row_time_of(form, n);
}

int64_t
row_time_units(enum row_time form, int64_t us, bool up)
{
	const int64_t unit = unit_us(form);
	int64_t n;

	if (us == INT64_MIN || us == INT64_MAX)
		return us;
	n = us / unit;
	if (us % unit != 0)
		n += up ? us > 0 : -(int64_t)(us < 0);
	return n;
}

/* --- names ------------------------------------------------------------------------------------ */

void
row_quote(struct buf *b, const char *name)
{
	buf_char(b, '"');
	for (const char *p = name; *p; p++) {
		if (*p == '"')
			buf_char(b, '"');
		buf_char(b, *p);
	}
	buf_char(b, '"');
}

size_t
row_names(char *text, const char *ret[ROW_NAMES_MAX])
{
	size_t n = 0;
	char *rest;

	for (char *p = strtok_r(text, ", \t\n", &rest); p && n < ROW_NAMES_MAX;
		p = strtok_r(NULL, ", \t\n", &rest))
		ret[n++] = p;
	return n;
}

static bool
is_column(const char *name, char *const *column, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(column[i], name) == 0)
			return true;
	return false;
}

/* The fields of one list have one place in the configuration. */
static bool
subject_has_column(const struct conf_store *s, size_t i, char *const *column, size_t n)
{
	const struct conf_subject *b = &s->subject[i];

	for (size_t k = 0; k < s->n_subjects; k++)
		if (s->subject[k].where.line == b->where.line &&
			strcmp(s->subject[k].kind, b->kind) == 0 &&
			is_column(s->subject[k].field, column, n))
			return true;
	return b->element != NULL;
}

static bool
link_has_column(const struct conf_store *s, size_t i, char *const *column, size_t n)
{
	const struct conf_link *l = &s->link[i];

	for (size_t k = 0; k < s->n_links; k++)
		if (s->link[k].where.line == l->where.line &&
			strcmp(s->link[k].kind, l->kind) == 0 &&
			is_column(s->link[k].field, column, n))
			return true;
	return l->element != NULL;
}

const char *
row_no_column(
	const struct store_env *env, const struct conf_store *s, char *const *column, size_t n)
{
	if (!env->searches)
		return NULL;
	for (size_t i = 0; i < s->n_subjects; i++)
		if (!subject_has_column(s, i, column, n))
			return s->subject[i].field;
	for (size_t i = 0; i < s->n_links; i++)
		if (!link_has_column(s, i, column, n))
			return s->link[i].field;
	for (size_t i = 0; i < s->rectify.n; i++)
		if (!is_column(s->rectify.v[i], column, n))
			return s->rectify.v[i];
	return NULL;
}

int
row_is_untied(const struct conf *c, const char *name, bool *ret, struct err *e)
{
	for (size_t i = 0; c && !*ret && i < c->n_stores; i++) {
		cleanup_mem char *text = strdup(store_option(&c->store[i], "untie", ""));
		const char *untie[ROW_NAMES_MAX];

		if (!text)
			return err_memory(e);
		for (size_t k = row_names(text, untie); !*ret && k-- > 0;)
			*ret = strcmp(untie[k], name) == 0;
	}
	return 0;
}
