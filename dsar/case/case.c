/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/case/case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/now.h"
#include "dsar/case/case-private.h"
#include "dsar/case/deadline.h"
#include "dsar/order/order.h"
#include "dsar/register/registry-private.h"
#include "record/key/day.h"

#define PAUSES_MAX 64

const char case_schema[] =
	/* numbers are never used twice, also of cases that are gone */
	"CREATE TABLE case_number (year INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;"
	"CREATE TABLE case_file (number TEXT PRIMARY KEY, correspondence TEXT NOT NULL,"
	" article INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
	" identity INTEGER NOT NULL DEFAULT 0, received_day INTEGER NOT NULL, lang TEXT NOT NULL,"
	" address TEXT, extended INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,"
	" opened_us INTEGER NOT NULL, closed_us INTEGER NOT NULL DEFAULT 0,"
	" gone_us INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1) STRICT;"
	"CREATE TABLE case_event (id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES case_file"
	" ON DELETE CASCADE, time_us INTEGER NOT NULL, who INTEGER NOT NULL, kind TEXT NOT NULL,"
	" data TEXT NOT NULL) STRICT;"
	"CREATE INDEX case_file_letter ON case_file (correspondence);"
	"CREATE INDEX case_file_address ON case_file (lower(address), opened_us);"
	"CREATE INDEX case_event_order ON case_event (number, id);";

static const char *const states[CASE_STATES] = { "received", "receipted", "searching", "review",
	"decided", "executing", "answered", "closed", "shrunk", "gone" };
static const char *const identities[IDENTITIES] = { "open", "asked", "verified", "failed" };
static const char *const lights[] = { "green", "yellow", "red" };

const char *
case_state_name(enum case_state s)
{
	return states[s];
}

const char *
case_identity_name(enum case_identity i)
{
	return identities[i];
}

const char *
case_light_name(enum case_light l)
{
	return lights[l];
}

const char *
article_name(enum article a)
{
	switch (a) {
	case ARTICLE_WITHDRAWAL:
		return N_("withdrawal");
	case ARTICLE_ACCESS:
		return N_("access");
	case ARTICLE_RECTIFICATION:
		return N_("rectification");
	case ARTICLE_ERASURE:
		return N_("erasure");
	case ARTICLE_RESTRICTION:
		return N_("restriction");
	case ARTICLE_PORTABILITY:
		return N_("portability");
	case ARTICLE_OBJECTION:
		return N_("objection");
	}
	return "";
}

bool
article_is(long number)
{
	return number == ARTICLE_WITHDRAWAL || number == ARTICLE_ACCESS ||
	       number == ARTICLE_RECTIFICATION || number == ARTICLE_ERASURE ||
	       number == ARTICLE_RESTRICTION || number == ARTICLE_PORTABILITY ||
	       number == ARTICLE_OBJECTION;
}

