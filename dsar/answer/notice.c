/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/notice.h"

#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "dsar/search/find.h"
#include "dsar/register/registry-private.h"
#include "record/timestamp.h"

const char notice_schema[] =
	"CREATE TABLE notices (number TEXT NOT NULL REFERENCES case_file ON DELETE CASCADE,"
	" recipient TEXT NOT NULL, state INTEGER NOT NULL, ground TEXT NOT NULL, us INTEGER NOT NULL,"
	" PRIMARY KEY (number, recipient)) STRICT, WITHOUT ROWID;";

static const char *const states[NOTICE_STATES] = { "open", "sent", "impossible",
	"disproportionate" };

const char *
notice_state_name(enum notice_state s)
{
	return states[s];
}

static int
state_of(struct registry *r, const char *number, const char *recipient, enum notice_state *ret,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	*ret = NOTICE_OPEN;
	if (registry_prepare(r, "SELECT state FROM notices WHERE number = ?1 AND recipient = ?2",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(recipient));
	rc = registry_step(r, st, e);
	if (rc == 0 && sqlite3_column_int(st, 0) > 0 && sqlite3_column_int(st, 0) < NOTICE_STATES)
		*ret = (enum notice_state)sqlite3_column_int(st, 0);
	return rc < 0 ? -1 : 0;
}

struct gathering {
	const struct conf *conf;
	bool *has; /* for each recipient */
};

/* What is about somebody else is nobody's to be told of. */
static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct gathering *g = ctx;
	const struct conf_store *s = conf_find_store(g->conf, f->store);

	(void)e;
	for (size_t i = 0; s && f->decision != FIND_EXCLUDE && i < g->conf->n_recipients; i++)
		g->has[i] = g->has[i] || conf_recipient_has(&g->conf->recipient[i], s);
	return 0;
}

int
notices_each(const struct conf *conf, struct registry *r, const struct case_file *c,
	notice_seen *seen, void *ctx, struct err *e)
{
	cleanup_mem bool *has = calloc(conf->n_recipients + 1, sizeof(*has));
	struct gathering g = { conf, has };

	if (!has)
		return err_memory(e);
	if (finds_each(r, c->number, NULL, see_find, &g, e) < 0)
		return -1;
	for (size_t i = 0; i < conf->n_recipients; i++) {
		enum notice_state state;
		int rc;

		if (!has[i])
			continue;
		if (state_of(r, c->number, conf->recipient[i].name, &state, e) < 0)
			return -1;
		rc = seen(ctx, &conf->recipient[i], state, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return 0;
}

int
notice_set(struct registry *r, const struct case_file *c, const struct conf_recipient *recipient,
	enum notice_state state, const char *ground, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_record(r, c->number, "notice",
		    json_pack("{s:s, s:s}", "recipient", recipient->name, "state", states[state]),
		    now_us, e) < 0)
		return -1;
	if (registry_prepare(
		    r, "INSERT OR REPLACE INTO notices VALUES (?1, ?2, ?3, ?4, ?5)", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->number));
	statement_text(st, 2, span_str(recipient->name));
	(void)sqlite3_bind_int(st, 3, (int)state);
	statement_text(st, 4, span_str(ground));
	(void)sqlite3_bind_int64(st, 5, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
notices_list(struct registry *r, const char *number, json_t *list, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT recipient, state, ground, us FROM notices WHERE number = ?1"
		    " ORDER BY us, recipient",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	while ((rc = registry_step(r, st, e)) == 0) {
		const int state = sqlite3_column_int(st, 1);
		char time[28];

		timestamp_format(sqlite3_column_int64(st, 3), time);
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s, s:s}", "recipient",
					  statement_str(st, 0), "state",
					  states[state >= 0 && state < NOTICE_STATES ? state : 0],
					  "ground", statement_str(st, 2), "time", time)) < 0)
			return err_memory(e);
	}
	return rc < 0 ? -1 : 0;
}

static int
see_open(void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e)
{
	bool *due = ctx;

	(void)r;
	(void)e;
	*due = *due || state == NOTICE_OPEN;
	return 0;
}

/* An objection that was upheld, a consent that was withdrawn: what was erased for it is an erasure. */
static int
has_erased(struct registry *r, const struct case_file *c, bool *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(
		    r, "SELECT 1 FROM erasures WHERE number = ?1 AND begun_us <> 0", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->number));
	rc = registry_step(r, st, e);
	*ret = rc == 0;
	return rc < 0 ? -1 : 0;
}

int
notices_due(const struct conf *conf, struct registry *r, const struct case_file *c, bool *ret,
	struct err *e)
{
	bool has = c->article == ARTICLE_ERASURE || c->article == ARTICLE_RECTIFICATION ||
		   c->article == ARTICLE_RESTRICTION;

	*ret = false;
	if (c->refused || (!has && has_erased(r, c, &has, e) < 0))
		return c->refused ? 0 : -1;
	if (!has)
		return 0;
	return notices_each(conf, r, c, see_open, ret, e);
}
