/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One table with open addressing for meetings, people and sessions: their hashes are made from
 * different words, so that they do not meet. Single slots are never taken out; when a meeting ends
 * the table is made anew without it, which happens far less often than anything else.
 */
#include "logscrub/stats/census.h"

#include <stdlib.h>
#include <string.h>

enum kind { FREE, MEETING, PERSON, SESSION };

struct slot {
	uint64_t key;
	uint64_t meeting; /* the slot's own, or that of the meeting it belongs to */
	uint64_t person;  /* SESSION: whose */
	uint32_t n;       /* sessions that are there */
	uint8_t kind;
	bool counted, breakout;
	uint8_t unused; /* so that it is written to a file as it stands */
};
_Static_assert(sizeof(struct slot) == 32, "no holes");

struct census {
	uint8_t key[CENSUS_KEY_LEN];
	struct slot *slot;
	size_t n, cap; /* in use; a power of two */
	int64_t minute;
	int64_t rooms, people;
	uint64_t n_lost;
};

#define CAP_FIRST 64

/* --- hashes ----------------------------------------------------------------------------------- */

static uint64_t
hash_end(crypto_generichash_state *s)
{
	uint8_t out[crypto_generichash_BYTES];
	uint64_t h;

	(void)crypto_generichash_final(s, out, sizeof(out));
	memcpy(&h, out, sizeof(h));
	sodium_memzero(out, sizeof(out));
	sodium_memzero(s, sizeof(*s));
	return h ? h : 1;
}

void
census_hash_begin(const struct census *c, struct census_hash *h)
{
	(void)crypto_generichash_init(&h->state, c->key, sizeof(c->key), crypto_generichash_BYTES);
}

void
census_hash_add(struct census_hash *h, const void *p, size_t n)
{
	(void)crypto_generichash_update(&h->state, p, n);
}

uint64_t
census_hash_end(struct census_hash *h)
{
	return hash_end(&h->state);
}

uint64_t
census_hash(const struct census *c, struct span id)
{
	struct census_hash h;

	census_hash_begin(c, &h);
	census_hash_add(&h, id.p, id.len);
	return census_hash_end(&h);
}

/* The same person in another meeting is somebody else. */
static uint64_t
key_of(const struct census *c, enum kind kind, uint64_t meeting, uint64_t id)
{
	const uint64_t words[] = { kind, meeting, id };
	crypto_generichash_state s;

	(void)crypto_generichash_init(&s, c->key, sizeof(c->key), crypto_generichash_BYTES);
	(void)crypto_generichash_update(&s, (const uint8_t *)words, sizeof(words));
	return hash_end(&s);
}

/* --- the table -------------------------------------------------------------------------------- */

