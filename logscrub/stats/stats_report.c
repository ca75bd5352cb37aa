/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/stats_report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf/conf.h"

#define ROWS_MAX 20000 /* two years of hours, and some */

/* --- periods ---------------------------------------------------------------------------------- */

static struct tm
local(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		memset(&tm, 0, sizeof(tm));
	return tm;
}

/* The hour or the day that S lies in, and the one N later. */
static int64_t
period(const struct report_options *o, int64_t s, int n)
{
	struct tm tm;

	if (o->by_hour)
		return s - (s % 3600 + 3600) % 3600 + n * INT64_C(3600);
	tm = local(s);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday += n;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

void
report_time(const struct report *r, int64_t s, char ret[17])
{
	struct tm tm = local(s);

	(void)strftime(ret, 17, r->o.by_hour ? "%Y-%m-%d %H:%M" : "%Y-%m-%d", &tm);
}

/* --- gathering -------------------------------------------------------------------------------- */

static struct report_part *
part_of(struct report *r, const char *node, enum stats_way w)
{
	struct report_part *p = r->n_parts > 0 ? &r->part[r->n_parts - 1] : NULL;

	if (p && p->way == w && strcmp(p->node, node) == 0)
		return p;
	p = reallocarray(r->part, r->n_parts + 1, sizeof(*p));
	if (!p)
		return NULL;
	r->part = p;
	p += r->n_parts++;
	*p = (struct report_part){ .way = w };
	(void)snprintf(p->node, sizeof(p->node), "%s", node);
	return p;
}

static struct report_row *
row_add(struct report_part *p, int64_t from, int64_t until)
{
	if (!p->row || p->n_rows == p->max_rows) {
		size_t n = p->max_rows ? 2 * p->max_rows : 32;
		struct report_row *v = n <= ROWS_MAX ? reallocarray(p->row, n, sizeof(*v)) : NULL;

		if (!v)
			return NULL;
		p->row = v;
		p->max_rows = n;
	}
	p->row[p->n_rows] = (struct report_row){ .from = from, .until = until };
	return &p->row[p->n_rows++];
}

/* The row of time S, with empty ones before it where nothing was counted. */
static struct report_row *
row_of(struct report *r, struct report_part *p, int64_t s)
{
	struct report_row *row = p->n_rows > 0 ? &p->row[p->n_rows - 1] : NULL;
	int64_t from = period(&r->o, s, 0);

	while (!row || row->from < from) {
		int64_t next = row ? row->until : from;

		row = row_add(p, next, period(&r->o, next, 1));
		if (!row)
			return NULL;
	}
	return row;
}

static void
row_merge(struct report_row *row, const struct tally_hour *h)
{
	struct tally_hour sum = { 0 };

	memcpy(sum.n, row->n, sizeof(sum.n));
	tally_merge(&sum, h);
	memcpy(row->n, sum.n, sizeof(sum.n));
}

static int
see(void *ctx, const char *node, enum stats_way w, const struct tally_hour *h, struct err *e)
{
	struct report *r = ctx;
	struct report_part *p;
	struct report_row *row;

	if ((r->o.node && strcmp(r->o.node, node) != 0) || (r->o.way >= 0 && r->o.way != (int)w))
		return 0;
	p = part_of(r, node, w);
	row = p ? row_of(r, p, h->hour * 3600) : NULL;
	if (!row)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("too many hours"),
			N_("ask for a shorter time, or by day"), NULL);
	row_merge(row, h);
	row_merge(&p->total, h);
	return 0;
}

/* --- what may be seen ------------------------------------------------------------------------- */

static void
part_release(struct report_part *p)
{
	free(p->row);
}

/* Where nobody asked for one of them, the log's numbers stand in for the API's, node by node; the
 * API's come first. */
static void
choose_ways(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_parts; i++) {
		if (r->o.way < 0 && n > 0 && strcmp(r->part[n - 1].node, r->part[i].node) == 0)
			part_release(&r->part[i]);
		else
			r->part[n++] = r->part[i];
	}
	r->n_parts = n;
}

static void
row_round(struct report_row *row, int64_t to)
{
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		if (f != TALLY_POLLS) /* tells of this program alone */
			row->n[f] = tally_round(row->n[f], to);
}

static void
part_finish(struct report_part *p, int64_t round)
{
	if (p->n_rows > 0) {
		p->total.from = p->row[0].from;
		p->total.until = p->row[p->n_rows - 1].until;
	}
	for (size_t i = 0; i < p->n_rows; i++)
		row_round(&p->row[i], round);
	row_round(&p->total, round);
}

int
report_new(const struct conf *c, const struct report_options *o, struct report **ret, struct err *e)
{
	CLEANUP(report_freep) struct report *r = calloc(1, sizeof(*r));
	CLEANUP(stats_db_freep) struct stats_db *db = NULL;

	if (!r)
		return err_memory(e);
	r->o = *o;
	r->round = c->statistics.round;
	/* whole rows: part of an hour or a day is not told apart */
	r->o.from = period(o, o->from, 0);
	if (stats_db_open(c, false, &db, e) < 0 ||
		stats_db_each_hour(db, r->o.from / 3600, (o->until + 3599) / 3600, see, r, e) < 0)
		return -1;
	choose_ways(r);
	for (size_t i = 0; i < r->n_parts; i++)
		part_finish(&r->part[i], r->round);
	*ret = TAKE(r);
	return 0;
}

struct report *
report_free(struct report *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n_parts; i++)
		part_release(&r->part[i]);
	free(r->part);
	free(r);
	return NULL;
}

int64_t
report_greatest(const struct report_part *p, enum tally_field f)
{
	int64_t max = 0;

	for (size_t i = 0; i < p->n_rows; i++)
		max = p->row[i].n[f] > max ? p->row[i].n[f] : max;
	return max;
}
