/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/hold.h"

#include <sysexits.h>

#include <jansson.h>

#include "evidence/duty.h"
#include "evidence/hold_known.h"
#include "evidence/ledger.h"
#include "record/key/digest.h"
#include "record/record.h"
#include "tests/unit/evidence/state.h"
#include "tests/unit/suite.h"

static struct holds *holds;
static const char *web[] = { "web" }, *both[] = { "web", "mail" };

static void
setup(void)
{
	state_make();
	ck_assert_int_eq(holds_open(&conf, true, &holds, &e), 0);
}

static void
teardown(void)
{
	holds = holds_free(holds);
	state_remove();
}

static struct hold
claim(void)
{
	return (struct hold){ .incident = "T-1",
		.reason = "attack",
		.owner = "ops",
		.stores = { web, 1 },
		.from_us = INT64_MIN + 1,
		.to_us = INT64_MAX,
		.expires_us = NOW_US + 10 * DAY_S * 1000000 };
}

static uint64_t
add(const struct hold *d, const char *match)
{
	uint64_t id = 0;

	ck_assert_msg(hold_add(holds, d, span_str(match), NOW_US, &id, &e) == 0, "%s", e.what);
	return id;
}

static bool
is_held(const char *text, int64_t time_us)
{
	const struct record r = { .store = &stores[0], .text = span_str(text), .time_us = time_us };
	const struct select_question *q = holds_ask(holds, NOW_US);

	return q->record(q->ctx, &r);
}

START_TEST(a_hold_covers_its_store_and_times_and_nothing_else)
{
	struct hold d = claim();
	const struct record other = {
		.store = &stores[1], .text = span_str("x"), .time_us = NOW_US
	};
	const struct select_question *q;

	d.from_us = NOW_US - 1000;
	d.to_us = NOW_US;
	(void)add(&d, NULL);
	ck_assert(is_held("x", NOW_US - 1000));
	ck_assert(is_held("x", NOW_US - 1));
	ck_assert(!is_held("x", NOW_US));
	ck_assert(!is_held("x", NOW_US - 1001));
	ck_assert(is_held("x", RECORD_NO_TIME)); /* cannot be decided */
	q = holds_ask(holds, NOW_US);
	ck_assert(!q->record(q->ctx, &other));
}
END_TEST

START_TEST(an_identifier_is_found_as_a_part_and_lies_nowhere_in_clear)
{
	struct hold d = claim();
	char command[160];

	d.match = HOLD_IDENTIFIER;
	(void)add(&d, "Erika");
	ck_assert(is_held("GET /erika/x", NOW_US));
	ck_assert(!is_held("GET /eri/ka", NOW_US));
	ck_assert(is_held(NULL, NOW_US)); /* no text: cannot be decided */
	(void)snprintf(command, sizeof(command), "grep -rqai erika %s", folder);
	ck_assert_int_ne(system(command), 0);
}
END_TEST

