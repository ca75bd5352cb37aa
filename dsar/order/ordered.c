/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/ordered.h"

#include "dsar/register/registry-private.h"

const char ordered_schema[] =
	"CREATE TABLE orders ("
	" id TEXT PRIMARY KEY, number TEXT NOT NULL, node TEXT NOT NULL, kind INTEGER NOT NULL,"
	" made_us INTEGER NOT NULL, not_before_us INTEGER NOT NULL, not_after_us INTEGER NOT NULL,"
	" state INTEGER NOT NULL, fault INTEGER NOT NULL, sha256 TEXT NOT NULL, plan TEXT NOT NULL,"
	" text BLOB, ended_us INTEGER NOT NULL, file TEXT NOT NULL,"
	" attempt TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE order_signatures ("
	" at INTEGER PRIMARY KEY, id TEXT NOT NULL, number TEXT NOT NULL, fingerprint TEXT NOT NULL,"
	" signature BLOB NOT NULL, public_key BLOB NOT NULL, UNIQUE (id, fingerprint)) STRICT;"
	"CREATE TABLE order_items ("
	" number TEXT NOT NULL, node TEXT NOT NULL, at INTEGER NOT NULL, find INTEGER NOT NULL,"
	" store TEXT NOT NULL, fate INTEGER NOT NULL, ground TEXT NOT NULL,"
	" until_us INTEGER NOT NULL, erased INTEGER NOT NULL, made_us INTEGER NOT NULL,"
	" PRIMARY KEY (number, node, at)) STRICT, WITHOUT ROWID;";

static const char *const states[ORDERED_STATES] = { "drafted", "sent", "answered", "denied",
	"withdrawn" };

const char *
ordered_state_name(enum ordered_state s)
{
	return states[s];
}

