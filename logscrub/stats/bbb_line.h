/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bbb_line.h - who came and went, from the lines of bbb-web
 *
 *   TIME LEVEL LOGGER -  --analytics-- data={"logCode":"user_joined_message",…}
 *
 * perhaps behind a syslog header. Only what the logger MeetingService says counts, and only where
 * its message begins: names that people choose stand in other lines, too, and may look like
 * anything. Of the object's members, in any order, logCode, meetingId, userId, externalUserId and
 * isBreakout are read. Source: bbb-common-web, org.bigbluebutton.api.MeetingService.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

enum bbb_event {
	EVENT_NONE,
	EVENT_ROOM,  /* create_meeting, meeting_started: is it a breakout room? */
	EVENT_JOIN,  /* user_joined_message */
	EVENT_LEAVE, /* user_left_message */
	EVENT_END,   /* meeting_ended, meeting_destroyed, meeting_removed_from_running */
	EVENT_START  /* bbb-web was started: there are no meetings any more */
};

/* Spans are into the line, as JSON has them: they serve to tell one from another. */
struct bbb_line {
	enum bbb_event event;
	int64_t time_us;     /* 0: the line has none that can be read */
	struct span meeting; /* internal id */
	struct span person;  /* external user id; the internal one where there is none */
	struct span session; /* internal user id */
	bool breakout;       /* ROOM; JOIN: the external id is one that breakout rooms give */
};

struct bbb_reader;

int bbb_reader_new(struct bbb_reader **ret, struct err *e);
struct bbb_reader *bbb_reader_free(struct bbb_reader *r);
DEFINE_CLEANUP(struct bbb_reader, bbb_reader_free)

/* Reads LINE into RET; false where it tells of nobody's coming and going. */
bool bbb_read(struct bbb_reader *r, struct span line, struct bbb_line *ret);
