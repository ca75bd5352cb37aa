/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/erasure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/conf/conf.h"
#include "base/file/wipe.h"
#include "dsar/register/registry-private.h"
#include "record/key/digest.h"
#include "record/record.h"

#define TEXT_MAX (256u << 20)

const char erasure_schema[] =
	"CREATE TABLE erasures ("
	" number TEXT PRIMARY KEY, hash TEXT NOT NULL, state INTEGER NOT NULL,"
	" made_us INTEGER NOT NULL, begun_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,"
	" hold INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE erasure_items ("
	" number TEXT NOT NULL, at INTEGER NOT NULL, find INTEGER NOT NULL, store TEXT NOT NULL,"
	" place TEXT NOT NULL, digest BLOB NOT NULL, fate INTEGER NOT NULL, ground TEXT NOT NULL,"
	" until_us INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (number, at))"
	" STRICT, WITHOUT ROWID;"
	"CREATE INDEX erasure_items_kept ON erasure_items (digest) WHERE fate = 2;"; /* KEEP */

static const char *const fates[ERASURE_FATES] = { "missing", "erase", "keep", "exclude", "gone" };

const char *
erasure_fate_name(enum erasure_fate f)
{
	return fates[f];
}

const char *
erasure_state_name(enum erasure_state s)
{
	static const char *const names[] = { "planned", "begun", "done" };

	return names[s];
}

enum erasure_state
erasure_state_of(int n)
{
	return n == ERASURE_PLANNED || n == ERASURE_DONE ? (enum erasure_state)n : ERASURE_BEGUN;
}

size_t
erasure_count(const struct erasure *x, enum erasure_fate f)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += x->item[i].fate == f;
	return n;
}

void
erasure_init(struct erasure *x, const char *number)
{
	*x = (struct erasure){ .state = ERASURE_PLANNED };
	(void)strncpy(x->number, number, sizeof(x->number) - 1);
}

void
erasure_release(struct erasure *x)
{
	for (size_t i = 0; i < x->n; i++) {
		wipe_text(x->item[i].store);
		wipe_text(x->item[i].place);
		wipe_text(x->item[i].ground);
	}
	free(x->item);
	free(x->by_digest);
	x->item = NULL;
	x->by_digest = NULL;
	x->n = x->max = 0;
}

/* --- items ------------------------------------------------------------------------------------ */

static struct erasure_item *
item_new(struct erasure *x, const char *store, const char *place, const char *ground, struct err *e)
{
	struct erasure_item *i;

	if (x->n == x->max) {
		const size_t max = x->max ? 2 * x->max : 64;
		struct erasure_item *v = reallocarray(x->item, max, sizeof(*v));

		if (!v)
			return (void)err_memory(e), NULL;
		x->item = v;
		x->max = max;
	}
	i = &x->item[x->n++];
	*i = (struct erasure_item){ .store = strdup(store),
		.place = strdup(place ? place : ""),
		.ground = strdup(ground),
		.until_us = ERASURE_UNKNOWN };
	if (i->store && i->place && i->ground)
		return i;
	return (void)err_memory(e), NULL;
}

int
erasure_add(struct erasure *x, const struct find *f, enum erasure_fate fate, struct err *e)
{
	struct erasure_item *i = item_new(x, f->store, f->place, "", e);

	if (!i)
		return -1;
	i->find = f->id;
	i->n = f->n > 0 ? f->n : 1;
	i->fate = fate;
	memcpy(i->digest, f->digest, sizeof(i->digest));
	return 0;
}

static int
compare(const void *a, const void *b, void *ctx)
{
	const struct erasure *x = ctx;

	return memcmp(x->item[*(const size_t *)a].digest, x->item[*(const size_t *)b].digest,
		RECORD_DIGEST_LEN);
}

/* Sorted on first use. False: memory is out, and nothing is known. */
static bool
is_sorted(struct erasure *x)
{
	if (x->by_digest)
		return true;
	x->by_digest = calloc(x->n + 1, sizeof(*x->by_digest));
	if (!x->by_digest)
		return false;
	for (size_t i = 0; i < x->n; i++)
		x->by_digest[i] = i;
	qsort_r(x->by_digest, x->n, sizeof(*x->by_digest), compare, x);
	return true;
}

