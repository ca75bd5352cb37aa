/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/counting_lines.h"

#include <libintl.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "logscrub/stats/bbb_line.h"
#include "logscrub/stats/counting.h"
#include "logscrub/say.h"
#include "logscrub/stats/stats_node.h"
#include "logscrub/stats/stats_prom.h"

#define LATE_US (30 * INT64_C(1000000)) /* a line comes so much later at most, unless it waits */

struct counting_lines {
	struct counting *counting;
	struct bbb_reader *reader;
	bool said_failure, said_lost;
};

int
counting_lines_open(const struct conf *c, struct counting_lines **ret, struct err *e)
{
	CLEANUP(counting_lines_freep) struct counting_lines *l = NULL;
	char node[STATS_NODE_MAX + 1];

	if (!c->statistics.given) {
		*ret = NULL;
		return 0;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_memory(e);
	stats_node(c, node);
	if (counting_open(c, node, WAY_LOG, SPAN(""), &l->counting, e) < 0 ||
		bbb_reader_new(&l->reader, e) < 0)
		return err_within(e, "statistics");
	if (l->counting->dir < 0)
		say(LOG_WARNING, "%s",
			gettext("who is in a meeting is forgotten at a restart: runtime_dir is not "
				"in memory"));
	*ret = TAKE(l);
	return 0;
}

struct counting_lines *
counting_lines_free(struct counting_lines *l)
{
	if (!l)
		return NULL;
	counting_free(l->counting);
	bbb_reader_free(l->reader);
	free(l);
	return NULL;
}

static void
tell(struct census *c, const struct bbb_line *b)
{
	uint64_t meeting = census_hash(c, b->meeting);

	switch (b->event) {
	case EVENT_ROOM:
		census_room(c, meeting, b->breakout);
		break;
	case EVENT_JOIN:
		/* the room's own line may have come before this program */
		if (b->breakout)
			census_room(c, meeting, true);
		census_join(c, meeting, census_hash(c, b->person), census_hash(c, b->session));
		break;
	case EVENT_LEAVE:
		census_leave(c, meeting, census_hash(c, b->session));
		break;
	case EVENT_END:
		census_end(c, meeting);
		break;
	case EVENT_START:
		census_empty(c);
		break;
	case EVENT_NONE:
		break;
	}
}

void
counting_lines_take(struct counting_lines *l, struct span line, int64_t arrival_us)
{
	struct counting *k = l->counting;
	struct bbb_line b;

	if (!bbb_read(l->reader, line, &b))
		return;
	if (b.time_us == 0)
		b.time_us = arrival_us;
	census_advance(k->census, b.time_us, &k->tally);
	tell(k->census, &b);
	census_peak(k->census, b.time_us, &k->tally);
	if (b.time_us > k->counted_us)
		k->counted_us = b.time_us;
	k->dirty = true;
	if (census_n_lost(k->census) > 0 && !l->said_lost)
		say(LOG_WARNING, "%s",
			gettext("too many people to count: some are missing in the statistics"));
	l->said_lost = census_n_lost(k->census) > 0;
}

void
counting_lines_idle(struct counting_lines *l, int64_t now_us)
{
	struct counting *k = l->counting;
	int64_t before = census_minute(k->census);

	census_idle(k->census, now_us - LATE_US, &k->tally);
	if (census_minute(k->census) == before)
		return;
	k->counted_us = now_us - LATE_US;
	k->dirty = true;
}

static void
say_failure(struct counting_lines *l, bool failed, const struct err *e)
{
	if (failed && !l->said_failure)
		say_err(LOG_ERR, e);
	l->said_failure = failed;
}

void
counting_lines_save(struct counting_lines *l)
{
	struct err e = { 0 };

	if (l && l->counting->dirty)
		say_failure(l, counting_save(l->counting, &e) < 0, &e);
}

void
counting_lines_commit(struct counting_lines *l)
{
	struct err e = { 0 };
	int rc;

	if (!l || census_minute(l->counting->census) == NO_MINUTE)
		return;
	rc = counting_commit(l->counting, &e);
	if (rc == 0)
		rc = stats_prom_write(l->counting->conf, l->counting->db, &e);
	say_failure(l, rc < 0, &e);
}
