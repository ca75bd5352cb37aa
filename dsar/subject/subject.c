/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/subject/subject.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <unistr.h>

#include "base/buf.h"
#include "dsar/case/case.h"
#include "dsar/subject/identifier.h"
#include "dsar/register/registry-private.h"

const char subject_schema[] =
	"CREATE TABLE identifiers ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, kind TEXT NOT NULL,"
	" value BLOB NOT NULL, folded BLOB NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
	" parent INTEGER NOT NULL, store TEXT NOT NULL, link TEXT NOT NULL, own INTEGER NOT NULL,"
	" confirmed INTEGER NOT NULL, dropped INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (number, kind, folded));";

int
identifier_fold(const char *kind, struct span value, struct buf *out, struct err *e)
{
	if (identifier_fold_class(identifier_class(kind), value, out) == 0)
		return 0;
	return err_fail(e, EX_DATAERR, 0, N_("not an identifier of its kind"), NULL, "%s", kind);
}

/* --- in memory -------------------------------------------------------------------------------- */

static void
identifier_release(struct identifier *i)
{
	if (i->value.p)
		explicit_bzero((char *)i->value.p, i->value.len);
	free((char *)i->value.p);
	free((char *)i->kind);
	free((char *)i->store);
	free((char *)i->link);
}

void
subject_release(struct subject *s)
{
	for (size_t i = 0; i < s->n; i++)
		identifier_release(&s->v[i]);
	free(s->v);
	*s = (struct subject){ 0 };
}

static int
subject_push(struct subject *s, const struct identifier *i, struct err *e)
{
	char *value = malloc(i->value.len + 1);
	struct identifier copy = *i;

	copy.kind = strdup(i->kind);
	copy.store = strdup(i->store ? i->store : "");
	copy.link = strdup(i->link ? i->link : "");
	copy.value = span_of(value, i->value.len);
	if (s->n == s->max) {
		const size_t max = s->max ? 2 * s->max : 16;
		struct identifier *v = reallocarray(s->v, max, sizeof(*v));

		if (v) {
			s->v = v;
			s->max = max;
		}
	}
	if (!value || !copy.kind || !copy.store || !copy.link || s->n == s->max) {
		identifier_release(&copy);
		return err_memory(e);
	}
	memcpy(value, i->value.p, i->value.len);
	value[i->value.len] = '\0';
	s->v[s->n++] = copy;
	return 0;
}

/* --- in the register -------------------------------------------------------------------------- */

