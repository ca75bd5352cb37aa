/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random days, counted three ways: from events, from samples at each mark, and by going through all
 * sessions at all marks with nothing hashed.
 */
#include <check.h>
#include <stdlib.h>

#include "logscrub/stats/census.h"

#include "tests/unit/suite.h"

#define MEETINGS 12
#define SESSIONS 160
#define MINUTES  (26 * 60)
#define BEGIN    (INT64_C(1795471200) * 1000000)
#define HOURS    (MINUTES / 60)
#define HOUR(m)  (BEGIN / MINUTE_US / 60 + (m) / 60)

static const uint8_t key[CENSUS_KEY_LEN] = { 1, 2, 3 };

struct session {
	unsigned meeting, person;
	int64_t join, leave;
};

struct event {
	int64_t t_us;
	enum { ROOM, LEAVE, JOIN, END } what;
	unsigned which;
};

static int64_t begins[MEETINGS], ends[MEETINGS];
static bool breakout[MEETINGS];
static struct session session[SESSIONS];
static struct event event[2 * MEETINGS + 2 * SESSIONS];
static unsigned n_events;

static int64_t
below(int64_t n)
{
	return n > 0 ? random() % n : 0;
}

static int
compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->t_us != y->t_us)
		return x->t_us < y->t_us ? -1 : 1;
	return (int)x->what - (int)y->what;
}

static void
add_event(int64_t t_us, int what, unsigned which)
{
	event[n_events++] = (struct event){ t_us, what, which };
}

/* Some things happen at marks to the microsecond. */
static int64_t
moment(int64_t from, int64_t until)
{
	int64_t t = from + below(until - from);

	return below(5) == 0 && t - t % MINUTE_US > from ? t - t % MINUTE_US : t;
}

static void
make_day(unsigned seed)
{
	srandom(seed);
	n_events = 0;
	for (unsigned i = 0; i < MEETINGS; i++) {
		begins[i] = BEGIN + below((MINUTES - 200) * MINUTE_US);
		ends[i] = moment(begins[i] + MINUTE_US, begins[i] + 180 * MINUTE_US);
		breakout[i] = below(4) == 0;
		add_event(begins[i], ROOM, i);
		add_event(ends[i], END, i);
	}
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct session *s = &session[i];

		s->meeting = (unsigned)below(MEETINGS);
		s->person = (unsigned)below(9); /* comes again, and twice at once */
		s->join = moment(begins[s->meeting], ends[s->meeting]);
		s->leave = moment(s->join + 1, ends[s->meeting] + 1);
		add_event(s->join, JOIN, i);
		add_event(s->leave, LEAVE, i);
	}
	qsort(event, n_events, sizeof(event[0]), compare);
}

/* --- the three ways --------------------------------------------------------------------------- */

static uint64_t
id(const struct census *c, const char *kind, unsigned n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%s-%u", kind, n);
	return census_hash(c, span_str(text));
}

static bool
is_there(const struct session *s, int64_t t_us)
{
	return s->join <= t_us && t_us < s->leave;
}

static void
count_plainly(struct tally *t)
{
	bool met[MEETINGS] = { 0 }, known[MEETINGS][9] = { 0 };

	for (int64_t m = 0; m < MINUTES; m++) {
		bool busy[MEETINGS] = { 0 };
		int64_t people = 0, rooms = 0;

		for (unsigned i = 0; i < SESSIONS; i++) {
			const struct session *s = &session[i];

			if (!is_there(s, BEGIN + m * MINUTE_US))
				continue;
			busy[s->meeting] = true;
			if (breakout[s->meeting])
				continue;
			people++;
			tally_add(t, HOUR(m), TALLY_PARTICIPANT_MINUTES, 1);
			tally_add(t, HOUR(m), TALLY_PARTICIPANTS, !known[s->meeting][s->person]);
			known[s->meeting][s->person] = true;
		}
		for (unsigned i = 0; i < MEETINGS; i++) {
			if (!busy[i])
				continue;
			tally_add(t, HOUR(m), breakout[i] ? TALLY_BREAKOUTS : TALLY_MEETINGS,
				!met[i]);
			tally_add(t, HOUR(m), TALLY_MEETING_MINUTES, !breakout[i]);
			rooms += !breakout[i];
			met[i] = true;
		}
		tally_add(t, HOUR(m), TALLY_PEAK_PARTICIPANTS, people);
		tally_add(t, HOUR(m), TALLY_PEAK_MEETINGS, rooms);
	}
}

static void
tell(struct census *c, const struct event *ev)
{
	const struct session *s = &session[ev->which];

	switch (ev->what) {
	case ROOM:
		census_room(c, id(c, "m", ev->which), breakout[ev->which]);
		break;
	case JOIN:
		census_join(
			c, id(c, "m", s->meeting), id(c, "p", s->person), id(c, "s", ev->which));
		break;
	case LEAVE:
		census_leave(c, id(c, "m", s->meeting), id(c, "s", ev->which));
		break;
	case END:
		census_end(c, id(c, "m", ev->which));
		break;
	}
}

