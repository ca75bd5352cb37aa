/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/rectification.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/file/wipe.h"
#include "dsar/search/find.h"
#include "dsar/register/registry-private.h"

#define TEXT_MAX (16u << 20)

/* rectified: what is to stand in the fields of finds. statements: by their records, for as long as the case's file. */
const char rectification_schema[] =
	"CREATE TABLE rectifications ("
	" number TEXT PRIMARY KEY, hash TEXT NOT NULL, state INTEGER NOT NULL,"
	" made_us INTEGER NOT NULL, begun_us INTEGER NOT NULL, ended_us INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE rectified ("
	" number TEXT NOT NULL, find INTEGER NOT NULL, field TEXT NOT NULL, store TEXT NOT NULL,"
	" value TEXT NOT NULL, digest BLOB NOT NULL, becomes BLOB NOT NULL, fate INTEGER NOT NULL,"
	" ground TEXT NOT NULL, PRIMARY KEY (number, find, field)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE statements ("
	" number TEXT NOT NULL, digest BLOB NOT NULL, field TEXT NOT NULL, text TEXT NOT NULL,"
	" us INTEGER NOT NULL, PRIMARY KEY (digest, number, field)) STRICT, WITHOUT ROWID;";

static const char *const fates[RECTIFY_FATES] = { "set", "statement", "done", "attached" };

const char *
rectify_fate_name(enum rectify_fate f)
{
	return fates[f];
}

size_t
rectification_count(const struct rectification *x, enum rectify_fate f)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += x->item[i].fate == f;
	return n;
}

void
rectification_init(struct rectification *x, const char *number)
{
	*x = (struct rectification){ .state = ERASURE_PLANNED };
	(void)strncpy(x->number, number, sizeof(x->number) - 1);
}

void
rectification_release(struct rectification *x)
{
	for (size_t i = 0; i < x->n; i++) {
		wipe_text(x->item[i].store);
		wipe_text(x->item[i].field);
		wipe_text(x->item[i].value);
		wipe_text(x->item[i].ground);
	}
	free(x->item);
	x->item = NULL;
	x->n = x->max = 0;
}

/* --- the text --------------------------------------------------------------------------------- */

static void
put_item(struct buf *out, const struct rectify_item *i)
{
	char digest[2 * RECORD_DIGEST_LEN + 1], value[SHA256_HEX];

	(void)sodium_bin2hex(digest, sizeof(digest), i->digest, sizeof(i->digest));
	sha256_hex(span_str(i->value), value);
	buf_printf(
		out, "%s %" PRId64 " %s %s %s", fates[i->fate], i->find, digest, i->field, value);
	if (i->fate == RECTIFY_STATE)
		buf_printf(out, " %s", i->ground);
	buf_char(out, '\n');
}

int
rectification_text(struct rectification *x, struct buf *out, struct err *e)
{
	buf_init(out, TEXT_MAX);
	buf_printf(out, "sparsam-rectification-1 %s\n", x->number);
	for (size_t i = 0; i < x->n; i++)
		put_item(out, &x->item[i]);
	if (out->failed)
		return err_memory(e);
	sha256_hex(span_of(out->p, out->len), x->hash);
	return 0;
}

/* --- in the register -------------------------------------------------------------------------- */

static struct rectify_item *
item_new(struct rectification *x, struct err *e)
{
	if (x->n == x->max) {
		const size_t max = x->max ? 2 * x->max : 16;
		struct rectify_item *v = reallocarray(x->item, max, sizeof(*v));

		if (!v)
			return (void)err_memory(e), NULL;
		x->item = v;
		x->max = max;
	}
	x->item[x->n] = (struct rectify_item){ 0 };
	return &x->item[x->n++];
}

static void
take_digest(uint8_t to[RECORD_DIGEST_LEN], struct span from)
{
	if (from.len == RECORD_DIGEST_LEN)
		memcpy(to, from.p, RECORD_DIGEST_LEN);
}

static int
items_read(struct registry *r, struct rectification *x, const char *node, bool open, struct err *e)
{
	_Static_assert(RECTIFY_SET == 0 && RECTIFY_STATE == 1 && RECTIFY_DONE == 2, "as below");
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT find, store, field, value, digest, becomes, fate, ground FROM rectified"
		    " WHERE number = ?1 AND (?3 = 0 OR fate < 2) AND (?2 IS NULL OR ?2 ="
		    " coalesce((SELECT node FROM finds WHERE id = find), ''))"
		    " ORDER BY find, field",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	statement_text(st, 2, span_str(node));
	(void)sqlite3_bind_int(st, 3, open);
	while ((rc = registry_step(r, st, e)) == 0) {
		struct rectify_item *i = item_new(x, e);
		const int fate = sqlite3_column_int(st, 6);

		if (!i)
			return -1;
		i->find = sqlite3_column_int64(st, 0);
		i->store = strdup(statement_str(st, 1));
		i->field = strdup(statement_str(st, 2));
		i->value = strdup(statement_str(st, 3));
		i->ground = strdup(statement_str(st, 7));
		take_digest(i->digest, statement_span(st, 4));
		take_digest(i->becomes, statement_span(st, 5));
		i->fate = fate >= 0 && fate < RECTIFY_FATES ? (enum rectify_fate)fate
							    : RECTIFY_STATE;
		if (!i->store || !i->field || !i->value || !i->ground)
			return err_memory(e);
	}
	return rc < 0 ? -1 : 0;
}