/* Being in order is nothing that a reader of X sees. */
static bool
sorted(const struct erasure *x)
{
	union {
		const struct erasure *given;
		struct erasure *own;
	} u = { x };

	return is_sorted(u.own);
}

static struct erasure_item *
by_digest(const struct erasure *x, const uint8_t digest[RECORD_DIGEST_LEN])
{
	size_t from = 0, to = x->n;

	while (from < to) {
		const size_t mid = from + (to - from) / 2;
		struct erasure_item *i = &x->item[x->by_digest[mid]];
		const int d = memcmp(digest, i->digest, RECORD_DIGEST_LEN);

		if (d == 0)
			return i;
		if (d < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}

static struct erasure_item *
by_place(const struct erasure *x, const char *store, const char *place)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->item[i].store, store) == 0 && strcmp(x->item[i].place, place) == 0)
			return &x->item[i];
	return NULL;
}

struct erasure_item *
erasure_item_by(const struct erasure *x, const struct conf_store *s, const char *place,
	const uint8_t digest[RECORD_DIGEST_LEN])
{
	struct erasure_item *i;

	if (!sorted(x))
		return NULL;
	i = by_digest(x, digest);
	/* its text is a list of what is left of it */
	if (!i && x->state != ERASURE_PLANNED && strcmp(s->type, "tree") == 0)
		i = by_place(x, s->name, place);
	return i;
}

struct erasure_item *
erasure_item_of(const struct erasure *x, const struct record *r)
{
	uint8_t digest[RECORD_DIGEST_LEN];

	record_digest(r, digest);
	return erasure_item_by(x, r->store, r->place, digest);
}

/* --- the text --------------------------------------------------------------------------------- */

static void
put_item(struct buf *out, const struct erasure_item *i)
{
	char digest[2 * RECORD_DIGEST_LEN + 1];

	(void)sodium_bin2hex(digest, sizeof(digest), i->digest, sizeof(i->digest));
	buf_printf(out, "%s %" PRId64 " %s", fates[i->fate], i->find, digest);
	if (i->fate == ERASURE_KEEP && i->until_us == ERASURE_UNKNOWN)
		buf_printf(out, " - %s", i->ground);
	else if (i->fate == ERASURE_KEEP)
		buf_printf(out, " %" PRId64 " %s", i->until_us, i->ground);
	buf_char(out, '\n');
}

int
erasure_text(struct erasure *x, struct buf *out, struct err *e)
{
	const char *store = "";

	buf_init(out, TEXT_MAX);
	buf_printf(out, "sparsam-erasure-1 %s\n", x->number);
	for (size_t i = 0; i < x->n; i++) {
		if (strcmp(store, x->item[i].store) != 0)
			buf_printf(out, "store %s\n", x->item[i].store);
		store = x->item[i].store;
		put_item(out, &x->item[i]);
	}
	if (out->failed)
		return err_memory(e);
	sha256_hex(span_of(out->p, out->len), x->hash);
	return 0;
}

/* --- in the register -------------------------------------------------------------------------- */