static struct census *
start(void)
{
	struct census *c = NULL;

	ck_assert_int_eq(census_new(key, &c, NULL), 0);
	return c;
}

/* What is in the file is what goes on. */
static struct census *
through_a_file(struct census *c)
{
	CLEANUP(buf_release) struct buf b = { .max = 1 << 24 };
	struct census *again = start();

	census_save(c, &b);
	ck_assert(census_load(again, span_of(b.p, b.len)));
	ck_assert_int_eq(census_people(again), census_people(c));
	ck_assert_int_eq(census_rooms(again), census_rooms(c));
	census_free(c);
	return again;
}

static void
count_events(struct tally *t, bool disturbed)
{
	struct census *c = start();

	for (unsigned i = 0; i < n_events; i++) {
		census_advance(c, event[i].t_us, t);
		tell(c, &event[i]);
		census_peak(c, event[i].t_us, t);
		if (disturbed && i % 7 == 0)
			c = through_a_file(c);
		/* after a crash, the last lines come again */
		for (unsigned k = i > 9 ? i - 9 : 0; disturbed && i % 11 == 0 && k <= i; k++) {
			census_advance(c, event[k].t_us, t);
			tell(c, &event[k]);
		}
	}
	census_idle(c, BEGIN + MINUTES * MINUTE_US, t);
	ck_assert_int_eq(census_people(c), 0);
	census_free(c);
}

static void
count_samples(struct tally *t, bool disturbed)
{
	const struct census_media none = { 0 };
	struct census *old = NULL;

	for (int64_t m = 0; m < MINUTES; m++) {
		for (int again = 0; again <= (disturbed && m % 13 == 0); again++) {
			int64_t now = BEGIN + m * MINUTE_US;
			struct census *c = start();

			for (unsigned i = 0; i < SESSIONS; i++)
				if (is_there(&session[i], now))
					census_present(c, id(c, "m", session[i].meeting),
						id(c, "p", session[i].person));
			for (unsigned i = 0; i < MEETINGS; i++)
				if (begins[i] <= now && now < ends[i])
					census_sampled(c, id(c, "m", i), breakout[i]);
			census_follow(c, old, now + again * 1000000, &none, t);
			census_free(old);
			old = disturbed ? through_a_file(c) : c;
		}
	}
	census_free(old);
}

/* --- and what they come to -------------------------------------------------------------------- */

static struct tally_hour
hour(const struct tally *t, int64_t h)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].hour == h)
			return t->v[i];
	return (struct tally_hour){ .hour = h };
}

static void
same(const struct tally *wanted, const struct tally *got, bool peaks_may_be_higher)
{
	for (int64_t h = HOUR(0); h <= HOUR(MINUTES - 1); h++) {
		struct tally_hour a = hour(wanted, h), b = hour(got, h);

		for (unsigned f = TALLY_MEETINGS; f < TALLY_FIELDS; f++) {
			if (peaks_may_be_higher && tally_is_peak((enum tally_field)f))
				ck_assert_int_le(a.n[f], b.n[f]);
			else
				ck_assert_msg(a.n[f] == b.n[f], "hour %d: %s: %d and %d",
					(int)(h - HOUR(0)), tally_name((enum tally_field)f),
					(int)a.n[f], (int)b.n[f]);
		}
	}
}

START_TEST(events_and_samples_come_to_the_same_numbers)
{
	struct tally plain = { 0 }, events = { 0 }, samples = { 0 };

	make_day((unsigned)_i);
	count_plainly(&plain);
	count_events(&events, false);
	count_samples(&samples, false);
	ck_assert_int_gt(hour(&plain, plain.v[0].hour).n[TALLY_MEETING_MINUTES], 0);
	same(&plain, &samples, false);
	same(&plain, &events, true);
	tally_release(&plain);
	tally_release(&events);
	tally_release(&samples);
}
END_TEST

START_TEST(what_is_told_again_after_a_crash_counts_once)
{
	struct tally plain = { 0 }, events = { 0 }, samples = { 0 };

	make_day((unsigned)_i);
	count_plainly(&plain);
	count_events(&events, true);
	count_samples(&samples, true);
	same(&plain, &samples, false);
	same(&plain, &events, true);
	tally_release(&plain);
	tally_release(&events);
	tally_release(&samples);
}
END_TEST

/* One person in one meeting at each of the minutes that MINUTES names; what was counted in all. */
static struct tally_hour
sampled(const int *minutes, size_t n)
{
	const struct census_media none = { 0 };
	struct tally t = { 0 };
	struct tally_hour sum = { 0 };
	struct census *old = NULL;

	for (size_t i = 0; i < n; i++) {
		struct census *c = start();

		census_present(c, 1, 2);
		census_sampled(c, 1, false);
		census_follow(c, old, BEGIN + minutes[i] * MINUTE_US, &none, &t);
		census_free(old);
		old = c;
	}
	census_free(old);
	for (size_t i = 0; i < t.n; i++)
		tally_merge(&sum, &t.v[i]);
	tally_release(&t);
	return sum;
}