int
ordered_add(struct registry *r, const struct order *o, struct span text, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	char hash[SHA256_HEX];

	sha256_hex(text, hash);
	if (registry_prepare(r,
		    "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, 0, '', '')",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(o->id));
	statement_text(st, 2, span_str(o->number));
	statement_text(st, 3, span_str(o->node));
	(void)sqlite3_bind_int(st, 4, (int)o->kind);
	(void)sqlite3_bind_int64(st, 5, o->made_us);
	(void)sqlite3_bind_int64(st, 6, o->not_before_us);
	(void)sqlite3_bind_int64(st, 7, o->not_after_us);
	(void)sqlite3_bind_int(st, 8, ORDERED_DRAFTED);
	statement_text(st, 9, span_str(hash));
	statement_text(st, 10, span_str(o->plan));
	statement_blob(st, 11, text);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* What is out of range was written by somebody else: it blocks. */
static int
in_range(int value, int n, int otherwise)
{
	return value >= 0 && value < n ? value : otherwise;
}

int
ordered_each(struct registry *r, const char *number, const char *id, ordered_seen *seen, void *ctx,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT id, number, node, kind, made_us, not_before_us, not_after_us, state, fault,"
		    " sha256, plan, text, ended_us, file, attempt FROM orders WHERE (?1 IS NULL OR number = ?1)"
		    " AND (?2 IS NULL OR id = ?2) ORDER BY made_us, id",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(id));
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct ordered o = { .id = statement_str(st, 0),
			.number = statement_str(st, 1),
			.node = statement_str(st, 2),
			.kind = (enum order_kind)in_range(
				sqlite3_column_int(st, 3), ORDER_KINDS, ORDER_SEARCH),
			.made_us = sqlite3_column_int64(st, 4),
			.not_before_us = sqlite3_column_int64(st, 5),
			.not_after_us = sqlite3_column_int64(st, 6),
			.state = (enum ordered_state)in_range(
				sqlite3_column_int(st, 7), ORDERED_STATES, ORDERED_SENT),
			.fault = (enum order_fault)in_range(
				sqlite3_column_int(st, 8), ORDER_FAULTS, ORDER_FORM),
			.sha256 = statement_str(st, 9),
			.plan = statement_str(st, 10),
			.text = statement_span(st, 11),
			.ended_us = sqlite3_column_int64(st, 12),
			.file = statement_str(st, 13),
			.attempt = statement_str(st, 14) };

		rc = seen(ctx, &o, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}

int
ordered_move(struct registry *r, const char *id, enum ordered_state state, enum order_fault fault,
	int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "UPDATE orders SET state = ?2, fault = ?3, ended_us = ?4,"
		    " text = CASE WHEN ?5 THEN NULL ELSE text END"
		    " WHERE id = ?1 AND (?2 <> ?6 OR state < ?6)", /* it may be answered already */
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	(void)sqlite3_bind_int(st, 2, (int)state);
	(void)sqlite3_bind_int(st, 3, (int)fault);
	(void)sqlite3_bind_int64(st, 4, state >= ORDERED_ANSWERED ? now_us : 0);
	(void)sqlite3_bind_int(st, 5, state >= ORDERED_ANSWERED);
	(void)sqlite3_bind_int(st, 6, ORDERED_SENT);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* Runs SQL, which sets something (?2) of order ID (?1). */
static int
set(struct registry *r, const char *sql, const char *id, const char *to, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	statement_text(st, 2, span_str(to));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
ordered_sent(struct registry *r, const char *id, const char *file, struct err *e)
{
	return set(r, "UPDATE orders SET file = ?2 WHERE id = ?1", id, file, e);
}

int
ordered_answered(struct registry *r, const char *id, const char *attempt, struct err *e)
{
	return set(r, "UPDATE orders SET attempt = ?2 WHERE id = ?1", id, attempt, e);
}

int
ordered_sign(struct registry *r, const struct ordered *o, const char *fingerprint,
	const struct order_signature *s, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO order_signatures (id, number, fingerprint, signature, public_key)"
		    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET signature = ?4",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(o->id));
	statement_text(st, 2, span_str(o->number));
	statement_text(st, 3, span_str(fingerprint));
	statement_blob(st, 4, s->signature);
	statement_blob(st, 5, s->key);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
ordered_signatures(
	struct registry *r, const char *id, ordered_signature_seen *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT fingerprint, signature, public_key FROM order_signatures WHERE id = ?1"
		    " ORDER BY at",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct order_signature s = { statement_span(st, 1), statement_span(st, 2) };

		if (seen(ctx, statement_str(st, 0), &s, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

int
ordered_waiting(struct registry *r, const char *number, uint64_t *ret_n, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "SELECT count(*) FROM orders o WHERE number = ?1 AND kind = ?2"
		    " AND state NOT IN (?3, ?4) AND NOT EXISTS (SELECT 1 FROM orders n"
		    " WHERE n.number = o.number AND n.node = o.node AND n.kind = o.kind"
		    " AND n.made_us > o.made_us)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int(st, 2, ORDER_SEARCH);
	(void)sqlite3_bind_int(st, 3, ORDERED_ANSWERED);
	(void)sqlite3_bind_int(st, 4, ORDERED_WITHDRAWN);
	if (registry_step(r, st, e) < 0)
		return -1;
	*ret_n = (uint64_t)sqlite3_column_int64(st, 0);
	return 0;
}

/* --- what a node does with its finds ---------------------------------------------------------- */

static int
items_clear(struct registry *r, const char *number, const char *node, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "DELETE FROM order_items WHERE number = ?1 AND node = ?2", &st, e) <
		0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(node));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
ordered_items_put(struct registry *r, const char *node, bool erased, const struct erasure *x,
	int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (items_clear(r, x->number, node, e) < 0 ||
		registry_prepare(r,
			"INSERT INTO order_items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
			&st, e) < 0)
		return -1;
	for (size_t at = 0; at < x->n; at++) {
		const struct erasure_item *i = &x->item[at];

		(void)sqlite3_reset(st);
		statement_text(st, 1, span_str(x->number));
		statement_text(st, 2, span_str(node));
		(void)sqlite3_bind_int64(st, 3, (int64_t)at);
		(void)sqlite3_bind_int64(st, 4, i->find);
		statement_text(st, 5, span_str(i->store));
		(void)sqlite3_bind_int(st, 6, (int)i->fate);
		statement_text(st, 7, span_str(i->ground));
		(void)sqlite3_bind_int64(st, 8, i->until_us);
		(void)sqlite3_bind_int(st, 9, erased);
		(void)sqlite3_bind_int64(st, 10, now_us);
		if (registry_step(r, st, e) < 0)
			return -1;
	}
	return 0;
}

/* The register's text for an item, which owns its strings elsewhere. */
static char *
unowned(const char *s)
{
	union {
		const char *given;
		char *item;
	} u = { s };

	return u.item;
}

int
ordered_items(struct registry *r, const char *number, const char *node, ordered_item_seen *seen,
	void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT node, find, store, fate, ground, until_us, erased, made_us,"
		    " coalesce((SELECT n FROM finds WHERE id = find), 1) FROM order_items"
		    " WHERE number = ?1 AND (?2 IS NULL OR node = ?2) ORDER BY node, at",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(node));
	while ((rc = registry_step(r, st, e)) == 0) {
		struct erasure_item item = { .find = sqlite3_column_int64(st, 1),
			.store = unowned(statement_str(st, 2)),
			.fate = (enum erasure_fate)in_range(
				sqlite3_column_int(st, 3), ERASURE_FATES, ERASURE_ERASE),
			.ground = unowned(statement_str(st, 4)),
			.until_us = sqlite3_column_int64(st, 5),
			.n = (uint64_t)sqlite3_column_int64(st, 8) };
		const struct ordered_item i = { .node = statement_str(st, 0),
			.erased = sqlite3_column_int(st, 6) != 0,
			.made_us = sqlite3_column_int64(st, 7),
			.item = &item };

		if (seen(ctx, &i, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

int
ordered_plan_is(struct registry *r, const struct order *o, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT plan = ?3 FROM orders WHERE number = ?1 AND node = ?2 AND kind = ?4"
		    " AND state = ?5 ORDER BY made_us DESC LIMIT 1",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(o->number));
	statement_text(st, 2, span_str(o->node));
	statement_text(st, 3, span_str(o->plan));
	(void)sqlite3_bind_int(
		st, 4, (int)(o->kind == ORDER_RECTIFY ? ORDER_RECTIFY_PLAN : ORDER_PLAN));
	(void)sqlite3_bind_int(st, 5, ORDERED_ANSWERED);
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	return sqlite3_column_int(st, 0) ? 0 : 1;
}

int
ordered_planned(struct registry *r, const char *id, const char *hash, struct err *e)
{
	return set(r, "UPDATE orders SET plan = ?2 WHERE id = ?1", id, hash, e);
}
