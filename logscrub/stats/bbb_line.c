/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/bbb_line.h"

#include <stdlib.h>

#include "record/format/json.h"
#include "record/timestamp.h"

enum { LOG_CODE, MEETING_ID, USER_ID, EXTERNAL_USER_ID, IS_BREAKOUT, MEMBERS };

struct bbb_reader {
	struct json_paths *paths;
	struct timestamp timestamp;
	struct span member[MEMBERS]; /* of the line at hand */
};

int
bbb_reader_new(struct bbb_reader **ret, struct err *e)
{
	static const char *const names[MEMBERS] = { "logCode", "meetingId", "userId",
		"externalUserId", "isBreakout" };
	CLEANUP(bbb_reader_freep) struct bbb_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_memory(e);
	timestamp_init(&r->timestamp, NULL);
	r->paths = json_paths_new();
	if (!r->paths)
		return err_memory(e);
	for (int i = 0; i < MEMBERS; i++)
		if (json_paths_add(r->paths, names[i], i, e) < 0)
			return -1;
	*ret = TAKE(r);
	return 0;
}

struct bbb_reader *
bbb_reader_free(struct bbb_reader *r)
{
	if (!r)
		return NULL;
	json_paths_free(r->paths);
	free(r);
	return NULL;
}

/* --- the frame -------------------------------------------------------------------------------- */

/* Takes the last word off S. */
static struct span
last_word(struct span *s)
{
	size_t end = s->len, from;

	while (end > 0 && s->p[end - 1] == ' ')
		end--;
	from = end;
	while (from > 0 && s->p[from - 1] != ' ')
		from--;
	s->len = from;
	return span_of(s->p + from, end - from);
}

/* The message of LINE, if MeetingService has written it. */
static bool
unframe(struct bbb_reader *r, struct span line, struct span *ret, int64_t *ret_us)
{
	static const struct span dash = SPAN(" - "), service = SPAN("MeetingService");
	const char *at = memmem(line.p, line.len, dash.p, dash.len);
	struct span head, logger, time;

	if (!at)
		return false;
	head = span_of(line.p, (size_t)(at - line.p));
	*ret = span_from(line, head.len + dash.len);
	logger = last_word(&head);
	if (logger.len < service.len ||
		!span_eq(span_from(logger, logger.len - service.len), service))
		return false;
	(void)last_word(&head); /* the level */
	time = last_word(&head);
	if (!timestamp_parse(&r->timestamp, time, ret_us))
		*ret_us = 0;
	return true;
}

/* --- the object ------------------------------------------------------------------------------- */

static int
see(void *ctx, const struct json_value *v)
{
	struct bbb_reader *r = ctx;

	r->member[v->slot] = v->kind == JSON_KIND_NULL ? SPAN_NONE : v->raw;
	return 0;
}

static enum bbb_event
event_of(struct span code)
{
	static const struct {
		struct span code;
		enum bbb_event event;
	} events[] = {
		{ SPAN("create_meeting"), EVENT_ROOM },
		{ SPAN("meeting_started"), EVENT_ROOM },
		{ SPAN("meeting_restarted"), EVENT_ROOM },
		{ SPAN("user_joined_message"), EVENT_JOIN },
		{ SPAN("user_left_message"), EVENT_LEAVE },
		{ SPAN("meeting_ended"), EVENT_END },
		{ SPAN("meeting_destroyed"), EVENT_END },
		{ SPAN("meeting_removed_from_running"), EVENT_END },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (span_eq(code, events[i].code))
			return events[i].event;
	return EVENT_NONE;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Breakout rooms call people "w_hm71zphugfzo-1": their internal id above, and a number. */
static bool
is_breakout_person(struct span id)
{
	size_t end = id.len;

	while (end > 0 && is_digit(id.p[end - 1]))
		end--;
	if (end == id.len || end < 4 || id.p[end - 1] != '-' || id.p[1] != '_' ||
		(id.p[0] != 'w' && id.p[0] != 'v'))
		return false;
	for (size_t i = 2; i < end - 1; i++)
		if (!is_digit(id.p[i]) && (id.p[i] < 'a' || id.p[i] > 'z'))
			return false;
	return true;
}

static bool
has_what_it_needs(const struct bbb_line *l)
{
	switch (l->event) {
	case EVENT_JOIN:
	case EVENT_LEAVE:
		return l->meeting.len > 0 && l->session.len > 0;
	case EVENT_ROOM:
	case EVENT_END:
		return l->meeting.len > 0;
	default:
		return false;
	}
}

bool
bbb_read(struct bbb_reader *r, struct span line, struct bbb_line *ret)
{
	static const struct span tag = SPAN(" --analytics-- data="),
				 started = SPAN("Starting Meeting Service.");
	struct span message;

	*ret = (struct bbb_line){ 0 };
	if (!unframe(r, line, &message, &ret->time_us))
		return false;
	if (span_eq(message, started)) {
		ret->event = EVENT_START;
		return true;
	}
	if (!span_starts(message, tag))
		return false;
	memset(r->member, 0, sizeof(r->member));
	if (json_each(r->paths, span_from(message, tag.len), see, r) != 0)
		return false;
	ret->event = event_of(r->member[LOG_CODE]);
	ret->meeting = r->member[MEETING_ID];
	ret->session = r->member[USER_ID];
	ret->person = r->member[EXTERNAL_USER_ID].len > 0 ? r->member[EXTERNAL_USER_ID]
							  : r->member[USER_ID];
	ret->breakout = ret->event == EVENT_ROOM ? span_eq(r->member[IS_BREAKOUT], SPAN("true"))
						 : is_breakout_person(ret->person);
	return has_what_it_needs(ret);
}