int
rectification_read(struct registry *r, const char *number, struct rectification *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	rectification_init(ret, number);
	if (registry_prepare(r,
		    "SELECT hash, state, made_us, begun_us, ended_us FROM rectifications"
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
	return items_read(r, ret, "", false, e);
}

int
rectification_wishes(struct registry *r, const char *number, const char *node, bool open,
	struct rectification *ret, struct err *e)
{
	rectification_init(ret, number);
	return items_read(r, ret, node, open, e);
}

static int
item_write(struct registry *r, const char *number, const struct rectify_item *i, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR REPLACE INTO rectified (number, find, field, store, value, digest,"
		    " becomes, fate, ground) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, i->find);
	statement_text(st, 3, span_str(i->field));
	statement_text(st, 4, span_str(i->store));
	statement_text(st, 5, span_str(i->value));
	statement_blob(st, 6, span_of(i->digest, sizeof(i->digest)));
	statement_blob(st, 7, span_of(i->becomes, sizeof(i->becomes)));
	(void)sqlite3_bind_int(st, 8, (int)i->fate);
	statement_text(st, 9, span_str(i->ground ? i->ground : ""));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
rectification_put(
	struct registry *r, const char *number, const struct rectify_item *i, struct err *e)
{
	return item_write(r, number, i, e);
}

int
rectification_update(struct registry *r, const struct rectification *x, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR REPLACE INTO rectifications VALUES (?1, ?2, ?3, ?4, ?5, ?6)", &st,
		    e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	statement_text(st, 2, span_str(x->hash));
	(void)sqlite3_bind_int(st, 3, (int)x->state);
	(void)sqlite3_bind_int64(st, 4, x->made_us);
	(void)sqlite3_bind_int64(st, 5, x->begun_us);
	(void)sqlite3_bind_int64(st, 6, x->ended_us);
	if (registry_step(r, st, e) < 0)
		return -1;
	for (size_t i = 0; i < x->n; i++)
		if (item_write(r, x->number, &x->item[i], e) < 0)
			return -1;
	return 0;
}

/* -1, or whether find ID is another machine's. */
static int
is_elsewhere(struct registry *r, int64_t id, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r, "SELECT 1 FROM finds WHERE id = ?1 AND node <> ''", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	rc = registry_step(r, st, e);
	return rc < 0 ? -1 : rc == 0;
}

/* What was shown is not what is wished for any more. Another machine's plan is its own. */
static int
plan_anew(struct registry *r, const char *number, int64_t find, struct err *e)
{
	struct rectification x;
	int rc = is_elsewhere(r, find, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = rectification_read(r, number, &x, e);
	if (rc == 0 && x.state == ERASURE_BEGUN)
		rc = err_fail(e, EX_NOPERM, 0, N_("the rectification of this case has begun"),
			N_("go on with `dsar rectify CASE --confirm HASH`"), "%s", number);
	if (rc == 1)
		rc = 0;
	if (rc == 0) {
		x.hash[0] = '\0';
		x.state = ERASURE_PLANNED;
		rc = rectification_update(r, &x, e);
	}
	rectification_release(&x);
	return rc;
}

int
rectification_wish(struct registry *r, const char *number, const struct find *f, const char *field,
	struct span value, struct err *e)
{
	cleanup_mem char *text = strndup(value.p, value.len);
	cleanup_mem char *store = strdup(f->store), *name = strdup(field);
	struct rectify_item i = {
		.find = f->id, .store = store, .field = name, .value = text, .fate = RECTIFY_STATE
	};
	int rc;

	if (!text || !store || !name)
		return err_memory(e);
	memcpy(i.digest, f->digest, sizeof(i.digest));
	rc = plan_anew(r, number, f->id, e);
	if (rc == 0)
		rc = item_write(r, number, &i, e);
	explicit_bzero(text, strlen(text));
	return rc;
}

int
rectification_drop(
	struct registry *r, const char *number, int64_t find, const char *field, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (plan_anew(r, number, find, e) < 0 ||
		registry_prepare(r,
			"DELETE FROM rectified WHERE number = ?1 AND find = ?2 AND field = ?3", &st,
			e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, find);
	statement_text(st, 3, span_str(field));
	if (registry_step(r, st, e) < 0)
		return -1;
	return sqlite3_changes(registry_db(r)) > 0
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("nobody has asked for that"),
				 N_("see `dsar rectify CASE`"), "%lld", (long long)find);
}

/* --- statements ------------------------------------------------------------------------------- */

int
statement_attach(struct registry *r, const char *number, const uint8_t digest[RECORD_DIGEST_LEN],
	const char *field, const char *text, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR REPLACE INTO statements (number, digest, field, text, us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_blob(st, 2, span_of(digest, RECORD_DIGEST_LEN));
	statement_text(st, 3, span_str(field));
	statement_text(st, 4, span_str(text));
	(void)sqlite3_bind_int64(st, 5, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
statements_of(
	struct registry *r, const uint8_t digest[RECORD_DIGEST_LEN], struct buf *out, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT field, text FROM statements WHERE digest = ?1 ORDER BY number, field",
		    &st, e) < 0)
		return -1;
	statement_blob(st, 1, span_of(digest, RECORD_DIGEST_LEN));
	while ((rc = registry_step(r, st, e)) == 0) {
		if (out->len > 0)
			buf_char(out, '\n');
		if (strcmp(statement_str(st, 0), RECTIFY_WHOLE) != 0)
			buf_printf(out, "%s: ", statement_str(st, 0));
		buf_str(out, statement_str(st, 1));
	}
	return rc < 0 ? -1 : 0;
}
