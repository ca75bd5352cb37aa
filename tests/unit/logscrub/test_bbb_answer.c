/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "base/file/wipe.h"
#include "logscrub/stats/bbb_answer.h"
#include "logscrub/stats/bbb_api.h"
#include "tests/unit/suite.h"

static const uint8_t key[CENSUS_KEY_LEN] = { 7 };

#define OK   "<response><returncode>SUCCESS</returncode>"
#define ROOM "<meeting><internalMeetingID>a-1</internalMeetingID>"
#define ANNA                                                                                       \
	"<attendee><userID>gl-anna</userID><fullName>Anna &amp; &lt;b&gt;</fullName></attendee>"
#define BEN "<attendee><fullName>Ben</fullName><userID>gl-ben</userID></attendee>"

struct answer {
	struct census *census;
	struct census_media media;
	struct err e;
	int rc;
};

/* Reads TEXT in pieces of STEP bytes. */
static struct answer
read_in(const char *text, size_t n, size_t step)
{
	CLEANUP(bbb_answer_freep) struct bbb_answer *a = NULL;
	struct answer r = { 0 };

	ck_assert_int_eq(census_new(key, &r.census, NULL), 0);
	ck_assert_int_eq(bbb_answer_new(r.census, &a, NULL), 0);
	for (size_t at = 0; at < n && r.rc == 0; at += step)
		r.rc = bbb_answer_add(a, text + at, n - at < step ? n - at : step, &r.e);
	if (r.rc == 0)
		r.rc = bbb_answer_end(a, &r.media, &r.e);
	return r;
}

static void
counts(const char *text, int rooms, int people)
{
	struct tally t = { 0 };

	for (size_t step = 1; step < 5000; step = 3 * step + 1) {
		struct answer r = read_in(text, strlen(text), step);

		ck_assert_msg(r.rc == 0, "%s: %s", text, r.e.what);
		census_follow(r.census, NULL, 1, &r.media, &t);
		ck_assert_int_eq(census_rooms(r.census), rooms);
		ck_assert_int_eq(census_people(r.census), people);
		census_free(r.census);
	}
	tally_release(&t);
}

static void
refused(const char *text, size_t n, size_t step)
{
	struct answer r = read_in(text, n, step);

	ck_assert_int_lt(r.rc, 0);
	census_free(r.census);
}

static void
fails(const char *text, int status, const char *what)
{
	for (size_t step = 1; step < 5000; step = 7 * step + 1) {
		struct answer r = read_in(text, strlen(text), step);

		ck_assert_msg(r.rc < 0, "taken: %.200s", text);
		ck_assert_int_eq(r.e.exit, status);
		if (what)
			ck_assert_str_eq(r.e.what, what);
		census_free(r.census);
	}
}

START_TEST(people_and_rooms_are_counted_in_any_order)
{
	counts(OK "<meetings/><messageKey>noMeetings</messageKey></response>", 0, 0);
	counts(OK "<meetings>" ROOM "<attendees>" ANNA BEN "</attendees></meeting></meetings>"
		  "</response>",
		1, 2);
	counts("<response><meetings><meeting><attendees>" ANNA "</attendees>"
	       "<internalMeetingID>a-1</internalMeetingID></meeting></meetings>"
	       "<returncode>SUCCESS</returncode></response>",
		1, 1);
	/* two browsers, a breakout room, a room that nobody is in, one without an id */
	counts(OK "<meetings>" ROOM "<attendees>" ANNA ANNA "</attendees></meeting>"
		  "<meeting><internalMeetingID>b-1</internalMeetingID><attendees>" ANNA
		  "</attendees><isBreakout>true</isBreakout></meeting>"
		  "<meeting><internalMeetingID>c-1</internalMeetingID><attendees/></meeting>"
		  "<meeting><attendees>" BEN "</attendees></meeting></meetings></response>",
		1, 2);
}
END_TEST

START_TEST(ids_elsewhere_are_nobody)
{
	counts(OK "<meetings>" ROOM "<metadata><userID>x</userID><attendees>" ANNA
		  "</attendees></metadata><attendees>" BEN "<customdata><userID>y</userID>"
		  "</customdata></attendees></meeting></meetings>" ANNA "</response>",
		1, 1);
	counts(OK "<meetings>" ROOM "<attendees><attendee><userID>q<x>gl-</x>r</userID></attendee>"
		  "</attendees></meeting></meetings></response>",
		0, 0);
}
END_TEST

START_TEST(microphones_and_cameras_add_up)
{
	const char *text = OK
		"<meetings>" ROOM "<listenerCount>3</listenerCount><voiceParticipantCount>1,204"
		"</voiceParticipantCount><videoCount>\xc2\xa0 7\n</videoCount></meeting>" ROOM
		"<voiceParticipantCount>2</voiceParticipantCount><videoCount>-</videoCount>"
		"<listenerCount>99999999999999999999999999</listenerCount></meeting></meetings>"
		"</response>";
	struct answer r = read_in(text, strlen(text), 11);

	ck_assert_int_eq(r.rc, 0);
	ck_assert_int_eq(r.media.microphones, 1206);
	ck_assert_int_eq(r.media.cameras, 7);
	ck_assert_int_eq(r.media.listeners, 1000003);
	census_free(r.census);
}
END_TEST