static int
run_for(struct registry *r, const char *sql, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
item_write(struct registry *r, const struct erasure *x, size_t at, struct err *e)
{
	const struct erasure_item *i = &x->item[at];
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO erasure_items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	(void)sqlite3_bind_int64(st, 2, (int64_t)at);
	(void)sqlite3_bind_int64(st, 3, i->find);
	statement_text(st, 4, span_str(i->store));
	statement_text(st, 5, span_str(i->place));
	statement_blob(st, 6, span_of(i->digest, sizeof(i->digest)));
	(void)sqlite3_bind_int(st, 7, (int)i->fate);
	statement_text(st, 8, span_str(i->ground));
	(void)sqlite3_bind_int64(st, 9, i->until_us);
	(void)sqlite3_bind_int64(st, 10, (int64_t)i->n);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
erasure_update(struct registry *r, const struct erasure *x, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR REPLACE INTO erasures VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &st,
		    e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	statement_text(st, 2, span_str(x->hash));
	(void)sqlite3_bind_int(st, 3, (int)x->state);
	(void)sqlite3_bind_int64(st, 4, x->made_us);
	(void)sqlite3_bind_int64(st, 5, x->begun_us);
	(void)sqlite3_bind_int64(st, 6, x->ended_us);
	(void)sqlite3_bind_int64(st, 7, (int64_t)x->hold);
	/* its items were read without the gaps that erasure_shrink() leaves */
	if (registry_step(r, st, e) < 0 ||
		run_for(r, "DELETE FROM erasure_items WHERE number = ?1", x->number, e) < 0)
		return -1;
	for (size_t i = 0; i < x->n; i++)
		if (item_write(r, x, i, e) < 0)
			return -1;
	return 0;
}

static int
fail_begun(const char *number, struct err *e)
{
	return err_fail(e, EX_NOPERM, 0, N_("the erasure of this case has begun"),
		N_("go on with `dsar erase CASE --confirm HASH`"), "%s", number);
}

int
erasure_write(struct registry *r, struct erasure *x, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r, "SELECT state FROM erasures WHERE number = ?1", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	rc = registry_step(r, st, e);
	if (rc < 0)
		return -1;
	if (rc == 0 && sqlite3_column_int(st, 0) != ERASURE_PLANNED)
		return fail_begun(x->number, e);
	(void)sqlite3_reset(st);
	x->made_us = now_us;
	return erasure_update(r, x, e);
}

int
erasure_shrink(struct registry *r, const char *number, struct err *e)
{
	_Static_assert(ERASURE_KEEP == 2, "as it is written");
	return run_for(r,
		"DELETE FROM erasure_items WHERE number = ?1 AND (fate <> 2 OR NOT EXISTS"
		" (SELECT 1 FROM erasures WHERE number = ?1 AND begun_us <> 0))",
		number, e);
}

int
erasure_forget(struct registry *r, const char *number, struct err *e)
{
	if (erasure_shrink(r, number, e) < 0)
		return -1;
	return run_for(r,
		"DELETE FROM erasures WHERE number = ?1 AND NOT EXISTS"
		" (SELECT 1 FROM erasure_items WHERE number = ?1)",
		number, e);
}

static int
items_read(struct registry *r, struct erasure *x, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT store, place, ground, find, digest, fate, until_us, n FROM erasure_items"
		    " WHERE number = ?1 ORDER BY at",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct span digest = statement_span(st, 4);
		struct erasure_item *i = item_new(
			x, statement_str(st, 0), statement_str(st, 1), statement_str(st, 2), e);
		const int fate = sqlite3_column_int(st, 5);

		if (!i)
			return -1;
		i->find = sqlite3_column_int64(st, 3);
		i->fate = fate >= 0 && fate < ERASURE_FATES ? (enum erasure_fate)fate
							    : ERASURE_MISSING;
		i->until_us = sqlite3_column_int64(st, 6);
		i->n = (uint64_t)sqlite3_column_int64(st, 7);
		if (digest.len == sizeof(i->digest))
			memcpy(i->digest, digest.p, digest.len);
	}
	return rc < 0 ? -1 : 0;
}

int
erasure_read(struct registry *r, const char *number, struct erasure *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	erasure_init(ret, number);
	if (registry_prepare(r,
		    "SELECT hash, state, made_us, begun_us, ended_us, hold FROM erasures"
		    " WHERE number = ?1",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	(void)strncpy(ret->hash, statement_str(st, 0), sizeof(ret->hash) - 1);
	ret->state = erasure_state_of(sqlite3_column_int(st, 1));
	ret->made_us = sqlite3_column_int64(st, 2);
	ret->begun_us = sqlite3_column_int64(st, 3);
	ret->ended_us = sqlite3_column_int64(st, 4);
	ret->hold = (uint64_t)sqlite3_column_int64(st, 5);
	return items_read(r, ret, e);
}
