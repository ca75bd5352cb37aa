/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row is a record with its columns as values; a line or entry is one with a text, or, where that is JSON, with
 * a value. Nothing of a find but what may be given is written: no digest and no size, by which what was
 * blackened could be guessed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/conf/conf.h"
#include "base/utf8.h"
#include "dsar/answer/export-private.h"
#include "dsar/act/rectification.h"
#include "dsar/session.h"
#include "record/record.h"
#include "record/timestamp.h"

#define COLUMNS_MAX 256

struct table {
	struct export *x;
	const struct conf_store *store;
	bool rows;
	char *column[COLUMNS_MAX]; /* of all rows */
	size_t n_columns;
	uint64_t n;
};

static bool
has_rows(const struct conf_store *s)
{
	return strcmp(s->type, "sqlite") == 0 || strcmp(s->type, "postgres") == 0 ||
	       strcmp(s->type, "redis") == 0;
}

/* S as UTF-8: other bytes as U+FFFD. */
static json_t *
string_of(struct span s)
{
	struct buf b;
	json_t *json;

	buf_init(&b, BLACKEN_TEXT_MAX * 4);
	while (s.len > 0) {
		const size_t n = utf8_length(s);

		buf_put(&b, n > 0 ? s.p : "\xef\xbf\xbd", n > 0 ? n : 3);
		s = span_from(s, n > 0 ? n : 1);
	}
	json = b.failed ? NULL : json_stringn(b.p ? b.p : "", b.len);
	buf_wipe(&b);
	return json;
}

/* The next "column=value" of a row (store/row.h); false: there is none. */
static bool
cell_next(struct span *row, struct span *name, struct span *value)
{
	while (row->len > 0) {
		const char *end = memchr(row->p, '\t', row->len), *equal;
		const size_t len = end ? (size_t)(end - row->p) : row->len;
		const struct span cell = span_of(row->p, len);

		*row = span_from(*row, len + (end != NULL));
		equal = memchr(cell.p, '=', cell.len);
		if (!equal)
			continue;
		*name = span_of(cell.p, (size_t)(equal - cell.p));
		*value = span_from(cell, name->len + 1);
		if (!end && value->len > 0 && value->p[value->len - 1] == '\n')
			value->len--;
		return true;
	}
	return false;
}