START_TEST(missing_polls_are_filled_in_for_ten_minutes)
{
	const struct {
		int minutes[4], wanted;
	} cases[] = {
		{ { 0, 1, 2, 3 }, 4 },     /* none is missing */
		{ { 0, 4, 5, 9 }, 10 },    /* some are */
		{ { 58, 61, 62, 63 }, 6 }, /* over the hour */
		{ { 0, 11, 12, 13 }, 4 },  /* too many */
		{ { 5, 5, 4, 6 }, 2 },     /* twice, and a clock that was set back a little */
		{ { 500, 5, 6, 7 }, 4 },   /* … or far */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tally_hour sum = sampled(cases[i].minutes, 4);

		ck_assert_int_eq(sum.n[TALLY_PARTICIPANT_MINUTES], cases[i].wanted);
		ck_assert_int_eq(sum.n[TALLY_MEETING_MINUTES], cases[i].wanted);
		ck_assert_int_eq(sum.n[TALLY_PARTICIPANTS], 1);
		ck_assert_int_eq(sum.n[TALLY_POLLS], 4);
	}
}
END_TEST

START_TEST(quiet_has_an_end)
{
	CLEANUP(census_freep) struct census *c = start();
	struct tally t = { 0 };

	census_advance(c, BEGIN + 1, &t);
	census_join(c, 1, 2, 3);
	census_idle(c, BEGIN + 30 * MINUTE_US + 1, &t);
	ck_assert_int_eq(census_people(c), 1);
	census_idle(c, BEGIN + 30 * MINUTE_US + 62 * MINUTE_US, &t); /* the machine slept */
	ck_assert_int_eq(census_people(c), 0);
	census_join(c, 1, 2, 3);
	census_advance(c, BEGIN + 23 * 60 * MINUTE_US, &t); /* a long talk */
	ck_assert_int_eq(census_people(c), 1);
	census_advance(c, BEGIN + 49 * 60 * MINUTE_US, &t);
	ck_assert_int_eq(census_people(c), 0);
	tally_release(&t);
}
END_TEST

START_TEST(memory_has_an_end)
{
	CLEANUP(census_freep) struct census *c = start();

	for (uint64_t i = 0; i < CENSUS_SLOTS_MAX; i++)
		census_join(c, 1 + i % 10, i, i);
	ck_assert_uint_gt(census_n_lost(c), 0);
	ck_assert_int_gt(census_people(c), CENSUS_SLOTS_MAX / 4);
	for (uint64_t m = 1; m <= 10; m++)
		census_end(c, m);
	ck_assert_int_eq(census_people(c), 0);
	census_join(c, 1, 1, 1);
	ck_assert_int_eq(census_people(c), 1);
}
END_TEST

START_TEST(a_damaged_file_is_none)
{
	CLEANUP(census_freep) struct census *c = start();
	CLEANUP(buf_release) struct buf b = { .max = 1 << 20 };

	census_join(c, 1, 2, 3);
	census_save(c, &b);
	for (size_t n = 0; n < b.len; n++)
		ck_assert(!census_load(c, span_of(b.p, n)));
	ck_assert_int_eq(census_people(c), 1);
	memset(b.p + 8, 0xff, 8); /* how many there are */
	ck_assert(!census_load(c, span_of(b.p, b.len)));
}
END_TEST

START_TEST(numbers_are_rounded_to_multiples_but_not_to_nothing)
{
	const struct {
		int n, to, wanted;
	} cases[] = { { 0, 5, 0 }, { 1, 5, 5 }, { 2, 5, 5 }, { 7, 5, 5 }, { 8, 5, 10 },
		{ 1234, 5, 1235 }, { 5, 10, 10 }, { 14, 10, 10 }, { 15, 10, 20 }, { 1, 1, 1 },
		{ 3, 0, 3 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(tally_round(cases[i].n, cases[i].to), cases[i].wanted);
	for (int n = 1; n < 1000; n++)
		ck_assert_int_ge(tally_round(n, 5), tally_round(n - 1, 5));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("census");
	TCase *t = tcase_create("census");

	if (sodium_init() < 0)
		return 1;
	tcase_add_loop_test(t, events_and_samples_come_to_the_same_numbers, 0, 20);
	tcase_add_loop_test(t, what_is_told_again_after_a_crash_counts_once, 100, 110);
	tcase_add_test(t, missing_polls_are_filled_in_for_ten_minutes);
	tcase_add_test(t, quiet_has_an_end);
	tcase_add_test(t, memory_has_an_end);
	tcase_add_test(t, a_damaged_file_is_none);
	tcase_add_test(t, numbers_are_rounded_to_multiples_but_not_to_nothing);
	suite_add_tcase(s, t);
	return suite_run(s);
}