static const struct {
	enum hold_match match;
	const char *wanted, *text;
	bool held;
} forms[] = {
	{ HOLD_IDENTIFIER, "m\u00fcller", "user M\u00dcLLER", true },
	{ HOLD_IDENTIFIER, "M\u00dcLLER", "mu\u0308ller", true },
	{ HOLD_IDENTIFIER, "mu\u0308ller", "M\u00fcller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M\xfcller, of a log in Latin-1", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "?q=M%C3%9Cller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "?q=m%25C3%25BCller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "{\"name\":\"M\\u00dcLLER\"}", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "\\xC3\\x9Cm\\xC3\\xBCller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M&#xFC;ller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M&#252;ller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "<b>M&uuml;ller</b>", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M&Uuml;LLER", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M&amp;uuml;ller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M&ucirc;ller, M&uuml", false },
	{ HOLD_IDENTIFIER, "wei\u00df", "Wei&szlig;", true },
	{ HOLD_IDENTIFIER, "\u00ffves", "&yuml;ves", true },
	{ HOLD_IDENTIFIER, "anna@example.org", "anna&commat;example&period;org", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M=C3=BCl=\nler", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "M#303#274ller", true },
	{ HOLD_IDENTIFIER, "m\u00fcller", "muller, M%C3%BBller", false },
	{ HOLD_IDENTIFIER, "Anna M\u00fcller", "name=anna+m%C3%BCller", true },
	{ HOLD_IDENTIFIER, "stra\u00dfe", "STRASSE \u00e9", true },
	{ HOLD_IDENTIFIER, "stra\u00dfe", "user STRASSE", true },
	{ HOLD_IDENTIFIER, "stra\u00dfe", "strasse", true },
	{ HOLD_IDENTIFIER, "strasse", "Stra\u00dfe", true },
	{ HOLD_IDENTIFIER, "stra\u00dfe", "strase", false },
	{ HOLD_IDENTIFIER, "\U0001f600", "\\ud83d\\ude00", true },
	{ HOLD_IDENTIFIER, "anna@example.org", "mail=Anna%40example.org", true },
	{ HOLD_IDENTIFIER, "anna@example.org", "mail=hanna%40example.com", false },
	{ HOLD_IDENTIFIER, "2001:db8::1", "from 2001:0DB8:0:0::0001 port 1", true },
	{ HOLD_IDENTIFIER, "2001:0DB8:0:0:0:0:0:1", "from 2001:db8::1", true },
	{ HOLD_IDENTIFIER, "203.0.113.7", "from ::ffff:cb00:7107", true },
	{ HOLD_IDENTIFIER, "::ffff:203.0.113.7", "from 203.0.113.7", true },
	{ HOLD_IDENTIFIER, "2001:db8::1",
		"from 2001:db8::10, 2001:db8:1::", true /* a part is enough */ },
	{ HOLD_IDENTIFIER, "2001:db8::1", "from 2001:db8:1::", false },
	{ HOLD_PATTERN, "m\u00fcller", "user M\u00dcLLER", true },
	{ HOLD_PATTERN, "name=\\w+$", "name=m\u00fcller", true },
	{ HOLD_PATTERN, "m.ller", "\xff m%C3%BCller", true },
	{ HOLD_PATTERN, "m\u00fcller", "M\xfcller", true },
	{ HOLD_PATTERN, "m\\xfcller", "M\xfcller", true },
	{ HOLD_PATTERN, "m\u00fcller", "muller %41", false },
};

START_TEST(case_and_encoding_hide_nothing_from_a_hold)
{
	struct hold d = claim();

	d.match = forms[_i].match;
	(void)add(&d, forms[_i].wanted);
	ck_assert_msg(is_held(forms[_i].text, NOW_US) == forms[_i].held, "%s: %s", forms[_i].wanted,
		forms[_i].text);
}
END_TEST

START_TEST(an_identifier_that_cannot_be_unsealed_holds_all)
{
	struct hold d = claim();
	char path[128];

	d.match = HOLD_IDENTIFIER;
	(void)add(&d, "Erika");
	holds = holds_free(holds);
	(void)snprintf(path, sizeof(path), "%s/sparsam-keys", creds);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(holds_open(&conf, true, &holds, &e), 0);
	ck_assert(is_held("somebody else", NOW_US));
}
END_TEST

static size_t n_texts;

static struct span
text_of(const struct record *r)
{
	(void)r;
	n_texts++;
	return SPAN("MESSAGE=from ERIKA's desk\n");
}

/* A journal says of each value, once, whether it may matter; a text is put together only where one does. */
START_TEST(a_text_is_asked_for_only_where_a_field_of_it_may_matter)
{
	struct hold d = claim();
	struct record r = { .store = &stores[0], .time_us = NOW_US, .read = text_of };
	const struct select_question *q;

	d.match = HOLD_IDENTIFIER;
	(void)add(&d, "Erika");
	q = holds_ask(holds, NOW_US);
	ck_assert(q->late);
	ck_assert(q->matters(q->ctx, SPAN("MESSAGE=from ERIKA's desk")));
	ck_assert(!q->matters(q->ctx, SPAN("_SYSTEMD_UNIT=a.service")));
	ck_assert(!q->matters(q->ctx, SPAN("MESSAGE=ip4:mzxw6ytboi4dgnbv")));
	ck_assert(q->record(q->ctx, &r));
	r.silent = true;
	ck_assert(!q->record(q->ctx, &r));
	r.silent = false;
	r.store = &stores[1];
	ck_assert(!q->record(q->ctx, &r));
	ck_assert_uint_eq(n_texts, 1);
	r.store = &stores[0];

	/* an address's token is another one each day */
	(void)add(&d, "203.0.113.7");
	ck_assert(q->matters(q->ctx, SPAN("MESSAGE=ip4:mzxw6ytboi4dgnbv")));
	ck_assert(!q->matters(q->ctx, SPAN("_SYSTEMD_UNIT=a.service")));

	/* a pattern may go over several fields */
	d.match = HOLD_PATTERN;
	(void)add(&d, "desk\\s");
	r.silent = true;
	ck_assert(q->record(q->ctx, &r));
	ck_assert_uint_eq(n_texts, 2);
}
END_TEST

START_TEST(single_records_are_held_past_any_ceiling_and_no_others)
{
	struct hold d = claim();
	uint8_t digest[3][RECORD_DIGEST_LEN];
	const char *texts[] = { "one", "two", "three" };
	uint64_t id;

	for (size_t i = 0; i < 3; i++) {
		const struct record r = { .store = &stores[0],
			.text = span_str(texts[i]),
			.time_us = NOW_US,
			.place = "a place that may change" };

		record_digest(&r, digest[i]);
	}
	d.match = HOLD_RECORDS;
	d.expires_us = HOLD_FOR_EVER;
	ck_assert_int_eq(
		hold_add(holds, &d, span_of(digest, sizeof(digest) - 1), NOW_US, &id, &e), -1);
	ck_assert_int_eq(hold_add(holds, &d, span_of(digest, sizeof(digest)), NOW_US, &id, &e), 0);
	holds = holds_free(holds);
	ck_assert_int_eq(holds_open(&conf, true, &holds, &e), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert(is_held(texts[i], NOW_US));
	ck_assert(!is_held("four", NOW_US));
	ck_assert(!is_held("one", NOW_US + 1)); /* another record of that text */
	ck_assert(!is_held(NULL, NOW_US));
}
END_TEST

START_TEST(overlapping_holds_free_a_record_when_all_are_gone)
{
	struct hold d = claim();
	const uint64_t one = add(&d, NULL), two = add(&d, NULL);

	ck_assert_uint_eq(two, one + 1);
	ck_assert_int_eq(hold_release(holds, one, NOW_US, &e), 0);
	ck_assert(is_held("x", NOW_US));
	ck_assert_int_eq(hold_release(holds, two, NOW_US, &e), 0);
	ck_assert(!is_held("x", NOW_US));
	ck_assert_int_eq(hold_release(holds, two, NOW_US, &e), 1);
}
END_TEST

START_TEST(a_hold_ends_by_itself_and_stays_on_record)
{
	struct hold d = claim();
	const int64_t later = d.expires_us;
	const struct select_question *q;
	const struct record r = { .store = &stores[0], .text = span_str("x"), .time_us = NOW_US };
	const struct hold *list;
	size_t n;

	(void)add(&d, NULL);
	q = holds_ask(holds, later);
	ck_assert(!q->record(q->ctx, &r)); /* also before anybody has ended it */
	ck_assert_int_eq(holds_expire(holds, later, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(holds_list(holds, &list), 1);
	ck_assert_int_eq(list[0].end, HOLD_EXPIRED);
}
END_TEST

START_TEST(no_hold_outlasts_the_least_ceiling_of_its_stores)
{
	struct hold d = claim();
	uint64_t id;

	d.stores = (struct conf_list){ both, 2 };
	d.expires_us = NOW_US + 31 * DAY_S * 1000000; /* mail: 30 days */
	ck_assert_int_eq(hold_add(holds, &d, SPAN_NONE, NOW_US, &id, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
	d.expires_us = NOW_US + 30 * DAY_S * 1000000;
	id = add(&d, NULL);
	/* the ceiling counts from when it began, not from when it is extended */
	ck_assert_int_eq(
		hold_extend(holds, id, d.expires_us + 1, NOW_US + DAY_S * 1000000, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
}
END_TEST

START_TEST(who_erases_sees_what_another_process_has_added)
{
	struct holds *other = NULL;
	struct hold d = claim();
	uint64_t id;

	ck_assert_int_eq(holds_open(&conf, true, &other, &e), 0);
	ck_assert(!is_held("x", NOW_US));
	ck_assert_int_eq(hold_add(other, &d, SPAN_NONE, NOW_US, &id, &e), 0);
	ck_assert_int_eq(holds_lock(holds, &e), 0);
	ck_assert(is_held("x", NOW_US));
	holds_unlock(holds);
	holds_free(other);
}
END_TEST

START_TEST(a_damaged_file_is_no_file_without_holds)
{
	char path[128];
	FILE *f;

	holds = holds_free(holds);
	(void)snprintf(path, sizeof(path), "%s/hold/holds.db", folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 8192; i++)
		putc(i, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(holds_open(&conf, false, &holds, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
}
END_TEST

START_TEST(a_reserved_number_is_never_given)
{
	struct hold d = claim();

	ck_assert_int_eq(holds_reserve(holds, 7, &e), 0);
	ck_assert_uint_eq(add(&d, NULL), 8);
	ck_assert_int_eq(holds_reserve(holds, 3, &e), 0);
	ck_assert_uint_eq(add(&d, NULL), 9);
}
END_TEST

static void
see_id(void *ctx, uint64_t id)
{
	*(uint64_t *)ctx = *(uint64_t *)ctx * 10 + id;
}

START_TEST(each_hold_that_covers_a_record_is_named)
{
	struct hold d = claim();
	const struct record r = { .store = &stores[0], .text = span_str("x"), .time_us = NOW_US };
	uint64_t ids = 0;

	(void)add(&d, NULL);
	d.to_us = NOW_US;
	(void)add(&d, NULL);
	d.to_us = INT64_MAX;
	(void)add(&d, NULL);
	holds_each(holds, &r, NOW_US, see_id, &ids);
	ck_assert_uint_eq(ids, 13);
}
END_TEST

/* --- duties ----------------------------------------------------------------------------------- */

static const char *account[] = { "account" };

#define S(us) ((us) / 1000000)
#define Y2018 INT64_C(1530000000) /* June 2018 */

static const struct {
	struct conf_duty duty;
	int64_t time_us, now_us;
	bool covers;
} duty_cases[] = {
	{ { .years = 8, .ends_s = INT64_MAX }, Y2018 * 1000000, NOW_US, true },
	{ { .years = 7, .ends_s = INT64_MAX }, Y2018 * 1000000, NOW_US, false },
	/* years count from the year's end: 2018 + 8 is to the last second of 2026 */
	{ { .years = 8, .ends_s = INT64_MAX }, Y2018 * 1000000, INT64_C(1798761599) * 1000000,
		true },
	{ { .years = 8, .ends_s = INT64_MAX }, Y2018 * 1000000, INT64_C(1798761600) * 1000000,
		false },
	{ { .years = -1, .ends_s = S(NOW_US) + 1 }, NOW_US, NOW_US, true },
	{ { .years = -1, .ends_s = S(NOW_US) }, NOW_US, NOW_US, false },
	{ { .years = 8, .ends_s = S(NOW_US) }, Y2018 * 1000000, NOW_US, false },
	{ { .years = 8, .ends_s = INT64_MAX, .until_s = Y2018 }, Y2018 * 1000000, NOW_US, false },
	{ { .years = 8, .ends_s = INT64_MAX, .since_s = Y2018 + 1 }, Y2018 * 1000000, NOW_US,
		false },
	{ { .years = 1, .ends_s = INT64_MAX }, RECORD_NO_TIME, NOW_US, true },
};

START_TEST(a_duty_covers_until_its_end)
{
	struct conf_duty d = duty_cases[_i].duty;
	const struct record r = { .store = &stores[0], .time_us = duty_cases[_i].time_us };
	const struct record other = { .store = &stores[1], .time_us = duty_cases[_i].time_us };
	const struct conf c = { .duty = &d, .n_duties = 1 };
	const struct select_question *q;
	struct duties duties;
	const struct select_block b = {
		.store = &stores[0], .from_us = r.time_us, .to_us = r.time_us
	};

	d.categories = (struct conf_list){ account, 1 };
	d.since_s = d.since_s ? d.since_s : INT64_MIN;
	d.until_s = d.until_s ? d.until_s : INT64_MAX;
	duties_init(&duties, &c);
	q = duties_ask(&duties, duty_cases[_i].now_us);
	ck_assert_int_eq(q->record(q->ctx, &r), duty_cases[_i].covers);
	ck_assert(!q->record(q->ctx, &other));
	/* a block is never told to be what its records are not */
	ck_assert_int_ne(q->block(q->ctx, &b), duty_cases[_i].covers ? SELECT_NO : SELECT_YES);
}
END_TEST

START_TEST(a_hold_that_the_ledger_has_a_number_of_is_missed)
{
	CLEANUP(ledger_freep) struct ledger *ledger = NULL;
	const struct hold d = claim();

	ck_assert_int_eq(ledger_init(&conf, &ledger, &e), 0);
	/* as a case's own were written down once: without a number, and their ends under a name of their own */
	ck_assert_int_eq(ledger_append(ledger, NOW_US, "hold",
				 json_pack("{s:s, s:s, s:i}", "incident", "2026-0001", "reason",
					 "answer to a request", "records", 3),
				 NULL, &e),
		0);
	ck_assert_int_eq(
		ledger_append(ledger, NOW_US, "release",
			json_pack("{s:i, s:s}", "hold", 7, "incident", "2026-0001"), NULL, &e),
		0);
	ck_assert_int_eq(hold_known_file(holds, ledger, &e), 0);
	ck_assert_int_eq(ledger_append(ledger, NOW_US, "hold",
				 json_pack("{s:s, s:i}", "what", "added", "hold", 1), NULL, &e),
		0);
	ck_assert_int_eq(hold_known_file(holds, ledger, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	(void)add(&d, NULL);
	ck_assert_int_eq(hold_known_file(holds, ledger, &e), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hold");
	TCase *t = tcase_create("hold");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_hold_covers_its_store_and_times_and_nothing_else);
	tcase_add_test(t, an_identifier_is_found_as_a_part_and_lies_nowhere_in_clear);
	tcase_add_loop_test(
		t, case_and_encoding_hide_nothing_from_a_hold, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(t, an_identifier_that_cannot_be_unsealed_holds_all);
	tcase_add_test(t, a_text_is_asked_for_only_where_a_field_of_it_may_matter);
	tcase_add_test(t, single_records_are_held_past_any_ceiling_and_no_others);
	tcase_add_test(t, overlapping_holds_free_a_record_when_all_are_gone);
	tcase_add_test(t, a_hold_ends_by_itself_and_stays_on_record);
	tcase_add_test(t, no_hold_outlasts_the_least_ceiling_of_its_stores);
	tcase_add_test(t, who_erases_sees_what_another_process_has_added);
	tcase_add_test(t, a_damaged_file_is_no_file_without_holds);
	tcase_add_test(t, a_reserved_number_is_never_given);
	tcase_add_test(t, each_hold_that_covers_a_record_is_named);
	tcase_add_test(t, a_hold_that_the_ledger_has_a_number_of_is_missed);
	suite_add_tcase(s, t);
	t = tcase_create("duty");
	tcase_add_loop_test(t, a_duty_covers_until_its_end, 0,
		(int)(sizeof(duty_cases) / sizeof(duty_cases[0])));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
