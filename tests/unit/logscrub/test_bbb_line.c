/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>

#include "logscrub/stats/bbb_line.h"

#include "tests/unit/suite.h"

#define TIME "2024-05-20T14:46:51.233+02:00 INFO  "
#define WHO  TIME "o.bigbluebutton.api.MeetingService -  --analytics-- data="
#define JOIN                                                                                       \
	"{\"guest\":false,\"externalUserId\":\"gl-a\",\"userId\":\"w_hm71zphugfzo\","              \
	"\"meetingId\":\"183f-1716216409672\",\"name\":\"Home Room\","                             \
	"\"logCode\":\"user_joined_message\",\"username\":\"Erika \\u0026 M\"}"

static struct bbb_line line;

static bool
read_line(const char *text)
{
	CLEANUP(bbb_reader_freep) struct bbb_reader *r = NULL;

	ck_assert_int_eq(bbb_reader_new(&r, NULL), 0);
	return bbb_read(r, span_str(text), &line);
}

static void
is(struct span s, const char *wanted)
{
	ck_assert_msg(span_eq(s, span_str(wanted)), "%.*s instead of %s", (int)s.len, s.p, wanted);
}

START_TEST(a_join_is_read_in_every_frame)
{
	static const char *const frames[] = { "", "oct. 29 16:47:39 srv java[23605]: ",
		"2024-05-20T14:46:51+02:00 srv bbb-web[7]: ", "bbbWeb " };
	char text[1024];

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s" WHO JOIN, frames[i]);
		ck_assert(read_line(text));
		ck_assert_int_eq(line.event, EVENT_JOIN);
		ck_assert_int_eq(line.time_us, INT64_C(1716209211233) * 1000);
		is(line.meeting, "183f-1716216409672");
		is(line.person, "gl-a");
		is(line.session, "w_hm71zphugfzo");
		ck_assert(!line.breakout);
	}
}
END_TEST

START_TEST(each_event_has_its_meaning)
{
	const struct {
		const char *code;
		enum bbb_event event;
	} cases[] = {
		{ "create_meeting", EVENT_ROOM },
		{ "meeting_started", EVENT_ROOM },
		{ "user_left_message", EVENT_LEAVE },
		{ "meeting_ended", EVENT_END },
		{ "meeting_destroyed", EVENT_END },
		{ "meeting_removed_from_running", EVENT_END },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text),
			WHO "{\"isBreakout\":true,\"userId\":\"w_a\",\"logCode\":\"%s\","
			    "\"meetingId\":\"m\"}",
			cases[i].code);
		ck_assert(read_line(text));
		ck_assert_int_eq(line.event, cases[i].event);
		ck_assert_int_eq(line.breakout, line.event == EVENT_ROOM);
		is(line.person, "w_a");
	}
	ck_assert(read_line(TIME "o.bigbluebutton.api.MeetingService - Starting Meeting Service."));
	ck_assert_int_eq(line.event, EVENT_START);
}
END_TEST

START_TEST(others_lines_are_nobodys_coming_and_going)
{
	static const char *const lines[] = {
		"",
		" - ",
		"x - MeetingService",
		/* another logger, whose name stands for a person */
		TIME "o.b.web.controllers.ApiController -  --analytics-- data=" JOIN,
		/* what somebody has chosen as a name */
		TIME
		"o.bigbluebutton.api.MeetingService - Found user X -  --analytics-- data=" JOIN,
		TIME "o.bigbluebutton.api.MeetingService - Setting role:  --analytics-- data=" JOIN,
		TIME "x MeetingService -  --analytics-- data=" JOIN " and more",
		/* what is told of nobody, or of nothing that counts */
		WHO "{\"logCode\":\"user_joined_message\",\"meetingId\":\"m\"}",
		WHO "{\"logCode\":\"user_joined_message\",\"userId\":\"w_a\",\"meetingId\":null}",
		WHO "{\"logCode\":\"removed_user\",\"userId\":\"w_a\",\"meetingId\":\"m\"}",
		WHO "{\"logCode\":\"meeting_ended\"}",
		WHO "{\"logCode\":\"meeting_ended\",\"meetingId\":\"m\"",
		WHO "-",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(!read_line(lines[i]), "%s", lines[i]);
}
END_TEST

START_TEST(who_is_in_a_breakout_room_is_known_by_the_id)
{
	const struct {
		const char *id;
		bool breakout;
	} cases[] = { { "w_hm71zphugfzo-1", true }, { "v_abc-12", true },
		{ "w_hm71zphugfzo", false }, { "gl-abc-1", false }, { "w_-1", false },
		{ "-1", false }, { "1", false }, { "w_A-1", false }, { "w_a-", false } };
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text),
			WHO "{\"userId\":\"w_x\",\"logCode\":\"user_joined_message\","
			    "\"meetingId\":\"m\",\"externalUserId\":\"%s\"}",
			cases[i].id);
		ck_assert(read_line(text));
		ck_assert_msg(line.breakout == cases[i].breakout, "%s", cases[i].id);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bbb_line");
	TCase *t = tcase_create("bbb_line");

	tcase_add_test(t, a_join_is_read_in_every_frame);
	tcase_add_test(t, each_event_has_its_meaning);
	tcase_add_test(t, others_lines_are_nobodys_coming_and_going);
	tcase_add_test(t, who_is_in_a_breakout_room_is_known_by_the_id);
	suite_add_tcase(s, t);
	return suite_run(s);
}