/* The text of F that may be given, in x->given. 1: none. */
static int
given(struct export *x, const struct find *f, struct span *ret, struct err *e)
{
	int rc;

	if (!export_takes(x, f))
		return 1;
	buf_clear(&x->given);
	rc = review_given(x->s->registry, f, &x->given, e);
	*ret = span_of(x->given.p, x->given.len);
	return rc;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static int
row_values(json_t *record, struct span row)
{
	json_t *values = json_object();
	struct span name, value;
	int rc = 0;

	while (rc == 0 && cell_next(&row, &name, &value)) {
		char key[256];

		(void)snprintf(key, sizeof(key), "%.*s",
			(int)(name.len < sizeof(key) ? name.len : sizeof(key) - 1), name.p);
		rc = json_object_set_new(values, key, string_of(value));
	}
	return rc < 0 ? rc : json_object_set_new(record, "values", values);
}

/* What the person has stated about a record that could not be changed (Art. 16). */
static int
put_statement(const struct table *t, const struct find *f, json_t *record)
{
	struct buf said;
	struct err ignored;
	int rc;

	buf_init(&said, STATEMENTS_MAX);
	rc = statements_of(t->x->s->registry, f->digest, &said, &ignored);
	if (rc == 0 && said.len > 0)
		rc = json_object_set_new(record, "statement", string_of(span_of(said.p, said.len)));
	buf_wipe(&said);
	return rc;
}

static json_t *
record_of(const struct table *t, const struct find *f, struct span text)
{
	json_t *record = json_object(), *value = NULL;
	char time[28];
	int rc = put_statement(t, f, record);

	if (f->time_us != RECORD_NO_TIME) {
		timestamp_format(f->time_us, time);
		rc = json_object_set_new(record, "time", json_string(time));
	}
	if (f->decision == FIND_BLACKEN)
		rc |= json_object_set_new(record, "blackened", json_true());
	if (blacken_form_of(text) == BLACKEN_JSON)
		value = json_loadb(text.p, text.len, JSON_ALLOW_NUL, NULL);
	if (value)
		rc |= json_object_set_new(record, "value", value);
	else if (t->rows)
		rc |= row_values(record, text);
	else
		rc |= json_object_set_new(record, "text", string_of(text));
	if (rc == 0)
		return record;
	json_decref(record);
	return NULL;
}

static int
put_json(void *ctx, const struct find *f, struct err *e)
{
	struct table *t = ctx;
	struct span text;
	json_t *record;
	char *line;
	int rc = given(t->x, f, &text, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	record = record_of(t, f, text);
	line = record ? json_dumps(record, JSON_COMPACT) : NULL;
	json_decref(record);
	if (!line)
		return err_memory(e);
	for (uint64_t i = 0; rc == 0 && i < f->n; i++) /* as often as it is stored */
		if (pack_write(t->x->pack, t->n++ ? SPAN(",\n") : SPAN("\n"), e) < 0 ||
			pack_write(t->x->pack, span_str(line), e) < 0)
			rc = -1;
	explicit_bzero(line, strlen(line));
	free(line);
	return rc < 0 ? -1 : 0;
}

static int
json_member(struct table *t, struct err *e)
{
	char name[300], head[400];

	(void)snprintf(name, sizeof(name), "data/%s.json", t->store->name);
	(void)snprintf(head, sizeof(head), "{\"case\":\"%s\",\"store\":\"%s\",\"records\":[",
		t->x->c.number, t->store->name);
	if (pack_begin(t->x->pack, name, e) < 0 || pack_write(t->x->pack, span_str(head), e) < 0 ||
		finds_each(t->x->s->registry, t->x->c.number, t->store->name, put_json, t, e) < 0 ||
		pack_write(t->x->pack, SPAN("\n]}\n"), e) < 0)
		return -1;
	t->x->n_records += t->n;
	return pack_end(t->x->pack, e);
}

/* --- CSV (RFC 4180) --------------------------------------------------------------------------- */

static void
put_cell(struct buf *b, struct span s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"')
			buf_char(b, '"');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}

static size_t
column_of(const struct table *t, struct span name)
{
	size_t i = 0;

	while (i < t->n_columns && !span_eq(span_str(t->column[i]), name))
		i++;
	return i;
}

/* All columns of all rows, in the order in which they are met. */
static int
see_columns(void *ctx, const struct find *f, struct err *e)
{
	struct table *t = ctx;
	struct span row, name, value;
	int rc = given(t->x, f, &row, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	t->n++;
	while (t->rows && cell_next(&row, &name, &value))
		if (t->n_columns < COLUMNS_MAX && column_of(t, name) == t->n_columns) {
			t->column[t->n_columns] = strndup(name.p, name.len);
			if (!t->column[t->n_columns])
				return err_memory(e);
			t->n_columns++;
		}
	return 0;
}

static void
put_row(struct table *t, struct buf *b, struct span row)
{
	struct span cell[COLUMNS_MAX] = { { 0 } }, name, value;

	while (cell_next(&row, &name, &value)) {
		const size_t i = column_of(t, name);

		if (i < t->n_columns)
			cell[i] = value;
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		buf_char(b, ',');
		if (cell[i].p)
			put_cell(b, cell[i]);
	}
}

static int
put_csv(void *ctx, const struct find *f, struct err *e)
{
	struct table *t = ctx;
	struct span text;
	struct buf b;
	char time[28] = "";
	int rc = given(t->x, f, &text, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	buf_init(&b, 4 * (size_t)BLACKEN_TEXT_MAX);
	if (f->time_us != RECORD_NO_TIME)
		timestamp_format(f->time_us, time);
	buf_str(&b, time);
	if (t->rows)
		put_row(t, &b, text);
	else {
		buf_char(&b, ',');
		put_cell(&b, text);
	}
	buf_str(&b, "\r\n");
	rc = b.failed ? err_memory(e) : 0;
	for (uint64_t i = 0; rc == 0 && i < f->n; i++)
		rc = pack_write(t->x->pack, span_of(b.p, b.len), e);
	buf_wipe(&b);
	return rc;
}

static int
csv_member(struct table *t, struct err *e)
{
	char name[300];
	struct buf head;
	int rc;

	(void)snprintf(name, sizeof(name), "data/%s.csv", t->store->name);
	buf_init(&head, 1u << 20);
	buf_str(&head, "time");
	for (size_t i = 0; i < t->n_columns; i++) {
		buf_char(&head, ',');
		put_cell(&head, span_str(t->column[i]));
	}
	buf_str(&head, t->rows ? "\r\n" : ",text\r\n");
	rc = pack_begin(t->x->pack, name, e);
	if (rc == 0)
		rc = pack_write(t->x->pack, span_of(head.p, head.len), e);
	buf_release(&head);
	if (rc < 0 ||
		finds_each(t->x->s->registry, t->x->c.number, t->store->name, put_csv, t, e) < 0)
		return -1;
	return pack_end(t->x->pack, e);
}

/* --- what describes them ---------------------------------------------------------------------- */

static json_t *
schema_of(const struct table *t)
{
	json_t *columns = json_array();
	const struct conf_store *s = t->store;

	for (size_t i = 0; i < t->n_columns; i++)
		if (json_array_append_new(columns, json_string(t->column[i])) < 0)
			break;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "json", s->name, "form",
		t->rows ? "values: one for each column" : "text: as it is stored, or value: JSON",
		"category", s->category, "purpose", s->purpose, "basis", s->basis, "type", s->type,
		"columns", columns);
}

/* About all of it; JSON Schema (2020-12) of one data/STORE.json. */
static json_t *
schema_new(const char *number)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s,"
		" s:{s:{s:s}, s:{s:s}, s:{s:s, s:{s:s, s:{s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{}, "
		"s:{s:s, s:{s:s}}}}}}, s:{}}",
		"$schema", "https://json-schema.org/draft/2020-12/schema", "title", number,
		"description",
		"Each store is data/STORE.json by this schema, and data/STORE.csv (RFC 4180, UTF-8) "
		"with the "
		"same records. Times are RFC 3339 in UTC. Where " BLACKEN_MARK
		" stands, data of others were blackened.",
		"type", "object", "properties", "case", "type", "string", "store", "type", "string",
		"records", "type", "array", "items", "type", "object", "properties", "time", "type",
		"string", "format", "date-time", "blackened", "type", "boolean", "statement",
		"type", "string", "text", "type", "string", "value", "values", "type", "object",
		"additionalProperties", "type", "string", "stores");
}

static int
schema_member(struct export *x, json_t *schema, struct err *e)
{
	char *text = json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
	int rc;

	if (!text)
		return err_memory(e);
	rc = pack_member(x->pack, "schema.json", span_str(text), e);
	free(text);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int
table_put(struct table *t, json_t *schema, struct err *e)
{
	t->n = 0;
	if (finds_each(t->x->s->registry, t->x->c.number, t->store->name, see_columns, t, e) < 0)
		return -1;
	if (t->n == 0)
		return 0;
	t->n = 0;
	if (json_member(t, e) < 0 || csv_member(t, e) < 0)
		return -1;
	return json_object_set_new(
		       json_object_get(schema, "stores"), t->store->name, schema_of(t)) < 0
		       ? err_memory(e)
		       : 0;
}

int
export_data(struct export *x, struct err *e)
{
	const struct conf *c = x->s->conf;
	json_t *schema = schema_new(x->c.number);
	int rc = schema ? 0 : err_memory(e);

	for (size_t i = 0; i < c->n_stores && rc == 0; i++) {
		struct table t = { .x = x, .store = &c->store[i], .rows = has_rows(&c->store[i]) };

		rc = table_put(&t, schema, e);
		for (size_t k = 0; k < t.n_columns; k++)
			free(t.column[k]);
	}
	if (rc == 0)
		rc = schema_member(x, schema, e);
	json_decref(schema);
	return rc;
}
