/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/stats_poll.h"

#include <inttypes.h>
#include <libintl.h>

#include "base/now.h"
#include "base/print/print.h"
#include "logscrub/stats/bbb_api.h"
#include "logscrub/stats/counting.h"
#include "logscrub/stats/stats_prom.h"

static int
count(const struct conf_api *a, const struct api_secret *secret, struct counting *k, struct err *e)
{
	CLEANUP(census_freep) struct census *there = NULL, *before = NULL;
	int64_t t_us = now_us(); /* the timer has waited for the mark */

	if (census_new(k->key, &there, e) < 0 || api_meetings(a, secret, there, &k->media, e) < 0)
		return -1;
	if (census_n_lost(there) > 0)
		fprintf(stderr, "logscrub: %s\n",
			gettext("too many people to count: some are missing in the statistics"));
	before = TAKE(k->census);
	census_follow(there, census_minute(before) == NO_MINUTE ? NULL : before, t_us, &k->media,
		&k->tally);
	k->census = TAKE(there);
	k->counted_us = t_us;
	k->dirty = true;
	return counting_commit(k, e);
}

static void
tell(const struct conf *c, const struct counting *k, struct print *p)
{
	const struct {
		const char *key;
		int64_t n;
	} numbers[] = {
		{ "meetings", census_rooms(k->census) },
		{ "participants", census_people(k->census) },
		{ "microphones", k->media.microphones },
		{ "listeners", k->media.listeners },
		{ "cameras", k->media.cameras },
	};

	if (!p->json)
		fprintf(p->f, "%s:", k->node);
	print_begin(p);
	print_str(p, "node", span_str(k->node));
	print_time(p, "counted", k->counted_us);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t n = tally_round(numbers[i].n, c->statistics.round);

		if (!p->json)
			fprintf(p->f, " %s %" PRId64, numbers[i].key, n);
		print_int(p, numbers[i].key, n);
	}
	print_int(p, "rounded_to", c->statistics.round);
	print_end(p);
	if (!p->json)
		fputc('\n', p->f);
}

static int
poll_one(const struct conf *c, const struct conf_api *a, struct print *p, struct err *e)
{
	CLEANUP(counting_freep) struct counting *k = NULL;
	struct api_secret secret = { 0 };
	int rc;

	if (api_secret_open(a, &secret, e) < 0)
		return -1;
	rc = counting_open(c, a->node, WAY_API, span_of(secret.p, secret.len), &k, e);
	if (rc == 0)
		rc = count(a, &secret, k, e);
	api_secret_release(&secret);
	if (rc == 0)
		tell(c, k, p);
	return rc;
}

static int
write_metrics(const struct conf *c, struct err *e)
{
	CLEANUP(stats_db_freep) struct stats_db *db = NULL;

	if (stats_db_open(c, true, &db, e) < 0)
		return -1;
	return stats_prom_write(c, db, e);
}

int
stats_poll(const struct conf *c, struct print *p, struct err *e)
{
	const struct conf_statistics *s = &c->statistics;
	size_t n_failed = 0;

	if (s->n_apis == 0)
		return err_fail(e, EX_CONFIG, 0, N_("no API is declared"),
			N_("add to statistics: api \"NODE\" { url = … }"), "%s",
			c->file ? c->file : "");
	for (size_t i = 0; i < s->n_apis; i++) {
		struct err why = { 0 };

		if (poll_one(c, &s->api[i], p, &why) == 0)
			continue;
		if (n_failed++ == 0)
			*e = why;
		else
			(void)err_print(&why, "logscrub", stderr);
	}
	if (n_failed < s->n_apis && write_metrics(c, n_failed ? NULL : e) < 0)
		return -1;
	return n_failed ? -1 : 0;
}
