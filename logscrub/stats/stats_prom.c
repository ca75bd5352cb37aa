/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/stats_prom.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "base/print/prom.h"
#include "logscrub/stats/stats_db.h"

/* What is told of each node: a gauge of now, or a sum since the beginning. */
static const struct metric {
	const char *name, *help;
	bool gauge, media;
	size_t now;             /* gauge: where it stands in struct stats_now */
	enum tally_field total; /* sum */
} metrics[] = {
	{ "sparsam_meetings", "Meetings with somebody in them.", true, false,
		offsetof(struct stats_now, meetings), 0 },
	{ "sparsam_participants", "People in meetings.", true, false,
		offsetof(struct stats_now, participants), 0 },
	{ "sparsam_microphones", "Microphones in use.", true, true,
		offsetof(struct stats_now, microphones), 0 },
	{ "sparsam_listeners", "People who only listen.", true, true,
		offsetof(struct stats_now, listeners), 0 },
	{ "sparsam_cameras", "Cameras in use.", true, true, offsetof(struct stats_now, cameras),
		0 },
	{ "sparsam_meetings_total", "Meetings that were held.", false, false, 0, TALLY_MEETINGS },
	{ "sparsam_participants_total", "People, once a meeting.", false, false, 0,
		TALLY_PARTICIPANTS },
	{ "sparsam_breakouts_total", "Breakout rooms that were used.", false, false, 0,
		TALLY_BREAKOUTS },
	{ "sparsam_meeting_minutes_total", "Minutes of meetings.", false, false, 0,
		TALLY_MEETING_MINUTES },
	{ "sparsam_participant_minutes_total", "Minutes of people in meetings.", false, false, 0,
		TALLY_PARTICIPANT_MINUTES },
};
#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

struct writing {
	struct buf *b;
	const struct metric *m; /* NULL: when it was counted */
	int64_t round;
};

static int64_t
value_of(const struct metric *m, const struct stats_now *n)
{
	int64_t value;

	if (!m->gauge)
		return n->total.n[m->total];
	memcpy(&value, (const char *)n + m->now, sizeof(value));
	return value;
}

static int
put(void *ctx, const struct stats_now *n, struct err *e)
{
	const struct writing *w = ctx;
	int64_t value = w->m ? tally_round(value_of(w->m, n), w->round) : n->counted_us / 1000000;

	(void)e;
	if (w->m && w->m->media && n->way != WAY_API)
		return 0;
	/* a node's name needs no quoting: conf_statistics_check() */
	buf_printf(w->b, "%s{node=\"%s\",way=\"%s\"} %" PRId64 "\n",
		w->m ? w->m->name : "sparsam_statistics_counted_seconds", n->node,
		stats_way_name(n->way), value);
	return 0;
}

static int
put_all(const struct conf *c, struct stats_db *db, struct buf *b, struct err *e)
{
	struct writing w = { b, NULL, c->statistics.round };

	for (size_t i = 0; i < N_METRICS; i++) {
		w.m = &metrics[i];
		buf_printf(b, "# HELP %s %s", w.m->name, w.m->help);
		if (w.round > 1)
			buf_printf(b, " Rounded to multiples of %" PRId64 ".", w.round);
		buf_printf(b, "\n# TYPE %s %s\n", w.m->name, w.m->gauge ? "gauge" : "counter");
		if (stats_db_each_now(db, put, &w, e) < 0)
			return -1;
	}
	w.m = NULL;
	buf_str(b, "# HELP sparsam_statistics_counted_seconds When it was last counted.\n"
		   "# TYPE sparsam_statistics_counted_seconds gauge\n");
	return stats_db_each_now(db, put, &w, e);
}

int
stats_prom_write(const struct conf *c, struct stats_db *db, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = PROM_MAX };

	if (access(c->metrics_dir, F_OK) < 0)
		return 0; /* nobody collects */
	if (put_all(c, db, &b, e) < 0)
		return -1;
	return prom_write(c->metrics_dir, STATS_PROM_FILE, &b, e) < 0 ? -1 : 0;
}