int32_t
day_local(int64_t us)
{
	const time_t t = (time_t)(us / 1000000);
	struct tm tm = { 0 };

	(void)localtime_r(&t, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return (int32_t)(timegm(&tm) / 86400);
}

/* --- events ----------------------------------------------------------------------------------- */

/* Who works here: of a command run by sudo, whoever has called it. */
unsigned
case_who(void)
{
	const char *caller = getuid() == 0 ? getenv("SUDO_UID") : NULL;

	return caller ? (unsigned)strtoul(caller, NULL, 10) : (unsigned)getuid();
}

int
case_event(struct registry *r, const char *number, const char *kind, json_t *data, int64_t now_us,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	cleanup_mem char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(data);
	if (!text)
		return err_memory(e);
	if (registry_prepare(r,
		    "INSERT INTO case_event (number, time_us, who, kind, data) VALUES (?, ?, ?, ?, ?)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, now_us);
	(void)sqlite3_bind_int64(st, 3, case_who());
	statement_text(st, 4, span_str(kind));
	statement_text(st, 5, span_str(text));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
case_event_recorded(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e)
{
	json_t *copy = json_deep_copy(data);

	if (!copy) {
		json_decref(data);
		return err_memory(e);
	}
	if (registry_record(r, number, kind, copy, now_us, e) < 0) {
		json_decref(data);
		return -1;
	}
	return case_event(r, number, kind, data, now_us, e);
}

int
case_events(struct registry *r, const char *number, case_event_seen *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT kind, time_us, data FROM case_event WHERE number = ? ORDER BY id", &st,
		    e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct span text = statement_span(st, 2);
		json_t *data = json_loadb(text.p, text.len, 0, NULL);
		const int end = seen(
			ctx, statement_str(st, 0), sqlite3_column_int64(st, 1), data, e);

		json_decref(data);
		if (end != 0)
			return end < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}

int
case_address(struct registry *r, const struct case_file *c, struct buf *out, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "SELECT address FROM case_file WHERE number = ?", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->number));
	if (registry_step(r, st, e) != 0)
		return -1;
	if (statement_span(st, 0).len == 0)
		return err_fail(e, EX_NOPERM, 0, N_("the case has no address for its answer"), NULL,
			"%s", c->number);
	buf_span(out, statement_span(st, 0));
	return out->failed ? err_memory(e) : 0;
}

/* --- dates ------------------------------------------------------------------------------------ */

struct pauses {
	struct deadline_pause v[PAUSES_MAX];
	size_t n;
	bool open;
};

/* Asking again while an answer is out begins nothing new. */
static int
see_pause(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct pauses *p = ctx;
	const char *what = json_string_value(json_object_get(data, "what"));

	(void)e;
	if (!what || (strcmp(kind, "identity") != 0 && strcmp(kind, "scope") != 0))
		return 0;
	if (strcmp(what, "asked") == 0 && !p->open && p->n < PAUSES_MAX) {
		p->v[p->n++].from_day = day_local(time_us);
		p->open = true;
	} else if (p->open && strcmp(what, "asked") != 0) {
		p->v[p->n - 1].to_day = day_local(time_us);
		p->open = false;
	}
	return 0;
}

static int
dates_set(struct registry *r, struct case_file *c, struct err *e)
{
	const int months = c->extended ? DEADLINE_MONTHS_EXTENDED : DEADLINE_MONTHS;
	struct pauses p = { .n = 0 };

	if (case_events(r, c->number, see_pause, &p, e) < 0)
		return -1;
	if (p.open) /* it has not ended yet */
		p.v[p.n - 1].to_day = day_local(now_us());
	c->raw_day = deadline_raw(c->received_day, months);
	c->due_day = deadline_due(c->received_day, months, r->land);
	c->due_suspended_day = deadline_suspended(c->received_day, months, r->land, p.v, p.n);
	return 0;
}

enum case_light
case_light(const struct case_file *c, int32_t today)
{
	const int32_t whole = c->due_day - c->received_day, past = today - c->received_day;

	if (c->state >= CASE_ANSWERED)
		return LIGHT_GREEN;
	if (today > c->due_day)
		return LIGHT_RED;
	return 3 * past > 2 * whole ? LIGHT_YELLOW : LIGHT_GREEN;
}

/* --- reading ---------------------------------------------------------------------------------- */

#define SELECT_CASES                                                                               \
	"SELECT number, correspondence, article, state, identity, received_day, lang, extended,"   \
	" refused, opened_us, closed_us, gone_us, version FROM case_file"
#define IN_ORDER " ORDER BY substr(number, 1, 5), length(number), number"

static void
text_take(sqlite3_stmt *st, int column, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s", statement_str(st, column));
}

static int
row_take(struct registry *r, sqlite3_stmt *st, struct case_file *ret, struct err *e)
{
	const long article = (long)sqlite3_column_int64(st, 2);
	const int state = sqlite3_column_int(st, 3), identity = sqlite3_column_int(st, 4);
	struct case_file c = { .article = (enum article)article,
		.state = (enum case_state)state,
		.identity = (enum case_identity)identity,
		.received_day = sqlite3_column_int(st, 5),
		.extended = sqlite3_column_int(st, 7) != 0,
		.refused = sqlite3_column_int(st, 8) != 0,
		.opened_us = sqlite3_column_int64(st, 9),
		.closed_us = sqlite3_column_int64(st, 10),
		.gone_us = sqlite3_column_int64(st, 11),
		.version = sqlite3_column_int64(st, 12) };

	text_take(st, 0, c.number, sizeof(c.number));
	text_take(st, 1, c.correspondence, sizeof(c.correspondence));
	text_take(st, 6, c.lang, sizeof(c.lang));
	if (!article_is(article) || state < 0 || state >= CASE_STATES || identity < 0 ||
		identity >= IDENTITIES)
		return err_fail(e, EX_DATAERR, 0, N_("the register has a case that is none"),
			N_("keep the file, bring a backup with `dsar restore`"), "%s", c.number);
	if (dates_set(r, &c, e) < 0)
		return -1;
	*ret = c;
	return 0;
}

int
case_read(struct registry *r, const char *number, struct case_file *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r, SELECT_CASES " WHERE number = ?", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	rc = registry_step(r, st, e);
	return rc == 0 ? row_take(r, st, ret, e) : rc;
}

int
case_get(struct registry *r, const char *number, struct case_file *ret, struct err *e)
{
	const int rc = case_read(r, number, ret, e);

	/* not its text: whoever confuses the order of arguments has typed something else there */
	return rc > 0 ? err_fail(e, EX_USAGE, 0, N_("there is no case of that number"),
				N_("see `dsar case list`"), NULL)
		      : rc;
}

static int
rows_each(struct registry *r, sqlite3_stmt *st, case_seen *seen, void *ctx, struct err *e)
{
	struct case_file c;
	int rc;

	while ((rc = registry_step(r, st, e)) == 0) {
		int end;

		if (row_take(r, st, &c, e) < 0)
			return -1;
		end = seen(ctx, &c, e);
		if (end != 0)
			return end < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}

int
cases_each(struct registry *r, case_seen *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	return registry_prepare(r, SELECT_CASES IN_ORDER, &st, e) < 0
		       ? -1
		       : rows_each(r, st, seen, ctx, e);
}

struct siblings {
	struct case_file *v;
	size_t n;
};

static int
see_sibling(void *ctx, const struct case_file *c, struct err *e)
{
	struct siblings *b = ctx;

	(void)e;
	b->v[b->n++] = *c;
	return b->n == CASE_SIBLINGS_MAX ? 1 : 0;
}

int
case_siblings(struct registry *r, const struct case_file *c,
	struct case_file ret[CASE_SIBLINGS_MAX], size_t *ret_n, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	struct siblings b = { ret, 0 };

	if (registry_prepare(r, SELECT_CASES " WHERE correspondence = ?1 AND state < ?2" IN_ORDER,
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->correspondence));
	(void)sqlite3_bind_int(st, 2, CASE_CLOSED);
	if (rows_each(r, st, see_sibling, &b, e) < 0)
		return -1;
	*ret_n = b.n;
	return 0;
}

int
case_within(struct registry *r, const char *number, case_act *act, void *ctx, struct err *e)
{
	struct case_file c;
	int rc;

	if (registry_begin(r, e) < 0)
		return -1;
	rc = case_get(r, number, &c, e);
	if (rc == 0)
		rc = act(ctx, &c, e);
	/* what the act means by a number of its own is done as well */
	return registry_end(r, rc > 0 ? 0 : rc, e) < 0 ? -1 : rc;
}

/* --- a letter --------------------------------------------------------------------------------- */

static int
number_take(struct registry *r, int64_t now_us, char ret[CASE_NUMBER_MAX], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	char today[DAY_TEXT_MAX];

	(void)day_format(day_local(now_us), today);
	if (registry_prepare(r,
		    "INSERT INTO case_number VALUES (?, 1) ON CONFLICT (year)"
		    " DO UPDATE SET last = last + 1 RETURNING last",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, strtol(today, NULL, 10));
	if (registry_step(r, st, e) != 0)
		return -1;
	(void)snprintf(ret, CASE_NUMBER_MAX, "%.4s-%04d", today, sqlite3_column_int(st, 0));
	return registry_step(r, st, e) < 0 ? -1 : 0; /* to its end: RETURNING has a row first */
}

static int
row_put(struct registry *r, const struct case_letter *l, enum article a, const char *number,
	const char *first, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO case_file (number, correspondence, article, received_day, lang, address,"
		    " opened_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(first));
	(void)sqlite3_bind_int64(st, 3, a);
	(void)sqlite3_bind_int64(st, 4, l->received_day);
	statement_text(st, 5, span_str(l->lang));
	statement_text(st, 6, l->address);
	(void)sqlite3_bind_int64(st, 7, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
one_open(struct registry *r, const struct case_letter *l, enum article a, int64_t now_us,
	char first[CASE_NUMBER_MAX], struct err *e)
{
	const bool stops = a == ARTICLE_WITHDRAWAL || a == ARTICLE_OBJECTION;
	char number[CASE_NUMBER_MAX], received[DAY_TEXT_MAX];

	if (number_take(r, now_us, number, e) < 0)
		return -1;
	if (*first == '\0')
		memcpy(first, number, CASE_NUMBER_MAX);
	(void)day_format(l->received_day, received);
	if (registry_record(r, number, "case",
		    json_pack("{s:s, s:i, s:s, s:s}", "what", "new", "article", (int)a, "received",
			    received, "correspondence", first),
		    now_us, e) < 0 ||
		row_put(r, l, a, number, first, now_us, e) < 0 ||
		case_event(r, number, "new", json_pack("{s:s}", "received", received), now_us, e) <
			0)
		return -1;
	return stops ? case_event(
			       r, number, "stop", json_pack("{s:i}", "article", (int)a), now_us, e)
		     : 0;
}

int
case_open_within(struct registry *r, const struct case_letter *l, int64_t now_us,
	char ret_first[CASE_NUMBER_MAX], struct err *e)
{
	char first[CASE_NUMBER_MAX] = "";

	for (size_t i = 0; i < l->n; i++)
		if (one_open(r, l, l->article[i], now_us, first, e) < 0)
			return -1;
	memcpy(ret_first, first, CASE_NUMBER_MAX);
	return 0;
}

int
case_open(struct registry *r, const struct case_letter *l, int64_t now_us,
	char ret_first[CASE_NUMBER_MAX], struct err *e)
{
	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, case_open_within(r, l, now_us, ret_first, e), e);
}

int
case_adopt(struct registry *r, const struct order *o, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO case_file (number, correspondence, article, state, identity,"
		    " received_day, lang, opened_us) VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(o->number));
	(void)sqlite3_bind_int(st, 2, (int)o->article);
	(void)sqlite3_bind_int(st, 3, CASE_RECEIPTED);
	(void)sqlite3_bind_int(st, 4, IDENTITY_VERIFIED);
	(void)sqlite3_bind_int(st, 5, o->received_day);
	statement_text(st, 6, span_str(o->lang));
	(void)sqlite3_bind_int64(st, 7, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}