START_TEST(what_xml_forbids_stops_nothing)
{
	counts(OK "<meetings>" ROOM "<attendees><attendee><fullName>\x0b\x1b[2J \xef\xbf\xbf"
		  "\xef\xbf\xbe</fullName><userID>\x01x</userID></attendee></attendees></meeting>"
		  "</meetings></response>",
		1, 1);
}
END_TEST

START_TEST(hostile_answers_are_refused)
{
	char deep[4096] = OK, *p;
	char *big;

	fails("<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><response>&b;</response>",
		EX_DATAERR, "the API's answer has a DOCTYPE");
	fails("<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><response/>", EX_DATAERR,
		"the API's answer has a DOCTYPE");
	fails(OK "&xxe;</response>", EX_DATAERR, NULL);
	fails("", EX_DATAERR, NULL);
	fails("<html><body>502 Bad Gateway</body></html>", EX_UNAVAILABLE, NULL);
	fails("{\"response\":{}}", EX_DATAERR, NULL);
	fails(OK "<meetings>" ROOM, EX_DATAERR, NULL); /* cut short */
	fails(OK "\xff\xfe</response>", EX_DATAERR, NULL);
	p = deep + strlen(deep);
	for (int i = 0; i < 200; i++)
		p = stpcpy(p, "<a>");
	fails(deep, EX_DATAERR, "the API's answer is nested too deep");

	big = malloc(ANSWER_MAX + 2);
	memset(big, ' ', ANSWER_MAX + 1);
	big[ANSWER_MAX + 1] = '\0';
	memcpy(big, OK, strlen(OK));
	refused(big, ANSWER_MAX + 1, 1 << 16);
	/* a tag without an end, which would be read again with every piece */
	memset(big + strlen(OK), 'a', ANSWER_MAX - strlen(OK));
	big[strlen(OK)] = '<';
	refused(big, ANSWER_MAX, 4096);
	free(big);
}
END_TEST

START_TEST(a_failed_call_says_why)
{
	fails("<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey>"
	      "<message>You did not pass the checksum security check</message></response>",
		EX_NOPERM, "the API does not accept the checksum");
	fails("<response><returncode>FAILED</returncode><messageKey>x</messageKey></response>",
		EX_UNAVAILABLE, NULL);
}
END_TEST

/* Digests of "getMeetings" and "639259d4-9dd8-4b25-bf01-95f9567eaf4b", by sha1sum(1) and the like. */
START_TEST(checksums_are_those_of_coreutils)
{
	static const char *const wanted[] = {
		[CHECKSUM_SHA1] = "2027baa7771026e9e93392f55031535d1444c41f",
		[CHECKSUM_SHA256] =
			"a5370c5f3d97d56d53b435684cdbc429c2898a3bf9f435518b4279e1e0dbfc8c",
		[CHECKSUM_SHA384] =
			"a2caf6ab7a9296f621a58d55f299b6dbd023afcf7ccf4ddfb4245a04eb87a0bc7797ea193baa41f81346330145bd3199",
		[CHECKSUM_SHA512] =
			"456defa5035a4194b8590216805aa0f3b7a7508c2cb74a28bd750d4d2f43d851467acd9b8961cb7f6ffdab0c27e4e83655be9108d4a20ad8702958d6b01a48f4",
	};
	char text[] = "639259d4-9dd8-4b25-bf01-95f9567eaf4b", got[129];
	const struct api_secret secret = { text, sizeof(text) - 1 };

	for (int i = CHECKSUM_SHA1; i <= CHECKSUM_SHA512; i++) {
		api_checksum((enum conf_checksum)i, "getMeetings", "", &secret, got);
		ck_assert_str_eq(got, wanted[i]);
	}
}
END_TEST

START_TEST(blocks_grow_and_are_copied)
{
	char *p = wipe_strdup("Erika Mustermann");

	p = wipe_realloc(p, 4000);
	ck_assert_str_eq(p, "Erika Mustermann");
	p = wipe_realloc(p, 6);
	ck_assert_int_eq(memcmp(p, "Erika ", 6), 0);
	wipe_free(p);
	wipe_free(NULL);
	ck_assert_ptr_null(wipe_malloc(SIZE_MAX));
	ck_assert_ptr_null(wipe_calloc(SIZE_MAX / 2, 3));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bbb_answer");
	TCase *t = tcase_create("bbb_answer");

	if (sodium_init() < 0)
		return 1;
	tcase_add_test(t, people_and_rooms_are_counted_in_any_order);
	tcase_add_test(t, ids_elsewhere_are_nobody);
	tcase_add_test(t, microphones_and_cameras_add_up);
	tcase_add_test(t, what_xml_forbids_stops_nothing);
	tcase_add_test(t, hostile_answers_are_refused);
	tcase_add_test(t, a_failed_call_says_why);
	tcase_add_test(t, checksums_are_those_of_coreutils);
	tcase_add_test(t, blocks_grow_and_are_copied);
	suite_add_tcase(s, t);
	return suite_run(s);
}