static struct slot *
place(struct slot *v, size_t cap, uint64_t key)
{
	size_t i = key & (cap - 1);

	while (v[i].kind != FREE && v[i].key != key)
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static struct slot *
find(const struct census *c, uint64_t key)
{
	struct slot *s = place(c->slot, c->cap, key);

	return s->kind == FREE ? NULL : s;
}

static void
slots_free(struct slot *v, size_t cap)
{
	sodium_memzero(v, cap * sizeof(*v));
	free(v);
}

/* Makes the table anew, with room for CAP, without what belongs to GONE (0: with all). */
static bool
rebuild(struct census *c, size_t cap, uint64_t gone)
{
	struct slot *v = calloc(cap, sizeof(*v));

	if (!v)
		return false;
	c->n = 0;
	for (size_t i = 0; i < c->cap; i++) {
		const struct slot *s = &c->slot[i];

		if (s->kind == FREE || s->meeting == gone)
			continue;
		*place(v, cap, s->key) = *s;
		c->n++;
	}
	slots_free(c->slot, c->cap);
	c->slot = v;
	c->cap = cap;
	return true;
}

/* Pointers to other slots are void afterwards. NULL: there is no room. */
static struct slot *
get(struct census *c, uint64_t key, enum kind kind, uint64_t meeting)
{
	struct slot *s = find(c, key);

	if (s)
		return s->kind == kind ? s : NULL;
	if (4 * (c->n + 1) > 3 * c->cap &&
		(2 * c->cap > CENSUS_SLOTS_MAX || !rebuild(c, 2 * c->cap, 0))) {
		c->n_lost++;
		return NULL;
	}
	s = place(c->slot, c->cap, key);
	*s = (struct slot){ .key = key, .meeting = meeting, .kind = (uint8_t)kind };
	c->n++;
	return s;
}

static bool
is_in_breakout(const struct census *c, const struct slot *s)
{
	const struct slot *m = find(c, s->meeting);

	return m && m->breakout;
}

static void
count_all(struct census *c)
{
	c->rooms = c->people = 0;
	for (size_t i = 0; i < c->cap; i++) {
		const struct slot *s = &c->slot[i];

		if (s->kind != MEETING || s->breakout || s->n == 0)
			continue;
		c->rooms++;
		c->people += s->n;
	}
}

int
census_new(const uint8_t key[CENSUS_KEY_LEN], struct census **ret, struct err *e)
{
	struct census *c = calloc(1, sizeof(*c));

	if (c)
		c->slot = calloc(CAP_FIRST, sizeof(*c->slot));
	if (!c || !c->slot) {
		free(c);
		return err_memory(e);
	}
	memcpy(c->key, key, sizeof(c->key));
	c->cap = CAP_FIRST;
	c->minute = NO_MINUTE;
	*ret = c;
	return 0;
}

struct census *
census_free(struct census *c)
{
	if (!c)
		return NULL;
	slots_free(c->slot, c->cap);
	sodium_memzero(c, sizeof(*c));
	free(c);
	return NULL;
}

int64_t
census_minute(const struct census *c)
{
	return c->minute;
}

int64_t
census_rooms(const struct census *c)
{
	return c->rooms;
}

int64_t
census_people(const struct census *c)
{
	return c->people;
}

uint64_t
census_n_lost(const struct census *c)
{
	return c->n_lost;
}

/* --- marks ------------------------------------------------------------------------------------ */

static int64_t
hour_of_minute(int64_t minute)
{
	return (minute - (minute % 60 + 60) % 60) / 60;
}

static int64_t
minute_of(int64_t t_us)
{
	return (t_us - (t_us % MINUTE_US + MINUTE_US) % MINUTE_US) / MINUTE_US;
}

static void
mark_slot(const struct census *c, struct slot *s, int64_t hour, struct tally *t)
{
	const bool first = !s->counted;

	s->counted = true;
	if (s->kind == MEETING && s->breakout) {
		tally_add(t, hour, TALLY_BREAKOUTS, first);
	} else if (s->kind == MEETING) {
		tally_add(t, hour, TALLY_MEETINGS, first);
		tally_add(t, hour, TALLY_MEETING_MINUTES, 1);
	} else if (!is_in_breakout(c, s)) {
		tally_add(t, hour, TALLY_PARTICIPANTS, first);
		tally_add(t, hour, TALLY_PARTICIPANT_MINUTES, s->n);
	}
}

static void
mark(struct census *c, int64_t minute, struct tally *t)
{
	int64_t hour = hour_of_minute(minute);

	for (size_t i = 0; i < c->cap; i++) {
		struct slot *s = &c->slot[i];

		if (s->n > 0 && (s->kind == MEETING || s->kind == PERSON))
			mark_slot(c, s, hour, t);
	}
	tally_add(t, hour, TALLY_PEAK_MEETINGS, c->rooms);
	tally_add(t, hour, TALLY_PEAK_PARTICIPANTS, c->people);
}

static bool
is_anybody_there(const struct census *c)
{
	for (size_t i = 0; i < c->cap; i++)
		if (c->slot[i].kind == MEETING && c->slot[i].n > 0)
			return true;
	return false;
}

/* Counts the marks up to and with LAST. */
static void
advance_to(struct census *c, int64_t last, int64_t max, struct tally *t)
{
	if (c->minute == NO_MINUTE || last <= c->minute) {
		c->minute = last > c->minute ? last : c->minute;
		return;
	}
	if (last - c->minute > max)
		census_empty(c);
	if (is_anybody_there(c))
		for (int64_t m = c->minute + 1; m <= last; m++)
			mark(c, m, t);
	c->minute = last;
}

void
census_advance(struct census *c, int64_t t_us, struct tally *t)
{
	advance_to(c, minute_of(t_us - 1), CENSUS_QUIET_MAX, t);
}

void
census_idle(struct census *c, int64_t t_us, struct tally *t)
{
	if (c->minute != NO_MINUTE)
		advance_to(c, minute_of(t_us - 1), CENSUS_IDLE_MAX, t);
}

void
census_peak(const struct census *c, int64_t t_us, struct tally *t)
{
	int64_t hour = hour_of_minute(minute_of(t_us));

	tally_add(t, hour, TALLY_PEAK_MEETINGS, c->rooms);
	tally_add(t, hour, TALLY_PEAK_PARTICIPANTS, c->people);
}

/* --- log lines -------------------------------------------------------------------------------- */

void
census_room(struct census *c, uint64_t meeting, bool breakout)
{
	uint64_t key = key_of(c, MEETING, meeting, 0);
	struct slot *m = get(c, key, MEETING, key);

	if (!m || m->breakout == breakout)
		return;
	m->breakout = breakout;
	if (m->n > 0)
		count_all(c);
}

/* One session more or less in meeting MEETING (its slot's key). */
static void
change(struct census *c, uint64_t meeting, uint64_t person, int by)
{
	struct slot *m = find(c, meeting), *p = find(c, person);

	if (!m || !p || (by < 0 && (m->n == 0 || p->n == 0)))
		return;
	p->n += (uint32_t)by;
	m->n += (uint32_t)by;
	if (m->breakout)
		return;
	c->people += by;
	if (by > 0 ? m->n == 1 : m->n == 0)
		c->rooms += by;
}

void
census_join(struct census *c, uint64_t meeting, uint64_t person, uint64_t session)
{
	uint64_t mkey = key_of(c, MEETING, meeting, 0);
	uint64_t pkey = key_of(c, PERSON, meeting, person);
	struct slot *s;

	if (!get(c, mkey, MEETING, mkey) || !get(c, pkey, PERSON, mkey))
		return;
	s = get(c, key_of(c, SESSION, meeting, session), SESSION, mkey);
	if (!s || s->n > 0)
		return;
	s->n = 1;
	s->person = pkey;
	change(c, mkey, pkey, 1);
}

void
census_leave(struct census *c, uint64_t meeting, uint64_t session)
{
	struct slot *s = find(c, key_of(c, SESSION, meeting, session));

	if (!s || s->kind != SESSION || s->n == 0)
		return;
	s->n = 0;
	change(c, s->meeting, s->person, -1);
}

void
census_end(struct census *c, uint64_t meeting)
{
	uint64_t key = key_of(c, MEETING, meeting, 0);

	if (!find(c, key))
		return;
	if (!rebuild(c, c->cap, key)) { /* memory is out: nobody is there, at least */
		for (size_t i = 0; i < c->cap; i++)
			if (c->slot[i].meeting == key)
				c->slot[i].n = 0;
	}
	count_all(c);
}

void
census_empty(struct census *c)
{
	sodium_memzero(c->slot, c->cap * sizeof(*c->slot));
	c->n = 0;
	c->rooms = c->people = 0;
}

/* --- the API's answer ------------------------------------------------------------------------- */

void
census_present(struct census *c, uint64_t meeting, uint64_t person)
{
	uint64_t mkey = key_of(c, MEETING, meeting, 0);
	struct slot *s;

	s = get(c, mkey, MEETING, mkey);
	if (!s)
		return;
	s->n++;
	s = get(c, key_of(c, PERSON, meeting, person), PERSON, mkey);
	if (s)
		s->n++;
}

void
census_sampled(struct census *c, uint64_t meeting, bool breakout)
{
	uint64_t key = key_of(c, MEETING, meeting, 0);
	struct slot *m = get(c, key, MEETING, key);

	if (m)
		m->breakout = breakout;
}

/* The marks without a poll between two: who was there at both was there between. */
static void
fill(const struct census *c, const struct slot *s, const struct slot *old, int64_t from, int64_t to,
	struct tally *t)
{
	int64_t n = s->n < old->n ? s->n : old->n;

	if (n == 0 || to - from > CENSUS_GAP_MAX || (s->kind == MEETING && s->breakout) ||
		(s->kind == PERSON && is_in_breakout(c, s)))
		return;
	for (int64_t m = from + 1; m < to; m++)
		tally_add(t, hour_of_minute(m),
			s->kind == MEETING ? TALLY_MEETING_MINUTES : TALLY_PARTICIPANT_MINUTES,
			s->kind == MEETING ? 1 : n);
}

/* What was known of those who are in a meeting that still is. */
static void
inherit(struct census *c, const struct census *old, int64_t minute, struct tally *t)
{
	for (size_t i = 0; i < old->cap; i++) {
		const struct slot *o = &old->slot[i];
		struct slot *s;

		if ((o->kind != MEETING && o->kind != PERSON) || !o->counted ||
			!find(c, o->meeting))
			continue;
		s = get(c, o->key, (enum kind)o->kind, o->meeting);
		if (!s)
			continue;
		s->counted = true;
		fill(c, s, o, old->minute, minute, t);
	}
}

static void
count_media(const struct census_media *m, int64_t hour, bool marked, struct tally *t)
{
	tally_add(t, hour, TALLY_PEAK_MICROPHONES, m->microphones);
	tally_add(t, hour, TALLY_PEAK_LISTENERS, m->listeners);
	tally_add(t, hour, TALLY_PEAK_CAMERAS, m->cameras);
	if (!marked)
		return;
	tally_add(t, hour, TALLY_MICROPHONE_MINUTES, m->microphones);
	tally_add(t, hour, TALLY_CAMERA_MINUTES, m->cameras);
}

void
census_follow(struct census *c, const struct census *old, int64_t t_us,
	const struct census_media *m, struct tally *t)
{
	int64_t minute = minute_of(t_us), hour = hour_of_minute(minute);
	/* a clock that was set back a little does not count the same minutes again */
	bool ahead = old && old->minute >= minute && old->minute - minute <= CENSUS_GAP_MAX;

	count_all(c);
	if (old && old->minute != NO_MINUTE)
		inherit(c, old, minute, t);
	c->minute = ahead ? old->minute : minute;
	if (ahead)
		census_peak(c, t_us, t);
	else
		mark(c, minute, t);
	count_media(m, hour, !ahead, t);
	tally_add(t, hour, TALLY_POLLS, 1);
}

/* --- from one process to the next ------------------------------------------------------------- */

struct head {
	int64_t minute;
	uint64_t n;
};

void
census_save(const struct census *c, struct buf *b)
{
	const struct head h = { c->minute, c->n };

	buf_put(b, &h, sizeof(h));
	for (size_t i = 0; i < c->cap; i++)
		if (c->slot[i].kind != FREE)
			buf_put(b, &c->slot[i], sizeof(c->slot[i]));
}

bool
census_load(struct census *c, struct span s)
{
	size_t cap = CAP_FIRST;
	struct slot slot;
	struct head h;

	if (s.len < sizeof(h))
		return false;
	memcpy(&h, s.p, sizeof(h));
	if (h.n > CENSUS_SLOTS_MAX / 4 * 3 || s.len != sizeof(h) + h.n * sizeof(slot))
		return false;
	while (4 * (h.n + 1) > 3 * cap)
		cap *= 2;
	census_empty(c);
	if (!rebuild(c, cap, 0))
		return false;
	for (size_t at = sizeof(h); at < s.len; at += sizeof(slot)) {
		memcpy(&slot, s.p + at, sizeof(slot));
		*place(c->slot, c->cap, slot.key) = slot;
		c->n++;
	}
	sodium_memzero(&slot, sizeof(slot));
	c->minute = h.minute;
	count_all(c);
	return true;
}