static int
read_those(struct registry *r, const char *number, bool dropped, struct subject *s, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT id, kind, value, from_us, to_us, parent, store, link, own, confirmed"
		    " FROM identifiers WHERE number = ?1 AND dropped = ?2 ORDER BY id",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int(st, 2, dropped);
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct identifier i = { .id = sqlite3_column_int64(st, 0),
			.kind = statement_str(st, 1),
			.value = statement_span(st, 2),
			.from_us = sqlite3_column_int64(st, 3),
			.to_us = sqlite3_column_int64(st, 4),
			.parent = sqlite3_column_int64(st, 5),
			.store = statement_str(st, 6),
			.link = statement_str(st, 7),
			.own = sqlite3_column_int(st, 8) != 0,
			.confirmed = sqlite3_column_int(st, 9) != 0 };

		if (subject_push(s, &i, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

int
subject_read(struct registry *r, const char *number, struct subject *s, struct err *e)
{
	return read_those(r, number, false, s, e);
}

int
subject_read_dropped(struct registry *r, const char *number, struct subject *s, struct err *e)
{
	return read_those(r, number, true, s, e);
}

/* --- what may be one -------------------------------------------------------------------------- */

static int
fail_value(const char *what, const char *todo, const char *kind, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, what, todo, "%s", kind);
}

/* A pattern's text stays out of the message: it may name the person. */
static int
pattern_check(struct span value, struct err *e)
{
	PCRE2_SIZE at;
	int code;
	pcre2_code *compiled = pcre2_compile(
		(PCRE2_SPTR)value.p, value.len, PCRE2_UTF | PCRE2_CASELESS, &code, &at, NULL);

	if (!compiled)
		return err_fail(e, EX_DATAERR, 0, N_("bad pattern"), NULL, "byte %zu", (size_t)at);
	pcre2_code_free(compiled);
	return 0;
}

static int
value_check(const char *kind, struct span value, struct err *e)
{
	if (value.len == 0)
		return fail_value(N_("an identifier is empty"), NULL, kind, e);
	if (value.len > IDENTIFIER_MAX)
		return fail_value(
			N_("an identifier is too long"), N_("give 1 to 1024 bytes"), kind, e);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return fail_value(N_("an identifier has control bytes"), NULL, kind, e);
	if (u8_check((const uint8_t *)value.p, value.len) != NULL)
		return fail_value(N_("an identifier is not UTF-8"), NULL, kind, e);
	return identifier_class(kind) == IDENTIFIER_PATTERN ? pattern_check(value, e) : 0;
}

static int
kind_check(const char *kind, struct err *e)
{
	const size_t n = strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n > 0 && n <= 64 && kind[n] == '\0')
		return 0;
	return err_fail(e, EX_USAGE, 0, N_("not a kind of identifier"),
		N_("a kind is a word, such as email, name, ip"), NULL);
}

/* --- adding ----------------------------------------------------------------------------------- */

/* The one that is there already. 1: none. One that the DPO has dropped stays dropped, unless she gives it. */
static int
find_same(struct registry *r, const char *number, const struct identifier *i, struct span folded,
	int64_t *ret_id, bool *ret_dropped, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT id, dropped FROM identifiers WHERE number = ?1 AND kind = ?2 AND folded = ?3",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(i->kind));
	statement_blob(st, 3, folded);
	rc = registry_step(r, st, e);
	if (rc == 0) {
		*ret_id = sqlite3_column_int64(st, 0);
		*ret_dropped = sqlite3_column_int(st, 1) != 0;
	}
	return rc;
}

/* What came over a stranger's path and now over her own is her own; ranges grow together. */
static int
improve(struct registry *r, int64_t id, const struct identifier *i, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "UPDATE identifiers SET from_us = min(from_us, ?2), to_us = max(to_us, ?3),"
		    " parent = CASE WHEN own < ?4 THEN ?5 ELSE parent END,"
		    " store = CASE WHEN own < ?4 THEN ?6 ELSE store END,"
		    " link = CASE WHEN own < ?4 THEN ?7 ELSE link END,"
		    " own = max(own, ?4), confirmed = max(confirmed, ?8),"
		    " dropped = CASE WHEN ?5 = 0 THEN 0 ELSE dropped END WHERE id = ?1",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	(void)sqlite3_bind_int64(st, 2, i->from_us);
	(void)sqlite3_bind_int64(st, 3, i->to_us);
	(void)sqlite3_bind_int(st, 4, i->own);
	(void)sqlite3_bind_int64(st, 5, i->parent);
	statement_text(st, 6, span_str(i->store ? i->store : ""));
	statement_text(st, 7, span_str(i->link ? i->link : ""));
	(void)sqlite3_bind_int(st, 8, i->confirmed);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
insert(struct registry *r, const char *number, const struct identifier *i, struct span folded,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO identifiers (number, kind, value, folded, from_us, to_us, parent,"
		    " store, link, own, confirmed)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(i->kind));
	statement_blob(st, 3, i->value);
	statement_blob(st, 4, folded);
	(void)sqlite3_bind_int64(st, 5, i->from_us);
	(void)sqlite3_bind_int64(st, 6, i->to_us);
	(void)sqlite3_bind_int64(st, 7, i->parent);
	statement_text(st, 8, span_str(i->store ? i->store : ""));
	statement_text(st, 9, span_str(i->link ? i->link : ""));
	(void)sqlite3_bind_int(st, 10, i->own);
	(void)sqlite3_bind_int(st, 11, i->confirmed);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static void
improve_in_memory(struct subject *s, int64_t id, const struct identifier *i)
{
	for (size_t k = 0; k < s->n; k++) {
		struct identifier *old = &s->v[k];

		if (old->id != id)
			continue;
		old->from_us = i->from_us < old->from_us ? i->from_us : old->from_us;
		old->to_us = i->to_us > old->to_us ? i->to_us : old->to_us;
		if (i->own && !old->own)
			old->parent = i->parent;
		old->own |= i->own;
		old->confirmed |= i->confirmed;
	}
}

static int
add_folded(struct registry *r, const char *number, struct subject *s, const struct identifier *i,
	struct span folded, bool *ret_new, struct err *e)
{
	struct identifier added = *i;
	bool dropped = false;
	int64_t id = 0;
	int rc = find_same(r, number, i, folded, &id, &dropped, e);

	if (rc < 0)
		return -1;
	*ret_new = rc == 1 || (dropped && i->parent == 0);
	if (rc == 0 && improve(r, id, i, e) < 0)
		return -1;
	if (rc == 0 && !*ret_new) {
		improve_in_memory(s, id, i);
		return 0;
	}
	if (rc == 1) {
		if (insert(r, number, i, folded, e) < 0)
			return -1;
		id = sqlite3_last_insert_rowid(r->db);
	}
	added.id = id;
	return subject_push(s, &added, e);
}

int
subject_add(struct registry *r, const char *number, struct subject *s, const struct identifier *i,
	bool *ret_new, struct err *e)
{
	struct buf folded;
	int rc;

	if (kind_check(i->kind, e) < 0 || value_check(i->kind, i->value, e) < 0)
		return -1;
	buf_init(&folded, 4 * IDENTIFIER_MAX);
	rc = identifier_fold(i->kind, i->value, &folded, e);
	if (rc == 0)
		rc = add_folded(r, number, s, i, span_of(folded.p, folded.len), ret_new, e);
	buf_wipe(&folded);
	return rc;
}

int
subject_find(struct registry *r, const char *number, const struct identifier *i, int64_t *ret_id,
	struct err *e)
{
	struct buf folded;
	bool dropped;
	int rc;

	buf_init(&folded, 4 * IDENTIFIER_MAX);
	rc = identifier_fold(i->kind, i->value, &folded, e);
	if (rc == 0)
		rc = find_same(r, number, i, span_of(folded.p, folded.len), ret_id, &dropped, e);
	buf_wipe(&folded);
	return rc;
}

int
subject_has(struct registry *r, const char *number, int64_t id, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "SELECT 1 FROM identifiers WHERE number = ?1 AND id = ?2", &st, e) <
		0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, id);
	return registry_step(r, st, e);
}

static int
adopt_as(struct registry *r, const char *number, int64_t id, bool dropped, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "UPDATE identifiers SET id = ?2, dropped = ?3 WHERE number = ?1 AND id = ?4",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, id);
	(void)sqlite3_bind_int(st, 3, dropped);
	(void)sqlite3_bind_int64(st, 4, sqlite3_last_insert_rowid(registry_db(r)));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
subject_adopt(struct registry *r, const char *number, const struct identifier *i, bool dropped,
	struct err *e)
{
	struct subject one = { 0 };
	bool is_new = false;
	int rc = subject_add(r, number, &one, i, &is_new, e);

	subject_release(&one);
	if (rc == 0 && is_new)
		rc = adopt_as(r, number, i->id, dropped, e);
	return rc;
}

/* --- the DPO's word --------------------------------------------------------------------------- */

static int
mark(struct registry *r, const char *sql, const char *number, int64_t id, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, id);
	if (registry_step(r, st, e) < 0)
		return -1;
	return sqlite3_changes(r->db) > 0 ? 0 : 1;
}

int
subject_share(struct registry *r, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO identifiers (number, kind, value, folded, from_us, to_us, parent,"
		    " store, link, own, confirmed)"
		    " SELECT o.number, i.kind, i.value, i.folded, i.from_us, i.to_us, 0, '', '', 1, 0"
		    " FROM identifiers i JOIN case_file c ON c.number = i.number"
		    " JOIN case_file o ON o.correspondence = c.correspondence"
		    " WHERE c.number = ?1 AND o.number <> c.number AND o.state < ?2"
		    " AND i.parent = 0 AND i.dropped = 0"
		    " ON CONFLICT (number, kind, folded) DO NOTHING",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int(st, 2, CASE_DECIDED);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
subject_confirm(struct registry *r, const char *number, int64_t id, struct err *e)
{
	return mark(r,
		"UPDATE identifiers SET confirmed = 1 WHERE number = ?1 AND id = ?2 AND dropped = 0",
		number, id, e);
}

/* It stays, marked: a search would bring it back else. What came over it alone goes with it. */
int
subject_drop(struct registry *r, const char *number, int64_t id, struct err *e)
{
	return mark(r,
		"WITH RECURSIVE gone (id) AS (SELECT ?2 UNION SELECT i.id FROM identifiers i"
		" JOIN gone ON i.parent = gone.id WHERE i.number = ?1 AND i.confirmed = 0)"
		" UPDATE identifiers SET dropped = 1 WHERE number = ?1 AND dropped = 0"
		" AND id IN (SELECT id FROM gone)",
		number, id, e);
}
