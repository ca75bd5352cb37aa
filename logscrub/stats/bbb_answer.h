/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bbb_answer.h - BigBlueButton's answer to getMeetings, counted while it is read
 *
 * The answer names rooms, people, passwords and whatever a front end adds. It is given piece by
 * piece, as it arrives, and is never there as a whole: ids become hashes in the census byte by
 * byte, numbers are added up, all else is passed over. The parser's memory is wiped.
 *
 *   response/returncode, /messageKey
 *   response/meetings/meeting/{internalMeetingID, isBreakout, hasBeenForciblyEnded}
 *     /{listenerCount, voiceParticipantCount, videoCount}
 *     /attendees/attendee/userID        the external id; the same twice: two browsers
 *
 * in any order. Numbers of 1000 and more come with a separator in some locales ("1,000").
 * Characters that XML forbids, which a display name can smuggle in, are read as blanks. A DOCTYPE
 * (and so every entity but XML's own five), more than ANSWER_DEPTH_MAX levels and more than
 * ANSWER_MAX bytes are refused. Source: bigbluebutton-web, WEB-INF/freemarker/get-meetings.ftlx.
 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "logscrub/stats/census.h"

#define ANSWER_MAX       (32u << 20)
#define ANSWER_DEPTH_MAX 16

struct bbb_answer;

/* Counts into C, which is empty and has to outlive it. */
int bbb_answer_new(struct census *c, struct bbb_answer **ret, struct err *e);
struct bbb_answer *bbb_answer_free(struct bbb_answer *a);
DEFINE_CLEANUP(struct bbb_answer, bbb_answer_free)

/* The next N bytes. Fails with EX_DATAERR; C is worth nothing then. */
int bbb_answer_add(struct bbb_answer *a, const void *p, size_t n, struct err *e);

/* That was all. EX_NOPERM: the API did not accept the checksum; EX_UNAVAILABLE: it said FAILED. */
int bbb_answer_end(struct bbb_answer *a, struct census_media *ret, struct err *e);
